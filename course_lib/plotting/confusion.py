"""The figures of the chapter The confusion matrix (book/17_confusion_matrix.md)."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter
from torch import Tensor

from course_lib.metrics import BinaryConfusion
from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

GREEN = "#009e73"
_CELLS = {  # attribute: (what it is, marker, color, size)
    "tp": ("hit", "o", ACCENT, 34),
    "fn": ("miss", "X", ACCENT_2, 48),
    "fp": ("false alarm", "^", "#e69f00", 30),
    "tn": ("correct no", ".", "#8a8a8a", 16),
}
_STYLES = ((ACCENT, "-"), (ACCENT_2, "--"), (GREEN, "-."), ("#4d4d4d", ":"))


def show_people(confusion: BinaryConfusion, *, columns: int = 40) -> Figure:
    """Draw each person as one mark, the four cells one after the other, row by row.

    >>> figure = show_people(BinaryConfusion(tp=18, fn=2, fp=98, tn=882))
    >>> [len(marks.get_offsets()) for marks in figure.axes[0].collections]
    [18, 2, 98, 882]
    >>> plt.close(figure)

    Args:
        confusion: Not more than a few thousand people.
        columns: How many stand in a row, at least 1.
    """
    if columns < 1:
        raise ValueError(f"`columns` must be at least 1, got {columns}")
    rows = -(-confusion.total // columns)
    figure, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.115 * rows))
    start = 0
    for cell, (name, marker, color, size) in _CELLS.items():
        count: int = getattr(confusion, cell)
        places = range(start, start + count)
        ax.scatter(
            [n % columns for n in places],
            [n // columns for n in places],
            size, marker=marker, color=color, linewidths=0, label=f"{count} × {name}",
        )  # fmt: skip
        start += count
    ax.invert_yaxis()
    ax.axis("off")
    figure.legend(
        loc="outside upper center", ncols=2, frameon=False, handletextpad=0.2, markerscale=1.6
    )
    return figure


def show_matrix(confusion: BinaryConfusion) -> Figure:
    """Draw the four cells, what each row says at its right, and each column below it.

    >>> figure = show_matrix(BinaryConfusion(tp=18, fn=2, fp=98, tn=882))
    >>> [text.get_text() for text in figure.axes[0].texts][:2]
    ['18', 'hit (TP)']
    >>> plt.close(figure)

    Args:
        confusion: Both classes and both answers occur.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.9))
    for index, (cell, (name, _, color, _)) in enumerate(_CELLS.items()):
        row, column = divmod(index, 2)
        ax.add_patch(Rectangle((column, row), 1, 1, facecolor=color, alpha=0.3, edgecolor="black"))
        ax.text(column + 0.5, row + 0.42, str(getattr(confusion, cell)), ha="center", fontsize=20)
        ax.text(column + 0.5, row + 0.76, f"{name} ({cell.upper()})", ha="center", fontsize=11)
    rows = {"sensitivity": confusion.sensitivity, "specificity": confusion.specificity}
    columns = {"PPV": confusion.ppv, "NPV": confusion.npv}
    for n, (name, value) in enumerate(rows.items()):
        ax.text(2.06, n + 0.5, f"→ {name}\n    {value:.3f}", va="center", fontsize=12)
        ax.text(-0.06, n + 0.5, ("ill", "well")[n], va="center", ha="right")
    for n, (name, value) in enumerate(columns.items()):
        ax.text(n + 0.5, 2.1, f"↓ {name}\n{value:.3f}", va="top", ha="center", fontsize=12)
        ax.text(n + 0.5, -0.06, ("called ill", "called well")[n], ha="center", fontsize=12)
    ax.set_xlim(-0.4, 3.0)
    ax.set_ylim(2.65, -0.3)
    ax.axis("off")
    return figure


def show_over_prevalence(
    prevalences: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    *,
    mark: float | None = None,
    label: str = "value",
) -> Figure:
    """Draw measures over prevalence, on a logarithmic axis.

    >>> figure = show_over_prevalence([0.01, 0.1], {"PPV": [0.1, 0.5]}, mark=0.02)
    >>> figure.axes[0].get_xscale()
    'log'
    >>> plt.close(figure)

    Args:
        prevalences: Above 0, up to 1.
        lines: At most four; for each name as many values as prevalences.
        mark: A prevalence to mark by a thin line.
        label: Of the vertical axis.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.9))
    for (name, values), (color, dashes) in zip(lines.items(), _STYLES, strict=False):
        ax.plot(prevalences, values, dashes, color=color, linewidth=2.5, label=name)
    if mark is not None:
        ax.axvline(mark, color="black", linewidth=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    ax.set_ylim(0, 1.03)
    ax.set_xlabel("prevalence")
    ax.set_ylabel(label)
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, handlelength=1.8)
    return figure


def show_scores(y_true: Tensor, y_score: Tensor, *, threshold: float) -> Figure:
    """Draw how many well and ill people have which score, in twenty bins, and the threshold.

    >>> import torch
    >>> scores = torch.tensor([0.1, 0.3, 0.4, 0.9])
    >>> figure = show_scores(torch.tensor([0, 0, 1, 1]), scores, threshold=0.35)
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['ill people', 'well people']
    >>> plt.close(figure)

    Args:
        y_true: Labels 0 and 1 (N,).
        y_score: Scores from 0 to 1 (N,).
        threshold: From 0 to 1.
    """
    figure, axes = plt.subplots(2, 1, figsize=(WIDTH, 4.4), sharex=True)
    bins = [n / 20 for n in range(21)]
    for ax, label, name, found, missed in (
        (axes[0], 1, "ill people", "tp", "fn"),
        (axes[1], 0, "well people", "fp", "tn"),
    ):
        scores = y_score[y_true == label]
        parts = [scores[scores >= threshold].tolist(), scores[scores < threshold].tolist()]
        ax.hist(
            parts, bins, stacked=True, color=[_CELLS[found][2], _CELLS[missed][2]],
            label=[f"{_CELLS[cell][0]}" for cell in (found, missed)],
        )  # fmt: skip
        ax.axvline(threshold, color="black", linestyle="--")
        ax.set_ylabel(name)
        ax.legend(frameon=False, fontsize=12, loc="upper center")
    axes[1].set_xlabel("score")
    return figure
