"""Sizes after convolution, pooling and transposed convolution, in plain integers.

One axis at a time: input size i, kernel size k, zero padding p on each side, stride s, dilation d,
output size o. A size is an int for every axis or a tuple with one value an axis (depth, height,
width); all ints give an int, and any tuple among the arguments gives a tuple.

This file is longer than its formulas, as each of them states what torch accepts and has a signature
of its own for ints.
"""

from typing import overload

from course_lib._checks import SizeLike, each_axis, true_or_false


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

    Derived in the chapter Pooling and downsampling (book/05_pooling.md).
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

    Derived in the chapter Upsampling (book/06_upsampling.md).
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
