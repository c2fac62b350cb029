"""The opening picture of the book."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import ConnectionPatch, Rectangle

from course_lib.arithmetic import cross_correlate2d
from course_lib.data import ct_slice
from course_lib.plotting.images import draw_image, window
from course_lib.plotting.matrices import draw_cells
from course_lib.plotting.style import SIGNED, STYLE


def draw_welcome_picture(path: str | Path) -> None:
    """Write the opening picture of the book: a CT slice, one kernel, and the edges that it finds.

    >>> draw_welcome_picture("book/images/welcome.png")  # doctest: +SKIP

    Args:
        path: The PNG file to write. Its content depends on the versions of the packages only.
    """
    kernel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    pixels, _ = ct_slice()
    edges = np.array(cross_correlate2d(pixels[0].tolist(), kernel))
    row, column = 46, 77  # upper left pixel of one window, at the border of the vertebra
    orange = "#e69f00"
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(7.2, 2.93), layout="none")
        left = figure.add_axes((0.005, 0.02, 0.385, 0.96))
        right = figure.add_axes((0.61, 0.02, 0.385, 0.96))
        middle = figure.add_axes((0.42, 0.31, 0.16, 0.38))
        draw_image(left, pixels, window(40, 400), False)
        limit = float(np.percentile(np.abs(edges), 99))
        right.imshow(edges, cmap=SIGNED, vmin=-limit, vmax=limit)
        draw_cells(middle, np.array(kernel), None, shade=True)
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
