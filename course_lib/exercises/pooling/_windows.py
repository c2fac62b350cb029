"""What the exercises about pooling share: a map, its windows, and pooling in plain Python.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

from collections.abc import Callable, Sequence

Rows = Sequence[Sequence[float]]
Combine = Callable[[list[float]], float]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def windows(rows: Rows, size: int, stride: int) -> list[list[list[float]]]:
    """The numbers in each window, row by row."""
    tops = range(0, len(rows) - size + 1, stride)
    lefts = range(0, len(rows[0]) - size + 1, stride)
    return [
        [[v for row in rows[top : top + size] for v in row[left : left + size]] for left in lefts]
        for top in tops
    ]


def pool(rows: Rows, size: int, stride: int, combine: Combine = max) -> list[list[float]]:
    return [[combine(window) for window in row] for row in windows(rows, size, stride)]


def fence(lines: Sequence[str]) -> str:
    return "\n".join(("```", *lines, "```"))


MAP = [[2, 5, 1, 0], [3, 8, 2, 6], [4, 0, 9, 7], [1, 3, 5, 3]]
