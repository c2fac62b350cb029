"""What happens to an image on its way: noise, blur, less contrast, more light.

Each function takes images (N, C, H, W) in [0, 1] and returns as many in [0, 1], on their device.
Strength 0 changes nothing, and the label stays whatever the strength. N images, C channels, H
rows, W columns.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def _checked(images: Tensor, name: str, value: Any, *, most: float) -> Tensor:
    """Return `value`, one number or one for each image, ready to be multiplied."""
    if images.ndim != 4:
        raise ValueError(f"`images` must have shape (N, C, H, W), got {tuple(images.shape)}")
    found = torch.as_tensor(value, dtype=images.dtype)
    if found.ndim > 1 or (found.ndim and len(found) != len(images)):
        raise ValueError(f"`{name}` must be a number or ({len(images)},), got {tuple(found.shape)}")
    if not bool(((found >= 0) & (found <= most)).all()):
        raise ValueError(f"`{name}` must be from 0 to {most:g}, got {value}")
    return found.to(images.device).view(-1, 1, 1, 1)


def noise(images: Tensor, deviation: float | Tensor, generator: torch.Generator) -> Tensor:
    """Add normal noise to each pixel, and clip: (N, C, H, W) -> the same.

    >>> gray = torch.full((1, 1, 4, 4), 0.5)
    >>> bool((noise(gray, 0.1, torch.Generator().manual_seed(0)) == gray).any())
    False

    Args:
        images: Values in [0, 1].
        deviation: Standard deviation, from 0 to 10, of all images or of each, (N,).
        generator: On the CPU, so that the noise is the same on each device.

    Raises:
        ValueError: If a shape or a strength is none of these.

    Used in the chapter Precision, accuracy, robustness (book/16_robustness.md).
    """
    scale = _checked(images, "deviation", deviation, most=10)
    drawn = torch.randn(images.shape, generator=generator, dtype=images.dtype).to(images.device)
    return (images + scale * drawn).clamp(0, 1)


def blur(images: Tensor, deviation: float) -> Tensor:
    """Spread each pixel as a bell over its neighbors: (N, C, H, W) -> the same.

    Outside of the image is black. The bell is cut at four deviations and sums to 1. Cost:
    O(N C H W deviation).

    >>> point = torch.zeros(1, 1, 9, 9)
    >>> point[..., 4, 4] = 1
    >>> blurred = blur(point, 0.8)
    >>> round(blurred[0, 0, 4, 4].item(), 2), round(blurred.sum().item(), 2)
    (0.25, 1.0)

    Args:
        images: Values in [0, 1].
        deviation: Of the bell, in pixels, from 0 to 10.

    Raises:
        ValueError: If a shape or a strength is none of these.

    Used in the chapter Precision, accuracy, robustness (book/16_robustness.md).
    """
    sigma = _checked(images, "deviation", float(deviation), most=10).item()
    if sigma == 0:
        return images.clone()
    reach = max(1, round(4 * sigma))
    steps = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    bell = torch.exp(-steps.square() / (2 * sigma**2))
    bell = bell / bell.sum()
    flat = images.flatten(0, 1)[:, None]
    rows = F.conv2d(flat, bell.view(1, 1, 1, -1), padding=(0, reach))
    return F.conv2d(rows, bell.view(1, 1, -1, 1), padding=(reach, 0)).view(images.shape)


def contrast(images: Tensor, loss: float | Tensor) -> Tensor:
    """Pull all values toward middle gray: 0.5 + (1 - loss) (x - 0.5).

    >>> contrast(torch.ones(1, 1, 1, 1), 0.8).item()
    0.6000000238418579

    Args:
        images: Values in [0, 1].
        loss: From 0, nothing, to 1, all is gray; of all images or of each, (N,).

    Raises:
        ValueError: If a shape or a strength is none of these.

    Used in the chapter Precision, accuracy, robustness (book/16_robustness.md).
    """
    return 0.5 + (1 - _checked(images, "loss", loss, most=1)) * (images - 0.5)


def brightness(images: Tensor, shift: float | Tensor) -> Tensor:
    """Add the same to all pixels, and clip: what was bright stays, the background comes up.

    >>> brightness(torch.tensor([0.0, 0.25, 1.0]).view(1, 1, 1, 3), 0.5).flatten().tolist()
    [0.5, 0.75, 1.0]

    Args:
        images: Values in [0, 1].
        shift: From 0 to 1, of all images or of each, (N,).

    Raises:
        ValueError: If a shape or a strength is none of these.

    Used in the chapter Precision, accuracy, robustness (book/16_robustness.md).
    """
    return (images + _checked(images, "shift", shift, most=1)).clamp(0, 1)


_EXACT: dict[str, Callable[[Tensor, float], Tensor]] = {
    "blur": blur,
    "contrast": contrast,
    "brightness": brightness,
}
KINDS = ("noise", *_EXACT)
"""What `corrupt` can do."""


def corrupt(images: Tensor, kind: str, strength: float, *, seed: int = 0) -> Tensor:
    """Do one of the four under its name: (N, C, H, W) -> the same.

    >>> images = torch.zeros(1, 1, 8, 8)
    >>> all(torch.equal(corrupt(images, kind, 0), images) for kind in KINDS)
    True

    Args:
        images: Values in [0, 1].
        kind: One of `KINDS`.
        strength: As that function takes it.
        seed: Of the noise; the others need none.

    Raises:
        ValueError: If there is no such kind, or a shape or strength is wrong.

    Used in the chapter Precision, accuracy, robustness (book/16_robustness.md).
    """
    if kind == "noise":
        return noise(images, strength, torch.Generator().manual_seed(seed))
    if kind not in _EXACT:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}, got {kind!r}")
    return _EXACT[kind](images, strength)
