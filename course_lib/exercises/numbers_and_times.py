"""The exercises of the chapter When the answer is a number or a time, in reading order.

Answers and wrong answers are computed; the numbers typed in are those of the questions. They are
computed in plain Python, because the catalog of exercises loads without torch, which
`course_lib.metrics` needs; the tests hold them against it.
"""

import math
import random
from collections.abc import Mapping, Sequence
from statistics import fmean
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

# How far off -------------------------------------------------------------------------------------


def _r2(true: Sequence[float], predicted: Sequence[float]) -> float:
    left = sum((t - p) ** 2 for t, p in zip(true, predicted, strict=True))
    return 1 - left / sum((t - fmean(true)) ** 2 for t in true)


SHIFTED = ((60, 70, 80), (70, 80, 90))

R2 = Number(
    id="numbers_and_times/r2",
    title="Ten years too old",
    level="apply it",
    prompt="Three people are 60, 70 and 80. A new scanner makes each of them look ten years older: "
    "70, 80, 90. What is R²?",
    answer=_r2(*SHIFTED),
    tolerance=0.01,
    mistakes=(
        Mistake(1, "That is r², the squared correlation, which forgives a shift. R² does not."),
        Mistake(0, "That is what predicting the mean, 70, for all would get. This is worse."),
        Mistake(1 - _r2(*SHIFTED), "That is the share that is *left*. Subtract it from 1."),
    ),
    hint="1 − (sum of squared errors) / (sum of squared distances from the mean, 70).",
    solution="Errors: 3 · 10² = 300. Distances from the mean: 10² + 0 + 10² = 200. "
    "R² = 1 − 300 / 200 = −0.5, although the correlation is 1.",
)

# Regression to the mean --------------------------------------------------------------------------

OLDEST = OneChoice(
    id="numbers_and_times/oldest",
    title="The oldest tenth",
    level="apply it",
    prompt="A network predicts the age of healthy people from brain scans; R² is 0.77. Look at the "
    "oldest tenth of them. What is the mean of their gaps, predicted less true age?",
    options=(
        Option(
            "About zero: they are healthy.",
            "Their brains are fine. But a scan says only part of the age, and what it leaves open "
            "is filled with the mean.",
        ),
        Option(
            "Above zero: old brains look older.",
            "They do look older than others, and the network uses that. It still stops short.",
        ),
        Option(
            "Below zero: predictions are pulled to the mean.",
            "Right. And the youngest tenth is predicted too old.",
        ),
        Option(
            "Nobody can know without the data.",
            "Any prediction that minimizes squared errors, and is not perfect, does it.",
        ),
    ),
    answer=2,
    solution="Below zero. The slope of the gap over age is about R² − 1, here −0.23: ten years "
    "above the mean make a gap of about −2.3 years.",
)

_SLOPE, _INTERCEPT, _AGE, _SAID = -0.3, 20.0, 80.0, 74.0


def _corrected(at: float, sign: float = 1) -> float:
    return _SAID - sign * (_SLOPE * at + _INTERCEPT)


CORRECT = Number(
    id="numbers_and_times/correct",
    title="Correct one age",
    level="apply it",
    prompt="On held-out people, gap = −0.3 · age + 20 was fitted. Somebody of 80 years is "
    "predicted 74. What is the corrected age by the slide's form?",
    answer=_corrected(_AGE),
    tolerance=0.01,
    unit="years",
    mistakes=(
        Mistake(_corrected(_AGE, sign=-1), "Take the expected gap *off*: minus −4 is plus 4."),
        Mistake(_corrected(_SAID), "The line is in the *true* age, 80, not in the predicted one."),
        Mistake(_SLOPE * _AGE + _INTERCEPT, "That is the gap to expect at 80. Subtract it."),
        Mistake(_corrected(_AGE) - _AGE, "That is the corrected gap. The age was asked for."),
        Mistake(_AGE, "That is the true age. A gap of −2 years stays."),
    ),
    hint="Which gap is to be expected at 80? Subtract it from the prediction.",
    solution="At 80 a gap of −0.3 · 80 + 20 = −4 is to be expected: 74 + 4 = 78. The corrected gap "
    "is −2 instead of −6.",
)

# Times -------------------------------------------------------------------------------------------

CENSORED = SeveralChoices(
    id="numbers_and_times/censored",
    title="Who is censored?",
    level="apply it",
    prompt="A study of the time from the first scan to death ended on December 31. Whose time is "
    "censored?",
    options=(
        Option("Alive on December 31.", "The time to death is longer than seen: censored."),
        Option("Moved away in May; alive then.", "Nobody knows what came later: censored in May."),
        Option("Died in June.", "The event was seen: this time is known."),
        Option("Died on the day after the first scan.", "Short, but known."),
        Option(
            "Joined on December 1, alive at the end.",
            "One month is known: the time to death is longer than that.",
        ),
    ),
    answers=(0, 1, 4),
    solution="Whoever was last seen alive. The time says: longer than this.",
)

TIMES, EVENTS = (3, 5, 6, 6, 10, 12), (1, 0, 1, 0, 1, 0)


def _survival(times: Sequence[int], events: Sequence[int], *, early: bool = False) -> float:
    """Kaplan-Meier after the last event; `early` lets the censored leave before a tied event."""
    left = 1.0
    for now in sorted({t for t, e in zip(times, events, strict=True) if e}):
        at_risk = sum(
            t > now or (t == now and (bool(e) or not early))
            for t, e in zip(times, events, strict=True)
        )
        dead = sum(t == now and e for t, e in zip(times, events, strict=True))
        left *= 1 - dead / at_risk
    return left


_DEAD = sum(EVENTS)

KM = Number(
    id="numbers_and_times/km",
    title="Kaplan-Meier by hand",
    level="read it off",
    prompt="Six patients: 3, 5+, 6, 6+, 10 and 12+ months; a plus means last seen alive. Which "
    "share is alive after month 10, by Kaplan and Meier?",
    answer=_survival(TIMES, EVENTS),
    tolerance=0.004,
    mistakes=(
        Mistake(
            _survival(TIMES, EVENTS, early=True),
            "Who is last seen at 6 was still at risk at 6: four of them, not three.",
        ),
        Mistake(0, "You dropped the censored. They count as long as they are seen."),
        Mistake(1 / len(TIMES), "You counted the censored as deaths."),
        Mistake(
            1 - _DEAD / len(TIMES),
            "You divided by all six each time. Divide by those who are still at risk.",
        ),
        Mistake(1 - _survival(TIMES, EVENTS), "That is the share that has died."),
    ),
    hint="At 3, at 6 and at 10: how many are still seen, and how many of them die?",
    solution="At 3 one of 6 dies, at 6 one of 4, at 10 one of 2: 5/6 · 3/4 · 1/2 = 0.3125.",
)

IMMORTAL = OneChoice(
    id="numbers_and_times/immortal",
    title="A drug at last",
    level="apply it",
    prompt="From their diagnosis on, patients who *ever* took a drug lived three years longer than "
    "those who never did. Most began it a year or more after the diagnosis. What do you think?",
    options=(
        Option(
            "The drug works.",
            "Perhaps. But to begin after a year, one must live for a year. That would be seen even "
            "if it did nothing.",
        ),
        Option(
            "Who died early had no time to begin. Start the clock where the groups are known.",
            "Right: until the first pill, those who took it could not die. Their time is immortal.",
        ),
        Option(
            "The study is too small.",
            "It would be as wrong with a million patients: this is bias, not chance.",
        ),
        Option(
            "Leave out those who never took it.",
            "Then nobody is left to compare with. The early deaths belong to the time without it.",
        ),
    ),
    answer=1,
    solution="Immortal time. A group may only be made of what is known when the clock starts.",
)

# Pairs -------------------------------------------------------------------------------------------


def my_concordance(time: Sequence[float], event: Sequence[int], risk: Sequence[float]) -> float:
    """Reference: of the pairs whose order is known, the share in the right order."""
    won, pairs = 0.0, 0
    for t, seen, r in zip(time, event, risk, strict=True):
        for later, s in zip(time, risk, strict=True):
            if seen and t < later:
                pairs += 1
                won += (r > s) + (r == s) / 2
    return won / pairs


def _all_pairs(time: Sequence[float], event: Sequence[int], risk: Sequence[float]) -> float:
    return my_concordance(time, [1] * len(time), risk)


def _turned(time: Sequence[float], event: Sequence[int], risk: Sequence[float]) -> float:
    return 1 - my_concordance(time, event, risk)


def _ties_lost(time: Sequence[float], event: Sequence[int], risk: Sequence[float]) -> float:
    pairs = [
        r > s
        for t, seen, r in zip(time, event, risk, strict=True)
        for later, s in zip(time, risk, strict=True)
        if seen and t < later
    ]
    return sum(pairs) / len(pairs)


def _both_seen(time: Sequence[float], event: Sequence[int], risk: Sequence[float]) -> float:
    seen = [i for i, e in enumerate(event) if e]
    return my_concordance([time[i] for i in seen], [1] * len(seen), [risk[i] for i in seen])


def _draw_cohort(rng: random.Random) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Distinct times, ties among risks; the fixed patients tell all mistakes apart."""
    n = rng.randrange(0, 5)
    time = [1, 2, 3, 4, 5, *rng.sample(range(6, 30), n)]
    event = [1, 0, 1, 1, 0, *(rng.randrange(2) for _ in range(n))]
    risk = [5, 9, 5, 3, 1, *(rng.randrange(0, 5) for _ in range(n))]
    return (time, event, risk), {}


_LINES = (
    "def my_concordance(time, event, risk):",
    "    won = pairs = 0",
    "    for i in range(len(time)):",
    "        for j in range(len(time)):",
    "            if event[i] and time[i] < time[j]:",
    "                pairs += 1",
    "                won += (risk[i] > risk[j])",
    "                won += (risk[i] == risk[j]) / 2",
    "    return won / pairs",
)

CODE_CONCORDANCE = Code(
    id="numbers_and_times/code-concordance",
    title="Write the concordance",
    level="build it",
    prompt="`time`, `event` (1: seen, 0: censored) and `risk` are lists, one entry a patient; no "
    "two times are equal. Of the pairs whose order is known, return the share in which the earlier "
    "event had the higher risk. Equal risks count half.",
    function="my_concordance",
    stub="def my_concordance(time, event, risk):\n    raise NotImplementedError",
    reference=my_concordance,
    draw=_draw_cohort,
    mistakes=(
        Mistake(
            _all_pairs,
            "The earlier of the two must be an *event*. If it is censored, nobody knows who was "
            "first.",
        ),
        Mistake(_turned, "You count pairs in which the *later* one had the higher risk."),
        Mistake(_ties_lost, "Equal risks count half. You count them as lost."),
        Mistake(
            _both_seen,
            "The *later* one may be censored: its event comes later still. You drop those pairs.",
        ),
    ),
    hint="Patient i had the event, before the time of patient j: then the order is known.",
    solution="Each ordered pair (i, j) whose first was seen to happen first.\n\n```\n"
    + "\n".join(_LINES)
    + "\n```",
    lines=_LINES,
)

_PER_YEAR, _YEARS = 0.03, 20

HAZARD = Number(
    id="numbers_and_times/hazard",
    title="Twenty years older",
    level="apply it",
    prompt="In a Cox model the coefficient of age is 0.03 a year. How many times as high is the "
    "hazard of somebody who is 20 years older, all else being equal?",
    answer=math.exp(_PER_YEAR * _YEARS),
    tolerance=0.01,
    mistakes=(
        Mistake(_PER_YEAR * _YEARS, "That is its logarithm. Take exp of it."),
        Mistake(math.exp(_PER_YEAR), "That is for one year."),
        Mistake(_YEARS * math.exp(_PER_YEAR), "Hazards multiply: exp(0.03) twenty times over."),
        Mistake(1 + _PER_YEAR * _YEARS, "Close, but it grows by compound interest: use exp."),
    ),
    hint="exp(coefficient · difference).",
    solution="exp(0.03 · 20) = exp(0.6) = 1.82.",
)

EXERCISES: tuple[Exercise, ...] = (
    R2,
    OLDEST,
    CORRECT,
    CENSORED,
    KM,
    IMMORTAL,
    CODE_CONCORDANCE,
    HAZARD,
)
