"""Train LeNet-5 for the digit lab, on MNIST, with five seeds: the network that reads what you draw.

`--data` is a folder with MNIST's files (`t10k-images-idx3-ubyte.gz` and its labels at least; also
that of torchvision). Where it has the 60,000 training images too, those are trained on; else the
10,000 test images are split. `--write` stores the record with the weights of one seed: the one with
the median of the five validation accuracies, chosen before a test image is looked at.
"""

import argparse
import gzip
import json
import math
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import models
from course_lib.data.digits import digits
from course_lib.data.drawing import (
    CANVAS,
    INK,
    PAPER,
    draw_strokes,
    network_input,
    prepare_digit,
    redraw,
)
from course_lib.data.records import made_by, store_record
from course_lib.devices import find_device
from course_lib.models.drawn_digits import load_weights, store_weights
from course_lib.models.lenet import lenet5, map_loss
from course_lib.training import accuracy, fit_one_cycle, predict

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "drawn_digits.json"
EPOCHS, BATCH, RATE = 14, 100, 0.004
BLOCK = 500  # where one file is split: in blocks, since neighbors may be of the same hand
THIN, THICK = 0.9, 4.5  # pens, in pixels of MNIST


Sets = dict[str, dict[str, Tensor]]


class Part(NamedTuple):
    """Images (N, 28, 28) as bytes, and their labels (N,)."""

    images: Tensor
    labels: Tensor


def load(folder: Path) -> dict[str, Part]:
    """Read MNIST and split it into train, validation and test."""
    parts = {}
    for name in ("train", "t10k"):
        found = [find_file(folder, f"{name}-{kind}") for kind in ("images-idx3", "labels-idx1")]
        if all(found):
            images, labels = (read_idx(file) for file in found if file)
            parts[name] = Part(images, labels.long())
    if "t10k" not in parts:
        raise SystemExit(f"no t10k-images-idx3-ubyte.gz in {folder}")
    test = parts["t10k"]
    if "train" in parts:
        images, labels = parts["train"]
        last = len(labels) - len(labels) // 12
        train, rest = Part(images[:last], labels[:last]), Part(images[last:], labels[last:])
        return {"train": train, "validation": rest, "test": test}
    block = torch.arange(len(test.labels)) // BLOCK
    masks = {"test": block % 5 == 4, "validation": block % 10 == 3}
    masks["train"] = ~(masks["test"] | masks["validation"])
    return {name: Part(test.images[mask], test.labels[mask]) for name, mask in masks.items()}


def find_file(folder: Path, start: str) -> Path | None:
    """Find a file of MNIST, also where torchvision puts it."""
    return next((file for file in sorted(folder.rglob(f"{start}-ubyte*"))), None)


def read_idx(path: Path) -> Tensor:
    """Read a file of MNIST's format: bytes behind a head that says their shape."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    axes = raw[3]
    shape = np.frombuffer(raw, ">i4", axes, 4)
    values = np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(tuple(shape))
    return torch.from_numpy(values.copy())


def hand_drawn(part: Part, seed: int, copies: int) -> Part:
    """Add copies of each digit, drawn with pens between very thin and very thick.

    Half of the copies of a 1 get an upstroke, which many people draw, and few in MNIST.
    """
    generator = torch.Generator().manual_seed(seed)
    widths = 0.7 + 4.8 * torch.rand(len(part.images), copies, generator=generator)
    upstrokes = torch.rand(len(part.images), copies, generator=generator) < 0.5
    images = []
    for image, label, pens, ups in zip(*part, widths.tolist(), upstrokes.tolist(), strict=True):
        images.append(prepare_digit(image))
        for pen, up in zip(pens, ups, strict=True):
            source = with_upstroke(image, generator) if label == 1 and up else image
            images.append(prepare_digit(redraw(source, [pen])[0]))
    return Part(torch.stack(images), part.labels.repeat_interleave(copies + 1))


def with_upstroke(image: Tensor, generator: torch.Generator) -> Tensor:
    """Add a line from the top of a 1 down to the left."""
    rows = (image > 127).any(dim=1).nonzero()[:, 0]
    top, height = int(rows[0]), int(rows[-1] - rows[0]) + 1
    x = float((image[top] > 127).nonzero().double().mean()) + 0.5
    length, angle = torch.rand(2, generator=generator).tolist()
    length, angle = (0.25 + 0.3 * length) * height, 0.5 + 0.6 * angle
    end = (x - length * math.cos(angle), top + 1 + length * math.sin(angle))
    return torch.maximum(image, draw_strokes([(x, top + 1, *end)], pen=2.5, size=28))


def evaluation_sets(part: Part, seed: int) -> dict[str, Tensor]:
    """Prepare test digits as they are, and as people draw: thin, thick, in a corner, slanted."""
    generator = torch.Generator().manual_seed(seed)
    sets: dict[str, list[Tensor]] = {
        name: [] for name in ("as they are", "thin pen", "thick pen", "off center", "slanted")
    }
    for image in part.images:
        thin, thick = redraw(image, (THIN, THICK))
        side = int(torch.randint(40, 101, (1,), generator=generator))
        top, left = torch.randint(0, CANVAS - side + 1, (2,), generator=generator).tolist()
        canvas = torch.zeros(CANVAS, CANVAS, dtype=torch.uint8)
        canvas[top : top + side, left : left + side] = larger(image, side)
        slope = 0.35 if torch.rand(1, generator=generator) < 0.5 else -0.35
        slanted = sheared(larger(image, 140), slope)
        for name, ink in zip(sets, (image, thin, thick, canvas, slanted), strict=True):
            sets[name].append(prepare_digit(ink))
    return {name: torch.stack(digits) for name, digits in sets.items()}


def larger(image: Tensor, side: int) -> Tensor:
    """Enlarge bytes to side x side."""
    enlarged = F.interpolate(image[None, None].float(), (side, side), mode="bilinear")
    return enlarged[0, 0].round().to(torch.uint8)


def sheared(image: Tensor, slope: float) -> Tensor:
    """Move each row of bytes sideways, in proportion to its height."""
    grid = F.affine_grid(torch.tensor([[[1, slope, 0], [0, 1, 0]]]), [1, 1, *image.shape], False)
    moved = F.grid_sample(image[None, None].float(), grid, align_corners=False)
    return moved[0, 0].round().to(torch.uint8)


def augmenter(generator: torch.Generator) -> Callable[[Tensor], Tensor]:
    """Make what turns, slants, stretches and shifts a batch of ink, and makes it network input."""

    def between(count: int, low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    def augment(ink: Tensor) -> Tensor:
        count = len(ink)
        turn, slant = between(count, -0.22, 0.22), between(count, -0.3, 0.3)
        high, wide = between(count, 0.9, 1.15), between(count, 0.9, 1.25)
        cos, sin = turn.cos(), turn.sin()
        rows = [
            torch.stack([cos * wide, (slant * cos - sin) * high, between(count, -0.09, 0.09)], 1),
            torch.stack([sin * wide, (slant * sin + cos) * high, between(count, -0.09, 0.09)], 1),
        ]
        grid = F.affine_grid(torch.stack(rows, 1).to(ink.device), list(ink.shape), False)
        return F.grid_sample(ink, grid, align_corners=False) * (INK - PAPER) + PAPER

    return augment


def train(digits: Part, seed: int, epochs: int) -> dict[str, Tensor]:
    """Train LeNet-5 from one seed, and return its weights."""
    begin = time.monotonic()
    torch.manual_seed(seed)
    net = lenet5().to(find_device())
    adam = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-4)
    fit_one_cycle(
        net,
        digits.images[:, None].float() / 255,
        digits.labels,
        adam,
        epochs=epochs,
        batch_size=BATCH,
        seed=seed,
        augment=augmenter(torch.Generator().manual_seed(1000 + seed)),
        loss=map_loss,
    )
    print(f"seed {seed}: {(time.monotonic() - begin) / 60:.1f} minutes", flush=True)
    return {name: weights.cpu() for name, weights in net.state_dict().items()}


def measure(net: nn.Module, sets: dict[str, Tensor], labels: Tensor) -> dict[str, float]:
    """Return the accuracy on each set of test images."""
    return {
        name: round(accuracy(net, network_input(digits), labels), 5)
        for name, digits in sets.items()
    }


def others(size: int = 64) -> tuple[Tensor, Tensor]:
    """Prepare the digits of scikit-learn: other people, another scanner, 8 x 8 pixels each."""
    found = digits(8)
    images = torch.cat([found.train_images, found.test_images])[:, 0]
    labels = torch.cat([found.train_labels, found.test_labels])
    prepared = [prepare_digit(larger((255 * image).round(), size)) for image in images]
    return torch.stack(prepared), labels


def prepare(parts: dict[str, Part], copies: int, cache: Path | None) -> tuple[Part, Sets]:
    """Make the training images, and the sets of validation and test; once, where there is a cache.

    The same seeds always make the same images.
    """
    if cache and cache.exists():
        images, labels, sets = torch.load(cache)
        return Part(images, labels), sets
    training = hand_drawn(parts["train"], 0, copies)
    sets = {name: evaluation_sets(parts[name], 0) for name in ("validation", "test")}
    if cache:
        torch.save((*training, sets), cache)
    return training, sets


def main() -> None:
    """Train, choose, round, measure; store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with MNIST's files")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--copies", type=int, default=3, help="each digit, drawn with other pens")
    parser.add_argument("--jobs", type=int, default=1, help="seeds at a time, one thread each")
    parser.add_argument("--cache", type=Path, help="keep the prepared images in this file")
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    parts = load(options.data)
    training, sets = prepare(parts, options.copies, options.cache)
    print(f"{len(training.labels)} training images", flush=True)
    foreign, foreign_labels = others()
    job = partial(train, training, epochs=options.epochs)
    if options.jobs > 1:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(options.jobs, spawn, torch.set_num_threads, (1,)) as pool:
            states = list(pool.map(job, range(options.seeds)))
    else:
        states = [job(seed) for seed in range(options.seeds)]
    nets, runs = [], []
    for seed, state in enumerate(states):
        net = lenet5().eval()
        net.load_state_dict(state)
        nets.append(net)
        runs.append(
            {
                "seed": seed,
                "validation": measure(net, sets["validation"], parts["validation"].labels),
                "test": measure(net, sets["test"], parts["test"].labels),
                "scikit-learn digits": measure(net, {"all": foreign}, foreign_labels)["all"],
            }
        )
        print(runs[-1], flush=True)
    order = sorted(range(len(runs)), key=lambda n: np.mean(list(runs[n]["validation"].values())))
    chosen = order[len(order) // 2]
    stored = store_weights(nets[chosen])
    rounded = lenet5().eval()
    load_weights(rounded, stored)
    nearest = predict(rounded, network_input(sets["validation"]["as they are"])).amax(dim=1)
    record = {
        "data": "MNIST"
        if len(parts["train"].labels) > 10_000
        else "the 10,000 test images of MNIST",
        "images": {name: len(part.labels) for name, part in parts.items()},
        "split": "blocks of 500 neighbors; test: each fifth, validation: each tenth",
        "training_images_with_copies": len(training.labels),
        "sets": {
            "as they are": "scaled and centered as drawings are",
            "thin pen": f"redrawn along the middle of their lines, {THIN} pixels wide",
            "thick pen": f"redrawn along the middle of their lines, {THICK} pixels wide",
            "off center": "on a part of the paper, 40 to 100 of 280 pixels, anywhere",
            "slanted": "sheared by 0.35 to the left or right",
        },
        "copies": f"{options.copies} of each digit, drawn with pens of 0.7 to 5.5 pixels; half of "
        "those of a 1 with an upstroke; all turned, slanted, scaled and shifted at random",
        "recipe": f"lenet5() with its codes, map_loss, AdamW, one cycle up to {RATE}, "
        f"{options.epochs} epochs, batches of {BATCH}",
        "runs": runs,
        "chosen": {
            "seed": runs[chosen]["seed"],
            "rule": "median of the mean validation accuracy over the five sets",
            "test_before_rounding": runs[chosen]["test"],
            "test_after_rounding": measure(rounded, sets["test"], parts["test"].labels),
        },
        "far": round(-nearest.quantile(0.01).item(), 2),
        "far_rule": "99 of 100 validation digits have a code within this squared distance",
        "made_by": made_by(
            f"python benchmarks/train_digits.py --data mnist --epochs {options.epochs} "
            f"--copies {options.copies} --write",
            date=datetime.now(UTC).date().isoformat(),
        ),
        "weights": stored,
    }
    print(json.dumps(record["chosen"], indent=1))
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
