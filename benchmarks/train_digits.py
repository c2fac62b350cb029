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
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib import models
from course_lib.data.drawing import CANVAS, INK, PAPER, network_input, prepare_digit, redraw
from course_lib.devices import describe_device, find_device
from course_lib.models.lenet import lenet5, map_loss
from course_lib.training import accuracy, fit, predict

RECORD = Path(models.__file__).parents[1] / "data" / "recorded" / "drawn_digits.json"
EPOCHS, BATCH, RATE = 12, 100, 0.004
BLOCK = 500  # where one file is split: in blocks, since neighbors may be of the same hand
THIN, THICK = 0.9, 4.5  # pens, in pixels of MNIST
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"map": map_loss, "cross": F.cross_entropy}


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
    """Add copies of each digit, drawn with pens between very thin and very thick."""
    generator = torch.Generator().manual_seed(seed)
    widths = 0.7 + 4.8 * torch.rand(len(part.images), copies, generator=generator)
    images = [
        prepare_digit(drawn)
        for image, pens in zip(part.images, widths.tolist(), strict=True)
        for drawn in (image, *redraw(image, pens))
    ]
    return Part(torch.stack(images), part.labels.repeat_interleave(copies + 1))


def test_sets(part: Part, seed: int = 0) -> dict[str, Tensor]:
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


def train(digits: Part, seed: int, epochs: int, loss: str, output: str) -> nn.Sequential:
    """Train LeNet-5 from one seed."""
    torch.manual_seed(seed)
    net = lenet5(output=output).to(find_device())
    adam = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-4)
    steps = epochs * (len(digits.labels) // BATCH)
    fit(
        net,
        digits.images[:, None].float() / 255,
        digits.labels,
        adam,
        epochs=epochs,
        batch_size=BATCH,
        generator=torch.Generator().manual_seed(seed),
        schedule=torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps),
        augment=augmenter(torch.Generator().manual_seed(1000 + seed)),
        loss=LOSSES[loss],
    )
    return net.eval()
