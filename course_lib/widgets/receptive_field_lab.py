"""The receptive field lab: stack layers, and see on an image what one output sees."""

import base64
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any

import traitlets

from course_lib._checks import whole_number_from
from course_lib.arithmetic import conv_output_size, pool_output_size
from course_lib.widgets.base import CourseWidget, mount_html

__all__ = ["PRESETS", "SIZE", "ReceptiveFieldLab", "carry", "seen_pixels"]

Layer = tuple[str, int, int, int, int]

SIZE = 64  # rows and columns of the image
MOST_LAYERS = 8
LIMITS = {"kernel": (1, 9), "stride": (1, 4), "padding": (0, 8), "dilation": (1, 8)}
KINDS = {"conv": "convolution", "pool": "pooling"}


def _conv(kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Layer:
    return ("conv", kernel, stride, padding, dilation)


_HALVE: Layer = ("pool", 2, 2, 0, 1)
_SAME = _conv(3, 1, 1)
PRESETS: tuple[tuple[str, tuple[Layer, ...]], ...] = (
    ("LeNet, its feature part", (_conv(5), _HALVE, _conv(5), _HALVE)),
    ("VGG, its first blocks", (_SAME, _SAME, _HALVE, _SAME, _SAME, _HALVE, _SAME, _SAME)),
    ("ResNet, its first layers", (_conv(7, 2, 3), ("pool", 3, 2, 1, 1), _SAME, _SAME)),
    ("Eight layers of 3 × 3", (_SAME,) * 8),
    ("Dilation 1, 2, 4, 8", tuple(_conv(3, 1, d, d) for d in (1, 2, 4, 8))),
    ("Dilation 2, 2, 2 (with holes)", (_conv(3, 1, 2, 2),) * 3),
)


def carry(layers: Sequence[Layer], size: int = SIZE) -> list[tuple[int, int, int, int]]:
    """Carry map size, field, jump and start through the layers; the first row is the image.

    Example:
        >>> carry([("conv", 5, 1, 0, 1), ("pool", 2, 2, 0, 1)])
        [(64, 1, 1, 0), (60, 5, 1, 0), (30, 6, 2, 0)]
    """
    field, jump, start = 1, 1, 0
    rows = [(size, field, jump, start)]
    for number, (kind, kernel, stride, padding, dilation) in enumerate(layers, 1):
        measure = pool_output_size if kind == "pool" else conv_output_size
        try:
            size = measure(size, kernel, padding=padding, stride=stride, dilation=dilation)
        except ValueError as error:
            raise ValueError(f"`layers` must fit; in layer {number}, {error}") from None
        field += dilation * (kernel - 1) * jump
        start -= padding * jump
        jump *= stride
        rows.append((size, field, jump, start))
    return rows


def seen_pixels(layers: Sequence[Layer], position: int, size: int = SIZE) -> list[int]:
    """List the pixels along one axis that act on an output, without those of the padding.

    Example:
        >>> seen_pixels([("conv", 3, 1, 2, 2)], 0), seen_pixels([("conv", 3, 1, 2, 2)], 9)
        ([0, 2], [7, 9, 11])
    """
    sizes = [row[0] for row in carry(layers, size)]
    seen = {position}
    for (_, kernel, stride, padding, dilation), room in zip(
        layers[::-1], sizes[-2::-1], strict=True
    ):
        taps = {i * stride - padding + dilation * tap for i in seen for tap in range(kernel)}
        seen = {i for i in taps if 0 <= i < room}
    return sorted(seen)


@lru_cache
def ct_pixels() -> str:
    """Shrink the CT slice to 64 × 64 gray values (window 40/400 HU), as base64 of its bytes."""
    import torch

    from course_lib.data import ct_slice

    small = torch.nn.functional.avg_pool2d(ct_slice()[0], 2)[0]
    gray = ((small + 160) / 400 * 255).clamp(0, 255).round().to(torch.uint8)
    return base64.b64encode(gray.numpy().tobytes()).decode("ascii")


class ReceptiveFieldLab(CourseWidget):
    """Stack layers and see which pixels of a CT slice one output sees.

    The traits follow what the reader chooses.

    Args:
        layers: Up to 8 layers (kind, kernel, stride, padding, dilation), kind "conv" or "pool".
        shown: The number of the layer whose output is looked at, from 1; None for the last.
        row: Row of that output, from 0; None for the middle.
        column: Its column, from 0; None for the middle.

    Raises:
        ValueError: If a layer is none, does not fit on what is left of the image, or there is no
            such layer or output.

    Example:
        >>> lab = ReceptiveFieldLab()
        >>> lab.table()[-1]  # map size, field, jump, start
        (13, 16, 4, 0)
        >>> ReceptiveFieldLab([("conv", 9, 1, 0, 1)] * 8)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: `layers` must fit; in layer 8, `kernel_size` must be at most the padded ...
    """

    _module = "receptive_field_lab"

    image = traitlets.Unicode().tag(sync=True)
    presets: traitlets.List[Any] = traitlets.List().tag(sync=True)
    layers: traitlets.List[Any] = traitlets.List().tag(sync=True)
    shown = traitlets.Int(1).tag(sync=True)
    row = traitlets.Int(0).tag(sync=True)
    column = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        layers: Sequence[Layer] = PRESETS[0][1],
        *,
        shown: int | None = None,
        row: int | None = None,
        column: int | None = None,
    ) -> None:
        """Check the stack, so that the lab starts with one that works."""
        checked = _checked(layers)
        rows = carry(checked)
        depth = len(checked)
        depth = depth if shown is None else whole_number_from(1, depth, "shown", shown)
        last = rows[depth][0] - 1
        at = {"row": row, "column": column}
        place = {
            name: last // 2 if value is None else whole_number_from(0, last, name, value)
            for name, value in at.items()
        }
        super().__init__(
            image=ct_pixels(),
            presets=[[name, [list(layer) for layer in stack]] for name, stack in PRESETS],
            layers=[list(layer) for layer in checked],
            shown=depth,
            **place,
        )

    def table(self) -> list[tuple[int, int, int, int]]:
        """Return (map size, field, jump, start) of the image and of each layer's output."""
        return carry([tuple(layer) for layer in self.layers])

    def _lines(self) -> list[list[str]]:
        names = ["image", *(_name(*layer) for layer in self.layers)]
        return [
            [name, f"{size} × {size}", f"{field} × {field}", str(jump), str(start)]
            for name, (size, field, jump, start) in zip(names, self.table(), strict=True)
        ]

    def _sentence(self) -> str:
        _, field, jump, start = self.table()[self.shown]
        top, left = start + self.row * jump, start + self.column * jump
        return (
            f"Output row {self.row}, column {self.column} of layer {self.shown} sees rows {top} to "
            f"{top + field - 1} and columns {left} to {left + field - 1} of the image, which has "
            f"rows and columns 0 to {SIZE - 1}."
        ).replace("-", "−")

    def _static_mount(self) -> str:
        head = "".join(f'<th scope="col">{escape(word)}</th>' for word in HEAD)
        body = "".join(
            f'<tr><th scope="row">{escape(line[0])}</th>'
            + "".join(f"<td>{escape(_signed(cell))}</td>" for cell in line[1:])
            + "</tr>"
            for line in self._lines()
        )
        html = (
            '<div class="cw-card"><p class="cw-kicker">Receptive field lab</p>'
            f'<div class="cw-scroll"><table class="cw-layers"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div><p>{escape(self._sentence())}</p>"
            '<p class="cw-note">To change the layers and to see the field on an image, run this '
            "cell (notebook) or turn on JavaScript (website).</p></div>"
        )
        return mount_html(
            self._module, self._static_state(), html, title="Receptive field lab", height="58rem"
        )

    def _static_text(self) -> str:
        lines = [list(HEAD), *([_signed(cell) for cell in line] for line in self._lines())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rows = (
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return "\n\n".join(["Receptive field lab", "\n".join(rows), self._sentence()])


HEAD = ("Layer", "Map", "Field", "Jump", "Start")


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _name(kind: str, kernel: int, stride: int, padding: int, dilation: int) -> str:
    parts = [f"{kind} {kernel}"]
    parts += [f"s {stride}"] * (stride > 1) + [f"p {padding}"] * (padding > 0)
    return ", ".join(parts + [f"d {dilation}"] * (dilation > 1))


def _checked(layers: Any) -> list[Layer]:
    try:
        listed = [tuple(layer) for layer in layers]
    except TypeError:
        listed = []
    if not 1 <= len(listed) <= MOST_LAYERS:
        raise ValueError(f"`layers` must be a list of 1 to {MOST_LAYERS} layers, got {layers!r}")
    for layer in listed:
        if len(layer) != 5 or layer[0] not in KINDS:
            expected = "(kind, kernel, stride, padding, dilation) with kind 'conv' or 'pool'"
            raise ValueError(f"`layers` must be {expected}, got {layer!r}")
        for value, (name, (low, high)) in zip(layer[1:], LIMITS.items(), strict=True):
            whole_number_from(low, high, name, value)
    return listed
