"""The exercises of the chapter How sure are you?, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions. They are
computed in plain Python, because the catalog of exercises loads without torch, which
`course_lib.metrics` needs; the tests hold them against it.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from course_lib.exercises.kinds import (
    Before,
    Code,
    Exercise,
    Mistake,
    Number,
    OneChoice,
    Option,
    SeveralChoices,
)

# Intervals ---------------------------------------------------------------------------------------

MEANING = OneChoice(
    id="how_sure/meaning",
    title="What does it promise?",
    level="read it off",
    prompt="A paper reports a sensitivity of 0.85 with a 95% interval from 0.71 to 0.93. "
    "What do the 95% mean?",
    options=(
        Option(
            "95% of the patients lie between 0.71 and 0.93.",
            "A patient has no sensitivity: it is a share of many, and the interval is about it.",
        ),
        Option(
            "95% of further studies will report a sensitivity from 0.71 to 0.93.",
            "The others scatter around the truth, not around this study. Fewer will.",
        ),
        Option(
            "If many studies made such intervals, about 95 of 100 would hold the truth.",
            "Right: it is a promise about the recipe, not about this one interval.",
        ),
        Option(
            "The test is right for 95% of the ill.",
            "That would be a sensitivity of 0.95. The 95% say how intervals are made.",
        ),
    ),
    answer=2,
    solution="Another study has another interval, the truth stays. The recipe is right for 95 of "
    "100 of them.",
)

_ALL, _TAIL = 30, 0.025

ALL_FOUND = Number(
    id="how_sure/all-found",
    title="Thirty of thirty",
    level="apply it",
    prompt=f"A test found all {_ALL} ill people: “a sensitivity of 100%”. The exact 95% interval "
    "reaches from a share p up to 1. At its lower end, finding all of them has a chance of just "
    "2.5%: p³⁰ = 0.025. What is p?",
    answer=_TAIL ** (1 / _ALL),
    tolerance=0.003,
    mistakes=(
        Mistake(0.05 ** (1 / _ALL), "That is with 5%. The other 2.5% belong to the upper side."),
        Mistake(
            1 - _TAIL ** (1 / _ALL),
            "That is the share that may be *missed*. How large is the share that is found?",
        ),
        Mistake(1.0, "That is the estimate. 30 patients can't make you so sure."),
    ),
    hint="p = 0.025 to the power of 1/30.",
    solution="0.025^(1/30) = 0.884. Even a test that misses one in ten finds all of 30 now and "
    "then: 0.9³⁰ = 0.04, in 4 of 100 such studies.",
)

_WIDE, _NARROW, _PATIENTS = 0.06, 0.02, 150

QUADRUPLE = Number(
    id="how_sure/quadruple",
    title="A narrower interval",
    level="apply it",
    prompt=f"With {_PATIENTS} patients an AUC is known to ± {_WIDE}. You want ± {_NARROW}. About "
    "how many patients do you need, of the same kind?",
    answer=round(_PATIENTS * (_WIDE / _NARROW) ** 2),
    tolerance=25,
    mistakes=(
        Mistake(
            round(_PATIENTS * _WIDE / _NARROW),
            "Three times as many make it 1.7 times narrower. The width goes with 1 / √n.",
        ),
        Mistake(
            round(_PATIENTS * (_WIDE / _NARROW) ** 0.5),
            "The other way round: the width goes with 1 / √n, so n with 1 / width².",
        ),
        Mistake(
            round(_PATIENTS * 2 ** (_WIDE / _NARROW)),
            "Doubling does not halve the width; it takes four times as many.",
        ),
    ),
    hint="Half the width takes four times the patients. A third of the width?",
    solution="Three times narrower takes 3² = 9 times as many: 1,350.",
)

# Two models --------------------------------------------------------------------------------------

OVERLAP = OneChoice(
    id="how_sure/overlap",
    title="Overlapping intervals",
    level="apply it",
    prompt="The two models above were tested on the same 285 lumps, and their intervals overlap "
    "widely. What do you conclude?",
    options=(
        Option(
            "There is no difference.",
            "No interval can show that. And these two are the wrong ones to look at.",
        ),
        Option(
            "The model with symmetry is better: its AUC is higher.",
            "On these lumps, yes. Would it be on others? That is the question.",
        ),
        Option(
            "Nothing yet: look at the interval of the difference on the same lumps.",
            "Right: what makes both rise and fall together drops out of it.",
        ),
        Option(
            "The study is too small.",
            "Maybe not: the difference may be known much better than each AUC.",
        ),
    ),
    answer=2,
    solution="Each interval says how far one AUC may be off. The two are off together, since the "
    "lumps are the same.",
)

# Several films -----------------------------------------------------------------------------------

_PEOPLE, _FILMS, _RHO = 80, 5, 0.6


def _worth(people: int, films: int, rho: float) -> float:
    """How many independent films those of some people are worth."""
    return people * films / (1 + (films - 1) * rho)


FILMS = Number(
    id="how_sure/films",
    title="What are they worth?",
    level="apply it",
    prompt=f"{_PEOPLE} patients have {_FILMS} films each. Films of one patient agree with a "
    f"correlation of {_RHO}. How many independent films are all of them worth?",
    answer=_worth(_PEOPLE, _FILMS, _RHO),
    tolerance=0.6,
    mistakes=(
        Mistake(_PEOPLE * _FILMS, "So many films there are. They would be worth that if ρ were 0."),
        Mistake(_PEOPLE, "So many patients there are. The films would be worth that if ρ were 1."),
        Mistake(
            round(_PEOPLE * _FILMS / (1 + _FILMS * _RHO), 6),
            "A film has m − 1 = 4 others of the same patient, not 5.",
        ),
        Mistake(round(_PEOPLE * _FILMS * (1 - _RHO), 6), "Use the formula: 1 + (m − 1) ρ below."),
        Mistake(round(1 + (_FILMS - 1) * _RHO, 6), "That is the design effect. Divide by it."),
    ),
    hint="400 divided by 1 + 4 · 0.6.",
    solution="400 / 3.4 = 118. More than the 80 patients, far fewer than the 400 films.",
)

# Leaks -------------------------------------------------------------------------------------------

LEAKS = SeveralChoices(
    id="how_sure/leaks",
    title="Where does something leak?",
    level="apply it",
    prompt="In which of these does the test tell the model what a new patient would not?",
    options=(
        Option(
            "A patient's film of March is for training, that of June for the test.",
            "The same patient is on both sides: the model may know the body, not the disease.",
        ),
        Option(
            "Left breasts are for training, right ones for the test.",
            "Each patient is on both sides.",
        ),
        Option(
            "Of ten models, the one with the best AUC on the test is reported, with that AUC.",
            "The test chose the model, so its AUC is too good. Choose on a validation part.",
        ),
        Option(
            "All patients of three hospitals are for training, all those of a fourth for the test.",
            "Nobody is on both sides. It is the harder, and the more honest question.",
        ),
        Option(
            "Each patient has several films, and all of them are for training.",
            "That is no leak. They only count less than as many patients.",
        ),
    ),
    answers=(0, 1, 2),
    solution="A leak is a way from the test into the model: through a patient on both sides, or "
    "through a choice that was made on the test.",
)


def shared_patients(who: Sequence[Any], train: Sequence[int], test: Sequence[int]) -> list[Any]:
    """Reference: who has films on both sides, sorted."""
    return sorted({who[i] for i in train} & {who[i] for i in test})


def _films(who: Sequence[Any], train: Sequence[int], test: Sequence[int]) -> list[Any]:
    return sorted(set(train) & set(test))


def _repeated(who: Sequence[Any], train: Sequence[int], test: Sequence[int]) -> list[Any]:
    return sorted(who[i] for i in test if who[i] in {who[j] for j in train})


def _counted(who: Sequence[Any], train: Sequence[int], test: Sequence[int]) -> int:
    return len(shared_patients(who, train, test))


def _either(who: Sequence[Any], train: Sequence[int], test: Sequence[int]) -> list[Any]:
    return sorted({who[i] for i in train} | {who[i] for i in test})


def _draw_split(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    who = [rng.randrange(20, 29) for _ in range(14)]
    who[0] = who[9] = who[10] = 29  # one patient on both sides, with two films in the test
    order = [*rng.sample(range(1, 9), 8), 0]
    return (who, order, [9, 10, 11, 12, 13]), {}


_SHARED_LINES = (
    "def shared_patients(who, train, test):",
    "    in_train = {who[i] for i in train}",
    "    in_test = {who[i] for i in test}",
    "    return sorted(in_train & in_test)",
)

CODE_SHARED = Code(
    id="how_sure/code-shared",
    title="Who is on both sides?",
    level="build it",
    prompt="`who[i]` is the patient of film i; `train` and `test` are lists of films. Return the "
    "patients with films in both, sorted, each once.",
    function="shared_patients",
    stub="def shared_patients(who, train, test):\n    raise NotImplementedError",
    reference=shared_patients,
    draw=_draw_split,
    mistakes=(
        Mistake(_films, "No *film* is on both sides. Look at the patients: `who[i]`."),
        Mistake(_repeated, "Each patient once, even with two films in the test."),
        Mistake(_counted, "Return the patients, not how many they are."),
        Mistake(_either, "Those are the patients in *either*. You want those in both."),
    ),
    hint="Make two sets of patients. What do they share?",
    solution="A set holds each once, `&` is what two share.\n\n```\n"
    + "\n".join(_SHARED_LINES)
    + "\n```",
    lines=_SHARED_LINES,
    precedences=(Before(0, 1), Before(0, 2), Before(1, 3), Before(2, 3)),
)

# Many comparisons --------------------------------------------------------------------------------

_LABELS, _ALPHA = 14, 0.05

AT_LEAST_ONE = Number(
    id="how_sure/at-least-one",
    title="Fourteen labels",
    level="apply it",
    prompt="Two models do not differ at all. They are compared on 14 labels, independently, each "
    "at α = 0.05. How large is the chance of at least one “significant” difference?",
    answer=1 - (1 - _ALPHA) ** _LABELS,
    tolerance=0.005,
    mistakes=(
        Mistake(_ALPHA * _LABELS, "That is how many to expect; 20 labels would then make it sure."),
        Mistake((1 - _ALPHA) ** _LABELS, "That is the chance of *none*."),
        Mistake(_ALPHA, "That is the chance for one label alone."),
        Mistake(_ALPHA / _LABELS, "That is what Bonferroni would ask of each p value."),
    ),
    hint="First the chance that none is: 0.95 for each.",
    solution="1 − 0.95¹⁴ = 0.51: as likely as not.",
)

EXERCISES: tuple[Exercise, ...] = (
    MEANING,
    ALL_FOUND,
    QUADRUPLE,
    OVERLAP,
    FILMS,
    LEAKS,
    CODE_SHARED,
    AT_LEAST_ONE,
)
