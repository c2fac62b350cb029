"""The exercises of the chapter Convolution, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.arithmetic import (
    conv_output_size,
    conv_parameters,
    convolve2d,
    cross_correlate2d,
)
from course_lib.exercises.kinds import (
    Before,
    Code,
    Exercise,
    Matrix,
    Mistake,
    Number,
    OneChoice,
    Option,
    Order,
    SeveralChoices,
)

Rows = list[list[int]]

SLIDE_INPUT: Rows = [
    [3, 3, 2, 1, 0],
    [0, 0, 1, 3, 1],
    [3, 1, 2, 2, 3],
    [2, 0, 0, 2, 2],
    [2, 0, 0, 0, 1],
]
SLIDE_KERNEL: Rows = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]


def _fence(lines: Sequence[str]) -> str:
    return "\n".join(("```", *lines, "```"))


# Slide a kernel ----------------------------------------------------------------------------------

_WINDOW = [row[:3] for row in SLIDE_INPUT[:3]]

FIRST_ENTRY = Number(
    id="convolution/first-entry",
    title="The first number of the feature map",
    level="read it off",
    prompt="Lay the kernel on the upper left corner of the input, multiply the nine pairs and add "
    "them up. Which number do you get?",
    given={"input": SLIDE_INPUT, "kernel": SLIDE_KERNEL},
    answer=cross_correlate2d(SLIDE_INPUT, SLIDE_KERNEL)[0][0],
    mistakes=(
        Mistake(
            convolve2d(SLIDE_INPUT, SLIDE_KERNEL)[0][0],
            "You turned the kernel around first. That is the convolution of mathematics, and it "
            "comes in the next section. Lay the kernel down as it is.",
        ),
        Mistake(
            sum(map(sum, _WINDOW)),
            "That is the sum of the nine input values. Multiply each by the kernel's number on "
            "top of it first.",
        ),
        Mistake(
            sum(a * b for a, b in zip(_WINDOW[0], SLIDE_KERNEL[0], strict=True)),
            "That is the first row alone. Add the other two rows of products.",
        ),
        Mistake(sum(map(sum, SLIDE_KERNEL)), "That is the sum of the kernel."),
    ),
    hint="Only four of the nine products are not zero: look for the kernel's zeros and the "
    "input's zeros.",
    solution="Row by row: 3·0 + 3·1 + 2·2 = 7, then 0·2 + 0·2 + 1·0 = 0, then "
    "3·0 + 1·1 + 2·2 = 5. Together 7 + 0 + 5 = 12.",
)

_EDGE_INPUT: Rows = [[0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 2, 2], [1, 1, 2, 2]]
_EDGE_KERNEL: Rows = [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]
_EDGE_MAP = cross_correlate2d(_EDGE_INPUT, _EDGE_KERNEL)
_ONE_ROW = cross_correlate2d(_EDGE_INPUT, _EDGE_KERNEL[:1])  # all rows of the kernel are equal


def _transpose(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    return [list(column) for column in zip(*rows, strict=True)]


FEATURE_MAP = Matrix(
    id="convolution/feature-map",
    title="A whole feature map",
    level="apply it",
    prompt="This kernel subtracts what is on its left from what is on its right. Slide it over "
    "the input, one cell at a time and without turning it, and fill in the output.",
    given={"input": _EDGE_INPUT, "kernel": _EDGE_KERNEL},
    answer=_EDGE_MAP,
    mistakes=(
        Mistake(
            convolve2d(_EDGE_INPUT, _EDGE_KERNEL),
            "Right in size, wrong in sign: you turned the kernel around. Without turning it, the "
            "right side counts as plus and the left side as minus.",
        ),
        Mistake(
            _transpose(_EDGE_MAP),
            "The numbers are right, but rows and columns are swapped: moving the kernel to the "
            "right moves you to the right in the output.",
        ),
        Mistake(
            cross_correlate2d(_EDGE_INPUT, _transpose(_EDGE_KERNEL)),
            "You subtracted the top from the bottom. The minus ones stand in the left column of "
            "the kernel, not in its upper row.",
        ),
        Mistake(_ONE_ROW[:2], "You used one row of the kernel only. All nine products count."),
        Mistake(_ONE_ROW[2:], "You used the bottom row of the kernel only. Add the other two."),
    ),
    hint="For each place: the right column of the window minus its left column.",
    solution="Upper left window: right column 2 + 2 + 2, left column 0 + 0 + 0, so 6. One step to "
    "the right: again 6 − 0 = 6. One step down, the last row of the input comes in: 6 − 1 = 5, "
    "and to the right of it 6 − 1 = 5. The output is large where the input changes from left to "
    "right: this kernel finds vertical edges.",
)


# The flip ----------------------------------------------------------------------------------------

_PLAIN: Rows = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
_TURNED = [row[::-1] for row in _PLAIN[::-1]]

FLIP = Matrix(
    id="convolution/flip",
    title="Turn the kernel around",
    level="apply it",
    prompt="To compute a convolution with a cross-correlation, the kernel is turned around first. "
    "What does this kernel look like then?",
    given={"kernel": _PLAIN},
    answer=_TURNED,
    mistakes=(
        Mistake(
            [row[::-1] for row in _PLAIN],
            "You mirrored it from left to right only. Both indices are reversed: mirror it from "
            "top to bottom as well.",
        ),
        Mistake(
            _PLAIN[::-1],
            "You mirrored it from top to bottom only. Both indices are reversed: mirror it from "
            "left to right as well.",
        ),
        Mistake(
            _transpose(_PLAIN),
            "That is the transpose: rows became columns. A flip keeps rows as rows and reverses "
            "the order of both.",
        ),
        Mistake(_PLAIN, "That is the kernel as it was."),
    ),
    hint="Turn the sheet of paper by half a turn: the last number comes first.",
    solution="Half a turn, which is a mirror from left to right and one from top to bottom. "
    "The last number becomes the first.\n\n" + _fence([" ".join(map(str, row)) for row in _TURNED]),
)


# The size of the output --------------------------------------------------------------------------

VALID_SIZE = Number(
    id="convolution/valid-size",
    title="Size without padding",
    level="apply it",
    prompt="An image of 28 × 28 pixels meets a kernel of 5 × 5, with no padding and a stride "
    "of 1. How many rows does the output have?",
    answer=conv_output_size(28, 5),
    mistakes=(
        Mistake(
            28 - 5,
            "You forgot the + 1: 28 − 5 = 23 is the number of steps that the kernel can take, and "
            "it also has a place before its first step.",
        ),
        Mistake(28, "The size stays the same only with padding. There is none here."),
        Mistake(28 - 5 - 1, "The 1 is added, not subtracted: the kernel's first place counts too."),
        Mistake(
            28 + 5 - 1,
            "The output grows only if the kernel may hang over the border. Here it stays inside.",
        ),
        Mistake(
            28 - 5 // 2,
            "You took half of the kernel off once. It is missing on both sides of the image.",
        ),
        Mistake(
            conv_output_size(28, 5) ** 2,
            "That is the number of all outputs. How many rows are there?",
        ),
    ),
    hint="On how many rows can the top of the kernel lie? Use o = i − k + 1.",
    solution="o = i − k + 1 = 28 − 5 + 1 = 24.",
)

PADDED_SIZE = Number(
    id="convolution/padded-size",
    title="Size with padding",
    level="apply it",
    prompt="The input has 7 columns, the kernel 4. Two zeros are added on each side, the stride "
    "is 1. How many columns does the output have?",
    answer=conv_output_size(7, 4, padding=2),
    mistakes=(
        Mistake(
            7 - 4 + 2 + 1,
            "You added the padding once. It is added on both sides: 2p, not p.",
        ),
        Mistake(conv_output_size(7, 4), "That is the size without padding."),
        Mistake(7 - 4 + 2 * 2, "You forgot the + 1 for the kernel's first place."),
        Mistake(7 + 2 * 2, "That is the size of the padded input. The kernel has to fit into it."),
    ),
    hint="Use o = i − k + 2p + 1.",
    solution="o = i − k + 2p + 1 = 7 − 4 + 4 + 1 = 8. The output is larger than the input, because "
    "the padding adds four columns and a kernel of 4 takes away only three.",
)

SAME_PADDING = Number(
    id="convolution/same-padding",
    title="Keep the size",
    level="apply it",
    prompt="How many zeros on each side make a 7 × 7 kernel with stride 1 give an output as large "
    "as its input?",
    answer=(7 - 1) // 2,
    mistakes=(
        Mistake(
            7 - 1,
            "The kernel takes away 6 columns in all. How many of them belong on each side?",
        ),
        Mistake(7, "With p = k the output grows. Set i − k + 2p + 1 = i and solve for p."),
        Mistake(1, "One zero is right for a 3 × 3 kernel. This one is wider."),
        Mistake(7 / 2, "Close: it is half of k − 1, a whole number because 7 is odd."),
        Mistake(math.ceil(7 / 2), "You rounded up. p = (k − 1)/2 needs no rounding here."),
    ),
    hint="Set i − k + 2p + 1 = i and solve for p.",
    solution="i − k + 2p + 1 = i gives p = (k − 1)/2 = 3. For an even k this is no whole number: "
    "then equal padding on both sides cannot keep the size.",
)

STRIDED_SIZE = Number(
    id="convolution/strided-size",
    title="Size with a stride",
    level="apply it",
    prompt="The first layer of ResNet reads images of 224 × 224 pixels with kernels of 7 × 7, "
    "padding 3 and stride 2. How many columns does its output have?",
    answer=conv_output_size(224, 7, padding=3, stride=2),
    mistakes=(
        Mistake(
            math.ceil((224 - 7 + 2 * 3) / 2) + 1,
            "You rounded up. 223 columns are left to step over, and half a step is no step: "
            "round down.",
        ),
        Mistake((224 - 7 + 2 * 3) / 2 + 1, "There is no half place for a kernel: round down."),
        Mistake(
            conv_output_size(224, 7, stride=2),
            "That is the size without padding. Three zeros come on each side.",
        ),
        Mistake(
            (224 - 7 + 2 * 3) // 2,
            "One is missing. This happens when the + 1 is forgotten, and also when the padding is "
            "added on one side only. Check both.",
        ),
        Mistake(conv_output_size(224, 7, padding=3), "You forgot the stride: divide by 2."),
        Mistake(
            224 - 7 + 2 * 3,
            "Those are the single steps: divide by the stride, then add 1.",
        ),
        Mistake(
            conv_output_size(224, 7, padding=3, stride=2) ** 2,
            "That is the number of all outputs. How many columns are there?",
        ),
    ),
    hint="Use o = ⌊(i − k + 2p)/s⌋ + 1.",
    solution="o = ⌊(224 − 7 + 6)/2⌋ + 1 = ⌊111.5⌋ + 1 = 112. The layer halves the image.",
)


def _visited(input_size: int, kernel_size: int, stride: int) -> set[int]:
    """Columns, counted from 1, that a kernel without padding reads."""
    places = range(conv_output_size(input_size, kernel_size, stride=stride))
    return {place * stride + offset + 1 for place in places for offset in range(kernel_size)}


_COLUMNS = (1, 3, 4, 6, 7, 8)
_NEVER = {column for column in _COLUMNS if column not in _visited(8, 3, 3)}

NEVER_VISITED = SeveralChoices(
    id="convolution/never-visited",
    title="What the kernel never reads",
    level="apply it",
    prompt="The input has 8 columns, numbered from 1. The kernel has 3 columns, the stride is 3, "
    "there is no padding. Which of these columns does the kernel never read?",
    options=tuple(
        Option(
            f"column {column}",
            f"What about column {column}? Where would the third place begin and end?"
            if column in _NEVER
            else f"Column {column} is read: the kernel lies on columns 1 to 3, then on 4 to 6.",
        )
        for column in _COLUMNS
    ),
    answers=tuple(i for i, column in enumerate(_COLUMNS) if column in _NEVER),
    solution="The kernel lies on columns 1 to 3, then on 4 to 6. The next place would be 7 to 9, "
    "which does not fit. So columns 7 and 8 are never read, and o = ⌊(8 − 3)/3⌋ + 1 = 2.",
)


STEPS = Order(
    id="convolution/steps",
    title="The steps of one feature map",
    level="read it off",
    prompt="Put the steps into an order that works.",
    items=(
        "Add zeros around the input (the padding).",
        "Lay the kernel on the upper left corner of the padded input.",
        "Multiply each kernel value by the input value under it.",
        "Add up the products.",
        "Write the sum into the next free cell of the output.",
        "Move the kernel by the stride and go on, until no place is left.",
    ),
    precedences=(
        Before(0, 1, "Pad before you lay the kernel down: its first place depends on it."),
        Before(1, 2, "There is nothing to multiply before the kernel lies on the input."),
        Before(2, 3, "Products come before their sum."),
        Before(3, 4, "You cannot write down a sum that you have not computed."),
        Before(4, 5, "Write the number down before you move the kernel away."),
    ),
    solution="Pad, place, multiply, add, write, move (and repeat).",
)


_SIZE_LINES = (
    "def my_output_size(input_size, kernel_size, *, padding=0, stride=1):",
    "    padded = input_size + 2 * padding",
    "    room = padded - kernel_size",
    "    steps = room // stride",
    "    return steps + 1",
)


def _draw_sizes(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    kernel = rng.randint(1, 7)
    sizes = (rng.randint(kernel, 30), kernel)
    return sizes, {"padding": rng.randint(0, 3), "stride": rng.randint(1, 3)}


def _size(input_size: int, kernel_size: int, *, padding: int = 0, stride: int = 1) -> int:
    return conv_output_size(input_size, kernel_size, padding=padding, stride=stride)


def _size_up(i: int, k: int, *, padding: int = 0, stride: int = 1) -> int:
    return math.ceil((i - k + 2 * padding) / stride) + 1


def _size_fraction(i: int, k: int, *, padding: int = 0, stride: int = 1) -> float:
    return (i - k + 2 * padding) / stride + 1


def _size_one_side(i: int, k: int, *, padding: int = 0, stride: int = 1) -> int:
    return (i - k + padding) // stride + 1


def _size_no_padding(i: int, k: int, *, padding: int = 0, stride: int = 1) -> int:
    return (i - k) // stride + 1


def _size_no_one(i: int, k: int, *, padding: int = 0, stride: int = 1) -> int:
    return (i - k + 2 * padding) // stride


def _size_one_inside(i: int, k: int, *, padding: int = 0, stride: int = 1) -> int:
    return (i - k + 2 * padding + 1) // stride


def _size_no_brackets(i: int, k: int, *, padding: int = 0, stride: int = 1) -> int:
    return i - k + 2 * padding // stride + 1


def _size_round(i: int, k: int, *, padding: int = 0, stride: int = 1) -> int:
    return round((i - k + 2 * padding) / stride) + 1


def _size_no_stride(i: int, k: int, *, padding: int = 0, stride: int = 1) -> int:
    return i - k + 2 * padding + 1


CODE_OUTPUT_SIZE = Code(
    id="convolution/code-output-size",
    title="Write the size formula",
    level="build it",
    prompt="Write `my_output_size`. It gets the size of the input and of the kernel along one "
    "axis, the zeros added on *each* side and the stride, and returns the size of the output.",
    function="my_output_size",
    stub="def my_output_size(input_size, kernel_size, *, padding=0, stride=1):\n"
    "    raise NotImplementedError",
    reference=_size,
    draw=_draw_sizes,
    mistakes=(
        Mistake(_size_up, "You rounded up. A place that fits only in part is no place: use `//`."),
        Mistake(_size_fraction, "A size is a whole number. Round down, with `//`."),
        Mistake(_size_one_side, "You added the padding once. It is added on both sides."),
        Mistake(_size_no_padding, "The padding changes nothing in your function."),
        Mistake(_size_no_one, "The + 1 for the kernel's first place is missing."),
        Mistake(_size_one_inside, "You added the 1 before dividing. It comes after."),
        Mistake(_size_no_stride, "The stride changes nothing in your function."),
        Mistake(_size_no_brackets, "`//` binds before `+`: put the numerator in brackets."),
        Mistake(_size_round, "`round` can go up: use `//`."),
    ),
    hint="The formula is o = ⌊(i − k + 2p)/s⌋ + 1.",
    lines=_SIZE_LINES,
    solution=_fence(_SIZE_LINES)
    + "\n\n`//` rounds down, which is what an incomplete last step needs.",
)


_CORRELATE_LINES = (
    "def my_cross_correlate2d(image, kernel, *, stride=1):",
    "    n, output = len(kernel), []",
    "    for top in range(0, len(image) - n + 1, stride):",
    "        row = []",
    "        for left in range(0, len(image[0]) - n + 1, stride):",
    "            total = 0",
    "            for i in range(n):",
    "                for j in range(n):",
    "                    total += image[top + i][left + j] * kernel[i][j]",
    "            row.append(total)",
    "        output.append(row)",
    "    return output",
)


def _draw_image_and_kernel(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    n = rng.randint(1, 3)
    height, width = rng.randint(n, 6), rng.randint(n, 6)
    image = [[rng.randint(0, 9) for _ in range(width)] for _ in range(height)]
    kernel = [[rng.randint(-2, 2) for _ in range(n)] for _ in range(n)]
    return (image, kernel), {"stride": rng.randint(1, 2)}


def _correlate(image: Rows, kernel: Rows, *, stride: int = 1) -> list[list[float]]:
    return cross_correlate2d(image, kernel, stride=stride)


def _correlate_flipped(image: Rows, kernel: Rows, *, stride: int = 1) -> list[list[float]]:
    return cross_correlate2d(image, [row[::-1] for row in kernel[::-1]], stride=stride)


def _correlate_transposed(image: Rows, kernel: Rows, *, stride: int = 1) -> list[list[float]]:
    return cross_correlate2d(image, _transpose(kernel), stride=stride)


def _correlate_no_stride(image: Rows, kernel: Rows, *, stride: int = 1) -> list[list[float]]:
    return cross_correlate2d(image, kernel)


def _windows(image: Rows, kernel: Rows, tops: range, lefts: range) -> list[list[float]]:
    return [
        [
            sum(
                value * image[top + i][left + j]
                for i, row in enumerate(kernel)
                for j, value in enumerate(row)
            )
            for left in lefts
        ]
        for top in tops
    ]


def _correlate_short(image: Rows, kernel: Rows, *, stride: int = 1) -> list[list[float]]:
    n = len(kernel)
    tops, lefts = range(0, len(image) - n, stride), range(0, len(image[0]) - n, stride)
    return _windows(image, kernel, tops, lefts)


def _correlate_swapped(image: Rows, kernel: Rows, *, stride: int = 1) -> list[list[float]]:
    n = len(kernel)
    tops, lefts = range(0, len(image[0]) - n + 1, stride), range(0, len(image) - n + 1, stride)
    return _windows(image, kernel, tops, lefts)


def _correlate_square(image: Rows, kernel: Rows, *, stride: int = 1) -> list[list[float]]:
    places = range(0, len(image) - len(kernel) + 1, stride)
    return _windows(image, kernel, places, places)  # IndexError where the image is higher than wide


def _correlate_running(image: Rows, kernel: Rows, *, stride: int = 1) -> list[list[float]]:
    rows = cross_correlate2d(image, kernel, stride=stride)
    total = itertools.accumulate(itertools.chain.from_iterable(rows))
    return [[next(total) for _ in row] for row in rows]


def _correlate_overlap(image: Rows, kernel: Rows, *, stride: int = 1) -> list[list[float]]:
    n = len(kernel)
    tops = range(conv_output_size(len(image), n, stride=stride))
    return _windows(image, kernel, tops, range(conv_output_size(len(image[0]), n, stride=stride)))


CODE_CROSS_CORRELATE = Code(
    id="convolution/code-cross-correlate",
    title="Write the loop with a stride",
    level="build it",
    prompt="Write `my_cross_correlate2d`. It gets an image as a list of rows, a square kernel and "
    "a stride, and returns the output as a list of rows. There is no padding. The image need not "
    "be square.",
    function="my_cross_correlate2d",
    stub="def my_cross_correlate2d(image, kernel, *, stride=1):\n    raise NotImplementedError",
    reference=_correlate,
    draw=_draw_image_and_kernel,
    mistakes=(
        Mistake(
            _correlate_flipped,
            "You turned the kernel around: that is a convolution. Here it stays as it is.",
        ),
        Mistake(_correlate_transposed, "Rows and columns of the kernel are swapped."),
        Mistake(_correlate_no_stride, "The stride changes nothing in your function."),
        Mistake(
            _correlate_overlap,
            "You make as many steps as the stride asks for, but each of them is only one cell "
            "wide. Row number r of the output starts at row r · stride of the image.",
        ),
        Mistake(
            _correlate_short,
            "The last row and the last column are missing: the kernel's last place starts at "
            "`len(image) - n`, and `range` stops before its end.",
        ),
        Mistake(_correlate_swapped, "The height and the width of the image are swapped."),
        Mistake(
            _correlate_square,
            "You used the image's height for both axes. Columns run to `len(image[0])`.",
        ),
        Mistake(_correlate_running, "Set `total = 0` for each place."),
    ),
    hint="Four loops, one in the other: rows and columns of the output, rows and columns of the "
    "kernel.",
    lines=_CORRELATE_LINES,
    solution=_fence(_CORRELATE_LINES),
)


# What kernels find -------------------------------------------------------------------------------

_STEP: Rows = [[0, 0, 0, 1, 1, 1]] * 3
_CHOICES: dict[str, Rows] = {
    "A": [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
    "B": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "C": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "D": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
}


def _finds_step(kernel: Rows) -> bool:
    """Whether the answer is positive at the edge and zero beside it."""
    flat_left, *edge, flat_right = cross_correlate2d(_STEP, kernel)[0]
    return flat_left == flat_right == 0 and min(edge) > 0


WHICH_EDGE = OneChoice(
    id="convolution/which-edge",
    title="Choose the edge finder",
    level="apply it",
    prompt="In this image it is dark (0) on the left and bright (1) on the right. Which kernel "
    "gives positive numbers at the edge and 0 where the image does not change?",
    given={"image": _STEP, **_CHOICES},
    options=(
        Option("A", "A adds up nine pixels. It gives 9 in the bright part, where nothing changes."),
        Option("B", "Right minus left: positive where it becomes brighter to the right."),
        Option("C", "C compares top and bottom. In this image they are equal: it gives 0."),
        Option("D", "D finds the edge, with the wrong sign: left minus right is negative here."),
    ),
    answer=[_finds_step(kernel) for kernel in _CHOICES.values()].index(True),
    solution="B takes the right column minus the left. Where nothing changes this is 0; at the "
    "edge it is 1 + 2 + 1 = 4. B and C are the Sobel kernels.",
)

_LAPLACE: Rows = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
_HU = 40  # muscle in the chapter's CT slice
_CONSTANT = cross_correlate2d([[_HU] * 3] * 3, _LAPLACE)[0][0]
_RESPONSES = (0, _HU, 4 * _HU)

CONSTANT_AREA = OneChoice(
    id="convolution/constant-area",
    title="Where nothing changes",
    level="apply it",
    prompt=f"Somewhere in the muscle, every pixel under the kernel is {_HU} HU. What does the "
    "kernel give there?",
    given={"kernel": _LAPLACE},
    options=(
        Option("0", f"The kernel's numbers add up to 0, and {_HU} times 0 is 0."),
        Option(
            f"{_HU}", "A kernel gives back a constant where its numbers add up to 1. Add them up."
        ),
        Option(
            f"{4 * _HU}",
            "Those are the four neighbors. The −4 in the middle takes them away again.",
        ),
        Option(
            "it depends on the neighbors", f"The neighbors lie under the kernel too: all are {_HU}."
        ),
    ),
    answer=_RESPONSES.index(_CONSTANT),
    solution=f"{_HU} · (1 + 1 − 4 + 1 + 1) = {_HU} · 0 = 0. A kernel whose numbers add up to 0 is "
    "blind to brightness and sees only change. One whose numbers add up to 1 keeps brightness.",
)

_NOISE, _MEAN = 30, [1 / 9] * 9


def _noise_after(weights: Sequence[float]) -> float:
    return round(_NOISE * math.hypot(*weights), 6)


NOISE_OF_A_MEAN = Number(
    id="convolution/noise-of-a-mean",
    title="What a mean leaves of the noise",
    level="apply it",
    prompt="A kernel takes the mean of 3 × 3 pixels: nine weights of 1/9. The pixels carry "
    "independent noise with a standard deviation of 30 HU. What is it after the kernel?",
    unit="HU",
    answer=_noise_after(_MEAN),
    tolerance=0.05,
    mistakes=(
        Mistake(
            round(_NOISE * sum(_MEAN), 6),
            "The sum of the weights is 1, and that keeps brightness. Noise adds as squares.",
        ),
        Mistake(
            round(_NOISE * sum(weight**2 for weight in _MEAN), 6),
            "You divided by 9. Divide by √9: the square root of the sum of squares is missing.",
        ),
        Mistake(_noise_after([1] * 9), "That is for nine weights of 1. Here each of them is 1/9."),
    ),
    hint="Multiply by the square root of the sum of the squared weights.",
    solution="The squares of the weights add up to 9 · (1/9)² = 1/9, and √(1/9) = 1/3. So 30 HU "
    "become 10 HU: the mean of n independent pixels divides the noise by √n.",
)


# Channels ----------------------------------------------------------------------------------------

_PIXEL, _WEIGHTS, _BIAS = (0.8, 0.4, 0.2), (1, -1, 2), 0.5
_PRODUCTS = [value * weight for value, weight in zip(_PIXEL, _WEIGHTS, strict=True)]

CHANNEL_SUM = Number(
    id="convolution/channel-sum",
    title="One pixel, three channels",
    level="apply it",
    prompt="A 1 × 1 kernel reads one pixel at a time, with one weight for each channel. The pixel "
    "is (0.8, 0.4, 0.2), the weights are (1, −1, 2), the bias is 0.5. What is the output?",
    answer=round(sum(_PRODUCTS) + _BIAS, 6),
    tolerance=0.001,
    mistakes=(
        Mistake(round(sum(_PRODUCTS), 6), "You forgot the bias."),
        Mistake(
            round(sum(_PRODUCTS) / 3 + _BIAS, 6),
            "You took the mean over the channels. A convolution adds them up.",
        ),
        Mistake(
            round(sum(_PRODUCTS) + 3 * _BIAS, 6),
            "You added the bias once a channel. There is one bias for the whole output map.",
        ),
        Mistake(
            round(sum(_PIXEL) + _BIAS, 6),
            "You added the channels without their weights.",
        ),
        Mistake(
            round(sum(map(abs, _PRODUCTS)) + _BIAS, 6),
            "The middle weight is −1: subtract 0.4.",
        ),
    ),
    hint="Multiply channel by channel, add the three products, then add the bias.",
    solution="0.8 · 1 + 0.4 · (−1) + 0.2 · 2 + 0.5 = 0.8 − 0.4 + 0.4 + 0.5 = 1.3. Three channels "
    "go in, one number comes out.",
)

RGB_PARAMETERS = Number(
    id="convolution/rgb-parameters",
    title="Count the parameters",
    level="apply it",
    prompt="A layer reads an RGB image and makes 8 feature maps with kernels of 3 × 3. Each map "
    "has a bias. How many parameters does the layer have?",
    answer=conv_parameters(3, 8, 3),
    mistakes=(
        Mistake(
            conv_parameters(3, 8, 3, bias=False),
            "Those are the weights. Each of the 8 maps has a bias as well.",
        ),
        Mistake(
            conv_parameters(1, 8, 3),
            "You forgot the channels: each filter has a 3 × 3 kernel for red, one for green and "
            "one for blue.",
        ),
        Mistake(
            conv_parameters(1, 8, 3, bias=False),
            "You forgot the three input channels, and the biases too.",
        ),
        Mistake(
            conv_parameters(3, 8, 3, bias=False) + 1,
            "There is one bias for each map, not one for the whole layer.",
        ),
        Mistake(
            conv_parameters(3, 8, 3, bias=False) + 3 * 8,
            "The bias is added once a map, after the channels have been summed up; not once for "
            "each channel.",
        ),
        Mistake(
            conv_parameters(3, 8, 3, bias=False) + 3,
            "One bias for each of the 8 output maps, not for each input channel.",
        ),
        Mistake(conv_parameters(3, 1, 3), "Those are the parameters of one of the 8 maps."),
    ),
    hint="Kernel height × kernel width × input channels × maps, plus one bias a map.",
    solution="3 · 3 · 3 · 8 = 216 weights and 8 biases: 224 parameters.",
)

NEXT_LAYER = Number(
    id="convolution/next-layer",
    title="Count the next layer",
    level="apply it",
    prompt="The next layer reads 8 maps and makes 16 with kernels of 3 × 3. Each map has a "
    "bias. How many parameters does it have?",
    answer=conv_parameters(8, 16, 3),
    mistakes=(
        Mistake(
            conv_parameters(8, 16, 3, bias=False),
            "Those are the weights. Each of the 16 maps has a bias as well.",
        ),
        Mistake(
            conv_parameters(1, 16, 3),
            "You counted one kernel for each new map. Each reads all 8 maps of the layer before.",
        ),
        Mistake(
            conv_parameters(1, 16, 3, bias=False),
            "Each of the 16 maps reads all 8 maps of the layer before, and has a bias.",
        ),
        Mistake(
            conv_parameters(3, 16, 3),
            "Only the first layer reads the 3 colors. This one reads 8 maps.",
        ),
    ),
    hint="Kernel height × kernel width × maps in × maps out, plus one bias a map.",
    solution="3 · 3 · 8 · 16 = 1,152 weights and 16 biases: 1,168 parameters.",
)


# Cost --------------------------------------------------------------------------------------------

BIGGER_IMAGE = OneChoice(
    id="convolution/bigger-image",
    title="A larger image",
    level="apply it",
    prompt="You give a convolutional layer an image that is twice as high and twice as wide. What "
    "happens to its parameters and to its multiplications?",
    options=(
        Option(
            "Both stay the same.",
            "The weights do stay, but they are used at about four times as many places.",
        ),
        Option(
            "The parameters stay, the multiplications become about four times as many.",
            "The same kernel visits about four times as many places.",
        ),
        Option(
            "Both become about four times as many.",
            "That would be a fully connected layer with a fixed number of outputs; with as many "
            "outputs as inputs it would be sixteen times. A kernel has no weight of its own for "
            "each place.",
        ),
        Option(
            "The parameters become four times as many, the multiplications stay.",
            "It is the other way around: the kernel is the same, its places are more.",
        ),
    ),
    answer=1,
    solution="The kernel does not know the size of the image: the parameters stay. It is applied "
    "at every place, and there are about four times as many places.",
)


# Stacks ------------------------------------------------------------------------------------------

RECEPTIVE_FIELD = Number(
    id="convolution/receptive-field",
    title="How far five layers see",
    level="apply it",
    prompt="Five layers of 3 × 3 kernels with stride 1 lie on top of each other. How many columns "
    "of the image can influence one output?",
    answer=1 + 5 * (3 - 1),
    mistakes=(
        Mistake(5 * 3, "The layers overlap in what they read: each adds 2 columns, not 3."),
        Mistake(5 * 2, "Each layer adds 2 columns, and you start from 1, the output itself."),
        Mistake(3 + 5 * 2, "The first layer already makes it 3. Only four more follow."),
        Mistake(3, "That is one layer. The next one looks at outputs that saw 3 columns each."),
        Mistake(3**5, "The growth adds up and does not multiply: 2 columns a layer."),
        Mistake((1 + 5 * 2) ** 2, "That is the number of pixels. How many columns is that?"),
    ),
    hint="One layer sees 3 columns, two layers see 5. How does it go on?",
    solution="Start with 1 column, the output itself. Each layer adds k − 1 = 2: "
    "1 + 5 · 2 = 11 columns.",
)

_C = 64

STACK_WEIGHTS = Number(
    id="convolution/stack-weights",
    title="Three small or one large",
    level="apply it",
    prompt="Three layers of 3 × 3 kernels see as far as one layer of 7 × 7. All layers have 64 "
    "input and 64 output channels; leave the biases out. How many weights fewer do the three have?",
    answer=conv_parameters(_C, _C, 7, bias=False) - 3 * conv_parameters(_C, _C, 3, bias=False),
    mistakes=(
        Mistake(
            3 * conv_parameters(_C, _C, 3, bias=False),
            "That is how many the three layers have. How many fewer is that than 7 × 7?",
        ),
        Mistake(conv_parameters(_C, _C, 7, bias=False), "That is how many the 7 × 7 layer has."),
        Mistake(
            conv_parameters(_C, _C, 7, bias=False) - conv_parameters(_C, _C, 3, bias=False),
            "You counted one layer of 3 × 3. There are three.",
        ),
        Mistake(
            49 - 27,
            "That is right for one channel. Each of the 64 maps reads all 64 channels.",
        ),
        Mistake(
            (49 - 27) * _C,
            "You counted 64 once. Each of the 64 output maps reads each of the 64 input channels.",
        ),
        Mistake(
            conv_parameters(_C, _C, 7) - 3 * conv_parameters(_C, _C, 3),
            "You counted the biases. Leave them out here.",
        ),
    ),
    hint="One layer has k · k · C · C weights.",
    solution="7 · 7 · 64 · 64 = 200,704 against 3 · (3 · 3 · 64 · 64) = 110,592: 90,112 weights "
    "fewer, a saving of 45%.",
)


EXERCISES: tuple[Exercise, ...] = (
    FIRST_ENTRY,
    FEATURE_MAP,
    FLIP,
    VALID_SIZE,
    PADDED_SIZE,
    SAME_PADDING,
    STRIDED_SIZE,
    NEVER_VISITED,
    STEPS,
    CODE_OUTPUT_SIZE,
    CODE_CROSS_CORRELATE,
    WHICH_EDGE,
    CONSTANT_AREA,
    NOISE_OF_A_MEAN,
    CHANNEL_SUM,
    RGB_PARAMETERS,
    NEXT_LAYER,
    BIGGER_IMAGE,
    RECEPTIVE_FIELD,
    STACK_WEIGHTS,
)
