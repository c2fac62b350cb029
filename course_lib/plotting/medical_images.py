"""The figures that only the chapter What we ask of medical images needs."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import binomtest

from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

Counts = Mapping[str, tuple[Sequence[int], Sequence[int]]]


def show_accuracies(panels: Mapping[str, tuple[Counts, int, int]], *, few: int = 20) -> Figure:
    """Draw how often each way was right: on all training images, and on draws of a few.

    >>> figure = show_accuracies({"demo": ({"network": ([90, 92], [60, 70])}, 100, 50)})
    >>> plt.close(figure)

    Args:
        panels: For each data set the right answers of each way (on all images, one entry for each
            seed; on a few, one for each draw), the number of test images, and how many of them
            belong to the largest class.
        few: How many images a draw has, for the legend.

    Returns:
        The figure. The bar is the 95 % interval of Wilson for the first entry on all images; the
        dotted line is what always naming the largest class would get.
    """
    lines = [len(ways) + 1 for ways, _, _ in panels.values()]
    size = (WIDTH, 0.5 * sum(lines) + 1.5)
    figure, axes = plt.subplots(
        len(panels), 1, figsize=size, squeeze=False, sharex=True, height_ratios=lines
    )
    for ax, (title, (ways, tested, largest)) in zip(axes.flat, panels.items(), strict=True):
        for place, (right_all, right_few) in enumerate(ways.values()):
            interval = binomtest(right_all[0], tested).proportion_ci(method="wilson")
            y_all, y_few = place - 0.14, place + 0.2
            ends = [100 * interval.low, 100 * interval.high]
            ax.plot(ends, [y_all] * 2, color=ACCENT, linewidth=3)
            shown = [100 * right / tested for right in right_all]
            ax.plot(shown, [y_all] * len(shown), "o", color=ACCENT, label="all")
            shown = [100 * right / tested for right in right_few]
            style = {"color": ACCENT_2, "markerfacecolor": "white"}
            ax.plot(shown, [y_few] * len(shown), "D", markersize=6, label=f"{few}", **style)
        ax.axvline(100 * largest / tested, color="#555555", linestyle=":")
        ax.set_yticks(range(len(ways)), list(ways))
        ax.set_ylim(len(ways) - 0.4, -0.6)
        ax.set_title(title)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles[:2], labels[:2], loc="outside lower center", ncols=2, title="trained on")
    axes[-1, 0].set_xlim(0, 100)
    axes[-1, 0].set_xlabel("right answers (%)")
    return figure
