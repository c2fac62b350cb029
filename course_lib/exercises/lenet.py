"""The exercises of the chapter LeNet-5, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.arithmetic import conv_output_size, conv_parameters, pool_output_size
from course_lib.exercises.kinds import (
    Code,
    Exercise,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)

# The table ---------------------------------------------------------------------------------------

_C1 = conv_parameters(1, 6, 5)
_C1_SIDE = conv_output_size(32, 5)

C1_PARAMETERS = Number(
    id="lenet/c1",
    title="What C1 learns",
    level="apply it",
    prompt="C1 makes 6 maps of one gray image, with kernels of 5 × 5. How many parameters does it "
    "have?",
    answer=_C1,
    unit="parameters",
    mistakes=(
        Mistake(conv_parameters(1, 6, 5, bias=False), "Each map has a bias as well."),
        Mistake(conv_parameters(1, 6, 5, bias=False) + 1, "Each of the six maps has its own bias."),
        Mistake(conv_parameters(1, 1, 5), "That is one map. There are six."),
        Mistake(conv_parameters(1, 1, 5, bias=False), "That is one kernel, without its bias."),
        Mistake(6 * _C1_SIDE**2, "Those are the numbers that C1 gives, not those that it learns."),
        Mistake(_C1_SIDE**2 * _C1, "A kernel is learned once and used at all places."),
    ),
    hint="(Weights of one kernel + 1 bias) · maps.",
    solution="6 · (5 · 5 · 1 + 1) = 156.",
)

S2_PARAMETERS = Number(
    id="lenet/s2",
    title="What S2 learns",
    level="apply it",
    prompt="S2 halves the six maps: the four numbers of each window are added up, the sum is "
    "multiplied by a learned coefficient, and a learned bias is added, both the same all over a "
    "map. How many parameters does S2 have?",
    answer=6 * 2,
    unit="parameters",
    mistakes=(
        Mistake(0, "That is mean or max pooling. This kind learns a coefficient and a bias."),
        Mistake(2, "Each of the six maps has its own coefficient and bias."),
        Mistake(6, "Each map has two: a coefficient and a bias."),
        Mistake(6 * (2 * 2 + 1), "The four numbers of a window share one coefficient."),
        Mistake(6 * 2 * 2, "The four numbers of a window share one coefficient; add the bias."),
        Mistake(6 * 2 * 14 * 14, "Coefficient and bias are the same at all places of a map."),
    ),
    hint="Two numbers for each map.",
    solution="6 · (1 + 1) = 12. S4 has 16 maps, so 32.",
)

_S2_SIDE = pool_output_size(_C1_SIDE, 2)

CONNECTIONS = Number(
    id="lenet/connections",
    title="The connections of C1",
    level="apply it",
    prompt="A connection is one use of one parameter: each number of C1's maps needs 25 products "
    "and a bias. C1 reads 32 × 32 pixels without padding and makes 6 maps. How many connections "
    "does it have?",
    answer=_C1_SIDE**2 * _C1,
    unit="connections",
    mistakes=(
        Mistake(_C1, "Those are the parameters. Each is used at every place of the map."),
        Mistake(_C1_SIDE**2 * (_C1 - 6), "The biases count as connections, too."),
        Mistake(32**2 * _C1, "Without padding the map is smaller than the image: 28 × 28."),
        Mistake(_C1_SIDE**2 * 26, "That is one map. There are six."),
        Mistake(_C1_SIDE**2 * 6, "That is how many numbers C1 gives. Each takes 26 connections."),
        Mistake(_S2_SIDE**2 * _C1, "14 × 14 is the size after S2. C1's maps are 28 × 28."),
    ),
    hint="Places of a map, times the parameters.",
    solution="28 · 28 · 156 = 122,304: each parameter is used 784 times.",
)


def _c5_side(side: int, *, halvings: int = 2) -> int:
    for _ in range(halvings):
        side = pool_output_size(conv_output_size(side, 5), 2)
    return conv_output_size(side, 5)


_LARGE = 48

C5_SIZE = Number(
    id="lenet/c5-size",
    title="A larger image",
    level="apply it",
    prompt=f"On 32 × 32 pixels each map of C5 is a single number. Give C1 to C5 an image of "
    f"{_LARGE} × {_LARGE} pixels. How many rows do C5's maps have now?",
    answer=_c5_side(_LARGE),
    unit="rows",
    mistakes=(
        Mistake(1, "Only for 32 × 32. A kernel slides wherever there is room."),
        Mistake(conv_output_size(conv_output_size(_LARGE, 5) // 2, 5) // 2, "That is S4."),
        Mistake(_c5_side(_LARGE, halvings=1), "You left out C3 and S4."),
        Mistake(_LARGE // 4, "Each convolution without padding takes 4 rows as well."),
        Mistake(_LARGE - 32 + 1, "C5 moves on by 4 pixels, not by 1: two layers halve the maps."),
    ),
    hint="Minus 4, half, minus 4, half, minus 4.",
    solution="48 → 44 → 22 → 18 → 9 → 5. So C5 looks at the image from 5 · 5 places, 4 pixels "
    "apart. That is why it is a convolution, and is called C5.",
)

# C3 ----------------------------------------------------------------------------------------------

_GROUPS = ((6, 3), (6, 4), (3, 4), (1, 6))  # how many maps read how many
_KERNELS = sum(maps * reads for maps, reads in _GROUPS)
_SPARSE = sum(conv_parameters(reads, maps, 5) for maps, reads in _GROUPS)
_MAPS = sum(maps for maps, _ in _GROUPS)

KERNELS = Number(
    id="lenet/kernels",
    title="Count the kernels of C3",
    level="read it off",
    prompt="The figure shows which maps of S2 each map of C3 reads. A kernel stands at each "
    "square. How many kernels does C3 have?",
    answer=_KERNELS,
    unit="kernels",
    mistakes=(
        Mistake(_MAPS * 6, "That is the whole table. Many places are empty."),
        Mistake(_MAPS, "Those are the maps of C3. Each has several kernels."),
        Mistake(_MAPS * 6 - _KERNELS, "Those are the empty places."),
        Mistake(_KERNELS * 25, "Those are weights. A kernel has 25 of them."),
        Mistake(6 * 3 + 6 * 4 + 3 * 4, "The last map is missing: it reads all six."),
    ),
    hint="Six maps read three, nine read four, one reads six.",
    solution="6 · 3 + 9 · 4 + 1 · 6 = 60. Or by rows: each map of S2 is read by ten maps, 6 · 10.",
)

C3_PARAMETERS = Number(
    id="lenet/c3",
    title="What C3 learns",
    level="apply it",
    prompt="C3 has 60 kernels of 5 × 5, and 16 maps. How many parameters?",
    answer=_SPARSE,
    unit="parameters",
    mistakes=(
        Mistake(conv_parameters(6, _MAPS, 5), "That is if each map read all six."),
        Mistake(_KERNELS * 25, "The biases are missing."),
        Mistake(_KERNELS * 26, "A map has one bias, however many kernels it has: 16, not 60."),
        Mistake(_KERNELS * 25 + 6, "A bias belongs to a map that C3 *makes*: there are 16."),
        Mistake(_MAPS * 26, "Each map has 3 to 6 kernels, one for each map that it reads."),
    ),
    hint="25 weights for each kernel, one bias for each map.",
    solution="60 · 25 + 16 = 1516. If all read all, it would be 96 · 25 + 16 = 2416.",
)

WHY_SPARSE = SeveralChoices(
    id="lenet/why-sparse",
    title="Why not everything?",
    level="apply it",
    prompt="What does it bring that most maps of C3 read only three or four maps of S2?",
    options=(
        Option(
            "Fewer products to compute, on the computers of 1998.",
            "It does: 60 kernels slide, not 96.",
        ),
        Option(
            "Two maps that read different maps can't become the same.",
            "It does: it breaks the symmetry between the maps.",
        ),
        Option(
            "Each map of C3 sees a smaller piece of the image.",
            "All kernels are 5 × 5, so all see the same piece, but in different maps.",
        ),
        Option(
            "Some maps of S2 are not needed, and are left out.",
            "Each map of S2 is read by ten maps of C3. Nothing is left out.",
        ),
    ),
    answers=(0, 1),
    hint="Look at the rows and at the columns of the figure.",
    solution="The paper names both reasons, and calls the broken symmetry the more important one. "
    "Today, weights that start at random break it.",
)

# The output --------------------------------------------------------------------------------------

_X, _CODE = (1, -1, 0.5, -1), (1, 1, 1, -1)


def _distance(x: Sequence[float], code: Sequence[float]) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(x, code, strict=True)))


DISTANCE = Number(
    id="lenet/distance",
    title="How far from the code?",
    level="apply it",
    prompt="A small F6 says (1, −1, 0.5, −1). The code of a class is (1, 1, 1, −1). What does the "
    "output unit of this class say, if it gives the squared distance?",
    answer=_distance(_X, _CODE),
    mistakes=(
        Mistake(_distance(_X, _CODE) ** 0.5, "That is the distance. It is not squared here."),
        Mistake(
            sum(abs(a - b) for a, b in zip(_X, _CODE, strict=True)),
            "Square each difference before you add them.",
        ),
        Mistake(
            float(sum(a * b for a, b in zip(_X, _CODE, strict=True))),
            "That is the sum of products, which a usual unit computes. Here it is differences.",
        ),
        Mistake(
            float(sum(a - b for a, b in zip(_X, _CODE, strict=True)) ** 2),
            "Square first, then add.",
        ),
        Mistake(-_distance(_X, _CODE), "A squared distance has no minus."),
        Mistake(
            sum((a - b) ** 2 for a, b in zip(_X[:2], _CODE[:2], strict=True)),
            "The third number is wrong by 0.5, which counts, too.",
        ),
    ),
    hint="Differences, squares, sum.",
    solution="0² + 2² + 0.5² + 0² = 4.25. The class with the smallest number wins.",
)


def my_distances(x: Sequence[float], codes: Sequence[Sequence[float]]) -> list[float]:
    """Reference: the squared distance of x from each code."""
    return [sum((a - b) ** 2 for a, b in zip(x, code, strict=True)) for code in codes]


def _roots(x: Sequence[float], codes: Sequence[Sequence[float]]) -> list[float]:
    return [distance**0.5 for distance in my_distances(x, codes)]


def _absolutes(x: Sequence[float], codes: Sequence[Sequence[float]]) -> list[float]:
    return [sum(abs(a - b) for a, b in zip(x, code, strict=True)) for code in codes]


def _products(x: Sequence[float], codes: Sequence[Sequence[float]]) -> list[float]:
    return [sum(a * b for a, b in zip(x, code, strict=True)) for code in codes]


def _square_of_sum(x: Sequence[float], codes: Sequence[Sequence[float]]) -> list[float]:
    return [sum(a - b for a, b in zip(x, code, strict=True)) ** 2 for code in codes]


def _negative(x: Sequence[float], codes: Sequence[Sequence[float]]) -> list[float]:
    return [-distance for distance in my_distances(x, codes)]


def _smallest(x: Sequence[float], codes: Sequence[Sequence[float]]) -> float:
    return min(my_distances(x, codes))


def _draw_codes(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    length = rng.randrange(3, 6)
    x = [rng.choice((-2, -1, 0, 3)) for _ in range(length)]
    codes = [[rng.choice((-1, 1)) for _ in range(length)] for _ in range(rng.randrange(2, 5))]
    return (x, codes), {}


_LINES = (
    "def my_distances(x, codes):",
    "    distances = []",
    "    for code in codes:",
    "        pairs = zip(x, code)",
    "        distances.append(sum((a - b) ** 2 for a, b in pairs))",
    "    return distances",
)

CODE_DISTANCES = Code(
    id="lenet/code-distances",
    title="Write the output layer",
    level="build it",
    prompt="`x` is what F6 says, a list of numbers. `codes` has one list of the same length for "
    "each class. Return the list of the squared distances of `x` from each code.",
    function="my_distances",
    stub="def my_distances(x, codes):\n    raise NotImplementedError",
    reference=my_distances,
    draw=_draw_codes,
    mistakes=(
        Mistake(_roots, "You took the root. The paper's units give the *squared* distance."),
        Mistake(_absolutes, "You added absolute differences. Square them."),
        Mistake(_products, "That is a linear layer: sums of products. Here it is differences."),
        Mistake(_square_of_sum, "Square each difference before you add them up."),
        Mistake(_negative, "The sign is turned. Our class does so, the paper's units don't."),
        Mistake(_smallest, "Return the distances of all classes, not only the smallest."),
    ),
    hint="For each code: differences, squares, sum.",
    solution="One sum for each code.\n\n```\n" + "\n".join(_LINES) + "\n```",
    lines=_LINES,
)

MOVED = OneChoice(
    id="lenet/moved",
    title="Four pixels to the right",
    level="apply it",
    prompt="LeNet-5 has learned from digits in the middle of the image. You move a digit by 4 "
    "pixels to the right. What happens?",
    options=(
        Option(
            "Nothing: kernels slide, so they find the digit wherever it is.",
            "C1 and C3 do. But their maps have places, and C5 has other weights for each place.",
        ),
        Option(
            "The maps of S4 move by one place. C5 has other weights there, and may err.",
            "Right: two layers halve the maps, so 4 pixels are one place of S4.",
        ),
        Option(
            "Nothing: pooling takes up 4 pixels.",
            "S2 adds up 2 × 2 places. A shift by 2 is a whole place already.",
        ),
        Option(
            "The kernels of C1 don't find its strokes any more.",
            "The same kernel is used at all places, so C1's maps only move along.",
        ),
    ),
    answer=1,
    solution="C1 to S4 answer to a shift by the same shift (4 pixels: one of S4's five places). C5 "
    "reads all places, each with its own weight, and has to learn every position from examples.",
)

# Then and now ------------------------------------------------------------------------------------

WHY_CODES = OneChoice(
    id="lenet/why-codes",
    title="A code that looks like its character",
    level="apply it",
    prompt="The paper's network reads letters and signs as well, and a later stage corrects it "
    "by the context: 0 or O, 1 or l. What do codes that *look like* the characters bring there?",
    options=(
        Option(
            "They are easier to learn than other codes.",
            "Not by itself: for the network, any 84 fixed signs are a target like any other.",
        ),
        Option(
            "Characters that look alike have codes that are close.",
            "Right: if it errs between 0 and O, both stay near, and the context can decide.",
        ),
        Option(
            "The image and its code can be compared pixel by pixel.",
            "Nobody compares them: the image has 32 × 32 pixels, the code 12 × 7.",
        ),
        Option(
            "The output layer needs no numbers.",
            "It needs 840 of them. They are fixed, but they are there.",
        ),
    ),
    answer=1,
    solution="With such codes similar characters get similar outputs, and a later stage may choose "
    "among them. For ten digits alone a learned output would do.",
)

WHAT_CHANGED = SeveralChoices(
    id="lenet/what-changed",
    title="What is different today?",
    level="read it off",
    prompt="Which of these does the LeNet of today do that LeNet-5 of 1998 did not?",
    options=(
        Option("Sharing the weights of a kernel over all places.", "C1 of 1998 did that."),
        Option(
            "Pooling without parameters.",
            "It is new: S2 and S4 of 1998 learn a coefficient and a bias for each map.",
        ),
        Option(
            "A learned output layer with 850 parameters.",
            "It is new: in 1998 the output compared F6 with fixed codes.",
        ),
        Option("Training all layers together by back-propagation.", "So it was in 1998."),
        Option(
            "ReLU in place of a squashing function.",
            "It is new: in 1998 it was a scaled tanh, after the S layers as well.",
        ),
    ),
    answers=(1, 2, 4),
    hint="Compare the two printed networks.",
    solution="The idea stayed: convolutions, smaller maps, a few full layers, all trained "
    "together. Each part was exchanged for a plainer one.",
)

EXERCISES: tuple[Exercise, ...] = (
    C1_PARAMETERS,
    S2_PARAMETERS,
    C5_SIZE,
    CONNECTIONS,
    KERNELS,
    C3_PARAMETERS,
    WHY_SPARSE,
    DISTANCE,
    CODE_DISTANCES,
    WHY_CODES,
    MOVED,
    WHAT_CHANGED,
)
