"""The figures of the chapter Choosing an architecture (book/15_choosing.md)."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_lib.networks import NETWORKS, accuracy_of
from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

COLORS = {
    "AlexNet": ACCENT_2,
    "VGG": "#cc79a7",
    "Inception": "#009e73",
    "ResNet": ACCENT,
    "DenseNet": "#e69f00",
    "for phones": "#56b4e9",
}
_NAMED = {  # where a name stands: to the right of the ball's middle and above it, in points
    "AlexNet 2014": (16, -4),
    "VGG-16": (-4, -36),
    "GoogLeNet": (-12, -20),
    "ResNet-50": (6, -22),
    "ResNet-152": (-56, 16),
    "DenseNet-121": (-108, -2),
    "EfficientNet-B0": (-18, 10),
}


def show_balls() -> Figure:
    """Draw accuracy over operations for all networks of the course, balls as large as parameters.

    >>> figure = show_balls()
    >>> figure.axes[0].get_xscale()
    'log'
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 4.6))
    for family, color in COLORS.items():
        shown = [n for n in NETWORKS if n.family == family and accuracy_of(n) is not None]
        ax.scatter(
            [n.macs / 1e9 for n in shown],
            [n.top1["V1"] for n in shown],
            [n.parameters / 1e5 for n in shown],
            color=color,
            alpha=0.6,
            edgecolor=color,
            label=family,
        )
        for network in shown:
            if network.name in _NAMED:
                ax.annotate(
                    network.name,
                    (network.macs / 1e9, network.top1["V1"]),
                    _NAMED[network.name],
                    textcoords="offset points",
                    fontsize=11,
                )
    ax.set_xscale("log")
    ax.set_xlim(0.2, 40)
    ax.set_ylim(54, 82)
    ax.set_xticks([0.3, 1, 3, 10, 30], ["0.3", "1", "3", "10", "30"])
    ax.minorticks_off()
    ax.set_xlabel("billions of multiply-accumulates")
    ax.set_ylabel("% right on ImageNet")
    ax.grid(color="#dddddd")
    ax.set_axisbelow(True)
    legend = figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=12)
    for handle in legend.legend_handles:
        handle.set_sizes([60])  # type: ignore[union-attr]
    return figure


def show_pace(milliseconds: Mapping[str, float]) -> Figure:
    """Draw how long a billion operations take in each network, the fastest on top.

    >>> figure = show_pace({"A": 30, "B": 20})
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['A', 'B']
    >>> plt.close(figure)

    Args:
        milliseconds: For a billion multiply-accumulates, by network.
    """
    order = sorted(milliseconds, key=lambda name: -milliseconds[name])
    figure, ax = plt.subplots(figsize=(WIDTH, 0.4 * len(order) + 1.0))
    ax.barh(order, [milliseconds[name] for name in order], color=ACCENT, height=0.6)
    ax.set_xlabel("ms for a billion MACs")
    ax.grid(axis="x", color="#dddddd")
    ax.set_axisbelow(True)
    return figure


def show_scores(runs: Sequence[Mapping[str, Any]], images: int) -> Figure:
    """Draw the AUC of each way to learn, one point a seed, a bar at the mean.

    >>> runs = [{"network": "A", "images": 5, "auc": auc} for auc in (0.8, 0.9)]
    >>> figure = show_scores(runs, 5)
    >>> figure.axes[0].get_xlabel()
    'AUC on the test images'
    >>> plt.close(figure)

    Args:
        runs: With "network", "images" and "auc".
        images: Only runs with that many training images are drawn.
    """
    scores: dict[str, list[float]] = {}
    for run in runs:
        if run["images"] == images:
            scores.setdefault(run["network"], []).append(run["auc"])
    order = sorted(scores, key=lambda name: float(np.mean(scores[name])))
    figure, ax = plt.subplots(figsize=(WIDTH, 0.55 * len(order) + 1.2))
    for y, name in enumerate(order):
        ax.plot(scores[name], [y] * len(scores[name]), "o", color=ACCENT, alpha=0.6, markersize=8)
        mean = float(np.mean(scores[name]))
        ax.plot([mean, mean], [y - 0.3, y + 0.3], color=ACCENT_2, linewidth=3)
    ax.set_yticks(range(len(order)), [name.replace(", ", ",\n") for name in order], fontsize=12)
    ax.set_xlabel("AUC on the test images")
    ax.grid(axis="x", color="#dddddd")
    return figure


def show_curves(runs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Figure:
    """Draw how the mean AUC grows with the number of training images, with the range of the seeds.

    >>> runs = [{"network": "A", "images": n, "auc": 0.8} for n in (5, 50)]
    >>> figure = show_curves(runs, ["A"])
    >>> figure.axes[0].get_xscale()
    'log'
    >>> plt.close(figure)

    Args:
        runs: With "network", "images" and "auc".
        names: The networks to draw, at most four.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.8))
    styles = ((ACCENT, "o-"), (ACCENT_2, "s--"), ("#009e73", "^-."), ("#777777", "v:"))
    sizes: list[int] = []
    for shift, (name, (color, style)) in enumerate(zip(names, styles, strict=False)):
        found: dict[int, list[float]] = {}
        for run in runs:
            if run["network"] == name:
                found.setdefault(run["images"], []).append(run["auc"])
        sizes = sorted(found)
        means = np.array([np.mean(found[n]) for n in sizes])
        low = means - [min(found[n]) for n in sizes]
        high = [max(found[n]) for n in sizes] - means
        x = np.array(sizes) * 1.04**shift  # so that the ranges stand side by side
        ax.errorbar(x, means, (low, high), fmt=style, color=color, label=name, capsize=3)
    ax.set_xscale("log")
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.minorticks_off()
    ax.set_xlabel("training images")
    ax.set_ylabel("AUC on the test images")
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=1, frameon=False, fontsize=12)
    return figure
