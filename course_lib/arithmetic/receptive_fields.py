"""The receptive field of each layer of a network: which pixels does a position of its map see?

The network is run once on a copy without numbers (the meta device), and each operation is followed
from the image on (`_follow.py`). What an operation does to the windows is in `_axis.py` (one axis,
plain Python), `_state.py` (all axes of a tensor) and `_rules.py` (the operations of torch).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, overload

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from course_lib._checks import SizeLike
from course_lib._meta import is_layer, meta_copy, meta_image, pixels, reason, without_numbers
from course_lib.arithmetic._axis import Axis, Number, tidy
from course_lib.arithmetic._follow import Follow
from course_lib.arithmetic._state import State, whole_image


@dataclass(frozen=True)
class LayerField:
    """What one position of a layer's output sees of the image; a value an axis.

    Attributes:
        name: where the layer is in the model, as in `named_modules`; a function has the name of the
            module that calls it in front. A second call gets ":2" at the end.
        layer: the class of the layer, or the name of the function.
        size: positions of the output, (1, 1) if all of the image has become one vector.
        receptive_field: pixels from the first to the last one that a position sees. After
            upsampling, the positions see windows of several sizes: the largest.
        jump: by how many pixels the window moves from one position to the next. 0 if every position
            sees the same. After upsampling it may be a fraction, the mean.
        start: the first pixel that position 0 sees; negative where the padding reaches out of the
            image.
    """

    name: str
    layer: str
    size: tuple[int, ...]
    receptive_field: tuple[int, ...]
    jump: tuple[Number, ...]
    start: tuple[int, ...]
    image_size: tuple[int, ...] = field(repr=False)
    axes: tuple[Axis, ...] = field(repr=False, compare=False)

    @property
    def center(self) -> tuple[Number, ...]:
        """The middle of what position 0 sees, in pixels; 0 is the middle of the first pixel."""
        windows = [self._window(axis, 0) for axis in self.axes]
        return tuple(tidy(Fraction(first + last, 2)) for first, last in windows)

    def window(self, *position: int, inside: bool = False) -> tuple[tuple[int, int], ...]:
        """Return the first and the last pixel that `position` sees, along each axis.

        Args:
            position: an index along each axis, 0 to size - 1.
            inside: cut the window off at the borders of the image.

        Raises:
            ValueError: if `position` is not in the output.
        """
        if len(position) != len(self.size) or any(
            not 0 <= p < n for p, n in zip(position, self.size, strict=True)
        ):
            raise ValueError(f"`position` must be inside of {self.size}, got {position}")
        windows = [self._window(a, p) for a, p in zip(self.axes, position, strict=True)]
        if inside:
            ends = zip(windows, self.image_size, strict=True)
            windows = [(max(first, 0), min(last, n - 1)) for (first, last), n in ends]
        return tuple(windows)

    def _window(self, axis: Axis, position: int) -> tuple[int, int]:
        window = axis.at(position)
        if window is None:
            raise ValueError(f"`position` must see a pixel, got {position}, which sees none")
        return window


class ReceptiveFields(Sequence[LayerField]):
    """One row a layer, in the order of the computation; looks like a table when it is printed.

    Rows are reached by index, or by the name of a layer. The name of a module that holds layers,
    `table["layer4"]`, gives what it returns.
    """

    def __init__(self, rows: Sequence[LayerField], blocks: dict[str, LayerField]) -> None:
        """Take the rows, and what the modules that hold layers return."""
        self._rows = tuple(rows)
        self._named = {**blocks, **{row.name: row for row in rows}}

    @overload
    def __getitem__(self, index: int | str) -> LayerField: ...
    @overload
    def __getitem__(self, index: slice) -> "ReceptiveFields": ...
    def __getitem__(self, index: int | str | slice) -> "LayerField | ReceptiveFields":
        """Return the row at an index or of a name; a table of the rows of a slice."""
        if isinstance(index, slice):
            return ReceptiveFields(self._rows[index], {})
        if isinstance(index, int):
            return self._rows[index]
        if index not in self._named:
            raise KeyError(f"no layer {index!r}; the last one is {self._rows[-1].name!r}")
        return self._named[index]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def __iter__(self) -> Iterator[LayerField]:
        """Go over the rows."""
        return iter(self._rows)

    def __contains__(self, row: object) -> bool:
        """Say whether there is this row, or a row of this name."""
        return row in self._rows or row in self._named

    def __repr__(self) -> str:
        """Return the rows as a text table."""
        head = ("name", "layer", "size", "receptive field", "jump", "start")
        table: list[tuple[str, ...]] = [head]
        for row in self._rows:
            size = " × ".join(map(str, row.size))
            values = (row.receptive_field, row.jump, row.start)
            table.append((row.name, row.layer, size, *map(_short, values)))
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = []
        for cells in table:
            left = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
            right = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
            lines.append("  ".join([*left, *right]))
        return "\n".join(lines)


def _short(values: Sequence[Number]) -> str:
    """Write one value if it is the same along all axes."""
    return str(values[0]) if len(set(values)) == 1 else " × ".join(map(str, values))


def receptive_field(
    model: nn.Module, input_size: SizeLike, *, in_channels: int | None = None
) -> ReceptiveFields:
    """Return, for each layer of `model`, the receptive field, the jump and the start of its output.

    Shapes: any model that takes an image (1, in_channels, *input_size), with 1 to 3 axes.

    >>> model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3))
    >>> receptive_field(model, 32)
    name  layer         size  receptive field  jump  start
    0     Conv2d     32 × 32                3     1     -1
    1     MaxPool2d  16 × 16                4     2     -1
    2     Conv2d     14 × 14                8     2     -1
    >>> receptive_field(model, 32)["2"].window(13, 13)
    ((25, 32), (25, 32))

    Args:
        model: the network. It is copied without its numbers: weights, device, mode and hooks stay
            as they are. In train mode, heads that only train are followed, too.
        input_size: pixels of the image along each axis, at least 1; an int for every axis of the
            first convolution.
        in_channels: channels of the image, at least 1; by default those that the first convolution
            of `model` takes.

    Returns:
        A table: one `LayerField` for each layer of torch and each function, in the order of the
        computation.

    Raises:
        ValueError: if the image does not fit the model, if branches with different jumps are
            joined, if a layer does what is not known here, or if what the model computes depends on
            the values of the image.

    The field is counted from the first to the last pixel; with dilation there are holes between
    them. It is not cut off at the border: pixel -1 is padding (`LayerField.window(inside=True)`
    cuts). Branches are joined: the field of a sum or of `cat` is the union. A layer that looks at
    the whole map (a fully connected one, a global mean) sees all that the map sees, and keeps its
    jump: by so much its window would move if it moved on by one position. Weights that are 0,
    maxima that are never taken and the statistics of normalization layers are not regarded.
    Cost: one run without numbers; O(1) in the number of weights.

    Source: Araujo, Norris and Sim (2019), Computing receptive fields of convolutional neural
    networks, Distill, equations 2 and 3; `start` is minus their effective padding, `jump` their
    effective stride.

    Derived in the chapter Receptive fields and fully convolutional networks
    (book/07_receptive_fields.md).
    """
    with without_numbers():
        copied = meta_copy(model)
        image, size = meta_image(copied, input_size, in_channels)
        return _Run(copied, image, size).table()


class _Run(TorchFunctionMode):
    """One run of a model, which takes a row at each layer, and at each function outside of one."""

    def __init__(self, model: nn.Module, image: Tensor, size: tuple[int, ...]) -> None:
        super().__init__()
        self._follow = Follow(size)
        self._follow.note(image, whole_image(image.shape, len(size)))
        self._model, self._image, self._size = model, image, size
        self._inside: list[tuple[str, nn.Module]] = []  # the modules that are being called
        self._rows: list[LayerField] = []
        self._blocks: dict[str, LayerField] = {}
        self._calls: dict[str, int] = {}

    def table(self) -> ReceptiveFields:
        """Run the model and return its rows."""
        for name, module in self._model.named_modules():
            module.register_forward_pre_hook(lambda m, _, name=name: self._inside.append((name, m)))
            module.register_forward_hook(self._leave)
        self._function = ""
        try:
            with self._follow, self:
                self._model(self._image)
        except ValueError as error:
            raise ValueError(
                f"`model` must be a network to follow, but {self._where()} {error}"
            ) from None
        except Exception as error:
            why = reason(error)
            if "meta" in why or "item()" in why:
                why = "it computes with the values of the image, which a copy without numbers lacks"
            raise ValueError(
                f"`model` must take {pixels(self._image)}, but {self._where()} fails: {why}"
            ) from error
        if not self._rows:
            raise ValueError("`model` must have a layer, got one that returns its input")
        return ReceptiveFields(self._rows, self._blocks)

    def _where(self) -> str:
        name, module = self._inside[-1] if self._inside else ("", self._model)
        layer = f"layer `{name}` ({type(module).__name__})" if name else type(module).__name__
        outside = self._function and not is_layer(module)
        return f"`{self._function}` in {layer}" if outside else f"its {layer}" if name else layer

    def _leave(self, module: nn.Module, inputs: Any, output: Any) -> None:
        name, _ = self._inside.pop()
        state = self._follow.state(output)
        if state is None or any(is_layer(outer) for _, outer in self._inside):
            return
        if is_layer(module):
            self._rows.append(self._row(name, type(module).__name__, state))
        else:
            self._blocks[name] = _describe(name, type(module).__name__, state, self._size)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if any(is_layer(module) for _, module in self._inside):
            return func(*args, **(kwargs or {}))
        self._function = _plain(getattr(func, "__name__", str(func)))
        result = func(*args, **(kwargs or {}))
        outputs = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        state = self._follow.state(outputs)
        if state is not None and not QUIET.fullmatch(self._function):
            path = self._inside[-1][0] if self._inside else ""
            name = f"{path}.{self._function}" if path else self._function
            self._rows.append(self._row(name, self._function, state))
        self._function = ""
        return result

    def _row(self, name: str, layer: str, state: State) -> LayerField:
        self._calls[name] = self._calls.get(name, 0) + 1
        again = f":{self._calls[name]}" if self._calls[name] > 1 else ""
        return _describe(name + again, layer, state, self._size)


# Functions that only name, copy or cut: no row
QUIET = re.compile(
    "get|getitem|contiguous|clone|detach|to|type|float|double|half|size|unsqueeze|squeeze|view|"
    "reshape|expand|expand_as|permute|transpose|movedim|chunk|split|unbind|narrow|select|"
    "zeros_like|ones_like|set|data|requires_grad"
)


def _plain(name: str) -> str:
    """Return the name of a function without the underscores of operators and in-place versions."""
    name = name.strip("_")
    return re.sub(r"^[ir](add|sub|mul|truediv|div|pow|matmul|floordiv)$", r"\1", name)


def _describe(name: str, layer: str, state: State, image_size: tuple[int, ...]) -> LayerField:
    size = tuple(state.size(axis) for axis in range(len(state.axes)))
    starts = []
    for axis in state.axes:
        first = next(window for window in axis.windows if window)
        starts.append((axis.at(0) or first)[0])
    return LayerField(
        name,
        layer,
        size,
        tuple(axis.largest(n) for axis, n in zip(state.axes, size, strict=True)),
        tuple(axis.jump for axis in state.axes),
        tuple(starts),
        image_size,
        state.axes,
    )
