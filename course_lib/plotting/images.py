"""Images side by side, with the right aspect, color scale and axes."""

import math
import reprlib
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_lib._checks import whole_number
from course_lib.plotting._checks import are_numbers, as_image, check_range, listed, one_each
from course_lib.plotting.style import SIGNED, WIDTH


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
        drawn = draw_image(ax, images[index], ranges[index], signed[index])
        ax.set_title(labels[index])
        if spacing_mm is None:
            ax.set_axis_off()
        else:
            edge = (index % columns == 0, index + columns >= count)
            _scale_axes(ax, images[index].shape, spacing_mm[index], edge)
        if bar:
            figure.colorbar(drawn, ax=ax, shrink=0.8, label=bar)
    return figure


def draw_image(ax: Axes, image: Tensor, limits: tuple[float, float] | None, signed: bool) -> Any:
    """Draw one checked image, gray, in color, or signed in blue and red; return its artist."""
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
