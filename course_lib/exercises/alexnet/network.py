"""The network: its sizes, its towers, where it all sits, its normalization.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_lib.arithmetic import conv_output_size, conv_parameters, pool_output_size
from course_lib.exercises.kinds import (
    Code,
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
            (227 - 11) // 4,
            "Those are the steps that the kernel takes: its first place counts, too. (Or did you "
            "take 224 pixels, and round down?)",
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
