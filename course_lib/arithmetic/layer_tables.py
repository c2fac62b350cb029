"""One table of a network, a row a layer: its setting, its output, what it costs, what it sees."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib._checks import SizeLike
from course_lib._meta import is_layer, meta_copy, meta_image, pixels, reason, without_numbers
from course_lib.arithmetic._axis import Number
from course_lib.arithmetic.receptive_fields import receptive_field


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network; a value an axis where the image has axes.

    Attributes:
        name: where the layer is in the model, as in `named_modules`. A second call gets ":2".
        layer: its class.
        kernel: along each axis; empty for a layer without a window.
        stride: as `kernel`.
        padding: as `kernel`.
        shape: of the output for one image, without the batch: channels first.
        parameters: numbers that it learns; counted at its first call.
        macs: multiply-accumulates of this call for one image.
        size: positions of the output.
        receptive_field: pixels from the first to the last that a position sees.
        jump: by how many pixels the window moves from one position to the next.
        start: the first pixel that position 0 sees; negative in the padding.
    """

    name: str
    layer: str
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    shape: tuple[int, ...]
    parameters: int
    macs: int
    size: tuple[int, ...]
    receptive_field: tuple[int, ...]
    jump: tuple[Number, ...]
    start: tuple[int, ...]


def layer_table(
    model: nn.Module, input_size: SizeLike, *, in_channels: int | None = None
) -> list[LayerRow]:
    """Return a row for each layer of torch in `model`, in the order of the computation.

    Shapes: any model that takes an image (1, in_channels, *input_size), with 1 to 3 axes.

    >>> model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.MaxPool2d(2))
    >>> for row in layer_table(model, 32):
    ...     print(row.layer, row.kernel, row.shape, row.parameters, row.macs, row.receptive_field)
    Conv2d (3, 3) (8, 32, 32) 80 73728 (3, 3)
    MaxPool2d (2, 2) (8, 16, 16) 0 0 (4, 4)

    Args:
        model: the network; copied without its numbers. Call `eval()` first, if heads that only
            train are to be left out.
        input_size: pixels of the image along each axis; an int for every axis.
        in_channels: channels of the image; by default those of the first convolution.

    Returns:
        Rows whose parameters and MACs add up to `count_parameters` and `count_macs`, where all that
        learns and multiplies is a layer of torch. Functions (sums, `cat`, `flatten`) have no row.

    Raises:
        ValueError: if the image does not fit the model, or `receptive_field` can't follow it.

    Cost: two runs without numbers.

    Source: `receptive_field` for what is seen, `torch.utils.flop_counter` for the MACs.

    Derived in the chapter VGG (book/10_vgg.md).
    """
    fields = receptive_field(model, input_size, in_channels=in_channels)
    seen = {row.name: row for row in fields}
    return [
        LayerRow(
            name,
            type(module).__name__,
            *_window(module, len(seen[name].size)),
            shape,
            parameters,
            macs,
            seen[name].size,
            seen[name].receptive_field,
            seen[name].jump,
            seen[name].start,
        )
        for name, module, shape, parameters, macs in _Measure(model, input_size, in_channels).rows
        if name in seen
    ]


class _Measure:
    """One run that notes shape, parameters and MACs of each call of a layer of torch."""

    def __init__(self, model: nn.Module, input_size: SizeLike, in_channels: int | None) -> None:
        self.rows: list[tuple[str, nn.Module, tuple[int, ...], int, int]] = []
        self._inside: list[nn.Module] = []
        self._calls: dict[str, int] = {}
        self._counter = FlopCounterMode(display=False)
        self._before: list[int] = []
        self._counted: set[int] = set()
        with without_numbers():
            copied = meta_copy(model)
            image, _ = meta_image(copied, input_size, in_channels)
            for name, module in copied.named_modules():
                module.register_forward_pre_hook(self._enter)
                module.register_forward_hook(
                    lambda m, inputs, output, name=name: self._leave(name, m, output)
                )
            try:
                with self._counter:
                    copied(image)
            except Exception as error:
                raise ValueError(
                    f"`model` must take {pixels(image)}, but fails: {reason(error)}"
                ) from error

    def _enter(self, module: nn.Module, inputs: Any) -> None:
        self._inside.append(module)
        self._before.append(int(self._counter.get_total_flops()))

    def _leave(self, name: str, module: nn.Module, output: Any) -> None:
        self._inside.pop()
        macs = (int(self._counter.get_total_flops()) - self._before.pop()) // 2
        outside = any(is_layer(outer) for outer in self._inside)
        if not is_layer(module) or outside or not isinstance(output, Tensor):
            return
        self._calls[name] = self._calls.get(name, 0) + 1
        again = f":{self._calls[name]}" if self._calls[name] > 1 else ""
        new = [p for p in module.parameters() if id(p) not in self._counted]
        self._counted.update(map(id, new))
        count = sum(math.prod(p.shape) for p in new)
        self.rows.append((name + again, module, tuple(output.shape[1:]), count, macs))


def _window(
    module: nn.Module, axes: int
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return kernel, stride and padding along each axis; empty for a layer without a window."""
    kernel = getattr(module, "kernel_size", None)
    if kernel is None:
        return (), (), ()

    def each(value: int | Sequence[int]) -> tuple[int, ...]:
        return (value,) * axes if isinstance(value, int) else tuple(value)

    padding = getattr(module, "padding", 0)
    if isinstance(padding, str):  # "same" keeps the size: (k - 1) / 2 on each side of an odd kernel
        padding = [(k - 1) // 2 if padding == "same" else 0 for k in each(kernel)]
    stride = getattr(module, "stride", None)
    return each(kernel), each(kernel if stride is None else stride), each(padding)
