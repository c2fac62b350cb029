"""The exercises of the chapter Chest X-rays, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions. They are
computed in plain Python, because the catalog of exercises loads without torch; the tests hold them
against `course_lib.losses` and `course_lib.cases.chexnet`.
"""

import random
from collections.abc import Mapping, Sequence
from math import log, log10
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

# What a radiologist looks for --------------------------------------------------------------------

_HEART, _CHEST = 15.4, 28.0

RATIO = Number(
    id="chest_xrays/ratio",
    title="A big heart?",
    level="read it off",
    prompt=f"On a film the heart is {_HEART} cm wide, and the inside of the chest {_CHEST:g} cm. "
    "What is the cardiothoracic ratio?",
    answer=_HEART / _CHEST,
    tolerance=0.005,
    mistakes=(
        Mistake(_CHEST / _HEART, "You divided the chest by the heart. The heart stands above."),
        Mistake(
            _HEART / (_CHEST - _HEART),
            "You divided by what is left beside the heart. Divide by the whole chest.",
        ),
        Mistake(_CHEST - _HEART, "That is a difference, in cm. Divide."),
    ),
    hint="The width of the heart over the inner width of the chest.",
    solution="15.4 / 28 = 0.55. Above 0.5: the heart is enlarged.",
)

# Losses ------------------------------------------------------------------------------------------

_LABELS, _SAID = (1, 0, 0), (0.8, 0.1, 0.5)


def _entropy(labels: Sequence[int], said: Sequence[float]) -> float:
    return -sum(log(p if y else 1 - p) for y, p in zip(labels, said, strict=True))


LOSS = Number(
    id="chest_xrays/loss",
    title="The loss of one film",
    level="apply it",
    prompt="Three findings instead of fourteen. The film has the first one, not the others. The "
    "network says 0.8, 0.1 and 0.5. What is its loss, summed over the findings? (Natural "
    "logarithm, two decimals.)",
    answer=_entropy(_LABELS, _SAID),
    tolerance=0.006,
    mistakes=(
        Mistake(_entropy(_LABELS, _SAID) / 3, "You took the mean. CheXNet's loss is a sum."),
        Mistake(
            -log(_SAID[0]),
            "That is the first finding alone. What is absent counts too: it was given 1 − p.",
        ),
        Mistake(
            -sum(map(log, _SAID)),
            "For a finding that is absent, take the logarithm of 1 − p.",
        ),
        Mistake(_entropy(_LABELS, _SAID) / log(10), "Take the natural logarithm, not log10."),
        Mistake(-_entropy(_LABELS, _SAID), "A loss is not negative: −log, not log."),
    ),
    hint="−ln of what was given to what came true: 0.8, 0.9 and 0.5.",
    solution="−ln 0.8 − ln 0.9 − ln 0.5 = 0.223 + 0.105 + 0.693 = 1.02. The finding about which "
    "the network said “I don't know” costs most.",
)


def balanced_loss(p: float, y: int, positives: int, negatives: int) -> float:
    """Reference: the loss of one film, the rare answer weighing more."""
    films = positives + negatives
    return -negatives / films * log(p) if y else -positives / films * log(1 - p)


def _swapped(p: float, y: int, positives: int, negatives: int) -> float:
    return balanced_loss(p, y, negatives, positives)


def _unweighted(p: float, y: int, positives: int, negatives: int) -> float:
    return _entropy((y,), (p,))


def _same_probability(p: float, y: int, positives: int, negatives: int) -> float:
    return balanced_loss(p if y else 1 - p, y, positives, negatives)


def _decimal(p: float, y: int, positives: int, negatives: int) -> float:
    return balanced_loss(p, y, positives, negatives) * log10(2.718281828459045)


def _draw_film(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    positives = rng.randrange(1, 100)
    p = round(rng.uniform(0.05, 0.45), 2)
    return (p, rng.randrange(2), positives, positives + rng.randrange(100, 900)), {}


_LINES = (
    "from math import log",
    "def balanced_loss(p, y, positives, negatives):",
    "    films = positives + negatives",
    "    if y == 1:",
    "        return -negatives / films * log(p)",
    "    return -positives / films * log(1 - p)",
)

CODE_BALANCED = Code(
    id="chest_xrays/code-balanced",
    title="Write the loss of pneumonia",
    level="build it",
    prompt="`p` is the probability of pneumonia that the network gives, `y` is 1 if the film has "
    "it and 0 if not; `positives` and `negatives` count the training films. Return the weighted "
    "loss of this film.",
    function="balanced_loss",
    stub="def balanced_loss(p, y, positives, negatives):\n    raise NotImplementedError",
    reference=balanced_loss,
    draw=_draw_film,
    mistakes=(
        Mistake(_swapped, "The weights are swapped: a film *with* it weighs N / (P + N)."),
        Mistake(_unweighted, "The weights are missing."),
        Mistake(_same_probability, "A film without it costs −log (1 − p), not −log p."),
        Mistake(_decimal, "Take the natural logarithm: `math.log`."),
    ),
    hint="Two cases: y is 1, or y is 0.",
    solution="One of the two terms is zero.\n\n```\n" + "\n".join(_LINES) + "\n```",
    lines=_LINES,
)

# What a film goes through ------------------------------------------------------------------------

FLIP = OneChoice(
    id="chest_xrays/flip",
    title="Left to right",
    level="apply it",
    prompt="Training flips half of the films left to right. For which of these tasks is that "
    "wrong?",
    options=(
        Option(
            "Is there a pneumothorax, on either side?",
            "A flipped one is still a pneumothorax. The label stays right.",
        ),
        Option(
            "Is there a nodule?",
            "A flipped nodule is a nodule. The label stays right.",
        ),
        Option(
            "Is the heart on the wrong side (dextrocardia)?",
            "Right: the flip makes the healthy ill and the ill healthy, and the label stays.",
        ),
        Option(
            "Is the heart too big?",
            "It is as wide on the other side. The label stays right.",
        ),
    ),
    answer=2,
    solution="An augmentation must leave the label true. A flip changes which side is which, and "
    "nothing else.",
)

# Readers -----------------------------------------------------------------------------------------

_A, _B, _BOTH = 30, 50, 20


def _f1(a: int, b: int, both: int) -> float:
    return 2 * both / (a + b)


F1 = Number(
    id="chest_xrays/f1",
    title="Two readers",
    level="apply it",
    prompt=f"Of 420 films, one radiologist says pneumonia on {_A}, another on {_B}; on {_BOTH} "
    "both do. What is the F1 of the one against the other?",
    answer=_f1(_A, _B, _BOTH),
    tolerance=0.004,
    mistakes=(
        Mistake(
            _BOTH / (_A + _B - _BOTH),
            "You divided by the films on which one *or* the other says yes. Take 2 · 20 over the "
            "sum of 30 and 50.",
        ),
        Mistake(_BOTH / (_A + _B), "The 2 is missing above."),
        Mistake(_BOTH / _A, "You divided by one reader's films alone. Both count."),
        Mistake(_BOTH / _B, "You divided by the other reader's films alone. Both count."),
        Mistake(
            (420 - _A - _B + 2 * _BOTH) / 420,
            "That is how often they agree. F1 leaves out the films that both call clear.",
        ),
    ),
    hint="Twice what both say, over what each says.",
    solution="2 · 20 / (30 + 50) = 0.5. Seen from the other reader it is the same.",
)

# Maps --------------------------------------------------------------------------------------------

_MAP, _BIAS = ((2.0, -0.4), (0.8, 0.0)), -1.5
_SUM = sum(map(sum, _MAP))

CAM = Number(
    id="chest_xrays/cam",
    title="From the map to the logit",
    level="read it off",
    prompt="A small network's class activation map for *Mass* is below; the bias of its last "
    f"layer is {_BIAS}. What is the logit?",
    given={"M": _MAP},
    answer=_SUM / 4 + _BIAS,
    tolerance=0.004,
    mistakes=(
        Mistake(_SUM + _BIAS, "You took the sum of the map. Take the mean over its places."),
        Mistake(_SUM / 4, "The bias is missing."),
        Mistake(2.0 + _BIAS, "You took the highest place. Take the mean over all."),
        Mistake(_SUM / 4 - _BIAS, "Add the bias, which is negative."),
    ),
    hint="The mean of the four places, plus the bias.",
    solution="(2 − 0.4 + 0.8 + 0) / 4 − 1.5 = 0.6 − 1.5 = −0.9. Its probability is 0.29.",
)

# Shortcuts and labels ----------------------------------------------------------------------------

SHORTCUT = SeveralChoices(
    id="chest_xrays/shortcut",
    title="How would you have noticed?",
    level="apply it",
    prompt="Which of these can show that a network reads the letter and not the lungs?",
    options=(
        Option(
            "More test films of the same site.",
            "The letter gives the illness away there as well: the AUROC stays high.",
        ),
        Option("Test films of another site.", "There the letter says nothing: the AUROC falls."),
        Option(
            "A map of where it looks.",
            "Its peak often lies in the corner. Where it does not, that acquits nobody.",
        ),
        Option(
            "The same films with the letter painted over.",
            "Without the letter its scores change, and its AUROC falls.",
        ),
        Option(
            "A split by patient.",
            "It is needed, but the letter goes with the illness in new patients, too.",
        ),
    ),
    answers=(1, 2, 3),
    solution="What breaks the tie between letter and illness shows it: another site, other films, "
    "or a look at the map. More of the same does not.",
)

NOISE = OneChoice(
    id="chest_xrays/noise",
    title="A perfect network",
    level="apply it",
    prompt="Reports miss one finding in three. A network makes no error at all. What AUROC does "
    "it get, tested on the labels from these reports?",
    options=(
        Option("1.", "Some films that it rightly calls ill count as well. Some pairs are lost."),
        Option(
            "Less than 1: where it is right and the report is wrong, it loses.",
            "Right: it can't be better than the truth itself.",
        ),
        Option(
            "0.5: the labels are wrong.",
            "Two in three findings are reported. They still say something.",
        ),
        Option(
            "It depends on what it was trained on.",
            "It makes no error, whatever it was trained on.",
        ),
    ),
    answer=1,
    solution="Errors of the test labels set a ceiling. The better the network, the more of its "
    "“errors” are those of the labels.",
)

EXERCISES: tuple[Exercise, ...] = (
    RATIO,
    LOSS,
    CODE_BALANCED,
    FLIP,
    F1,
    CAM,
    SHORTCUT,
    NOISE,
)
