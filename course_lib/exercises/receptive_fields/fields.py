"""Exercises: field, jump and start, carried through the layers.

Answers and wrong answers are computed; the numbers typed in are those of the questions. A layer is
written (kernel, stride, padding, dilation), and acts alike along rows and columns.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_lib.exercises.kinds import (
    Before,
    Code,
    Matrix,
    Mistake,
    Number,
)
from course_lib.exercises.receptive_fields._layers import Layer, Triple, carry, fence

# Field, jump and start ---------------------------------------------------------------------------

THREE_NEIGHBORS = Number(
    id="receptive_fields/three-neighbors",
    title="Three neighbors, seen from above",
    level="read it off",
    prompt="Each number of a feature map sees 4 columns of the image. Two neighboring numbers of "
    "the map look 2 columns apart. The next layer reads 3 neighbors. How many columns of the image "
    "does one of its outputs see?",
    answer=4 + (3 - 1) * 2,
    mistakes=(
        Mistake(
            3 * 4, "The three fields overlap: they begin only 2 columns apart, and see 4 each."
        ),
        Mistake(
            4 + (3 - 1), "The two further neighbors look 2 columns further each, not 1 column."
        ),
        Mistake(4 + 3 * 2, "Three neighbors are two steps apart, not three."),
        Mistake(
            4, "That is what one neighbor sees alone, and also what the other two add. Take both."
        ),
    ),
    hint="Where does the field of the first neighbor begin? Where does that of the third one end?",
    solution="The first neighbor sees columns 1 to 4, the second 3 to 6, the third 5 to 8. "
    "Together that is 8: the 4 of the first, and 2 steps of 2 columns.",
)

_LENET: tuple[Layer, ...] = ((5, 1, 0, 1), (2, 2, 0, 1), (5, 1, 0, 1), (2, 2, 0, 1))
_LENET_TABLE = [[field, jump] for field, jump, _ in carry(_LENET)]


def _table(grow: Callable[[int, int, int, int], int]) -> list[list[int]]:
    """Carry a faulty rule `grow(field, jump, kernel, stride)` through the layers."""
    field, jump, rows = 1, 1, []
    for kernel, stride, _, _ in _LENET:
        field = grow(field, jump, kernel, stride)
        jump *= stride
        rows.append([field, jump])
    return rows


LENET_TABLE = Matrix(
    id="receptive_fields/lenet-table",
    title="Four layers of LeNet",
    level="apply it",
    prompt="The feature part of LeNet has four layers, without padding: a convolution of 5 × 5, "
    "pooling of 2 × 2 with stride 2, a convolution of 5 × 5, pooling of 2 × 2 with stride 2. One "
    "row a layer: fill in the field (left) and the jump (right) after it.",
    answer=_LENET_TABLE,
    mistakes=(
        Mistake(
            _table(lambda field, jump, kernel, stride: field + kernel - 1),
            "After the first pooling, neighbors lie 2 pixels apart in the image. Multiply k − 1 "
            "by the jump.",
        ),
        Mistake(
            _table(lambda field, jump, kernel, stride: field + (kernel - 1) * jump * stride),
            "You used the jump that the layer makes. What it *reads* has the jump of the layer "
            "before.",
        ),
        Mistake(
            _table(lambda field, jump, kernel, stride: field + kernel * jump),
            "You added k · j. A kernel of k cells reaches k − 1 steps further.",
        ),
        Mistake(
            [
                [field, stride]
                for (field, _), (_, stride, _, _) in zip(_LENET_TABLE, _LENET, strict=True)
            ],
            "The fields are right. The jump is not the stride of one layer: all strides up to "
            "there are multiplied.",
        ),
        Mistake(
            [row[::-1] for row in _LENET_TABLE],
            "Right numbers, wrong columns: field left, jump right.",
        ),
    ),
    hint="Field: old field + (k − 1) · old jump. Jump: old jump · stride. Begin with 1 and 1.",
    solution="1 + 4 · 1 = 5 and jump 1; 5 + 1 · 1 = 6 and jump 2; 6 + 4 · 2 = 14 and jump 2; "
    "14 + 1 · 2 = 16 and jump 4. One number after these layers sees 16 × 16 pixels.",
)

_TWO_PADDED: tuple[Layer, ...] = ((3, 2, 1, 1), (3, 1, 1, 1))

START = Number(
    id="receptive_fields/start",
    title="Where the first field begins",
    level="apply it",
    prompt="Two layers of 3 × 3, both with padding 1: the first has stride 2, the second "
    "stride 1. Pixels are counted from 0, and those of the padding have negative numbers. At which "
    "pixel does the field of output 0 begin?",
    answer=carry(_TWO_PADDED)[-1][2],
    mistakes=(
        Mistake(
            -2, "You added up the padding. The second layer's zero is one *jump*, 2 pixels, wide."
        ),
        Mistake(3, "Right length, wrong side: the padding lies before pixel 0."),
        Mistake(-1, "That is where the first layer's output 0 begins. The second pads, too."),
        Mistake(-4, "The first layer pads the image itself: its zero is one pixel wide."),
        Mistake(0, "Both layers pad: output 0 looks at what lies before pixel 0."),
    ),
    hint="The first padding moves the start by 1 · 1 pixels, the second by 1 · 2.",
    solution="start = 0 − 1 · 1 − 1 · 2 = −3. The field has 3 + 2 · 2 = 7 pixels, from −3 to 3: "
    "its middle is pixel 0.",
)

_LINES = (
    "def my_receptive_field(layers):",
    "    field, jump, start = 1, 1, 0",
    "    for kernel, stride, padding, dilation in layers:",
    "        field = field + dilation * (kernel - 1) * jump",
    "        start = start - padding * jump",
    "        jump = jump * stride",
    "    return field, jump, start",
)


def _draw_layers(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    def layer() -> Layer:
        return rng.randint(1, 5), rng.randint(1, 3), rng.randint(0, 2), rng.randint(1, 2)

    return ([layer() for _ in range(rng.randint(0, 4))],), {}


def _reference(layers: Sequence[Layer]) -> Triple:
    return (carry(layers) or [(1, 1, 0)])[-1]


def _faulty(
    field_of: Callable[[int, int, int, int, int], int] | None = None,
    start_of: Callable[[int, int, int, int], int] | None = None,
    jump_of: Callable[[int, int], int] | None = None,
    *,
    first: Triple = (1, 1, 0),
    jump_first: bool = False,
) -> Callable[[Sequence[Layer]], Triple]:
    """Make an implementation with one rule replaced."""
    grow = field_of or (
        lambda field, jump, kernel, stride, dilation: field + dilation * (kernel - 1) * jump
    )
    move = start_of or (lambda start, jump, padding, stride: start - padding * jump)
    leap = jump_of or (lambda jump, stride: jump * stride)

    def faulty(layers: Sequence[Layer]) -> Triple:
        field, jump, start = first
        for kernel, stride, padding, dilation in layers:
            after = leap(jump, stride)
            seen = after if jump_first else jump
            field, start = (
                grow(field, seen, kernel, stride, dilation),
                move(start, seen, padding, stride),
            )
            jump = after
        return field, jump, start

    return faulty


CODE_RECEPTIVE_FIELD = Code(
    id="receptive_fields/code-receptive-field",
    title="Carry it through the layers",
    level="build it",
    prompt="Write `my_receptive_field`. It gets a list of layers, each `(kernel, stride, "
    "padding, dilation)`, and returns `(field, jump, start)` of what comes out of the last one. "
    "For an empty list that is the image itself: `(1, 1, 0)`.",
    function="my_receptive_field",
    stub="def my_receptive_field(layers):\n    raise NotImplementedError",
    reference=_reference,
    draw=_draw_layers,
    mistakes=(
        Mistake(
            _faulty(jump_first=True),
            "You multiplied the jump first. A layer reads a map with the *old* jump: change the "
            "jump last.",
        ),
        Mistake(
            _faulty(lambda field, jump, kernel, stride, dilation: field + dilation * (kernel - 1)),
            "The field grows by steps of one jump, not of one pixel.",
        ),
        Mistake(
            _faulty(lambda field, jump, kernel, stride, dilation: field + (kernel - 1) * jump),
            "The dilation changes nothing in your function.",
        ),
        Mistake(
            _faulty(lambda field, jump, kernel, stride, dilation: field + dilation * kernel * jump),
            "A kernel of k cells has k − 1 steps between them.",
        ),
        Mistake(
            _faulty(
                lambda field, jump, kernel, stride, dilation: field + (dilation * kernel - 1) * jump
            ),
            "The dilation multiplies the steps between the cells: d(k − 1), not dk − 1.",
        ),
        Mistake(
            _faulty(None, lambda start, jump, padding, stride: start - padding),
            "The padding counts in cells of the map that is padded; one of them is a jump wide.",
        ),
        Mistake(
            _faulty(None, lambda start, jump, padding, stride: start + padding * jump),
            "The padding lies before the image: it moves the start to smaller numbers.",
        ),
        Mistake(
            _faulty(None, lambda start, jump, padding, stride: start),
            "The padding changes nothing in your function.",
        ),
        Mistake(
            _faulty(None, None, lambda jump, stride: jump + stride - 1),
            "Jumps are multiplied: every second of every second is every fourth.",
        ),
        Mistake(
            _faulty(None, None, lambda jump, stride: stride),
            "You kept the stride of the last layer. All strides up to there are multiplied.",
        ),
        Mistake(_faulty(first=(0, 1, 0)), "Begin with a field of 1: a pixel sees itself."),
    ),
    hint="For each layer: field + d(k − 1) · jump, start − p · jump, and then jump · s.",
    lines=_LINES,
    precedences=(
        Before(0, 1, "The line with `def` comes first."),
        Before(1, 2, "Before the first layer the field is 1, the jump 1 and the start 0."),
        Before(2, 3, "The field grows with each layer: inside the loop."),
        Before(2, 4, "The start moves with each layer: inside the loop."),
        Before(3, 5, "The field grows by the *old* jump. Change the jump after it."),
        Before(4, 5, "The start moves by the *old* jump. Change the jump after it."),
        Before(5, 6, "Return when the loop is through."),
    ),
    solution=fence(_LINES)
    + "\n\nThe order matters: field and start use the jump of the map that the layer reads.",
)
