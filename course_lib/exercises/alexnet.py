"""The exercises of the chapter AlexNet, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
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

# The layers --------------------------------------------------------------------------------------

FIRST_SIZE = Number(
    id="alexnet/first-size",
    title="The first layer",
    level="apply it",
    prompt="An image of 227 × 227 pixels, kernels of 11 × 11, stride 4, no padding. How many rows "
    "has a map of the first layer?",
    answer=conv_output_size(227, 11, stride=4),
    unit="rows",
    mistakes=(
        Mistake(
            math.ceil(224 / 4), "That is 224 pixels with padding SAME: ⌈224/4⌉. Here there is none."
        ),
        Mistake(
            conv_output_size(224, 11, stride=4),
            "That is an image of 224 pixels, rounded down. Here it has 227.",
        ),
        Mistake(
            (227 - 11) // 4, "Those are the steps that the kernel takes. Its first place counts."
        ),
        Mistake(227 - 11 + 1, "That is stride 1."),
        Mistake(math.ceil(227 / 4), "The kernel must fit into the image: take 11 off first."),
    ),
    hint="⌊(i − k)/s⌋ + 1.",
    solution="(227 − 11)/4 + 1 = 54 + 1 = 55.",
)

THIRD_POOL = Number(
    id="alexnet/third-pool",
    title="A pooling layer that is not on the slide",
    level="apply it",
    prompt="C7 gives 256 maps of 13 × 13. Then the network pools, 3 × 3 with stride 2, no padding. "
    "How many numbers does the first fully connected layer read?",
    answer=256 * pool_output_size(13, 3, stride=2) ** 2,
    unit="numbers",
    mistakes=(
        Mistake(256 * 13**2, "That is without the pooling."),
        Mistake(256 * 7**2, "(13 − 3)/2 + 1 = 6, without rounding."),
        Mistake(256 * 5**2, "Five steps, six places: (13 − 3)/2 + 1."),
        Mistake(pool_output_size(13, 3, stride=2) ** 2, "That is one map. There are 256."),
        Mistake(256 * 4**2, "That is stride 3: windows side by side."),
    ),
    hint="First the rows after pooling, then rows · columns · maps.",
    solution="(13 − 3)/2 + 1 = 6 rows, so 256 · 6 · 6 = 9,216.",
)

# ReLU --------------------------------------------------------------------------------------------

FASTER = OneChoice(
    id="alexnet/faster",
    title="What has been shown?",
    level="read it off",
    prompt="Look at the best learning rate of each activation, for both sets of images. Which "
    "sentence does the figure allow?",
    options=(
        Option(
            "tanh is faster than ReLU.",
            "In general? It is one network with four convolutions and two small sets of images.",
        ),
        Option(
            "In this small network tanh needs fewer steps; about large ones this says nothing.",
            "Right: a measurement holds for what was measured.",
        ),
        Option(
            "The paper is wrong about the factor of six.",
            "It measured another network on other images, with other weights at the start.",
        ),
        Option(
            "ReLU needs fewer steps, if its learning rate is right.",
            "Compare the lowest dots of each color: those of tanh lie lower.",
        ),
    ),
    answer=1,
    solution="Ours is a small network with a good start. The paper's was another one. Each result "
    "holds where it was measured; to carry it over is a guess.",
)

# Towers and normalization ------------------------------------------------------------------------

WHO_READS = SeveralChoices(
    id="alexnet/who-reads",
    title="Who talks to whom?",
    level="read it off",
    prompt="Look at the picture of the two towers. In which layers does each GPU need maps of the "
    "other one?",
    options=(
        Option("C3, the second convolution", "Its arrows stay in their tower: two groups."),
        Option("C5, the third convolution", "Its dashed arrows cross: it reads all 256 maps."),
        Option("C6 and C7", "Their arrows stay in their tower."),
        Option("F8 and F9", "Fully connected means: with everything, also across."),
    ),
    answers=(1, 3),
    solution="C5 and the fully connected layers. Everything else stays on its own GPU.",
)

_GROUPED = 2 * conv_parameters(48, 128, 5)
_WHOLE = conv_parameters(96, 256, 5)

GROUPS = Number(
    id="alexnet/groups",
    title="What two groups save",
    level="apply it",
    prompt="C3 has 256 kernels of 5 × 5, and a bias for each. In two towers, each kernel reads 48 "
    "of the 96 maps. How many parameters has the layer?",
    answer=_GROUPED,
    unit="parameters",
    mistakes=(
        Mistake(_WHOLE, "That is one tower: each kernel reads all 96 maps."),
        Mistake(_GROUPED - 256, "The biases are missing, one a kernel."),
        Mistake(conv_parameters(48, 128, 5), "That is one tower of two."),
        Mistake(
            2 * conv_parameters(48, 256, 5), "256 kernels are there in all, 128 in each tower."
        ),
        Mistake(_GROUPED // 2 + 128, "That is one tower, with all the biases."),
    ),
    hint="5 · 5 · 48 weights and a bias, 256 times.",
    solution="256 · (5 · 5 · 48 + 1) = 307,456. One tower has 256 · (5 · 5 · 96 + 1) = 614,656.",
)


def _normalize(
    maps: Sequence[float],
    start: Callable[[int], int] = lambda i: max(0, i - 2),
    stop: Callable[[int], int] = lambda i: i + 3,
    power: float = 0.75,
) -> list[float]:
    return [
        value / (2 + 1e-4 * sum(other**2 for other in maps[start(i) : stop(i)])) ** power
        for i, value in enumerate(maps)
    ]


def my_lrn(maps: Sequence[float]) -> list[float]:
    """Reference: local response normalization of one pixel, with the paper's constants."""
    return _normalize(maps)


def _ahead(maps: Sequence[float]) -> list[float]:
    return _normalize(maps, start=lambda i: i, stop=lambda i: i + 5)


def _all_maps(maps: Sequence[float]) -> list[float]:
    return _normalize(maps, start=lambda i: 0, stop=lambda i: len(maps))


def _one_short(maps: Sequence[float]) -> list[float]:
    return _normalize(maps, stop=lambda i: i + 2)


def _wraps(maps: Sequence[float]) -> list[float]:
    return _normalize(maps, start=lambda i: i - 2)


def _no_power(maps: Sequence[float]) -> list[float]:
    return _normalize(maps, power=1)


def _draw_lrn(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    return ([rng.randrange(0, 300) for _ in range(rng.randrange(6, 9))],), {}


_LRN_LINES = (
    "def my_lrn(maps):",
    "    out = []",
    "    for i in range(len(maps)):",
    "        near = maps[max(0, i - 2) : i + 3]",
    "        total = sum(a**2 for a in near)",
    "        scale = (2 + 1e-4 * total) ** 0.75",
    "        out.append(maps[i] / scale)",
    "    return out",
)

CODE_LRN = Code(
    id="alexnet/code-lrn",
    title="Let neighbors compete",
    level="build it",
    prompt="One pixel: `maps` is the list of its numbers, one for each map. Divide each number by "
    "(2 + 0.0001 · S) to the power of 0.75. S is the sum of the *squares* of the five numbers "
    "around it: two before, itself, two after. At the ends there are fewer. Return the list.",
    function="my_lrn",
    stub="def my_lrn(maps):\n    raise NotImplementedError",
    reference=my_lrn,
    draw=_draw_lrn,
    mistakes=(
        Mistake(_ahead, "You took the number and four after it. Its neighbors are on both sides."),
        Mistake(_all_maps, "You summed over all maps. *Local* means: five of them."),
        Mistake(_one_short, "Your window ends one too early: `i + 3` is excluded."),
        Mistake(_wraps, "`i - 2` is below 0 for the first two. Python then counts from the end."),
        Mistake(_no_power, "The power of 0.75 is missing."),
    ),
    hint="For each i, a slice of `maps` from two before to two after.",
    solution="The slice must not begin below 0.\n\n```\n" + "\n".join(_LRN_LINES) + "\n```",
    lines=_LRN_LINES,
)

# Against overfitting -----------------------------------------------------------------------------

_FEW, _SIDE = 256, 224

CROPS = Number(
    id="alexnet/crops",
    title="How many images are in one?",
    level="apply it",
    prompt=f"An image of {_FEW} × {_FEW} pixels is cut to {_SIDE} × {_SIDE} at a random place, and "
    f"mirrored or not. The paper draws each shift from 0 to {_FEW - _SIDE - 1}. How many different "
    "images can come out?",
    answer=2 * (_FEW - _SIDE) ** 2,
    unit="images",
    mistakes=(
        Mistake((_FEW - _SIDE) ** 2, "And each of them may be mirrored."),
        Mistake(2 * (_FEW - _SIDE), "Rows *and* columns are shifted: 32 times 32 places."),
        Mistake(
            2 * (_FEW - _SIDE + 1) ** 2,
            "33 places would fit. But from 0 to 31 there are 32, and the paper counts so.",
        ),
        Mistake(2 * (_FEW - _SIDE - 1) ** 2, "From 0 to 31 there are 32 shifts."),
        Mistake(4 * (_FEW - _SIDE) ** 2, "Mirrored left and right only: two, not four."),
    ),
    hint="Shifts down, times shifts to the right, times two.",
    solution="32 · 32 · 2 = 2,048. (A shift of 32 would fit as well: 33 · 33 · 2 = 2,178.)",
)

KEEPS_LABEL = SeveralChoices(
    id="alexnet/keeps-label",
    title="Is it still the same label?",
    level="apply it",
    prompt="An augmentation is allowed if a doctor would give the changed image the *same* label. "
    "Which of these are?",
    options=(
        Option(
            "Mirror a photograph of the retina; the label says if there is a bleeding.",
            "A bleeding is a bleeding on either side.",
        ),
        Option(
            "Mirror a photograph of the retina; the label says left eye or right eye.",
            "The mirrored left eye looks like a right one: the label is now wrong.",
        ),
        Option(
            "Add 150 to a CT slice in Hounsfield units; the label says if there is fat.",
            "Fat of −100 HU would become 50 HU, and look like soft tissue.",
        ),
        Option(
            "Cut 224 of 256 pixels at random; the label says if there is a nodule at the edge.",
            "The cut may throw the nodule away, and the label stays “nodule”.",
        ),
        Option(
            "Turn a slice of tissue under the microscope by 90°; the label is the sort of tumor.",
            "Nobody knows which way is up on a glass slide: any turn is as good.",
        ),
    ),
    answers=(0, 4),
    solution="Ask what the label depends on: side, place, or the number itself. What the label "
    "depends on must not be changed.",
)


def my_dropout(x: Sequence[float], kept: Sequence[bool], p: float) -> list[float]:
    """Reference: dropped numbers are 0, the others grow so that the mean stays."""
    return [value / (1 - p) if keep else 0.0 for value, keep in zip(x, kept, strict=True)]


def _no_scale(x: Sequence[float], kept: Sequence[bool], p: float) -> list[float]:
    return [value if keep else 0.0 for value, keep in zip(x, kept, strict=True)]


def _by_p(x: Sequence[float], kept: Sequence[bool], p: float) -> list[float]:
    return [value / p if keep else 0.0 for value, keep in zip(x, kept, strict=True)]


def _smaller(x: Sequence[float], kept: Sequence[bool], p: float) -> list[float]:
    return [value * (1 - p) if keep else 0.0 for value, keep in zip(x, kept, strict=True)]


def _shorter(x: Sequence[float], kept: Sequence[bool], p: float) -> list[float]:
    return [value / (1 - p) for value, keep in zip(x, kept, strict=True) if keep]


def _turned(x: Sequence[float], kept: Sequence[bool], p: float) -> list[float]:
    return my_dropout(x, [not keep for keep in kept], p)


def _draw_dropout(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    count = rng.randrange(4, 7)
    x = [rng.randrange(1, 9) for _ in range(count)]
    kept = [True, False, *(rng.random() < 0.5 for _ in range(count - 2))]
    return (x, kept, rng.choice((0.2, 0.25, 0.5, 0.75))), {}


_DROPOUT_LINES = (
    "def my_dropout(x, kept, p):",
    "    out = []",
    "    for value, keep in zip(x, kept):",
    "        if keep:",
    "            out.append(value / (1 - p))",
    "        else:",
    "            out.append(0.0)",
    "    return out",
)

CODE_DROPOUT = Code(
    id="alexnet/code-dropout",
    title="Write dropout",
    level="build it",
    prompt="`x` is a list of numbers, `kept` says for each if it stays (True) or is dropped "
    "(False), `p` is the chance to be dropped. Return a list as long as `x`: 0 for what is "
    "dropped, and the rest scaled so that the *mean over many draws* is `x`.",
    function="my_dropout",
    stub="def my_dropout(x, kept, p):\n    raise NotImplementedError",
    reference=my_dropout,
    draw=_draw_dropout,
    mistakes=(
        Mistake(_no_scale, "Without scaling the mean is (1 − p) times `x`: too small."),
        Mistake(_by_p, "A number stays with chance 1 − p, so divide by that, not by p."),
        Mistake(_smaller, "You made them smaller. What stays must make up for what is gone."),
        Mistake(_shorter, "What is dropped becomes 0; it doesn't leave the list."),
        Mistake(_turned, "You dropped those that stay: look at what True means."),
    ),
    hint="The mean is (1 − p) · (what stays) + p · 0. When is that x?",
    solution="(1 − p) · x/(1 − p) = x.\n\n```\n" + "\n".join(_DROPOUT_LINES) + "\n```",
    lines=_DROPOUT_LINES,
)

# Cost --------------------------------------------------------------------------------------------

WHERE = OneChoice(
    id="alexnet/where",
    title="Where does it all sit?",
    level="read it off",
    prompt="Before you look: five convolutions, three fully connected layers. Where are most of "
    "the parameters, and where is most of the arithmetic?",
    options=(
        Option(
            "Both in the convolutions.",
            "A kernel has few weights, and uses each one at every place.",
        ),
        Option(
            "Parameters in the convolutions, arithmetic in the fully connected layers.",
            "The other way round: a fully connected layer uses each weight once.",
        ),
        Option(
            "Parameters in the fully connected layers, arithmetic in the convolutions.",
            "Right: sharing a weight saves parameters, not arithmetic.",
        ),
        Option(
            "Both in the fully connected layers.",
            "C1 alone uses each of its weights 55 · 55 = 3,025 times.",
        ),
    ),
    answer=2,
    solution="A fully connected layer uses each weight once, a convolution at every place. So the "
    "one has the weights, the other the work.",
)

EXERCISES: tuple[Exercise, ...] = (
    WHO_READS,
    GROUPS,
    FIRST_SIZE,
    THIRD_POOL,
    WHERE,
    FASTER,
    CODE_LRN,
    CODE_DROPOUT,
    CROPS,
    KEEPS_LABEL,
)
