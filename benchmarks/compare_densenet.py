"""What do a plain, a residual and a dense network of about 20 layers need to learn real digits?

Five seeds of each, the same recipe. `--write` stores the record that the chapter DenseNet shows.
"""

import argparse
from pathlib import Path

import torch

from course_lib import models
from course_lib.arithmetic import count_macs, count_parameters
from course_lib.data.digits import digits
from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device
from course_lib.models.densenet import densenet_cifar
from course_lib.models.resnet_cifar import CifarResNet
from course_lib.training import accuracy, fit_one_cycle

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "dense_parameters.json"
NETWORKS = {
    "plain": lambda: CifarResNet(20, in_channels=1, shortcut=False, width=8),
    "residual": lambda: CifarResNet(20, in_channels=1, width=8),
    "dense": lambda: densenet_cifar(depth=22, growth_rate=6, in_channels=1),
}
EPOCHS, BATCH, RATE = 6, 64, 0.1


def run(name: str, seed: int) -> dict[str, object]:
    """Train one network from one seed and measure it on the test images."""
    data, device = digits(8), find_device()
    torch.manual_seed(seed)
    net = NETWORKS[name]().to(device)
    sgd = torch.optim.SGD(net.parameters(), RATE, momentum=0.9, weight_decay=1e-4)
    fit_one_cycle(
        net,
        data.train_images,
        data.train_labels,
        sgd,
        epochs=EPOCHS,
        batch_size=BATCH,
        seed=seed,
    )
    right = accuracy(net, data.test_images, data.test_labels) * len(data.test_labels)
    return {"network": name, "seed": seed, "right": round(right)}


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    runs = []
    for name in NETWORKS:
        for seed in range(options.seeds):
            runs.append(run(name, seed))
            print(runs[-1], flush=True)
    with torch.device("meta"):
        built = {name: make() for name, make in NETWORKS.items()}
    record = {
        "data": "sklearn.datasets.load_digits, 8 x 8 pixels, last 450 of 1797 for testing",
        "test_images": 450,
        "recipe": f"SGD, one cycle up to {RATE}, momentum 0.9, {EPOCHS} epochs, batches of {BATCH}",
        "parameters": {name: count_parameters(net) for name, net in built.items()},
        "macs": {name: count_macs(net, 8) for name, net in built.items()},
        "runs": runs,
        "made_by": made_by("python benchmarks/compare_densenet.py --write"),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
