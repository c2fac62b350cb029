"""Sizes, parameters and multiply-accumulates of convolutional layers, in plain integers.

One axis at a time: input size i, kernel size k, zero padding p on each side, stride s, dilation d,
output size o. A size is an int for every axis or a tuple with one value an axis (depth, height,
width); all ints give an int, and any tuple among the arguments gives a tuple.

The two convolutions are in `_convolution_loops.py`: loops to be read. This file is longer than its
formulas, as each of them states what torch accepts and has a signature of its own for ints.
"""

import math
from typing import overload

from course_lib._axes import SizeLike, each_axis, true_or_false, whole_number
from course_lib._convolution_loops import convolve2d, cross_correlate2d

__all__ = [
    "SizeLike",
    "conv_macs",
    "conv_output_size",
    "conv_parameters",
    "conv_transpose_output_size",
    "convolve2d",
    "cross_correlate2d",
    "pool_output_size",
]


@overload
def conv_output_size(  # type: ignore[overload-overlap]  # ints are tried first
    input_size: int, kernel_size: int, *, padding: int = 0, stride: int = 1, dilation: int = 1
) -> int: ...
@overload
def conv_output_size(
    input_size: SizeLike,
    kernel_size: SizeLike,
    *,
    padding: SizeLike = 0,
    stride: SizeLike = 1,
    dilation: SizeLike = 1,
) -> tuple[int, ...]: ...
def conv_output_size(
    input_size: SizeLike,
    kernel_size: SizeLike,
    *,
    padding: SizeLike = 0,
    stride: SizeLike = 1,
    dilation: SizeLike = 1,
) -> int | tuple[int, ...]:
    """Return the size of a feature map: ⌊(i + 2p - d(k - 1) - 1) / s⌋ + 1 along each axis.

    Shapes: (N, C, *input_size) -> (N, K, *output size).

    >>> conv_output_size(5, 3)
    3
    >>> conv_output_size(5, 3, padding=1, stride=2)
    3
    >>> conv_output_size((512, 384), 7, padding=3, stride=2)
    (256, 192)

    Args:
        input_size: pixels along the axis, at least 1.
        kernel_size: weights along the axis, at least 1.
        padding: zeros put before and again after the input, at least 0.
        stride: pixels between two neighboring positions of the kernel, at least 1.
        dilation: pixels between two neighboring weights of the kernel, at least 1 (no holes).

    Returns:
        How many positions the kernel takes, in pixels of the output; value j belongs to axis j.

    Raises:
        ValueError: if a value is out of its range, the tuples disagree in length, or the kernel
            spans more than the padded input.

    Positions that would reach past the end are dropped: the floor. Cost: O(number of axes).

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, relationship 6 (with dilation:
    relationship 15); the shape formula of `torch.nn.Conv2d`. `padding="same"` and one-element
    tuples that torch would repeat are not accepted.

    Derived in the chapter Convolution (book/04_convolution.md).
    """
    return each_axis(
        _positions,
        input_size=input_size,
        kernel_size=kernel_size,
        padding=padding,
        stride=stride,
        dilation=dilation,
    )


def _positions(input_size: int, kernel_size: int, padding: int, stride: int, dilation: int) -> int:
    padded = input_size + 2 * padding
    span = _span(kernel_size, dilation, padded, f"the padded input size {padded}")
    return (padded - span) // stride + 1


def _span(kernel_size: int, dilation: int, room: int, limit: str) -> int:
    """Return how many pixels the kernel covers, its holes included."""
    span = dilation * (kernel_size - 1) + 1
    if span > room:
        holes = f", which spans {span} at `dilation` {dilation}" if dilation > 1 else ""
        raise ValueError(f"`kernel_size` must be at most {limit}, got {kernel_size}{holes}")
    return span


@overload
def pool_output_size(  # type: ignore[overload-overlap]  # ints are tried first
    input_size: int,
    kernel_size: int,
    *,
    padding: int = 0,
    stride: int | None = None,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int: ...
@overload
def pool_output_size(
    input_size: SizeLike,
    kernel_size: SizeLike,
    *,
    padding: SizeLike = 0,
    stride: SizeLike | None = None,
    dilation: SizeLike = 1,
    ceil_mode: bool = False,
) -> tuple[int, ...]: ...
def pool_output_size(
    input_size: SizeLike,
    kernel_size: SizeLike,
    *,
    padding: SizeLike = 0,
    stride: SizeLike | None = None,
    dilation: SizeLike = 1,
    ceil_mode: bool = False,
) -> int | tuple[int, ...]:
    """Return the size after pooling: as a convolution, by default with the kernel as the stride.

    Shapes: (N, C, *input_size) -> (N, C, *output size).

    >>> pool_output_size(28, 2)
    14
    >>> pool_output_size(6, 3, stride=2), pool_output_size(6, 3, stride=2, ceil_mode=True)
    (2, 3)

    Args:
        input_size: pixels along the axis, at least 1.
        kernel_size: pixels of a window along the axis, at least 1.
        padding: pixels put before and again after the input, 0 to ⌊kernel_size / 2⌋ (of the
            kernel without its holes, whatever the dilation).
        stride: pixels between two neighboring windows, at least 1; None means `kernel_size`.
        dilation: pixels between two neighboring pixels of a window, at least 1.
        ceil_mode: keep a last window that reaches past the end: round up, not down.

    Returns:
        How many windows there are, in pixels of the output; value j belongs to axis j.

    Raises:
        ValueError: if a value is out of its range, the tuples disagree in length, or no window
            fits.

    With `ceil_mode`, a window that would start in the padding on the right is dropped again, as it
    would see no pixel; and the kernel may be larger than the padded input. Cost: O(number of axes).

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, relationship 7; the shape formula of
    `torch.nn.MaxPool2d`. Average pooling agrees (it has no dilation), but `avg_pool3d` in torch
    refuses a kernel larger than the input before padding.

    Course chapter: Pooling and downsampling.
    """
    ceil_mode = true_or_false("ceil_mode", ceil_mode)

    def windows(input_size: int, kernel_size: int, padding: int, stride: int, dilation: int) -> int:
        if padding > kernel_size // 2:
            half = f"half of `kernel_size` {kernel_size}, rounded down: {kernel_size // 2}"
            raise ValueError(f"`padding` must be at most {half}, got {padding}")
        room = input_size + 2 * padding
        limit = f"the padded input size {room}"
        if ceil_mode:  # rounding up is rounding down with this much more room
            limit = f"{room + stride - 1} ({limit} + `stride` {stride} - 1, in `ceil_mode`)"
            room += stride - 1
        count = (room - _span(kernel_size, dilation, room, limit)) // stride + 1
        last_start = (count - 1) * stride
        return count - 1 if ceil_mode and last_start >= padding + input_size else count

    return each_axis(
        windows,
        input_size=input_size,
        kernel_size=kernel_size,
        padding=padding,
        stride=kernel_size if stride is None else stride,
        dilation=dilation,
    )


@overload
def conv_transpose_output_size(  # type: ignore[overload-overlap]  # ints are tried first
    input_size: int,
    kernel_size: int,
    *,
    padding: int = 0,
    stride: int = 1,
    dilation: int = 1,
    output_padding: int = 0,
) -> int: ...
@overload
def conv_transpose_output_size(
    input_size: SizeLike,
    kernel_size: SizeLike,
    *,
    padding: SizeLike = 0,
    stride: SizeLike = 1,
    dilation: SizeLike = 1,
    output_padding: SizeLike = 0,
) -> tuple[int, ...]: ...
def conv_transpose_output_size(
    input_size: SizeLike,
    kernel_size: SizeLike,
    *,
    padding: SizeLike = 0,
    stride: SizeLike = 1,
    dilation: SizeLike = 1,
    output_padding: SizeLike = 0,
) -> int | tuple[int, ...]:
    """Return the size after a transposed convolution: (i - 1)s - 2p + d(k - 1) + 1.

    Shapes: (N, C, *input_size) -> (N, K, *output size).

    >>> conv_transpose_output_size(14, 2, stride=2)
    28
    >>> conv_transpose_output_size(3, 3, padding=1, stride=2, output_padding=1)
    6

    Args:
        input_size: pixels along the axis, at least 1.
        kernel_size: weights along the axis, at least 1.
        padding: pixels cut off at each end of the output, at least 0: the padding of the
            convolution that is transposed.
        stride: pixels of the output between the contributions of two neighbors, at least 1.
        dilation: pixels between two neighboring weights of the kernel, at least 1.
        output_padding: pixels added at the end, 0 to max(stride, dilation) - 1.

    Returns:
        Pixels of the output; value j belongs to axis j.

    Raises:
        ValueError: if a value is out of its range, the tuples disagree in length, or the padding
            leaves no output.

    The convolution with the same settings leads back to `input_size`; with a stride, several sizes
    lead there, and `output_padding`, added to the formula, says which of them is meant.
    Cost: O(number of axes).

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, relationship 14; the shape formula of
    `torch.nn.ConvTranspose2d`.

    Course chapter: Upsampling.
    """

    def pixels(
        input_size: int,
        kernel_size: int,
        padding: int,
        stride: int,
        dilation: int,
        output_padding: int,
    ) -> int:
        if output_padding >= max(stride, dilation):
            limit = f"smaller than `stride` {stride} or `dilation` {dilation}"
            raise ValueError(f"`output_padding` must be {limit}, got {output_padding}")
        uncut = (input_size - 1) * stride + dilation * (kernel_size - 1) + 1 + output_padding
        if uncut - 2 * padding < 1:
            limit = f"{(uncut - 1) // 2} to leave a pixel of the output size {uncut}"
            raise ValueError(f"`padding` must be at most {limit}, got {padding}")
        return uncut - 2 * padding

    return each_axis(
        pixels,
        input_size=input_size,
        kernel_size=kernel_size,
        padding=padding,
        stride=stride,
        dilation=dilation,
        output_padding=output_padding,
    )


def conv_parameters(
    in_channels: int,
    out_channels: int,
    kernel_size: SizeLike,
    *,
    groups: int = 1,
    bias: bool = True,
) -> int:
    """Return how many numbers a convolutional layer learns: the weights, and a bias a channel.

    Shapes: the weight has shape (out_channels, in_channels / groups, *kernel_size), the bias
    (out_channels,).

    >>> conv_parameters(3, 4, 5, bias=False), conv_parameters(3, 4, 5)
    (300, 304)
    >>> conv_parameters(3, 4, (5,)), conv_parameters(3, 4, (5, 5, 5))
    (64, 1504)

    Args:
        in_channels: channels of the input, at least 1.
        out_channels: channels of the output, at least 1.
        kernel_size: weights along each axis, at least 1. An int is a square 2-D kernel, as in
            `torch.nn.Conv2d`; a tuple gives each axis: (5,) is 1-D, (3, 3, 3) is 3-D.
        groups: into how many groups the channels are split, each with its own kernels; must divide
            both numbers of channels.
        bias: whether each output channel has a bias.

    Returns:
        The number of parameters. It does not depend on the size of the image.

    Raises:
        ValueError: if a value is out of its range or `groups` does not divide the channels.

    A fully connected layer is the kernel of one pixel, `conv_parameters(in_features, out_features,
    1)`; a transposed convolution has the same count. Cost: O(number of axes).

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, section 1.1; the variables of
    `torch.nn.Conv2d`.

    Derived in the chapter Convolution (book/04_convolution.md).
    """
    inputs, outputs = _channels_of_a_kernel(in_channels, out_channels, groups)
    kernel = each_axis(lambda kernel_size: kernel_size, kernel_size=kernel_size)
    weights = outputs * inputs * _product(kernel)
    return weights + outputs if true_or_false("bias", bias) else weights


def conv_macs(
    in_channels: int,
    out_channels: int,
    kernel_size: SizeLike,
    output_size: SizeLike,
    *,
    groups: int = 1,
) -> int:
    """Return the multiply-accumulates of a convolutional layer for one image.

    Counted: one multiplication with its addition for each weight at each output position, those
    with padded zeros included. Not counted: the bias, the activation. Twice as many FLOPs.

    Shapes: (1, in_channels, ...) -> (1, out_channels, *output_size).

    >>> conv_macs(1, 6, 5, 28)
    117600
    >>> conv_macs(1, 8, 3, (16, 16, 16))
    884736

    Args:
        in_channels: channels of the input, at least 1.
        out_channels: channels of the output, at least 1.
        kernel_size: weights along each axis, at least 1.
        output_size: pixels of the output along each axis, at least 1, as `conv_output_size` gives
            them. A tuple here or in `kernel_size` says how many axes there are; two ints are 2-D.
        groups: into how many groups the channels are split; must divide both numbers of channels.

    Returns:
        The number of multiply-accumulates (MACs); for a batch, multiply by its size.

    Raises:
        ValueError: if a value is out of its range, the tuples disagree in length, or `groups` does
            not divide the channels.

    A fully connected layer is `conv_macs(in_features, out_features, 1, 1)`.
    Cost: O(number of axes).

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, section 1.1, counted out;
    `torch.utils.flop_counter.FlopCounterMode` counts twice as many operations.

    Derived in the chapter Convolution (book/04_convolution.md).
    """
    inputs, outputs = _channels_of_a_kernel(in_channels, out_channels, groups)
    per_axis = each_axis(
        lambda kernel_size, output_size: kernel_size * output_size,
        kernel_size=kernel_size,
        output_size=output_size,
    )
    return outputs * inputs * _product(per_axis)


def _channels_of_a_kernel(in_channels: int, out_channels: int, groups: int) -> tuple[int, int]:
    """Return how many channels each kernel reads, and how many kernels there are."""
    groups = whole_number("groups", groups)
    inputs = whole_number("in_channels", in_channels)
    outputs = whole_number("out_channels", out_channels)
    for name, channels in (("in_channels", inputs), ("out_channels", outputs)):
        if channels % groups:
            raise ValueError(f"`groups` must divide `{name}` {channels}, got {groups}")
    return inputs // groups, outputs


def _product(sizes: int | tuple[int, ...]) -> int:
    """Multiply over the axes; an int stands for both axes of a 2-D layer."""
    return sizes**2 if isinstance(sizes, int) else math.prod(sizes)
