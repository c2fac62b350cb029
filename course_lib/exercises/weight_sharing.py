"""The exercises of the chapter From fully connected to convolutional, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.arithmetic import conv_parameters
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

_SIDE, _PATTERNS, _KERNEL = 512, 100, 10
_PIXELS = _SIDE**2
_PLACES = len(range(_SIDE - _KERNEL + 1))


# Count -------------------------------------------------------------------------------------------

FULL_LAYER = Number(
    id="weight_sharing/full-layer",
    title="A hundred patterns, each over the whole image",
    level="apply it",
    prompt="A fully connected layer has 100 neurons. Each reads a whole image of 512 × 512 gray "
    "pixels. How many weights does the layer have? Leave the biases out.",
    answer=conv_parameters(_PIXELS, _PATTERNS, 1, bias=False),
    mistakes=(
        Mistake(_PIXELS, "That is one neuron. There are 100 of them."),
        Mistake(_SIDE * _PATTERNS, "You took one row of the image. It has 512 rows."),
        Mistake(2 * _SIDE * _PATTERNS, "Multiply 512 by 512, do not add."),
        Mistake(
            conv_parameters(_PIXELS, _PATTERNS, 1),
            "Right, and you counted the 100 biases too. Leave them out here.",
        ),
        Mistake(_PIXELS + _PATTERNS, "Each neuron has all the weights: multiply by 100."),
    ),
    hint="One weight for each pixel, and that for each neuron.",
    solution="512 · 512 · 100 = 26,214,400.",
)

LOCAL_LAYER = Number(
    id="weight_sharing/local-layer",
    title="Own weights at each place",
    level="apply it",
    prompt="One locally connected map: at each place of an image of 512 × 512 pixels, a neuron "
    "reads the 10 × 10 pixels there, with weights of its own. The windows lie inside the "
    "image, and the next one begins one pixel further on. How many weights does the map have, "
    "without biases?",
    answer=_PLACES**2 * _KERNEL**2,
    mistakes=(
        Mistake(
            _KERNEL**2,
            "That is the neuron at one place. Here each place has weights of its own.",
        ),
        Mistake(
            _PIXELS * _KERNEL**2,
            "A window needs room: it cannot begin in the last 9 rows or columns.",
        ),
        Mistake(
            (_SIDE - _KERNEL) ** 2 * _KERNEL**2,
            "One place is missing along each axis: there are 512 − 10 + 1 of them.",
        ),
        Mistake(_PLACES * _KERNEL**2, "You counted the places along one axis only."),
        Mistake(
            (_SIDE // _KERNEL) ** 2 * _KERNEL**2,
            "You laid the windows side by side. They overlap: the next one begins one pixel on.",
        ),
        Mistake(_PLACES**2, "Those are the places. Each has 100 weights."),
        Mistake(_PLACES**2 * _KERNEL, "A window of 10 × 10 has 100 weights, not 10."),
    ),
    hint="512 − 10 + 1 = 503 places along each axis.",
    solution="503 · 503 places with 100 weights each: 25,300,900. Nearly as many as the fully "
    "connected layer with 100 patterns.",
)

SHARED_LAYER = Number(
    id="weight_sharing/shared-layer",
    title="A hundred shared patterns",
    level="apply it",
    prompt="Now the weights are shared: a convolution makes 100 maps of a gray image, with "
    "kernels of 10 × 10 and one bias a map. How many parameters does it have?",
    answer=conv_parameters(1, _PATTERNS, _KERNEL),
    mistakes=(
        Mistake(
            conv_parameters(1, _PATTERNS, _KERNEL, bias=False),
            "Those are the weights. Each map has a bias as well.",
        ),
        Mistake(_KERNEL**2, "That is one kernel. There are 100."),
        Mistake(_KERNEL**2 + 1, "That is one map. There are 100."),
        Mistake(
            conv_parameters(1, _PATTERNS, _KERNEL, bias=False) + 1,
            "Each map has a bias of its own.",
        ),
        Mistake(
            _PLACES**2 * conv_parameters(1, _PATTERNS, _KERNEL),
            "You gave each place its own weights. They are shared: the places do not count.",
        ),
        Mistake(_KERNEL * _PATTERNS + _PATTERNS, "A kernel of 10 × 10 has 100 weights, not 10."),
    ),
    hint="100 weights and one bias for each of the 100 maps. The image's size does not matter.",
    solution="100 · (10 · 10 + 1) = 10,100.",
)


# The matrix --------------------------------------------------------------------------------------

_CHOICES: dict[str, Rows] = {
    "A": [[3, 1, 0, 0], [0, 2, 5, 0], [0, 0, 4, 1]],
    "B": [[3, 1, 0, 0], [0, 3, 1, 0], [0, 0, 3, 1]],
    "C": [[3, 1, 2, 5], [1, 4, 2, 6], [5, 3, 1, 7]],
    "D": [[3, 1, 0, 0], [3, 1, 0, 0], [3, 1, 0, 0]],
}


def _is_shared(rows: Rows) -> bool:
    """Whether each row is the row above, moved by one to the right, and the last cell is free."""
    return all(below == [0, *above[:-1]] for above, below in itertools.pairwise(rows))


WHICH_MATRIX = OneChoice(
    id="weight_sharing/which-matrix",
    title="Which matrix is the convolution?",
    level="read it off",
    prompt="Four layers with four inputs and three outputs, as matrices: a row for each output. "
    "Which of them is a convolution with a kernel of 2?",
    given=_CHOICES,
    options=(
        Option("A", "A reads two neighbors in each row, but with other weights each time."),
        Option("B", "The same two weights, one step further to the right in each row."),
        Option("C", "C reads everything, everywhere with other weights: fully connected."),
        Option("D", "D shares its weights, but all three outputs read the same place."),
    ),
    answer=[_is_shared(rows) for rows in _CHOICES.values()].index(True),
    solution="B: local (zeros away from the diagonal) and shared (each diagonal holds one number). "
    "A is locally connected, C fully connected, and D computes one output three times.",
)


def _matrix(kernel: Sequence[int], input_size: int) -> Rows:
    """The matrix of a 1-D cross-correlation: one row for each place."""
    places = range(input_size - len(kernel) + 1)
    return [[0] * p + list(kernel) + [0] * (input_size - len(kernel) - p) for p in places]


_ASKED = [1, -2, 3]
_INPUTS = 5
_ROWS = _matrix(_ASKED, _INPUTS)

KERNEL_MATRIX = Matrix(
    id="weight_sharing/kernel-matrix",
    title="Write a kernel as a matrix",
    level="apply it",
    prompt="The kernel (1, −2, 3) slides over five numbers. It stays inside them and is not "
    "turned around. Write the layer as a matrix: a row for each output, a column for each input.",
    given={"kernel": [_ASKED]},
    answer=_ROWS,
    mistakes=(
        Mistake(
            _matrix(_ASKED[::-1], _INPUTS),
            "You turned the kernel around. Here it slides as it is: 1 comes first.",
        ),
        Mistake(
            [_ROWS[0]] * len(_ROWS),
            "All your rows read the first three inputs. Each output reads one step further right.",
        ),
        Mistake(
            _ROWS[::-1], "The first output reads the first three inputs, so it is the top row."
        ),
    ),
    hint="The first row is 1, −2, 3, 0, 0. The next one is the same, moved by one to the right.",
    solution="Each row is the kernel, one step further to the right; zeros elsewhere:\n\n"
    + "\n".join(("```", *("  ".join(f"{x:2d}" for x in row) for row in _ROWS), "```")),
)


_LINES = (
    "def shared_weights_matrix(kernel, input_size):",
    "    rows = []",
    "    for place in range(input_size - len(kernel) + 1):",
    "        row = [0] * input_size",
    "        for i in range(len(kernel)):",
    "            row[place + i] = kernel[i]",
    "        rows.append(row)",
    "    return rows",
)


def _draw(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    kernel = [rng.randint(1, 9) * rng.choice((-1, 1)) for _ in range(rng.randint(1, 4))]
    return (kernel, rng.randint(len(kernel), 8)), {}


def _turned(kernel: list[int], input_size: int) -> Rows:
    return _matrix(kernel[::-1], input_size)


def _one_short(kernel: list[int], input_size: int) -> Rows:
    return _matrix(kernel, input_size)[:-1]


def _not_moved(kernel: list[int], input_size: int) -> Rows:
    return [_matrix(kernel, input_size)[0] for _ in _matrix(kernel, input_size)]


def _transposed(kernel: list[int], input_size: int) -> Rows:
    return [list(column) for column in zip(*_matrix(kernel, input_size), strict=True)]


def _wrapped(kernel: list[int], input_size: int) -> Rows:
    rows = [[0] * input_size for _ in range(input_size)]
    for place, row in enumerate(rows):
        for i, weight in enumerate(kernel):
            row[(place + i) % input_size] += weight
    return rows


def _one_row(kernel: list[int], input_size: int) -> Rows:
    row = [0] * input_size
    rows = []
    for place in range(input_size - len(kernel) + 1):
        for i, weight in enumerate(kernel):
            row[place + i] = weight
        rows.append(row)
    return rows


CODE_MATRIX = Code(
    id="weight_sharing/code-matrix",
    title="The matrix of any kernel",
    level="build it",
    prompt="Write `shared_weights_matrix`. It gets a kernel as a list and the number of inputs, "
    "and returns the matrix of the layer as a list of rows. The kernel stays inside the inputs, "
    "moves by one each time, and is not turned around.",
    function="shared_weights_matrix",
    stub="def shared_weights_matrix(kernel, input_size):\n    raise NotImplementedError",
    reference=_matrix,
    draw=_draw,
    mistakes=(
        Mistake(_turned, "You turned the kernel around. It stays as it is."),
        Mistake(
            _one_short,
            "The last row is missing: there are `input_size - len(kernel) + 1` places.",
        ),
        Mistake(_not_moved, "All rows are equal. The kernel moves right by one in each row."),
        Mistake(_transposed, "Rows and columns are swapped: a row for each output."),
        Mistake(
            _wrapped,
            "Your kernel comes in again on the left. Here, a place where it does not fit is no "
            "place.",
        ),
        Mistake(
            _one_row,
            "You fill one and the same list again and again. Make a new row for each place.",
        ),
    ),
    hint="Begin each row with `[0] * input_size`, then write the kernel into it at its place.",
    lines=_LINES,
    solution="\n".join(("```", *_LINES, "```")),
)


# Equivariance ------------------------------------------------------------------------------------

EQUIVARIANCE = SeveralChoices(
    id="weight_sharing/equivariance",
    title="What equivariance promises",
    level="apply it",
    prompt="A convolution that moves one pixel at a time is equivariant to shifts. What "
    "follows? Think of an image whose borders are far away from everything of interest.",
    options=(
        Option(
            "If the tumor moves 7 pixels to the right, its answer in the feature map does, too.",
            "This is what the word says: what happens to the input happens to the output.",
        ),
        Option(
            "If the tumor moves, the feature map stays the same.",
            "That would be *in*variance. The map moves along; only a summary of it, such as its "
            "maximum, can stay the same.",
        ),
        Option(
            "The largest value in the feature map does not depend on where the tumor is.",
            "It moves with the tumor, but its value stays: so the maximum does not change.",
        ),
        Option(
            "If the image is turned by 90 degrees, the feature map is turned, too.",
            "Only shifts are shared. A kernel that finds upright edges is blind to level ones.",
        ),
        Option(
            "Training images need not show the tumor at every place.",
            "The kernel that learned it at one place is used at all others.",
        ),
    ),
    answers=(0, 2, 4),
    solution="The map moves along (equivariance), so its maximum stays (invariance of the "
    "summary), and one place teaches all. A turn is no shift.",
)


# Correlation -------------------------------------------------------------------------------------

FAR_CORRELATION = OneChoice(
    id="weight_sharing/far-correlation",
    title="What a far correlation means",
    level="apply it",
    prompt="Two pixels that are 16 apart have a correlation of 0.6. Given the pixels around the "
    "first one, the second one tells nothing more about it. Does a neuron that predicts the first "
    "pixel have to look 16 pixels far?",
    options=(
        Option(
            "Yes: a correlation of 0.6 is information that a small window would lose.",
            "It is information, but the neighbors already carry it. What does the far pixel add?",
        ),
        Option(
            "No: what the far pixel knows is already known from the neighbors.",
            "The correlation is handed on from neighbor to neighbor.",
        ),
        Option(
            "No: pixels that are 16 apart are independent.",
            "With a correlation of 0.6 they are not.",
        ),
    ),
    answer=1,
    solution="Correlation is handed on from neighbor to neighbor. Locality needs less than "
    "uncorrelated pixels: it needs that, given the neighborhood, the rest adds little.",
)


# Own or shared -----------------------------------------------------------------------------------

OWN_WEIGHTS = OneChoice(
    id="weight_sharing/own-weights",
    title="Who needs own weights?",
    level="apply it",
    prompt="For which task is the assumption behind weight sharing, that a pattern means the same "
    "everywhere, most clearly wrong?",
    options=(
        Option(
            "Find micro-calcifications anywhere in a mammogram.",
            "A calcification looks the same everywhere. Sharing helps.",
        ),
        Option(
            "Find vessels in a photograph of the retina.",
            "Vessels run everywhere. Sharing helps.",
        ),
        Option(
            "In brain scans that are aligned to an atlas, tell whether each region looks as it "
            "should there.",
            "The same brightness is right in one region and wrong in another, and alignment puts "
            "each region at a fixed pixel.",
        ),
        Option(
            "Find nodules in CT scans of patients who lie a little differently each time.",
            "The place changes from scan to scan; own weights would learn each place anew.",
        ),
    ),
    answer=2,
    solution="Own weights need two things: the meaning depends on the place, and the place is the "
    "same in all images. Even then, shared weights can do it if a later layer knows the place.",
)


# Maps --------------------------------------------------------------------------------------------

KERNELS_OF_A_LAYER = Number(
    id="weight_sharing/kernels-of-a-layer",
    title="How many kernels?",
    level="apply it",
    prompt="A layer reads 6 feature maps and makes 4. Every new map has one kernel for each map "
    "that it reads. How many kernels does the layer have?",
    answer=conv_parameters(6, 4, 1, bias=False),
    mistakes=(
        Mistake(4, "Each of the 4 new maps reads all 6 old ones, with a kernel for each."),
        Mistake(6, "That is for one new map. There are 4."),
        Mistake(6 + 4, "Multiply: 6 kernels for each of the 4 new maps."),
        Mistake(conv_parameters(6, 4, 1), "You counted the biases. They are no kernels."),
    ),
    hint="Six kernels for the first new map. How many new maps are there?",
    solution="6 · 4 = 24 kernels, of whatever size.",
)


EXERCISES: tuple[Exercise, ...] = (
    FULL_LAYER,
    FAR_CORRELATION,
    LOCAL_LAYER,
    SHARED_LAYER,
    WHICH_MATRIX,
    KERNEL_MATRIX,
    CODE_MATRIX,
    EQUIVARIANCE,
    OWN_WEIGHTS,
    KERNELS_OF_A_LAYER,
)
