"""The figures of the chapter DenseNet (book/14_densenet.md)."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from course_lib.plotting.style import ACCENT, ACCENT_2, WIDTH

COLORS = {"plain": ACCENT_2, "residual": "#009e73", "dense": ACCENT}
DASHES = {"plain": "--", "residual": "-.", "dense": "-"}


def show_connections(layers: int) -> Figure:
    """Draw who hands its maps to whom: in a plain chain, with sums, and in a dense block.

    >>> figure = show_connections(4)
    >>> len(figure.axes)
    3
    >>> plt.close(figure)

    Args:
        layers: In each of the three, at least 1.
    """
    figure, axes = plt.subplots(3, 1, figsize=(WIDTH, 5.2))
    for ax, kind in zip(axes, COLORS, strict=True):
        for later in range(1, layers + 1):
            for earlier in range(later):
                near = later - earlier == 1
                if kind == "plain" and not near:
                    continue
                if (
                    kind == "residual"
                    and not near
                    and not (later - earlier == 2 and later % 2 == 0)
                ):
                    continue
                bend = 0.0 if near else -0.35 - 0.05 * (later - earlier)
                ax.annotate(
                    "",
                    (later, 0),
                    (earlier, 0),
                    arrowprops={
                        "arrowstyle": "->",
                        "color": "black" if near else COLORS[kind],
                        "linewidth": 1.8,
                        "shrinkA": 11,
                        "shrinkB": 11,
                        "connectionstyle": f"arc3,rad={bend}",
                    },
                )
        for n in range(layers + 1):
            ax.plot(
                n, 0, "s" if n == 0 else "o", markersize=19, color="white", markeredgecolor="black"
            )
            ax.text(n, -0.02, "x" if n == 0 else str(n), ha="center", va="center", fontsize=12)
        ax.set_xlim(-0.5, layers + 0.5)
        ax.set_ylim(-0.6, 1.9 if kind == "dense" else 1.0)
        ax.set_title(kind, loc="left")
        ax.axis("off")
    return figure


def show_reach(lines: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the gradient of each convolution from the first to the last, on a logarithmic scale.

    >>> figure = show_reach({"plain": [10, 1], "dense": [1, 1]})
    >>> figure.axes[0].get_yscale()
    'log'
    >>> plt.close(figure)

    Args:
        lines: For "plain", "residual" and "dense" a number above 0 for each convolution.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 4.0))
    for kind, values in lines.items():
        ax.semilogy(
            range(1, len(values) + 1), values, DASHES[kind], color=COLORS[kind], label=kind,
            linewidth=2.5,
        )  # fmt: skip
    ax.set_xlabel("3 × 3 convolution, from the image on")
    ax.set_ylabel("gradient / weights")
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, handlelength=1.8)
    return figure


def show_reuse(strengths: Tensor) -> Figure:
    """Draw how many answers change if a layer of a block can't read one of those before it.

    >>> import torch
    >>> figure = show_reuse(torch.eye(3))
    >>> figure.axes[0].get_xlabel()
    'reader: layer of the block'
    >>> plt.close(figure)

    Args:
        strengths: Shares from 0 to 1 of shape (writers, readers), nan where a reader can't see a
            writer. Writer 0 is the input of the block.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 4.2))
    picture = ax.imshow(strengths.numpy(), cmap="viridis", vmin=0)
    writers, readers = strengths.shape
    ax.set_xticks(range(readers), [str(n + 1) for n in range(readers)])
    ax.set_yticks(range(writers), ["x", *(str(n) for n in range(1, writers))])
    ax.set_xlabel("reader: layer of the block")
    ax.set_ylabel("writer")
    figure.colorbar(picture, label="answers that change", shrink=0.8)
    return figure


def show_memory(layers: Sequence[int], megabytes: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the memory that is kept for the backward pass over the number of layers.

    >>> figure = show_memory([6, 12], {"kept": [1, 4], "made again": [1, 2]})
    >>> figure.axes[0].get_ylabel()
    'kept for backward, MB'
    >>> plt.close(figure)

    Args:
        layers: Of each network.
        megabytes: For each of two ways, the memory of each network.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.6))
    for (name, values), color, style in zip(
        megabytes.items(), (ACCENT_2, ACCENT), ("o--", "s-"), strict=True
    ):
        ax.plot(layers, values, style, color=color, linewidth=2.5, label=name)
    ax.set_xlabel("dense layers")
    ax.set_ylabel("kept for backward, MB")
    ax.set_ylim(bottom=0)
    ax.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure
