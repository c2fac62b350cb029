"""The figures of the chapter AlexNet (book/09_alexnet.md)."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

NAMES = {"relu": "ReLU", "tanh": "tanh"}
COLORS = {"relu": ACCENT, "tanh": ACCENT_2}
MARKERS = {"relu": "o", "tanh": "s"}


def show_towers(stages: Sequence[tuple[str, str, bool]]) -> Figure:
    """Draw two towers side by side, from the bottom upward, and who reads whom.

    >>> figure = show_towers([("C1", "48 + 48", False), ("C2", "128 + 128", False)])
    >>> len(figure.axes)
    1
    >>> plt.close(figure)

    Args:
        stages: For each layer its name, its size, and whether it reads both towers; "In" and
            "Out" stand once, in the middle.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 0.72 * len(stages) + 0.2))
    places = {0: -1.0, 1: 1.0}
    for level, (name, size, crossing) in enumerate(stages):
        single = name in ("In", "Out")
        before_single = level > 0 and stages[level - 1][0] in ("In", "Out")
        for tower, x in places.items():
            if level > 0:
                for other, source in places.items():
                    if other != tower and not (crossing or single or before_single):
                        continue
                    ax.annotate(
                        "",
                        (0 if single else x, level - 0.24),
                        (0 if before_single else source, level - 0.76),
                        arrowprops={
                            "arrowstyle": "->",
                            "color": ACCENT_2 if other != tower and crossing else "black",
                            "linestyle": "--" if other != tower and crossing else "-",
                            "linewidth": 1.6,
                        },
                    )
            center = 0.0 if single else x
            ax.add_patch(
                Rectangle(
                    (center - 0.62, level - 0.24),
                    1.24,
                    0.48,
                    facecolor="white",
                    edgecolor="black" if single else (ACCENT if tower == 0 else "#009e73"),
                    linewidth=2,
                )
            )
            if not single or tower == 0:
                ax.text(center, level, f"{name}: {size}", ha="center", va="center", fontsize=11)
    ax.set_xlim(-1.75, 1.75)
    ax.set_ylim(-0.4, len(stages) - 0.6)
    ax.axis("off")
    return figure


def show_steps(runs: Sequence[Mapping[str, object]], limit: int) -> Figure:
    """Draw the steps to the goal over the learning rate, for two activations, a dot a seed.

    >>> runs = [{"images": "digits", "activation": "relu", "rate": 0.1, "steps": [40, None]}]
    >>> figure = show_steps(runs, 200)
    >>> figure.axes[0].get_xlabel()
    'learning rate'
    >>> plt.close(figure)

    Args:
        runs: As in the record `alexnet_activations`: images, activation, rate, and the steps of
            each seed, None where the goal was not reached.
        limit: Steps after which a run was stopped; where None is drawn.
    """
    names = list(dict.fromkeys(str(run["images"]) for run in runs))
    figure, axes = plt.subplots(
        len(names), 1, figsize=(WIDTH, 2.9 * len(names)), sharex=True, squeeze=False
    )
    for ax, name in zip(axes.flat, names, strict=True):
        for run in runs:
            if run["images"] != name:
                continue
            kind, steps, rate = str(run["activation"]), run["steps"], run["rate"]
            assert isinstance(steps, list)
            assert isinstance(rate, float)
            shift = 0.92 if kind == "relu" else 1.09
            heights = [limit * 1.15 if step is None else step for step in steps]
            ax.plot(
                [rate * shift * (1 + 0.03 * n) for n in range(len(steps))],
                heights,
                MARKERS[kind],
                color=COLORS[kind],
                markersize=6,
                alpha=0.75,
            )
        ax.axhline(limit, color="#777777", linewidth=1, linestyle=":")
        ax.set_xscale("log")
        ax.set_ylim(0, limit * 1.27)
        ax.set_yticks(
            [0, limit // 2, limit, limit * 1.15], ["0", f"{limit // 2}", f"{limit}", "no"]
        )
        ax.set_ylabel("steps")
        ax.set_title(name, loc="left")
    rates = sorted({float(str(run["rate"])) for run in runs})
    axes[-1, 0].set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes[-1, 0].minorticks_off()
    axes[-1, 0].set_xlabel("learning rate")
    for kind, label in NAMES.items():
        axes[0, 0].plot([], [], MARKERS[kind], color=COLORS[kind], label=label)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def show_gaps(runs: Sequence[Mapping[str, float]]) -> Figure:
    """Draw the loss on the training and the test images, without and with dropout, a line a seed.

    >>> runs = [{"images": 100, "share": 0.0, "seed": 0, "train_loss": 0.1, "test_loss": 0.9}]
    >>> figure = show_gaps(runs)
    >>> figure.axes[0].get_ylabel()
    'loss'
    >>> plt.close(figure)

    Args:
        runs: As in the record `alexnet_parts`.
    """
    numbers = sorted({int(run["images"]) for run in runs})
    figure, axes = plt.subplots(1, len(numbers), figsize=(WIDTH, 3.6), sharey=True, squeeze=False)
    for ax, number in zip(axes.flat, numbers, strict=True):
        for run in runs:
            if run["images"] != number:
                continue
            place = 0 if run["share"] == 0 else 1
            x = place + 0.07 * (run["seed"] - 2)
            ax.plot([x, x], [run["train_loss"], run["test_loss"]], color="#777777", linewidth=1)
            ax.plot(x, run["train_loss"], "o", color=ACCENT, markersize=6)
            ax.plot(x, run["test_loss"], "s", color=ACCENT_2, markersize=6)
        ax.set_xticks([0, 1], ["without", "dropout"])
        ax.set_xlim(-0.5, 1.5)
        ax.set_title(f"{number} images")
    axes[0, 0].set_ylabel("loss")
    axes[0, 0].set_ylim(bottom=-0.02)
    axes[0, 0].plot([], [], "o", color=ACCENT, label="training")
    axes[0, 0].plot([], [], "s", color=ACCENT_2, label="test")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def show_costs(costs: Mapping[str, tuple[int, int]]) -> Figure:
    """Draw where the parameters and where the multiply-accumulates of a network sit.

    >>> figure = show_costs({"C1": (10, 90), "F8": (90, 10)})
    >>> figure.axes[0].get_xlabel()
    'share of the whole, %'
    >>> plt.close(figure)

    Args:
        costs: For each layer its parameters and its multiply-accumulates.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 0.52 * len(costs) + 1.3))
    for side, (label, color, hatch) in enumerate(
        (("parameters", ACCENT, ""), ("multiply-accumulates", ACCENT_2, "//"))
    ):
        whole = sum(pair[side] for pair in costs.values())
        shares = [100 * pair[side] / whole for pair in costs.values()]
        places = [n + (side - 0.5) * 0.38 for n in range(len(costs))]
        ax.barh(places, shares, 0.36, color=color, hatch=hatch, edgecolor="white", label=label)
    ax.set_yticks(range(len(costs)), list(costs))
    ax.invert_yaxis()
    ax.set_xlabel("share of the whole, %")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, columnspacing=1)
    return figure


def kernel_pictures(kernels: Tensor, columns: int = 8) -> Tensor:
    """Lay color kernels out as one picture, each scaled by itself so that gray is zero.

    `(K, 3, S, S) -> (3, rows (S + 1) + 1, columns (S + 1) + 1)`

    >>> kernel_pictures(torch.zeros(3, 3, 5, 5), columns=2).shape
    torch.Size([3, 13, 13])

    Args:
        kernels: Weights for red, green and blue.
        columns: Kernels in a row.
    """
    count, _, size, _ = kernels.shape
    rows = -(-count // columns)
    page = torch.ones(3, rows * (size + 1) + 1, columns * (size + 1) + 1)
    for n, kernel in enumerate(kernels.detach().cpu()):
        high = kernel.abs().max().clamp(min=1e-12)
        top, left = n // columns * (size + 1) + 1, n % columns * (size + 1) + 1
        page[:, top : top + size, left : left + size] = (kernel / high + 1) / 2
    return page
