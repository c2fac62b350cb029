"""The course of a training run: losses and metrics over the epochs."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

_NO_METRIC = ("epoch", "learning_rate", "train_loss", "valid_loss", "seconds")


def show_history(rows: Sequence[Mapping[str, float]], *, best_epoch: int = 0) -> Figure:
    """Draw the losses over the epochs above, and each metric on a panel of its own below.

    >>> rows = [{"epoch": 1, "train_loss": 2, "valid_loss": 3, "auroc": 0.5}]
    >>> figure = show_history(rows, best_epoch=1)
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['loss', 'auroc']
    >>> plt.close(figure)

    Args:
        rows: One an epoch, as in `course_lib.training.History`.
        best_epoch: Marked by a dotted line; 0 for none.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError("`rows` must be at least one epoch, got none")
    epochs = [row["epoch"] for row in rows]
    metrics = [name for name in rows[0] if name not in _NO_METRIC]
    heights = [1.4] + [1.0] * len(metrics)
    figure, axes = plt.subplots(
        len(heights), 1, figsize=(WIDTH, 0.8 + 1.8 * sum(heights)), sharex=True, squeeze=False,
        height_ratios=heights,
    )  # fmt: skip
    top, *below = axes[:, 0]
    for name, color, style, label in (
        ("train_loss", ACCENT, "o-", "training"),
        ("valid_loss", ACCENT_2, "s--", "validation"),
    ):
        values = [row[name] for row in rows]
        top.plot(epochs, values, style, color=color, markersize=5, linewidth=2, label=label)
    top.set_ylabel("loss")
    for ax, name in zip(below, metrics, strict=True):
        values = [row[name] for row in rows]
        ax.plot(epochs, values, "s--", color=ACCENT_2, markersize=5, linewidth=2)
        ax.set_ylabel(name)
    for ax in axes[:, 0]:
        ax.grid(color="#dddddd")
        if best_epoch:
            ax.axvline(best_epoch, color="black", linestyle=":", linewidth=1.5)
    axes[-1, 0].set_xlabel("epoch")
    axes[-1, 0].xaxis.get_major_locator().set_params(integer=True)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, handlelength=2.2)
    return figure
