"""The layer table lab: the layers of the lecture's networks, what each costs and what it sees."""

import base64
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any

import traitlets

from course_lib._checks import one_of, whole_number_from
from course_lib.widgets.base import CourseWidget, mount_html

__all__ = ["NETWORKS", "LayerTableLab", "percent", "retina_pixels", "table_of"]

SIDE = 96  # rows and columns of the image that is carried along

# Name of the lab: title, function of course_lib.models, rows and columns of its images, keywords.
NETWORKS: dict[str, tuple[str, str, int, dict[str, Any]]] = {
    "lenet5": ("LeNet-5 (1998, as built today)", "lenet5_dense", 32, {}),
    "alexnet": ("AlexNet (2012, as in torchvision)", "alexnet", 224, {}),
    "vgg16": ("VGG-16 (2014)", "vgg16", 224, {}),
    "googlenet": (
        "GoogLeNet (2014, as in torchvision)",
        "googlenet",
        224,
        {"aux_logits": False},
    ),
    "inception_v3": ("Inception v3 (2015)", "inception_v3", 299, {"aux_logits": False}),
    "resnet18": ("ResNet-18 (2015)", "resnet18", 224, {}),
    "resnet50": ("ResNet-50 (2015)", "resnet50", 224, {}),
    "densenet121": ("DenseNet-121 (2017)", "densenet121", 224, {}),
}
_KINDS = {
    "Conv2d": "convolution",
    "Linear": "fully connected",
    "MaxPool2d": "max pooling",
    "AvgPool2d": "mean pooling",
    "AdaptiveAvgPool2d": "mean pooling",
}
HEAD = ("Layer", "Output", "Parameters", "MACs", "Field")


@lru_cache
def table_of(name: str) -> dict[str, Any]:
    """Compute what the lab shows of a network, with `course_lib.arithmetic.layer_table`.

    Shown are the layers that convolve, pool or are fully connected. Normalizations have parameters
    as well: `normalization` is their sum, so that the parameters add up.

    >>> vgg = table_of("vgg16")
    >>> vgg["parameters"], len(vgg["layers"]), vgg["layers"][0][:6]
    (138357544, 21, ['features.0', '', 'convolution', '3 × 3', 1, '1'])

    Args:
        name: One of `NETWORKS`.

    Returns:
        Title, size and channels of the image, parameters, macs, normalization, and layers: name,
        block ("" outside of one), kind, kernel, stride, padding ("" and 0 without a window), maps,
        positions along an axis, parameters, macs, field, jump and start.
    """
    import torch

    from course_lib import models
    from course_lib.arithmetic import count_macs, count_parameters, layer_table

    one_of("name", name, tuple(NETWORKS))
    title, function, size, keywords = NETWORKS[name]
    with torch.device("meta"):
        model = getattr(models, function)(**keywords).eval()
    every = layer_table(model, size)
    layers: list[list[Any]] = []
    for row in every:
        side = row.size[0]
        adaptive = row.layer.startswith("Adaptive")
        if row.layer not in _KINDS or (adaptive and layers[-1][7] == side):
            continue  # an adaptive pooling of 7 × 7 to 7 × 7 does nothing
        layers.append(
            [
                row.name,
                _block(row.name),
                _KINDS[row.layer],
                " × ".join(map(str, row.kernel)),
                row.stride[0] if row.stride else 0,
                str(row.padding[0]) if len(set(row.padding)) == 1 else _listed(row.padding),
                row.shape[0],
                side,
                row.parameters,
                row.macs,
                row.receptive_field[0],
                row.jump[0],
                row.start[0],
            ]
        )
    blocks = [layer[1] for layer in layers]
    for layer in layers:
        if blocks.count(layer[1]) == 1:
            layer[1] = ""  # a block of one layer is none
    total = count_parameters(model)
    return {
        "name": name,
        "title": title,
        "size": size,
        "channels": 1 if name == "lenet5" else 3,
        "parameters": total,
        "macs": count_macs(model, size),
        "normalization": total - sum(layer[8] for layer in layers),
        "layers": layers,
    }


def _block(name: str) -> str:
    """Return the block of a layer: the first part of its name that is no mere container."""
    parts = name.split(".")
    if parts[0] in ("features", "classifier"):
        parts = parts[1:]
    return "" if len(parts) < 2 or parts[0].isdigit() else parts[0]


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))


def percent(part: int, whole: int) -> str:
    """Write a share with one decimal, as the lab does.

    >>> percent(1, 3), percent(1, 10_000), percent(0, 3)
    ('33.3%', '<0.1%', '0.0%')
    """
    tenths = int(1000 * part / whole + 0.5)
    return "<0.1%" if part and not tenths else f"{tenths // 10}.{tenths % 10}%"


@lru_cache
def retina_pixels() -> str:
    """Shrink the retina to 96 × 96 pixels: red, green, blue of each, as base64 of their bytes."""
    import torch

    from course_lib.data import retina

    pixels, _ = retina(SIDE)
    colors = (pixels * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous()
    return base64.b64encode(colors.numpy().tobytes()).decode("ascii")


class LayerTableLab(CourseWidget):
    """Walk through the layers of a network: shape, parameters, MACs, and what an output sees.

    The traits follow what the reader chooses.

    Args:
        networks: Names of `NETWORKS`, in the order of the list; all by default.
        network: The one that is shown first; the first of the list by default.
        layer: Name of its layer that is shown first; the second by default.
        row: Row of that layer's output, from 0; None for the middle.
        column: Its column, from 0; None for the middle.

    Raises:
        ValueError: If there is no such network, layer or output.

    Example:
        >>> lab = LayerTableLab(["alexnet", "vgg16"], network="vgg16", layer="features.30")
        >>> lab.facts()["receptive field"]
        '212 × 212'
    """

    _module = "layer_table_lab"

    image = traitlets.Unicode().tag(sync=True)
    networks: traitlets.List[Any] = traitlets.List().tag(sync=True)
    network = traitlets.Int(0).tag(sync=True)
    shown = traitlets.Int(0).tag(sync=True)
    row = traitlets.Int(0).tag(sync=True)
    column = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        networks: Sequence[str] = tuple(NETWORKS),
        *,
        network: str | None = None,
        layer: str | None = None,
        row: int | None = None,
        column: int | None = None,
    ) -> None:
        """Check the choice and compute the tables."""
        names = [networks] if isinstance(networks, str) else list(networks)
        if not names:
            raise ValueError("`networks` must name at least one network, got none")
        for name in names:
            one_of("networks", name, tuple(NETWORKS))
        chosen = names[0] if network is None else network
        one_of("network", chosen, tuple(names))
        tables = [table_of(name) for name in names]
        layers = tables[names.index(chosen)]["layers"]
        known = [each[0] for each in layers]
        if layer is not None:
            one_of("layer", layer, known)
        shown = 1 if layer is None else known.index(layer)
        last = layers[shown][7] - 1
        place = {
            axis: last // 2 if value is None else whole_number_from(0, last, axis, value)
            for axis, value in {"row": row, "column": column}.items()
        }
        super().__init__(
            image=retina_pixels(),
            networks=tables,
            network=names.index(chosen),
            shown=shown,
            **place,
        )

    def facts(self) -> dict[str, str]:
        """Return what the lab says of the chosen layer, as words."""
        table = self.networks[self.network]
        name, _, kind, kernel, stride, padding, maps, side, count, macs, field, jump, start = table[
            "layers"
        ][self.shown]
        window = f" {kernel}, stride {stride}, padding {padding}" if kernel else ""
        return {
            "layer": f"{name}: {kind}{window}",
            "output": _shape(maps, side),
            "parameters": f"{count:,} ({percent(count, table['parameters'])})",
            "MACs": f"{macs:,} ({percent(macs, table['macs'])})",
            "receptive field": f"{field} × {field}",
            "jump and start": f"{jump}, {start}".replace("-", "−"),
        }

    def _lines(self) -> list[list[str]]:
        """Return the lines of the static table: one a layer, or one a block."""
        lines: list[list[Any]] = []
        for name, block, *_, maps, side, count, macs, field, _, _ in self.networks[self.network][
            "layers"
        ]:
            title = block or name
            if block and lines and lines[-1][0] == block:
                count, macs = count + lines[-1][2], macs + lines[-1][3]
                lines.pop()
            lines.append([title, _shape(maps, side), count, macs, field])
        return [[a, b, f"{c:,}", f"{d:,}", f"{e} × {e}"] for a, b, c, d, e in lines]

    def _sentence(self) -> str:
        table = self.networks[self.network]
        return (
            f"{table['title']}, images of {table['size']} × {table['size']} pixels: "
            f"{table['parameters']:,} parameters, {table['macs']:,} multiply-accumulates."
        )

    def _static_mount(self) -> str:
        head = "".join(f'<th scope="col">{escape(word)}</th>' for word in HEAD)
        body = "".join(
            f'<tr><th scope="row">{escape(line[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in line[1:])
            + "</tr>"
            for line in self._lines()
        )
        html = (
            '<div class="cw-card"><p class="cw-kicker">Layer table lab</p>'
            f"<p>{escape(self._sentence())}</p>"
            f'<div class="cw-scroll"><table class="cw-layers"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
            '<p class="cw-note">To look into each layer and to see its field on an image, run this '
            "cell (notebook) or turn on JavaScript (website).</p></div>"
        )
        return mount_html(
            self._module, self._static_state(), html, title="Layer table lab", height="56rem"
        )

    def _static_text(self) -> str:
        lines = [list(HEAD), *self._lines()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rows = (
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return "\n\n".join(["Layer table lab", self._sentence(), "\n".join(rows)])


def _shape(maps: int, side: int) -> str:
    return f"{maps} × {side} × {side}" if side > 1 else str(maps)
