"""Figures in the style of the course, safe for color-blind readers.

Each function draws one figure and returns it. A figure is about as wide as the column of a phone at
full size, so that its type is never smaller than the text; panels stand at most three in a row.
Figures that one chapter alone needs stand in a module of their own, which that chapter imports.
"""

from course_lib.plotting.images import show_images, window
from course_lib.plotting.matrices import show_kernels, show_matrix, show_visits
from course_lib.plotting.style import ACCENT, ACCENT_2, SIGNED, WIDTH, use_course_style

__all__ = [
    "ACCENT",
    "ACCENT_2",
    "SIGNED",
    "WIDTH",
    "show_images",
    "show_kernels",
    "show_matrix",
    "show_visits",
    "use_course_style",
    "window",
]
