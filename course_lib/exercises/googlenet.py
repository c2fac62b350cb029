"""The exercises of the chapter Network in Network and GoogLeNet, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.arithmetic import conv_macs, conv_parameters
from course_lib.exercises.kinds import (
    Code,
    Exercise,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)

# One pixel at a time -----------------------------------------------------------------------------

_IN, _OUT = 256, 64

ONE_BY_ONE = Number(
    id="googlenet/one-by-one",
    title="What a 1 × 1 layer learns",
    level="apply it",
    prompt=f"A 1 × 1 convolution reads {_IN} maps of 28 × 28 pixels and makes {_OUT}. It has "
    "biases. How many parameters does it have?",
    answer=conv_parameters(_IN, _OUT, 1),
    unit="parameters",
    mistakes=(
        Mistake(conv_parameters(_IN, _OUT, 1, bias=False), "One bias for each new map is missing."),
        Mistake(
            _OUT, "A kernel of 1 × 1 has one weight for *each map that it reads*, not one in all."
        ),
        Mistake(
            conv_macs(_IN, _OUT, 1, 28),
            "Those are the multiplications. The weights are the same at all pixels.",
        ),
        Mistake(conv_parameters(_IN, _OUT, 3), "That is a kernel of 3 × 3."),
        Mistake(
            conv_parameters(_IN, _OUT, 1, bias=False) + _IN,
            "There is a bias for each map that comes *out*.",
        ),
    ),
    hint="A fully connected layer from 256 numbers to 64. The size of the map plays no role.",
    solution=f"{_IN} · {_OUT} weights and {_OUT} biases: {conv_parameters(_IN, _OUT, 1):,}.",
)

Image = Sequence[Sequence[Sequence[float]]]


def my_conv1x1(image: Image, weights: Sequence[Sequence[float]], bias: Sequence[float]) -> Any:
    """Reference: the same weighted sums of the values of a pixel, at every pixel."""
    return [
        [
            [
                sum(w * value for w, value in zip(row, pixel, strict=True)) + b
                for row, b in zip(weights, bias, strict=True)
            ]
            for pixel in line
        ]
        for line in image
    ]


def _no_bias(image: Image, weights: Sequence[Sequence[float]], bias: Sequence[float]) -> Any:
    return my_conv1x1(image, weights, [0] * len(bias))


def _with_relu(image: Image, weights: Sequence[Sequence[float]], bias: Sequence[float]) -> Any:
    found = my_conv1x1(image, weights, bias)
    return [[[max(value, 0) for value in pixel] for pixel in line] for line in found]


def _maps_first(image: Image, weights: Sequence[Sequence[float]], bias: Sequence[float]) -> Any:
    found = my_conv1x1(image, weights, bias)
    return [[[pixel[d] for pixel in line] for line in found] for d in range(len(bias))]


def _bias_each(image: Image, weights: Sequence[Sequence[float]], bias: Sequence[float]) -> Any:
    channels = len(weights[0])
    return my_conv1x1(image, weights, [channels * b for b in bias])


def _draw_image(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    rows, columns, channels = (rng.randrange(1, 4) for _ in range(3))
    channels += 1
    maps = rng.choice([n for n in (2, 3, 4) if n not in (rows, columns)])
    image = [
        [[rng.randrange(-4, 5) for _ in range(channels)] for _ in range(columns)]
        for _ in range(rows)
    ]
    weights = [[rng.choice((-3, -2, 1, 2)) for _ in range(channels)] for _ in range(maps)]
    return (image, weights, [rng.choice((-5, -1, 1, 4)) for _ in range(maps)]), {}


_LINES = (
    "def my_conv1x1(image, weights, bias):",
    "    def at(pixel):",
    "        new = []",
    "        for row, b in zip(weights, bias):",
    "            total = b",
    "            for w, value in zip(row, pixel):",
    "                total += w * value",
    "            new.append(total)",
    "        return new",
    "    return [[at(p) for p in line] for line in image]",
)

CODE_ONE_BY_ONE = Code(
    id="googlenet/code-one-by-one",
    title="Write a 1 × 1 convolution",
    level="build it",
    prompt="`image[y][x]` is a pixel: the list of its values, one for each map. `weights[d]` has a "
    "weight for each of them, `bias[d]` is one number. Return an image of the same rows and "
    "columns, where each pixel is the list of its new values, one for each d. No ReLU.",
    function="my_conv1x1",
    stub="def my_conv1x1(image, weights, bias):\n    raise NotImplementedError",
    reference=my_conv1x1,
    draw=_draw_image,
    mistakes=(
        Mistake(_no_bias, "The biases are missing."),
        Mistake(_with_relu, "You cut off what is below 0. Only the weighted sums are asked for."),
        Mistake(
            _maps_first, "You return one map after the other. Keep the pixels: image[y][x][d]."
        ),
        Mistake(_bias_each, "You added the bias for each value. It is added once to each sum."),
    ),
    hint="Write the layer for one pixel first. Then do it at every pixel.",
    solution="One fully connected layer, used at each pixel.\n\n```\n"
    + "\n".join(_LINES)
    + "\n```",
    lines=_LINES,
)

_MAPS, _SIZE, _CLASSES = 512, 8, 20
_FLAT, _MEAN = (_MAPS * _SIZE**2 + 1) * _CLASSES, (_MAPS + 1) * _CLASSES

GAP = Number(
    id="googlenet/gap",
    title="What the mean saves",
    level="apply it",
    prompt=f"A network ends with {_MAPS} maps of {_SIZE} × {_SIZE} pixels, and a fully connected "
    f"layer with biases for {_CLASSES} classes reads all their numbers. You put global average "
    "pooling before it. How many parameters do you save?",
    answer=_FLAT - _MEAN,
    unit="parameters",
    mistakes=(
        Mistake(_FLAT, "That is the layer *without* the mean. Part of it stays."),
        Mistake(_MEAN, "That is the layer that *stays*. What was there before?"),
        Mistake(_FLAT - _MAPS * _CLASSES, "The biases stay: they cancel out in the difference."),
        Mistake(
            _MAPS * (_SIZE**2 - 1), f"Each number is read by all {_CLASSES} classes: multiply."
        ),
        Mistake(_MAPS * _SIZE**2 * _CLASSES, "The layer that reads the means has weights as well."),
    ),
    hint="Count the weights before, the weights after, and take the difference.",
    solution=f"Before {_MAPS} · {_SIZE} · {_SIZE} · {_CLASSES} weights, after "
    f"{_MAPS} · {_CLASSES}. The biases are the same. Saved: {_FLAT - _MEAN:,}, a share of 63/64.",
)

# Modules -----------------------------------------------------------------------------------------

_3B = {"1 × 1": 128, "3 × 3": 192, "5 × 5": 96, "after the pooling": 64}
_REDUCE = (128, 32)

MODULE_OUT = Number(
    id="googlenet/module-out",
    title="How many maps come out?",
    level="read it off",
    prompt="Module 3b of GoogLeNet reads 256 maps. Its branches: 1 × 1 to 128 maps; 1 × 1 to 128, "
    "then 3 × 3 to 192; 1 × 1 to 32, then 5 × 5 to 96; pooling, then 1 × 1 to 64. How many maps "
    "does it hand on?",
    answer=sum(_3B.values()),
    unit="maps",
    mistakes=(
        Mistake(
            sum(_3B.values()) + sum(_REDUCE),
            "You counted the bottlenecks. Only the last layer of each branch is joined.",
        ),
        Mistake(sum(_3B.values()) + 256, "The input is not joined. (DenseNet will do that.)"),
        Mistake(sum(_3B.values()) - 64, "The branch with the pooling counts, too."),
        Mistake(
            sum(_3B.values()) - 64 + 256,
            "The 1 × 1 after the pooling brings its 256 maps down to 64.",
        ),
        Mistake(max(_3B.values()), "The maps stand side by side: add them up."),
    ),
    hint="Take the last number of each branch.",
    solution="128 + 192 + 96 + 64 = 480, which is what module 4a reads.",
)

_SIZE_3A, _IN_3A, _MID_3A, _OUT_3A = 28, 192, 16, 32
_WIDE = conv_macs(_IN_3A, _OUT_3A, 5, _SIZE_3A)
_SQUEEZE = conv_macs(_IN_3A, _MID_3A, 1, _SIZE_3A)
_REST = conv_macs(_MID_3A, _OUT_3A, 5, _SIZE_3A)

WITHOUT = Number(
    id="googlenet/without-bottleneck",
    title="5 × 5 on all maps",
    level="apply it",
    prompt=f"In module 3a, {_IN_3A} maps of {_SIZE_3A} × {_SIZE_3A} pixels come in, and the 5 × 5 "
    f"branch makes {_OUT_3A} maps of the same size. Suppose there is no bottleneck. How many "
    "multiplications?",
    answer=_WIDE,
    mistakes=(
        Mistake(
            conv_macs(_IN_3A, _OUT_3A, 1, _SIZE_3A),
            "You forgot the kernel: 5 × 5 multiplications for each map that is read.",
        ),
        Mistake(
            conv_macs(1, _OUT_3A, 5, _SIZE_3A),
            f"You forgot the maps that come in: each new pixel reads all {_IN_3A}.",
        ),
        Mistake(
            conv_parameters(_IN_3A, _OUT_3A, 5, bias=False),
            "Those are the weights. Each is used once at each of the 28 × 28 pixels.",
        ),
        Mistake(
            conv_macs(_IN_3A, 1, 5, _SIZE_3A), f"That is for one new map. There are {_OUT_3A}."
        ),
        Mistake(_SIZE_3A * _OUT_3A * 25 * _IN_3A, "There are 28 · 28 pixels, not 28."),
        Mistake(2 * _WIDE, "You counted additions as well. Only multiplications are asked for."),
    ),
    hint="Pixels · new maps · kernel · old maps.",
    solution=f"28 · 28 · 32 new numbers, 5 · 5 · 192 multiplications for each: {_WIDE:,}.",
)

WITH = Number(
    id="googlenet/with-bottleneck",
    title="Squeeze first",
    level="apply it",
    prompt=f"Now the way it is built: a 1 × 1 brings the {_IN_3A} maps down to {_MID_3A}, and the "
    f"5 × 5 makes {_OUT_3A} maps out of these, all of {_SIZE_3A} × {_SIZE_3A} pixels. How many "
    "multiplications?",
    answer=_SQUEEZE + _REST,
    mistakes=(
        Mistake(_REST, "That is the 5 × 5 alone. The 1 × 1 before it isn't free."),
        Mistake(_SQUEEZE, "That is the 1 × 1 alone."),
        Mistake(
            _SQUEEZE + conv_macs(_MID_3A, _OUT_3A, 1, _SIZE_3A),
            "The second kernel is 5 × 5: 25 multiplications for each map that it reads.",
        ),
        Mistake(
            conv_macs(1, _MID_3A, 1, _SIZE_3A) + _REST,
            f"The 1 × 1 reads {_IN_3A} maps: that many multiplications for each new number.",
        ),
        Mistake(_SQUEEZE + _WIDE, f"The 5 × 5 reads {_MID_3A} maps now, not {_IN_3A}."),
        Mistake(_WIDE, "That is without the bottleneck."),
    ),
    hint="Two layers, one after the other: count each, and add.",
    solution=f"28 · 28 · 16 · 192 = {_SQUEEZE:,} and 28 · 28 · 32 · 5 · 5 · 16 = {_REST:,}: "
    f"{_SQUEEZE + _REST:,} together, {_WIDE / (_SQUEEZE + _REST):.1f} times fewer.",
)

_STEM_LAYERS, _MODULES = 2, 6

DEPTH = Number(
    id="googlenet/depth",
    title="How deep is it?",
    level="apply it",
    prompt=f"A smaller network: {_STEM_LAYERS} convolutions one after the other, then {_MODULES} "
    "modules with four branches as in GoogLeNet, then global average pooling and a linear layer. "
    "How many layers with weights are on the longest way from the image to the answer?",
    answer=_STEM_LAYERS + 2 * _MODULES + 1,
    unit="layers",
    mistakes=(
        Mistake(
            _STEM_LAYERS + 6 * _MODULES + 1,
            "You counted all six convolutions of a module. Its branches stand side by side.",
        ),
        Mistake(_STEM_LAYERS + _MODULES + 1, "The longest branch has two convolutions, not one."),
        Mistake(_STEM_LAYERS + 2 * _MODULES, "The linear layer has weights as well."),
        Mistake(_STEM_LAYERS + 2 * _MODULES + 2, "Global average pooling has no weights."),
        Mistake(
            _STEM_LAYERS + 4 * _MODULES + 1,
            "Four branches, but only one of them is on the way. How long is the longest?",
        ),
    ),
    hint="Follow one way through each module, the one with the most convolutions.",
    solution="2 + 6 · 2 + 1 = 15. In GoogLeNet it is 3 + 9 · 2 + 1 = 22.",
)

# Heads -------------------------------------------------------------------------------------------

HEADS = OneChoice(
    id="googlenet/heads",
    title="When do the heads work?",
    level="read it off",
    prompt="You have trained GoogLeNet with its two side heads, and now give it the film of a new "
    "patient. Which heads give the answer?",
    options=(
        Option(
            "All three, and their mean is taken.",
            "The side heads are a means to train. They are dropped afterward.",
        ),
        Option(
            "The last one alone; the side heads do not even run.",
            "Right: in eval mode they cost nothing. Their only use is in the loss.",
        ),
        Option(
            "The first one that is sure enough.",
            "There are networks that stop early in this way. GoogLeNet isn't one of them.",
        ),
        Option(
            "The side heads; the last one only trains.",
            "The other way round: the last one sees all that the network has found.",
        ),
    ),
    answer=1,
    solution="The side heads add to the loss while training, so that their gradient enters in the "
    "middle of the network. For an answer, only the last layer counts.",
)

BENEFITS = SeveralChoices(
    id="googlenet/what-is-true",
    title="True of GoogLeNet?",
    level="apply it",
    prompt="Which sentences are right?",
    options=(
        Option(
            "Its branches read the same maps, with kernels of different sizes.",
            "They do: the same input goes into all four.",
        ),
        Option(
            "Global average pooling is its last layer.",
            "A linear layer comes after it, and then the softmax.",
        ),
        Option(
            "Its bottlenecks save weights and multiplications in the same proportion.",
            "They do: each weight is used once at each pixel.",
        ),
        Option(
            "Its last linear layer is bound to images of 224 × 224.",
            "The mean gives one number for each map, however large the maps are.",
        ),
    ),
    answers=(0, 2),
    solution="The first and the third. After the global average pooling there is a linear layer, "
    "and thanks to the mean, images of other sizes fit as well.",
)

EXERCISES: tuple[Exercise, ...] = (
    ONE_BY_ONE,
    CODE_ONE_BY_ONE,
    GAP,
    MODULE_OUT,
    WITHOUT,
    WITH,
    DEPTH,
    HEADS,
    BENEFITS,
)
