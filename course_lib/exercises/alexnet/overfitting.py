"""Against overfitting: dropout and augmentation.

Answers and wrong answers are computed; the numbers typed in are those of the questions.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.exercises.kinds import Code, Mistake, Number, Option, SeveralChoices

_FEW, _SIDE = 256, 224

CROPS = Number(
    id="alexnet/crops",
    title="How many images are in one?",
    level="apply it",
    prompt=f"An image of {_FEW} × {_FEW} pixels is cut to {_SIDE} × {_SIDE} at a random place, and "
    f"mirrored or not. Count shifts from 0 to {_FEW - _SIDE - 1}, as the paper does. How many "
    "different images can come out?",
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
