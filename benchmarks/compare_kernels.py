"""One kernel of 7 x 7, or three of 3 x 3 that see as much: which learns real digits better?

Three networks that differ in one thing, five seeds of each, the same recipe. `--write` stores the
record that the chapter VGG shows.
"""

import argparse
from pathlib import Path

import torch
from torch import nn

from course_lib import models
from course_lib.arithmetic import count_macs, count_parameters, receptive_field
from course_lib.data.digits import digits
from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device
from course_lib.training import accuracy, fit_one_cycle

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "small_kernels.json"
SIZE, EPOCHS, BATCH, RATE = 16, 12, 64, 3e-3


def unit(name: str, before: int, after: int) -> list[nn.Module]:
    """Return layers that see 7 x 7 pixels, with a ReLU at the end."""
    if name == "one 7 x 7":
        layers: list[nn.Module] = [nn.Conv2d(before, after, 7, padding=3), nn.ReLU()]
    else:
        layers = []
        for n in range(3):
            layers.append(nn.Conv2d(before if n == 0 else after, after, 3, padding=1))
            if n == 2 or name == "three 3 x 3":
                layers.append(nn.ReLU())
    return layers


def network(name: str) -> nn.Sequential:
    """Build a small network with two such units, and He's start."""
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        *unit(name, 8, 8),
        nn.MaxPool2d(2),
        *unit(name, 8, 16),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 16, 10),
    )
    for layer in net:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
    return net


NETWORKS = ("one 7 x 7", "three 3 x 3", "three 3 x 3, no ReLU between")


def run(name: str, seed: int) -> dict[str, object]:
    """Train one network from one seed and measure it on the test images."""
    data, device = digits(SIZE), find_device()
    torch.manual_seed(seed)
    net = network(name).to(device)
    adam = torch.optim.Adam(net.parameters(), RATE)
    fit_one_cycle(
        net,
        data.train_images,
        data.train_labels,
        adam,
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
    for seed in range(options.seeds):
        for name in NETWORKS:
            runs.append(run(name, seed))
            print(runs[-1], flush=True)
    with torch.device("meta"):
        built = {name: network(name) for name in NETWORKS}
    record = {
        "data": f"sklearn.datasets.load_digits, {SIZE} x {SIZE} pixels, last 450 of 1797 for "
        "testing",
        "test_images": 450,
        "recipe": f"Adam, one cycle up to {RATE}, {EPOCHS} epochs, batches of {BATCH}",
        "parameters": {name: count_parameters(net) for name, net in built.items()},
        "macs": {name: count_macs(net, SIZE) for name, net in built.items()},
        "receptive_field": {
            name: receptive_field(net[:-2], SIZE)[-1].receptive_field[0]
            for name, net in built.items()
        },
        "runs": runs,
        "made_by": made_by("python benchmarks/compare_kernels.py --write"),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
