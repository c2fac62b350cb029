"""Figures of the chapter From fully connected to convolutional."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

# Okabe and Ito's palette, lightest to darkest entries mixed; text on all of them is black.
_FEW = ("#56b4e9", "#e69f00", "#009e73")


def show_three_matrices(inputs: int, kernel: int) -> Figure:
    """Draw which weights three layers have, as matrices: all, local, and local and shared.

    >>> figure = show_three_matrices(6, 3)
    >>> [ax.get_title() for ax in figure.axes]
    ['fully connected: 24 weights', 'locally connected: 12 weights', 'shared: 3 weights']
    >>> plt.close(figure)

    Args:
        inputs: Number of inputs of the layer, along one axis.
        kernel: Number of inputs that one output of the local layers reads.

    Returns:
        The figure: a row for each output, a column for each input. Cells with one number are one
        weight; only in the last matrix does a number come back.
    """
    outputs = inputs - kernel + 1
    full = 1 + np.arange(outputs * inputs).reshape(outputs, inputs)
    local, shared = np.zeros_like(full), np.zeros_like(full)
    for row in range(outputs):
        local[row, row : row + kernel] = 1 + kernel * row + np.arange(kernel)
        shared[row, row : row + kernel] = 1 + np.arange(kernel)
    drawn = {"fully connected": full, "locally connected": local, "shared": shared}
    figure, axes = plt.subplots(3, 1, figsize=(WIDTH, 3 * (outputs * 0.42 + 0.55)))
    for ax, (name, numbers) in zip(axes, drawn.items(), strict=True):
        for (row, column), number in np.ndenumerate(numbers):
            color = "white"
            if number:
                color = _FEW[(number - 1) % 3] if name == "shared" else _shade(int(number), numbers)
            box = Rectangle((column, row), 1, 1, facecolor=color, edgecolor="#555555")
            ax.add_patch(box)
            text = str(number) if number else "0"
            shade = "black" if number else "#767676"
            ax.text(column + 0.5, row + 0.52, text, ha="center", va="center", color=shade)
        count = len(np.unique(numbers[numbers > 0]))
        ax.set_title(f"{name}: {count} weights")
        ax.set_xlim(-0.05, inputs + 0.05)
        ax.set_ylim(outputs + 0.05, -0.05)
        ax.set_axis_off()
    return figure


def show_curves(
    distance: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    labels: tuple[str, str],
    *,
    level: float | None = None,
) -> Figure:
    """Draw one or more curves over a common axis, told apart by line style as well as color.

    >>> figure = show_curves([1, 2], {"a": [1, 0]}, ("pixels", "correlation"))
    >>> plt.close(figure)

    Args:
        distance: The values along the axis.
        curves: The curves by name, each as long as `distance`.
        labels: What the two axes show, with units.
        level: Where to draw a level dotted line.

    Returns:
        The figure.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.7))
    looks: list[dict[str, Any]] = [
        {"color": ACCENT, "linestyle": "-"},
        {"color": ACCENT_2, "linestyle": "--"},
        {"color": "#009e73", "linestyle": "-."},
        {"color": "#555555", "linestyle": ":"},
    ]
    ax.axhline(0, color="#888888", linewidth=1)
    if level is not None:
        ax.axhline(level, color="#888888", linewidth=1, linestyle=":")
    for (name, values), look in zip(curves.items(), looks, strict=False):
        ax.plot(distance, values, label=name, linewidth=2.2, **look)
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=12)
    return figure


def show_scores(
    scores: Mapping[str, Mapping[str, tuple[float, float, float]]], label: str
) -> Figure:
    """Draw accuracies with their intervals, one row for each model and a panel for each task.

    >>> figure = show_scores({"task": {"model": (0.8, 0.7, 0.9)}}, "accuracy")
    >>> plt.close(figure)

    Args:
        scores: For each task, for each model: accuracy, low and high end of its interval,
            in [0, 1].
        label: What the axis shows.

    Returns:
        The figure, with a line at one half, where guessing is.
    """
    rows = sum(len(models) for models in scores.values())
    figure, axes = plt.subplots(
        len(scores),
        1,
        figsize=(WIDTH, 0.34 * rows + 0.62 * len(scores)),
        sharex=True,
        squeeze=False,
    )
    for ax, (task, models) in zip(axes.flat, scores.items(), strict=True):
        for row, (name, (middle, low, high)) in enumerate(models.items()):
            shared = "shared" in name
            color, marker = (ACCENT, "o") if shared else (ACCENT_2, "s")
            ax.plot([low, high], [row, row], color=color, linewidth=3)
            ax.plot([middle], [row], marker, color=color, markersize=8)
        ax.axvline(0.5, color="#888888", linewidth=1, linestyle=":")
        ax.set_yticks(range(len(models)), list(models), fontsize=12)
        ax.set_ylim(len(models) - 0.5, -0.5)
        ax.set_xlim(0.4, 1.02)
        ax.set_title(task)
    axes.flat[-1].set_xlabel(label)
    return figure


def _shade(number: int, numbers: np.ndarray[Any, Any]) -> Any:
    """Return a light color of its own for each of many weights."""
    return plt.get_cmap("viridis")(0.45 + 0.55 * number / numbers.max())
