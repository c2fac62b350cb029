"""What an answer of a test is worth where the disease is rarer or more common."""

from typing import NamedTuple

from course_lib.metrics._inputs import number_between, undefined


class PredictiveValues(NamedTuple):
    """What an answer is worth: how often "positive" is right, and how often "negative" is."""

    ppv: float
    npv: float


def predictive_values(
    sensitivity: float, specificity: float, *, prevalence: float
) -> PredictiveValues:
    """Return PPV and NPV by Bayes' rule, where `prevalence` of the people are positive. O(1).

    Sensitivity and specificity are taken to be the same there, which has to be true of the people:
    a disease that is caught earlier is often harder to see.

    >>> good = predictive_values(0.9, 0.9, prevalence=0.01)
    >>> round(good.ppv, 3), round(good.npv, 3)
    (0.083, 0.999)

    Args:
        sensitivity: From 0 to 1.
        specificity: From 0 to 1.
        prevalence: From 0 to 1. At 0 no positive answer is right (PPV 0), at 1 no negative one.

    Returns:
        `PredictiveValues(ppv, npv)`; each is nan, with `UndefinedMetricWarning`, if nobody would
        get that answer.

    Raises:
        ValueError: An argument is no number from 0 to 1.

    Source: D. G. Altman and J. M. Bland, Diagnostic tests 2, BMJ 309 (1994) 102.
    """
    tpr = number_between(0, 1, "sensitivity", sensitivity)
    tnr = number_between(0, 1, "specificity", specificity)
    p = number_between(0, 1, "prevalence", prevalence)
    return bayes(tpr, 1 - tpr, 1 - tnr, tnr, p)


def bayes(tpr: float, fnr: float, fpr: float, tnr: float, prevalence: float) -> PredictiveValues:
    """Return the predictive values from all four rates; 1 - rate would lose digits of small ones.

    >>> bayes(0.5, 0.5, 0.5, 0.5, 0.25)
    PredictiveValues(ppv=0.25, npv=0.75)
    """
    absence = 1 - prevalence
    return PredictiveValues(
        _part(prevalence * tpr, absence * fpr, "ppv", "nothing would be called positive"),
        _part(absence * tnr, prevalence * fnr, "npv", "nothing would be called negative"),
    )


def _part(this: float, other: float, metric: str, because: str) -> float:
    if this + other == 0:
        return undefined(f"{metric} at this prevalence", because, stacklevel=5)
    return this / (this + other)
