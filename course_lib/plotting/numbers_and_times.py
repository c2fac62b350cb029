"""The figures of the chapter When the answer is a number or a time."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_lib.metrics import KaplanMeier, bland_altman_limits, kaplan_meier
from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

_STYLES = ((ACCENT, "-"), (ACCENT_2, "--"))


def _line(ax: Axes, x: Tensor, y: Tensor, label: str | None = None) -> None:
    """Draw the straight line that fits `y` best, from end to end of `x`."""
    away = x - x.mean()
    slope = float(away @ (y - y.mean()) / (away @ away))
    ends = [float(x.min()), float(x.max())]
    heights = [float(y.mean()) + slope * (end - float(x.mean())) for end in ends]
    ax.plot(ends, heights, "--", color=ACCENT_2, linewidth=3, label=label)


def show_predicted(y_true: Tensor, y_pred: Tensor, *, what: str = "age in years") -> Figure:
    """Draw predicted over true numbers, the line of equality, and the line that fits the points.

    >>> import torch
    >>> true = torch.tensor([20.0, 50, 80])
    >>> figure = show_predicted(true, true * 0.5 + 25)
    >>> figure.axes[0].get_xlabel()
    'true age in years'
    >>> plt.close(figure)

    Args:
        y_true: (N,).
        y_pred: (N,).
        what: The number and its unit, for both axes.
    """
    true, predicted = y_true.detach().cpu().double(), y_pred.detach().cpu().double()
    figure, ax = plt.subplots(figsize=(WIDTH, 5.0))
    ends = [float(true.min()), float(true.max())]
    ax.plot(true, predicted, "o", color=ACCENT, markersize=4.5, alpha=0.6)
    ax.plot(ends, ends, ":", color="black", linewidth=2, label="no error")
    _line(ax, true, predicted, "what fits the points")
    ax.set(xlabel=f"true {what}", ylabel=f"predicted {what}", aspect="equal")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def show_gaps(age: Tensor, predicted: Mapping[str, Tensor]) -> Figure:
    """Draw the gap, predicted less true age, over age: a panel for each set of predictions.

    >>> import torch
    >>> age = torch.tensor([50.0, 60, 70])
    >>> figure = show_gaps(age, {"as predicted": age * 0.8 + 12, "corrected": age + 1})
    >>> [ax.get_title() for ax in figure.axes]
    ['as predicted', 'corrected']
    >>> plt.close(figure)

    Args:
        age: True ages in years, (N,).
        predicted: Ages in years, (N,) each, under a name.
    """
    x = age.detach().cpu().double()
    figure, axes = plt.subplots(
        len(predicted), 1, figsize=(WIDTH, 0.6 + 2.7 * len(predicted)), sharex=True, sharey=True,
        squeeze=False,
    )  # fmt: skip
    for ax, (name, values) in zip(axes.flat, predicted.items(), strict=True):
        gap = values.detach().cpu().double() - x
        ax.plot(x, gap, "o", color=ACCENT, markersize=3.5, alpha=0.45)
        ax.axhline(0, color="black", linestyle=":", linewidth=2)
        _line(ax, x, gap)
        ax.set(title=name, ylabel="gap in years")
    axes.flat[-1].set_xlabel("true age in years")
    return figure


def show_agreement(first: Tensor, second: Tensor, *, unit: str = "years") -> Figure:
    """Draw the plot of Bland and Altman: difference over mean, with the limits of agreement.

    >>> import torch
    >>> figure = show_agreement(torch.tensor([60.0, 70, 80]), torch.tensor([62.0, 71, 83]))
    >>> len(figure.axes[0].lines)
    4
    >>> plt.close(figure)

    Args:
        first: (N,), N of 2 or more.
        second: (N,); the difference is `second - first`.
        unit: Of both.
    """
    found = bland_altman_limits(first, second)
    one, two = first.detach().cpu().double(), second.detach().cpu().double()
    figure, ax = plt.subplots(figsize=(WIDTH, 3.8))
    ax.plot((one + two) / 2, two - one, "o", color=ACCENT, markersize=4.5, alpha=0.6)
    right = float(((one + two) / 2).max())
    for height, style, label in (
        (found.mean_difference, "-", "mean"),
        (found.lower_limit, "--", "lower limit"),
        (found.upper_limit, "--", "upper limit"),
    ):
        ax.axhline(height, color=ACCENT_2, linestyle=style, linewidth=2)
        ax.annotate(
            f"{label} {height:.1f}".replace("-", "−"), (right, height), (0, 4),
            textcoords="offset points", ha="right",
            bbox={"color": "white", "pad": 1, "alpha": 0.85},
        )  # fmt: skip
    ax.set(xlabel=f"mean of both, {unit}", ylabel=f"difference, {unit}")
    ax.margins(y=0.12)
    return figure


def show_patients(time: Sequence[float], event: Sequence[int], *, unit: str = "months") -> Figure:
    """Draw each patient as a line, and below it the Kaplan-Meier curve over the same axis.

    >>> figure = show_patients([2, 4, 5], [1, 0, 1])
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['patient', 'share alive']
    >>> plt.close(figure)

    Args:
        time: Until the event, or until last seen.
        event: 1 where the event was seen, 0 where the patient was censored.
        unit: Of the times.
    """
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(WIDTH, 5.6), sharex=True)
    for number, (end, seen) in enumerate(zip(time, event, strict=True), 1):
        top.plot([0, end], [number, number], color="#777777", linewidth=2.5)
        style = {"color": ACCENT_2, "marker": "X"} if seen else {"color": ACCENT, "marker": "o"}
        face = ACCENT_2 if seen else "white"
        top.plot(end, number, markersize=11, markerfacecolor=face, markeredgewidth=2, **style)
    top.set(ylabel="patient", yticks=range(1, len(time) + 1))
    for marker, color, face, label in (
        ("X", ACCENT_2, ACCENT_2, "died"),
        ("o", ACCENT, "white", "last seen alive"),
    ):
        top.plot([], [], marker, color=color, markerfacecolor=face, markersize=11, label=label)
    _curve(bottom, kaplan_meier(time, event), ACCENT, "-", None, band=False)
    top.set_ylim(len(time) + 0.6, 0.4)
    bottom.set(xlabel=unit, ylabel="share alive", ylim=(-0.03, 1.05), yticks=[0, 0.5, 1])
    bottom.grid(axis="y", color="#dddddd")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def _curve(
    ax: Axes, found: KaplanMeier, color: str, style: str, label: str | None, *, band: bool
) -> None:
    """Draw one curve from time 0 on, a tick where somebody was censored."""
    time = [0.0, *found.time.tolist()]
    survival = [1.0, *found.survival.tolist()]
    ax.step(time, survival, style, where="post", color=color, linewidth=2.5, label=label)
    if band:
        low, high = [1.0, *found.lower.tolist()], [1.0, *found.upper.tolist()]
        ax.fill_between(time, low, high, step="post", color=color, alpha=0.18, linewidth=0)
    left = found.censored > 0
    ax.plot(found.time[left].cpu(), found.survival[left].cpu(), "|", color=color, markersize=10)


def show_survival(curves: Mapping[str, KaplanMeier], *, unit: str = "days") -> Figure:
    """Draw up to two survival curves with their 95% intervals; a tick for each censored time.

    >>> figure = show_survival({"all": kaplan_meier([1, 2, 3], [1, 0, 1])})
    >>> figure.axes[0].get_ylabel()
    'share alive'
    >>> plt.close(figure)

    Args:
        curves: Under a name.
        unit: Of the times.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for (name, found), (color, style) in zip(curves.items(), _STYLES, strict=False):
        _curve(ax, found, color, style, name, band=True)
    ax.set(xlabel=unit, ylabel="share alive", ylim=(-0.03, 1.03), yticks=[0, 0.5, 1])
    ax.grid(axis="y", color="#dddddd")
    if len(curves) > 1:
        figure.legend(loc="outside upper center", ncols=2, frameon=False, handlelength=2.4)
    return figure
