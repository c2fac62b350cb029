"""Dark spots planted in a real image: a phantom whose truth is known. H rows, W columns."""

import torch
from torch import Tensor

from course_lib._checks import whole_number


def plant_spots(
    image: Tensor, centers: Tensor, *, depth: float = 0.12, width: float = 2.2
) -> Tensor:
    """Darken an image at some places, by a round bell each. These are no real lesions.

    Shapes: (H, W), (N, 2) -> (H, W).

    >>> spotted = plant_spots(torch.ones(9, 9), torch.tensor([[4.0, 4.0]]))
    >>> round(float(spotted[4, 4]), 2), round(float(spotted[0, 0]), 2)
    (0.88, 1.0)

    Args:
        image: gray values.
        centers: row and column of each spot, in pixels from the upper left one; may be fractions.
        depth: how much darker the middle of a spot is, in the unit of the image.
        width: standard deviation of the bell, in pixels, above 0.

    Returns:
        A new image; spots that overlap add up.

    Raises:
        ValueError: if the shapes are others, or `width` is not above 0.

    Cost: O(N H W).

    Derived in the chapter Receptive fields and fully convolutional networks
    (book/07_receptive_fields.md).
    """
    if image.ndim != 2:
        raise ValueError(f"`image` must have shape (H, W), got {tuple(image.shape)}")
    if centers.ndim != 2 or centers.shape[1] != 2:
        raise ValueError(f"`centers` must have shape (N, 2), got {tuple(centers.shape)}")
    if not width > 0:
        raise ValueError(f"`width` must be above 0, got {width!r}")
    bells = [
        torch.exp(-((torch.arange(size, device=image.device) - at[:, None]) ** 2) / (2 * width**2))
        for size, at in zip(image.shape, centers.to(image.device).T, strict=True)
    ]
    return image - depth * torch.einsum("nh,nw->hw", *bells)


def spot_patches(
    region: Tensor, count: int, *, size: int = 20, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Cut square patches out of a region and plant a spot in the middle of every second one.

    Shapes: (H, W) -> (count, 1, size, size), (count,).

    >>> patches, labels = spot_patches(
    ...     torch.ones(40, 40), 4, generator=torch.Generator().manual_seed(0)
    ... )
    >>> patches.shape, labels.tolist()
    (torch.Size([4, 1, 20, 20]), [0.0, 1.0, 0.0, 1.0])

    Args:
        region: gray values; nothing outside of it is read.
        count: number of patches, at least 1.
        size: rows and columns of a patch, at least 1 and at most those of the region.
        generator: where the places, the quarter turns and the shifts of the spots come from; a
            generator of the CPU.

    Returns:
        The patches, each turned by a random number of quarter turns, and label 1 where there is a
        spot, its center at most 2.5 pixels from the middle along each axis.

    Raises:
        ValueError: if a number is out of range or the region has another shape.

    Cost: O(count * size^2).

    Derived in the chapter Receptive fields and fully convolutional networks
    (book/07_receptive_fields.md).
    """
    count, size = whole_number("count", count), whole_number("size", size)
    if region.ndim != 2 or min(region.shape) < size:
        expected = f"(H, W) with at least {size} rows and columns"
        raise ValueError(f"`region` must have shape {expected}, got {tuple(region.shape)}")
    labels = torch.arange(count, device=region.device) % 2
    patches = []
    for number in range(count):
        top, left = (
            int(torch.randint(room - size + 1, (), generator=generator)) for room in region.shape
        )
        patch = region[top : top + size, left : left + size]
        shift = torch.rand(1, 2, generator=generator) * 5 - 2.5
        turns = int(torch.randint(4, (), generator=generator))
        if number % 2:
            patch = plant_spots(patch, (size - 1) / 2 + shift)
        patches.append(patch.rot90(turns))
    return torch.stack(patches)[:, None], labels.to(region.dtype)
