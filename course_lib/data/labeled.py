"""Labeled data sets that a reader has on disk, and results that were recorded on them.

No data set ships with the course. Its recorded results do, with what produced them.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

Split = tuple[Tensor, Tensor, Tensor, Tensor]


def load_labeled(path: str | Path) -> tuple[Split, tuple[str, ...]]:
    """Load gray images with their classes, split into training and test.

    >>> load_labeled("pneumoniamnist.npz")  # doctest: +SKIP

    Args:
        path: A file of MedMNIST (`.npz`, with its own split), or a folder with one folder of
            images for each class. There the last quarter of each class, by file name, is the test.

    Returns:
        Training images (N, H, W) in [0, 1] and labels (N,), test images and labels; and the names
        of the classes.

    Raises:
        ValueError: If `path` is neither.

    A folder says nothing about patients: images of one patient may be on both sides.
    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    path = Path(path)
    if path.suffix == ".npz" and path.is_file():
        with np.load(path) as arrays:
            images = [torch.from_numpy(arrays[f"{s}_images"]).float() / 255 for s in _PARTS]
            labels = [torch.from_numpy(arrays[f"{s}_labels"]).long()[:, 0] for s in _PARTS]
        if images[0].ndim != 3:
            raise ValueError(f"`path` must hold gray images, got {tuple(images[0].shape)}")
        names = tuple(str(label) for label in range(int(labels[0].max()) + 1))
        return (images[0], labels[0], images[1], labels[1]), names
    folders = sorted(entry for entry in path.iterdir() if entry.is_dir()) if path.is_dir() else []
    if not folders:
        raise ValueError(f"`path` must be a .npz file or a folder of folders, got {path}")
    parts: tuple[list[Tensor], ...] = ([], [], [], [])
    for label, folder in enumerate(folders):
        stack = torch.stack([_read_gray(file) for file in sorted(folder.iterdir())])
        cut = len(stack) - len(stack) // 4
        for part, piece in zip(parts[::2], (stack[:cut], stack[cut:]), strict=True):
            part.append(piece)
        for part, piece in zip(parts[1::2], (stack[:cut], stack[cut:]), strict=True):
            part.append(torch.full((len(piece),), label))
    train, train_labels, test, test_labels = (torch.cat(part) for part in parts)
    return (train, train_labels, test, test_labels), tuple(folder.name for folder in folders)


def count_duplicates(train: Tensor, test: Tensor) -> int:
    """Count the test images that are equal, pixel by pixel, to a training image.

    >>> count_duplicates(torch.zeros(2, 4, 4), torch.stack([torch.zeros(4, 4), torch.ones(4, 4)]))
    1

    Args:
        train: Of shape (N, H, W).
        test: Of shape (M, H, W).

    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    known = {image.numpy().tobytes() for image in train}
    return sum(image.numpy().tobytes() in known for image in test)


def read_record(name: str) -> dict[str, Any]:
    """Read what a script in `benchmarks/` recorded: results, and what produced them.

    >>> read_record("mednist")["test_images"]
    300

    Args:
        name: That of a file in `course_lib/data/recorded/`, without its ending.

    Returns:
        What the script wrote: results, data, and what made them.

    Raises:
        ValueError: If there is no such record.

    Shown first in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    file = resources.files("course_lib.data") / "recorded" / f"{name}.json"
    if not file.is_file():
        raise ValueError(f"`name` must be that of a record, got {name!r}")
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return record


_PARTS = ("train", "test")


def _read_gray(file: Path) -> Tensor:
    from skimage.io import imread

    image = torch.from_numpy(np.array(imread(file, as_gray=True), dtype=np.float32))
    return image / 255 if image.max() > 1 else image
