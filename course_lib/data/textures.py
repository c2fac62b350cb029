"""Patches of real photographs that need no download: which surface does a patch come from?

The photographs ship inside scikit-image, which loads when one is asked for. H rows, W columns.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib._checks import whole_number

# All free: "no known copyright restrictions" or CC0, says scikit-image of each.
NAMES = ("brick", "coins", "grass", "gravel", "page", "tissue")
_SHARE = 0.6  # of the columns, from the left, is for training
_CONTRAST = 0.05  # below this deviation a patch is blank paper or a plain brick


class Textures(NamedTuple):
    """Patches (N, 1, size, size), each of mean 0 and deviation 1, and labels (N,): see `NAMES`."""

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def tissue() -> Tensor:
    """Load a microscope picture of stained tissue: glands of a colon.

    Nuclei are blue (hematoxylin), the protein FHL2 is brown (DAB).

    >>> tissue().shape
    torch.Size([3, 512, 512])

    Returns:
        Float32 in [0, 1], red, green and blue.

    Source: `skimage.data.immunohistochemistry`, Center for Microscopy and Molecular Imaging; no
    known copyright restrictions.
    Used in the chapter Network in Network and GoogLeNet (book/11_googlenet.md).
    """
    import skimage.data

    stored = skimage.data.immunohistochemistry()  # type: ignore[no-untyped-call]
    return torch.from_numpy(stored.copy()).permute(2, 0, 1).float() / 255


def photograph(name: str, part: str = "all") -> Tensor:
    """Load one of the photographs, in gray.

    >>> photograph("brick").shape, photograph("brick", "test").shape
    (torch.Size([1, 512, 512]), torch.Size([1, 512, 205]))

    Args:
        name: One of `NAMES`.
        part: "train", the left part, "test", the right one, or "all".

    Returns:
        Float32 in [0, 1] of shape (1, H, W).

    Raises:
        ValueError: If there is no such photograph or part.

    Used in the chapter Network in Network and GoogLeNet (book/11_googlenet.md).
    """
    if name not in NAMES:
        raise ValueError(f"`name` must be one of {', '.join(NAMES)}, got {name!r}")
    if part not in ("all", "train", "test"):
        raise ValueError(f"`part` must be 'all', 'train' or 'test', got {part!r}")
    if name == "tissue":
        gray = tissue().mean(dim=0, keepdim=True)
    else:
        import skimage.data

        gray = torch.from_numpy(getattr(skimage.data, name)().copy())[None].float() / 255
    border = int(_SHARE * gray.shape[2])
    return {"all": gray, "train": gray[..., :border], "test": gray[..., border:]}[part]


def textures(size: int = 32, *, train: int = 200, test: int = 75, seed: int = 0) -> Textures:
    """Cut patches out of the photographs, those for the test from another part of each.

    >>> data = textures(16, train=3, test=2)
    >>> data.train_images.shape, data.test_labels.tolist()
    (torch.Size([18, 1, 16, 16]), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])

    Args:
        size: Height and width in pixels, 8 to 150.
        train: Patches of each photograph for training, from its left 60%; at least 1.
        test: Patches of each for the test, from the rest; at least 1.
        seed: Of the places, and of how often a patch is turned by 90 degrees.

    Returns:
        Patches that may overlap, but never with one of the other part. Each is brought to mean 0
        and deviation 1: how bright a photograph is must not give it away. Blank places, such as
        the margin of the page, are left out: their deviation is below 0.05.

    Raises:
        ValueError: If an argument is out of its range.

    One photograph for each surface: who tells these patches apart need not know other bricks.
    Used in the chapter Network in Network and GoogLeNet (book/11_googlenet.md).
    """
    size = whole_number("size", size)
    if not 8 <= size <= 150:
        raise ValueError(f"`size` must be from 8 to 150, got {size}")
    counts = {"train": whole_number("train", train), "test": whole_number("test", test)}
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for part, count in counts.items():
        patches = [
            _patch(picture, size, generator)
            for picture in (photograph(name, part) for name in NAMES)
            for _ in range(count)
        ]
        images = torch.stack(patches)
        deviation, mean = torch.std_mean(images, dim=(1, 2, 3), keepdim=True)
        parts += [(images - mean) / deviation]
        parts += [torch.arange(len(NAMES)).repeat_interleave(count)]
    return Textures(*parts)


def _patch(picture: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Return a patch that is not blank, turned by a random number of quarters."""
    rows, columns = picture.shape[1] - size + 1, picture.shape[2] - size + 1
    while True:
        top = int(torch.randint(rows, (), generator=generator))
        left = int(torch.randint(columns, (), generator=generator))
        turns = int(torch.randint(4, (), generator=generator))
        patch = picture[:, top : top + size, left : left + size]
        if patch.std() >= _CONTRAST:
            return patch.rot90(turns, (1, 2))
