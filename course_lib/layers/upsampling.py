"""Making maps larger without learning: the bed of nails, and the kernels that fill it.

Shapes: N images, C channels, L pixels of a line, H rows, W columns, D slices; f is the factor.
Everything here works along one, two or three axes, on any device, and has gradients.
"""

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib._checks import SizeLike, each_axis, true_or_false, whole_number, whole_number_from

_CONV_TRANSPOSE: tuple[Any, ...] = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
_BORDERS = ("replicate", "zeros")


def bed_of_nails(x: Tensor, stride: SizeLike) -> Tensor:
    """Spread the values of a map over a larger one that is zero elsewhere.

    Shapes: (N, C, L) -> (N, C, stride L), and so for (N, C, H, W) and (N, C, D, H, W).

    >>> bed_of_nails(torch.tensor([[[5, 3, 1]]]), 2)
    tensor([[[5, 0, 3, 0, 1, 0]]])

    Args:
        x: The map, of any dtype.
        stride: Distance between two values in the result, at least 1: one for all axes, or one
            an axis.

    Returns:
        A map in which value i of an axis stands at index i * stride; `stride` - 1 zeros follow
        each value, the last one included.

    Raises:
        ValueError: If `x` has another number of axes, or `stride` is out of range or has another
            number of values than `x` has axes to enlarge.

    Lecture slide L024 draws the result with one more zero on each side, which a 3 x 3 kernel needs
    for an output of 6 x 6: `F.pad(bed_of_nails(x, 2), (1, 1, 1, 1))`. The same as
    `F.max_unpool2d` with the indices of the upper left corners. Cost: O(size of the result).

    Source: Zeiler et al. (2010), "Deconvolutional networks", for the use; Dumoulin and Visin
    (2016), arXiv:1603.07285, section 4.4, for the zeros between the inputs of a transposed
    convolution.

    Derived in the chapter Upsampling (book/06_upsampling.md).
    """
    axes = _axes(x)
    checked = each_axis(lambda stride: stride, stride=stride)
    steps = (checked,) * axes if isinstance(checked, int) else checked
    if len(steps) != axes:
        raise ValueError(f"`stride` must be an int or have {axes} values, got {stride!r}")
    sizes = [size * step for size, step in zip(x.shape[2:], steps, strict=True)]
    spread = x.new_zeros(*x.shape[:2], *sizes)
    nails: tuple[Any, ...] = (..., *(slice(None, None, step) for step in steps))
    spread[nails] = x
    return spread


def bilinear_kernel(
    factor: int,
    ndim: int = 2,
    *,
    align_corners: bool = False,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """Return the kernel that fills a bed of nails by linear interpolation.

    >>> bilinear_kernel(2, align_corners=True)  # slide L024
    tensor([[0.2500, 0.5000, 0.2500],
            [0.5000, 1.0000, 0.5000],
            [0.2500, 0.5000, 0.2500]])
    >>> bilinear_kernel(2, ndim=1)
    tensor([0.2500, 0.7500, 0.7500, 0.2500])

    Args:
        factor: How many times larger the map becomes, at least 1.
        ndim: 1 for a linear, 2 for a bilinear, 3 for a trilinear kernel.
        align_corners: Where the new pixels lie, as in `F.interpolate`. True: some of them on the
            old ones, so the kernel's peak is a cell of it. False: pixels are areas, and each is
            cut into `factor` parts, so for an even factor the peak lies between two cells.
        dtype: Of the result; None for torch's default.
        device: Of the result.

    Returns:
        The kernel, of k cells along each of `ndim` axes: k = 2 factor - 1 with `align_corners`,
        else 2 factor - (factor mod 2). It looks the same after a flip, so that convolution and
        cross-correlation agree.

    Raises:
        ValueError: If an argument is out of its range.

    For an odd factor the two kernels are equal. As the weight of a transposed convolution with
    stride f and padding p, the kernel does what `F.interpolate(mode="bilinear")` does:

    - True, p = f - 1: from i pixels to (i - 1) f + 1, equal everywhere;
    - False, p = ceil((f - 1) / 2): from i pixels to i f, equal but at the borders, where the
      transposed convolution reads zeros (see `BilinearUpsample`).

    Cost: O(k ** ndim).

    Source: Long, Shelhamer and Darrell (2015), "Fully convolutional networks for semantic
    segmentation", whose upsampling layers begin with these weights.

    Derived in the chapter Upsampling (book/06_upsampling.md).
    """
    factor = whole_number("factor", factor)
    ndim = whole_number_from(1, 3, "ndim", ndim)
    even = not true_or_false("align_corners", align_corners) and factor % 2 == 0
    size = 2 * factor - 1 + even
    cells = torch.arange(size, dtype=torch.float64, device=device)
    line = 1 - (cells - (size - 1) / 2).abs() / factor  # a tent, `factor` wide on each side
    kernel = line
    for _ in range(ndim - 1):
        kernel = kernel[..., None] * line
    return kernel.to(dtype or torch.get_default_dtype())


class BilinearUpsample(nn.Module):
    """Enlarge each channel by a transposed convolution with a fixed bilinear kernel.

    Shapes: (N, C, H, W) -> (N, C, f H, f W), and so for (N, C, L) and (N, C, D, H, W).

    >>> enlarge = BilinearUpsample(2)
    >>> enlarge(torch.tensor([[[0.0, 8.0]]]))
    tensor([[[0., 2., 6., 8.]]])
    >>> BilinearUpsample(2, padding_mode="zeros")(torch.tensor([[[8.0, 8.0]]]))
    tensor([[[6., 8., 8., 6.]]])

    Args:
        factor: f, how many times larger the map becomes, at least 1.
        padding_mode: What lies beyond the border. "replicate": the border's values once more, so
            that the result is that of `F.interpolate(mode="bilinear", align_corners=False)`.
            "zeros": nothing, as in a plain transposed convolution, whose borders are darker.

    Raises:
        ValueError: If an argument is out of its range; when called, if the input is no map of
            floating-point numbers.

    No parameters. The kernel has the dtype and device of the input. Cost:
    O(output pixels x 2 ** axes), as `F.interpolate`, and slower than that function; it is here to
    show that the two are one.

    Source: Long, Shelhamer and Darrell (2015), "Fully convolutional networks for semantic
    segmentation"; for the border, `torch.nn.functional.interpolate`.

    Derived in the chapter Upsampling (book/06_upsampling.md).
    """

    def __init__(self, factor: int, *, padding_mode: str = "replicate") -> None:
        """Check the arguments."""
        super().__init__()
        self.factor = whole_number("factor", factor)
        if padding_mode not in _BORDERS:
            raise ValueError(f"`padding_mode` must be one of {_BORDERS}, got {padding_mode!r}")
        self.padding_mode = padding_mode

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge the maps."""
        axes = _axes(x)
        if not x.is_floating_point():
            raise ValueError(f"`x` must have a floating-point dtype, got {x.dtype}")
        channels, cut = x.shape[1], self.factor // 2  # = ceil((f - 1) / 2)
        if self.padding_mode == "replicate":  # one value on each side, which is cut off again
            x, cut = F.pad(x, (1, 1) * axes, mode="replicate"), cut + self.factor
        kernel = bilinear_kernel(self.factor, axes, dtype=x.dtype, device=x.device)
        weight = kernel.expand(channels, 1, *kernel.shape)
        upsample = _CONV_TRANSPOSE[axes - 1]
        enlarged = upsample(x, weight, stride=self.factor, padding=cut, groups=channels)
        return cast(Tensor, enlarged)

    def extra_repr(self) -> str:
        """Say the arguments."""
        return f"factor={self.factor}, padding_mode={self.padding_mode!r}"


def _axes(x: Tensor) -> int:
    """Return along how many axes a map is enlarged."""
    if not isinstance(x, Tensor) or x.ndim not in (3, 4, 5):
        came = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"`x` must be a tensor of shape (N, C, ...) with 1 to 3 axes, got {came}")
    return x.ndim - 2
