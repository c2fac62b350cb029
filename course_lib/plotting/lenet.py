"""The figures of the chapter LeNet-5 (book/08_lenet.md)."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_lib._checks import whole_number
from course_lib.models.lenet import ScaledTanh
from course_lib.plotting.style import ACCENT, ACCENT_2, SIGNED, WIDTH

_GREEN = "#009e73"
_PURPLE = "#cc79a7"
_MARKS = "osD^"


def show_rows(
    rows: Mapping[str, Tensor], *, columns: int = 5, titles: Sequence[str] | None = None
) -> Figure:
    """Draw several pictures of each thing below each other, dark ink on white.

    >>> figure = show_rows({"image": torch.zeros(6, 32, 32), "code": torch.zeros(6, 12, 7)})
    >>> len(figure.axes)  # two blocks of two rows and five columns
    20
    >>> plt.close(figure)

    Args:
        rows: By name, pictures (N, H, W) of the same N things. Each row goes from white, its
            lowest value, to black; rows with values below zero from -1 to 1.
        columns: How many things stand side by side.
        titles: A word or two above each thing.

    Raises:
        ValueError: If there is no row, the rows differ in N, or the titles do.
    """
    counts = {len(pictures) for pictures in rows.values()}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(f"`rows` must have one number of pictures, at least 1, got {counts}")
    (count,) = counts
    if titles is not None and len(titles) != count:
        raise ValueError(f"`titles` must be {count}, one for each column, got {len(titles)}")
    columns = whole_number("columns", columns)
    blocks = -(-count // columns)
    figure, axes = plt.subplots(
        blocks * len(rows), columns, squeeze=False,
        figsize=(WIDTH, blocks * (0.84 * len(rows) + (0.35 if titles else 0.0))),
    )  # fmt: skip
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    for r, (name, pictures) in enumerate(rows.items()):
        low = -1.0 if pictures.min() < 0 else 0.0
        for n, picture in enumerate(pictures.cpu()):
            ax = axes[n // columns * len(rows) + r, n % columns]
            ax.imshow(picture.numpy(), cmap="gray_r", vmin=low, vmax=1)
            ax.spines[:].set(visible=True, color="#bbbbbb")
            if titles is not None and r == 0:
                ax.set_title(titles[n])
            if n % columns == 0:
                ax.set_ylabel(name)
    return figure


def show_table(inputs: Sequence[Sequence[int]], *, counts: bool = False) -> Figure:
    """Draw which maps each map of the next layer reads.

    >>> from course_lib.models.lenet import C3_INPUTS
    >>> figure = show_table(C3_INPUTS)
    >>> len(figure.axes[0].patches)  # one square for each kernel
    60
    >>> plt.close(figure)

    Args:
        inputs: For each map, those that it reads, from 0.
        counts: Whether to write the sums of the rows and columns beside them.

    Colored by how many are read, and whether they are neighbors; the last one is a neighbor of
    the first.
    """
    sources = max(max(maps) for maps in inputs) + 1
    figure, ax = plt.subplots(figsize=(WIDTH, 2.6))
    for column, maps in enumerate(inputs):
        color, hatch = _kind(maps, sources)
        for row in maps:
            ax.add_patch(
                Rectangle(
                    (column - 0.44, row - 0.44),
                    0.88,
                    0.88,
                    facecolor=color,
                    edgecolor="white",
                    hatch=hatch,
                    linewidth=0,
                )
            )
    if counts:
        edge, below = len(inputs) + 0.1, sources + 0.15
        for column, maps in enumerate(inputs):
            ax.text(column, below, str(len(maps)), ha="center", va="center")
        for row in range(sources):
            count = sum(row in maps for maps in inputs)
            ax.text(edge, row, str(count), ha="center", va="center")
        total = str(sum(map(len, inputs)))
        ax.text(edge, below, total, ha="center", va="center", weight="bold")
        ax.axhline(sources - 0.4, color="#999999", linewidth=1)
        ax.axvline(len(inputs) - 0.45, color="#999999", linewidth=1)
    ax.set_xlim(-0.6, len(inputs) + 0.7)
    ax.set_ylim(sources + (0.6 if counts else -0.4), -0.6)
    ax.set_aspect("equal")
    ax.set_xticks(range(0, len(inputs), 3))
    ax.set_yticks(range(sources))
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlabel("map of C3")
    ax.set_ylabel("map of S2")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return figure


def _kind(maps: Sequence[int], sources: int) -> tuple[str, str]:
    """Return color and hatch for three, four neighbors, four others, or all maps."""
    if len(maps) == sources:
        return "#333333", ""
    steps = [(b - a) % sources for a, b in zip(maps, [*maps[1:], maps[0]], strict=True)]
    neighbors = steps.count(1) == len(maps) - 1
    if not neighbors:
        return _GREEN, "//"
    return (ACCENT, "") if len(maps) == 3 else (ACCENT_2, "..")


def show_squashing() -> Figure:
    """Draw the paper's squashing function beside the plain tanh.

    >>> figure = show_squashing()
    >>> len(figure.axes[0].lines)
    3
    >>> plt.close(figure)
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.6))
    a = torch.linspace(-4, 4, 201)
    ax.plot(a, ScaledTanh()(a), color=ACCENT, linewidth=2.5, label="LeNet-5's")
    ax.plot(a, torch.tanh(a), "--", color=ACCENT_2, linewidth=2.5, label="tanh")
    ax.plot([-1, 1], [-1, 1], "o", color=ACCENT, markersize=9)
    ax.set_xlabel("a, the weighted sum")
    ax.set_ylabel("output")
    ax.set_xticks([-4, -2, -1, 0, 1, 2, 4])
    ax.set_yticks([-1, 0, 1])
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def show_shifts(shifts: Sequence[int], runs: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Draw how often networks are right on images that were moved to the side.

    >>> figure = show_shifts([-1, 0, 1], {"LeNet-5": [[0.8, 0.9, 0.8], [0.7, 0.9, 0.8]]})
    >>> figure.axes[0].get_xlabel()
    'moved to the right, pixels'
    >>> plt.close(figure)

    Args:
        shifts: In pixels of 32.
        runs: By network, for each run a number from 0 to 1 for each shift. Drawn is their mean,
            and a band from the lowest to the highest.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.8))
    for (name, shares), color, style in zip(
        runs.items(), (ACCENT_2, _GREEN, _PURPLE), ("o-", "D-.", "^--"), strict=False
    ):
        percent = 100 * torch.tensor(shares, dtype=torch.float64)
        ax.plot(shifts, percent.mean(0), style, color=color, linewidth=2.5, label=name)
        ax.fill_between(
            shifts, percent.amin(0), percent.amax(0), color=color, alpha=0.2, linewidth=0
        )
    ax.set_xlabel("moved to the right, pixels")
    ax.set_ylabel("right answers, %")
    ax.set_ylim(0, 103)
    ax.set_xticks(shifts)
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def show_runs(runs: Mapping[str, Sequence[int]], total: int) -> Figure:
    """Draw one dot for each run: how many of the test images it got right.

    >>> figure = show_runs({"codes": [430, 432], "today": [438, 440]}, 450)
    >>> figure.axes[0].get_xlabel()
    'right, of 450 test images'
    >>> plt.close(figure)

    Args:
        runs: By network, from the top down, the number of right answers of each seed.
        total: How many there were.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.55 * len(runs)))
    colors = (ACCENT_2, ACCENT, _GREEN, _PURPLE)
    for place, ((_, rights), color) in enumerate(zip(runs.items(), colors, strict=False)):
        ax.plot(rights, [place] * len(rights), _MARKS[place], color=color, alpha=0.7, markersize=9)
    ax.set_yticks(range(len(runs)), list(runs))
    ax.set_ylim(len(runs) - 0.5, -0.5)
    ax.set_xlabel(f"right, of {total} test images")
    ax.grid(color="#dddddd", axis="x")
    return figure


def show_first_layer(kernels: Tensor, maps: Tensor, halved: Tensor) -> Figure:
    """Draw the kernels of C1, what they make of an image, and what S2 makes of that.

    >>> figure = show_first_layer(*(torch.ones(6, n, n) for n in (5, 28, 14)))
    >>> len(figure.axes)
    18
    >>> plt.close(figure)

    Args:
        kernels: Of shape (6, 5, 5).
        maps: Of C1, squashed, (6, 28, 28).
        halved: Of S2, squashed, (6, 14, 14).

    Red is positive, blue negative; each row has one scale.
    """
    rows = {"kernel": kernels, "C1": maps, "S2": halved}
    figure, axes = plt.subplots(3, len(kernels), figsize=(WIDTH, 2.5))
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        pictures = pictures.detach().cpu()
        high = float(pictures.abs().max())
        for ax, picture in zip(line, pictures, strict=True):
            ax.imshow(picture.numpy(), cmap=SIGNED, vmin=-high, vmax=high)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=True, color="#bbbbbb")
        line[0].set_ylabel(name)
    return figure
