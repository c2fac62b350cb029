"""How well do LeNet-5 of 1998, its descendant of today and a network without kernels read digits?

Each network's peak learning rate is the one that does best on the last 347 training images when
the others are learned, over two seeds. Then five seeds of each, on all training images; the test
images are measured once, again moved to the side, and without the tenth of which the network is
least sure. `--write` stores the record that the chapter LeNet-5 shows.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import models
from course_lib.arithmetic import count_parameters
from course_lib.data.digits import digits
from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device
from course_lib.models.lenet import map_loss
from course_lib.training import fit_one_cycle, predict

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "lenet.json"


def fully_connected() -> nn.Sequential:
    """About 60,000 parameters and no kernel."""
    return nn.Sequential(nn.Flatten(), nn.Linear(1024, 58), nn.ReLU(), nn.Linear(58, 10))


NETWORKS = {
    "1998, codes": (models.lenet5, map_loss),
    "1998, linear": (lambda: models.lenet5(output="linear"), F.cross_entropy),
    "today": (models.lenet5_dense, F.cross_entropy),
    "no kernels": (fully_connected, F.cross_entropy),
}
EPOCHS, BATCH = 15, 64
RATES = (0.001, 0.003, 0.006, 0.01, 0.02)
VALIDATION = 347
SHIFTS = (-4, -2, 0, 2, 4)


def train(name: str, seed: int, rate: float, images: Tensor, labels: Tensor) -> nn.Module:
    """Train one network from one seed."""
    make, loss = NETWORKS[name]
    torch.manual_seed(seed)
    net = make().to(find_device())
    adam = torch.optim.Adam(net.parameters(), rate)
    plan = {"epochs": EPOCHS, "batch_size": BATCH, "seed": seed, "loss": loss}
    fit_one_cycle(net, images, labels, adam, **plan)
    return net


def count_right(net: nn.Module, images: Tensor, labels: Tensor, shift: int = 0) -> int:
    """Count the images that are read right after they were moved to the right by `shift` pixels."""
    moved = F.pad(images, (shift, -shift))
    return int((predict(net, moved).argmax(1) == labels).sum())


def count_sure(name: str, net: nn.Module, images: Tensor, labels: Tensor) -> int:
    """Count the right answers among the nine tenths of the images of which `net` is surest.

    Sure means a short distance to the nearest code, or a high probability of the answer.
    """
    logits = predict(net, images)
    sure = logits if name == "1998, codes" else logits.softmax(1)
    kept = sure.max(1).values.topk(len(images) * 9 // 10).indices
    return int((logits.argmax(1) == labels)[kept].sum())


def validate(name: str, rate: float) -> list[int]:
    """Count the right answers on the last training images, for two seeds."""
    data = digits(32)
    known, held = slice(None, -VALIDATION), slice(-VALIDATION, None)
    images, labels = data.train_images, data.train_labels
    return [
        count_right(
            train(name, seed, rate, images[known], labels[known]), images[held], labels[held]
        )
        for seed in range(2)
    ]


def run(name: str, seed: int, rate: float) -> dict[str, object]:
    """Train one network from one seed and measure it on the test images, moved and not."""
    data = digits(32)
    net = train(name, seed, rate, data.train_images, data.train_labels)
    counts = {s: count_right(net, data.test_images, data.test_labels, s) for s in SHIFTS}
    return {
        "network": name,
        "seed": seed,
        "right": counts[0],
        "moved": list(counts.values()),
        "sure": count_sure(name, net, data.test_images, data.test_labels),
    }


def main() -> None:
    """Choose the rates, run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    validation, rates, runs = {}, {}, []
    for name in NETWORKS:
        validation[name] = {str(rate): validate(name, rate) for rate in RATES}
        rates[name] = max(RATES, key=lambda rate: sum(validation[name][str(rate)]))
        print(name, validation[name], rates[name], flush=True)
    for name in NETWORKS:
        for seed in range(options.seeds):
            runs.append(run(name, seed, rates[name]))
            print(runs[-1], flush=True)
    record = {
        "data": "sklearn.datasets.load_digits at 32 x 32 pixels, last 450 of 1797 for testing",
        "test_images": 450,
        "recipe": f"Adam, one cycle, {EPOCHS} epochs, batches of {BATCH}",
        "rates": rates,
        "validation": {"images": VALIDATION, "right": validation},
        "shifts": SHIFTS,
        "parameters": {name: count_parameters(make()) for name, (make, _) in NETWORKS.items()},
        "runs": runs,
        "made_by": made_by("python benchmarks/compare_lenet.py --write"),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
