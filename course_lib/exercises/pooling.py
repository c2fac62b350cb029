"""The exercises of the chapter Pooling and downsampling, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_lib.arithmetic import conv_macs, conv_output_size, pool_output_size
from course_lib.exercises.kinds import (
    Code,
    Exercise,
    Matrix,
    Mistake,
    Number,
    Option,
    SeveralChoices,
)

Rows = Sequence[Sequence[float]]
Combine = Callable[[list[float]], float]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _windows(rows: Rows, size: int, stride: int) -> list[list[list[float]]]:
    """The numbers in each window, row by row."""
    tops = range(0, len(rows) - size + 1, stride)
    lefts = range(0, len(rows[0]) - size + 1, stride)
    return [
        [[v for row in rows[top : top + size] for v in row[left : left + size]] for left in lefts]
        for top in tops
    ]


def _pool(rows: Rows, size: int, stride: int, combine: Combine = max) -> list[list[float]]:
    return [[combine(window) for window in row] for row in _windows(rows, size, stride)]


def _fence(lines: Sequence[str]) -> str:
    return "\n".join(("```", *lines, "```"))


# The operator ------------------------------------------------------------------------------------

_MAP = [[2, 5, 1, 0], [3, 8, 2, 6], [4, 0, 9, 7], [1, 3, 5, 3]]

LAST_WINDOW = Number(
    id="pooling/last-window",
    title="The last number of the output",
    level="read it off",
    prompt="Max pooling with windows of 2 × 2 and stride 2. Which number comes out in the lower "
    "right corner?",
    given={"input": _MAP},
    answer=int(_pool(_MAP, 2, 2)[-1][-1]),
    mistakes=(
        Mistake(
            _pool(_MAP, 2, 2, _mean)[-1][-1],
            "That is the mean of the window. Max pooling keeps the largest number.",
        ),
        Mistake(
            sum(_windows(_MAP, 2, 2)[-1][-1]),
            "That is the sum of the window. Max pooling keeps one number: the largest.",
        ),
        Mistake(
            _pool(_MAP, 2, 2, min)[-1][-1],
            "That is the smallest number of the window. Take the largest.",
        ),
        Mistake(
            _pool(_MAP, 2, 2)[0][0],
            "That is the upper left corner of the output. The last window covers the last two rows "
            "and columns.",
        ),
    ),
    hint="The window covers the last two rows and the last two columns.",
    solution="The window holds 9, 7, 5 and 3. The largest is 9.",
)

MEAN_MAP = Matrix(
    id="pooling/mean-map",
    title="Mean pooling by hand",
    level="apply it",
    prompt="Now mean pooling, again with windows of 2 × 2 and stride 2. Fill in the output.",
    given={"input": _MAP},
    answer=_pool(_MAP, 2, 2, _mean),
    mistakes=(
        Mistake(_pool(_MAP, 2, 2), "That is max pooling. Add up the four numbers and divide."),
        Mistake(_pool(_MAP, 2, 2, sum), "Those are the sums. Divide each by 4."),
        Mistake(
            _pool(_MAP, 2, 2, lambda window: sum(window) / 2),
            "You divided by 2, the width of the window. It holds 2 · 2 = 4 numbers.",
        ),
        Mistake(
            [row[:2] for row in _pool(_MAP, 2, 1, _mean)[:2]],
            "You moved the window by one cell. The stride is 2: windows do not overlap.",
        ),
        Mistake(
            [list(column) for column in zip(*_pool(_MAP, 2, 2, _mean), strict=True)],
            "The numbers are right, but rows and columns are swapped.",
        ),
    ),
    hint="Each output is the sum of four numbers, divided by 4.",
    solution="(2 + 5 + 3 + 8)/4 = 4.5 and (1 + 0 + 2 + 6)/4 = 2.25 in the first row; "
    "(4 + 0 + 1 + 3)/4 = 2 and (9 + 7 + 5 + 3)/4 = 6 in the second.",
)


# Sizes and borders -------------------------------------------------------------------------------

_CEIL = pool_output_size(112, 3, stride=2, ceil_mode=True)

CEIL_SIZE = Number(
    id="pooling/ceil-size",
    title="Round up",
    level="apply it",
    prompt="The first pooling layer of GoogLeNet in torchvision gets maps of 112 × 112. Its "
    "windows are 3 × 3, the stride is 2, there is no padding, and `ceil_mode` is on. How many rows "
    "come out?",
    answer=_CEIL,
    mistakes=(
        Mistake(
            pool_output_size(112, 3, stride=2),
            "That is the size with rounding down. With `ceil_mode`, the last window may hang over "
            "the edge.",
        ),
        Mistake(
            math.ceil((112 - 3) / 2) + 2,
            "You rounded up twice, or added the 1 twice. (112 − 3)/2 = 54.5 becomes 55; add 1.",
        ),
        Mistake((112 - 3) / 2 + 1, "There is no half window. `ceil_mode` rounds 54.5 up."),
        Mistake(
            pool_output_size(112, 3, ceil_mode=True),
            "You used the window as the stride. torch does that only if no stride is given; here "
            "it is 2.",
        ),
    ),
    hint="o = ⌈(i − k)/s⌉ + 1.",
    solution="o = ⌈(112 − 3)/2⌉ + 1 = ⌈54.5⌉ + 1 = 56. The 56th window starts at row 111, inside "
    "the input, so it stays.",
)

_NINE = [[9, 9, 9, 9]] * 4

CORNER_MEAN = Number(
    id="pooling/corner-mean",
    title="A mean at the border",
    level="apply it",
    prompt="Every number of this map is 9. Mean pooling with windows of 3 × 3, stride 1 and "
    "padding 1, as torch does it by default. What comes out in the upper left corner?",
    given={"input": _NINE},
    answer=_mean([0, 0, 0, 0, 9, 9, 0, 9, 9]),
    mistakes=(
        Mistake(
            _mean([9, 9, 9, 9]),
            "That is the mean of the four real numbers. By default torch counts the five padded "
            "zeros too (`count_include_pad=True`).",
        ),
        Mistake(9 * 6 / 9, "A window at an edge holds 6 real numbers, one in the corner only 4."),
        Mistake(9 * 4, "That is the sum. Divide it by the number of cells in the window."),
        Mistake(
            9 * 8 / 9,
            "More than one cell of the window is padding: a whole row and a whole column.",
        ),
    ),
    hint="The window lies with its first row and its first column on the padding.",
    solution="The window holds four nines and five padded zeros: 36/9 = 4. A map without any "
    "structure gets a dark frame. With `count_include_pad=False` it would be 36/4 = 9.",
)


def _adaptive(size: int, outputs: int, index: int) -> range:
    return range(index * size // outputs, -(-(index + 1) * size // outputs))


_READ = {column + 1 for column in _adaptive(7, 3, 1)}
_FIRST = {column + 1 for column in _adaptive(7, 3, 0)}

ADAPTIVE = SeveralChoices(
    id="pooling/adaptive-window",
    title="An adaptive window",
    level="apply it",
    prompt="Adaptive pooling makes 3 outputs of 7 columns, numbered from 1. Which columns does the "
    "*second* output read?",
    options=tuple(
        Option(
            f"column {column}",
            f"Column {column} belongs to it: start ⌊1 · 7/3⌋ = 2 and end ⌈2 · 7/3⌉ = 5 count from "
            "0, and the end is not read."
            if column in _READ
            else f"Column {column} does not belong to it. The window starts after "
            f"⌊1 · 7/3⌋ = 2 columns and ends after ⌈2 · 7/3⌉ = 5.",
        )
        for column in range(2, 7)
    ),
    answers=tuple(n for n, column in enumerate(range(2, 7)) if column in _READ),
    solution="Start ⌊1 · 7/3⌋ = ⌊2.33⌋ = 2, end ⌈2 · 7/3⌉ = ⌈4.67⌉ = 5. Counted from 0 these are "
    "the columns 2, 3 and 4; counted from 1, columns 3, 4 and 5. The first output reads "
    f"columns {min(_FIRST)} to {max(_FIRST)}: neighbors may share a column.",
)


_POOL_LINES = (
    "def max_pool(rows, size, stride):",
    "    output = []",
    "    for top in range(0, len(rows) - size + 1, stride):",
    "        row = []",
    "        for left in range(0, len(rows[0]) - size + 1, stride):",
    "            window = [r[left : left + size] for r in rows[top : top + size]]",
    "            row.append(max(max(r) for r in window))",
    "        output.append(row)",
    "    return output",
)


def _draw_map(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    size, stride = rng.randint(1, 3), rng.randint(1, 3)
    height, width = rng.randint(size, 7), rng.randint(size, 7)
    rows = [[rng.randint(-9, 9) for _ in range(width)] for _ in range(height)]
    return (rows, size, stride), {}


def _pool_mean(rows: Rows, size: int, stride: int) -> list[list[float]]:
    return _pool(rows, size, stride, _mean)


def _pool_size_as_stride(rows: Rows, size: int, stride: int) -> list[list[float]]:
    return _pool(rows, size, size)


def _pool_stride_one(rows: Rows, size: int, stride: int) -> list[list[float]]:
    return _pool(rows, size, 1)


def _pool_from_zero(rows: Rows, size: int, stride: int) -> list[list[float]]:
    return _pool(rows, size, stride, lambda window: max(0, *window))


def _pool_short(rows: Rows, size: int, stride: int) -> list[list[float]]:
    return _pool([row[:-1] for row in rows[:-1]], size, stride)


def _pool_square(rows: Rows, size: int, stride: int) -> list[list[float]]:
    places = range(0, len(rows) - size + 1, stride)
    return [
        [max(rows[top + i][left + j] for i in range(size) for j in range(size)) for left in places]
        for top in places
    ]


def _pool_up(rows: Rows, size: int, stride: int) -> list[list[float]]:
    return [
        [
            max(v for row in rows[top : top + size] for v in row[left : left + size])
            for left in range(0, len(rows[0]), stride)
        ]
        for top in range(0, len(rows), stride)
    ]


def _pool_diagonal(rows: Rows, size: int, stride: int) -> list[list[float]]:
    return _pool(rows, size, stride, lambda window: max(window[:: size + 1]))


CODE_MAX_POOL = Code(
    id="pooling/code-max-pool",
    title="Write max pooling",
    level="build it",
    prompt="Write `max_pool`. It gets a map as a list of rows, the size of the square window and "
    "the stride, and returns the output as a list of rows. There is no padding, and a window that "
    "does not fit is left out. The map need not be square, and numbers may be negative.",
    function="max_pool",
    stub="def max_pool(rows, size, stride):\n    raise NotImplementedError",
    reference=_pool,
    draw=_draw_map,
    mistakes=(
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
            "The last window is missing: it starts at `len(rows) - size`, and `range` stops before "
            "its end.",
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
    hint="Two loops over the places, as for the convolution; inside, the largest of the window.",
    lines=_POOL_LINES,
    solution=_fence(_POOL_LINES),
)


# What is saved -----------------------------------------------------------------------------------

_BYTES = 4  # of a float32
_MEBIBYTE = 2**20


def _mebibytes(maps: int, size: int, width: int = _BYTES) -> float:
    return maps * size**2 * width / _MEBIBYTE


_AFTER = pool_output_size(256, 2)

MEMORY = Number(
    id="pooling/memory",
    title="How many bytes?",
    level="apply it",
    prompt="A layer makes 64 maps of 256 × 256 numbers, each a float32 of 4 bytes. They are pooled "
    "with windows of 2 × 2 and stride 2. How many MiB (1 MiB = 1,048,576 bytes) do the pooled maps "
    "of one image take?",
    answer=_mebibytes(64, _AFTER),
    unit="MiB",
    mistakes=(
        Mistake(_mebibytes(64, 256), "That is the memory before pooling."),
        Mistake(
            _mebibytes(64, 256) / 2,
            "Half is not enough: rows and columns are both halved, which leaves a quarter.",
        ),
        Mistake(_mebibytes(64, _AFTER, 1), "You counted one byte a number. A float32 has four."),
        Mistake(
            _mebibytes(1, _AFTER), "That is one map. Pooling works on each map: there are still 64."
        ),
        Mistake(
            64 * _AFTER**2 * _BYTES / 1e6,
            "Almost: you divided by a million. A MiB has 2²⁰ = 1,048,576 bytes.",
        ),
    ),
    hint="Maps × rows × columns × bytes, after pooling.",
    solution="64 · 128 · 128 · 4 = 4,194,304 bytes = 4 MiB, a quarter of the 16 MiB before.",
)


# What a shift does -------------------------------------------------------------------------------

_ROW = [1, 7, 2, 4, 9, 3, 6, 5]
_MOVED = [0, *_ROW[:-1]]


_PAIRS = zip(*(_pool([row, row], 2, 2)[0] for row in (_ROW, _MOVED)), strict=True)
_KEPT = sum(before == after for before, after in _PAIRS)


SHIFT = Number(
    id="pooling/shifted-row",
    title="Shift by one",
    level="apply it",
    prompt="Both rows go through max pooling with windows of 2 and stride 2. The second is the "
    "first, moved by one to the right. How many of the four outputs stay the same?",
    given={"row": [_ROW], "moved": [_MOVED]},
    answer=_KEPT,
    mistakes=(
        Mistake(
            4,
            "That would be full invariance. Write down both rows of four outputs and compare.",
        ),
        Mistake(
            0,
            "Look at the third window: it holds 9 and 3 before, 4 and 9 after. Compare all four "
            "pairs in this way.",
        ),
        Mistake(
            _KEPT + 1,
            "One too many. An output that turns up one place further on has moved, not stayed.",
        ),
    ),
    hint="Pool both rows: 7, 4, 9, 6 is what the first one gives.",
    solution="Before: max(1, 7) = 7, max(2, 4) = 4, max(9, 3) = 9, max(6, 5) = 6. After: "
    "max(0, 1) = 1, max(7, 2) = 7, max(4, 9) = 9, max(3, 6) = 6. Two of four are the same: those "
    "whose winner stayed inside its window.",
)

_STRIDE_OF_ALL = 2**3
_SHIFTS = (2, 3, 6, 8, 16)

EXACT = SeveralChoices(
    id="pooling/exact-shifts",
    title="Which shifts are harmless?",
    level="read it off",
    prompt="A network pools three times with windows of 2 × 2 and stride 2. Its convolutions have "
    "stride 1. Far from the borders: after which shifts of the image are the last maps exactly the "
    "same, but moved?",
    options=tuple(
        Option(
            f"{shift} pixels",
            f"{shift} is a multiple of 2 · 2 · 2 = {_STRIDE_OF_ALL}: the last maps move by "
            f"{shift // _STRIDE_OF_ALL}."
            if shift % _STRIDE_OF_ALL == 0
            else f"{shift} pixels would be {shift / _STRIDE_OF_ALL:g} cells of the last maps. "
            "There is no such cell: other pixels meet in its windows.",
        )
        for shift in _SHIFTS
    ),
    answers=tuple(n for n, shift in enumerate(_SHIFTS) if shift % _STRIDE_OF_ALL == 0),
    solution="The strides multiply: one cell of the last maps is 2 · 2 · 2 = 8 pixels wide. Only "
    "multiples of 8 lead from whole cells to whole cells.",
)


# Where the gradient goes -------------------------------------------------------------------------

_SENT = [[1, 2], [3, 4]]


def _gradient(winners: Callable[[list[float]], list[int]], share: float = 1) -> list[list[float]]:
    """Send `_SENT` back through 2 × 2 windows, to the places in each window that are `winners`."""
    gradient: list[list[float]] = [[0] * 4 for _ in range(4)]
    for r, row in enumerate(_windows(_MAP, 2, 2)):
        for c, window in enumerate(row):
            for place in winners(window):
                gradient[2 * r + place // 2][2 * c + place % 2] = _SENT[r][c] * share
    return gradient


def _largest(window: list[float]) -> list[int]:
    return [window.index(max(window))]


def _all(window: list[float]) -> list[int]:
    return list(range(4))


MAX_GRADIENT = Matrix(
    id="pooling/max-gradient",
    title="The gradient of max pooling",
    level="apply it",
    prompt="Back to max pooling of this map, 2 × 2 with stride 2. The second matrix is "
    "the gradient that comes back to the four outputs. Which gradient do the 16 inputs get?",
    given={"input": _MAP, "gradient of the outputs": _SENT},
    answer=_gradient(_largest),
    mistakes=(
        Mistake(
            _gradient(_all, 1 / 4),
            "You spread it evenly: that is mean pooling. A small change of a loser does not change "
            "the maximum.",
        ),
        Mistake(_gradient(_all), "Each output's gradient goes to one input only: the winner."),
        Mistake(
            _gradient(lambda window: [window.index(min(window))]),
            "You sent it to the smallest number. It goes to the largest.",
        ),
        Mistake(
            [
                [value * bool(sent) for value, sent in zip(*rows, strict=True)]
                for rows in zip(_MAP, _gradient(_largest), strict=True)
            ],
            "Right places, but you wrote down the winners themselves. The gradient arrives there.",
        ),
        Mistake(
            [[float(bool(value)) for value in row] for row in _gradient(_largest)],
            "Right places. Now write down the gradient that each of them gets, not 1.",
        ),
    ),
    hint="In each window, find the winner; it gets everything, the others 0.",
    solution="The winners are 8, 6, 4 and 9. They get 1, 2, 3 and 4; the other inputs 0.",
)


# Strided convolution and aliasing ----------------------------------------------------------------


def _macs(stride: int) -> int:
    size = conv_output_size(64, 3, padding=1, stride=stride)
    return conv_macs(32, 32, 3, size)


STRIDED_MACS = Number(
    id="pooling/strided-macs",
    title="Convolve every second place",
    level="apply it",
    prompt="A convolution of 3 × 3 with padding 1 reads maps of 64 × 64 and is followed by pooling "
    "with stride 2. Somebody drops the pooling and gives the convolution a stride of 2. By which "
    "factor do the multiplications of the convolution fall?",
    answer=_macs(1) // _macs(2),
    mistakes=(
        Mistake(2, "It skips every second row *and* every second column."),
        Mistake(1, "The weights stay the same, but there are fewer places."),
        Mistake(
            9,
            "The kernel keeps its nine weights. Count the places: 64 × 64 before, how many after?",
        ),
    ),
    hint="Places before: 64 × 64. Places after: ⌊(64 − 3 + 2)/2⌋ + 1 along each axis.",
    solution="⌊(64 − 3 + 2)/2⌋ + 1 = 32, so 32 × 32 places instead of 64 × 64: a quarter. Pooling "
    "throws away places that were computed; the stride does not compute them.",
)


def _period(values: list[int]) -> int:
    return next(
        n
        for n in range(1, len(values))
        if all(a == b for a, b in zip(values, values[n:], strict=False))
    )


_STRIPES = [place % 3 for place in range(60)]
_SEEN = _period(_STRIPES[::2]) * 2

ALIAS = Number(
    id="pooling/alias-period",
    title="Keep every second",
    level="apply it",
    prompt="Stripes repeat every 3 pixels: 0 1 2 0 1 2 0 1 2 0 1 2 … You keep every second pixel. "
    "After how many *pixels of the original* does what is left repeat?",
    answer=_SEEN,
    unit="pixels",
    mistakes=(
        Mistake(
            _period(_STRIPES[::2]),
            "It repeats after 3 *kept* numbers. How many pixels of the original are these?",
        ),
        Mistake(2, "That is the distance of the kept pixels. Write them down: 0 2 1 0 2 1 …"),
        Mistake(
            12,
            "Too far: write down the kept numbers, 0 2 1 0 2 1 …, and look for the first repeat.",
        ),
        Mistake(
            1.5, "The stripes would have to become finer. Write down every second number and look."
        ),
    ),
    hint="Write down the numbers that are kept: 0 2 1 0 …",
    solution="What is left is 0 2 1 0 2 1 …, which repeats after 3 kept numbers: 6 pixels. "
    "Stripes of 3 pixels look like stripes of 6: half as fine, and running backward.",
)


EXERCISES: tuple[Exercise, ...] = (
    LAST_WINDOW,
    MEAN_MAP,
    CEIL_SIZE,
    CORNER_MEAN,
    ADAPTIVE,
    CODE_MAX_POOL,
    MEMORY,
    SHIFT,
    EXACT,
    MAX_GRADIENT,
    STRIDED_MACS,
    ALIAS,
)
