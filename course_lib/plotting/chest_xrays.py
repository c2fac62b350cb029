"""The figures of the chapter Chest X-rays (book/21_chest_xrays.md)."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_lib.plotting.style import ACCENT, ACCENT_2, SIGNED, WIDTH

GREEN = "#009e73"  # of the palette of Okabe and Ito
STYLES = ((ACCENT, "o"), (ACCENT_2, "s"), (GREEN, "^"), ("black", "x"))

Value = float | tuple[float, float, float]


def _bare(ax: Axes, film: Tensor) -> None:
    ax.imshow(film.squeeze().cpu(), cmap="gray", vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])
    for side in ax.spines.values():
        side.set_visible(False)


def show_ratio(film: Tensor, organs: Mapping[str, Tensor]) -> Figure:
    """Draw a film with the width of its heart and of its chest, as they are measured.

    >>> import torch
    >>> square = torch.zeros(8, 8, dtype=torch.bool)
    >>> square[2:5, 1:7] = True
    >>> masks = {"right lung": square, "left lung": square, "heart": square}
    >>> figure = show_ratio(torch.zeros(1, 8, 8), masks)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['chest 6', 'heart 6']
    >>> plt.close(figure)

    Args:
        film: (1, H, W) in [0, 1].
        organs: As from `ChestFilms.organ_masks`.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, WIDTH))
    _bare(ax, film)
    chest = organs["right lung"] | organs["left lung"]
    for name, mask, color, style in (
        ("chest", chest, "#56b4e9", "-"),
        ("heart", organs["heart"], "#f0e442", "--"),
    ):
        columns = mask.any(dim=0).nonzero()[:, 0]
        left, right = int(columns[0]), int(columns[-1])
        ends = mask[:, left].nonzero()[:, 0], mask[:, right].nonzero()[:, 0]
        row = mask.sum(dim=1).argmax().item() if name == "heart" else ends[0].max().item() + 6
        ax.plot([left, right], [row, row], style, color=color, linewidth=3)
        for x in (left, right):
            ax.plot([x, x], [row - 5, row + 5], color=color, linewidth=3)
        width = right - left + 1
        box = {"facecolor": "black", "edgecolor": "none", "pad": 2}
        middle = (left + right) / 2
        below = 20 if name == "chest" else -9
        ax.text(middle, row + below, f"{name} {width}", color=color, ha="center", bbox=box)
    return figure


def show_dots(
    names: Sequence[str], data: Mapping[str, Sequence[Value]], *, xlabel: str, chance: float = 0.5
) -> Figure:
    """Draw values side by side, a row for each name; of a triple, the ends of its interval, too.

    >>> figure = show_dots(["Mass"], {"ours": [(0.8, 0.7, 0.9)], "theirs": [0.85]}, xlabel="AUROC")
    >>> figure.axes[0].get_xlabel(), len(figure.axes[0].collections)
    ('AUROC', 1)
    >>> plt.close(figure)

    Args:
        names: From top to bottom.
        data: At most four columns of values under their name: a number or (value, low, high).
        xlabel: What the values are.
        chance: Where a dotted line stands.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 1.3 + 0.38 * len(names)))
    for k, ((label, values), (color, marker)) in enumerate(zip(data.items(), STYLES, strict=False)):
        rows = [row + 0.24 * (k - (len(data) - 1) / 2) for row in range(len(names))]
        middles = [value[0] if isinstance(value, tuple) else value for value in values]
        for row, value in zip(rows, values, strict=True):
            if isinstance(value, tuple):
                ax.hlines(row, value[1], value[2], color=color, linewidth=2.5, alpha=0.6)
        ax.plot(middles, rows, marker, color=color, markersize=7, label=label, linestyle="none")
    ax.axvline(chance, color="black", linestyle=":", linewidth=1.5)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlabel(xlabel)
    ax.grid(axis="x", color="#dddddd")
    ax.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, handletextpad=0.3)
    return figure


def show_maps(
    films: Tensor, maps: Tensor, places: Tensor, titles: Sequence[str], *, rows: int = 1
) -> Figure:
    """Draw films above their maps; the outline of the place that is known lies over both.

    >>> import torch
    >>> place = torch.zeros(1, 8, 8, dtype=torch.bool)
    >>> place[:, 2:4] = True
    >>> figure = show_maps(torch.zeros(1, 1, 8, 8), torch.rand(1, 8, 8), place, ["Mass"])
    >>> [ax.get_title() for ax in figure.axes]
    ['Mass', '']
    >>> plt.close(figure)

    Args:
        films: (N, 1, H, W) in [0, 1].
        maps: (N, H, W), drawn red above their mean, blue below it.
        places: (N, H, W) bool.
        titles: N names.
        rows: Rows of films, N divided among them.
    """
    columns = -(-len(films) // rows)
    figure, axes = plt.subplots(
        2 * rows, columns, figsize=(WIDTH, 2 * rows * (WIDTH / columns + 0.1) + 0.2), squeeze=False
    )
    for n, title in enumerate(titles):
        above, below = axes[2 * (n // columns) : 2 * (n // columns) + 2, n % columns]
        for ax in (above, below):
            _bare(ax, films[n])
        above.set_title(title, fontsize=12)
        around = (maps[n] - maps[n].mean()).cpu()
        edge = around.abs().max().item() or 1.0
        below.imshow(around, cmap=SIGNED, vmin=-edge, vmax=edge, alpha=0.55)
        for ax in (above, below):
            outline = places[n].float().cpu()
            ax.contour(outline, [0.5], colors="#f0e442", linewidths=1.5, linestyles="solid")
    return figure
