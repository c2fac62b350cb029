"""The exercises of the chapter ResNet, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.arithmetic import conv_output_size, conv_parameters
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

# Depth -------------------------------------------------------------------------------------------

_BLOCKS = 9


def _layers(blocks: int, convolutions: int = 2, stages: int = 3, others: int = 2) -> int:
    return stages * blocks * convolutions + others


COUNT_LAYERS = Number(
    id="resnet/count-layers",
    title="The number in the name",
    level="apply it",
    prompt="A ResNet for small images: one convolution, then three stages of "
    f"{_BLOCKS} blocks with two convolutions each, then one fully connected layer. Which number "
    "is in its name?",
    answer=_layers(_BLOCKS),
    unit="layers",
    mistakes=(
        Mistake(_layers(_BLOCKS, others=0), "Those are the blocks. Two layers stand outside them."),
        Mistake(_layers(_BLOCKS, others=1), "One is missing: the first layer, or the last."),
        Mistake(_layers(_BLOCKS, convolutions=1), "Each block has *two* convolutions."),
        Mistake(_layers(_BLOCKS, stages=1), "There are three stages, you counted one."),
        Mistake(
            _layers(_BLOCKS, others=4),
            "The shortcuts where a stage begins stand beside the blocks: they add no layer.",
        ),
    ),
    hint="Stages times blocks times convolutions, and the two layers outside.",
    solution="3 · 9 · 2 + 2 = 56. With n blocks in a stage there are 6n + 2 layers.",
)

WHICH_PROBLEM = OneChoice(
    id="resnet/which-problem",
    title="What went wrong?",
    level="read it off",
    prompt="The 56-layer network errs more often than the 20-layer one, on test images and on "
    "*training* images. What does that tell you?",
    options=(
        Option(
            "It overfits: it has too many weights.",
            "An overfitted network is *good* on its training images. This one is not.",
        ),
        Option(
            "It has not learned what its weights could do: the optimization fails.",
            "Right: more layers can do all that fewer can. The training does not get there.",
        ),
        Option(
            "It can do less than the 20-layer network.",
            "It can do more: some of its layers could hand on what they get.",
        ),
        Option(
            "It needs more training images.",
            "More images help the step from training to test. It fails before that step.",
        ),
    ),
    answer=1,
    solution="Overfitting shows as a gap: good in training, bad in the test. Here the training "
    "itself ends higher. So the weights that would do better exist, and are not found.",
)

# The argument by construction --------------------------------------------------------------------


def _kernel(*cells: tuple[int, int]) -> list[list[int]]:
    return [[int((r, c) in cells) for c in range(3)] for r in range(3)]


IDENTITY_KERNEL = Matrix(
    id="resnet/identity-kernel",
    title="A layer that does nothing",
    level="apply it",
    prompt="A 3 × 3 kernel, one map, padding 1. Which weights hand the map on unchanged?",
    answer=_kernel((1, 1)),
    mistakes=(
        Mistake(_kernel(), "Zeros give a map of zeros. That is F(x) = 0, not x."),
        Mistake(
            _kernel(*((r, c) for r in range(3) for c in range(3))),
            "That adds up nine pixels. Only one of them should count.",
        ),
        Mistake(
            _kernel((0, 0), (1, 1), (2, 2)), "That is the identity *matrix*. It adds three pixels."
        ),
        Mistake(_kernel((0, 0)), "That hands on the neighbor above on the left: a shift."),
        Mistake([[1 / 9] * 3] * 3, "That is a mean of nine pixels: it blurs."),
    ),
    hint="Which of the nine pixels under the kernel is the one where the output goes?",
    solution="A one in the middle, zeros around it. With many maps: that kernel from each map to "
    "itself, zeros to all others.",
)

# The residual block ------------------------------------------------------------------------------

_X, _WANTED = 5.0, 5.5

LETTERS = Number(
    id="resnet/letters",
    title="Which letter is it?",
    level="read it off",
    prompt=f"One number comes in: x = {_X:g}. The best that a block could make of it is "
    f"H(x) = {_WANTED}. In the letters of the paper: what must the convolutions of the residual "
    "block, F(x), give?",
    answer=_WANTED - _X,
    tolerance=1e-9,
    mistakes=(
        Mistake(_WANTED, "That is H(x), what leaves the block. The shortcut brings x = 5 of it."),
        Mistake(_WANTED + _X, "You added. The sum is done by the block: F(x) = H(x) − x."),
        Mistake(_X - _WANTED, "The sign: F(x) + 5 must be 5.5."),
        Mistake(_X, "That is x, which takes the shortcut."),
    ),
    hint="F(x) + x must be H(x).",
    solution="F(x) = H(x) − x = 5.5 − 5 = 0.5: only the small change has to be learned.",
)

_NUMBERS = (3, -2, 0, 1)


def _relu(value: float) -> float:
    return max(0, value)


ZERO_RESIDUAL = Matrix(
    id="resnet/zero-residual",
    title="If F says nothing",
    level="apply it",
    prompt="All weights of F are zero. The four numbers below enter a residual block: F, the sum, "
    "then ReLU. What comes out?",
    given={"x": [list(_NUMBERS)]},
    answer=[[_relu(v) for v in _NUMBERS]],
    mistakes=(
        Mistake([[0] * 4], "That is the plain block. Here x is added to F(x) = 0."),
        Mistake([list(_NUMBERS)], "Almost: there is a ReLU after the sum."),
        Mistake([[abs(v) for v in _NUMBERS]], "ReLU makes a negative number 0, not positive."),
    ),
    hint="F(x) is 0, so the sum is x. Then comes ReLU.",
    solution="ReLU(0 + x) = ReLU(x) = 3, 0, 0, 1. Inside the network x comes from a ReLU, so it "
    "has no negative numbers, and the block hands it on unchanged.",
)


def my_block(x: Sequence[float], w1: float, w2: float) -> list[float]:
    """Reference: relu(F(x) + x) with F(x) = w2 * relu(w1 * x), for each number of x."""
    return [_relu(w2 * _relu(w1 * v) + v) for v in x]


def _plain(x: Sequence[float], w1: float, w2: float) -> list[float]:
    return [_relu(w2 * _relu(w1 * v)) for v in x]


def _relu_first(x: Sequence[float], w1: float, w2: float) -> list[float]:
    return [_relu(w2 * _relu(w1 * v)) + v for v in x]


def _no_inner(x: Sequence[float], w1: float, w2: float) -> list[float]:
    return [_relu(w2 * w1 * v + v) for v in x]


def _no_outer(x: Sequence[float], w1: float, w2: float) -> list[float]:
    return [w2 * _relu(w1 * v) + v for v in x]


def _draw_block(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    x = [rng.choice((-5, -3, 2, 4)), *rng.sample(range(-6, 7), 4), -7, 7]
    return (x, rng.choice((-3, -2, 2, 3)), rng.choice((-3, -2, 2, 3))), {}


_LINES = (
    "def my_block(x, w1, w2):",
    "    out = []",
    "    for v in x:",
    "        f = w2 * max(0, w1 * v)",
    "        out.append(max(0, f + v))",
    "    return out",
)

CODE_BLOCK = Code(
    id="resnet/code-block",
    title="Write a residual block",
    level="build it",
    prompt="As small as can be: each number v of the list `x` is one map at one pixel. F "
    "multiplies by `w1`, takes ReLU, multiplies by `w2`. The block adds v to that and takes ReLU "
    "again. Return the list of the results.",
    function="my_block",
    stub="def my_block(x, w1, w2):\n    raise NotImplementedError",
    reference=my_block,
    draw=_draw_block,
    mistakes=(
        Mistake(_plain, "That is the plain block: v is not added."),
        Mistake(_relu_first, "You took ReLU before the sum. It comes after."),
        Mistake(_no_inner, "A ReLU is missing inside F, between `w1` and `w2`."),
        Mistake(_no_outer, "The ReLU after the sum is missing."),
    ),
    hint="`max(0, …)` is ReLU. Compute F first, then the sum, then ReLU.",
    solution="F first, then the sum, then ReLU.\n\n```\n" + "\n".join(_LINES) + "\n```",
    lines=_LINES,
)

# The gradient ------------------------------------------------------------------------------------

_SLOPE, _CHAIN = 0.1, 5

SLOPE = Number(
    id="resnet/slope",
    title="The slope of a chain",
    level="apply it",
    prompt=f"{_CHAIN} residual blocks in a row, y = x + f(x) each, without the last ReLU. Where we "
    f"stand, every f has the slope {_SLOPE}. What is the slope of the whole chain? (Two digits "
    "after the point.)",
    answer=(1 + _SLOPE) ** _CHAIN,
    tolerance=0.006,
    mistakes=(
        Mistake(_SLOPE**_CHAIN, "That is the plain chain, y = f(x): almost nothing is left."),
        Mistake(1 + _SLOPE * _CHAIN, "Slopes of a chain multiply, they don't add up."),
        Mistake(1 + _SLOPE, "That is one block. There are five."),
        Mistake(_SLOPE * _CHAIN, "The x of each block has a slope, too: 1. And slopes multiply."),
        Mistake(1 + _SLOPE**_CHAIN, "Add the 1 in each block, then multiply the five."),
    ),
    hint="The slope of x + f(x) is 1 + 0.1. The chain rule multiplies.",
    solution="1.1 · 1.1 · 1.1 · 1.1 · 1.1 = 1.61. The plain chain has 0.1⁵ = 0.00001.",
)

# Whole networks ----------------------------------------------------------------------------------

_IN, _OUT, _SIZE = 64, 128, 56
_HALF = conv_output_size(_SIZE, 3, stride=2, padding=1)

SHORTCUT_SHAPE = Matrix(
    id="resnet/shortcut-shape",
    title="Make it fit",
    level="apply it",
    prompt=f"A block gets {_IN} maps of {_SIZE} × {_SIZE}. Its first 3 × 3 convolution has stride "
    f"2 and padding 1, both make {_OUT} maps. Which shape must the shortcut give? Maps, rows, "
    "columns.",
    answer=[[_OUT, _HALF, _HALF]],
    mistakes=(
        Mistake([[_IN, _SIZE, _SIZE]], "That is x itself. It must get the shape of F(x)."),
        Mistake([[_IN, _HALF, _HALF]], "The size fits. But F(x) has 128 maps."),
        Mistake([[_OUT, _SIZE, _SIZE]], "The maps fit. But stride 2 halves rows and columns."),
        Mistake(
            [[_OUT, _HALF // 2, _HALF // 2]],
            "Only the *first* of the two convolutions has stride 2.",
        ),
    ),
    hint="Only things of one shape can be added. Which shape has F(x)?",
    solution="F(x) has 128 maps of 28 × 28, so the shortcut must give the same.",
)

_WIDE, _NARROW = 256, 64


def _bottleneck(middle: int = 3) -> int:
    return (
        conv_parameters(_WIDE, _NARROW, 1, bias=False)
        + conv_parameters(_NARROW, _NARROW, middle, bias=False)
        + conv_parameters(_NARROW, _WIDE, 1, bias=False)
    )


def _basic(maps: int) -> int:
    return 2 * conv_parameters(maps, maps, 3, bias=False)


BOTTLENECK = Number(
    id="resnet/bottleneck",
    title="The price of a bottleneck",
    level="apply it",
    prompt=f"A bottleneck block: 1 × 1 from {_WIDE} maps to {_NARROW}, 3 × 3 from {_NARROW} to "
    f"{_NARROW}, 1 × 1 back to {_WIDE}. No biases. How many weights do the three have?",
    answer=_bottleneck(),
    unit="weights",
    mistakes=(
        Mistake(_basic(_WIDE), "That is a basic block on 256 maps: two 3 × 3. 17 times as many."),
        Mistake(_basic(_NARROW), "That is a basic block on 64 maps: two 3 × 3."),
        Mistake(
            _bottleneck() - conv_parameters(_NARROW, _WIDE, 1, bias=False),
            "The last one, back to 256 maps, is missing.",
        ),
        Mistake(
            _bottleneck(middle=1),
            "The kernel in the middle has 3 × 3 = 9 weights for each pair of maps, and the two "
            "others count as well.",
        ),
        Mistake(
            _bottleneck() + 2 * _NARROW + _WIDE,
            "You counted biases. The normalizations make them useless.",
        ),
    ),
    hint="256 · 64 for the first, 9 · 64 · 64 for the second, 64 · 256 for the third.",
    solution="16,384 + 36,864 + 16,384 = 69,632. A basic block on 256 maps has 1,179,648; one on "
    "64 maps has 73,728. So a bottleneck is as cheap as a basic block on a quarter of the maps.",
)

_STRIDE = 2

STRIDE_PLACE = Number(
    id="resnet/stride-place",
    title="What the stride skips",
    level="apply it",
    prompt=f"A 1 × 1 convolution with stride {_STRIDE} on a map of {_SIZE} × {_SIZE} pixels. Which "
    "share of the pixels does it read, in percent?",
    answer=100 * conv_output_size(_SIZE, 1, stride=_STRIDE) ** 2 / _SIZE**2,
    tolerance=0.5,
    unit="%",
    mistakes=(
        Mistake(
            100 * conv_output_size(_SIZE, 1, stride=_STRIDE) / _SIZE,
            "Every second row, and in it every second column.",
        ),
        Mistake(100.0, "With a 3 × 3 kernel that is so. A 1 × 1 kernel sees one pixel a step."),
        Mistake(75.0, "That is the share that it *skips*."),
        Mistake(100 / 9, "Its step is 2 along rows and columns, not 3."),
    ),
    hint="28 × 28 steps, one pixel each.",
    solution="28 · 28 of 56 · 56 pixels: 25%. Three of four are never read. A 3 × 3 kernel with "
    "stride 2 reads them all.",
)

WHAT_HOLDS = SeveralChoices(
    id="resnet/what-holds",
    title="What did you see?",
    level="read it off",
    prompt="Which of these sentences hold, after all that this chapter has measured?",
    options=(
        Option(
            "A shortcut that is the identity has no weights and no multiplications.",
            "It holds: x is added as it is.",
        ),
        Option(
            "The plain network of 44 layers failed because it overfitted.",
            "An overfitted network would be good on its training images.",
        ),
        Option(
            "Every deep network needs shortcuts because its gradients vanish without them.",
            "At the start ours *grew* toward the image: no size fits all layers, but none is gone.",
        ),
        Option(
            "The plain network of 44 layers was worse on its own training images.",
            "It holds: that is degradation.",
        ),
        Option(
            "ResNet-152 has more layers than VGG-19, and fewer parameters.",
            "It holds: 60 million against 144 million.",
        ),
    ),
    answers=(0, 3, 4),
    solution="Degradation shows on the training images, so it is no overfitting. And depth is "
    "not size: VGG-19 has more than twice the parameters of ResNet-152.",
)

EXERCISES: tuple[Exercise, ...] = (
    COUNT_LAYERS,
    WHICH_PROBLEM,
    IDENTITY_KERNEL,
    LETTERS,
    ZERO_RESIDUAL,
    CODE_BLOCK,
    SLOPE,
    SHORTCUT_SHAPE,
    BOTTLENECK,
    STRIDE_PLACE,
    WHAT_HOLDS,
)
