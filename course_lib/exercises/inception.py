"""The exercises of the chapter Inception v2 and v3, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.arithmetic import conv_macs, conv_parameters
from course_lib.exercises.kinds import (
    Code,
    Exercise,
    Matrix,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)

Rows = list[list[int]]


def _fence(lines: Sequence[str]) -> str:
    return "\n".join(("```", *lines, "```"))


def _weights(kernel: int | tuple[int, int], channels: int) -> int:
    return conv_parameters(channels, channels, kernel, bias=False)


# Rows and columns --------------------------------------------------------------------------------

_C = 160

ROW_AND_COLUMN = Number(
    id="inception/row-and-column",
    title="A row, then a column",
    level="apply it",
    prompt=f"A layer of 1 × 7 and a layer of 7 × 1 follow each other. Both read {_C} maps and make "
    f"{_C}; there are no biases. How many weights do the two have together?",
    answer=_weights((1, 7), _C) + _weights((7, 1), _C),
    mistakes=(
        Mistake(_weights(7, _C), "That is one layer of 7 × 7. A row has 7 weights, a column 7."),
        Mistake(_weights((1, 7), _C), "That is the row alone. The column has as many."),
        Mistake(14, "That is for one map in and one out. Each layer connects all maps with all."),
        Mistake(
            14 * _C,
            f"You counted {_C} once. Each of the {_C} new maps reads each of the {_C} old ones.",
        ),
        Mistake(
            conv_parameters(_C, _C, (1, 7)) + conv_parameters(_C, _C, (7, 1)),
            "You counted biases. These layers have none: batch normalization follows.",
        ),
    ),
    hint="One layer has rows · columns · maps in · maps out weights. Add two of them.",
    solution=f"7 · {_C} · {_C} = {_weights((1, 7), _C):,} for each of the two, together "
    f"{2 * _weights((1, 7), _C):,}. A layer of 7 × 7 has {_weights(7, _C):,}: 3.5 times as many.",
)

_COLUMN, _ROW = [1, 2, 1], [-1, 0, 1]


def _outer(column: Sequence[int], row: Sequence[int]) -> Rows:
    return [[a * b for b in row] for a in column]


OUTER = Matrix(
    id="inception/outer",
    title="Which kernel is it?",
    level="read it off",
    prompt="A column of weights 1, 2, 1 follows a row of weights −1, 0, 1. One kernel of 3 × 3 "
    "does the same. Fill it in: the weight in row i and column j is number i of the column times "
    "number j of the row.",
    given={"column": [[value] for value in _COLUMN], "row": [_ROW]},
    answer=_outer(_COLUMN, _ROW),
    mistakes=(
        Mistake(
            _outer(_ROW, _COLUMN),
            "Rows and columns are swapped: the column says how the weights change from top to "
            "bottom.",
        ),
        Mistake(
            [[a + b for b in _ROW] for a in _COLUMN],
            "You added. The second layer multiplies what the first one found.",
        ),
        Mistake([_ROW] * 3, "Every row is the same here. The column weighs the middle one twice."),
    ),
    hint="The first row is 1 · (−1, 0, 1), the second 2 · (−1, 0, 1).",
    solution="The rows are 1, 2 and 1 times (−1, 0, 1). This is the Sobel kernel, six weights in "
    "place of nine.",
)

_CANDIDATES: dict[str, Rows] = {
    "A": _outer([1, 2, 1], [1, 2, 1]),
    "B": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    "C": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "D": [[2, 0, -2], [2, 0, -2], [2, 0, -2]],
}


def _separable(kernel: Sequence[Sequence[int]]) -> bool:
    """Whether all rows are multiples of one: every 2 × 2 determinant is 0."""
    rows, columns = range(len(kernel)), range(len(kernel[0]))
    return all(
        kernel[i][k] * kernel[j][m] == kernel[i][m] * kernel[j][k]
        for i in rows
        for j in rows
        for k in columns
        for m in columns
    )


_WHY = {
    "A": "A is (1, 2, 1), twice that, and (1, 2, 1) again: one row and its multiples.",
    "B": "In B, (0, 1, 0) and (1, −4, 1) are no multiples of each other.",
    "C": "C is a diagonal: no row is a multiple of another one.",
    "D": "In D, all rows are equal: the column is 1, 1, 1.",
}

SEPARABLE = SeveralChoices(
    id="inception/separable",
    title="A row and a column are enough",
    level="apply it",
    prompt="Which of these kernels is a column times a row?",
    given=_CANDIDATES,
    options=tuple(Option(name, _WHY[name]) for name in _CANDIDATES),
    answers=tuple(i for i, kernel in enumerate(_CANDIDATES.values()) if _separable(kernel)),
    solution="A and D: all their rows are multiples of one row. In B and C they are not. A smooth "
    "spot and an upright edge have rank 1; a diagonal line has not.",
)

_SEPARABLE_LINES = (
    "def my_is_separable(kernel):",
    "    leader = max(kernel, key=lambda row: sum(abs(value) for value in row))",
    "    at = max(range(len(leader)), key=lambda k: abs(leader[k]))",
    "    for row in kernel:",
    "        for k in range(len(leader)):",
    "            if row[k] * leader[at] != leader[k] * row[at]:",
    "                return False",
    "    return True",
)


def _draw_kernel(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    n = rng.randint(2, 4)
    if rng.random() < 0.4:
        left = rng.choice((0, 1))  # a first column of zeros in half of them
        kernel = [[rng.randint(-2, 2) * (k >= left) for k in range(n)] for _ in range(n)]
    else:
        row = [rng.choice((-2, -1, 0, 1, 3)) for _ in range(n)]
        kernel = _outer([rng.choice((-1, 0, 2, 3)) for _ in range(n)], row)
        if rng.random() < 0.4:
            kernel[rng.randrange(n)][rng.randrange(n)] += 1
    return (kernel,), {}


def _equal_rows(kernel: Rows) -> bool:
    return all(row == kernel[0] for row in kernel)


def _first_row_leads(kernel: Rows) -> bool:
    a, columns = kernel[0], range(len(kernel[0]))
    return all(row[k] * a[m] == row[m] * a[k] for row in kernel for k in columns for m in columns)


def _first_entry_leads(kernel: Rows) -> bool:
    return all(
        kernel[i][j] * kernel[0][0] == kernel[i][0] * kernel[0][j]
        for i in range(len(kernel))
        for j in range(len(kernel))
    )


def _symmetric(kernel: Rows) -> bool:
    return [list(column) for column in zip(*kernel, strict=True)] == kernel


def _not_separable(kernel: Rows) -> bool:
    return not _separable(kernel)


CODE_SEPARABLE = Code(
    id="inception/code-separable",
    title="Is it a column times a row?",
    level="build it",
    prompt="Write `my_is_separable`. It gets a square kernel as a list of rows of whole numbers, "
    "and returns `True` if the kernel is a column times a row, else `False`. Rows of zeros are "
    "allowed, in the first place, too.",
    function="my_is_separable",
    stub="def my_is_separable(kernel):\n    raise NotImplementedError",
    reference=_separable,
    draw=_draw_kernel,
    mistakes=(
        Mistake(_equal_rows, "The rows need not be equal: multiples of one row are enough."),
        Mistake(_not_separable, "It is the other way around: `True` where it is separable."),
        Mistake(
            _first_entry_leads,
            "You compare with the upper left number, and it may be 0: then your test passes too "
            "much. Compare with a number that is not 0.",
        ),
        Mistake(
            _first_row_leads,
            "You compare all rows with the first one. If that is all zeros, every row passes.",
        ),
        Mistake(_symmetric, "Symmetry is something else: the Sobel kernel is not symmetric."),
    ),
    hint="Take the row with the largest numbers and the largest number in it. For each other row, "
    "row[k] · leader[at] must be leader[k] · row[at]; that compares fractions without dividing.",
    lines=_SEPARABLE_LINES,
    solution=_fence(_SEPARABLE_LINES)
    + "\n\nCrosswise products compare row[k] / row[at] with leader[k] / leader[at] "
    "without dividing by a zero. For numbers with a decimal point, allow a small error.",
)


# The grid ----------------------------------------------------------------------------------------

_SIDE, _MAPS, _OUT, _SMALL = 32, 64, 160, 16

POOL_FIRST = Number(
    id="inception/pool-first",
    title="What passes through the bottleneck",
    level="apply it",
    prompt=f"{_MAPS} maps of {_SIDE} × {_SIDE} are pooled to {_SMALL} × {_SMALL}, and a "
    f"convolution then makes {_OUT} maps of them. How many numbers are there between the "
    "two?",
    answer=_SMALL**2 * _MAPS,
    mistakes=(
        Mistake(_SIDE**2 * _MAPS, "That is what goes in. The pooling comes first."),
        Mistake(_SMALL**2 * _OUT, "That is what comes out. Look between the two steps."),
        Mistake(_SIDE**2 * _OUT, "That is for the other order, the convolution in front of it."),
        Mistake(_SMALL**2, "That is one map. Pooling keeps all of them."),
        Mistake(_SIDE * _SMALL * _MAPS, "Both axes become half as long."),
    ),
    hint="Pooling changes rows and columns, and keeps the number of maps.",
    solution=f"{_SMALL} · {_SMALL} · {_MAPS} = {_SMALL**2 * _MAPS:,}, a quarter of the "
    f"{_SIDE**2 * _MAPS:,} that went in. The convolution makes {_SMALL**2 * _OUT:,} of them, "
    "but it has only these to make them from.",
)

_BEFORE = conv_macs(_MAPS, _OUT, 3, _SIDE)
_AFTER = conv_macs(_MAPS, _OUT, 3, _SMALL)
_RATIOS = (1, 2, 4, 16)

POOL_LAST = OneChoice(
    id="inception/pool-last",
    title="The price of the other order",
    level="apply it",
    prompt="Now the convolution (3 × 3, padding 1) comes first, and the pooling after it. How many "
    "times as many multiplications does it cost as in the order above?",
    options=(
        Option("as many", "The weights are as many. But they are used at more places."),
        Option("2 times", "The places are twice as many along *each* axis."),
        Option("4 times", f"{_SIDE} · {_SIDE} places in place of {_SMALL} · {_SMALL}."),
        Option("16 times", "That would be four times as many places along each axis."),
    ),
    answer=_RATIOS.index(_BEFORE // _AFTER),
    solution=f"{_BEFORE:,} against {_AFTER:,}: four times as many, as there are four times as many "
    "places. The paper avoids both: it halves with a pooling and with convolutions side by side.",
)


# The networks ------------------------------------------------------------------------------------

NAMES = OneChoice(
    id="inception/names",
    title="What is in the file?",
    level="read it off",
    prompt="You load the weights of `inception_v3` and use the network in eval mode. Which of "
    "these steps from v2 to v3 can you find in what it computes?",
    options=(
        Option("RMSProp", "An optimizer changes weights while the network learns. It is gone now."),
        Option("label smoothing", "It is in the loss, and there is no loss in eval mode."),
        Option("batch normalization in the side head", "The side head is not run in eval mode."),
        Option(
            "the first layer of 7 × 7 as layers of 3 × 3",
            "They are layers of the network, and every image runs through them.",
        ),
    ),
    answer=3,
    solution="Only the factorized first layer. RMSProp and label smoothing are ways to train; the "
    "side head trains and is then left out. All three have shaped the weights that you load.",
)


# Smoothing ---------------------------------------------------------------------------------------

_K, _EPS = 5, 0.2


def _smooth(label: int, classes: int, epsilon: float) -> list[float]:
    return [(1 - epsilon) * (k == label) + epsilon / classes for k in range(classes)]


SMOOTHED = Number(
    id="inception/smoothed",
    title="The target of the right class",
    level="apply it",
    prompt=f"Labels of {_K} classes are smoothed with ε = {_EPS}. What is the new target of the "
    "right class?",
    answer=round(_smooth(0, _K, _EPS)[0], 9),
    tolerance=0.001,
    mistakes=(
        Mistake(
            1 - _EPS, "The right class gets its share of ε, too: it is spread over all classes."
        ),
        Mistake(
            1 - _EPS + _EPS / (_K - 1),
            f"ε is spread over all {_K} classes, the right one included: divide by {_K}.",
        ),
        Mistake(_EPS / _K, "That is the target of each *wrong* class."),
        Mistake(
            1 - _EPS / _K, f"You took away ε / {_K}. First ε is taken away, then ε / {_K} added."
        ),
        Mistake(1, "That is the target without smoothing."),
    ),
    hint="(1 − ε) + ε / K.",
    solution="(1 − 0.2) + 0.2 / 5 = 0.84. The four wrong classes get 0.04 each; together 1.",
)

BEST_GAP = Number(
    id="inception/best-gap",
    title="How far apart?",
    level="apply it",
    prompt="With 1,000 classes and ε = 0.1, as in the paper, by how much does the logit of the "
    "right class exceed the others where the loss is lowest? (One digit after the point.)",
    answer=math.log(_smooth(0, 1000, 0.1)[0] / _smooth(0, 1000, 0.1)[1]),
    tolerance=0.06,
    mistakes=(
        Mistake(
            math.log(_smooth(0, 10, 0.1)[0] / _smooth(0, 10, 0.1)[1]),
            "That is for 10 classes. With 1,000, each wrong class gets 0.0001.",
        ),
        Mistake(
            _smooth(0, 1000, 0.1)[0] / _smooth(0, 1000, 0.1)[1],
            "That is the ratio of the probabilities. The gap of the logits is its logarithm.",
        ),
        Mistake(
            math.log10(_smooth(0, 1000, 0.1)[0] / _smooth(0, 1000, 0.1)[1]),
            "You took the logarithm to the base 10. The softmax has e: take the natural one.",
        ),
        Mistake(math.log(9), "That is ln(0.9 / 0.1). The 0.1 is spread over 1,000 classes."),
    ),
    hint="ln(q′ of the right class / q′ of a wrong one).",
    solution="q′ is 0.9001 for the right class and 0.0001 for a wrong one. ln(9001) = 9.1. Without "
    "smoothing there is no such number: the loss falls as long as the gap grows.",
)

_SMOOTH_LINES = (
    "def my_smooth(label, classes, epsilon):",
    "    target = [epsilon / classes] * classes",
    "    target[label] += 1 - epsilon",
    "    return target",
)


def _draw_smooth(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    classes = rng.randint(2, 6)
    return (rng.randrange(classes), classes, rng.choice((0, 0.1, 0.25, 0.5))), {}


def _smooth_others(label: int, classes: int, epsilon: float) -> list[float]:
    return [1 - epsilon if k == label else epsilon / (classes - 1) for k in range(classes)]


def _smooth_too_much(label: int, classes: int, epsilon: float) -> list[float]:
    return [float(k == label) + epsilon / classes for k in range(classes)]


def _smooth_missing(label: int, classes: int, epsilon: float) -> list[float]:
    return [1 - epsilon if k == label else epsilon / classes for k in range(classes)]


def _smooth_full(label: int, classes: int, epsilon: float) -> list[float]:
    return [1 - epsilon if k == label else epsilon for k in range(classes)]


def _one_hot(label: int, classes: int, epsilon: float) -> list[float]:
    return [float(k == label) for k in range(classes)]


def _smooth_from_one(label: int, classes: int, epsilon: float) -> list[float]:
    return _smooth((label - 1) % classes, classes, epsilon)


CODE_SMOOTH = Code(
    id="inception/code-smooth",
    title="Smooth a label",
    level="build it",
    prompt="Write `my_smooth`. It gets the right class (from 0), the number of classes and ε, and "
    "returns the list of targets q′.",
    function="my_smooth",
    stub="def my_smooth(label, classes, epsilon):\n    raise NotImplementedError",
    reference=_smooth,
    draw=_draw_smooth,
    mistakes=(
        Mistake(
            _smooth_others,
            "You spread ε over the wrong classes only. The paper spreads it over all of them, the "
            "right one included.",
        ),
        Mistake(_smooth_too_much, "Your targets add up to more than 1: take ε away first."),
        Mistake(_smooth_missing, "Your targets add up to less than 1: the right class gets ε / K."),
        Mistake(_smooth_full, "Each class gets ε / K, not ε."),
        Mistake(_one_hot, "ε changes nothing in your function."),
        Mistake(_smooth_from_one, "Classes count from 0."),
    ),
    hint="Give each class ε / K, then add 1 − ε to the right one.",
    lines=_SMOOTH_LINES,
    solution=_fence(_SMOOTH_LINES) + "\n\nThe targets add up to K · ε / K + 1 − ε = 1.",
)


EXERCISES: tuple[Exercise, ...] = (
    ROW_AND_COLUMN,
    OUTER,
    SEPARABLE,
    CODE_SEPARABLE,
    POOL_FIRST,
    POOL_LAST,
    NAMES,
    SMOOTHED,
    CODE_SMOOTH,
    BEST_GAP,
)
