"""Numbers in grids: matrices, kernels, and the places that a kernel takes."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib._checks import whole_number
from course_lib.arithmetic import conv_output_size
from course_lib.plotting._checks import as_matrix, check_window, listed, one_each
from course_lib.plotting.style import ACCENT, ACCENT_2, SIGNED, WIDTH


def show_matrix(
    matrices: Sequence[Any],
    labels: Sequence[str],
    *,
    windows: Sequence[tuple[int, int, int, int] | None] | None = None,
) -> Figure:
    """Draw matrices side by side with the number in each cell.

    >>> figure = show_matrix([[[1, 2], [3, 4]]], ["input"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1', '2', '3', '4']
    >>> plt.close(figure)

    Args:
        matrices: Nested lists, arrays or tensors of shape (rows, columns), of numbers or texts.
        labels: A word above each matrix.
        windows: For each matrix the cells to frame, (row, column, height, width), or None.

    Returns:
        The figure. Cells have the same size in all matrices.

    Raises:
        ValueError: If there is no matrix, the labels or windows differ in number, an entry is no
            matrix of numbers or texts, or a window reaches past its matrix.
    """
    grids = [as_matrix("matrices", matrix, "iufU") for matrix in listed("matrices", matrices)]
    labels = one_each("labels", "label", labels, "matrices", len(grids))
    frames: list[Any] = [None] * len(grids)
    if windows is not None:
        frames = one_each("windows", "window", windows, "matrices", len(grids))
    for grid, frame in zip(grids, frames, strict=True):
        check_window(frame, grid.shape)
    widths = [grid.shape[1] for grid in grids]
    tallest = max(grid.shape[0] for grid in grids)
    cell = WIDTH / (sum(widths) + 0.7 * (len(grids) - 1) + 0.2)
    size = (WIDTH, tallest * cell + 0.45)
    figure, axes = plt.subplots(1, len(grids), figsize=size, squeeze=False, width_ratios=widths)
    for ax, grid, label, frame in zip(axes.flat, grids, labels, frames, strict=True):
        draw_cells(ax, grid, frame)
        ax.set_ylim(tallest - 0.45, -0.55)
        ax.set_title(label)
    return figure


def show_kernels(
    kernels: Sequence[Any], labels: Sequence[str] | None = None, *, columns: int = 3
) -> Figure:
    """Draw kernels as small images in blue and red, white at zero, each on its own scale.

    >>> figure = show_kernels([[[-1, 0, 1]] * 3])
    >>> len(figure.axes)
    1
    >>> plt.close(figure)

    Args:
        kernels: Matrices: nested lists, arrays or tensors of shape (k, k).
        labels: A few words above each kernel.
        columns: How many kernels stand in a row.

    Returns:
        The figure.

    Raises:
        ValueError: If there is no kernel or `columns` is below 1, the labels differ in number, or
            a kernel is no matrix of numbers.
    """
    kernels = [as_matrix("kernels", kernel, "biuf") for kernel in listed("kernels", kernels)]
    if labels is not None:
        labels = one_each("labels", "label", labels, "kernels", len(kernels))
    columns = min(whole_number("columns", columns), len(kernels))
    rows = math.ceil(len(kernels) / columns)
    head = 0.38 if labels else 0.08
    size = (WIDTH, rows * (WIDTH / columns * 0.92 + head))
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for ax in axes.flat:
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(True)
    for index, (ax, values) in enumerate(zip(axes.flat, kernels, strict=False)):
        limit = float(np.abs(values).max()) or 1.0
        ax.imshow(values, cmap=SIGNED, vmin=-limit, vmax=limit)
        if labels:
            ax.set_title(labels[index])
    for ax in axes.flat[len(kernels) :]:
        ax.set_axis_off()
    return figure


def show_visits(input_size: int, kernel_size: int, *, padding: int = 0, stride: int = 1) -> Figure:
    """Draw the places that a kernel takes along one axis, and what it never reads.

    >>> figure = show_visits(5, 3, stride=2)
    >>> plt.close(figure)

    Args:
        input_size: Number of columns of the input.
        kernel_size: Number of columns of the kernel.
        padding: Zeros added on each side.
        stride: Distance between two places of the kernel.

    Returns:
        The figure: one row of cells for the padded input (columns of the input numbered from 1,
        zeros for the padding, hatched where the kernel never goes), and a bar for each place.

    Raises:
        ValueError: If an argument is no int, `padding` is below 0, another one is below 1, or the
            kernel is larger than the padded input.
    """
    input_size = whole_number("input_size", input_size)  # here one axis is drawn: no tuples
    kernel_size = whole_number("kernel_size", kernel_size)
    padding, stride = whole_number("padding", padding), whole_number("stride", stride)
    places = conv_output_size(input_size, kernel_size, padding=padding, stride=stride)
    padded = input_size + 2 * padding
    starts = range(0, places * stride, stride)
    visited = {start + offset for start in starts for offset in range(kernel_size)}
    figure, ax = plt.subplots(figsize=(WIDTH, 0.75 + 0.28 * len(starts)))
    for column in range(padded):
        inside = padding <= column < padding + input_size
        never = column not in visited
        ax.add_patch(
            Rectangle(
                (column, 0),
                1,
                1,
                facecolor="#e8e8e8" if never else "white",
                edgecolor="black",
                hatch="///" if never else None,
                linestyle="-" if inside else ":",
            )
        )
        ax.text(
            column + 0.5,
            0.5,
            str(column - padding + 1) if inside else "0",
            ha="center",
            va="center",
            color="black" if inside else "#666666",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5} if never else None,
        )
    for place, start in enumerate(starts):
        y = 1.45 + 0.7 * place
        ax.plot([start + 0.12, start + kernel_size - 0.12], [y, y], color=ACCENT, linewidth=6)
    ax.set_xlim(-0.1, padded + 0.1)
    ax.set_ylim(1.45 + 0.7 * len(starts), -0.1)
    ax.set_axis_off()
    return figure


def draw_cells(
    ax: Axes,
    grid: np.ndarray[Any, Any],
    frame: tuple[int, int, int, int] | None,
    *,
    shade: bool = False,
) -> None:
    """Draw the cells of a checked matrix with their numbers, and the frame around some of them."""
    height, width = grid.shape
    limit = 2.5 * float(np.abs(grid).max()) if shade else 1.0
    for row in range(height):
        for column in range(width):
            value = grid[row, column]
            color = plt.get_cmap(SIGNED)(0.5 + value / (2 * limit)) if shade else "white"
            text = value if isinstance(value, str) else f"{value:g}".replace("-", "−")
            corner = (column - 0.5, row - 0.5)
            ax.add_patch(Rectangle(corner, 1, 1, facecolor=color, edgecolor="#555555"))
            ax.text(column, row, text, ha="center", va="center")
    if frame:
        top, left, rows, columns = frame
        box = Rectangle((left - 0.5, top - 0.5), columns, rows, fill=False, edgecolor=ACCENT_2)
        box.set_linewidth(3.5)
        ax.add_patch(box)
    ax.set_xlim(-0.55, width - 0.45)
    ax.set_ylim(height - 0.45, -0.55)
    ax.set_aspect("equal")
    ax.set_axis_off()
