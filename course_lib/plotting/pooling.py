"""Figures of the chapter Pooling and downsampling."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

GREEN = "#009e73"  # of Okabe and Ito's palette, as ACCENT and ACCENT_2


def show_network(stages: Sequence[tuple[str, Sequence[int]]], pooled: Sequence[str]) -> Figure:
    """Draw a network from left to right: its maps as stacks of squares, its vectors as bars.

    >>> figure = show_network([("input", (1, 32, 32)), ("S2", (6, 14, 14))], pooled=["S2"])
    >>> plt.close(figure)

    Args:
        stages: For each layer its name and the shape of its output: (C, H, W), or (C,).
        pooled: Names of the layers to draw in the second color.

    Returns:
        The figure; squares are as wide as their maps, up to eight of a stack are drawn.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 1.9))
    left, step = 0.0, 1.3
    for name, shape in stages:
        color = ACCENT_2 if name in pooled else ACCENT
        width = shape[-1] if len(shape) == 3 else 3
        height = width if len(shape) == 3 else shape[0] / 4
        gap = 6.5 if len(shape) == 3 else 11.0
        shown = min(shape[0], 8) if len(shape) == 3 else 1
        for index in range(shown):
            corner = (left + step * index, -height / 2 + step * (shown / 2 - index) - step / 2)
            ax.add_patch(Rectangle(corner, width, height, facecolor="white", edgecolor=color))
        middle = left + (width + step * (shown - 1)) / 2
        size = f"{shape[0]}×\n{shape[1]}×{shape[2]}" if len(shape) == 3 else str(shape[0])
        ax.text(middle, 22.5, name, ha="center", va="bottom", fontsize=13, color=color)
        ax.text(middle, -22.5, size, ha="center", va="top", fontsize=12, color=color)
        left += width + step * (shown - 1) + gap
    ax.set_xlim(-1, left)
    ax.set_ylim(-38, 30)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return figure


def show_windows(size: int, windows: Sequence[Sequence[tuple[int, int]]]) -> Figure:
    """Draw windows along one axis, as bars below numbered cells.

    >>> figure = show_windows(5, [[(0, 2), (2, 4)], [(0, 2), (2, 4), (4, 6)]])
    >>> plt.close(figure)

    Args:
        size: How many cells the input has.
        windows: One list for each drawing; a window is (start, stop) from 0, stop excluded. It
            may reach past the end.

    Returns:
        The figure: a row of cells with its bars for each list.
    """
    rows = [1 + 0.55 * len(bars) + 0.5 for bars in windows]
    figure, ax = plt.subplots(figsize=(WIDTH, 0.4 * sum(rows)))
    last = max(size, *(stop for bars in windows for _, stop in bars))
    top = 0.0
    for bars, height in zip(windows, rows, strict=True):
        read = {cell for start, stop in bars for cell in range(start, stop)}
        for cell in range(size):
            missed = cell not in read
            ax.add_patch(
                Rectangle(
                    (cell, top),
                    1,
                    1,
                    facecolor="#e8e8e8" if missed else "white",
                    edgecolor="black",
                    hatch="///" if missed else None,
                )
            )
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5} if missed else None
            ax.text(cell + 0.5, top + 0.5, str(cell + 1), ha="center", va="center", bbox=box)
        for number, (start, stop) in enumerate(bars):
            y = top + 1.35 + 0.55 * number
            inside = [start + 0.12, min(stop, size) - 0.12]
            ax.plot(inside, [y, y], color=ACCENT, linewidth=6, solid_capstyle="butt")
            if stop > size:
                ax.plot([size, stop - 0.12], [y, y], color=ACCENT, linewidth=6, linestyle=":")
        top += height
    ax.set_xlim(-0.1, last + 0.1)
    ax.set_ylim(top - 0.3, -0.1)
    ax.set_axis_off()
    return figure


def show_bytes(
    labels: Sequence[str], amounts: Mapping[str, Sequence[float]], *, unit: str = "MiB"
) -> Figure:
    """Draw for each layer how many bytes its output takes, one color a network.

    >>> figure = show_bytes(["first", "second"], {"a": [4, 4], "b": [4, 1]})
    >>> plt.close(figure)

    Args:
        labels: A name for each layer.
        amounts: For each network, at most two, one amount a layer.
        unit: What they are counted in.

    Returns:
        The figure, with the amounts written beside the bars.

    Raises:
        ValueError: If there are no networks or more than two.
    """
    colors = (ACCENT, ACCENT_2)
    if not 1 <= len(amounts) <= len(colors):
        raise ValueError(f"`amounts` must have 1 or 2 networks, got {len(amounts)}")
    figure, ax = plt.subplots(figsize=(WIDTH, 0.75 + 0.72 * len(labels)))
    most = max(max(values) for values in amounts.values())
    for number, ((name, values), color) in enumerate(zip(amounts.items(), colors, strict=False)):
        places = [place + 0.36 * number for place in range(len(values))]
        ax.barh(places, values, height=0.34, color=color, label=name)
        for place, value in zip(places, values, strict=True):
            ax.text(value + most * 0.02, place, f"{value:g}", va="center", fontsize=12)
    ax.set_yticks([place + 0.18 for place in range(len(labels))], labels)
    ax.invert_yaxis()
    ax.set_xlim(0, most * 1.15)
    ax.set_xlabel(unit)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=12)
    return figure


def show_changes(changes: Mapping[str, Sequence[Sequence[float]]], *, x: str, y: str) -> Figure:
    """Draw one line for each way of making maps smaller, with bars from the least to the most.

    >>> figure = show_changes({"max": [[0.6, 0.7], [0.4, 0.5]]}, x="layers", y="change")
    >>> plt.close(figure)

    Args:
        changes: For each name, at most four, what was measured at 0, 1, 2, ... layers: a list of
            numbers each.
        x: What runs to the right.
        y: What runs upward.

    Returns:
        The figure; points are means.

    Raises:
        ValueError: If there are no names or more than four.
    """
    looks = ((ACCENT_2, "o-"), (ACCENT, "s-"), (GREEN, "^-"), ("#000000", "D--"))
    if not 1 <= len(changes) <= len(looks):
        raise ValueError(f"`changes` must have 1 to {len(looks)} names, got {len(changes)}")
    figure, ax = plt.subplots(figsize=(WIDTH, 3.4))
    for number, ((name, measured), (color, style)) in enumerate(
        zip(changes.items(), looks, strict=False)
    ):
        aside = 0.05 * (number - (len(changes) - 1) / 2)  # bars must not hide one another
        means = [sum(values) / len(values) for values in measured]
        down = [mean - min(values) for mean, values in zip(means, measured, strict=True)]
        up = [max(values) - mean for mean, values in zip(means, measured, strict=True)]
        places = [place + aside for place in range(len(means))]
        ax.errorbar(places, means, [down, up], fmt=style, color=color, capsize=3, label=name)
    count = max(map(len, changes.values()))
    ax.set_xticks(range(count))
    ax.set_ylim(bottom=0)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    figure.legend(
        loc="outside upper center", ncols=len(changes), columnspacing=1, frameon=False, fontsize=12
    )
    return figure
