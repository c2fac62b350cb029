"""The receiver operating characteristic and the area under it, exact, for one label or many.

Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006): Algorithm 1 is
the curve, with tied scores taken in one step.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.metrics._inputs import Values, labels_and_scores, undefined
from course_lib.metrics._ranking import (
    Average,
    Split,
    averaged,
    count_at_thresholds,
    cumulate,
    label_rows,
    split,
    which,
)


class RocCurve(NamedTuple):
    """Points of the curve, from (0, 0) to (1, 1); called positive is who scores >= threshold."""

    fpr: Tensor
    tpr: Tensor
    thresholds: Tensor


def roc_curve(y_true: Values, y_score: Values, *, drop_intermediate: bool = True) -> RocCurve:
    """Return false and true positive rates at each threshold: (N,), (N,) -> three of (T,).

    The first threshold is inf: nobody is called positive. Then come the distinct scores from the
    highest to the lowest; patients with the same score enter together, which makes a slope.

    >>> fpr, tpr, thresholds = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> fpr.tolist(), tpr.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    >>> thresholds.tolist()
    [inf, 0.8, 0.4, 0.35, 0.1]

    Args:
        y_true: Labels 0 and 1 (N,).
        y_score: Scores (N,), higher for more likely positive.
        drop_intermediate: Leave out points in the middle of two equal steps, as scikit-learn does.
            The line through the points stays the same.

    Returns:
        `fpr`, `tpr` and `thresholds`, float64 on the device of `y_score`. Without a positive, `tpr`
        is nan; without a negative, `fpr` is; a warning says so.

    Raises:
        ValueError: A shape, a label or a score is not as above.

    O(N log N).
    """
    counts = count_at_thresholds(*labels_and_scores(y_true, y_score))
    thresholds, tp, fp = counts
    if drop_intermediate and len(tp) > 2:
        keep = torch.ones_like(tp, dtype=torch.bool)
        keep[1:-1] = (tp.diff(n=2) != 0) | (fp.diff(n=2) != 0)
        thresholds, tp, fp = (each[keep] for each in counts)
    if tp[-1] == 0:
        undefined("tpr of roc_curve", "there is no positive")
    if fp[-1] == 0:
        undefined("fpr of roc_curve", "there is no negative")
    start = tp.new_zeros(1)
    tp, fp = torch.cat([start, tp]).double(), torch.cat([start, fp]).double()
    infinity = thresholds.new_full((1,), float("inf"))
    return RocCurve(fp / fp[-1], tp / tp[-1], torch.cat([infinity, thresholds]))


def _areas(parts: Split) -> Tensor:
    """Count pairs: U / (m n) of Mann and Whitney, (L,). Whole numbers up to the one division."""
    positives, negatives, m, n = parts
    few, many = positives, negatives
    if positives.shape[1] > negatives.shape[1]:  # ask for the fewer
        few, many = negatives, positives
    below = torch.searchsorted(many, few, out_int32=True)
    not_above = torch.searchsorted(many, few, right=True, out_int32=True)
    wins = (below + not_above.long()).masked_fill(few.isinf(), 0).sum(dim=1)  # twice the pairs
    if few is negatives:
        wins = 2 * m * n - wins
    return wins.double() / (2 * m * n)  # 0 / 0 is nan


def _partial_areas(labels: Tensor, scores: Tensor, max_fpr: float) -> Tensor:
    """Area left of `max_fpr`, (L,), standardised by McClish: 0.5 by chance, 1 at best."""
    counts, ends = cumulate(labels, scores)
    m, n = counts.tp[:, -1:], counts.fp[:, -1:]
    # Inside of a run of ties stand still at the last point, and leave in one step at its end.
    ys = counts.tp.masked_fill(~ends, 0).cummax(dim=1).values / m.double()
    xs = counts.fp.masked_fill(~ends, 0).cummax(dim=1).values / n.double()
    y0, x0 = (torch.nn.functional.pad(each[:, :-1], (1, 0)) for each in (ys, xs))
    width = (xs.clamp(max=max_fpr) - x0).clamp(min=0)
    share = torch.where(xs > x0, width / (xs - x0), 0.0)  # of a step that is left of max_fpr
    area = (width * (y0 + share * (ys - y0) / 2)).sum(dim=1)
    chance = max_fpr**2 / 2
    standard = (1 + (area - chance) / (max_fpr - chance)) / 2
    return torch.where((m * n)[:, 0] == 0, float("nan"), standard)


def roc_auc_score(
    y_true: Values, y_score: Values, *, average: Average = None, max_fpr: float | None = None
) -> float | Tensor:
    """Return the area under the ROC curve: (N,) -> float, or (N, L) -> a tensor (L,).

    It is the chance that a random positive scores higher than a random negative; a tie counts half.
    Counted exactly, in whole numbers, so it does not depend on the order of patients.

    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    >>> roc_auc_score([[0, 1], [1, 1], [1, 0]], [[0.1, 0.2], [0.1, 0.9], [0.7, 0.3]]).tolist()
    [0.75, 0.5]

    Args:
        y_true: Labels 0 and 1, (N,) or (N, L).
        y_score: Scores of the same shape, higher for more likely positive.
        average: For (N, L): None, a value for each label; "macro", their mean; "weighted", their
            mean weighted by positives; "micro", one area over all N x L. Ignored for (N,).
        max_fpr: Only the part of the curve up to this false positive rate, above 0 and up to 1,
            standardised to 0.5 by chance and 1 at best.

    Returns:
        The area, 0 to 1; nan, with a warning, for a label of which one class is missing, and for a
        mean that such a label is part of. In "weighted" a label without positives weighs 0.

    Raises:
        ValueError: A shape, a label, a score or `max_fpr` is not as above.

    O(L N log N), memory O(L N); all labels are sorted at once. Hanley and McNeil, "The meaning and
    use of the area under a receiver operating characteristic (ROC) curve", Radiology 143 (1982);
    `max_fpr`: McClish, "Analyzing a portion of the ROC curve", Medical Decision Making 9 (1989).
    """
    if max_fpr is not None and not 0 < max_fpr <= 1:
        raise ValueError(f"`max_fpr` must be above 0 and at most 1, got {max_fpr:g}")
    labels, scores, single = label_rows(y_true, y_score, average)
    positives = labels.sum(dim=1)
    if max_fpr is None or max_fpr == 1:
        areas = _areas(split(labels, scores))
    else:
        areas = _partial_areas(labels, scores, max_fpr)
    missing = areas.isnan()
    if bool(missing.any()):
        where = "" if single else f" in {which(missing)}"
        undefined("roc_auc_score", f"there is only one class{where}")
    return areas.item() if single else averaged(areas, positives, average)
