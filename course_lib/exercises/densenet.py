"""The exercises of the chapter DenseNet, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.arithmetic import conv_parameters
from course_lib.exercises.kinds import (
    Code,
    Exercise,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)

# Connections and maps ----------------------------------------------------------------------------

_LAYERS = 6


def _connections(layers: int) -> int:
    return sum(range(1, layers + 1))


COUNT_CONNECTIONS = Number(
    id="densenet/count-connections",
    title="Count the arrows",
    level="read it off",
    prompt=f"A dense block of {_LAYERS} layers. Each layer reads the input of the block and the "
    "maps of every layer before it. How many connections are there?",
    answer=_connections(_LAYERS),
    mistakes=(
        Mistake(_LAYERS, "That is a plain chain, one arrow a layer."),
        Mistake(
            _connections(_LAYERS - 1),
            "You counted the layers before each layer. Each one reads the input x as well.",
        ),
        Mistake(_LAYERS**2, "Layers read backward only: the first one has one arrow, not six."),
        Mistake(
            _LAYERS * (_LAYERS + 1),
            "You counted both directions. Maps flow forward only: halve it.",
        ),
    ),
    hint="Layer 1 reads one thing, layer 2 reads two, layer 3 reads three. Add them up.",
    solution="1 + 2 + 3 + 4 + 5 + 6 = 21. In general L(L + 1)/2.",
)

_STEM, _GROWTH = 64, 32

MAPS_IN = Number(
    id="densenet/maps-in",
    title="What the sixth layer reads",
    level="apply it",
    prompt=f"A block gets {_STEM} maps. Each of its layers adds {_GROWTH}. How many maps does the "
    "sixth layer read?",
    answer=_STEM + 5 * _GROWTH,
    unit="maps",
    mistakes=(
        Mistake(
            _STEM + 6 * _GROWTH,
            "That is what the block has *after* the sixth layer. Only five layers stand before it.",
        ),
        Mistake(5 * _GROWTH, "The maps that came into the block are read, too."),
        Mistake(
            6 * _GROWTH, "Five layers stand before it, and the maps of the input are read, too."
        ),
        Mistake(_GROWTH, "That is what a layer *adds*. It reads all that is there."),
        Mistake(_STEM, "That is what the first layer reads."),
    ),
    hint="The input of the block, and what each of the five layers before it has added.",
    solution="64 + 5 · 32 = 224 maps.",
)

JOIN_OR_ADD = OneChoice(
    id="densenet/join-or-add",
    title="Two ways to keep what was there",
    level="read it off",
    prompt="A residual block gives F(x) + x, a dense layer gives x and F(x) side by side. Which "
    "of these can only the *dense* layer do?",
    options=(
        Option(
            "Let the gradient reach x without passing F.",
            "Both can: the sum has a slope of 1 for x as well.",
        ),
        Option(
            "Show later layers x itself, unchanged, whatever F does.",
            "Right: after a sum nobody can tell x from F(x) any more.",
        ),
        Option(
            "Keep the number of maps as it was.",
            "That is the residual block. The dense layer's maps grow in number.",
        ),
        Option(
            "Do nothing, if F is zero.",
            "A residual block does nothing then. A dense layer still hands on maps of zeros.",
        ),
    ),
    answer=1,
    solution="After a sum, nobody can tell x from F(x) any more: 5 may be 2 + 3 or 4 + 1. Side by "
    "side both are there, and every later layer may pick.",
)

# Counting ----------------------------------------------------------------------------------------

_READ = 256 + 23 * _GROWTH


def _direct(maps: int) -> int:
    return conv_parameters(maps, _GROWTH, 3, bias=False)


def _bottleneck(maps: int) -> int:
    inner = 4 * _GROWTH
    return conv_parameters(maps, inner, 1, bias=False) + conv_parameters(
        inner, _GROWTH, 3, bias=False
    )


BOTTLENECK = Number(
    id="densenet/bottleneck",
    title="The last layer of the third block",
    level="apply it",
    prompt=f"In DenseNet-121 the last layer of the third block reads {_READ} maps. A 1 × 1 "
    "convolution makes 128 of them, then a 3 × 3 makes 32. No biases. How many weights do the two "
    "convolutions have?",
    answer=_bottleneck(_READ),
    unit="weights",
    mistakes=(
        Mistake(_direct(_READ), "That is a 3 × 3 without the 1 × 1 before it: 74% more."),
        Mistake(
            conv_parameters(_READ, 128, 1, bias=False),
            "That is the 1 × 1 alone. The 3 × 3 from 128 to 32 maps comes on top.",
        ),
        Mistake(conv_parameters(128, 32, 3, bias=False), "That is the 3 × 3 alone."),
        Mistake(
            _READ * 128 + 128 * 32, "The second kernel has 3 × 3 = 9 weights for each pair of maps."
        ),
        Mistake(
            _bottleneck(_READ) + 128 + 32,
            "You counted biases. The normalizations make them useless.",
        ),
    ),
    hint="1 · 1 · (maps in) · 128 for the first, 3 · 3 · 128 · 32 for the second.",
    solution="992 · 128 = 126,976 and 9 · 128 · 32 = 36,864: 163,840 together. Without the "
    "bottleneck 9 · 992 · 32 = 285,696.",
)

_DEPTH_BLOCKS = (4, 8, 8)

COUNT_DEPTH = Number(
    id="densenet/count-depth",
    title="What the name counts",
    level="apply it",
    prompt="A DenseNet-BC has blocks of 4, 8 and 8 layers, and a number in its name that counts "
    "all layers with weights: the first convolution, the two of each dense layer, one in each "
    "transition, the classifier. Which number?",
    answer=1 + 2 * sum(_DEPTH_BLOCKS) + 2 + 1,
    mistakes=(
        Mistake(
            1 + sum(_DEPTH_BLOCKS) + 2 + 1, "A dense layer has two convolutions: 1 × 1 and 3 × 3."
        ),
        Mistake(
            1 + 2 * sum(_DEPTH_BLOCKS) + 3 + 1,
            "Transitions stand *between* blocks: three blocks, two transitions.",
        ),
        Mistake(2 * sum(_DEPTH_BLOCKS), "Those are the layers in the blocks. Add the four others."),
        Mistake(1 + 2 * sum(_DEPTH_BLOCKS) + 1, "The transitions have a convolution each."),
        Mistake(
            2 * sum(_DEPTH_BLOCKS) + 2 + 1, "The first convolution is missing, or the classifier."
        ),
    ),
    hint="Two for each dense layer, and then: the first, the transitions, the last.",
    solution="1 + 2 · 20 + 2 + 1 = 44. In the same way 1 + 2 · 58 + 3 + 1 = 121.",
)

TRANSITION = Number(
    id="densenet/transition",
    title="What a transition throws away",
    level="apply it",
    prompt="A transition keeps half of the maps, and halves their rows and columns. How many times "
    "fewer numbers come out than went in?",
    answer=2 * 2 * 2,
    mistakes=(
        Mistake(4, "Rows and columns make 4. And half of the maps go, too."),
        Mistake(2, "That is for the maps. Their rows and columns are halved as well."),
        Mistake(6, "The three halvings multiply: 2 · 2 · 2."),
        Mistake(1 / 8, "That is the share that is left. How many times fewer is it?"),
    ),
    hint="Three things are halved.",
    solution="Maps, rows and columns: 2 · 2 · 2 = 8. DenseNet-121 goes from 256 · 56 · 56 = "
    "802,816 numbers to 128 · 28 · 28 = 100,352.",
)

# Build it ----------------------------------------------------------------------------------------


def my_dense_block(x: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Reference: each layer appends its weight times the sum of all that is there."""
    maps = list(x)
    for weight in weights:
        maps.append(weight * sum(maps))
    return maps


def _chain(x: Sequence[float], weights: Sequence[float]) -> list[float]:
    maps = list(x)
    for weight in weights:
        maps.append(weight * maps[-1])
    return maps


def _input_only(x: Sequence[float], weights: Sequence[float]) -> list[float]:
    return [*x, *(weight * sum(x) for weight in weights)]


def _new_only(x: Sequence[float], weights: Sequence[float]) -> list[float]:
    return my_dense_block(x, weights)[len(x) :]


def _added(x: Sequence[float], weights: Sequence[float]) -> list[float]:
    maps = list(x)
    for weight in weights:
        new = weight * sum(maps)
        maps = [value + new for value in maps]
    return maps


def _draw_block(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    x = [rng.randrange(1, 5) for _ in range(rng.randrange(2, 4))]
    weights = [rng.choice((-3, -2, 2, 3)) for _ in range(rng.randrange(2, 5))]
    return (x, weights), {}


_LINES = (
    "def my_dense_block(x, weights):",
    "    maps = list(x)",
    "    for weight in weights:",
    "        new = weight * sum(maps)",
    "        maps.append(new)",
    "    return maps",
)

CODE_BLOCK = Code(
    id="densenet/code-block",
    title="Write a dense block",
    level="build it",
    prompt="One pixel, so each map is one number. `x` is the list of maps that come in. Layer n is "
    "as small as can be: it adds *one* map, `weights[n]` times the sum of **all** maps before it. "
    "Return the list of all maps, those of `x` first.",
    function="my_dense_block",
    stub="def my_dense_block(x, weights):\n    raise NotImplementedError",
    reference=my_dense_block,
    draw=_draw_block,
    mistakes=(
        Mistake(_chain, "Your layer reads the last map only. That is a plain chain."),
        Mistake(_input_only, "Your layers read the input only, not each other."),
        Mistake(_new_only, "The block hands on everything, the maps of `x` as well."),
        Mistake(_added, "You added the new map to the old ones. Join it to them."),
    ),
    hint="Keep one list of maps, and append to it.",
    solution="Each layer sees the list as it is, and the list grows.\n\n```\n"
    + "\n".join(_LINES)
    + "\n```",
    lines=_LINES,
)

# What it costs -----------------------------------------------------------------------------------

MEMORY = OneChoice(
    id="densenet/memory",
    title="Twice as many layers",
    level="apply it",
    prompt="For the backward pass, each layer of a block keeps the joined maps that it has read, "
    "as a copy of its own. The block gets twice as many layers, with the same growth rate. The "
    "input of the block is small. About how much more memory do these copies take?",
    options=(
        Option("Twice as much.", "The copies get longer too: later layers read more maps."),
        Option("Four times as much.", "Right: twice as many copies, each twice as long."),
        Option("Eight times as much.", "Rows and columns stay as they are."),
        Option("2 to the power of L times as much.", "Layer n reads n times k maps: no explosion."),
    ),
    answer=1,
    solution="Layer n reads about n · k maps. Summed over L layers that is about k · L²/2: twice "
    "as many layers, four times the copies.",
)

WHEN_DENSE = SeveralChoices(
    id="densenet/when-dense",
    title="For which task?",
    level="apply it",
    prompt="You know now what DenseNet saves and what it doesn't. Which sentences are right?",
    options=(
        Option(
            "DenseNet-121 has fewer parameters than ResNet-18.",
            "7,978,856 against 11,689,512: look at the table again.",
        ),
        Option(
            "DenseNet-121 needs less arithmetic than ResNet-18.",
            "2.8 billion MACs against 1.8 billion: fewer weights, but more often used.",
        ),
        Option(
            "The file of its weights is small, which helps where it has to be sent or stored.",
            "8 million numbers of 4 bytes: 32 MB, a third of ResNet-50's file.",
        ),
        Option(
            "Training it takes less memory than the number of its weights suggests.",
            "The other way round: the joined maps take more.",
        ),
    ),
    answers=(0, 2),
    solution="Few weights don't mean little arithmetic, and not little memory: the maps decide.",
)

EXERCISES: tuple[Exercise, ...] = (
    COUNT_CONNECTIONS,
    JOIN_OR_ADD,
    MAPS_IN,
    CODE_BLOCK,
    TRANSITION,
    BOTTLENECK,
    COUNT_DEPTH,
    MEMORY,
    WHEN_DENSE,
)
