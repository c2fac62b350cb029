"""The figures of the chapter How sure are you? (book/19_how_sure.md)."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.metrics import Interval
from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

GREEN = "#009e73"  # of the palette of Okabe and Ito
LINES = ((ACCENT, "-"), (ACCENT_2, "--"), (GREEN, "-."))


def _bar(ax: Axes, place: float, end: Interval, color: str, marker: str, size: float) -> None:
    ax.plot([place, place], [end.low, end.high], color=color, linewidth=1.8)
    ax.plot(place, end.estimate, marker, color=color, markersize=size)


def show_studies(studies: Mapping[str, Sequence[Interval]], *, truth: float) -> Figure:
    """Draw the intervals of many studies beside each other, and which of them miss the truth.

    >>> figure = show_studies({"AUC": [Interval(0.7, 0.6, 0.8), Interval(0, 0, 0)]}, truth=0.7)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1 of 2 miss']
    >>> plt.close(figure)

    Args:
        studies: Intervals under a name; one panel each, one above the other.
        truth: Where the line is drawn, in all of them.
    """
    height = 3.6 if len(studies) == 1 else 5.4
    figure, axes = plt.subplots(
        len(studies), 1, figsize=(WIDTH, height), sharex=True, sharey=True, squeeze=False
    )
    for ax, (name, ends) in zip(axes[:, 0], studies.items(), strict=True):
        missed = 0
        for place, end in enumerate(ends, 1):
            if end.low <= truth <= end.high:
                _bar(ax, place, end, ACCENT, "o", 2.5)
            else:
                _bar(ax, place, end, ACCENT_2, "s", 5)
                missed += 1
        ax.axhline(truth, color="black", linewidth=1.5)
        ax.set(ylabel=name if len(studies) == 1 else "AUC", xlim=(0, len(ends) + 1))
        said = f"{missed} of {len(ends)} miss"
        if len(studies) == 1:
            ax.text(1, 1.02, said, transform=ax.transAxes, ha="right")
        else:
            ax.set_title(f"{name}: {said}")
    axes[-1, 0].set_xlabel("study")
    return figure


def show_coverage(
    shares: Sequence[float], curves: Mapping[str, Sequence[float]], *, promised: float
) -> Figure:
    """Draw the coverage of up to three recipes over the true share.

    >>> figure = show_coverage([0.5, 0.9], {"Wilson": [0.95, 0.94]}, promised=0.95)
    >>> figure.axes[0].get_ylabel()
    'coverage'
    >>> plt.close(figure)

    Args:
        shares: What is true, (S,).
        curves: The coverage at each of them, (S,), under a name.
        promised: Where the dotted line is drawn.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for (name, values), (color, style) in zip(curves.items(), LINES, strict=False):
        ax.plot(shares, values, style, color=color, linewidth=2, label=name)
    ax.axhline(promised, linestyle=":", color="black")
    ax.set(xlabel="true share", ylabel="coverage", ylim=(0.3, 1.02))
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, handlelength=2.2)
    return figure


def show_pair(models: Mapping[str, Interval], difference: Interval) -> Figure:
    """Draw the AUCs of two models, and beside them their difference, on the same scale.

    >>> figure = show_pair({"a": Interval(0.8, 0.7, 0.9), "b": Interval(0.7, 0.6, 0.8)},
    ...                    Interval(0.1, 0.02, 0.18))
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['AUC', 'difference']
    >>> plt.close(figure)

    Args:
        models: Two, under their names.
        difference: Of the first less the second.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 4), width_ratios=(2, 1))
    for place, ((_, end), (color, _)) in enumerate(zip(models.items(), LINES, strict=False)):
        left.errorbar(
            place, end.estimate, [[end.estimate - end.low], [end.high - end.estimate]],
            fmt="os"[place], color=color, capsize=7, linewidth=2.5, markersize=9,
        )  # fmt: skip
    right.errorbar(
        0, difference.estimate,
        [[difference.estimate - difference.low], [difference.high - difference.estimate]],
        fmt="D", color="black", capsize=7, linewidth=2.5, markersize=9,
    )  # fmt: skip
    right.axhline(0, linestyle=":", color="black")
    left.set_xticks(range(len(models)), list(models))
    left.set(ylabel="AUC", xlim=(-0.5, len(models) - 0.5))
    right.set_xticks([0], ["with − without" if "without" in models else "difference"])
    right.set(ylabel="difference", xlim=(-0.5, 0.5))
    low, high = left.get_ylim()
    middle = difference.estimate
    right.set_ylim(middle - (high - low) / 2, middle + (high - low) / 2)
    return figure


def show_films(films: Any) -> Figure:
    """Draw films of some patients, a row each.

    >>> import numpy as np
    >>> figure = show_films(np.zeros((2, 3, 4, 4)))
    >>> len(figure.axes), figure.axes[0].get_ylabel()
    (6, 'patient 1')
    >>> plt.close(figure)

    Args:
        films: Gray, (patients, films, H, W); all on one scale.
    """
    rows, columns = films.shape[:2]
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, rows * 0.98), squeeze=False)
    for row, line in enumerate(axes):
        for column, ax in enumerate(line):
            ax.imshow(films[row, column], vmin=films.min(), vmax=films.max())
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(f"patient {row + 1}", fontsize=11)
    return figure


def show_leak(runs: Mapping[str, Sequence[Sequence[float]]], ways: Sequence[str]) -> Figure:
    """Draw the AUCs that up to three models got when they were measured in several ways.

    >>> figure = show_leak({"a": [[0.9, 0.6], [0.8, 0.7]]}, ["by film", "by patient"])
    >>> [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    ['by film', 'by patient']
    >>> plt.close(figure)

    Args:
        runs: For each model its runs, each with one AUC a way.
        ways: Names of the ways.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 4.4))
    for number, ((name, each), (color, _)) in enumerate(zip(runs.items(), LINES, strict=False)):
        for run, values in enumerate(each):
            places = [way + 0.24 * number - 0.12 + 0.03 * (run - 2) for way in range(len(ways))]
            label = name if run == 0 else None
            ax.plot(places, values, "os^"[number], color=color, markersize=7, label=label)
    ax.axhline(0.5, linestyle=":", color="black")
    ax.text(-0.45, 0.505, "chance", va="bottom", fontsize=12)
    ax.set_xticks(range(len(ways)), ways)
    ax.set(ylabel="AUC", ylim=(0.42, 1.02), xlim=(-0.5, len(ways) - 0.5))
    ax.grid(axis="y", color="#dddddd")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def show_forest(ends: Mapping[str, Interval], *, xlabel: str) -> Figure:
    """Draw intervals one below the other; the last one in another color, as it sums them up.

    >>> figure = show_forest({"a": Interval(0.8, 0.7, 0.9), "all": Interval(0.8, 0.75, 0.85)},
    ...                      xlabel="AUC")
    >>> [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    ['a', 'all']
    >>> plt.close(figure)

    Args:
        ends: Intervals under a name, from the top.
        xlabel: What they are intervals of.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 0.36 * len(ends) + 0.8))
    for place, end in enumerate(ends.values()):
        last = place == len(ends) - 1
        color, marker = (ACCENT_2, "D") if last else (ACCENT, "o")
        ax.plot([end.low, end.high], [place, place], color=color, linewidth=2.5)
        ax.plot(end.estimate, place, marker, color=color, markersize=8 if last else 6)
    ax.set_yticks(range(len(ends)), list(ends), fontsize=12)
    ax.invert_yaxis()
    ax.set_xlabel(xlabel)
    ax.grid(axis="x", color="#dddddd")
    return figure
