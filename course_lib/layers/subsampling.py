"""Two ways to make maps smaller that torch does not have.

Subsampling1d, 2d, 3d   the trainable pooling of LeNet-5: a coefficient and a bias for each map
BlurPool1d, 2d, 3d      blur, then keep every s-th pixel: against aliasing

N images, C maps, L = D, H, W the sizes of a map (1 to 3 axes).
"""

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib._checks import whole_number

_MEAN = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


class _Subsampling(nn.Module):
    axes: ClassVar[int]

    def __init__(self, channels: int, kernel_size: int = 2, stride: int | None = None) -> None:
        super().__init__()
        self.channels = whole_number("channels", channels)
        self.kernel_size = whole_number("kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else whole_number("stride", stride)
        # A deviation from the paper, which draws them at random: the layer starts as mean pooling.
        self.weight = nn.Parameter(torch.full((self.channels,), 1 / self.kernel_size**self.axes))
        self.bias = nn.Parameter(torch.zeros(self.channels))

    def forward(self, x: Tensor) -> Tensor:
        """Compute `weight * (sum of the window) + bias`, map by map."""
        _check_maps(x, self.axes, self.channels)
        if min(x.shape[2:]) < self.kernel_size:
            expected = f"at least `kernel_size` {self.kernel_size} along each axis"
            raise ValueError(f"`x` must have {expected}, got shape {tuple(x.shape)}")
        sums: Tensor = _MEAN[self.axes](x, self.kernel_size, self.stride)
        sums = sums * self.kernel_size**self.axes
        shape = (-1, *[1] * self.axes)
        return sums * self.weight.view(shape) + self.bias.view(shape)

    def extra_repr(self) -> str:
        """Say the sizes where the module is printed."""
        return f"{self.channels}, kernel_size={self.kernel_size}, stride={self.stride}"


class Subsampling1d(_Subsampling):
    """Sum each window, times a learned coefficient, plus a learned bias; 1-D `Subsampling2d`.

    Shapes: (N, C, L) -> (N, C, ⌊(L - kernel_size) / stride⌋ + 1).

    >>> Subsampling1d(3)(torch.ones(1, 3, 6)).shape
    torch.Size([1, 3, 3])

    Derived in the chapter Pooling and downsampling (book/05_pooling.md).
    """

    axes = 1


class Subsampling2d(_Subsampling):
    """Sum each window, times a learned coefficient, plus a learned bias: LeNet-5's S2 and S4.

    Shapes: (N, C, H, W) -> (N, C, ⌊(H - kernel_size) / stride⌋ + 1, the same of W).

    >>> s2 = Subsampling2d(6)
    >>> s2(torch.ones(1, 6, 28, 28)).shape, sum(p.numel() for p in s2.parameters())
    (torch.Size([1, 6, 14, 14]), 12)

    Args:
        channels: maps of the input and of the output, at least 1.
        kernel_size: pixels of a window along each axis, at least 1.
        stride: pixels between two neighboring windows, at least 1; None means `kernel_size`.

    Attributes:
        weight: one coefficient for each map, shape (C,); starts at 1 / pixels of a window, so that
            the layer begins as mean pooling.
        bias: one number for each map, shape (C,); starts at 0.

    Raises:
        ValueError: if an argument is out of its range, or the input has another number of axes or
            maps, or is smaller than a window.

    Without padding; a window that would reach past the end is dropped. The squashing function that
    follows in the paper is not part of the layer. Cost: O(input pixels), and 2 C parameters.

    Source: LeCun, Bottou, Bengio and Haffner (1998), doi:10.1109/5.726791, section II.B. There, S2
    pools 6 maps and learns 12 numbers, S4 pools 16 and learns 32.

    Derived in the chapter Pooling and downsampling (book/05_pooling.md).
    """

    axes = 2


class Subsampling3d(_Subsampling):
    """Sum each window, times a learned coefficient, plus a learned bias; 3-D `Subsampling2d`.

    Shapes: (N, C, D, H, W) -> (N, C, ⌊(D - kernel_size) / stride⌋ + 1, the same of H and W).

    >>> Subsampling3d(2)(torch.ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 2, 2, 2])

    Derived in the chapter Pooling and downsampling (book/05_pooling.md).
    """

    axes = 3


class _BlurPool(nn.Module):
    axes: ClassVar[int]
    kernel: Tensor

    def __init__(self, kernel_size: int = 3, stride: int = 2) -> None:
        super().__init__()
        self.kernel_size = whole_number("kernel_size", kernel_size)
        self.stride = whole_number("stride", stride)
        n = self.kernel_size - 1
        row = torch.tensor([math.comb(n, i) / 2**n for i in range(n + 1)])
        kernel = row
        for _ in range(self.axes - 1):
            kernel = kernel[..., None] * row
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Blur each map with the binomial filter and keep every `stride`-th pixel."""
        _check_maps(x, self.axes, None)
        before, after = (self.kernel_size - 1) // 2, self.kernel_size // 2
        if min(x.shape[2:]) <= after:
            expected = f"more than {after} pixels along each axis to be reflected"
            raise ValueError(f"`x` must have {expected}, got shape {tuple(x.shape)}")
        channels = x.shape[1]
        padded = F.pad(x, (before, after) * self.axes, mode="reflect")
        weight = self.kernel.to(x.dtype).expand(channels, 1, *self.kernel.shape)
        blurred: Tensor = _CONV[self.axes](padded, weight, stride=self.stride, groups=channels)
        return blurred

    def extra_repr(self) -> str:
        """Say the sizes where the module is printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}"


class BlurPool1d(_BlurPool):
    """Blur with a binomial filter, then keep every `stride`-th value; 1-D `BlurPool2d`.

    Shapes: (N, C, L) -> (N, C, ⌈L / stride⌉).

    >>> BlurPool1d()(torch.tensor([[[0.0, 4, 0, 4, 0, 4]]]))
    tensor([[[2., 2., 2.]]])

    Derived in the chapter Pooling and downsampling (book/05_pooling.md).
    """

    axes = 1


class BlurPool2d(_BlurPool):
    """Blur with a binomial filter, then keep every `stride`-th pixel: downsampling without aliases.

    Shapes: (N, C, H, W) -> (N, C, ⌈H / stride⌉, ⌈W / stride⌉).

    >>> BlurPool2d()(torch.ones(1, 3, 7, 8)).shape
    torch.Size([1, 3, 4, 4])
    >>> BlurPool2d().kernel * 16
    tensor([[1., 2., 1.],
            [2., 4., 2.],
            [1., 2., 1.]])

    Args:
        kernel_size: pixels of the filter along each axis, at least 1; 1 does not blur, 3 is the
            paper's Triangle-3, 5 its Binomial-5.
        stride: which pixels are kept, at least 1; 1 only blurs.

    Raises:
        ValueError: if an argument is out of its range, or the input has another number of axes or
            too few pixels to be reflected at its border.

    Nothing is learned. The border is reflected, so that a constant stays that constant. After a
    `MaxPool2d(2, stride=1)` it makes the paper's MaxBlurPool. Cost: O(output pixels x
    kernel_size²) for each map.

    Source: Zhang (2019), arXiv:1904.11486, section 3.

    Derived in the chapter Pooling and downsampling (book/05_pooling.md).
    """

    axes = 2


class BlurPool3d(_BlurPool):
    """Blur with a binomial filter, then keep every `stride`-th voxel; 3-D `BlurPool2d`.

    Shapes: (N, C, D, H, W) -> (N, C, ⌈D / stride⌉, ⌈H / stride⌉, ⌈W / stride⌉).

    >>> BlurPool3d()(torch.ones(1, 2, 4, 5, 6)).shape
    torch.Size([1, 2, 2, 3, 3])

    Derived in the chapter Pooling and downsampling (book/05_pooling.md).
    """

    axes = 3


def _check_maps(x: Tensor, axes: int, channels: int | None) -> None:
    if x.dim() != axes + 2:
        letters = ", ".join(("N", "C", *("D", "H", "W")[-axes:])) if axes > 1 else "N, C, L"
        raise ValueError(f"`x` must have shape ({letters}), got {tuple(x.shape)}")
    if channels is not None and x.shape[1] != channels:
        raise ValueError(f"`x` must have {channels} maps, got shape {tuple(x.shape)}")
