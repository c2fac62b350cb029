"""Exercises: real networks, the effective field, fully convolutional networks.

Answers and wrong answers are computed; the numbers typed in are those of the questions. A layer is
written (kernel, stride, padding, dilation), and acts alike along rows and columns.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_lib.arithmetic import conv_output_size, conv_parameters
from course_lib.exercises.kinds import (
    Code,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)
from course_lib.exercises.receptive_fields._layers import Layer, carry, fence

# Real networks -----------------------------------------------------------------------------------

_DILATIONS = (1, 2, 4, 8)
_DILATED: tuple[Layer, ...] = tuple((3, 1, d, d) for d in _DILATIONS)

DILATED_STACK = Number(
    id="receptive_fields/dilated-stack",
    title="Four layers with holes",
    level="apply it",
    prompt="Four layers of 3 × 3 with stride 1 and dilations 1, 2, 4 and 8. How many columns does "
    "one output see?",
    answer=carry(_DILATED)[-1][0],
    mistakes=(
        Mistake(1 + 4 * 2, "That is without dilation. A layer with dilation d adds 2d columns."),
        Mistake(
            1 + 2 * _DILATIONS[-1], "That is the last layer alone. All four layers add their part."
        ),
        Mistake(2 * sum(_DILATIONS), "Begin with 1, the output itself."),
        Mistake(1 + 3 * sum(_DILATIONS), "Three cells are two steps apart: d(k − 1) = 2d, not 3d."),
        Mistake(
            1 + 2 * math.prod(_DILATIONS),
            "With stride 1 the jump stays 1. What the layers add is added up, not multiplied.",
        ),
    ),
    hint="Each layer adds d(k − 1) · j columns, and all jumps are 1 here.",
    solution="1 + 2 · 1 + 2 · 2 + 2 · 4 + 2 · 8 = 31. Without dilation, 15 layers are needed for "
    "31 columns.",
)

OUTSIDE = OneChoice(
    id="receptive_fields/outside",
    title="A field larger than the image",
    level="read it off",
    prompt="The field of an output of ResNet-50 has 427 × 427 pixels. The image has 224 × 224. "
    "What does the output see in the rest of its field?",
    options=(
        Option("Nothing: there the network computes with zeros.", "The padding of its layers."),
        Option("Other images of the batch.", "Images of a batch do not meet in a convolution."),
        Option(
            "The image again, from the other side.",
            "That would be circular padding. These networks pad with zeros.",
        ),
        Option(
            "The field is cut to 224, so there is no rest.",
            "Of the image it sees no more than 224 columns. But what lies in the padding is "
            "computed with: an output near the border can notice that it is there.",
        ),
    ),
    answer=0,
    solution="The rest lies in the padding. Each layer pads *its* input with zeros, so deeper "
    "layers meet zeros where, further out, there was never a pixel.",
)


# The effective field -----------------------------------------------------------------------------


def _spread(layers: int) -> float:
    """Standard deviation, in pixels, of `layers` layers of three equal weights."""
    return math.sqrt(layers * 2 / 3)


_DEEPER = (_spread(40) / _spread(10), 4, math.sqrt(2), 1)

FOUR_TIMES_DEEPER = OneChoice(
    id="receptive_fields/four-times-deeper",
    title="Four times as deep",
    level="apply it",
    prompt="You stack 40 layers of 3 × 3 in place of 10. The field grows from 21 to 81 columns. "
    "How many times as wide does the part become that really counts (the effective field)?",
    options=(
        Option("2 times", "Variances add up: its width grows with the square root of the depth."),
        Option("4 times", "The field grows like that. Its middle does not: variances add up."),
        Option("1.4 times", "That would be the root of 2. The depth is four times as large."),
        Option("not at all", "It does grow, but with the square root of the depth."),
    ),
    answer=min(range(4), key=lambda i: abs(_DEEPER[i] - math.sqrt(40 / 10))),
    solution="The variance of a layer's step is 2/3, and variances add up: √(40 · 2/3) ≈ 5.2 "
    "pixels against √(10 · 2/3) ≈ 2.6. Four times as deep is twice as wide.",
)


# Fully convolutional networks --------------------------------------------------------------------

FC_AS_CONVOLUTION = Number(
    id="receptive_fields/fc-as-convolution",
    title="The same layer, written as a convolution",
    level="apply it",
    prompt="In LeNet, 16 maps of 5 × 5 go into a fully connected layer of 120 neurons with biases. "
    "You write it as a convolution. How many parameters does that convolution have?",
    answer=conv_parameters(16, 120, 5),
    mistakes=(
        Mistake(conv_parameters(16, 120, 5, bias=False), "Each neuron has a bias as well."),
        Mistake(conv_parameters(1, 120, 5), "Each neuron reads all 16 maps, not one of them."),
        Mistake(
            conv_parameters(16, 120, 1),
            "A kernel of 1 × 1 reads one place of each map. The neuron reads all 5 × 5.",
        ),
        Mistake(5 * 5 * 16, "That is what one neuron reads. There are 120 of them."),
        Mistake(5 * 5 * 16 + 1, "That is one neuron. There are 120 of them."),
    ),
    hint="The kernel is as large as the map. Count 5 · 5 · 16 weights and a bias for each neuron.",
    solution="5 · 5 · 16 · 120 = 48,000 weights and 120 biases: 48,120. The fully connected layer "
    "has the same: nothing is gained or lost, the weights only stand in another shape.",
)

_LINES_KERNEL = (
    "def my_kernel(weights, maps, size):",
    "    kernel, taken = [], iter(weights)",
    "    for _ in range(maps):",
    "        plane = []",
    "        for _ in range(size):",
    "            plane.append([next(taken) for _ in range(size)])",
    "        kernel.append(plane)",
    "    return kernel",
)


def _draw_weights(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    maps, size = rng.randint(1, 3), rng.randint(1, 3)
    return ([rng.randint(-9, 9) for _ in range(maps * size**2)], maps, size), {}


def _unflatten(place: Callable[..., int]) -> Callable[..., list[list[list[int]]]]:
    def kernel(weights: Sequence[int], maps: int, size: int) -> list[list[list[int]]]:
        side = range(size)
        return [
            [[weights[place(m, r, c, maps, size)] for c in side] for r in side] for m in range(maps)
        ]

    return kernel


CODE_KERNEL = Code(
    id="receptive_fields/code-kernel",
    title="One neuron as a kernel",
    level="build it",
    prompt="Write `my_kernel`. A neuron reads `maps` maps of `size` × `size`, flattened as "
    "PyTorch does it: the first map row by row, then the second, and so on. Turn its list of "
    "`weights` into the kernel: `kernel[m][r][c]` is the weight for map m, row r, column c.",
    function="my_kernel",
    stub="def my_kernel(weights, maps, size):\n    raise NotImplementedError",
    reference=_unflatten(lambda m, r, c, maps, size: (m * size + r) * size + c),
    draw=_draw_weights,
    mistakes=(
        Mistake(
            _unflatten(lambda m, r, c, maps, size: (m * size + c) * size + r),
            "Rows and columns are swapped: the flat list runs along the rows.",
        ),
        Mistake(
            _unflatten(lambda m, r, c, maps, size: (r * size + c) * maps + m),
            "You took the maps as the fastest index. PyTorch finishes the first map before it "
            "begins the second.",
        ),
        Mistake(
            _unflatten(lambda m, r, c, maps, size: r * size + c),
            "Every map got the weights of the first one.",
        ),
        Mistake(
            _unflatten(lambda m, r, c, maps, size: maps * size**2 - 1 - (m * size + r) * size - c),
            "You turned everything around. `conv2d` does not flip its kernel, so do not turn it.",
        ),
    ),
    hint="`size` numbers make a row, `size` rows a map. Take them one after the other.",
    lines=_LINES_KERNEL,
    solution=fence(_LINES_KERNEL)
    + "\n\nFor a tensor, `weights.reshape(maps, size, size)` does the same.",
)

_FIELD, _JUMP, _LARGE = 20, 4, 52

MAP_SIZE = Number(
    id="receptive_fields/map-size",
    title="How large is the map?",
    level="apply it",
    prompt=f"A network without padding was trained on patches of {_FIELD} × {_FIELD}: one output, "
    f"with a field of {_FIELD} and a jump of {_JUMP}. Now it reads an image of {_LARGE} × "
    f"{_LARGE}. How many rows does its map of predictions have?",
    answer=conv_output_size(_LARGE, _FIELD, stride=_JUMP),
    mistakes=(
        Mistake(conv_output_size(_LARGE, _FIELD), f"Its outputs lie {_JUMP} pixels apart, not 1."),
        Mistake((_LARGE - _FIELD) // _JUMP, "The field's first place needs no step: add 1."),
        Mistake(_LARGE // _JUMP, "The first and the last field must lie inside the image."),
        Mistake(
            conv_output_size(_LARGE, _FIELD, stride=_JUMP) ** 2,
            "That is the number of all outputs. How many rows are there?",
        ),
        Mistake(_LARGE // _FIELD, "The fields overlap: neighbors lie one jump apart."),
    ),
    hint="The whole network acts like one kernel with k = field and s = jump.",
    solution=f"⌊({_LARGE} − {_FIELD})/{_JUMP}⌋ + 1 = 9. For sizes, the whole network is one kernel "
    "with the field as its size and the jump as its stride.",
)

SAME_FIELD = OneChoice(
    id="receptive_fields/same-field",
    title="A larger image, a larger field?",
    level="apply it",
    prompt=f"The same network reads the image of {_LARGE} × {_LARGE} pixels. How many pixels does "
    "each number of its map see?",
    options=(
        Option(f"{_FIELD} × {_FIELD}", "Kernels and strides are the same, and so is the field."),
        Option(
            f"{_LARGE} × {_LARGE}",
            "No layer was added and no kernel grew. More outputs, each with its old field.",
        ),
        Option(
            f"{_JUMP} × {_JUMP}", "That is how far apart two outputs look. Their fields overlap."
        ),
    ),
    answer=0,
    solution="The field depends on kernels, strides and dilations only. A larger image has more "
    "outputs, not larger fields: nobody in this network sees the whole image.",
)

BREAKS_EQUALITY = SeveralChoices(
    id="receptive_fields/breaks-equality",
    title="What breaks the equality?",
    level="apply it",
    prompt="A network gives a map on a large image. On every patch cut out of it, does it give the "
    "same number as in the map? Tick each layer that breaks this.",
    options=(
        Option(
            "a 3 × 3 convolution with padding 1",
            "With padding, a patch ends in zeros where the image goes on with pixels.",
        ),
        Option("a ReLU", "A ReLU looks at one number at a time: it never notices a border."),
        Option(
            "a 3 × 3 convolution without padding",
            "Without padding, an output only sees pixels of its own patch.",
        ),
        Option(
            "an average over the whole map before the last layer",
            "On the large image that is the mean of all places, not of those in the patch.",
        ),
        Option(
            "a 2 × 2 pooling with stride 2, patches cut at multiples of the jump",
            "At multiples of the jump, the windows of patch and image are the same.",
        ),
    ),
    answers=(0, 3),
    solution="Padding and the average over the whole map break it: both let an output depend on "
    "where the image ends. The other layers see the same numbers in the patch and in the image.",
)
