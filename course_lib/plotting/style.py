"""The style of the course's figures: light background, large type, colors for all eyes."""

from typing import Any

import matplotlib.pyplot as plt

WIDTH = 4.8  # inches
ACCENT = "#0072b2"  # blue of Okabe and Ito's palette, which color-blind readers tell apart
ACCENT_2 = "#d55e00"  # vermilion of the same palette
SIGNED = "RdBu_r"  # diverging: blue below zero, white at zero, red above

STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same figure on every machine
    "font.size": 14,
    "axes.titlesize": 14,
    "axes.labelsize": 14,
    "axes.titlepad": 6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.interpolation": "nearest",  # a pixel is seen as a pixel
    "image.cmap": "gray",
}


def use_course_style() -> None:
    """Make matplotlib draw in the style of the course from here on.

    >>> use_course_style()
    >>> plt.rcParams["image.cmap"]
    'gray'
    """
    plt.rcParams.update(STYLE)
