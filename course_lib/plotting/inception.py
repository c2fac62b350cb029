"""Figures of the chapter Inception v2 and v3 (book/12_inception.md)."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from course_lib.models.inception_modules import HALVE, MEAN, Branch, Step
from course_lib.plotting.style import ACCENT, ACCENT_2, SIGNED, WIDTH

_COLORS = {"pooling": "#f0e442", "square": "#56b4e9", "flat": "#e69f00", "1 × 1": "#dddddd"}


def show_rank_one(kernel: Tensor, column: Tensor, row: Tensor) -> Figure:
    """Draw a square kernel, and the column and the row whose product it is.

    >>> import torch
    >>> figure = show_rank_one(torch.ones(3, 3), torch.ones(3), torch.ones(3))
    >>> [ax.get_title() for ax in figure.axes]
    ['9 weights', '3', '3']
    >>> plt.close(figure)

    Args:
        kernel: Of shape (n, n).
        column: Of shape (n,).
        row: Of shape (n,).

    Returns:
        The figure, with = and × between the three.
    """
    n = len(column)
    parts = [kernel, column[:, None], row[None]]
    titles = [f"{kernel.numel()} weights", str(n), str(n)]
    widths = [n, 1.6, n]
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.5), width_ratios=widths)
    for ax, part, title in zip(axes, parts, titles, strict=True):
        values = part.detach().cpu().double().numpy()
        reach = abs(values).max()
        ax.imshow(values, cmap=SIGNED, vmin=-reach, vmax=reach)
        ax.set_title(title)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[["top", "right"]].set_visible(True)
    axes[1].set_xlabel("column", fontsize=12)
    axes[2].set_xlabel("row", fontsize=12)
    for ax, sign in zip(axes[1:], "=×", strict=True):
        place = (-0.22, 0.5) if sign == "×" else (-1.3, 0.5)
        ax.annotate(sign, place, xycoords="axes fraction", fontsize=20, ha="center", va="center")
    return figure


def show_branches(modules: Mapping[str, Sequence[Branch]]) -> Figure:
    """Draw modules with one column a branch, from the bottom, where the maps come in, to the top.

    >>> figure = show_branches({"two": [(("one", 8, 1, 1),), (HALVE,)]})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1 × 1', 'max /2', 'stack']
    >>> plt.close(figure)

    Args:
        modules: For each title the branches of a module, as `inception_modules` gives them.

    Returns:
        The figure, one panel a module. The color of a box says what it is: gray 1 × 1, blue a
        square kernel, orange a row or a column, yellow a pooling.
    """
    heights = [max(len(branch) for branch in branches) for branches in modules.values()]
    figure, axes = plt.subplots(
        len(modules),
        1,
        figsize=(WIDTH, sum(0.48 * height + 1.05 for height in heights)),
        height_ratios=[0.48 * height + 0.9 for height in heights],
        squeeze=False,
    )
    for ax, (title, branches), height in zip(axes.flat, modules.items(), heights, strict=True):
        _draw_module(ax, branches, height)
        ax.set_title(title)
    return figure


def _draw_module(ax: Axes, branches: Sequence[Branch], height: int) -> None:
    for x, branch in enumerate(branches):
        for y, step in enumerate(branch):
            boxes = _boxes(step)
            for i, (text, color) in enumerate(boxes):
                width = 0.9 / len(boxes)
                _draw_box(ax, x - 0.45 + (i + 0.5) * width, y, width, text, color)
            ax.plot([x, x], [y - 0.6, y - 0.33], color="black", linewidth=1.2, zorder=0)
        ax.plot([x, x], [len(branch) - 0.67, height - 0.2], color="black", linewidth=1.2, zorder=0)
    ends = [0, len(branches) - 1]
    ax.plot(ends, [-0.6, -0.6], color="black", linewidth=1.2)
    middle = sum(ends) / 2
    _draw_box(ax, middle, height, len(branches) - 0.1, "stack", "white")
    ax.set_xlim(-0.52, len(branches) - 0.48)
    ax.set_ylim(-0.75, height + 0.5)
    ax.set_axis_off()


def _draw_box(ax: Axes, x: float, y: float, width: float, text: str, color: str) -> None:
    box = FancyBboxPatch(
        (x - width / 2 + 0.04, y - 0.32),
        width - 0.08,
        0.64,
        boxstyle="round,pad=0,rounding_size=0.06",
        facecolor=color,
        edgecolor="#555555",
    )
    ax.add_patch(box)
    ax.text(x, y - 0.03, text, ha="center", va="center", fontsize=10.5)


def _boxes(step: Step) -> list[tuple[str, str]]:
    if isinstance(step, str):
        return [({MEAN: "mean", HALVE: "max /2"}[step], _COLORS["pooling"])]
    if isinstance(step, list):
        return [(f"{rows}×{columns}", _COLORS["flat"]) for _, _, rows, columns, *_ in step]
    _, _, rows, columns, *stride = step
    kind = "1 × 1" if rows == columns == 1 else "square" if rows == columns else "flat"
    return [(f"{rows} × {columns}" + (" /2" if stride else ""), _COLORS[kind])]


def show_gaps(gaps: Mapping[str, Sequence[float]], level: float, label: str) -> Figure:
    """Draw how often a gap between logits occurs, a histogram for each way to train.

    >>> figure = show_gaps({"plain": [9, 12], "smoothed": [4, 5]}, 4.5, "gap")
    >>> figure.axes[0].get_xlabel()
    'gap'
    >>> plt.close(figure)

    Args:
        gaps: For each way to train the gap of every image.
        level: Where to draw a dotted line.
        label: What the axis shows.

    Returns:
        The figure.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.2))
    highest = max(max(values) for values in gaps.values())
    looks = ((ACCENT, "/"), (ACCENT_2, "\\"))
    for (name, values), (color, hatch) in zip(gaps.items(), looks, strict=False):
        ax.hist(
            values,
            bins=40,
            range=(0, highest),
            histtype="stepfilled",
            facecolor=color + "55",
            edgecolor=color,
            hatch=hatch,
            linewidth=1.5,
            label=name,
        )
    ax.axvline(level, color="black", linestyle=":", linewidth=2)
    ax.set_xlabel(label)
    ax.set_ylabel("test images")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure
