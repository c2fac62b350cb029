"""Do 30 of 100 people with a score of 0.3 have it? Probabilities held against what happened.

Scores are probabilities here, so one outside 0 to 1 is refused: it may be a logit, and no function
of this module guesses. What is measured is the probability of the positive class.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib._checks import whole_number
from course_lib.metrics._inputs import Values, labels_and_scores


class ReliabilityCurve(NamedTuple):
    """The bins that hold a case, from low to high: each field is a tensor (bins,)."""

    lower: Tensor  # the edge that is not in the bin; 0 is in the first
    upper: Tensor  # the edge that is
    predicted: Tensor  # mean score
    observed: Tensor  # share of positives
    cases: Tensor  # how many, int64


def _probabilities(y_true: Values, y_score: Values) -> tuple[Tensor, Tensor]:
    labels, scores = labels_and_scores(y_true, y_score)
    outside = (scores < 0) | (scores > 1)
    if bool(outside.any()):
        got = f"{scores[outside][0].item():g}"
        raise ValueError(f"`y_score` must hold probabilities from 0 to 1, got {got}")
    return labels.to(torch.float64), scores


def brier_score_loss(y_true: Values, y_score: Values) -> float:
    """Mean squared difference of label and probability, from 0 to 1, lower is better. O(N).

    Always saying 0.5 gives 0.25; always saying the prevalence p gives p (1 - p).

    >>> round(brier_score_loss([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3]), 4)
    0.0375

    Args:
        y_true: Labels 0 and 1, of shape (N,).
        y_score: Probabilities of label 1, of shape (N,).

    Raises:
        ValueError: A score outside 0 to 1, bad labels or shapes, no case at all.

    Source: G. W. Brier, Mon. Weather Rev. 78 (1950) 1; half of his sum over both classes.
    """
    labels, scores = _probabilities(y_true, y_score)
    return float((scores - labels).square().mean())


def reliability_curve(y_true: Values, y_score: Values, *, bins: int = 10) -> ReliabilityCurve:
    """Compare mean probability and share of positives in bins of equal width. O(N log bins).

    Bin k holds scores in (k / bins, (k + 1) / bins]: open on the left, closed on the right, and 0
    belongs to the first. A bin without a case is left out. Scores are compared as float64.

    >>> curve = reliability_curve([0, 1, 0, 1, 1], [0.0, 0.5, 0.5, 0.6, 1.0], bins=2)
    >>> curve.upper.tolist(), curve.cases.tolist()
    ([0.5, 1.0], [3, 2])
    >>> curve.observed.tolist()
    [0.3333333333333333, 1.0]

    Args:
        y_true: Labels 0 and 1, of shape (N,).
        y_score: Probabilities of label 1, of shape (N,).
        bins: How many there are, those without a case included.

    Returns:
        `ReliabilityCurve(lower, upper, predicted, observed, cases)`, on the device of `y_score`.

    Raises:
        ValueError: A score outside 0 to 1, bad labels, shapes or `bins`, no case at all.
    """
    k = whole_number("bins", bins)
    labels, scores = _probabilities(y_true, y_score)
    edges = torch.arange(k + 1, dtype=torch.float64, device=scores.device) / k
    where = torch.bucketize(scores, edges[1:-1])  # how many inner edges lie below the score
    count = torch.bincount(where, minlength=k)
    has, none = count > 0, torch.zeros(k, dtype=torch.float64, device=scores.device)
    predicted = none.index_add(0, where, scores)[has] / count[has]
    observed = none.index_add(0, where, labels)[has] / count[has]
    return ReliabilityCurve(edges[:-1][has], edges[1:][has], predicted, observed, count[has])


def expected_calibration_error(y_true: Values, y_score: Values, *, bins: int = 10) -> float:
    """Mean distance of probability and share of positives over the bins, by cases. O(N log bins).

    The bins are those of `reliability_curve`. The value depends on how many there are, and is above
    0 by chance alone in a small sample, so two of them compare only at the same `bins` and N. For
    the "confidence" of networks give whether the answer was right as `y_true`, and the probability
    of the answer as `y_score`.

    >>> expected_calibration_error([0, 1, 0, 1], [0.25, 0.25, 0.75, 0.75])
    0.25

    Raises:
        ValueError: As `reliability_curve`.

    Source: M. P. Naeini et al., AAAI (2015) 2901; C. Guo et al., ICML (2017), equation 3.
    """
    curve = reliability_curve(y_true, y_score, bins=bins)
    distance = (curve.predicted - curve.observed).abs()
    return float((distance * curve.cases).sum() / curve.cases.sum())
