"""From a film in [0, 1] to what a network takes, with torchvision's transforms.

C channels, H rows, W columns.
"""

import warnings
from collections.abc import Sequence

from torch import Tensor, nn
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from course_lib._checks import whole_number

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # as in the presets of torchvision's weights
IMAGENET_STD = (0.229, 0.224, 0.225)


class RangeWarning(UserWarning):
    """Pixels lie outside the range that a normalization was made for."""


class Standardize(nn.Module):
    """Look at the range, subtract a mean, and divide by a standard deviation.

    >>> import torch
    >>> Standardize([0.5], [0.25])(torch.tensor([[[0.0, 0.5, 1.0]]])).tolist()
    [[[-2.0, 0.0, 2.0]]]

    Args:
        mean: For each channel, in [0, 1].
        std: For each channel, above 0.

    Raises:
        ValueError: If they are not as many, or `std` is not above 0; when called, if the image is
            of whole numbers, which are bytes and no fractions, or has another number of channels.

    Warns `RangeWarning` when pixels lie outside [0, 1]: bytes made float, or normalized before.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """Keep both."""
        super().__init__()
        if len(mean) != len(std) or not len(mean) or not all(s > 0 for s in std):
            raise ValueError(
                f"`std` must be above 0 and as many as `mean`, got {list(std)} and {list(mean)}"
            )
        self.mean, self.std = list(mean), list(std)

    def forward(self, image: Tensor) -> Tensor:
        """Return the image, (..., C, H, W), standardized."""
        if not image.is_floating_point():
            raise ValueError(
                f"`image` must be of a floating type in [0, 1], got {image.dtype}: divide by 255"
            )
        if image.shape[-3] != len(self.mean):
            raise ValueError(f"`image` must have {len(self.mean)} channels, got {image.shape[-3]}")
        low, high = image.aminmax()
        if low < -1e-3 or high > 1 + 1e-3:
            warnings.warn(
                f"`image` should lie in [0, 1], got {low.item():.4g} to {high.item():.4g}: not "
                "divided by 255, or normalized before?",
                RangeWarning,
                stacklevel=2,
            )
        result: Tensor = functional.normalize(image, self.mean, self.std)
        return result

    def extra_repr(self) -> str:
        """Say what is subtracted and what divides."""
        return f"mean={self.mean}, std={self.std}"


def film_transform(size: int = 224, *, train: bool, channels: int = 3) -> v2.Compose:
    """Return what CheXNet does with a film: resize, flip when training, standardize.

    `(1, H, W)` in [0, 1] becomes `(channels, size, size)`.

    Args:
        size: In pixels, on both sides; the film is squeezed into a square.
        train: Flip half of the films left to right, at random.
        channels: 3 repeats the film for a network of ImageNet, with its means and standard
            deviations; 1 keeps it gray, with their averages.

    A flip puts the heart on the other side. CheXNet flips all the same; a finding whose side
    matters must not.

    Source: Rajpurkar et al. (2017), CheXNet, section 3.1.
    """
    whole_number("size", size)
    if channels not in (1, 3):
        raise ValueError(f"`channels` must be 1 or 3, got {channels!r}")
    mean, std = IMAGENET_MEAN, IMAGENET_STD
    if channels == 1:
        mean, std = (sum(mean) / 3,), (sum(std) / 3,)  # type: ignore[assignment]
    steps: list[nn.Module] = [v2.Resize((size, size), antialias=True)]
    if train:
        steps.append(v2.RandomHorizontalFlip())
    if channels == 3:
        steps.append(v2.Grayscale(num_output_channels=3))
    return v2.Compose([*steps, Standardize(mean, std)])
