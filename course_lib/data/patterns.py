"""Phantoms whose truth is known: a ring or a cross somewhere in noise."""

from collections.abc import Sequence

import torch
from torch import Tensor

from course_lib._checks import whole_number, whole_number_from

SIZE = 3  # rows and columns of a pattern

_RING = ("111", "101", "111")
_CROSS = ("101", "010", "101")


def ring_and_cross() -> Tensor:
    """Return the two patterns, a cross (number 0) and a ring (number 1), of equal energy.

    >>> [round(float(pattern.square().sum()), 3) for pattern in ring_and_cross()]
    [8.0, 8.0]

    Returns:
        float32 of shape (2, 3, 3). The cross has fewer pixels, so they are brighter: the sum of
        squares does not tell the two apart.

    Used in the chapter From fully connected to convolutional (book/03_weight_sharing.md).
    """
    pair = [[[float(pixel) for pixel in row] for row in rows] for rows in (_CROSS, _RING)]
    patterns = torch.tensor(pair)
    energy = patterns.square().sum(dim=(1, 2), keepdim=True)
    return patterns * (8 / energy).sqrt()


def pattern_images(
    count: int,
    places: Sequence[tuple[int, int]],
    *,
    size: int = 12,
    noise: float = 0.5,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw phantoms: noise with a ring or a cross at one of the places.

    >>> draw = torch.Generator().manual_seed(0)
    >>> images, is_ring, place = pattern_images(6, [(0, 0), (9, 9)], generator=draw)
    >>> images.shape, is_ring.shape, place.shape
    (torch.Size([6, 1, 12, 12]), torch.Size([6]), torch.Size([6, 2]))

    Args:
        count: Number N of images, at least 1.
        places: Where the upper left corner of the pattern may lie, (row, column), counted from 0.
        size: Rows and columns of an image, at least 3.
        noise: Standard deviation of the independent normal noise, at least 0.
        generator: Where the numbers are drawn from, on the CPU.

    Returns:
        The images, float32 of shape (N, 1, size, size); whether each has a ring, float32 of shape
        (N,), 1 or 0, with equal chances; and the place of each, int64 of shape (N, 2), with equal
        chances as well. All on the CPU.

    Raises:
        ValueError: If there is no place, a pattern would not lie inside, or a number is too small.

    Used in the chapter From fully connected to convolutional (book/03_weight_sharing.md).
    """
    count, size = whole_number("count", count), whole_number_from(SIZE, 10**4, "size", size)
    if not noise >= 0:
        raise ValueError(f"`noise` must be at least 0, got {noise!r}")
    if not len(places) or not all(0 <= x <= size - SIZE for place in places for x in place):
        raise ValueError(f"`places` must be (row, column) from 0 to {size - SIZE}, got {places!r}")
    images = noise * torch.randn(count, 1, size, size, generator=generator)
    number = torch.randint(2, (count,), generator=generator)
    chosen = torch.randint(len(places), (count,), generator=generator)
    place = torch.tensor(places)[chosen]
    patterns = ring_and_cross()
    for image, which, (row, column) in zip(images, number.tolist(), place.tolist(), strict=True):
        image[0, row : row + SIZE, column : column + SIZE] += patterns[which]
    return images, number.float(), place
