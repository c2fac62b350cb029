"""Figures of the chapter Upsampling: overlapping stamps, and where new pixels lie."""

from collections import Counter
from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib._checks import whole_number
from course_lib.arithmetic import conv_transpose_output_size
from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH


def show_stamps(input_size: int, settings: Sequence[tuple[int, int]]) -> Figure:
    """Draw the stamps of a transposed convolution along one axis, and count them for each cell.

    >>> figure = show_stamps(4, [(3, 2)])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1', '1', '2', '1', '2', '1', '2', '1', '1']
    >>> plt.close(figure)

    Args:
        input_size: Number of values along the axis; each makes a stamp.
        settings: (kernel size, stride) of each panel.

    Returns:
        The figure: in each panel a row of output cells with the number of stamps on them, darker
        where there are more, and below them a bar for each stamp.

    Raises:
        ValueError: If a size is no int of at least 1.
    """
    input_size = whole_number("input_size", input_size)
    height = 0.75 + 0.17 * input_size
    figure, axes = plt.subplots(
        len(settings), 1, figsize=(WIDTH, height * len(settings)), squeeze=False, sharex=True
    )
    for ax, (kernel_size, stride) in zip(axes.flat, settings, strict=True):
        _draw_stamps(ax, input_size, kernel_size, stride)
        ax.set_title(f"kernel {kernel_size}, stride {stride}")
    return figure


def _draw_stamps(ax: Axes, input_size: int, kernel_size: int, stride: int) -> None:
    cells = conv_transpose_output_size(input_size, kernel_size, stride=stride)
    counts = Counter(
        start * stride + offset for start in range(input_size) for offset in range(kernel_size)
    )
    most = max(counts.values())
    for cell in range(cells):
        share = 0.6 * counts[cell] / most
        color = (1 - share, 1 - 0.55 * share, 1 - 0.3 * share)  # from white to blue
        ax.add_patch(Rectangle((cell, 0), 1, 1, facecolor=color, edgecolor="black"))
        ax.text(cell + 0.5, 0.5, str(counts[cell]), ha="center", va="center")
    for n in range(input_size):
        y = 1.5 + 0.6 * n
        left = n * stride
        ax.plot([left + 0.1, left + kernel_size - 0.1], [y, y], color=ACCENT, linewidth=5)
    ax.set_xlim(-0.1, cells + 0.1)
    ax.set_ylim(1.5 + 0.6 * input_size, -0.1)
    ax.set_axis_off()


def show_sampling(values: Sequence[float], factor: int) -> Figure:
    """Draw where linear interpolation puts new pixels, with aligned corners and without.

    >>> figure = show_sampling([2, 6, 4], 2)
    >>> [ax.get_title() for ax in figure.axes]
    ['align_corners=True', 'align_corners=False']
    >>> plt.close(figure)

    Args:
        values: The old pixels along a line, at least two.
        factor: How many times as many there shall be.

    Returns:
        The figure: value over position, old pixels as squares, new ones as dots.

    Raises:
        ValueError: If `factor` is no int of at least 1.
    """
    factor = whole_number("factor", factor)
    old = torch.tensor(values, dtype=torch.float64)
    n, size = len(old), len(old) * factor
    index = torch.arange(size, dtype=torch.float64)
    places = {True: 0.5 + index * (n - 1) / (size - 1), False: (index + 0.5) / factor}
    figure, axes = plt.subplots(2, 1, figsize=(WIDTH, 4.2), sharex=True)
    for ax, (aligned, at) in zip(axes, places.items(), strict=True):
        new = F.interpolate(old[None, None], size=size, mode="linear", align_corners=aligned)[0, 0]
        for border in range(n + 1):
            ax.axvline(border, color="#bbbbbb", linewidth=1)
        centers = [0, *(index + 0.5 for index in range(n)), n]  # flat up to the borders
        line = [values[0], *values, values[-1]]
        ax.plot(centers, line, color=ACCENT, linewidth=1)
        ax.plot(centers[1:-1], old, "s", color=ACCENT, markersize=12)
        ax.plot(at, new, "o", color=ACCENT_2, markersize=7)
        ax.set_title(f"align_corners={aligned}")
        ax.set_ylabel("value")
        ax.set_ylim(0, float(old.max()) * 1.25)
    for word, color, x, y in (  # beside the second old pixel and the second new one
        ("old", ACCENT, 1.65, float(old[1])),
        ("new", ACCENT_2, float(places[False][1]) + 0.12, float(new[1]) - 0.9),
    ):
        axes[1].text(x, y, word, color=color, fontweight="bold")
    axes[1].set_xlabel("position (old pixels)")
    axes[1].set_xticks(range(n + 1))
    return figure
