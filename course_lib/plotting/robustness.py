"""The figures of the chapter Precision, accuracy, robustness (book/16_robustness.md)."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from course_lib.metrics import bland_altman_limits, wilson_interval
from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

GREEN, GRAY = "#009e73", "#4d4d4d"
_STYLES = ((ACCENT, "-", "o"), (ACCENT_2, "--", "s"), (GREEN, "-.", "^"), (GRAY, ":", "D"))
_STRENGTHS = {
    "noise": "noise (SD)",
    "blur": "blur (pixels)",
    "contrast": "contrast lost",
    "brightness": "light added",
}


def show_readings(readings: Mapping[str, Tensor], *, true: float, label: str) -> Figure:
    """Draw each reading as a dot, a row for each reader, the mean as a bar, the truth as a line.

    >>> import torch
    >>> figure = show_readings({"A": torch.tensor([59.0, 61.0])}, true=60, label="percent")
    >>> figure.axes[0].get_xlabel()
    'percent'
    >>> plt.close(figure)

    Args:
        readings: At most four readers, each with readings (N,) of the same thing.
        true: What they should read.
        label: Of the axis, with the unit.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.75 * len(readings)))
    ax.axvline(true, color="black", linestyle="--", label="true value")
    for row, (values, (color, _, marker)) in enumerate(
        zip(readings.values(), _STYLES, strict=False)
    ):
        heights = [row + 0.07 * (n % 7 - 3) for n in range(len(values))]  # so that dots part
        ax.scatter(values.tolist(), heights, 26, color=color, marker=marker, alpha=0.6, lw=0)
        mean = float(values.mean())
        name = "mean" if row == 0 else None
        ax.plot([mean, mean], [row - 0.36, row + 0.36], color="black", linewidth=3, label=name)
    ax.set_yticks(range(len(readings)), list(readings))
    ax.set_ylabel("reader")
    ax.set_xlabel(label)
    ax.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def show_averaging(counts: Sequence[int], errors: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the error of a mean over how many readings it has, both axes logarithmic.

    >>> figure = show_averaging([1, 4], {"B": [6.0, 3.0]})
    >>> figure.axes[0].get_xscale(), figure.axes[0].get_yscale()
    ('log', 'log')
    >>> plt.close(figure)

    Args:
        counts: Readings that are averaged, at least 1 each.
        errors: At most four readers; for each as many errors, above 0, as counts.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.7))
    for (name, values), (color, dashes, marker) in zip(errors.items(), _STYLES, strict=False):
        ax.plot(counts, values, dashes, marker=marker, color=color, linewidth=2.2, label=name)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_xlabel("readings in a mean")
    ax.set_ylabel("RMSE (points)")
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=4, frameon=False, handlelength=1.6)
    return figure


def show_agreement(first: Tensor, second: Tensor, *, names: tuple[str, str]) -> Figure:
    """Draw differences over means, with Bland and Altman's limits and their intervals.

    >>> import torch
    >>> a, b = torch.tensor([60.0, 70, 80, 75]), torch.tensor([62.0, 70, 79, 78])
    >>> figure = show_agreement(a, b, names=("A", "B"))
    >>> figure.axes[0].get_ylabel()
    'B − A (points)'
    >>> plt.close(figure)

    Args:
        first: Readings (N,).
        second: Of the same patients in the same order, (N,).
        names: Of the two readers.
    """
    found = bland_altman_limits(first, second)
    figure, ax = plt.subplots(figsize=(WIDTH, 3.9))
    ax.axhline(0, color="black", linewidth=1)
    means = ((first + second) / 2).tolist()
    ax.scatter(means, (second - first).tolist(), 26, color=ACCENT, alpha=0.7, lw=0)
    for value, (low, high), dashes, name in (
        (found.mean_difference, found.mean_interval, "-", "mean"),
        (found.upper_limit, found.upper_interval, "--", "limit"),
        (found.lower_limit, found.lower_interval, "--", "limit"),
    ):
        ax.axhline(value, color=ACCENT_2, linestyle=dashes, linewidth=2)
        ax.axhspan(low, high, color=ACCENT_2, alpha=0.18, linewidth=0)
        ax.text(
            1.01, value, f"{name}\n{value:.1f}".replace("-", "−"), va="center", fontsize=12,
            transform=ax.get_yaxis_transform(),
        )  # fmt: skip
    ax.set_xlabel("mean of both (percent)")
    ax.set_ylabel(f"{names[1]} − {names[0]} (points)")
    return figure


def show_grid(rows: Mapping[str, Sequence[Tensor]], texts: Mapping[str, Sequence[str]]) -> Figure:
    """Draw small images in rows, each with a line of text below it.

    >>> import torch
    >>> figure = show_grid({"noise": [torch.zeros(8, 8)] * 3}, {"noise": ["3", "3", "8"]})
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['3', '3', '8']
    >>> plt.close(figure)

    Args:
        rows: For each name as many images (H, W) in [0, 1], at most three.
        texts: For each name a text for each image.
    """
    columns = max(len(images) for images in rows.values())
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(WIDTH, 1.75 * len(rows)), squeeze=False
    )
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(name)
        for ax, image, text in zip(line, images, texts[name], strict=True):
            ax.imshow(image.cpu().numpy(), vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            ax.set_xlabel(text, fontsize=13)
    return figure


def show_curves(curves: Mapping[str, Mapping[float, int]], *, images: int) -> Figure:
    """Draw accuracy over strength, one panel for each corruption, with Wilson's intervals.

    >>> figure = show_curves({"noise": {0: 90, 0.2: 80}, "blur": {0: 90, 1: 50}}, images=100)
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['noise (SD)', 'blur (pixels)']
    >>> plt.close(figure)

    Args:
        curves: For each corruption, how many images are right at each strength.
        images: How many there are.
    """
    count = -(-len(curves) // 2)
    figure, axes = plt.subplots(count, 2, figsize=(WIDTH, 2.5 * count), sharey=True, squeeze=False)
    for ax, (name, curve) in zip(axes.flat, curves.items(), strict=False):
        found = [wilson_interval(right, images) for right in curve.values()]
        low, high = [each.low for each in found], [each.high for each in found]
        ax.fill_between(list(curve), low, high, color=ACCENT, alpha=0.25, linewidth=0)
        ax.plot(list(curve), [each.estimate for each in found], "o-", color=ACCENT, markersize=5)
        ax.axhline(found[0].estimate, color="black", linestyle=":", linewidth=1.2)
        ax.set_xlabel(_STRENGTHS.get(name, name))
        ax.set_ylim(0, 1.03)
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
        ax.grid(color="#dddddd")
    for line in axes:
        line[0].set_ylabel("right")
    return figure


def show_confidence(
    strengths: Sequence[float],
    accuracies: Mapping[str, Sequence[float]],
    confidences: Mapping[str, Sequence[float]],
    *,
    label: str,
) -> Figure:
    """Draw the share of right answers and the mean confidence, a panel for each network.

    >>> figure = show_confidence([0, 1], {"a": [0.9, 0.5]}, {"a": [0.9, 0.8]}, label="noise")
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['confidence', 'accuracy']
    >>> plt.close(figure)

    Args:
        strengths: Of a corruption.
        accuracies: Under the name of each network, a share for each strength.
        confidences: The same for the mean of the largest probability.
        label: Of the horizontal axis.
    """
    figure, axes = plt.subplots(
        1, len(accuracies), figsize=(WIDTH, 3.5), sharey=True, squeeze=False
    )
    for ax, (name, values) in zip(axes.flat, accuracies.items(), strict=True):
        said = confidences[name]
        ax.plot(strengths, said, "s--", color=ACCENT_2, linewidth=2.2, label="confidence")
        ax.plot(strengths, values, "o-", color=ACCENT, linewidth=2.2, label="accuracy")
        ax.fill_between(strengths, values, said, color=ACCENT_2, alpha=0.15, linewidth=0)
        ax.set(xlabel=label, title=name, ylim=(0, 1.03))
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
        ax.grid(color="#dddddd")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return figure
