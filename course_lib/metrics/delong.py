"""How sure is an AUC, and do two models differ on the same patients? DeLong's answers.

An AUC is the share of pairs, one positive and one negative, in the right order. Each patient is in
many pairs, so pairs aren't independent; patients are taken to be. Several images of one patient:
`bootstrap_interval` with `groups`. P positives and Q negatives here, N together.
"""

import math
from statistics import NormalDist
from typing import Literal, NamedTuple

from torch import Tensor

from course_lib.metrics._inputs import (
    Values,
    binary_labels,
    labels_and_scores,
    numbers,
    same_length,
    undefined,
)
from course_lib.metrics._intervals import Interval, normal_quantile
from course_lib.metrics._ranks import placements, sorted_placements

FEW = "it takes two positives and two negatives at the least"


class DelongTest(NamedTuple):
    """Two AUCs on the same patients, and how surely they differ."""

    auc_1: float
    auc_2: float
    difference: float  # the first less the second
    standard_error: float  # of the difference
    z: float
    p_value: float  # two-sided


def _variance(below: Tensor, above: Tensor) -> float:
    """Return the variance of an AUC, or of a difference of two, of placements (P,) and (Q,)."""
    p, q = len(below), len(above)
    # of counts, not of shares: the same count everywhere must have the variance 0, exactly
    return float(below.var()) / (q * q * p) + float(above.var()) / (p * p * q)


def _too_few(labels: Tensor) -> bool:
    positives = int(labels.sum())
    return positives < 2 or len(labels) - positives < 2


def delong_interval(
    y_true: Values,
    y_score: Values,
    *,
    confidence: float = 0.95,
    scale: Literal["identity", "logit"] = "identity",
) -> Interval:
    """Return the area under the ROC curve with DeLong's interval.

    Args:
        y_true: Labels 0 and 1, (N,).
        y_score: Higher means more likely positive, (N,). Only their order counts.
        confidence: Share of such intervals that hold the truth, between 0 and 1.
        scale: "identity" is AUC ± z standard errors, cut at 0 and 1. "logit" is symmetric in
            log(AUC / (1 - AUC)): it stays within (0, 1), and is better for AUCs near 1.

    Returns:
        AUC, low and high end. The ends are nan, with `UndefinedMetricWarning`, if a class has
        fewer than two members, or if the variance is estimated as 0, as for an AUC of 1: the
        true AUC may well be lower. All three are nan if a class is empty. O(N log N).

    Raises:
        ValueError: For other labels, nan, other shapes or lengths, an unknown scale.

    >>> [round(end, 3) for end in delong_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])]
    [0.75, 0.057, 1.0]
    >>> found = delong_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], scale="logit")
    >>> [round(end, 3) for end in found]
    [0.75, 0.069, 0.992]

    Source: DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated
    receiver operating characteristic curves, Biometrics 1988; by midranks: Sun and Xu, Fast
    implementation of DeLong's algorithm, IEEE Signal Processing Letters 2014. Logit: Pepe, The
    statistical evaluation of medical tests, 2003, section 5.2.
    """
    if scale not in ("identity", "logit"):
        raise ValueError(f'`scale` must be "identity" or "logit", got {scale!r}')
    z = normal_quantile(confidence)
    labels, scores = labels_and_scores(y_true, y_score)
    below, above = sorted_placements(labels, scores)
    pairs = len(below) * len(above)
    nan = float("nan")
    auc = float(below.sum()) / pairs if pairs else nan
    if _too_few(labels):
        undefined("DeLong's interval", FEW)
        return Interval(auc, nan, nan)
    error = math.sqrt(_variance(below, above))
    if error == 0:
        undefined("DeLong's interval", "the estimated variance is 0")
        return Interval(auc, nan, nan)
    if scale == "identity":
        return Interval(auc, max(0.0, auc - z * error), min(1.0, auc + z * error))
    logit, reach = math.log(auc / (1 - auc)), z * error / (auc * (1 - auc))
    return Interval(auc, _expit(logit - reach), _expit(logit + reach))


def _expit(logit: float) -> float:
    return (1 + math.tanh(logit / 2)) / 2


def delong_test(y_true: Values, y_score_1: Values, y_score_2: Values) -> DelongTest:
    """Test whether two models have the same AUC, of their scores for the same patients.

    Args:
        y_true: Labels 0 and 1, (N,).
        y_score_1: The first model's scores, (N,); higher means more likely positive.
        y_score_2: The second model's scores of the same patients in the same order, (N,).

    Returns:
        Both AUCs, their difference (first less second), its standard error, z and the two-sided
        p-value. Error, z and p are nan, with `UndefinedMetricWarning`, if a class has fewer than
        two members; z and p also if the difference has no variance, as when both models rank
        alike. O(N log N).

    Raises:
        ValueError: For other labels, nan, other shapes or lengths.

    >>> first, second = [0.1, 0.4, 0.35, 0.8, 0.6, 0.2], [0.2, 0.1, 0.5, 0.4, 0.3, 0.6]
    >>> found = delong_test([0, 0, 1, 1, 1, 0], first, second)
    >>> round(found.difference, 3), round(found.p_value, 3)
    (0.222, 0.593)

    Source: DeLong, DeLong and Clarke-Pearson 1988, equation 5; Sun and Xu 2014.
    """
    first, second = numbers("y_score_1", y_score_1), numbers("y_score_2", y_score_2)
    labels = binary_labels("y_true", y_true).to(first.device)
    second = second.to(first.device)
    same_length(y_true=labels, y_score_1=first, y_score_2=second)
    below_1, above_1 = placements(labels, first)
    below_2, above_2 = placements(labels, second)
    pairs = len(below_1) * len(above_1)
    nan = float("nan")
    auc_1 = float(below_1.sum()) / pairs if pairs else nan
    auc_2 = float(below_2.sum()) / pairs if pairs else nan
    difference = float((below_1 - below_2).sum()) / pairs if pairs else nan
    if _too_few(labels):
        undefined("DeLong's test", FEW)
        return DelongTest(auc_1, auc_2, difference, nan, nan, nan)
    # the variance of the difference at once: the covariances are in it
    error = math.sqrt(_variance(below_1 - below_2, above_1 - above_2))
    if error == 0:
        undefined("DeLong's test", "the difference has an estimated variance of 0")
        return DelongTest(auc_1, auc_2, difference, error, nan, nan)
    z = difference / error
    return DelongTest(auc_1, auc_2, difference, error, z, 2 * NormalDist().cdf(-abs(z)))
