"""Figures in the style of the course: light background, large type, safe for color-blind readers.

Each function draws one figure and returns it. A figure is about as wide as the column of a phone at
full size, so that its type is never smaller than the text; panels stand at most three in a row.
"""

import math
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle
from torch import Tensor

from course_lib._axes import whole_number
from course_lib._plotting_checks import (
    are_numbers,
    as_image,
    as_matrix,
    check_range,
    check_window,
    listed,
    one_each,
)
from course_lib.arithmetic import conv_output_size

WIDTH = 4.8  # inches
ACCENT = "#0072b2"  # blue of Okabe and Ito's palette, which color-blind readers tell apart
ACCENT_2 = "#d55e00"  # vermilion of the same palette
SIGNED = "RdBu_r"  # diverging: blue below zero, white at zero, red above

_STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same figure on every machine
    "font.size": 14,
    "axes.titlesize": 14,
    "axes.labelsize": 14,
    "axes.titlepad": 6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.interpolation": "nearest",  # a pixel is seen as a pixel
    "image.cmap": "gray",
}


def use_course_style() -> None:
    """Make matplotlib draw in the style of the course from here on.

    >>> use_course_style()
    >>> plt.rcParams["image.cmap"]
    'gray'
    """
    plt.rcParams.update(_STYLE)


def window(center: float, width: float) -> tuple[float, float]:
    """Return the values that a CT window shows as black and as white.

    >>> window(40, 400)
    (-160.0, 240.0)

    Args:
        center: The value shown as middle gray, in HU.
        width: Distance between black and white, in HU, above 0.

    Raises:
        ValueError: If `width` is not above 0.
    """
    if not width > 0:
        raise ValueError(f"`width` must be above 0, got {width!r}")
    return center - width / 2, center + width / 2


def show_images(
    images: Sequence[Any],
    labels: Sequence[str],
    *,
    ranges: Sequence[tuple[float, float] | None] | None = None,
    signed: Sequence[bool] | None = None,
    spacing_mm: Sequence[tuple[float, float] | None] | None = None,
    columns: int = 2,
    bar: str = "",
) -> Figure:
    """Draw images side by side, each with its right aspect and color scale.

    >>> import torch
    >>> figure = show_images([torch.zeros(1, 4, 6)], ["nothing"])
    >>> [ax.get_title() for ax in figure.axes]
    ['nothing']
    >>> plt.close(figure)

    Args:
        images: Tensors or arrays, each of shape (H, W), (1, H, W) or, in color with values in
            [0, 1], (3, H, W).
        labels: A few words above each image.
        ranges: For each image the values shown as black and white, (low, high); None takes its
            own extremes. Where the image is signed, low must be -high.
        signed: For each image whether its sign matters: it is then drawn in blue and red with
            white at zero, symmetric up to the 99.5th percentile of its magnitude.
        spacing_mm: For each image the pixel spacing (row, column). Axes are in millimeters where
            it is known, in pixels where it is None, and left out where the argument is.
        columns: How many images stand in a row.
        bar: Where given, every image gets a color bar, and this text says what it measures.

    Returns:
        The figure.

    Raises:
        ValueError: If there is no image or `columns` is below 1, the arguments differ in length,
            an image has another shape, a range is not (low, high) with low below high, or a
            spacing is not two numbers above 0.
    """
    images = [as_image(image) for image in listed("images", images)]
    count = len(images)
    labels = one_each("labels", "label", labels, "images", count)
    ranges = one_each("ranges", "range", ranges, "images", count) if ranges is not None else None
    signed = one_each("signed", "entry", signed, "images", count) if signed is not None else None
    ranges, signed = ranges or [None] * count, signed or [False] * count
    for limits, has_sign in zip(ranges, signed, strict=True):
        check_range(limits, has_sign)
    if spacing_mm is not None:
        spacing_mm = one_each("spacing_mm", "spacing", spacing_mm, "images", count)
        for spacing in spacing_mm:
            if spacing is not None and not (are_numbers(spacing, 2) and min(spacing) > 0):
                expected = "(row, column) in millimeters, both above 0, or None"
                raise ValueError(f"`spacing_mm` must be {expected}, got {reprlib.repr(spacing)}")
    columns = min(whole_number("columns", columns), count)
    rows = math.ceil(count / columns)
    axes_height = 0.55 if spacing_mm is not None else 0.0
    tallest = max(image.shape[-2] / image.shape[-1] for image in images)
    panel = WIDTH / columns
    height = rows * (panel * 0.86 * tallest + 0.38) + axes_height
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False)
    for index, ax in enumerate(axes.flat):
        if index >= count:
            ax.set_axis_off()
            continue
        drawn = _draw_image(ax, images[index], ranges[index], signed[index])
        ax.set_title(labels[index])
        if spacing_mm is None:
            ax.set_axis_off()
        else:
            edge = (index % columns == 0, index + columns >= count)
            _scale_axes(ax, images[index].shape, spacing_mm[index], edge)
        if bar:
            figure.colorbar(drawn, ax=ax, shrink=0.8, label=bar)
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
        _draw_cells(ax, grid, frame)
        ax.set_ylim(tallest - 0.45, -0.55)
        ax.set_title(label)
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


def draw_welcome_picture(path: str | Path) -> None:
    """Write the opening picture of the book: a CT slice, one kernel, and the edges that it finds.

    >>> draw_welcome_picture("book/images/welcome.png")  # doctest: +SKIP

    Args:
        path: The PNG file to write. Its content depends on the versions of the packages only.
    """
    from course_lib.arithmetic import cross_correlate2d
    from course_lib.data import ct_slice

    kernel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    pixels, _ = ct_slice()
    edges = np.array(cross_correlate2d(pixels[0].tolist(), kernel))
    row, column = 46, 77  # upper left pixel of one window, at the border of the vertebra
    orange = "#e69f00"
    with plt.rc_context(_STYLE):
        figure = plt.figure(figsize=(7.2, 2.93), layout="none")
        left = figure.add_axes((0.005, 0.02, 0.385, 0.96))
        right = figure.add_axes((0.61, 0.02, 0.385, 0.96))
        middle = figure.add_axes((0.42, 0.31, 0.16, 0.38))
        _draw_image(left, pixels, window(40, 400), False)
        limit = float(np.percentile(np.abs(edges), 99))
        right.imshow(edges, cmap=SIGNED, vmin=-limit, vmax=limit)
        _draw_cells(middle, np.array(kernel), None, shade=True)
        for ax, size, start, end in ((left, 3, left, middle), (right, 1, middle, right)):
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(True)
            corner = (column - 0.5, row - 0.5)
            box = Rectangle(corner, size, size, fill=False, edgecolor=orange, linewidth=2)
            ax.add_patch(box)
            for side in (0, 1):
                inner = {middle: (2.5 if ax is right else -0.5, 3 * side - 0.5)}
                outer = (column + (2.5 if ax is left else -0.5), row - 0.5 + side * size)
                line = ConnectionPatch(
                    inner.get(start, outer),
                    inner.get(end, outer),
                    "data",
                    "data",
                    axesA=start,
                    axesB=end,
                    color=orange,
                )
                figure.add_artist(line)
        figure.savefig(path, dpi=147, metadata={"Software": None})
        plt.close(figure)


def _draw_image(ax: Axes, image: Tensor, limits: tuple[float, float] | None, signed: bool) -> Any:
    values = image.detach().cpu().float().numpy()
    if values.ndim == 3 and values.shape[0] == 3:
        return ax.imshow(values.transpose(1, 2, 0).clip(0, 1))
    if values.ndim == 3 and values.shape[0] == 1:
        values = values[0]
    if signed:
        high = limits[1] if limits else float(np.percentile(np.abs(values), 99.5)) or 1.0
        return ax.imshow(values, cmap=SIGNED, vmin=-high, vmax=high)
    low, high = limits if limits else (float(values.min()), float(values.max()))
    return ax.imshow(values, cmap="gray", vmin=low, vmax=high)


def _scale_axes(
    ax: Axes,
    shape: Sequence[int],
    spacing: tuple[float, float] | None,
    edge: tuple[bool, bool],
) -> None:
    """Put 0 and a round length on both axes, in millimeters if the spacing is known."""
    height, width = shape[-2:]
    row, column = spacing or (1.0, 1.0)
    unit = "mm" if spacing else "pixels"
    for axis, pixels, size in ((ax.xaxis, width, column), (ax.yaxis, height, row)):
        length = pixels * size
        step = _round_down(length * 0.8)
        axis.set_ticks([-0.5, step / size - 0.5], ["0", f"{step:g}"])
        axis.set_label_text(unit)
        axis.labelpad = 0
    if not edge[0]:
        ax.set_ylabel("")
    if not edge[1]:
        ax.set_xlabel("")


def _round_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return max(step for step in (1, 2, 3, 4, 5, 6, 8) if step * power <= value) * power


def _draw_cells(
    ax: Axes,
    grid: np.ndarray[Any, Any],
    frame: tuple[int, int, int, int] | None,
    *,
    shade: bool = False,
) -> None:
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
