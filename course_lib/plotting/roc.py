"""The figures of the chapter ROC and AUC (book/18_roc.md)."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from torch import Tensor

from course_lib.metrics import (
    BinaryConfusion,
    ReliabilityCurve,
    precision_recall_curve,
    roc_curve,
    wilson_interval,
)
from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

GREEN = "#009e73"  # of the palette of Okabe and Ito
LINES = ((ACCENT, "-"), (ACCENT_2, "--"), (GREEN, "-."))
FPR, TPR = "false positive rate", "true positive rate"


def _unit_square(ax: Axes, x: str, y: str) -> None:
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=x, ylabel=y, aspect="equal")
    ax.set_xticks([0, 0.5, 1])
    ax.set_yticks([0, 0.5, 1])
    ax.grid(color="#dddddd")


def show_space(tests: Mapping[str, BinaryConfusion]) -> Figure:
    """Draw tests as points of ROC space, with the diagonal where the answer says nothing.

    >>> figure = show_space({"A": BinaryConfusion(tp=63, fn=37, fp=28, tn=72)})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['A', 'chance']
    >>> plt.close(figure)

    Args:
        tests: The four cells of each, under its name.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 4.6))
    ax.plot([0, 1], [0, 1], ":", color="black")
    for name, test in tests.items():
        x, y = 1 - test.specificity, test.sensitivity
        ax.plot(x, y, "o", color=ACCENT, markersize=11)
        ax.annotate(name, (x, y), (10, -4), textcoords="offset points", fontweight="bold")
    ax.text(0.34, 0.29, "chance", rotation=45, ha="center", va="center")
    _unit_square(ax, FPR, TPR)
    return figure


def show_thresholds(labels: Tensor, scores: Tensor, thresholds: Sequence[float]) -> Figure:
    """Draw the scores of both classes, and their ROC curve, with the same thresholds in both.

    >>> import torch
    >>> figure = show_thresholds(torch.tensor([0, 1]), torch.tensor([0.2, 0.9]), [0.5])
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['score', 'false positive rate']
    >>> plt.close(figure)

    Args:
        labels: 0 and 1, (N,).
        scores: From 0 to 1, (N,).
        thresholds: At most nine, numbered from 1 in both pictures.
    """
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(WIDTH, 7.6), height_ratios=(1, 1.6))
    edges = [n / 20 for n in range(21)]
    for label, name, (color, _) in ((0, "benign", LINES[0]), (1, "malignant", LINES[1])):
        values = scores[labels == label].cpu().numpy()
        hatch = "//" if label else None
        top.hist(values, edges, alpha=0.55, color=color, label=name, hatch=hatch)
    top.set(xlabel="score", ylabel="lumps", xlim=(-0.02, 1.02))
    fpr, tpr, _ = roc_curve(labels, scores)
    bottom.plot(fpr.cpu(), tpr.cpu(), color="black", linewidth=2)
    bottom.plot([0, 1], [0, 1], ":", color="black")
    height = top.get_ylim()[1]
    for number, threshold in enumerate(thresholds, 1):
        top.axvline(threshold, color="black", linewidth=1.5)
        top.text(threshold + 0.015, height * 0.86, str(number))
        test = BinaryConfusion.from_scores(labels, scores, threshold=threshold)
        x, y = 1 - test.specificity, test.sensitivity
        bottom.plot(x, y, "o", color=ACCENT, markersize=9)
        bottom.annotate(str(number), (x, y), (7, -14), textcoords="offset points")
    _unit_square(bottom, FPR, TPR)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def show_steps(labels: Sequence[int], scores: Sequence[float]) -> Figure:
    """Draw the ROC curve of a few people over the grid of their pairs: one rectangle a pair.

    Filled are the pairs in the right order: those below the curve. A tie is filled by half.

    >>> figure = show_steps([0, 1, 1], [0.1, 0.1, 0.7])
    >>> len(figure.axes[0].patches)
    2
    >>> plt.close(figure)

    Args:
        labels: 0 and 1, at least one of each.
        scores: Of the same people.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 4.8))
    people = sorted(zip(scores, labels, strict=True), reverse=True)
    positives = [score for score, label in people if label]
    negatives = [score for score, label in people if not label]
    for column, low in enumerate(negatives):
        for row, high in enumerate(positives):
            corners = [(column, row), (column + 1, row), (column + 1, row + 1)]
            if high > low:
                corners.append((column, row + 1))
            if high >= low:
                ax.add_patch(Polygon(corners, color=ACCENT, alpha=0.35, linewidth=0))
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    ax.plot(fpr * len(negatives), tpr * len(positives), "o-", color="black", lw=2.5, clip_on=False)
    ax.set_xticks([n + 0.5 for n in range(len(negatives))], [f"{s:g}" for s in negatives])
    ax.set_yticks([n + 0.5 for n in range(len(positives))], [f"{s:g}" for s in positives])
    ax.set_xticks(range(len(negatives) + 1), minor=True)
    ax.set_yticks(range(len(positives) + 1), minor=True)
    ax.grid(which="minor", color="#999999")
    ax.tick_params(which="both", length=0)
    ax.set(xlabel="scores of the well, from the highest", ylabel="scores of the ill")
    ax.set(xlim=(0, len(negatives)), ylim=(0, len(positives)))
    return figure


def show_curves(data: Mapping[str, tuple[Tensor, Tensor]], *, precision: bool = False) -> Figure:
    """Draw up to three ROC curves, or curves of precision over recall.

    >>> import torch
    >>> figure = show_curves({"one": (torch.tensor([0, 1]), torch.tensor([0.1, 0.2]))})
    >>> figure.axes[0].get_ylabel()
    'true positive rate'
    >>> plt.close(figure)

    Args:
        data: Labels and scores, both (N,), under a name.
        precision: Draw precision over recall instead.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 5.0))
    for (name, (labels, scores)), (color, style) in zip(data.items(), LINES, strict=False):
        if precision:
            curve = precision_recall_curve(labels, scores)
            y, x = curve.precision.cpu(), curve.recall.cpu()
            ax.step(x, y, style, where="post", color=color, linewidth=2.5, label=name)
            ax.axhline(labels.double().mean().item(), color=color, linewidth=1, linestyle=":")
        else:
            fpr, tpr, _ = roc_curve(labels, scores)
            ax.plot(fpr.cpu(), tpr.cpu(), style, color=color, linewidth=2.5, label=name)
    if not precision:
        ax.plot([0, 1], [0, 1], ":", color="black")
    _unit_square(ax, *(("recall", "precision") if precision else (FPR, TPR)))
    figure.legend(loc="outside upper center", ncols=2, frameon=False, handlelength=2.2)
    return figure


def show_reliability(curves: Mapping[str, ReliabilityCurve]) -> Figure:
    """Draw what happened over what was said, with Wilson's 95% interval of each bin.

    >>> from course_lib.metrics import reliability_curve
    >>> figure = show_reliability({"one": reliability_curve([0, 1], [0.1, 0.8])})
    >>> figure.axes[0].get_xlabel()
    'probability that was said'
    >>> plt.close(figure)

    Args:
        curves: Up to three, under a name.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 5.0))
    ax.plot([0, 1], [0, 1], ":", color="black")
    for (name, curve), (color, style) in zip(curves.items(), LINES, strict=False):
        x, y, cases = (each.tolist() for each in (curve.predicted, curve.observed, curve.cases))
        ends = [wilson_interval(round(p * n), n) for p, n in zip(y, cases, strict=True)]
        bars = [
            [p - end.low for p, end in zip(y, ends, strict=True)],
            [end.high - p for p, end in zip(y, ends, strict=True)],
        ]
        marker = "o" if style == "-" else "s"
        ax.errorbar(x, y, bars, color=color, linestyle=style, marker=marker, capsize=4, label=name)
    _unit_square(ax, "probability that was said", "share that is malignant")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, handlelength=2.2)
    return figure
