"""Companion package of the course: what its chapters derive, right, fast and readable.

`import course_lib` costs nothing: torch and the widgets load with the module that needs them.
"""

__version__ = "0.1.0"
