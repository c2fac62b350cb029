"""The figures of learning: bends and their slopes, ways downhill, planes cut in two, losses.

For the chapter Neural networks in one sitting (book/02_neural_networks.md).
"""

import math
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_lib.plotting._checks import listed, one_each
from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

GREEN = "#009e73"  # bluish green of Okabe and Ito's palette
COLORS = (ACCENT, ACCENT_2, GREEN, "#cc79a7")
DASHES = ("-", "--", "-.", ":")
Score = Callable[[Tensor], Tensor]


def show_activations(z: Tensor, curves: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Draw activation functions above, and their derivatives below.

    >>> z = torch.linspace(-1, 1, 5)
    >>> figure = show_activations(z, {"square": (z**2, 2 * z)})
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['f(z)', 'derivative']
    >>> plt.close(figure)

    Args:
        z: Where they were computed, of shape (n,).
        curves: For each name its values and its derivatives, each of shape (n,); four at most.

    Returns:
        The figure.

    Raises:
        ValueError: If there is no curve, or more than four.
    """
    if not 1 <= len(curves) <= len(COLORS):
        raise ValueError(f"`curves` must be 1 to {len(COLORS)} curves, got {len(curves)}")
    figure, axes = plt.subplots(2, 1, figsize=(WIDTH, 5.2), sharex=True)
    for (name, pair), color, dash in zip(curves.items(), COLORS, DASHES, strict=False):
        for ax, values in zip(axes, pair, strict=True):
            x, y = _numbers(z), _numbers(values)
            ax.plot(x, y, color=color, linestyle=dash, linewidth=2.5, label=name)
    axes[0].set_ylim(-1.2, 2.2)
    axes[0].set_ylabel("f(z)")
    axes[0].legend(loc="upper left", frameon=False)
    axes[1].set_ylabel("derivative")
    axes[1].set_xlabel("weighted sum z")
    for ax in axes:
        ax.grid(color="#dddddd")
    return figure


def show_minimum(thetas: Tensor, losses: Tensor) -> Figure:
    """Draw a loss over its one weight, with the lowest point read off on both axes.

    >>> thetas = torch.linspace(0, 2, 21)
    >>> figure = show_minimum(thetas, (thetas - 1) ** 2 + 1)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['min L = 1.00', 'argmin L = 1.00']
    >>> plt.close(figure)

    Args:
        thetas: Values of the weight, of shape (n,).
        losses: The loss of each, of shape (n,).

    Returns:
        The figure.
    """
    x, y = _numbers(thetas), _numbers(losses)
    lowest = int(y.argmin())
    figure, ax = plt.subplots(figsize=(WIDTH, 3.2))
    ax.plot(x, y, color=ACCENT, linewidth=2.5)
    ax.hlines(y[lowest], x[0], x[lowest], color=ACCENT_2, linestyle=":", linewidth=2)
    bottom = -0.18 * y.max()
    ax.vlines(x[lowest], bottom, y[lowest], color=ACCENT_2, linestyle=":", linewidth=2)
    ax.plot(x[lowest], y[lowest], "o", color=ACCENT_2, markersize=9)
    room, below = (x[-1] - x[0]) / 40, -0.09 * y.max()
    ax.text(x[0] + room, below, f"min L = {y[lowest]:.2f}", va="center")
    ax.text(x[lowest] + room, below, f"argmin L = {x[lowest]:.2f}", va="center")
    ax.set_ylim(bottom, y.max())
    ax.set_xlim(x[0], x[-1])
    ax.set_xlabel("weight θ")
    ax.set_ylabel("loss L")
    return figure


def show_descents(
    loss: Callable[[float], float], paths: Sequence[Sequence[float]], labels: Sequence[str]
) -> Figure:
    """Draw ways along a loss with one weight, each on a panel with the curve.

    >>> figure = show_descents(lambda theta: theta**2, [[1, 0.8, 0.64]], ["minus"])
    >>> figure.axes[0].get_title()
    'minus'
    >>> plt.close(figure)

    Args:
        loss: The loss of a weight.
        paths: For each panel the weights one after the other, the start first.
        labels: A few words above each panel.

    Returns:
        The figure, two panels in a row.

    Raises:
        ValueError: If there is no path, or the labels differ in number.
    """
    paths = [[float(theta) for theta in path] for path in listed("paths", paths)]
    labels = one_each("labels", "label", labels, "paths", len(paths))
    rows = math.ceil(len(paths) / 2)
    figure, axes = plt.subplots(rows, 2, figsize=(WIDTH, 2.5 * rows), squeeze=False)
    for ax in axes.flat[len(paths) :]:
        ax.set_axis_off()
    for index, (ax, path, label) in enumerate(zip(axes.flat, paths, labels, strict=False)):
        reach = 1.15 * max(1.0, *map(abs, path))
        curve = np.linspace(-reach, reach, 201)
        ax.plot(curve, [loss(float(theta)) for theta in curve], color="#999999")
        heights = [loss(theta) for theta in path]
        ax.plot(path, heights, "-", color=ACCENT, linewidth=1.5)
        ax.plot(path[1:], heights[1:], "o", color=ACCENT, markersize=5)
        ax.plot(path[0], heights[0], "s", color=ACCENT_2, markersize=9)
        ax.set_title(label)
        if index >= len(paths) - 2:
            ax.set_xlabel("weight θ")
        if index % 2 == 0:
            ax.set_ylabel("loss L")
    return figure


def show_planes(
    points: Sequence[Tensor],
    targets: Sequence[Tensor],
    scores: Sequence[Score | None],
    labels: Sequence[str],
    *,
    axes_names: Sequence[tuple[str, str]] = (("x₁", "x₂"),),
    size: float = 11,
) -> Figure:
    """Draw points of two classes in the plane, and shade where a score is above 0.

    >>> corners = torch.tensor([[0.0, 0], [1, 1]])
    >>> classes = torch.tensor([0.0, 1])
    >>> above = lambda p: p.sum(dim=1) - 1
    >>> figure = show_planes([corners], [classes], [above], ["a line"])
    >>> figure.axes[0].get_xlabel()
    'x₁'
    >>> plt.close(figure)

    Args:
        points: For each panel the points, of shape (n, 2).
        targets: For each panel the class of each point, 0 or 1, of shape (n,).
        scores: For each panel a function from points (m, 2) to scores (m,), or None.
        labels: A few words above each panel.
        axes_names: What the two axes measure, (across, up), for each panel, or once for all.
        size: Size of a point.

    Returns:
        The figure. Class 1 is filled, class 0 a ring; the shade is where the score is above 0.

    Raises:
        ValueError: If there is no panel, or the arguments differ in length.
    """
    points = listed("points", points)
    count = len(points)
    targets = one_each("targets", "tensor", targets, "panels", count)
    scores = one_each("scores", "function", scores, "panels", count)
    labels = one_each("labels", "label", labels, "panels", count)
    if len(axes_names) == 1:
        axes_names = [axes_names[0]] * count
    axes_names = one_each("axes_names", "pair", axes_names, "panels", count)
    height = WIDTH / count + 0.75
    figure, axes = plt.subplots(1, count, figsize=(WIDTH, height), squeeze=False)
    for index, ax in enumerate(axes.flat):
        _draw_plane(ax, points[index], targets[index], scores[index], size)
        ax.set_title(labels[index])
        ax.set_xlabel(axes_names[index][0])
        if index == 0 or axes_names[index][1] != axes_names[index - 1][1]:
            ax.set_ylabel(axes_names[index][1])
    return figure


def _draw_plane(
    ax: Axes, points: Tensor, targets: Tensor, score: Score | None, size: float
) -> None:
    spots, classes = _numbers(points), _numbers(targets)
    low, high = spots.min(axis=0), spots.max(axis=0)
    margin = 0.15 * (high - low) if len(spots) > 9 else 0.45 * (high - low)
    (left, bottom), (right, top) = low - margin, high + margin
    if score is not None:
        x, y = np.meshgrid(np.linspace(left, right, 120), np.linspace(bottom, top, 120))
        where = torch.tensor(np.stack([x.ravel(), y.ravel()], axis=1))
        with torch.no_grad():
            values = _numbers(score(where.to(points))).reshape(x.shape)
        if values.min() < 0 < values.max():
            ax.contourf(x, y, values, levels=[0, float(values.max())], colors=["#cfe3f1"])
            ax.contour(x, y, values, levels=[0], colors=["black"], linewidths=1.5)
    for value, fill, color in ((0, "none", ACCENT_2), (1, ACCENT, ACCENT)):
        chosen = spots[classes == value]
        ax.plot(*chosen.T, "o", markersize=size, markerfacecolor=fill, markeredgecolor=color)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)


def show_losses(curves: Mapping[str, Sequence[float]], *, step: str = "epoch") -> Figure:
    """Draw losses over the steps of training, on a logarithmic scale.

    >>> figure = show_losses({"fast": [1, 0.1], "slow": [1, 0.9]})
    >>> figure.axes[0].get_xlabel()
    'epoch'
    >>> plt.close(figure)

    Args:
        curves: For each name the loss after each step, all above 0; four at most.
        step: What is counted along the axis.

    Returns:
        The figure.

    Raises:
        ValueError: If there is no curve, or more than four.
    """
    if not 1 <= len(curves) <= len(COLORS):
        raise ValueError(f"`curves` must be 1 to {len(COLORS)} curves, got {len(curves)}")
    figure, ax = plt.subplots(figsize=(WIDTH, 3.6))
    for (name, losses), color, dash in zip(curves.items(), COLORS, DASHES, strict=False):
        ax.semilogy(losses, color=color, linestyle=dash, linewidth=2.5, label=name)
    ax.set_xlabel(step)
    ax.set_ylabel("loss")
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def _numbers(values: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    array: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = (
        values.detach().cpu().double().numpy()
    )
    return array
