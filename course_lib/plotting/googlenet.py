"""The figures of the chapter Network in Network and GoogLeNet (book/11_googlenet.md)."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_lib.models.googlenet import Inception
from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

BRANCHES = ("#999999", "#56b4e9", "#e69f00", "#f0e442")  # Okabe and Ito's: one for each branch
_HALF = 0.42  # of a box's width


def show_module(module: Inception, in_channels: int) -> Figure:
    """Draw a module: what comes in below, four branches, and the joined maps above, to scale.

    >>> module = Inception(480, 192, 96, 208, 16, 48, 64)
    >>> figure = show_module(module, 480)
    >>> [text.get_text() for text in figure.axes[0].texts][-1]
    '512 maps out'
    >>> plt.close(figure)

    Args:
        module: Any; it is read, not run.
        in_channels: Maps that come in.

    Returns:
        The figure. The upper bar is divided as the branches divide the maps.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 4.0))
    branches = _boxes(module)
    for x, (boxes, color) in enumerate(zip(branches, BRANCHES, strict=True)):
        ax.plot([x, x], [0, 3.3], color="black", linewidth=1.2, zorder=0)
        for (kernel, maps), y in zip(boxes, (1, 2) if len(boxes) > 1 else (1.5,), strict=True):
            _draw_box(ax, x - _HALF, y, 2 * _HALF, color)
            ax.text(x, y + 0.1, kernel, ha="center", va="center", fontsize=11)
            ax.text(x, y - 0.16, maps, ha="center", va="center", fontsize=11)
    _draw_box(ax, -_HALF, 0, 3 + 2 * _HALF, "white")
    ax.text(1.5, 0, f"{in_channels} maps in", ha="center", va="center")
    out = [int(boxes[-1][1].removeprefix("→ ")) for boxes in branches]
    left, width = -_HALF, 3 + 2 * _HALF
    for number, color in zip(out, BRANCHES, strict=True):
        share = width * number / sum(out)
        _draw_box(ax, left, 3.3, share, color)
        ax.text(left + share / 2, 3.3, str(number), ha="center", va="center", fontsize=11)
        left += share
    ax.text(1.5, 3.85, f"{sum(out)} maps out", ha="center", va="center")
    ax.set_xlim(-0.5, 3.5)
    ax.set_ylim(-0.45, 4.1)
    ax.set_axis_off()
    return figure


def _boxes(module: Inception) -> list[list[tuple[str, str]]]:
    """Return kernel and maps of each step of each branch, from the input on."""
    found = []
    for branch in (module.branch1, module.branch2, module.branch3, module.branch4):
        steps = []
        for part in branch.modules():
            if isinstance(part, torch.nn.Conv2d):
                kernel = " × ".join(str(n) for n in part.kernel_size)
                steps.append((kernel, f"→ {part.out_channels}"))
            elif isinstance(part, torch.nn.MaxPool2d):
                steps.append((f"{part.kernel_size} × {part.kernel_size}", "max"))
        found.append(steps)
    return found


def _draw_box(ax: Axes, left: float, y: float, width: float, color: str) -> None:
    ax.add_patch(Rectangle((left, y - 0.33), width, 0.66, facecolor=color, edgecolor="#555555"))


def show_help(layers: Sequence[str], ratios: Mapping[str, Sequence[float]]) -> Figure:
    """Draw by what factor the side heads change the gradient of each layer.

    >>> figure = show_help(["conv1", "3a"], {"as in the paper": [2, 2], "with batch norm": [1, 1]})
    >>> figure.axes[0].get_ylabel()
    'gradient with / without heads'
    >>> plt.close(figure)

    Args:
        layers: Their names, from the image on.
        ratios: For each of two networks a number above 0 for each layer.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.8))
    looks = (("o-", ACCENT), ("s--", ACCENT_2))
    for (name, values), (style, color) in zip(ratios.items(), looks, strict=True):
        ax.plot(range(len(layers)), values, style, color=color, linewidth=2.2, label=name)
    ax.set_xticks(range(len(layers)), layers, rotation=90)
    ax.set_xlabel("layer or module, from the image on")
    ax.set_ylabel("gradient with / without heads", fontsize=12)
    ax.set_ylim(bottom=0)
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, handlelength=1.8)
    return figure


def show_patches(patches: Mapping[str, Tensor]) -> Figure:
    """Draw the strongest patches of some channels, one panel a layer, one row a channel.

    >>> figure = show_patches({"a": torch.zeros(2, 5, 1, 3, 3), "b": torch.zeros(2, 5, 1, 9, 9)})
    >>> [ax.get_title() for ax in figure.axes]
    ['a: 3 × 3 pixels', 'b: 9 × 9 pixels']
    >>> plt.close(figure)

    Args:
        patches: For each layer a tensor (channels, count, 1, h, w). Each patch is drawn from its
            darkest pixel, black, to its brightest, white.

    Returns:
        The figure. A patch is as large on the page in every panel, however few pixels it has.
    """
    rows = [len(tensor) for tensor in patches.values()]
    columns = max(tensor.shape[1] for tensor in patches.values())
    height = sum(rows) * WIDTH / columns * 0.92 + 0.45 * len(rows)
    figure, axes = plt.subplots(
        len(rows), 1, figsize=(WIDTH, height), height_ratios=rows, squeeze=False
    )
    for ax, (name, tensor) in zip(axes.flat, patches.items(), strict=True):
        size = tensor.shape[-1]
        for row, channel in enumerate(tensor):
            for column, patch in enumerate(channel):
                ax.imshow(
                    patch[0].numpy(),
                    extent=(column + 0.04, column + 0.96, row + 0.96, row + 0.04),
                )
        ax.set_xlim(0, columns)
        ax.set_ylim(len(tensor), 0)
        ax.set_aspect("equal")
        ax.set_axis_off()
        ax.set_title(f"{name}: {size} × {size} pixels", fontsize=12)
    return figure
