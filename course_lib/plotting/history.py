"""Sixty years of neural networks in nine small drawings.

For the chapter Neural networks in one sitting (book/02_neural_networks.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

_PALE, _GRAY = "#cfe3f1", "#555555"
_ROW = 0.98  # inches


def _box(ax: Axes, x: float, y: float, width: float, height: float, color: str = _PALE) -> None:
    ax.add_patch(Rectangle((x, y), width, height, facecolor=color, edgecolor=_GRAY))


def _dot(ax: Axes, x: float, y: float, color: str = _PALE, radius: float = 0.07) -> None:
    ax.add_patch(Circle((x, y), radius, facecolor=color, edgecolor=_GRAY, zorder=3))


def _arrow(ax: Axes, start: Sequence[float], end: Sequence[float], color: str = _GRAY) -> None:
    style = {"arrowstyle": "->", "color": color, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", xy=(end[0], end[1]), xytext=(start[0], start[1]), arrowprops=style)


# Each draws into a box of 1.5 by 0.7 inches with its lower left corner at (x, y).


def _perceptron(ax: Axes, x: float, y: float) -> None:
    for height in (0.1, 0.35, 0.6):
        ax.plot([x + 0.15, x + 0.75], [y + height, y + 0.35], color=_GRAY)
        _dot(ax, x + 0.15, y + height)
    _dot(ax, x + 0.75, y + 0.35, ACCENT, 0.12)
    ax.plot([x + 0.95, x + 1.15, x + 1.15, x + 1.4], [y + 0.2, y + 0.2, y + 0.5, y + 0.5], "k")


def _xor(ax: Axes, x: float, y: float) -> None:
    for right, up in ((0, 0), (0, 1), (1, 0), (1, 1)):
        color = ACCENT if right != up else "white"
        _dot(ax, x + 0.5 + 0.5 * right, y + 0.1 + 0.5 * up, color, 0.08)
    ax.plot([x + 0.25, x + 1.25], [y + 0.42, y + 0.28], "--", color=ACCENT_2, linewidth=2)


def _neocognitron(ax: Axes, x: float, y: float) -> None:
    for column, size in enumerate((0.42, 0.34, 0.26, 0.18)):
        for plane in range(3):
            color = _PALE if column % 2 == 0 else "#f7d9c4"
            shift = 0.05 * plane
            _box(ax, x + 0.38 * column + shift, y + 0.1 + shift, size - 0.1, size, color)


def _back_propagation(ax: Axes, x: float, y: float) -> None:
    columns = (x + 0.2, x + 0.75, x + 1.3)
    for left, right in ((0, 1), (1, 2)):
        _arrow(ax, (columns[left] + 0.1, y + 0.5), (columns[right] - 0.1, y + 0.5))
        ends = (columns[right] - 0.1, y + 0.2), (columns[left] + 0.1, y + 0.2)
        _arrow(ax, *ends, color=ACCENT_2)
    for column in columns:
        _dot(ax, column, y + 0.35, radius=0.1)


def _lenet(ax: Axes, x: float, y: float) -> None:
    sizes = ((0.0, 0.6), (0.27, 0.46), (0.54, 0.34), (0.81, 0.24))
    for column, height in sizes:
        for plane in range(2):
            shift = 0.05 * plane
            _box(ax, x + column + shift, y + 0.35 - height / 2 + shift, 0.14, height)
    for column, height in ((1.12, 0.6), (1.28, 0.4)):
        _box(ax, x + column, y + 0.35 - height / 2, 0.08, height, ACCENT)


def _grid_of_cores(ax: Axes, x: float, y: float) -> None:
    for column in range(9):
        for row in range(4):
            color = ACCENT if (column + row) % 3 == 0 else _PALE
            _box(ax, x + 0.12 + 0.14 * column, y + 0.07 + 0.15 * row, 0.11, 0.12, color)


def _alexnet(ax: Axes, x: float, y: float) -> None:
    heights = (0.28, 0.24, 0.18, 0.18, 0.18, 0.28, 0.28)
    for tower in (0.17, 0.53):
        for column, height in enumerate(heights):
            color = _PALE if column < 5 else ACCENT
            _box(ax, x + 0.05 + 0.2 * column, y + tower - height / 2, 0.1, height, color)
    for start, end in ((1, 2), (4, 5)):  # where the two halves talk to each other
        for low, high in ((0.17, 0.53), (0.53, 0.17)):
            places = [x + 0.15 + 0.2 * start, x + 0.05 + 0.2 * end]
            ax.plot(places, [y + low, y + high], color=_GRAY, linewidth=1)


def _branches(ax: Axes, x: float, y: float) -> None:
    for height, width in ((0.08, 0.22), (0.26, 0.32), (0.44, 0.42), (0.62, 0.22)):
        ax.plot([x + 0.2, x + 0.5], [y + 0.35, y + height], color=_GRAY)
        ax.plot([x + 0.5, x + 1.0], [y + height, y + height], color=_GRAY)
        ax.plot([x + 1.0, x + 1.3], [y + height, y + 0.35], color=_GRAY)
        _box(ax, x + 0.75 - width / 2, y + height - 0.06, width, 0.12)
    _dot(ax, x + 0.2, y + 0.35)
    _dot(ax, x + 1.3, y + 0.35, ACCENT)


def _skip(ax: Axes, x: float, y: float) -> None:
    ax.plot([x + 0.05, x + 1.2], [y + 0.25, y + 0.25], color=_GRAY)
    for column in (0.35, 0.75):
        _box(ax, x + column, y + 0.12, 0.22, 0.26)
    way = [x + 0.2, x + 0.2, x + 1.2], [y + 0.25, y + 0.6, y + 0.6]
    ax.plot(*way, color=ACCENT_2, linewidth=2)
    _arrow(ax, (x + 1.2, y + 0.6), (x + 1.2, y + 0.34), ACCENT_2)
    _dot(ax, x + 1.2, y + 0.25, "white", 0.09)
    ax.text(x + 1.2, y + 0.245, "+", ha="center", va="center", fontsize=12, zorder=4)


@dataclass(frozen=True)
class Event:
    """One entry of the timeline."""

    year: int
    name: str
    note: str
    draw: Callable[[Axes, float, float], None]


EVENTS = (
    Event(1958, "Perceptron", "a neuron that\nlearns", _perceptron),
    Event(1969, "XOR", "what one line\ncannot do", _xor),
    Event(1980, "Neocognitron", "S and C cells", _neocognitron),
    Event(1985, "Back-propagation", "all layers learn", _back_propagation),
    Event(1989, "LeNet", "digits; LeNet-5\nfollows in 1998", _lenet),
    Event(2007, "CUDA", "a graphics card\ncomputes anything", _grid_of_cores),
    Event(2012, "AlexNet", "two towers on\ntwo cards", _alexnet),
    Event(2014, "GoogLeNet", "branches\nside by side", _branches),
    Event(2015, "ResNet", "a way around\nthe layers", _skip),
)


def show_timeline() -> Figure:
    """Draw what came when, from the perceptron to ResNet, from top to bottom.

    >>> figure = show_timeline()
    >>> texts = [text.get_text() for text in figure.axes[0].texts]
    >>> "1958" in texts, "ResNet" in texts
    (True, True)
    >>> plt.close(figure)

    Returns:
        The figure. Rows have one distance, whatever the years between them.

    Source of the dates: the slides L008 and L009, and the papers that the chapter cites; the book
    of 1969 is not on the slides.
    """
    height = _ROW * len(EVENTS)
    figure, ax = plt.subplots(figsize=(WIDTH, height), layout="none")
    ax.set_position((0, 0, 1, 1))
    ax.set_xlim(0, WIDTH)
    ax.set_ylim(0, height)
    ax.set_axis_off()
    ax.plot([0.78, 0.78], [0.2, height - 0.2], color="#bbbbbb", linewidth=3, zorder=0)
    for row, event in enumerate(EVENTS):
        middle = height - (row + 0.5) * _ROW
        ax.text(0.05, middle, str(event.year), va="center", weight="bold")
        _dot(ax, 0.78, middle, ACCENT_2)
        event.draw(ax, 1.02, middle - 0.35)
        lines = 1 + event.note.count("\n")
        ax.text(2.72, middle + 0.1 * lines, event.name, va="center", weight="bold")
        top = middle + 0.1 * lines - 0.13
        ax.text(2.72, top, event.note, va="top", fontsize=13, linespacing=1.1)
    return figure
