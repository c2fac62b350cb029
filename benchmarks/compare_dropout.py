"""Dropout on few images, and overlapping pooling: does it help?

Real digits, five seeds, with and without. `--write` stores the record that the chapter AlexNet
shows.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

import course_lib
from course_lib.data.digits import digits
from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device
from course_lib.training import accuracy, fit, predict

RECORD = Path(course_lib.__file__).parent / "data" / "recorded" / "alexnet_parts.json"
IMAGES = (100, 300)  # to train on, for the runs with dropout
SHARES = (0.0, 0.5)
KERNELS = (2, 3)  # pixels of a pooling window; the stride is 2


def dropout_run(images: int, share: float, seed: int) -> dict[str, float]:
    """Train a multilayer perceptron on a few digits, and measure it on these and on the test."""
    data, device = digits(8), find_device()
    pick = torch.randperm(len(data.train_images), generator=torch.Generator().manual_seed(seed))[
        :images
    ]
    few, labels = data.train_images[pick], data.train_labels[pick]
    torch.manual_seed(seed)
    hidden = [
        part for wide in (64, 256) for part in (nn.Linear(wide, 256), nn.ReLU(), nn.Dropout(share))
    ]
    net = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(256, 10)).to(device)
    sgd = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9)
    generator = torch.Generator().manual_seed(seed)
    fit(net, few, labels, sgd, epochs=20_000 // images, batch_size=50, generator=generator)
    result: dict[str, float] = {"images": images, "share": share, "seed": seed}
    for part, inputs, truth in (
        ("train", few, labels),
        ("test", data.test_images, data.test_labels),
    ):
        logits = predict(net, inputs)
        result[f"{part}_loss"] = round(F.cross_entropy(logits, truth).item(), 4)
        result[f"{part}_right"] = int((logits.argmax(1) == truth).sum())
    return result


def pooling_run(kernel: int, seed: int) -> dict[str, float]:
    """Train a small network whose maps have 15, 7 and 3 pixels, whatever the window."""
    data, device = digits(15), find_device()
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(kernel, 2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(kernel, 2),
        nn.Flatten(), nn.Linear(16 * 9, 10),
    ).to(device)  # fmt: skip
    sgd = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9)
    generator = torch.Generator().manual_seed(seed)
    fit(
        net, data.train_images, data.train_labels, sgd,
        epochs=6, batch_size=64, generator=generator,
    )  # fmt: skip
    right = accuracy(net, data.test_images, data.test_labels) * len(data.test_labels)
    return {"kernel": kernel, "seed": seed, "right": round(right)}


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    seeds = range(options.seeds)
    dropout = [dropout_run(n, share, seed) for n in IMAGES for share in SHARES for seed in seeds]
    print(*dropout, sep="\n", flush=True)
    pooling = [pooling_run(kernel, seed) for kernel in KERNELS for seed in seeds]
    print(*pooling, sep="\n", flush=True)
    record = {
        "data": "sklearn.datasets.load_digits, last 450 of 1797 for testing",
        "test_images": 450,
        "dropout": {
            "recipe": "64-256-256-10, SGD 0.05, momentum 0.9, batches of 50, about 400 steps",
            "runs": dropout,
        },
        "pooling": {
            "recipe": "8 and 16 maps of 15 x 15 and 7 x 7 pixels, SGD 0.05, momentum 0.9, 6 epochs",
            "runs": pooling,
        },
        "made_by": made_by("python benchmarks/compare_dropout.py --write", seeds=options.seeds),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
