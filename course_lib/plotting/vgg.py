"""Drawings of the chapter VGG: stacked windows, where the numbers sit, how the signal fades."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH


def show_stack(layers: int) -> Figure:
    """Draw what one output of stacked 3 x 3 convolutions sees on each map, down to the image.

    >>> figure = show_stack(2)
    >>> len(figure.axes)
    3
    >>> plt.close(figure)

    Args:
        layers: Number of convolutions, 1 to 4.
    """
    figure, axes = plt.subplots(1, layers + 1, figsize=(WIDTH, 2.6))
    cells = 2 * layers + 3
    for depth, ax in enumerate(axes):
        seen = 2 * (layers - depth) + 1
        for row in range(cells):
            for column in range(cells):
                ax.add_patch(
                    Rectangle((column, row), 1, 1, facecolor="white", edgecolor="#999999", lw=0.6)
                )
        first = (cells - seen) / 2
        ax.add_patch(
            Rectangle((first, first), seen, seen, facecolor=ACCENT, alpha=0.35, lw=0, zorder=2)
        )
        if seen > 1:  # the window of one output of the next map
            ax.add_patch(
                Rectangle(
                    (first, first), 3, 3, fill=False, edgecolor=ACCENT_2, lw=2.5, ls="--", zorder=3
                )
            )
        ax.set_xlim(-0.1, cells + 0.1)
        ax.set_ylim(cells + 0.1, -0.1)
        ax.set_aspect("equal")
        ax.set_title("image" if depth == 0 else f"map {depth}")
        ax.text(cells / 2, cells + 1.4, f"{seen} × {seen}", ha="center", va="center")
        ax.axis("off")
    return figure


def show_costs(names: Sequence[str], parameters: Sequence[int], macs: Sequence[int]) -> Figure:
    """Draw the share of each layer of the parameters and of the multiply-accumulates.

    >>> figure = show_costs(["conv", "fc"], [1, 3], [9, 1])
    >>> figure.axes[0].get_xlabel()
    '% of parameters'
    >>> plt.close(figure)

    Args:
        names: Of the layers, from the image on.
        parameters: Of each layer.
        macs: Of each layer.
    """
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 0.27 * len(names) + 1.0), sharey=True)
    places = range(len(names))
    for ax, values, word, color in (
        (axes[0], parameters, "parameters", ACCENT),
        (axes[1], macs, "MACs", ACCENT_2),
    ):
        ax.barh(places, [100 * value / sum(values) for value in values], color=color)
        ax.set_xlabel(f"% of {word}")
        ax.grid(axis="x", color="#dddddd")
        ax.set_axisbelow(True)
    axes[0].set_yticks(places, list(names))
    axes[0].invert_yaxis()
    return figure


def show_signal(lines: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the standard deviation of each layer's maps, on a logarithmic scale.

    >>> figure = show_signal({"0.01": [1, 0.1], "He": [1, 1]})
    >>> figure.axes[0].get_yscale()
    'log'
    >>> plt.close(figure)

    Args:
        lines: For each of up to three ways to start, a number above 0 for each layer.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.6))
    looks = ((ACCENT_2, "o--"), (ACCENT, "s-"), ("#009e73", "^-."))
    for (name, values), (color, style) in zip(lines.items(), looks, strict=False):
        ax.semilogy(
            range(1, len(values) + 1), values, style, color=color, linewidth=2.5, label=name
        )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("convolution, from the image on")
    ax.set_ylabel("standard deviation")
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure
