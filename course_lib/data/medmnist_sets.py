"""The sets of MedMNIST, 2-D and 3-D, read by the package medmnist.

N images, C channels, H rows, W columns, D slices, K labels.
"""

import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from course_lib._checks import one_of
from course_lib.data.downloads import fetch

SPLITS = {"train": "train", "valid": "val", "test": "test"}


@dataclass(frozen=True)
class ImageSet(Dataset[tuple[Tensor, Tensor]]):
    """Images in memory with their labels.

    Args:
        images: (N, C, H, W) or (N, C, D, H, W), bytes; `set[i]` gives them as float32 in [0, 1].
        labels: (N,) classes or measured grades, or (N, K) with 1 for each label that holds.
        names: Of the classes or labels.
        transform: What is done with an image, (C, ...) in [0, 1].
    """

    images: Tensor
    labels: Tensor
    names: tuple[str, ...]
    transform: Callable[[Tensor], Tensor] | None = None

    def __len__(self) -> int:
        """Return N."""
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return an image in [0, 1] with its label."""
        image = self.images[index].float() / 255
        return (self.transform(image) if self.transform else image), self.labels[index]

    def subset(self, indices: Any) -> "ImageSet":
        """Return some of the images, in the order of `indices`, or those where a mask is True."""
        rows = torch.from_numpy(np.arange(len(self))[np.asarray(indices)])
        return replace(self, images=self.images[rows], labels=self.labels[rows])


def medmnist_set(
    name: str,
    split: str,
    *,
    size: int = 28,
    root: str | Path | None = None,
    download: bool = False,
    transform: Callable[[Tensor], Tensor] | None = None,
) -> ImageSet:
    """Open a split of a set of MedMNIST.

    >>> medmnist_set("pneumoniamnist", "test", download=True)  # doctest: +SKIP

    Args:
        name: Such as "pneumoniamnist" or "organmnist3d".
        split: "train", "valid" or "test".
        size: Of the images, in pixels: 28, or what else the set comes in (64, 128, 224).
        root: The folder with the file; `~/.medmnist`, which medmnist uses as well, if None.
        download: Fetch the file from its archive if it is not there.
        transform: What is done with each image.

    Raises:
        ValueError: If there is no such set, split or size; the file is not there and `download` is
            False; or it is damaged: which file, and what to do.
        ConnectionError: If it cannot be fetched.

    MedMNIST has no patients: where a set has several images of one, nobody can tell. Eight films of
    PneumoniaMNIST's validation are also in its training; `splits.find_duplicates` finds them.

    Source: Yang et al. (2023), MedMNIST v2, a large-scale lightweight benchmark for 2D and 3D
    biomedical image classification, Scientific Data 10:41.
    """
    import medmnist

    one_of("name", name, list(medmnist.INFO))
    one_of("split", split, list(SPLITS))
    info = medmnist.INFO[name]
    sizes = [28, *(s for s in (64, 128, 224) if f"url_{s}" in info)]
    one_of("size", size, sizes)
    folder = Path(root) if root is not None else Path.home() / ".medmnist"
    mark = "" if size == 28 else f"_{size}"
    path = folder / f"{name}{mark}.npz"
    if not path.is_file():
        if not download:
            raise ValueError(
                f"`root` must hold {path.name}, but {path} is not there; download=True?"
            )
        fetch(info[f"url{mark}"], path, md5=info[f"MD5{mark}"])
    kind = getattr(medmnist, info["python_class"])
    try:
        with zipfile.ZipFile(path):  # medmnist would leave a file open that is none
            pass
        source = kind(split=SPLITS[split], root=os.fspath(folder), size=size, download=False)
        images, labels = np.asarray(source.imgs), np.asarray(source.labels)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"`root` must hold a whole {path.name}, but {path} cannot be read ({error}); remove it "
            "and fetch it again"
        ) from error
    expected = info["n_samples"][SPLITS[split]]
    if len(images) != expected or len(labels) != expected:
        raise ValueError(
            f"`root` must hold the {expected:,} images of {name} {split}, but {path} has "
            f"{len(images):,} with {len(labels):,} labels"
        )
    tensor = torch.from_numpy(images)
    flat = tensor.dim() == (4 if name.endswith("3d") else 3)  # gray
    tensor = tensor[:, None] if flat else tensor.movedim(-1, 1).contiguous()
    several = info["task"].startswith("multi-label")
    targets = torch.from_numpy(labels.astype(np.int64))
    return ImageSet(
        images=tensor,
        labels=targets.float() if several else targets[:, 0],
        names=tuple(info["label"][key] for key in sorted(info["label"], key=int)),
        transform=transform,
    )
