"""The exercise that writes max pooling, with the mistakes that its loops invite."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.exercises.kinds import Code, Mistake
from course_lib.exercises.pooling._windows import Rows, fence, mean, pool

_POOL_LINES = (
    "def max_pool(rows, size, stride, padding):",
    "    output = []",
    "    for top in range(-padding, len(rows) + padding - size + 1, stride):",
    "        row = []",
    "        for left in range(-padding, len(rows[0]) + padding - size + 1, stride):",
    "            inside = rows[max(top, 0) : top + size]",
    "            window = [r[max(left, 0) : left + size] for r in inside]",
    "            row.append(max(max(r) for r in window))",
    "        output.append(row)",
    "    return output",
)

_Pooled = list[list[float]]


def _draw_map(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    size, stride = rng.randint(1, 4), rng.randint(1, 3)
    padding = rng.randint(0, size // 2)
    height, width = rng.randint(size, 7), rng.randint(size, 7)
    rows = [[rng.randint(-9, 9) for _ in range(width)] for _ in range(height)]
    return (rows, size, stride, padding), {}


def _padded(rows: Rows, before: int, after: int, value: float = -math.inf) -> _Pooled:
    width = before + len(rows[0]) + after
    middle = [[value] * before + list(row) + [value] * after for row in rows]
    return [[value] * width] * before + middle + [[value] * width] * after


def _max_pool(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    return pool(_padded(rows, padding, padding), size, stride)


def _pool_zeros(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    return pool(_padded(rows, padding, padding, 0), size, stride)


def _pool_unpadded(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    return pool(rows, size, stride)


def _pool_one_side(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    return pool(_padded(rows, padding, 0), size, stride)


def _pool_mean(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    return pool(_padded(rows, padding, padding, 0), size, stride, mean)


def _pool_size_as_stride(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    return _max_pool(rows, size, size, padding)


def _pool_stride_one(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    return _max_pool(rows, size, 1, padding)


def _pool_from_zero(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    return [[max(0, value) for value in row] for row in _max_pool(rows, size, stride, padding)]


def _pool_short(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    wide = _padded(rows, padding, padding)
    return pool([row[:-1] for row in wide[:-1]], size, stride)


def _pool_square(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    wide = _padded(rows, padding, padding)
    places = range(0, len(wide) - size + 1, stride)
    return [
        [max(wide[top + i][left + j] for i in range(size) for j in range(size)) for left in places]
        for top in places
    ]


def _pool_up(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    wide = _padded(rows, padding, padding)
    return [
        [
            max(v for row in wide[top : top + size] for v in row[left : left + size])
            for left in range(0, len(wide[0]), stride)
        ]
        for top in range(0, len(wide), stride)
    ]


def _pool_diagonal(rows: Rows, size: int, stride: int, padding: int) -> _Pooled:
    wide = _padded(rows, padding, padding)
    return pool(wide, size, stride, lambda window: max(window[:: size + 1]))


CODE_MAX_POOL = Code(
    id="pooling/code-max-pool",
    title="Write max pooling",
    level="build it",
    prompt="Write `max_pool` with padding. It gets a map as a list of rows, the size of the square "
    "window, the stride, and how many cells to pad on each side, at most half of `size`. It "
    "returns the output as a list of rows. A padded cell must never win, and a window that does "
    "not fit is left out. The map need not be square, and numbers may be negative.",
    function="max_pool",
    stub="def max_pool(rows, size, stride, padding):\n    raise NotImplementedError",
    reference=_max_pool,
    draw=_draw_map,
    mistakes=(
        Mistake(
            _pool_zeros,
            "Your padding holds zeros. Where the numbers beside it are negative, a zero wins: pad "
            "with minus infinity, or leave padded cells out of the window.",
        ),
        Mistake(_pool_unpadded, "The padding changes nothing in your function."),
        Mistake(
            _pool_one_side,
            "You padded the top and the left only. The bottom and the right get as many cells.",
        ),
        Mistake(_pool_mean, "That is mean pooling."),
        Mistake(
            _pool_size_as_stride,
            "You moved the window by its own size. Move it by `stride`: windows may overlap.",
        ),
        Mistake(_pool_stride_one, "The stride changes nothing in your function."),
        Mistake(
            _pool_from_zero,
            "You started the search for the largest at 0. Where all numbers are negative, 0 wins "
            "without being there. Start with a number of the window.",
        ),
        Mistake(
            _pool_short,
            "The last window is missing: `range` stops before its end, so add 1 to it.",
        ),
        Mistake(
            _pool_square,
            "You used the map's height for both axes. Columns run to `len(rows[0])`.",
        ),
        Mistake(
            _pool_up, "You kept windows that hang over the end. Here only whole windows count."
        ),
        Mistake(
            _pool_diagonal,
            "You looked at the diagonal of the window only. Rows and columns need a loop each.",
        ),
    ),
    hint="Two loops over the places, which start at `-padding`. Take from the window what lies on "
    "the map: `max(top, 0)` is its first row there.",
    lines=_POOL_LINES,
    solution=fence(_POOL_LINES),
)
