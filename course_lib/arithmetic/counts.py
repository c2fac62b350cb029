"""Parameters and multiply-accumulates of one layer, in plain integers."""

import math

from course_lib._checks import SizeLike, each_axis, true_or_false, whole_number


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
