"""The figures of the chapter ResNet (book/13_resnet.md)."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

COLORS = (ACCENT, ACCENT_2, "#009e73")
DASHES = ("-", "--", "-.")


def show_curves(curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]]) -> Figure:
    """Draw the training losses over the epochs, for each network the middle and range of its runs.

    >>> figure = show_curves({"plain": {"8 layers": [[2, 1], [2, 0.5]]}})
    >>> figure.axes[0].get_title(loc="left")
    'plain'
    >>> plt.close(figure)

    Args:
        curves: For each panel ("plain", "residual") and each label a list of runs, each with a loss
            above 0 for every epoch.
    """
    figure, axes = plt.subplots(
        len(curves), 1, figsize=(WIDTH, 0.6 + 2.7 * len(curves)), sharex=True, squeeze=False
    )
    for ax, (panel, networks) in zip(axes[:, 0], curves.items(), strict=True):
        for (label, runs), color, dash in zip(networks.items(), COLORS, DASHES, strict=False):
            columns = [sorted(values) for values in zip(*runs, strict=True)]
            epochs = range(1, len(columns) + 1)
            middle = [values[len(values) // 2] for values in columns]
            lowest, highest = [v[0] for v in columns], [v[-1] for v in columns]
            ax.fill_between(epochs, lowest, highest, color=color, alpha=0.2, linewidth=0)
            ax.semilogy(epochs, middle, dash, color=color, linewidth=2.5, label=label)
        ax.set_title(panel, loc="left")
        ax.set_ylabel("training loss")
        ax.grid(color="#dddddd")
    for ax in axes[:, 0]:
        ax.set_ylim(*_shared_limits(list(axes[:, 0])))
    axes[-1, 0].set_xlabel("epoch")
    axes[-1, 0].xaxis.get_major_locator().set_params(integer=True)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=3,
        frameon=False,
        handlelength=1.6,
        columnspacing=1.0,
        fontsize=13,
    )
    return figure


def _shared_limits(axes: Sequence[Axes]) -> tuple[float, float]:
    limits = [ax.get_ylim() for ax in axes]
    return min(low for low, _ in limits), max(high for _, high in limits)


def show_depths(depths: Mapping[str, int]) -> Figure:
    """Draw how deep the networks of the years are, as bars.

    >>> figure = show_depths({"AlexNet 2012": 8, "ResNet 2015": 152})
    >>> figure.axes[0].get_xlabel()
    'layers, one after the other'
    >>> plt.close(figure)

    Args:
        depths: From the name of a network to its layers.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 0.6 * len(depths) + 0.8))
    bars = ax.barh(list(depths), list(depths.values()), color=ACCENT, height=0.65)
    ax.bar_label(bars, padding=4)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.15 * max(depths.values()))
    ax.set_xlabel("layers, one after the other")
    ax.spines["left"].set_visible(False)
    ax.tick_params(left=False)
    return figure


def show_blocks() -> Figure:
    """Draw a plain block beside a residual one, with the letters of the paper.

    >>> figure = show_blocks()
    >>> [ax.get_title() for ax in figure.axes]
    ['plain', 'residual']
    >>> plt.close(figure)
    """
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 5.0))
    for ax, residual in zip(axes, (False, True), strict=True):
        ax.set_title("residual" if residual else "plain")
        ax.set_xlim(-1.1, 1.5)
        ax.set_ylim(-0.2, 6.3)
        ax.axis("off")
        ax.text(0, 6.0, "x", ha="center", va="center", style="italic", fontsize=16)
        for y, words in ((4.5, "3 × 3"), (2.8, "3 × 3")):
            _box(ax, y, words)
        _arrow(ax, (0, 5.7), (0, 4.95))
        _arrow(ax, (0, 4.05), (0, 3.25), "ReLU")
        ax.text(-0.15, 0.75, "H(x)", ha="right", va="center", style="italic")
        if residual:
            _arrow(ax, (0, 2.35), (0, 1.65))
            ax.text(-0.15, 2.0, "F(x)", ha="right", va="center", style="italic")
            ax.text(0, 1.35, "+", ha="center", va="center", fontsize=16)
            ax.plot(0, 1.35, "o", markersize=20, color="none", markeredgecolor="black")
            ax.plot([0, 1.05, 1.05], [5.35, 5.35, 1.35], color=ACCENT, linewidth=2.2)
            _arrow(ax, (1.05, 1.35), (0.28, 1.35), color=ACCENT)
            ax.text(1.12, 3.5, "x", color=ACCENT, va="center", style="italic", fontsize=16)
            _arrow(ax, (0, 1.05), (0, 0.35), "ReLU")
            ax.text(0, 0.05, "ReLU(F(x) + x)", ha="center", va="center", style="italic")
        else:
            _arrow(ax, (0, 2.35), (0, 0.35), "ReLU")
            ax.text(0, 0.05, "ReLU(H(x))", ha="center", va="center", style="italic")
    return figure


def _box(ax: Axes, y: float, words: str) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (-0.75, y - 0.4), 1.5, 0.8, boxstyle="round,pad=0.04", facecolor="#e8eef4",
            edgecolor="black",
        )
    )  # fmt: skip
    ax.text(0, y, words, ha="center", va="center")


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    words: str = "",
    color: str = "black",
) -> None:
    arrow: dict[str, Any] = {"arrowstyle": "->", "color": color, "linewidth": 1.8}
    ax.annotate("", end, start, arrowprops=arrow | {"shrinkA": 0, "shrinkB": 0})
    if words:
        ax.text(0.1, (start[1] + end[1]) / 2, words, va="center", fontsize=12)


def show_gradients(panels: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw the gradient of each convolution from the first to the last, on a logarithmic scale.

    >>> figure = show_gradients({"before training": {"plain": [9, 1], "residual": [1, 1]}})
    >>> figure.axes[0].get_yscale()
    'log'
    >>> plt.close(figure)

    Args:
        panels: For each panel and each label a number above 0 for each convolution.
    """
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(WIDTH, 0.6 + 2.5 * len(panels)), sharex=True, sharey=True,
        squeeze=False,
    )  # fmt: skip
    for ax, (panel, lines) in zip(axes[:, 0], panels.items(), strict=True):
        for (label, values), color, dash in zip(
            lines.items(), (ACCENT_2, ACCENT), ("--", "-"), strict=True
        ):
            places = range(1, len(values) + 1)
            ax.semilogy(places, values, dash, color=color, linewidth=2.5, label=label)
        ax.set_title(panel, loc="left")
        ax.set_ylabel("gradient / weights")
        ax.grid(color="#dddddd")
    axes[-1, 0].set_xlabel("convolution, from the image on")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=2, frameon=False, handlelength=1.8
    )
    return figure
