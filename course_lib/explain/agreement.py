"""How well a map meets the place that is known."""

import torch
from torch import Tensor


def _checked(maps: Tensor, masks: Tensor) -> None:
    if maps.dim() != 3 or maps.shape != masks.shape:
        raise ValueError(
            f"`masks` must have the shape (N, H, W) of `maps` {tuple(maps.shape)}, got "
            f"{tuple(masks.shape)}"
        )
    if masks.dtype != torch.bool or not masks.flatten(1).any(dim=1).all():
        raise ValueError(
            f"`masks` must be bool with at least one place each, got {masks.dtype} and "
            f"{int((~masks.flatten(1).bool().any(dim=1)).sum())} empty ones"
        )


def peak_inside(maps: Tensor, masks: Tensor) -> Tensor:
    """Return whether the highest value of each map lies inside its mask: the pointing game.

    `(N, H, W), (N, H, W) -> (N,)` bool

    >>> maps = torch.tensor([[[0.1, 0.9], [0.2, 0.3]]])
    >>> peak_inside(maps, torch.tensor([[[False, True], [False, False]]])).tolist()
    [True]

    A map without any knowledge hits as often as the mask covers the image. Of several highest
    values, the first one counts.

    Raises:
        ValueError: If the shapes differ, or a mask is empty.

    Source: Zhang et al. (2018), Top-down neural attention by excitation backprop, section 4.2.
    """
    _checked(maps, masks)
    peaks = maps.flatten(1).argmax(dim=1, keepdim=True)
    return masks.to(maps.device).flatten(1).gather(1, peaks)[:, 0]


def map_inside(maps: Tensor, masks: Tensor) -> Tensor:
    """Return the share of the positive part of each map that lies inside its mask.

    `(N, H, W), (N, H, W) -> (N,)` in [0, 1]; nan where nothing is positive.

    >>> maps = torch.tensor([[[1.0, 3.0], [0.0, -5.0]]])
    >>> map_inside(maps, torch.tensor([[[False, True], [False, True]]])).tolist()
    [0.75]

    An even map has the share of the image that the mask covers.

    Raises:
        ValueError: If the shapes differ, or a mask is empty.
    """
    _checked(maps, masks)
    positive = maps.relu().flatten(1).double()
    inside = (positive * masks.to(maps.device).flatten(1)).sum(dim=1)
    return inside / positive.sum(dim=1)
