"""The exercises of the chapter ROC and AUC, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions. They are
computed in plain Python, because the catalog of exercises loads without torch, which
`course_lib.metrics` needs; the tests hold them against it.
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

# One test is one point ---------------------------------------------------------------------------

_TP, _FN, _FP, _TN = 45, 5, 30, 120

PLACE = Number(
    id="roc/place",
    title="A point in ROC space",
    level="read it off",
    prompt=f"A test finds {_TP} of {_TP + _FN} ill people, and calls {_FP} of {_FP + _TN} well "
    "people ill. How far to the right does its point lie: what is its false positive rate?",
    answer=_FP / (_FP + _TN),
    tolerance=0.005,
    mistakes=(
        Mistake(_TN / (_FP + _TN), "That is the share of the well who are left in peace."),
        Mistake(_TP / (_TP + _FN), "That is how far *up* it lies."),
        Mistake(
            _FP / (_TP + _FP),
            "You divided by all who are called ill. Divide by all who *are* well.",
        ),
        Mistake(_FP / (_TP + _FN + _FP + _TN), "You divided by everybody. Divide by the well."),
    ),
    hint="False alarms over all who are well.",
    solution="30 / 150 = 0.2. It lies at 0.2 to the right, and 45 / 50 = 0.9 up.",
)

# Pairs -------------------------------------------------------------------------------------------

_ILL, _WELL = (0.8, 0.5, 0.3), (0.9, 0.5, 0.4, 0.2, 0.1)


def _share(tie: float) -> float:
    won = sum(1 if p > n else tie if p == n else 0 for p in _ILL for n in _WELL)
    return won / (len(_ILL) * len(_WELL))


PAIRS = Number(
    id="roc/pairs",
    title="Count the pairs",
    level="read it off",
    prompt="Three ill people have the scores 0.8, 0.5 and 0.3; five well people 0.9, 0.5, 0.4, 0.2 "
    "and 0.1. What is the AUC? A tie counts half.",
    answer=_share(0.5),
    tolerance=0.002,
    mistakes=(
        Mistake(_share(0), "You counted the tie, 0.5 and 0.5, as lost. It counts half."),
        Mistake(_share(1), "You counted the tie, 0.5 and 0.5, as won. It counts half."),
        Mistake(_share(0.5) * 15, "That is the number of pairs. Divide it by all 15."),
        Mistake(1 - _share(0.5), "Those are the pairs in the *wrong* order."),
    ),
    hint="3 · 5 = 15 pairs. For each ill person, count the well ones with a lower score.",
    solution="0.8 beats 4, 0.5 beats 3 and ties with one, 0.3 beats 2: 4 + 3.5 + 2 = 9.5 of 15, "
    "which is 0.633.",
)


def my_auc(ill: Sequence[float], well: Sequence[float]) -> float:
    """Reference: the share of pairs in the right order, a tie counted half."""
    won = 0.0
    for p in ill:
        for n in well:
            won += 1 if p > n else 0.5 if p == n else 0
    return won / (len(ill) * len(well))


def _strict(ill: Sequence[float], well: Sequence[float]) -> float:
    return sum(p > n for p in ill for n in well) / (len(ill) * len(well))


def _lenient(ill: Sequence[float], well: Sequence[float]) -> float:
    return sum(p >= n for p in ill for n in well) / (len(ill) * len(well))


def _count(ill: Sequence[float], well: Sequence[float]) -> float:
    return my_auc(ill, well) * len(ill) * len(well)


def _reversed(ill: Sequence[float], well: Sequence[float]) -> float:
    return my_auc(well, ill)


def _draw_scores(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    ill = [rng.randrange(3, 9) for _ in range(rng.randrange(2, 5))]
    well = [rng.randrange(0, 6) for _ in range(rng.randrange(2, 6))]
    return ([*ill, 5], [*well, 5, 4]), {}  # one tie at the least, and an order that is not perfect


_AUC_LINES = (
    "def my_auc(ill, well):",
    "    won = 0",
    "    for p in ill:",
    "        for n in well:",
    "            won += (p > n) + (p == n) / 2",
    "    return won / (len(ill) * len(well))",
)

CODE_AUC = Code(
    id="roc/code-auc",
    title="Write the AUC",
    level="build it",
    prompt="`ill` and `well` are lists of scores. Return the AUC: the share of all pairs, one ill "
    "and one well, in which the ill person has the higher score. A tie counts half.",
    function="my_auc",
    stub="def my_auc(ill, well):\n    raise NotImplementedError",
    reference=my_auc,
    draw=_draw_scores,
    mistakes=(
        Mistake(_strict, "A tie counts half. You count it as lost."),
        Mistake(_lenient, "A tie counts half. You count it as won."),
        Mistake(_count, "Divide by the number of pairs."),
        Mistake(_reversed, "You count pairs in which the *well* person scores higher."),
    ),
    hint="Two loops, one inside the other, and a counter.",
    solution="Each ill person meets each well one.\n\n```\n" + "\n".join(_AUC_LINES) + "\n```",
    lines=_AUC_LINES,
)

# What does not change it, and what its ends mean -------------------------------------------------

TRANSFORM = SeveralChoices(
    id="roc/transform",
    title="Which ones leave the AUC alone?",
    level="apply it",
    prompt="All scores lie strictly between 0 and 1, and no two are equal. What can you do to all "
    "of them without changing any AUC?",
    options=(
        Option("Square them.", "Above 0 the square grows with the score: the order stays."),
        Option("Take their logarithm.", "It grows with the score: the order stays."),
        Option(
            "Round them to 0 or 1.",
            "That makes ties: pairs that had an order have none any more.",
        ),
        Option("Subtract them from 1.", "That turns the order round: the AUC becomes 1 − AUC."),
        Option(
            "Add 0.3 to those of the people over 60.",
            "They overtake others: that is a new order.",
        ),
    ),
    answers=(0, 1),
    solution="Only the order of the scores counts. What grows with the score keeps it.",
)

ZERO = OneChoice(
    id="roc/zero",
    title="An AUC of 0.03",
    level="apply it",
    prompt="On a large test set, your new classifier has an AUC of 0.03. What do you think?",
    options=(
        Option(
            "It has learned nothing.",
            "Then its AUC would be about 0.5. It knows the order very well, the wrong way round.",
        ),
        Option(
            "It orders nearly all pairs, the wrong way round: look for a swapped label or sign.",
            "Right: turned round it has 0.97. Find out why, before you turn it.",
        ),
        Option(
            "It is wrong for 97% of the people.",
            "An AUC counts pairs. How many people are called wrongly depends on a threshold.",
        ),
        Option("Its threshold is wrong.", "No threshold goes into an AUC."),
    ),
    answer=1,
    solution="AUC 0 means: each ill person scores lower than each well one. That takes as much "
    "knowledge as an AUC of 1.",
)

# Prevalence and costs ----------------------------------------------------------------------------

_SENSITIVITY, _SPECIFICITY, _RARE = 0.76, 0.88, 0.01


def _worth(right: float, wrong: float, share: float) -> float:
    """Bayes: `right` of the `share` who should get an answer do, `wrong` of the others."""
    return share * right / (share * right + (1 - share) * wrong)


PREVALENCE = Number(
    id="roc/prevalence",
    title="The best point, in a screening program",
    level="apply it",
    prompt="C′ of the slide has a sensitivity of 0.76 and a specificity of 0.88, and a precision "
    "of 0.86 among 100 ill and 100 well people. In a screening program 1 person in 100 is ill. "
    "What is its precision there?",
    answer=_worth(_SENSITIVITY, 1 - _SPECIFICITY, _RARE),
    tolerance=0.002,
    mistakes=(
        Mistake(
            _worth(_SENSITIVITY, 1 - _SPECIFICITY, 0.5),
            "That is where half are ill. Here 99 are well for each who is ill.",
        ),
        Mistake(_SENSITIVITY, "That is the sensitivity, which stays."),
        Mistake(
            _worth(_SPECIFICITY, 1 - _SENSITIVITY, 1 - _RARE),
            "That is what a *negative* answer is worth.",
        ),
        Mistake(_RARE, "That is the prevalence: what you know without the test."),
    ),
    hint="Take 10,000 people: 100 ill and 9,900 well. How many of each are called ill?",
    solution="76 of 100 ill and 0.12 · 9,900 = 1,188 well people are called ill: "
    "76 / 1,264 = 0.06.",
)

_FEW, _MISS, _PEOPLE = 0.02, 20, 1000


def _cost(sensitivity: float, specificity: float, miss: float = _MISS) -> float:
    missed = _FEW * (1 - sensitivity)
    alarmed = (1 - _FEW) * (1 - specificity)
    return round(_PEOPLE * (miss * missed + alarmed), 6)


_MISSES = _cost(_SENSITIVITY, 1)

COSTS = Number(
    id="roc/costs",
    title="What errors cost",
    level="apply it",
    prompt="In 1,000 people, 20 are ill. A miss costs as much as 20 false alarms. What do the "
    "errors of C′ (sensitivity 0.76, specificity 0.88) cost, in false alarms?",
    answer=_cost(_SENSITIVITY, _SPECIFICITY),
    tolerance=0.5,
    mistakes=(
        Mistake(
            _cost(_SENSITIVITY, _SPECIFICITY, miss=1),
            "You counted a miss like a false alarm. It costs 20.",
        ),
        Mistake(_cost(1, _SPECIFICITY), "Those are the false alarms. Add the misses."),
        Mistake(_MISSES, "Those are the misses alone."),
        Mistake(
            _cost(1, 0),
            "That is what it costs to call everybody ill.",
        ),
    ),
    hint="Misses: 20 · 0.24. False alarms: 980 · 0.12.",
    solution="4.8 misses at 20 each are 96; 117.6 false alarms at 1 each: 213.6. "
    "Calling nobody ill would cost 400.",
)

_FIXED, _HOSPITAL, _SCREENING = (0.8, 0.75), 0.37, 0.01  # sensitivity, specificity; prevalences


def _four(share: float) -> tuple[float, float, float, float]:
    """Return sensitivity, specificity, PPV and NPV of the fixed threshold at a prevalence."""
    right, spared = _FIXED
    return right, spared, _worth(right, 1 - spared, share), _worth(spared, 1 - right, 1 - share)


_THERE, _HERE = _four(_HOSPITAL), _four(_SCREENING)

ELSEWHERE = SeveralChoices(
    id="roc/elsewhere",
    title="The same threshold, elsewhere",
    level="apply it",
    prompt="A test with its threshold, sensitivity 0.8 and specificity 0.75, moves from a "
    "hospital, where 37% of the people are ill, to a screening program, where 1% are. The ill are "
    "as ill as before. Which of its numbers *fall*?",
    options=(
        Option("Sensitivity", "It looks at the ill only, and their scores stay."),
        Option("Specificity", "It looks at the well only, and their scores stay."),
        Option(
            "PPV: how often a call of *ill* is right",
            f"From {_THERE[2]:.0%} to {_HERE[2]:.0%}: the well are more, and so are their alarms.",
        ),
        Option(
            "NPV: how often a call of *well* is right",
            f"It rises, from {_THERE[3]:.0%} to {_HERE[3]:.1%}: hardly anybody is ill.",
        ),
        Option("AUC", "Pairs of an ill and a well person: how many there are doesn't matter."),
    ),
    answers=tuple(n for n in range(4) if _HERE[n] < _THERE[n]),
    solution="Only the PPV. Sensitivity, specificity and AUC stay, and the NPV rises. Try it in "
    "the lab below.",
)

# What AUC does not see ---------------------------------------------------------------------------

CALIBRATION = OneChoice(
    id="roc/calibration",
    title="Half of everything",
    level="apply it",
    prompt="A classifier is well calibrated. By mistake, all its probabilities are divided by two "
    "before they are stored. What happens to its AUC and to its Brier score?",
    options=(
        Option("Both stay.", "The Brier score compares probabilities with what happened."),
        Option(
            "Both get worse.", "The order of the scores is as before. Which of the two sees more?"
        ),
        Option(
            "The AUC stays, the Brier score gets worse.",
            "Right: 0.8 becomes 0.4, where 80 of 100 are ill. The order is as before.",
        ),
        Option("The AUC gets worse, the Brier score stays.", "It is the other way round."),
    ),
    answer=2,
    solution="AUC sees only the order. The Brier score sees the numbers.",
)

EXERCISES: tuple[Exercise, ...] = (
    PLACE,
    PAIRS,
    CODE_AUC,
    ZERO,
    TRANSFORM,
    PREVALENCE,
    COSTS,
    ELSEWHERE,
    CALIBRATION,
)
