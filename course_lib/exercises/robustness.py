"""The exercises of the chapter Precision, accuracy, robustness, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions. The catalog
of exercises is read without torch, so the few formulas stand here again; a test compares them
with `course_lib.metrics`.
"""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from course_lib.exercises.kinds import (
    Code,
    Exercise,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)


class Reader(NamedTuple):
    """A simulated reader: what each reading is off by, and how much it spreads, in points."""

    bias: float
    spread: float

    def error(self, readings: int = 1) -> float:
        """Return the root of the mean squared error of a mean of so many readings.

        >>> Reader(bias=3, spread=4).error()
        5.0
        >>> Reader(bias=0, spread=4).error(readings=16)
        1.0
        """
        return math.hypot(self.bias, self.spread / math.sqrt(readings))


READERS = {"A": Reader(0, 2), "B": Reader(0, 6), "C": Reader(-6, 2), "D": Reader(-6, 6)}
"""The four of the chapter's first picture."""

# Spread and bias ---------------------------------------------------------------------------------

_LEAST = min(reader.spread for reader in READERS.values())
_SAID = {
    "A": "Its dots lie close together.",
    "B": "Its dots lie around the line, but far apart. Precision asks for the spread only.",
    "C": "Its dots lie close together. That they lie beside the line is another matter.",
    "D": "Its dots lie far apart.",
}

WHO_IS_PRECISE = SeveralChoices(
    id="robustness/who-is-precise",
    title="Who is precise?",
    level="read it off",
    prompt="Precision in the sense of a measurement: repeated readings lie close together. Which "
    "readers of the picture are precise?",
    options=tuple(Option(name, why) for name, why in _SAID.items()),
    answers=tuple(n for n, reader in enumerate(READERS.values()) if reader.spread == _LEAST),
    solution="A and C: their spread is a third of that of B and D. C is precise and wrong.",
)

_READER = Reader(bias=3, spread=4)

RMSE = Number(
    id="robustness/rmse",
    title="Put the parts together",
    level="apply it",
    prompt=f"Another reader has a bias of {_READER.bias:g} points and a spread of "
    f"{_READER.spread:g}. How large is the root of the mean squared error?",
    answer=_READER.error(),
    tolerance=0.05,
    unit="points",
    mistakes=(
        Mistake(_READER.bias + _READER.spread, "The squares add up, not the numbers."),
        Mistake(_READER.error() ** 2, "That is the mean *squared* error. Take the root."),
        Mistake((_READER.bias + _READER.spread) / 2, "It is no mean of the two: squares add up."),
        Mistake(_READER.spread, "That is the spread alone. The bias counts, too."),
    ),
    hint="RMSE² = bias² + spread².",
    solution="√(3² + 4²) = 5 points.",
)

# Averaging ---------------------------------------------------------------------------------------

AVERAGING = OneChoice(
    id="robustness/averaging",
    title="Whom to ask sixteen times?",
    level="apply it",
    prompt="B and C are off by about the same, taken together. You may ask one of them sixteen "
    "times, and take the mean. Whom?",
    options=(
        Option("B.", "Right: what comes anew each time is sometimes too high, sometimes too low."),
        Option("C.", "C's readings agree already: the mean of sixteen is as wrong as one."),
        Option("It makes no difference.", "Only one of the two kinds of error averages out."),
    ),
    answer=0,
    solution=f"The mean of sixteen readings of B is off by {READERS['B'].error(16):.1f} points, "
    f"that of C still by {READERS['C'].error(16):.1f}.",
)

_WANTED = 2
_NEEDED = round((READERS["B"].spread / _WANTED) ** 2)

HOW_MANY_READINGS = Number(
    id="robustness/how-many-readings",
    title="As steady as A",
    level="apply it",
    prompt=f"B has no bias and a spread of {READERS['B'].spread:g} points. How many readings of B "
    f"must you average until the spread of the mean is {_WANTED}, that of one reading of A?",
    answer=_NEEDED,
    unit="readings",
    mistakes=(
        Mistake(
            round(READERS["B"].spread / _WANTED),
            "The spread falls with the *root* of the number of readings.",
        ),
        Mistake(
            round(READERS["B"].spread ** 2), f"That makes a spread of 1. It shall be {_WANTED}."
        ),
        Mistake(round(READERS["B"].spread), "Which root divides 6 to give 2?"),
    ),
    hint="6 / √n = 2.",
    solution="√n = 6 / 2 = 3, so n = 9.",
)

# Without the truth -------------------------------------------------------------------------------


def my_repeatability(first: Sequence[float], second: Sequence[float]) -> float:
    """Reference: 1.96 times the root of 2 times the deviation within a patient."""
    squares = sum((a - b) ** 2 for a, b in zip(first, second, strict=True))
    within = math.sqrt(squares / (2 * len(first)))
    return 1.96 * math.sqrt(2) * within


def _within(first: Sequence[float], second: Sequence[float]) -> float:
    return my_repeatability(first, second) / (1.96 * math.sqrt(2))


def _not_halved(first: Sequence[float], second: Sequence[float]) -> float:
    return my_repeatability(first, second) * math.sqrt(2)


def _no_root_of_two(first: Sequence[float], second: Sequence[float]) -> float:
    return my_repeatability(first, second) / math.sqrt(2)


def _absolute(first: Sequence[float], second: Sequence[float]) -> float:
    return 1.96 * sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first)


def _not_divided(first: Sequence[float], second: Sequence[float]) -> float:
    return my_repeatability(first, second) * math.sqrt(len(first))


def _draw_readings(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    count = rng.randrange(3, 7)
    first = [rng.randrange(30, 70) for _ in range(count)]
    return [first, [value + rng.choice((-4, -3, -1, 2, 5)) for value in first]], {}


_LINES = (
    "def my_repeatability(first, second):",
    "    squares = 0",
    "    for a, b in zip(first, second):",
    "        squares += (a - b) ** 2",
    "    within = (squares / (2 * len(first))) ** 0.5",
    "    return 1.96 * 2**0.5 * within",
)

CODE_REPEATABILITY = Code(
    id="robustness/code-repeatability",
    title="Write the repeatability coefficient",
    level="build it",
    prompt="`first` and `second` are lists: two readings of the same patients by the same reader. "
    "Return the repeatability coefficient, 1.96 · √2 · s_w. The root of x is `x ** 0.5`.",
    function="my_repeatability",
    stub="def my_repeatability(first, second):\n    raise NotImplementedError",
    reference=my_repeatability,
    draw=_draw_readings,
    mistakes=(
        Mistake(_within, "That is s_w. Multiply it by 1.96 and by √2."),
        Mistake(_not_halved, "The sum of squares is divided by 2n, not by n."),
        Mistake(_no_root_of_two, "The difference of *two* readings spreads √2 times as much."),
        Mistake(_absolute, "Square the differences; don't take absolute values."),
        Mistake(_not_divided, "Divide the sum by 2n: it must not grow with the patients."),
    ),
    hint="Sum the squared differences, divide by 2n, take the root, multiply.",
    solution="The differences, squared and averaged, are twice the square of s_w.\n\n```\n"
    + "\n".join(_LINES)
    + "\n```",
    lines=_LINES,
)

# One word, two meanings --------------------------------------------------------------------------

WHICH_PRECISION = SeveralChoices(
    id="robustness/which-precision",
    title="Which precision?",
    level="apply it",
    prompt="Four sentences from reports. In which of them does *precision* mean the positive "
    "predictive value?",
    options=(
        Option(
            "Of the 40 nodules that the software marked, 34 were cancer: precision 0.85.",
            "A share of the positive calls: that is the PPV.",
        ),
        Option(
            "The precision of the diameter is 0.4 mm, from ten repeated scans.",
            "It has a unit and comes from repetitions: spread.",
        ),
        Option(
            "Precision fell when the software came to a screening program, where few are ill.",
            "Prevalence doesn't change a spread. It changes the PPV.",
        ),
        Option(
            "Averaging three scans improved the precision of the volume.",
            "What averaging improves is spread.",
        ),
    ),
    answers=(0, 2),
    solution="A PPV is a share of calls, has no unit, and falls where few are ill. A spread has "
    "the unit of the reading and falls by averaging.",
)

# Robustness --------------------------------------------------------------------------------------

WHAT_AUGMENTATION_CURES = OneChoice(
    id="robustness/what-augmentation-cures",
    title="What will it help against?",
    level="apply it",
    prompt="Five networks were trained with images that had lost contrast, and are tested on "
    "*noisy* images. What do you expect, compared with plain training?",
    options=(
        Option(
            "They are better: they have seen worse images.",
            "They saw pale images. All pixels moved together there, each by the same rule.",
        ),
        Option(
            "Hardly a difference.",
            "Right: a pixel that jumps by itself is something that they never saw.",
        ),
        Option(
            "They can read noisy images as well as clean ones.",
            "Not even those that were trained with noise can.",
        ),
    ),
    answer=1,
    solution="Training helps against what it shows. The next table has the numbers.",
)

_SURE, _OF, _RIGHT = 90, 200, 130  # mean confidence in percent, images, right answers

UNEXPECTED_ERRORS = Number(
    id="robustness/unexpected-errors",
    title="More errors than it says",
    level="apply it",
    prompt=f"A network answers for {_OF} noisy images with a mean confidence of {_SURE}%. "
    f"{_RIGHT} answers are right. How many more errors did it make than its confidence makes you "
    "expect?",
    answer=(_OF - _RIGHT) - _OF * (100 - _SURE) // 100,
    unit="errors",
    mistakes=(
        Mistake(_OF - _RIGHT, "So many errors there are. Some of them were to be expected."),
        Mistake(_OF * (100 - _SURE) // 100, "So many were to be expected. How many came on top?"),
        Mistake(
            _SURE - 100 * _RIGHT // _OF, f"That is the gap in percent. Of {_OF} images, please."
        ),
    ),
    hint=f"Confidence {_SURE}% means: one of ten answers is wrong.",
    solution="Expected: 10% of 200, which is 20. Found: 70. So 50 more than announced.",
)

EXERCISES: tuple[Exercise, ...] = (
    WHO_IS_PRECISE,
    RMSE,
    AVERAGING,
    HOW_MANY_READINGS,
    CODE_REPEATABILITY,
    WHICH_PRECISION,
    WHAT_AUGMENTATION_CURES,
    UNEXPECTED_ERRORS,
)
