"""The exercises of the chapter The confusion matrix, in reading order.

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
    Matrix,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)

# Formulas without torch --------------------------------------------------------------------------


class Cells(NamedTuple):
    """The four counts; whoever uses them elsewhere takes `course_lib.metrics.BinaryConfusion`."""

    tp: int
    fn: int
    fp: int
    tn: int

    def measure(self, name: str) -> float:
        """Return the measure that `BinaryConfusion` calls so; one of those asked for here.

        >>> Cells(tp=1, fn=1, fp=0, tn=2).measure("sensitivity")
        0.5
        """
        tp, fn, fp, tn = self
        values = {
            "sensitivity": tp / (tp + fn),
            "specificity": tn / (fp + tn),
            "balanced_accuracy": (tp / (tp + fn) + tn / (fp + tn)) / 2,
            "precision": tp / (tp + fp),
            "false_discovery_rate": fp / (tp + fp),
            "f1": 2 * tp / (2 * tp + fn + fp),
            "mcc": (tp * tn - fp * fn) / math.sqrt((tp + fn) * (fp + tn) * (tp + fp) * (fn + tn)),
            "diagnostic_odds_ratio": tp * tn / (fp * fn) if fp * fn else math.nan,
        }
        return values[name]


def my_ppv(sensitivity: float, specificity: float, prevalence: float) -> float:
    """Reference: hits over hits and false alarms, in shares of all people."""
    hits = prevalence * sensitivity
    alarms = (1 - prevalence) * (1 - specificity)
    return hits / (hits + alarms)


PROGRAM = Cells(tp=18, fn=2, fp=98, tn=882)
"""The 1,000 people of the chapter's first picture."""

# The four cells ----------------------------------------------------------------------------------

COUNT_CALLED = Number(
    id="confusion_matrix/count-called",
    title="How many letters?",
    level="read it off",
    prompt="Everybody in the picture whom the test calls positive gets a letter: please come "
    "again. How many of the 1,000 get one?",
    answer=PROGRAM.tp + PROGRAM.fp,
    unit="people",
    mistakes=(
        Mistake(PROGRAM.tp + PROGRAM.fn, "So many are ill. Not all of them were called."),
        Mistake(PROGRAM.tp, "Those are the hits. False alarms get a letter, too."),
        Mistake(PROGRAM.fp, "Those are the false alarms. The hits get a letter, too."),
        Mistake(PROGRAM.fn + PROGRAM.tn, "So many get *no* letter."),
    ),
    hint="Two of the four colors are called positive.",
    solution="18 hits and 98 false alarms: 116 letters.",
)

_PEOPLE, _ILL = 10_000, 100
_TPR, _TNR = 80, 90  # percent
_WELL = _PEOPLE - _ILL


def _table(ill: int, well: int) -> tuple[tuple[int, int], tuple[int, int]]:
    found, left = ill * _TPR // 100, well * _TNR // 100
    return (found, ill - found), (well - left, left)


_RIGHT = _table(_ILL, _WELL)

FILL_CELLS = Matrix(
    id="confusion_matrix/fill-cells",
    title="From rates to people",
    level="apply it",
    prompt=f"{_PEOPLE:,} people, {_ILL} of them ill. The test has a sensitivity of {_TPR}% and a "
    f"specificity of {_TNR}%. Fill in the people. Rows: ill, well. Columns: called positive, "
    "called negative.",
    answer=_RIGHT,
    mistakes=(
        Mistake(
            tuple(row[::-1] for row in _RIGHT), "The columns are exchanged: called positive first."
        ),
        Mistake(_RIGHT[::-1], "The rows are exchanged: the ill come first."),
        Mistake(
            _table(_PEOPLE // 2, _PEOPLE // 2), f"That is for half of them ill. Here {_ILL} are."
        ),
        Mistake(
            (_RIGHT[0], _RIGHT[1][::-1]), "Specificity is the share of the well who are left alone."
        ),
        Mistake(
            tuple(zip(*_RIGHT, strict=True)), "Rows are the truth, columns are what was called."
        ),
    ),
    hint="Sensitivity divides the row of the ill, specificity the row of the well.",
    solution="80% of 100 ill people are 80, so 20 are missed. 90% of 9,900 well people are 8,910, "
    "so 990 get a false alarm.",
)

# Rows and columns --------------------------------------------------------------------------------

WHICH_QUESTION = OneChoice(
    id="confusion_matrix/which-question",
    title="The question in the consulting room",
    level="apply it",
    prompt="A woman has a positive result. She asks: how likely is it that I am ill? Which measure "
    "answers her?",
    options=(
        Option(
            "Sensitivity.",
            "It begins with the ill and asks how many are called. She doesn't know if she is ill.",
        ),
        Option("Specificity.", "It is about the well only."),
        Option(
            "Positive predictive value.",
            "Right: it begins with those who were called, as she was.",
        ),
        Option("Accuracy.", "It mixes all four cells. She is in one of two: called positive."),
    ),
    answer=2,
    solution="She knows her column, not her row. Of those in her column, the PPV says which share "
    "is ill.",
)

# Prevalence --------------------------------------------------------------------------------------

_CELLS = Cells(*_RIGHT[0], *_RIGHT[1])

HOW_MANY_RIGHT = Number(
    id="confusion_matrix/ppv-in-percent",
    title="What is a positive answer worth?",
    level="apply it",
    prompt=f"Again {_PEOPLE:,} people, {_ILL} of them ill, and the test with a sensitivity of "
    f"{_TPR}% and a specificity of {_TNR}%. What is the positive predictive value, in percent? One "
    "decimal is enough.",
    answer=100 * _CELLS.measure("precision"),
    tolerance=0.1,
    unit="%",
    mistakes=(
        Mistake(
            100 * _CELLS.measure("sensitivity"), "That is the sensitivity: a share of the ill."
        ),
        Mistake(
            100 * _CELLS.measure("specificity"), "That is the specificity: a share of the well."
        ),
        Mistake(
            100 * my_ppv(_TPR / 100, _TNR / 100, 0.5),
            "That is so where half of the people are ill. Here it is 1 of 100.",
        ),
        Mistake(
            100 * _CELLS.measure("false_discovery_rate"),
            "That is the share that is wrong: 1 − PPV.",
        ),
        Mistake(100 * _CELLS.tp / _CELLS.fp, "Divide by all who were called, hits included."),
        Mistake(_CELLS.measure("precision"), "In percent, please: that is the share of 1."),
    ),
    hint="Hits, divided by all who were called positive.",
    solution="80 / (80 + 990) = 7.5%. More than nine of ten letters are false alarms.",
)


def _without_prevalence(sensitivity: float, specificity: float, prevalence: float) -> float:
    return sensitivity / (sensitivity + 1 - specificity)


def _of_specificity(sensitivity: float, specificity: float, prevalence: float) -> float:
    hits = prevalence * sensitivity
    return hits / (hits + (1 - prevalence) * specificity)


def _everybody_well(sensitivity: float, specificity: float, prevalence: float) -> float:
    hits = prevalence * sensitivity
    return hits / (hits + 1 - specificity)


def _npv(sensitivity: float, specificity: float, prevalence: float) -> float:
    return my_ppv(specificity, sensitivity, 1 - prevalence)


def _odds(sensitivity: float, specificity: float, prevalence: float) -> float:
    return prevalence * sensitivity / ((1 - prevalence) * (1 - specificity))


def _draw_ppv(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    return [rng.randrange(60, 99) / 100, rng.randrange(60, 99) / 100, rng.choice((0.01, 0.2))], {}


_LINES = (
    "def my_ppv(sensitivity, specificity, prevalence):",
    "    hits = prevalence * sensitivity",
    "    alarms = (1 - prevalence) * (1 - specificity)",
    "    return hits / (hits + alarms)",
)

CODE_PPV = Code(
    id="confusion_matrix/code-ppv",
    title="Write Bayes' rule",
    level="build it",
    prompt="Return the positive predictive value of a test with this sensitivity and specificity, "
    "where the share `prevalence` of the people is ill. All three are from 0 to 1.",
    function="my_ppv",
    stub="def my_ppv(sensitivity, specificity, prevalence):\n    raise NotImplementedError",
    reference=my_ppv,
    draw=_draw_ppv,
    mistakes=(
        Mistake(_without_prevalence, "Your answer doesn't depend on the prevalence."),
        Mistake(_of_specificity, "False alarms are the well who were *not* left alone."),
        Mistake(_everybody_well, "Only the share 1 − `prevalence` can give a false alarm."),
        Mistake(_npv, "That is the negative predictive value."),
        Mistake(_odds, "Those are the odds, hits to false alarms. Divide by both together."),
    ),
    hint="Which share of all people are hits? Which share are false alarms?",
    solution="Hits over hits and false alarms, each as a share of all people.\n\n```\n"
    + "\n".join(_LINES)
    + "\n```",
    lines=_LINES,
)

_LR, _AGAINST = 12, 36  # odds before: 1 to 36

USE_ODDS = Number(
    id="confusion_matrix/use-odds",
    title="Odds in the head",
    level="apply it",
    prompt=f"Before the test, the odds of being ill are 1 to {_AGAINST}. The positive likelihood "
    f"ratio of the test is {_LR}. The answer is positive. How *likely* is the disease now, in "
    "percent?",
    answer=100 * _LR / (_LR + _AGAINST),
    tolerance=0.1,
    unit="%",
    mistakes=(
        Mistake(
            100 * _LR / _AGAINST,
            f"Odds of {_LR} to {_AGAINST} are {_LR} of {_LR + _AGAINST} people.",
        ),
        Mistake(
            100 / (1 + _AGAINST),
            "That is before the test. Multiply the odds by the likelihood ratio.",
        ),
        Mistake(100 * _LR / (1 + _AGAINST), "Multiply the odds, not the probability."),
        Mistake(_LR / (_LR + _AGAINST), "In percent, please: that is the share of 1."),
    ),
    hint="Odds after = odds before × likelihood ratio. Then from odds to a share.",
    solution="1 · 12 to 36 is 1 to 3: one of four, 25%.",
)

# Single numbers ----------------------------------------------------------------------------------

_MORE_WELL = Cells(PROGRAM.tp, PROGRAM.fn, 10 * PROGRAM.fp, 10 * PROGRAM.tn)
_MEASURES = {
    "sensitivity": "It knows the ill only.",
    "balanced_accuracy": "Each row counts by its share, however many people stand in it.",
    "precision": "Ten times as many false alarms, as many hits: it falls.",
    "f1": "It contains the precision, so it falls.",
    "mcc": "It contains PPV and NPV, so it changes.",
    "diagnostic_odds_ratio": "It is made of likelihood ratios, and those of rows.",
}


def _stays(name: str) -> bool:
    return math.isclose(PROGRAM.measure(name), _MORE_WELL.measure(name))


_NAMES = {
    "sensitivity": "Sensitivity",
    "balanced_accuracy": "Balanced accuracy",
    "precision": "Precision",
    "f1": "F1",
    "mcc": "Matthews coefficient",
    "diagnostic_odds_ratio": "Diagnostic odds ratio",
}

WHAT_STAYS = SeveralChoices(
    id="confusion_matrix/what-stays",
    title="Ten times as many well people",
    level="apply it",
    prompt="The same test, the same ill people, but ten times as many well people: false alarms "
    "and correct noes are ten times as many. Which measures *stay as they were*?",
    options=tuple(Option(_NAMES[name], why) for name, why in _MEASURES.items()),
    answers=tuple(n for n, name in enumerate(_MEASURES) if _stays(name)),
    solution="What is made of row shares only stays: sensitivity, balanced accuracy, diagnostic "
    "odds ratio. Precision, F1 and the Matthews coefficient read columns, and change.",
)

UNDEFINED = OneChoice(
    id="confusion_matrix/undefined",
    title="A test that never says yes",
    level="apply it",
    prompt="A model calls nobody positive. Some of the people are ill. Which measure has no value?",
    options=(
        Option(
            "Sensitivity.", "It is 0: none of the ill is found. That is a value, and a bad one."
        ),
        Option("Specificity.", "It is 1: all of the well are left alone."),
        Option("Precision.", "Right: which share of no answers is right? 0 / 0 has no value."),
        Option("F1.", "2 TP / (2 TP + FP + FN) is 0 here: the misses are in the denominator."),
    ),
    answer=2,
    solution="Precision divides by those who were called positive, and there are none. Some "
    "libraries write 0. Here it is nan, and a warning says why.",
)

EXERCISES: tuple[Exercise, ...] = (
    COUNT_CALLED,
    FILL_CELLS,
    WHICH_QUESTION,
    HOW_MANY_RIGHT,
    CODE_PPV,
    USE_ODDS,
    WHAT_STAYS,
    UNDEFINED,
)
