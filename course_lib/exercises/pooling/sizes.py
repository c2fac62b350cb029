"""The exercises about one window, the size of the output and its borders."""

import math

from course_lib.arithmetic import pool_output_size
from course_lib.exercises.kinds import Matrix, Mistake, Number, Option, SeveralChoices
from course_lib.exercises.pooling._windows import MAP, mean, pool, windows

# The operator ------------------------------------------------------------------------------------

LAST_WINDOW = Number(
    id="pooling/last-window",
    title="The last number of the output",
    level="read it off",
    prompt="Max pooling with windows of 2 × 2 and stride 2. Which number comes out in the lower "
    "right corner?",
    given={"input": MAP},
    answer=int(pool(MAP, 2, 2)[-1][-1]),
    mistakes=(
        Mistake(
            pool(MAP, 2, 2, mean)[-1][-1],
            "That is the mean of the window. Max pooling keeps the largest number.",
        ),
        Mistake(
            sum(windows(MAP, 2, 2)[-1][-1]),
            "That is the sum of the window. Max pooling keeps one number: the largest.",
        ),
        Mistake(
            pool(MAP, 2, 2, min)[-1][-1],
            "That is the smallest number of the window. Take the largest.",
        ),
        Mistake(
            pool(MAP, 2, 2)[0][0],
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
    given={"input": MAP},
    answer=pool(MAP, 2, 2, mean),
    mistakes=(
        Mistake(pool(MAP, 2, 2), "That is max pooling. Add up the four numbers and divide."),
        Mistake(pool(MAP, 2, 2, sum), "Those are the sums. Divide each by 4."),
        Mistake(
            pool(MAP, 2, 2, lambda window: sum(window) / 2),
            "You divided by 2, the width of the window. It holds 2 · 2 = 4 numbers.",
        ),
        Mistake(
            [row[:2] for row in pool(MAP, 2, 1, mean)[:2]],
            "You moved the window by one cell. The stride is 2: windows do not overlap.",
        ),
        Mistake(
            [list(column) for column in zip(*pool(MAP, 2, 2, mean), strict=True)],
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
            "the edge. Or did you round up and forget the + 1?",
        ),
        Mistake((112 - 3) // 2, "You rounded down, and forgot the + 1 for the first window."),
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
    answer=mean([0, 0, 0, 0, 9, 9, 0, 9, 9]),
    mistakes=(
        Mistake(
            mean([9, 9, 9, 9]),
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
