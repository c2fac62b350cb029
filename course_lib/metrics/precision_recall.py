"""Precision against recall, and average precision, for one label or many.

Davis and Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006: between
two points precision does not run on a line, so the area is a sum of steps, not of trapezoids.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.metrics._inputs import Values, labels_and_scores, undefined
from course_lib.metrics._ranking import (
    Average,
    averaged,
    count_at_thresholds,
    label_rows,
    split,
    which,
)


class PrecisionRecallCurve(NamedTuple):
    """Points from the lowest threshold up; a last one, (1, 0), has no threshold."""

    precision: Tensor
    recall: Tensor
    thresholds: Tensor


def precision_recall_curve(y_true: Values, y_score: Values) -> PrecisionRecallCurve:
    """Return precision and recall at each threshold: (N,), (N,) -> (T + 1,), (T + 1,), (T,).

    Called positive is who scores at least the threshold. The last point, precision 1 and recall 0,
    is a convention: without anyone called positive there is no precision.

    >>> curve = precision_recall_curve([0, 1, 1], [0.1, 0.2, 0.9])
    >>> curve.precision.tolist(), curve.recall.tolist()
    ([0.6666666666666666, 1.0, 1.0, 1.0], [1.0, 1.0, 0.5, 0.0])
    >>> curve.thresholds.tolist()
    [0.1, 0.2, 0.9]

    Args:
        y_true: Labels 0 and 1 (N,).
        y_score: Scores (N,), higher for more likely positive.

    Returns:
        `precision`, `recall` and the T distinct scores as `thresholds`, ascending; float64 on the
        device of `y_score`. Without a positive, `recall` is nan, and a warning says so.

    Raises:
        ValueError: A shape, a label or a score is not as above.

    O(N log N).
    """
    thresholds, tp, fp = count_at_thresholds(*labels_and_scores(y_true, y_score))
    if tp[-1] == 0:
        undefined("recall of precision_recall_curve", "there is no positive")
    start = tp.new_zeros(1).double()
    precision = torch.cat([start + 1, tp.double() / (tp + fp)])
    recall = torch.cat([start, tp.double()]) / tp[-1]
    return PrecisionRecallCurve(precision.flip(0), recall.flip(0), thresholds.flip(0))


def average_precision_score(
    y_true: Values, y_score: Values, *, average: Average = None
) -> float | Tensor:
    """Return the average precision: (N,) -> float, or (N, L) -> a tensor (L,).

    It is the mean over the positives of the precision at their own score, which is the sum of
    steps of recall times precision. By chance it is about the prevalence, not 0.5.

    >>> average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])  # (1 + 2 / 3) / 2
    0.8333333333333333

    Args:
        y_true: Labels 0 and 1, (N,) or (N, L).
        y_score: Scores of the same shape, higher for more likely positive.
        average: For (N, L): None, a value for each label; "macro", their mean; "weighted", their
            mean weighted by positives; "micro", one value over all N x L. Ignored for (N,).

    Returns:
        The average precision, 0 to 1; 1 where all are positive; nan, with a warning, for a label
        without positives (scikit-learn says 0) and for a mean that such a label is part of. In
        "weighted" it weighs 0.

    Raises:
        ValueError: A shape, a label or a score is not as above.

    O(L N log N), memory O(L N); all labels are sorted at once.
    """
    labels, scores, single = label_rows(y_true, y_score, average)
    positives, negatives, m, n = split(labels, scores)
    tp = m[:, None] - torch.searchsorted(positives, positives)
    fp = n[:, None] - torch.searchsorted(negatives, positives)
    precision = torch.where(positives.isinf(), 0.0, tp.double() / (tp + fp))
    values = precision.sum(dim=1) / m  # 0 / 0 is nan
    missing = m == 0
    if bool(missing.any()):
        where = "" if single else f" in {which(missing)}"
        undefined("average_precision_score", f"there is no positive{where}")
    return values.item() if single else averaged(values, m, average)
