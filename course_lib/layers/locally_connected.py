"""Locally connected layers: a convolution whose kernel is another one at each place.

Letters: N images, C channels in, D channels out, L, H, W sizes of the input, l, h, w of the output.
The weight of a 2-D layer has shape (h, w, D, C, rows, columns): `weight[y, x]` is what a
convolution would call its weight, for the one place (y, x).
"""

import math
from collections.abc import Sequence
from typing import ClassVar, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib._checks import SizeLike, true_or_false, whole_number
from course_lib.arithmetic import conv_output_size

_OUTPUT, _KERNEL = "hwt", "ijk"  # letters of the axes in the einsum


def locally_connected(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: SizeLike = 1,
    padding: SizeLike = 0,
    dilation: SizeLike = 1,
) -> Tensor:
    """Slide a window over `x` and multiply it at each place with the weights of that place.

    Shapes, in 2-D: x (N, C, H, W), weight (h, w, D, C, rows, columns), bias (h, w, D)
    -> (N, D, h, w). In 1-D and 3-D one axis less or more.

    >>> x = torch.arange(4.0)[None, None]  # 0, 1, 2, 3
    >>> weight = torch.tensor([1.0, 10.0, 100.0])[:, None, None, None].expand(3, 1, 1, 2)
    >>> locally_connected(x, weight)
    tensor([[[  1.,  30., 500.]]])

    Args:
        x: The images.
        weight: One convolution weight for each place of the output.
        bias: One number for each place and output channel, or None.
        stride: Distance between two places, at least 1; an int or one value an axis.
        padding: Zeros added on each side, at least 0; an int or one value an axis.
        dilation: Distance between the pixels that a kernel reads, at least 1.

    Returns:
        The feature maps.

    Raises:
        ValueError: If the shapes do not belong together, or a value is out of its range.

    As in `torch.nn.functional.conv2d`, the kernel is not turned around. The multiplications are
    those of a convolution, N * D * C * kernel * places; so is the unfolded copy of the input,
    N * C * kernel * places numbers.

    Source: LeCun (1989), Generalization and network design strategies, where nets with local
    connections stand beside nets with shared weights.

    Derived in the chapter From fully connected to convolutional (book/03_weight_sharing.md).
    """
    axes = x.dim() - 2
    if not 1 <= axes <= 3:
        expected = "(N, C, ...) with one to three axes for `...`"
        raise ValueError(f"`x` must have shape {expected}, got {tuple(x.shape)}")
    if weight.dim() != 2 * axes + 2:
        expected = f"{2 * axes + 2} axes (places, D, C, kernel) for `x` of {axes + 2} axes"
        raise ValueError(f"`weight` must have {expected}, got {tuple(weight.shape)}")
    places, kernel = tuple(weight.shape[:axes]), tuple(weight.shape[axes + 2 :])
    steps = _each("stride", stride, axes)
    pads = _each("padding", padding, axes)
    gaps = _each("dilation", dilation, axes)
    found = _places(tuple(x.shape[2:]), kernel, steps, pads, gaps)
    if places != found:
        raise ValueError(f"`weight` must have weights for {found} places, got {places}")
    if weight.shape[axes + 1] != x.shape[1]:
        channels = x.shape[1]
        raise ValueError(f"`weight` must have {channels} channels in, got {weight.shape[axes + 1]}")
    if bias is not None and bias.shape != weight.shape[: axes + 1]:
        wanted = tuple(weight.shape[: axes + 1])
        raise ValueError(f"`bias` must have shape {wanted}, got {tuple(bias.shape)}")
    windows = F.pad(x, [side for pad in reversed(pads) for side in (pad, pad)])
    for axis in range(axes):  # unfold appends the window's axis, which keeps its place from then on
        span = gaps[axis] * (kernel[axis] - 1) + 1
        windows = windows.unfold(2 + axis, span, steps[axis])[..., :: gaps[axis]]
    out, cells = _OUTPUT[:axes], _KERNEL[:axes]
    maps = torch.einsum(f"nc{out}{cells},{out}dc{cells}->nd{out}", windows, weight)
    return maps if bias is None else maps + bias.movedim(-1, 0)


class _LocallyConnected(nn.Module):
    """What the layers for one, two and three axes share."""

    axes: ClassVar[int]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_size: SizeLike,
        kernel_size: SizeLike,
        *,
        stride: SizeLike = 1,
        padding: SizeLike = 0,
        dilation: SizeLike = 1,
        bias: bool = True,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = whole_number("in_channels", in_channels)
        self.out_channels = whole_number("out_channels", out_channels)
        self.input_size = _each("input_size", input_size, self.axes)
        self.kernel_size = _each("kernel_size", kernel_size, self.axes)
        self.stride = _each("stride", stride, self.axes)
        self.padding = _each("padding", padding, self.axes)
        self.dilation = _each("dilation", dilation, self.axes)
        self.output_size = _places(
            self.input_size, self.kernel_size, self.stride, self.padding, self.dilation
        )
        shape = (*self.output_size, self.out_channels, self.in_channels, *self.kernel_size)
        self.weight = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        self.bias: nn.Parameter | None = None
        if true_or_false("bias", bias):
            shape = (*self.output_size, self.out_channels)
            self.bias = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        self.reset_parameters(generator)

    @torch.no_grad()
    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights as `torch.nn.Conv2d` does, from the fan-in of one place."""
        bound = 1 / math.sqrt(self.in_channels * math.prod(self.kernel_size))
        for parameter in self.parameters():
            parameter.uniform_(-bound, bound, generator=generator)

    @classmethod
    def from_conv(cls, conv: nn.Conv1d | nn.Conv2d | nn.Conv3d, input_size: SizeLike) -> Self:
        """Make the layer that has the weights of a convolution at each of its places.

        Args:
            conv: A convolution with as many axes, `groups=1` and zeros or nothing as padding.
            input_size: Size of its input along each axis.

        Raises:
            ValueError: If the convolution is of another kind.
        """
        if len(conv.kernel_size) != cls.axes or conv.transposed:
            raise ValueError(f"`conv` must be a convolution of {cls.axes} axes, got {conv}")
        if conv.groups != 1 or conv.padding_mode != "zeros" or isinstance(conv.padding, str):
            expected = "groups=1, zeros as padding, and their number in digits"
            raise ValueError(f"`conv` must have {expected}, got {conv}")
        layer = cls(
            conv.in_channels,
            conv.out_channels,
            input_size,
            conv.kernel_size,
            stride=conv.stride,
            padding=conv.padding,
            dilation=conv.dilation,
            bias=conv.bias is not None,
            device=conv.weight.device,
            dtype=conv.weight.dtype,
        )
        with torch.no_grad():
            layer.weight.copy_(conv.weight.expand_as(layer.weight))
            if layer.bias is not None and conv.bias is not None:
                layer.bias.copy_(conv.bias.expand_as(layer.bias))
        return layer

    def forward(self, x: Tensor) -> Tensor:
        """Return the feature maps of a batch of images of `input_size`."""
        expected = (self.in_channels, *self.input_size)
        if x.dim() != self.axes + 2 or tuple(x.shape[1:]) != expected:
            names = ", ".join(map(str, ("N", *expected)))
            raise ValueError(
                f"`x` must have shape ({names}), as each place has weights of its own, "
                f"got {tuple(x.shape)}"
            )
        return locally_connected(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        )

    def extra_repr(self) -> str:
        """Say what the layer was made with."""
        return (
            f"{self.in_channels}, {self.out_channels}, input_size={self.input_size}, "
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, bias={self.bias is not None}"
        )


class LocallyConnected2d(_LocallyConnected):
    """A 2-D convolution whose weights are not shared: each place learns its own.

    Shapes: (N, in_channels, *input_size) -> (N, out_channels, *output_size).

    >>> layer = LocallyConnected2d(1, 4, input_size=(28, 28), kernel_size=5)
    >>> layer(torch.zeros(8, 1, 28, 28)).shape
    torch.Size([8, 4, 24, 24])
    >>> layer.weight[0, 0].shape  # what a convolution calls its weight, for the first place
    torch.Size([4, 1, 5, 5])
    >>> sum(p.numel() for p in layer.parameters())  # 24 * 24 places of 4 * (25 + 1)
    59904

    Args:
        in_channels: Channels of the input, at least 1.
        out_channels: Channels of the output, at least 1.
        input_size: Pixels of the input along each axis. Other sizes are refused.
        kernel_size: Weights along each axis, at least 1.
        stride: Distance between two places, at least 1.
        padding: Zeros added on each side, at least 0.
        dilation: Distance between the pixels that a kernel reads, at least 1.
        bias: Whether each place and output channel has a bias.
        generator: Where the first weights are drawn from, on the layer's device; None takes
            torch's own.
        device: Where the parameters are.
        dtype: Their type.

    Raises:
        ValueError: If a value is out of its range, or the kernel is larger than the padded input.

    Sizes are ints, or have one value an axis. The first weights are uniform in ±1/√fan_in, where
    fan_in = in_channels * kernel, as in `torch.nn.Conv2d`. Parameters: those of the convolution
    times the number of places. Multiplications: those of the convolution.

    Source: as in `locally_connected`; Keras had it as LocallyConnected2D.

    Derived in the chapter From fully connected to convolutional (book/03_weight_sharing.md).
    """

    axes = 2


class LocallyConnected1d(_LocallyConnected):
    """A 1-D convolution whose weights are not shared; arguments as in `LocallyConnected2d`.

    Shapes: (N, in_channels, input_size) -> (N, out_channels, output_size).

    >>> layer = LocallyConnected1d(1, 1, input_size=5, kernel_size=3, bias=False)
    >>> layer.weight.shape
    torch.Size([3, 1, 1, 3])

    Derived in the chapter From fully connected to convolutional (book/03_weight_sharing.md).
    """

    axes = 1


class LocallyConnected3d(_LocallyConnected):
    """A 3-D convolution whose weights are not shared; arguments as in `LocallyConnected2d`.

    Shapes: (N, in_channels, *input_size) -> (N, out_channels, *output_size).

    >>> layer = LocallyConnected3d(1, 2, input_size=6, kernel_size=3, stride=3)
    >>> layer(torch.zeros(1, 1, 6, 6, 6)).shape
    torch.Size([1, 2, 2, 2, 2])

    Derived in the chapter From fully connected to convolutional (book/03_weight_sharing.md).
    """

    axes = 3


def _each(name: str, value: SizeLike, axes: int) -> tuple[int, ...]:
    """Return a checked value for each axis."""
    if isinstance(value, Sequence):
        if len(value) != axes:
            raise ValueError(f"`{name}` must be an int or have {axes} values, got {value!r}")
        return tuple(whole_number(name, one) for one in value)
    return (whole_number(name, value),) * axes


def _places(
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[int, ...]:
    """Return the number of places along each axis."""
    places = conv_output_size(size, kernel, padding=padding, stride=stride, dilation=dilation)
    return places if isinstance(places, tuple) else (places,)
