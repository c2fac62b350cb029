"""Two small experiments of the chapter Inception v2 and v3, five seeds each.

A layer of 7 x 7 against a row and a column; and label smoothing where 20% of the labels are wrong.
`--write` stores the record that the chapter shows.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from course_lib import models
from course_lib.arithmetic import count_parameters
from course_lib.data.digits import Digits, digits
from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device
from course_lib.models.inception_modules import ConvUnit
from course_lib.training import accuracy, fit

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "rows_and_columns.json"
NETWORKS = ("7 x 7", "1 x 7 and 7 x 1")
SETTINGS = {  # smoothing, epochs
    "80 epochs, ε = 0": (0.0, 80),
    "80 epochs, ε = 0.1": (0.1, 80),
    "80 epochs, ε = 0.4": (0.4, 80),
    "5 epochs, ε = 0": (0.0, 5),
}


def network(name: str) -> nn.Sequential:
    """Build the small network with one of the two middles."""
    if name == "7 x 7":
        middle = [ConvUnit(16, 32, 7, padding=3)]
    else:
        middle = [
            ConvUnit(16, 32, (1, 7), padding=(0, 3)),
            ConvUnit(32, 32, (7, 1), padding=(3, 0)),
        ]
    first = ConvUnit(1, 16, 3, stride=2, padding=1)
    last = [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 10)]
    return nn.Sequential(first, *middle, *last)


def compare_kernels(name: str, seed: int) -> dict[str, object]:
    """Train one network for five epochs and measure it on the test images."""
    data = digits(16)
    torch.manual_seed(seed)
    net = network(name).to(find_device())
    sgd = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, 5 * 21)  # 21 batches an epoch
    order = torch.Generator().manual_seed(seed)
    plan = {"epochs": 5, "batch_size": 64, "schedule": schedule, "generator": order}
    fit(net, data.train_images, data.train_labels, sgd, **plan)  # type: ignore[arg-type]
    right = accuracy(net, data.test_images, data.test_labels) * len(data.test_labels)
    return {"network": name, "seed": seed, "right": round(right)}


def wrong_labels(data: Digits, seed: int) -> Tensor:
    """Return the training labels, a fifth of them replaced by one of the other nine classes."""
    generator = torch.Generator().manual_seed(seed)
    picked = torch.rand(len(data.train_labels), generator=generator) < 0.2
    shift = torch.randint(1, 10, picked.shape, generator=generator)
    return torch.where(picked, (data.train_labels + shift) % 10, data.train_labels)


def smooth_wrong_labels(name: str, seed: int) -> dict[str, object]:
    """Train a large perceptron on them; count right test images and learned wrong labels."""
    data, (smoothing, epochs) = digits(8), SETTINGS[name]
    labels = wrong_labels(data, seed)
    torch.manual_seed(seed)
    layers = nn.Flatten(), nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 10)
    net = nn.Sequential(*layers).to(find_device())
    sgd = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)
    loss = nn.CrossEntropyLoss(label_smoothing=smoothing)
    order = torch.Generator().manual_seed(seed)
    plan = {"epochs": epochs, "batch_size": 128, "loss": loss, "generator": order}
    fit(net, data.train_images, labels, sgd, **plan)  # type: ignore[arg-type]
    wrong = labels != data.train_labels
    learned = accuracy(net, data.train_images[wrong], labels[wrong])
    right = accuracy(net, data.test_images, data.test_labels) * len(data.test_labels)
    return {
        "setting": name,
        "seed": seed,
        "right": round(right),
        "wrong_labels": int(wrong.sum()),
        "wrong_labels_learned": round(learned * int(wrong.sum())),
    }


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    kernels = [compare_kernels(n, seed) for seed in range(options.seeds) for n in NETWORKS]
    smoothed = [smooth_wrong_labels(n, seed) for seed in range(options.seeds) for n in SETTINGS]
    for run in kernels + smoothed:
        print(run)
    with torch.device("meta"):
        counts = {name: count_parameters(network(name)) for name in NETWORKS}
    record = {
        "data": "sklearn.datasets.load_digits, 16 x 16 and 8 x 8 pixels, last 450 of 1797 for "
        "testing",
        "test_images": 450,
        "train_images": 1347,
        "parameters": counts,
        "kernels": kernels,
        "smoothing": smoothed,
        "made_by": made_by("python benchmarks/compare_factorized.py --write"),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
