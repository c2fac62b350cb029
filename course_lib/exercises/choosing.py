"""The exercises of the chapter Choosing an architecture, in reading order.

Answers and wrong answers are computed from the table of networks; the numbers typed in are those of
the questions.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.exercises.kinds import (
    Code,
    Exercise,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)
from course_lib.networks import NETWORKS, Network, accuracy_of, find_network

# The chart ---------------------------------------------------------------------------------------


def _right(network: Network) -> float:
    value = accuracy_of(network)
    if value is None:
        raise ValueError(f"{network.name} has no published accuracy")
    return value


_PRICE = 1.7  # billions of multiply-accumulates
_CHART = ("GoogLeNet", "ResNet-18", "DenseNet-121", "MobileNet-v2", "AlexNet 2014")
_AFFORDABLE = [
    n for n in NETWORKS if n.name in _CHART and n.macs < _PRICE * 1e9 and n.family != "for phones"
]
_BEST = max(_AFFORDABLE, key=_right)


def _chart_feedback(name: str) -> str:
    network = find_network(name)
    macs = network.macs / 1e9
    if name == _BEST.name:
        return (
            f"Right: {_right(network):.1f}% for {macs:.1f} billion. ResNet-18 is as good, for more."
        )
    if macs >= _PRICE:
        return f"It needs {macs:.1f} billion: too many."
    if network.family == "for phones":
        return "It would be the best, but it is of no family of the course."
    return f"It is right {_right(network):.1f}% of the time; {_BEST.name} is higher in the chart."


READ_CHART = OneChoice(
    id="choosing/read-chart",
    title="On a budget",
    level="read it off",
    prompt=f"Weights: first (V1). Of the networks that this course *builds* (so none of those for "
    f"phones), which one is right most often among those that need fewer than {_PRICE} billion "
    "multiply-accumulates? Choose it in the lab to see its numbers.",
    options=tuple(Option(name, _chart_feedback(name)) for name in _CHART),
    answer=_CHART.index(_BEST.name),
    solution="GoogLeNet, 69.8% for 1.5 billion. ResNet-18 is right as often, for 1.8 billion.",
)

_RIVALS = ("GoogLeNet", "ResNet-34", "ResNet-152", "DenseNet-121", "AlexNet 2014")
_VGG = find_network("VGG-16")
_WINNERS = tuple(
    n
    for n, name in enumerate(_RIVALS)
    if _right(find_network(name)) > _right(_VGG) and find_network(name).macs < _VGG.macs
)


def _rival_feedback(name: str) -> str:
    rival = find_network(name)
    cheap = f"{rival.macs / 1e9:.1f} billion operations"
    if _right(rival) > _right(_VGG):
        return f"{cheap} and {_right(rival):.1f}% right: it wins twice."
    return f"{cheap}, but only {_right(rival):.1f}% right, and VGG-16 has {_right(_VGG):.1f}%."


BEATS_VGG = SeveralChoices(
    id="choosing/beats-vgg",
    title="Who beats VGG-16?",
    level="read it off",
    prompt="A network *dominates* another one if it costs less and is right more often. Weights: "
    "first (V1); cost: operations. Which of these dominate VGG-16?",
    options=tuple(Option(name, _rival_feedback(name)) for name in _RIVALS),
    answers=_WINNERS,
    solution="All that lie to the upper left of its ball: ResNet-34, ResNet-152 and DenseNet-121. "
    "GoogLeNet and AlexNet are cheaper, but less often right: between them and VGG-16 you have to "
    "choose.",
)


def my_front(costs: Sequence[float], gains: Sequence[float]) -> list[int]:
    """Reference: the numbers of the points that no other point beats in both."""
    front = []
    for n in range(len(costs)):
        beaten = False
        for m in range(len(costs)):
            if costs[m] < costs[n] and gains[m] > gains[n]:
                beaten = True
        if not beaten:
            front.append(n)
    return front


def _in_one(costs: Sequence[float], gains: Sequence[float]) -> list[int]:
    numbers = range(len(costs))
    return [
        n for n in numbers if not any(costs[m] < costs[n] or gains[m] > gains[n] for m in numbers)
    ]


def _dear(costs: Sequence[float], gains: Sequence[float]) -> list[int]:
    numbers = range(len(costs))
    return [
        n for n in numbers if not any(costs[m] > costs[n] and gains[m] > gains[n] for m in numbers)
    ]


def _the_beaten(costs: Sequence[float], gains: Sequence[float]) -> list[int]:
    front = my_front(costs, gains)
    return [n for n in range(len(costs)) if n not in front]


def _draw_points(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    count = rng.randrange(3, 8)
    return (rng.sample(range(1, 50), count), rng.sample(range(50, 99), count)), {}


_LINES = (
    "def my_front(costs, gains):",
    "    front = []",
    "    for n in range(len(costs)):",
    "        beaten = False",
    "        for m in range(len(costs)):",
    "            if costs[m] < costs[n] and gains[m] > gains[n]:",
    "                beaten = True",
    "        if not beaten:",
    "            front.append(n)",
    "    return front",
)

CODE_FRONT = Code(
    id="choosing/code-front",
    title="The networks worth a look",
    level="build it",
    prompt="`costs[n]` is what network n costs, `gains[n]` how often it is right; no two are equal."
    " Return the numbers n of all networks that **no** other one dominates, in ascending order.",
    function="my_front",
    stub="def my_front(costs, gains):\n    raise NotImplementedError",
    reference=my_front,
    draw=_draw_points,
    mistakes=(
        Mistake(_in_one, "To be beaten in one of the two is no shame: *and*, not *or*."),
        Mistake(_dear, "You took the dear ones for better: less cost is better."),
        Mistake(_the_beaten, "Those are the ones that *are* dominated."),
    ),
    hint="For each n look for an m that costs less *and* gains more.",
    solution="What is left is called the Pareto front.\n\n```\n" + "\n".join(_LINES) + "\n```",
    lines=_LINES,
)

# What it costs -----------------------------------------------------------------------------------

_FILE = find_network("DenseNet-121")

MEGABYTES = Number(
    id="choosing/megabytes",
    title="From parameters to a file",
    level="apply it",
    prompt=f"DenseNet-121 has {_FILE.parameters:,} parameters, each a float32. How many megabytes "
    "(millions of bytes) do they take? One decimal is enough.",
    answer=_FILE.parameters * 4 / 1e6,
    tolerance=0.06,
    unit="MB",
    mistakes=(
        Mistake(_FILE.parameters / 1e6, "A float32 takes more than one byte."),
        Mistake(_FILE.parameters * 32 / 1e6, "Those are megabits: 8 bits are a byte."),
        Mistake(_FILE.parameters * 2 / 1e6, "Two bytes are a float16."),
        Mistake(_FILE.parameters * 8 / 1e6, "Eight bytes are a float64."),
        Mistake(_FILE.parameters * 4 / 1e3, "Those are kilobytes."),
        Mistake(_FILE.parameters * 4 / 2**20, "You divided by 2²⁰: that is a mebibyte."),
    ),
    hint="A float32 has 32 bits, which are 4 bytes.",
    solution="7,978,856 · 4 = 31.9 million bytes. Training with Adam keeps four such numbers a "
    "weight: itself, its gradient and two averages. That makes 128 MB, before any image.",
)

SAME_MACS = OneChoice(
    id="choosing/same-macs",
    title="Fewer operations, no faster",
    level="apply it",
    prompt="DenseNet-121 needs about three quarters of the multiply-accumulates of ResNet-34, and "
    "a computer may still take longer for it. Why?",
    options=(
        Option(
            "Its weights are more numerous.",
            "They are fewer: 8.0 million against 21.8 million.",
        ),
        Option(
            "It has many thin layers and copies maps: much to fetch and to start, little to "
            "multiply.",
            "Right: time goes by bytes moved and calls made, too.",
        ),
        Option(
            "A multiply-accumulate of a 1 × 1 convolution takes longer than one of a 3 × 3.",
            "One product and one sum are the same everywhere. Look at what happens between them.",
        ),
        Option(
            "Its images are larger.",
            "Both were counted for 224 × 224.",
        ),
    ),
    answer=1,
    solution="Operations say how much there is to compute. Time also depends on how much has to be "
    "moved, and on how many cores a layer can keep busy.",
)

# Few images --------------------------------------------------------------------------------------


def _linear_parameters(features: int, classes: int) -> int:
    return features * classes + classes


_HEAD = _linear_parameters(512, 3)

FROZEN = Number(
    id="choosing/frozen",
    title="What is left to learn",
    level="apply it",
    prompt="You take ResNet-18 with weights from ImageNet, give it a new head for 3 classes, and "
    "freeze everything but the head. Before the head there are 512 features. How many parameters "
    "are trained?",
    answer=_HEAD,
    unit="parameters",
    mistakes=(
        Mistake(512 * 3, "Each class has a bias as well."),
        Mistake(_linear_parameters(512, 1000), "That is the old head, with 1000 classes."),
        Mistake(512 + 3, "Each of the 512 features has a weight for each of the classes."),
        Mistake(find_network("ResNet-18").parameters, "That is the whole network. It is frozen."),
    ),
    hint="A linear layer from 512 to 3.",
    solution="512 · 3 + 3 = 1,539 of more than 11 million. The rest is a fixed way to turn an "
    "image into 512 numbers; what you fit is a logistic regression.",
)

WHY_PRETRAINED = OneChoice(
    id="choosing/why-pretrained",
    title="Why from ImageNet?",
    level="apply it",
    prompt="Weights that were trained on photographs of dogs and cars can help with chest films. "
    "What is the best reason?",
    options=(
        Option(
            "ImageNet contains chest films.",
            "Hardly: its classes are things and animals in photographs.",
        ),
        Option(
            "The first layers look for edges, blobs and textures, which films have as well.",
            "Right: and those need not be learned from your few images.",
        ),
        Option(
            "A pretrained network has fewer parameters.",
            "It has the same ones. They only start elsewhere.",
        ),
        Option(
            "A network that is better on ImageNet is better on films.",
            "That was tested, and not found: read on.",
        ),
    ),
    answer=1,
    solution="What early layers do suits many images. How much it helps depends on the task and on "
    "the number of images, so try both.",
)

_ROOM, _SPEED = 25, 0.5  # megabytes, billions of multiply-accumulates


def _fits(network: Network) -> bool:
    return network.parameters * 4e-6 <= _ROOM and network.macs <= _SPEED * 1e9


_PHONES = ("SqueezeNet 1.1", "MobileNet-v2", "EfficientNet-B0", "GoogLeNet", "ResNet-152")
_PHONE = max((find_network(name) for name in _PHONES if _fits(find_network(name))), key=_right)


def _phone_feedback(name: str) -> str:
    network = find_network(name)
    size, macs = network.parameters * 4e-6, network.macs / 1e9
    if name == _PHONE.name:
        return f"Right: {size:.0f} MB, {macs:.2f} billion, and right {_right(network):.1f}%."
    if not _fits(network):
        return f"{size:.0f} MB and {macs:.2f} billion: it does not fit."
    return f"It fits, but is right {_right(network):.1f}% only; another one that fits has more."


PHONE = OneChoice(
    id="choosing/phone",
    title="Into a phone",
    level="apply it",
    prompt=f"An app that looks at moles must work offline. The network's weights may take {_ROOM} "
    f"MB as float32, and an image half a billion multiply-accumulates. Which one has the best "
    "accuracy on ImageNet of those that fit (weights V1)?",
    options=tuple(Option(name, _phone_feedback(name)) for name in _PHONES),
    answer=_PHONES.index(_PHONE.name),
    solution="EfficientNet-B0: 5.3 million parameters take 21 MB, and 0.39 billion operations. "
    "Then measure it on the phone itself, and on moles.",
)

EXERCISES: tuple[Exercise, ...] = (
    READ_CHART,
    BEATS_VGG,
    CODE_FRONT,
    SAME_MACS,
    MEGABYTES,
    WHY_PRETRAINED,
    FROZEN,
    PHONE,
)
