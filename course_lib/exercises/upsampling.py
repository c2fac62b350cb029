"""The exercises of the chapter Upsampling, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.arithmetic import (
    conv_output_size,
    conv_transpose_output_size,
    transposed_convolve2d,
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
Line = Sequence[float]

SLIDE_INPUT: Rows = [[5, 3, 1], [0, 2, 4], [4, 3, 5]]
SLIDE_KERNEL: list[list[float]] = [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]
SLIDE_OUTPUT: list[list[float]] = [
    [5, 4, 3, 2, 1, 0.5],
    [2.5, 2.5, 3.5, 2.5, 2.5, 1.3],
    [0, 1, 2, 3, 4, 2],
    [2, 2.3, 2.5, 3.5, 4.5, 2.3],
    [4, 3.5, 3, 4, 5, 2.5],
    [2, 1.8, 1.5, 2, 2.5, 1.3],
]


def _fence(lines: Sequence[str]) -> str:
    return "\n".join(("```", *lines, "```"))


# Bed of nails ------------------------------------------------------------------------------------

GRID_SIZE = Number(
    id="upsampling/grid-size",
    title="How large is the bed?",
    level="read it off",
    prompt="A kernel of 3 × 3 slides over the grid of zeros and values, one cell at a time and "
    "without padding. Its output has 6 columns. How many columns does the grid have?",
    answer=next(n for n in range(1, 20) if n >= 3 and conv_output_size(n, 3) == 6),
    mistakes=(
        Mistake(9, f"A grid of 9 columns gives {conv_output_size(9, 3)}: 9 − 3 + 1."),
        Mistake(
            6,
            f"From 6 columns the kernel makes {conv_output_size(6, 3)}: o = i − k + 1. The grid "
            "must be larger than the output.",
        ),
        Mistake(
            7,
            f"A grid of 7 columns gives {conv_output_size(7, 3)}. That is what you get if you end "
            "one zero after the last value.",
        ),
        Mistake(
            6 - 3 + 1,
            "You applied the formula to the output. The 6 is its result: solve o = i − k + 1 "
            "for i.",
        ),
    ),
    hint="Solve o = i − k + 1 for i.",
    solution="i = o + k − 1 = 6 + 3 − 1 = 8. One zero, then value and zero in turn for six "
    "columns, then one more zero.",
)


def _right_output() -> list[list[float]]:
    return transposed_convolve2d(SLIDE_INPUT, SLIDE_KERNEL, stride=2, padding=1, output_padding=1)


def _is_wrong(row: int, column: int) -> bool:
    """Whether an entry of the slide is off by more than its rounding (counted from 1)."""
    right = _right_output()[row - 1][column - 1]
    return abs(SLIDE_OUTPUT[row - 1][column - 1] - right) > 0.051


_ENTRIES = (
    (1, 6, "It lies beside the last value 1, and beyond it are zeros: (1 + 0)/2 is 0.5."),
    (2, 3, "It lies between 3 above and 2 below. Their mean is 2.5."),
    (4, 2, "It is the mean of four values, (0 + 2 + 4 + 3)/4 = 2.25, rounded up to 2.3."),
    (4, 4, "It is the mean of four values, (2 + 4 + 3 + 5)/4 = 3.5."),
    (4, 5, "It lies between 4 above and 5 below: 4.5."),
    (6, 1, "It lies below the last value 4, and beyond it are zeros: (4 + 0)/2 is 2."),
)

WRONG_ENTRY = OneChoice(
    id="upsampling/wrong-entry",
    title="Find the slip",
    level="apply it",
    prompt="This is the output as the slide prints it, rounded to one decimal. One of these "
    "entries is wrong. Which one?",
    given={"input": SLIDE_INPUT, "kernel": SLIDE_KERNEL, "output on the slide": SLIDE_OUTPUT},
    options=tuple(
        Option(f"row {r}, column {c}: {SLIDE_OUTPUT[r - 1][c - 1]:g}", said)
        for r, c, said in _ENTRIES
    ),
    answer=[_is_wrong(r, c) for r, c, _ in _ENTRIES].index(True),
    solution="An entry between two values is their mean, one between four values is the mean of "
    "the four. Row 2, column 3 lies between 3 and 2: it must be 2.5, and the slide says 3.5.",
)


# Nearest and bilinear ----------------------------------------------------------------------------


def _linear(values: Line, size: int, *, align_corners: bool) -> list[float]:
    """Interpolate a line to `size` points, as torch does."""
    n, result = len(values), []
    for index in range(size):
        if align_corners:
            at = index * (n - 1) / (size - 1)
        else:
            at = min(max((index + 0.5) * n / size - 0.5, 0), n - 1)
        left = min(int(at), n - 2)
        result.append(values[left] * (left + 1 - at) + values[left + 1] * (at - left))
    return result


_PAIR = (0, 8)

TWO_CONVENTIONS = Matrix(
    id="upsampling/two-conventions",
    title="Four pixels from two",
    level="apply it",
    prompt="Two pixels, 0 and 8, become four by linear interpolation. Pixels are areas: each old "
    "one is cut into two new ones (`align_corners=False`), and beyond the border its value goes "
    "on. Which four numbers come out?",
    given={"pixels": [list(_PAIR)]},
    answer=[_linear(_PAIR, 4, align_corners=False)],
    tolerance=0.01,
    mistakes=(
        Mistake(
            [_linear(_PAIR, 4, align_corners=True)],
            "That is `align_corners=True`: first and last pixel stay on the old ones. Here the new "
            "centers lie a quarter of a pixel beside the old ones.",
        ),
        Mistake(
            [[_PAIR[n // 2] for n in range(4)]],
            "You repeated each pixel: that is nearest neighbor.",
        ),
        Mistake(
            transposed_convolve2d(
                [_PAIR], [[0.5, 1, 0.5]], stride=(1, 2), padding=(0, 1), output_padding=(0, 1)
            ),
            "That is the slide's bed of nails: old pixels stay, and beyond the border there is 0.",
        ),
        Mistake(
            transposed_convolve2d(
                [_PAIR], [[0.25, 0.75, 0.75, 0.25]], stride=(1, 2), padding=(0, 1)
            ),
            "The weights are right, but beyond the border you took 0. Here the 8 goes on.",
        ),
        Mistake(
            [[_PAIR[0] + (at - 0.5) * (_PAIR[1] - _PAIR[0]) for at in (0.25, 0.75, 1.25, 1.75)]],
            "The centers are right, but you went on along the sloping line. Beyond the first and "
            "the last old center, their values go on.",
        ),
    ),
    hint="Old pixels have their centers at 0.5 and 1.5 (in old pixels), new ones at 0.25, 0.75, "
    "1.25 and 1.75.",
    solution="The new centers are 0.25, 0.75, 1.25 and 1.75; the old ones are 0.5 and 1.5. The "
    "first new center lies before the first old one: 0. The second is a quarter of the way from 0 "
    "to 8: 2. The third is three quarters of the way: 6. The last lies behind the last: 8.",
)


# The transposed convolution ----------------------------------------------------------------------

_VALUES, _STAMP, _STEP = [2, 4], [3, 0, 1], 2
_STAMPED = transposed_convolve2d([_VALUES], [_STAMP], stride=(1, _STEP))


def _overwritten(values: Line, kernel: Line, stride: int) -> list[float]:
    output: list[float] = [0] * conv_transpose_output_size(len(values), len(kernel), stride=stride)
    for i, value in enumerate(values):
        for j, weight in enumerate(kernel):
            output[i * stride + j] = value * weight
    return output


STAMP = Matrix(
    id="upsampling/stamp",
    title="Stamp by hand",
    level="apply it",
    prompt="Each input value stamps the kernel, times itself, into the output. The stride is 2: "
    "each stamp starts two cells after the one before. Nothing is cut off. Fill in the output.",
    given={"input": [_VALUES], "kernel": [_STAMP]},
    answer=_STAMPED,
    mistakes=(
        Mistake(
            [_overwritten(_VALUES, _STAMP, _STEP)],
            "Where two stamps meet, you kept the later one. They are added up.",
        ),
        Mistake(
            transposed_convolve2d([_VALUES], [_STAMP[::-1]], stride=(1, _STEP)),
            "You turned the kernel around. A stamp shows it as it is.",
        ),
        Mistake(
            [[*transposed_convolve2d([_VALUES[:-1]], [_STAMP], stride=(1, _STEP))[0], 0, 0]],
            "The last stamp is missing.",
        ),
        Mistake(
            [[*transposed_convolve2d([_VALUES], [_STAMP])[0], 0]],
            "You moved by one cell. The stride is 2.",
        ),
    ),
    hint="Write the two stamps below each other, the second two cells further to the right, and "
    "add the columns.",
    solution="The stamps are 6 0 2 and, two cells further, 12 0 4. In the third column 2 and 12 "
    "meet:\n\n" + _fence([" ".join(map(str, _STAMPED[0]))]) + "\n\nFive cells: (2 − 1) · 2 + 3.",
)

STEPS = Order(
    id="upsampling/steps",
    title="The same by a convolution",
    level="read it off",
    prompt="A transposed convolution with padding p can be computed by an ordinary convolution. "
    "Put the steps into an order that works.",
    items=(
        "Take the kernel size k and the padding p of the setting.",
        "Put s − 1 zeros between the cells of the input.",
        "Add k − 1 − p zeros on each side of what you have.",
        "Turn the kernel around.",
        "Slide the turned kernel over all of it, one cell at a time.",
    ),
    precedences=(
        Before(0, 2, "You cannot add k − 1 − p zeros before you know k and p."),
        Before(1, 2, "Spread the input first: the zeros of the border go around all of it."),
        Before(2, 4, "The zeros of the border must be there before the kernel slides."),
        Before(3, 4, "The kernel must be turned around before it slides."),
        Before(1, 4, "The zeros must be in place before the kernel slides."),
    ),
    solution="Read the setting, spread the input, add the border; turn the kernel around at any "
    "time before it slides; then slide it with a stride of 1.",
)


_CODE_LINES = (
    "def transposed_1d(values, kernel, *, stride=1, padding=0):",
    "    size = (len(values) - 1) * stride + len(kernel)",
    "    output = [0] * size",
    "    for i, value in enumerate(values):",
    "        for j, weight in enumerate(kernel):",
    "            output[i * stride + j] += value * weight",
    "    return output[padding : size - padding]",
)


def _draw_line(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    n, k, stride = rng.randint(1, 5), rng.randint(1, 4), rng.randint(1, 3)
    values = [rng.randint(-4, 9) for _ in range(n)]
    kernel = [rng.randint(-3, 3) for _ in range(k)]
    most = ((n - 1) * stride + k - 1) // 2
    return (values, kernel), {"stride": stride, "padding": rng.randint(0, min(2, most))}


def _line(values: Line, kernel: Line, *, stride: int = 1, padding: int = 0) -> list[float]:
    return transposed_convolve2d([values], [kernel], stride=(1, stride), padding=(0, padding))[0]


def _line_cut(line: list[float], padding: int) -> list[float]:
    return line[padding : len(line) - padding]


def _line_overwritten(v: Line, k: Line, *, stride: int = 1, padding: int = 0) -> list[float]:
    return _line_cut(_overwritten(v, k, stride), padding)


def _line_flipped(v: Line, k: Line, *, stride: int = 1, padding: int = 0) -> list[float]:
    return _line(v, k[::-1], stride=stride, padding=padding)


def _line_uncut(v: Line, k: Line, *, stride: int = 1, padding: int = 0) -> list[float]:
    return _line(v, k, stride=stride)


def _line_no_stride(v: Line, k: Line, *, stride: int = 1, padding: int = 0) -> list[float]:
    return _line_cut(_line(v, k), padding)


def _line_minus_zero(v: Line, k: Line, *, stride: int = 1, padding: int = 0) -> list[float]:
    return _line(v, k, stride=stride)[padding:-padding]


def _line_one_side(v: Line, k: Line, *, stride: int = 1, padding: int = 0) -> list[float]:
    return _line(v, k, stride=stride)[padding:]


def _line_padded(v: Line, k: Line, *, stride: int = 1, padding: int = 0) -> list[float]:
    return [0] * padding + _line(v, k, stride=stride) + [0] * padding


CODE_TRANSPOSED = Code(
    id="upsampling/code-transposed",
    title="Write the transposed convolution",
    level="build it",
    prompt="Write `transposed_1d`. It gets a list of values, a kernel as a list, the stride and "
    "the padding. It stamps the kernel for each value, adds up, cuts `padding` cells off *each* "
    "end, and returns the output as a list.",
    function="transposed_1d",
    stub=f"{_CODE_LINES[0]}\n    raise NotImplementedError",
    reference=_line,
    draw=_draw_line,
    mistakes=(
        Mistake(
            _line_overwritten,
            "Where stamps overlap, the later one replaces the earlier one. Add them: use `+=`.",
        ),
        Mistake(_line_flipped, "You turned the kernel around. A stamp shows it as it is."),
        Mistake(
            _line_uncut,
            "The padding changes nothing in your function. It cuts cells off each end.",
        ),
        Mistake(_line_no_stride, "The stride changes nothing in your function."),
        Mistake(
            _line_minus_zero,
            "`output[padding:-padding]` is empty where the padding is 0: `-0` is the beginning. "
            "Write `output[padding : size - padding]`.",
        ),
        Mistake(_line_one_side, "You cut cells off at one end only."),
        Mistake(
            _line_padded,
            "You added zeros on both sides. Padding belongs to the convolution that is "
            "transposed: here it makes the output smaller.",
        ),
    ),
    hint="The uncut output has (len(values) − 1) · stride + len(kernel) cells. Cell j of stamp i "
    "goes to i · stride + j.",
    lines=_CODE_LINES,
    precedences=tuple(Before(i, i + 1) for i in range(len(_CODE_LINES) - 1)),
    solution=_fence(_CODE_LINES) + "\n\n`size - padding` and not `-padding`: `-0` would be the "
    "beginning of the list.",
)

NOT_INVERSE = OneChoice(
    id="upsampling/not-inverse",
    title="There and back",
    level="apply it",
    prompt="A convolution with a stride of 2 makes 3 numbers of 7. The transposed convolution with "
    "the same kernel makes 7 numbers of these 3. Are they the 7 from the beginning?",
    options=(
        Option(
            "Yes, it is the inverse: that is why it is also called a deconvolution.",
            "The name misleads. Seven unknowns do not follow from three numbers.",
        ),
        Option(
            "Only if the kernel is turned around.",
            "No kernel can do it: three numbers cannot say what seven were.",
        ),
        Option(
            "In general no: 3 numbers cannot hold what 7 said. Only the size comes back.",
            "The size comes back, the content does not.",
        ),
        Option(
            "Yes, if the kernel's numbers add up to 1.",
            "That keeps brightness where nothing changes. It does not bring back what is lost.",
        ),
    ),
    answer=2,
    solution="Different inputs have the same three outputs, so nothing can tell which of them it "
    "was. The transposed convolution gives back the size, and that is all it promises.",
)


# Sizes -------------------------------------------------------------------------------------------

EXACT_SIZE = Number(
    id="upsampling/exact-size",
    title="A common setting",
    level="apply it",
    prompt="Many networks that make images use a transposed convolution with kernel 4, stride 2 "
    "and padding 1. The input has 7 columns. How many does the output have?",
    answer=conv_transpose_output_size(7, 4, stride=2, padding=1),
    mistakes=(
        Mistake(
            conv_transpose_output_size(7, 4, stride=2),
            "Two too many. Either the padding is missing, which cuts one column off each side, or "
            "you wrote i·s: seven stamps have only six steps between them.",
        ),
        Mistake(
            conv_transpose_output_size(7, 4, stride=2) - 1,
            "You took the padding off once. It is cut off on both sides.",
        ),
        Mistake(
            conv_transpose_output_size(7, 4, stride=2) + 2,
            "You added the padding. In a transposed convolution it makes the output smaller.",
        ),
        Mistake(
            conv_output_size(7, 4, padding=1, stride=2),
            "That is what the convolution makes of 7. The transposed one goes the other way.",
        ),
        Mistake((7 - 1) * 2 - 2 + 4 - 1, "You took 1 off the kernel and did not add it again."),
    ),
    hint="Use o = (i − 1)s − 2p + k.",
    solution="o = (7 − 1) · 2 − 2 + 4 = 14: exactly twice as many. With k = 4, s = 2 and p = 1 the "
    "size doubles whatever it was.",
)


def _needed(size: int, k: int, s: int, p: int) -> int:
    """The output padding that leads from the convolution's output back to `size`."""
    small = conv_output_size(size, k, stride=s, padding=p)
    return size - conv_transpose_output_size(small, k, stride=s, padding=p)


OUTPUT_PADDING = Number(
    id="upsampling/output-padding",
    title="Back to 64",
    level="apply it",
    prompt="A convolution with kernel 3, stride 2 and padding 1 takes a map of 64 columns to 32. "
    "The transposed convolution with the same setting shall lead back to 64. Which output padding "
    "does it need?",
    answer=_needed(64, 3, 2, 1),
    mistakes=(
        Mistake(
            _needed(63, 3, 2, 1),
            "Without output padding it makes 63 of 32: the other size that the convolution takes "
            "to 32.",
        ),
        Mistake(
            63,
            "63 is the output's size without output padding. How many columns are missing to 64?",
        ),
        Mistake(2, "It must be smaller than the stride."),
    ),
    hint="What does (i − 1)s − 2p + k give for i = 32? What is missing?",
    solution="(32 − 1) · 2 − 2 + 3 = 63, and 64 − 63 = 1. Both 63 and 64 are taken to 32; an "
    "output padding of 1 says that 64 is meant.",
)


# Checkerboards -----------------------------------------------------------------------------------


def _counts(kernel_size: int, stride: int) -> set[int]:
    """How many stamps fall on the cells in the interior of a line."""
    line = transposed_convolve2d([[1] * 12], [[1] * kernel_size], stride=(1, stride))[0]
    return {int(count) for count in line[kernel_size:-kernel_size]}


_SETTINGS = ((2, 2), (3, 2), (4, 2), (5, 2), (5, 3), (6, 3))


def _overlap_said(k: int, s: int) -> str:
    counts = sorted(_counts(k, s))
    if len(counts) == 1:
        return f"{k} is divisible by {s}: every cell gets {counts[0]} along an axis."
    return f"{k} is not divisible by {s}: cells get {counts[0]} or {counts[1]} along an axis."


EVEN_OVERLAP = SeveralChoices(
    id="upsampling/even-overlap",
    title="Which settings overlap evenly?",
    level="apply it",
    prompt="In the interior of the output, every cell shall get the same number of stamps. With "
    "which settings does it?",
    options=tuple(Option(f"kernel {k}, stride {s}", _overlap_said(k, s)) for k, s in _SETTINGS),
    answers=tuple(n for n, (k, s) in enumerate(_SETTINGS) if len(_counts(k, s)) == 1),
    solution="Those whose kernel size is divisible by the stride: each cell gets k/s stamps along "
    "each axis. With 3 and 2, cells get 1 and 2 in turn.",
)


EXERCISES: tuple[Exercise, ...] = (
    GRID_SIZE,
    WRONG_ENTRY,
    TWO_CONVENTIONS,
    STAMP,
    CODE_TRANSPOSED,
    STEPS,
    NOT_INVERSE,
    EXACT_SIZE,
    OUTPUT_PADDING,
    EVEN_OVERLAP,
)
