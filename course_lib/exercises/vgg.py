"""The exercises of the chapter VGG, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_lib.arithmetic import conv_output_size, conv_parameters
from course_lib.exercises.kinds import (
    Code,
    Exercise,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)

# Small kernels -----------------------------------------------------------------------------------


def _field(layers: int, kernel: int) -> int:
    return 1 + layers * (kernel - 1)


THREE_SMALL = Number(
    id="vgg/three-small",
    title="Three small windows",
    level="read it off",
    prompt="Three 3 × 3 convolutions of stride 1 stand one behind the other. One output of the "
    "third sees a square of the image. How many pixels long is its side?",
    answer=_field(3, 3),
    unit="pixels",
    mistakes=(
        Mistake(3 * 3, "The windows overlap: each layer after the first adds 2, not 3."),
        Mistake(_field(2, 3), "That is what *two* of them see."),
        Mistake(
            3, "The third kernel reads 3 × 3 outputs, and each of them has a window of its own."
        ),
        Mistake(3**3, "The windows overlap; they do not multiply at stride 1."),
        Mistake(_field(3, 3) ** 2, "That is the number of pixels. The side is asked for."),
    ),
    hint="Continue the picture at the top of the page by one map.",
    solution="3, then 3 + 2 = 5, then 5 + 2 = 7.",
)

_MAPS = 64


def _stack(kernel: int, layers: int, *, bias: bool = False) -> int:
    return layers * conv_parameters(_MAPS, _MAPS, kernel, bias=bias)


WEIGHTS = Number(
    id="vgg/weights",
    title="What the stack costs",
    level="apply it",
    prompt=f"Every layer reads {_MAPS} maps and makes {_MAPS}; biases are not counted. One 7 × 7 "
    f"layer has 49 · {_MAPS} · {_MAPS} = {_stack(7, 1):,} weights. How many have three 3 × 3 "
    "layers together?",
    answer=_stack(3, 3),
    unit="weights",
    mistakes=(
        Mistake(_stack(3, 1), "That is one of the three layers."),
        Mistake(_stack(3, 3, bias=True), "You counted the biases, too."),
        Mistake(3 * 9 * _MAPS, "Each of the 64 kernels of a layer reads all 64 maps."),
        Mistake(3 * 9, "That is for one map in and one map out."),
        Mistake(_stack(7, 1), "That is the 7 × 7 layer. The three see as much, but cost less."),
        Mistake(_stack(5, 1), "That is *one* 5 × 5 layer."),
    ),
    hint="(number of layers) · (weights of a kernel) · (maps in) · (maps out).",
    solution="3 · 9 · 64 · 64 = 110,592: 27 instead of 49 for each pair of maps, 55%.",
)

ANY_KERNEL = OneChoice(
    id="vgg/any-kernel",
    title="Can the stack be any kernel?",
    level="apply it",
    prompt="Leave the ReLUs out. Two 3 × 3 convolutions on *one* map are then one convolution with "
    "a 5 × 5 kernel. Can they be *any* 5 × 5 kernel?",
    options=(
        Option(
            "Yes: they see the same 25 pixels.",
            "They see them. But seeing is not weighing each one freely.",
        ),
        Option(
            "No: 18 numbers can't set 25 freely.",
            "Right: the stack can be only some of the 5 × 5 kernels.",
        ),
        Option(
            "No: without a ReLU they are a 3 × 3 kernel.",
            "Each adds a border of one pixel: 3 × 3 grows to 5 × 5, also without a ReLU.",
        ),
        Option(
            "Yes, and many more besides.",
            "Only with a ReLU between would it be more than a kernel.",
        ),
    ),
    answer=1,
    solution="9 + 9 = 18 numbers (17, as a factor can wander from one to the other) against 25. "
    "What the ReLU adds is another matter: with it, the stack is no kernel at all.",
)

# The table ---------------------------------------------------------------------------------------

_LAST, _SIDE, _HIDDEN = 512, 7, 4096


def _fc(inputs: int) -> int:
    return conv_parameters(inputs, _HIDDEN, 1)


FIRST_FC = Number(
    id="vgg/first-fc",
    title="The largest line of the table",
    level="apply it",
    prompt=f"VGG-16 ends in {_LAST} maps of {_SIDE} × {_SIDE}. All their numbers go to each of "
    f"{_HIDDEN} neurons, which also have a bias. How many parameters?",
    answer=_fc(_LAST * _SIDE * _SIDE),
    unit="parameters",
    mistakes=(
        Mistake(_fc(_LAST * _SIDE * _SIDE) - _HIDDEN, "The 4096 biases are missing."),
        Mistake(_fc(_LAST), "Each map has 7 × 7 numbers, and each of them has its own weight."),
        Mistake(_fc(_LAST * _SIDE), "7 rows *and* 7 columns: 49 numbers a map."),
        Mistake(_LAST * _SIDE * _SIDE, "That is how many numbers *one* neuron reads."),
        Mistake(
            _fc(_LAST * 14 * 14), "That is before the last pooling, which leaves 7 × 7 of 14 × 14."
        ),
    ),
    hint="(512 · 7 · 7 + 1) for each neuron: its weights and its bias.",
    solution="512 · 7 · 7 = 25,088 numbers; (25,088 + 1) · 4096 = 102,764,544. That is 74% of the "
    "whole network, in one layer.",
)

WHERE = SeveralChoices(
    id="vgg/where",
    title="Where to save",
    level="read it off",
    prompt="You have seen where the parameters of VGG-16 sit and where its multiply-accumulates. "
    "Which sentences are right?",
    options=(
        Option(
            "To make its *file* small, look at the fully connected layers.",
            "They have 89% of the parameters.",
        ),
        Option(
            "To make it *fast*, look at the fully connected layers.",
            "They do less than 1% of the multiply-accumulates.",
        ),
        Option(
            "A convolution's weight is used at every place of its map.",
            "That is why few weights can make many multiply-accumulates.",
        ),
        Option(
            "On images twice as large, the convolutions have four times the parameters.",
            "Four times the multiply-accumulates. Their parameters stay as they are.",
        ),
    ),
    answers=(0, 2),
    solution="A weight of a fully connected layer is used once an image, one of the first "
    "convolutions 224 · 224 = 50,176 times.",
)


def _count(in_channels: int, plan: Sequence[int | str], *, bias: bool = True) -> int:
    total, channels = 0, in_channels
    for step in plan:
        if isinstance(step, int):
            total += conv_parameters(channels, step, 3, bias=bias)
            channels = step
    return total


def count_plan(in_channels: int, plan: Sequence[int | str]) -> int:
    """Reference: parameters of the 3 x 3 convolutions of a plan, biases included."""
    return _count(in_channels, plan)


def _no_bias(in_channels: int, plan: Sequence[int | str]) -> int:
    return _count(in_channels, plan, bias=False)


def _as_if(wrong: Callable[[int, int], int]) -> Callable[[int, Sequence[int | str]], int]:
    def count(in_channels: int, plan: Sequence[int | str]) -> int:
        total, channels = 0, in_channels
        for step in plan:
            if isinstance(step, int):
                total += wrong(channels, step)
                channels = step
        return total

    return count


def _never_updated(in_channels: int, plan: Sequence[int | str]) -> int:
    return sum(conv_parameters(in_channels, step, 3) for step in plan if isinstance(step, int))


def _draw_plan(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    plan: list[int | str] = []
    for _ in range(rng.randrange(2, 4)):
        plan += [rng.randrange(2, 9) for _ in range(rng.randrange(1, 4))]
        plan.append("M")
    return (rng.choice((2, 3, 4)), plan), {}


_LINES = (
    "def count_plan(in_channels, plan):",
    "    total = 0",
    "    for step in plan:",
    '        if step != "M":',
    "            total += (9 * in_channels + 1) * step",
    "            in_channels = step",
    "    return total",
)

CODE_COUNT = Code(
    id="vgg/code-count",
    title="Count a plan",
    level="build it",
    prompt='`plan` is a list such as `[64, 64, "M", 128]`: a number n is a 3 × 3 convolution with '
    'n maps and a bias each, `"M"` is max pooling. The image has `in_channels`. Return the '
    "number of parameters.",
    function="count_plan",
    stub="def count_plan(in_channels, plan):\n    raise NotImplementedError",
    reference=count_plan,
    draw=_draw_plan,
    mistakes=(
        Mistake(_no_bias, "Each map has a bias as well."),
        Mistake(_never_updated, "Each convolution reads the maps of the one before it."),
        Mistake(_as_if(lambda c, n: 9 * n + n), "Each kernel reads *all* maps before it."),
        Mistake(_as_if(lambda c, n: 3 * c * n + n), "A kernel has 3 × 3 = 9 weights a map."),
        Mistake(_as_if(lambda c, n: 9 * c * n + 1), "There is one bias a map, not one a layer."),
    ),
    hint="(9 · maps in + 1) · maps out, and then the maps out are the next maps in.",
    solution="Carry the number of maps along.\n\n```\n" + "\n".join(_LINES) + "\n```",
    lines=_LINES,
)

# Larger images, and the start --------------------------------------------------------------------

_LARGE = 384


def _places(size: int) -> int:
    for _ in range(5):
        size //= 2
    found = conv_output_size(size, _SIDE)
    assert isinstance(found, int)
    return found


MAP_SIZE = Number(
    id="vgg/map-size",
    title="A larger image",
    level="apply it",
    prompt=f"VGG-16 is rewritten as a fully convolutional network: the first fully connected layer "
    f"is a 7 × 7 kernel without padding, the others are 1 × 1. It gets an image of {_LARGE} × "
    f"{_LARGE} pixels. How many rows does its map of answers have?",
    answer=_places(_LARGE),
    unit="rows",
    mistakes=(
        Mistake(_LARGE // 32, "That is the map before the 7 × 7 kernel."),
        Mistake(_places(_LARGE) - 1, "12 − 7, plus 1: the first place counts."),
        Mistake(_places(_LARGE) ** 2, "That is the number of places. Rows are asked for."),
        Mistake(_LARGE - 224 + 1, "The windows move by 32 pixels, not by one."),
        Mistake(1, "That is for 224 pixels."),
    ),
    hint="Five times half, then a 7 × 7 kernel without padding.",
    solution="384 / 32 = 12, and 12 − 7 + 1 = 6: answers for windows of 224 pixels, every 32.",
)


def _gain(maps: int, deviation: float) -> float:
    return deviation * math.sqrt(9 * maps / 2)


FADE = Number(
    id="vgg/fade",
    title="How fast the signal fades",
    level="apply it",
    prompt="A 3 × 3 convolution reads 64 maps: 576 numbers. Its weights are drawn with standard "
    "deviation 0.01, and a ReLU before it has set half of what it reads to zero. Its outputs are "
    "then about 0.01 · √(576 / 2) times as large as its inputs were before that ReLU. How much is "
    "that?",
    answer=round(_gain(64, 0.01), 4),
    tolerance=0.003,
    mistakes=(
        Mistake(0.01 * math.sqrt(576), "Half of the numbers are zero: 288 under the root."),
        Mistake(0.01 * 288, "The square root of 288."),
        Mistake(0.01 * math.sqrt(64 / 2), "A kernel reads 9 numbers of each of the 64 maps."),
        Mistake(_gain(64, math.sqrt(2 / 576)), "That is He's start. Here the weights have 0.01."),
    ),
    hint="The root of 288 is about 17.",
    solution="0.01 · 16.97 = 0.17: each such layer makes the signal about six times smaller. He's "
    "start takes √(2 / 576) = 0.059 in place of 0.01, and the factor is 1.",
)

EXERCISES: tuple[Exercise, ...] = (
    THREE_SMALL,
    WEIGHTS,
    ANY_KERNEL,
    FIRST_FC,
    CODE_COUNT,
    WHERE,
    MAP_SIZE,
    FADE,
)
