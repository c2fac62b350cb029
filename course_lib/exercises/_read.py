"""Reading what people type: numbers, matrices and choices, with a kind word for the rest.

The same rules and words stand in `course_lib/widgets/static/exercise.js`; a test in a browser
compares the two, so change both together.
"""

import math
import numbers
import re
from dataclasses import dataclass
from typing import Any

_SPACES = " \t\r\n\u00a0\u202f"
_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]+)?")
# 1,000 and 12'345.6, but not 0,125: a group of thousands never begins with 0.
_THOUSANDS = re.compile("[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")
_GROUPED = re.compile("[+-]?[1-9][0-9]{0,2}([, '’_\u00a0\u202f][0-9]{3})+([.,][0-9]*)?")


@dataclass(frozen=True)
class Feedback:
    """The verdict on an answer.

    Args:
        correct: Whether the answer is right.
        message: What to say about it, in the tiny markup; may be empty when it is right.
        counted: False when it was no answer at all (empty, letters), which costs no try.
    """

    correct: bool
    message: str
    counted: bool = True

    def __repr__(self) -> str:
        verdict = "Right." if self.correct else "Not yet." if self.counted else ""
        return f"{verdict} {self.message}".strip()


def plain(value: object) -> Any:
    """Take a value out of numpy or torch: a number or nested lists; the rest stays as it is."""
    try:
        return value.tolist() if hasattr(value, "tolist") else value
    except Exception:  # whatever an array type does here, it is then no answer we can read
        return value


def read_number(value: object, unit: str = "", *, whole: bool = False) -> float | str:
    """Read a number, or say what is wrong with it.

    A comma is a decimal mark (2,5) unless it could separate thousands (1,000): then it does where
    a whole number is asked for, and is asked about elsewhere.

    Example:
        >>> read_number("2,5"), read_number(" 1e3 px", "px"), read_number(7)
        (2.5, 1000.0, 7.0)
        >>> read_number("1,000", whole=True)
        1000.0
        >>> read_number("")
        'Type a number first.'
        >>> read_number("1,000")
        '“1,000” can be read in two ways. Write it without commas or spaces between the digits.'
    """
    value = plain(value)
    if value is None:
        return "Type a number first."
    if isinstance(value, bool) or not isinstance(value, str | numbers.Real):
        return f"A number is asked for; {_shown(value)} is not one."
    text = _text(value).replace("\u2212", "-").strip(_SPACES)
    if unit:
        text = text.removesuffix(unit).strip(_SPACES)
    if not text:
        return "Type a number first."
    if whole and _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if _GROUPED.fullmatch(text):
        return (
            f"{_quote(text)} can be read in two ways. "
            "Write it without commas or spaces between the digits."
        )
    if not _NUMBER.fullmatch(text):
        return f"{_quote(text)} is not a number. Write it in digits, like 3 or 2.5."
    number = float(text.replace(",", "."))
    if not math.isfinite(number):
        return f"{_quote(text)} is far too large."
    return number


def read_rows(value: object, shape: tuple[int, int]) -> list[list[float]] | str:
    """Read a matrix of this shape, or say what is wrong with it.

    Example:
        >>> read_rows([["1", 2], [3, "x"]], (2, 2))
        'Row 2, column 2: “x” is not a number. Write it in digits, like 3 or 2.5.'
        >>> read_rows([[1, 2]], (2, 2))
        'A matrix of 2 rows and 2 columns is asked for.'
    """
    rows = [plain(row) for row in value] if isinstance(value, list | tuple) else plain(value)
    height, width = shape
    is_shaped = (
        isinstance(rows, list)
        and len(rows) == height
        and all(isinstance(row, list | tuple) and len(row) == width for row in rows)
    )
    if not is_shaped:
        return f"A matrix of {height} rows and {width} columns is asked for."
    result = [[0.0] * width for _ in range(height)]
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            number = read_number(cell)
            if isinstance(number, str):
                return f"Row {r + 1}, column {c + 1}: {number}"
            result[r][c] = number
    return result


def read_indices(value: object, count: int) -> list[int] | None:
    """Read distinct indices below `count`, or None when the value is anything else.

    Example:
        >>> read_indices([2, 0], 3), read_indices([3], 3), read_indices("abc", 3)
        ([2, 0], None, None)
    """
    value = plain(value)
    if not isinstance(value, list | tuple | set | frozenset):
        return None
    indices: list[int] = []
    for index in value:
        if isinstance(index, bool) or not isinstance(index, int | float):
            return None
        if index not in range(count) or index in indices:
            return None
        indices.append(int(index))
    return indices


def _text(value: str | numbers.Real) -> str:
    if isinstance(value, str):
        return value
    try:
        return repr(float(value)).removesuffix(".0")
    except OverflowError:  # an int beyond any float
        return "1e999"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as in JSON, so that the browser says the same
    return "a list" if isinstance(value, list | tuple) else type(value).__name__


def _quote(text: str) -> str:
    text = text.replace("`", "").replace("*", "")  # they would be read as markup
    return f"“{text[:20]}…”" if len(text) > 20 else f"“{text}”"
