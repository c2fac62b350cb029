"""The figures of the chapter Receptive fields and fully convolutional networks."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from course_lib.plotting.images import draw_image
from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

COLORS = (ACCENT, ACCENT_2, "#009e73", "#cc79a7", "#e69f00")  # Okabe and Ito
DASHES = ("-", "--", "-.", ":")


def show_fields(
    image: Tensor, fields: Mapping[str, int], limits: tuple[float, float] | None = None
) -> Figure:
    """Draw squares around the middle of an image, one for each receptive field.

    Args:
        image: (H, W) or (1, H, W), gray.
        fields: What each square stands for, and its width in pixels.
        limits: The values shown as black and as white.

    Returns:
        The figure. The area around the image is hatched: it lies in the padding.
    """
    height, width = image.shape[-2:]
    figure, ax = plt.subplots(figsize=(WIDTH, WIDTH * 1.2))
    largest = max(*fields.values(), height, width)
    ax.set_facecolor("#eeeeee")
    draw_image(ax, image, limits, False)
    margin = largest / 2 * 1.04
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    for color, (label, field) in zip(COLORS, fields.items(), strict=False):
        corner = (middle_column - field / 2, middle_row - field / 2)
        ax.add_patch(
            Rectangle(corner, field, field, fill=False, edgecolor=color, linewidth=3, label=label)
        )
    ax.set_xlim(middle_column - margin, middle_column + margin)
    ax.set_ylim(middle_row + margin, middle_row - margin)
    ax.set_xlabel("column (pixels)")
    ax.set_ylabel("row (pixels)")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, handlelength=1)
    return figure


def show_cone(layers: Sequence[tuple[str, int, int]], size: int) -> Figure:
    """Draw along one axis which numbers of each map feed one number on top.

    Args:
        layers: For each layer its name, its kernel and its stride, from the image upwards.
        size: Number of columns of the image.

    Returns:
        The figure: a row of cells for the image at the bottom and one above it for each map. Filled
        cells feed the filled cell of the top row.
    """
    sizes = [size]
    for _, kernel, stride in layers:
        sizes.append((sizes[-1] - kernel) // stride + 1)
    used = [{(sizes[-1] - 1) // 2}]
    for _, kernel, stride in layers[::-1]:
        used.append({i * stride + tap for i in used[-1] for tap in range(kernel)})
    figure, ax = plt.subplots(figsize=(WIDTH, 0.4 + 0.75 * len(sizes)))
    middles = [[float(i) for i in range(size)]]  # where a cell stands, in columns of the image
    for _, kernel, stride in layers:
        below = middles[-1]
        starts = range(0, len(below) - kernel + 1, stride)
        middles.append([(below[s] + below[s + kernel - 1]) / 2 for s in starts])
    names = ["image", *(name for name, _, _ in layers)]
    for level, (row, feeds, name) in enumerate(zip(middles, used[::-1], names, strict=True)):
        for i, x in enumerate(row):
            color = (ACCENT_2 if level == len(layers) else ACCENT) if i in feeds else "white"
            box = Rectangle((x - 0.42, 2 * level), 0.84, 0.84, facecolor=color, edgecolor="black")
            ax.add_patch(box)
        ax.text(-1.2, 2 * level + 0.42, name, ha="right", va="center")
    for level, (_, kernel, stride) in enumerate(layers):
        for i in used[-2 - level]:
            for tap in range(kernel):
                ends = [middles[level][i * stride + tap], middles[level + 1][i]]
                ax.plot(ends, [2 * level + 0.84, 2 * level + 2], color="#777777", linewidth=1)
    ax.set_xlim(-5.2, size - 0.4)
    ax.set_ylim(-0.1, 2 * len(layers) + 1)
    ax.set_axis_off()
    return figure


def show_growth(depths: Sequence[int], lines: Mapping[str, Sequence[float]]) -> Figure:
    """Draw how widths grow with the number of layers.

    Args:
        depths: Numbers of layers.
        lines: What each line shows, and its width in pixels at each depth.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.4))
    for color, dash, (label, widths) in zip(COLORS, DASHES, lines.items(), strict=False):
        ax.plot(depths, widths, color=color, linestyle=dash, linewidth=3, label=label)
    ax.set_xlabel("layers of 3 × 3")
    ax.set_ylabel("width (pixels)")
    ax.set_xlim(0)
    ax.set_ylim(0)
    ax.legend(frameon=False, loc="upper left")
    return figure


def show_profiles(profiles: Mapping[str, Tensor]) -> Figure:
    """Draw how strongly each column acts on the output in the middle.

    Args:
        profiles: What each line shows, and its shares, an odd number that add up to 1.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.8))
    for color, dash, (label, shares) in zip(COLORS, DASHES, profiles.items(), strict=False):
        half = len(shares) // 2
        values = shares.detach().cpu().numpy()
        ax.plot(range(-half, half + 1), values, dash, color=color, linewidth=3, label=label)
    ax.set_xlabel("column, from the middle (pixels)")
    ax.set_ylabel("share")
    ax.set_ylim(0)
    figure.legend(loc="outside upper left", frameon=False)
    return figure


def show_predictions(
    image: Tensor, centers: Tensor, chances: Tensor, *, field: int, jump: int
) -> Figure:
    """Draw an image with rings around its planted spots, and the map of predictions below it.

    Args:
        image: (H, W), gray.
        centers: (N, 2), row and column of each spot.
        chances: The map, values from 0 to 1.
        field: Width of the field of one output: the square in the upper left corner.
        jump: Distance between two outputs, in pixels. The map is drawn where its fields have
            their middles, on the axes of the image.
    """
    height, width = image.shape
    figure, axes = plt.subplots(
        2, 1, figsize=(WIDTH, WIDTH * 1.7 * height / width + 0.4), sharex=True, sharey=True
    )
    draw_image(axes[0], image, None, False)
    first = (field - 1) / 2 - jump / 2
    rows, columns = chances.shape[-2:]
    extent = (first, first + columns * jump, first + rows * jump, first)
    drawn = axes[1].imshow(
        chances.detach().cpu().reshape(rows, columns), vmin=0, vmax=1, cmap="cividis", extent=extent
    )
    for ax in axes:
        for row, column in centers.tolist():
            ring: Any = Circle((column, row), 11, fill=False, edgecolor="#e69f00", linewidth=2)
            ax.add_patch(ring)
        ax.set_ylabel("row (pixels)")
    corner = Rectangle((-0.5, -0.5), field, field, fill=False, edgecolor="#56b4e9", linewidth=2)
    axes[0].add_patch(corner)
    axes[1].set_xlabel("column (pixels)")
    axes[1].set_xlim(-0.5, width - 0.5)
    axes[1].set_ylim(height - 0.5, -0.5)
    figure.colorbar(
        drawn, ax=axes, location="bottom", shrink=0.8, label="predicted chance of a spot"
    )
    return figure
