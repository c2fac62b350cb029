"""Checks of what a phantom is asked for."""

import math
import reprlib


def number_from(low: float, high: float, name: str, value: object) -> float:
    """Return `value` as a float from `low` to `high`."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high:
        return float(value)
    raise ValueError(
        f"`{name}` must be a number from {low:g} to {high:g}, got {reprlib.repr(value)}"
    )


def at_least(name: str, value: object, low: float, *, open_end: bool = False) -> float:
    """Return `value` as a finite float of at least `low`, or above it."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        number = float(value)
        if number > low or (number == low and not open_end):
            return number
    words = "above" if open_end else "of at least"
    raise ValueError(f"`{name}` must be a number {words} {low:g}, got {reprlib.repr(value)}")


def text(name: str, value: object) -> str:
    """Return `value` if it is a string with something in it."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"`{name}` must be a string with a name, got {reprlib.repr(value)}")
    return value
