"""How sure is a whole ROC curve? A bootstrap band around each of its points.

B resamples of m positives and n negatives, drawn apart, so that each resample has as many of each.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.metrics._inputs import Values, labels_and_scores, undefined
from course_lib.metrics._intervals import check_confidence

_BATCH = 500  # resamples at a time: their counts at each threshold stay small


class RocBand(NamedTuple):
    """Two pointwise bands over one grid, which serves both axes: (K,) each, float64.

    `tpr_low` and `tpr_high` belong to the false positive rate of `grid`, `fpr_low` and `fpr_high`
    to the sensitivity of `grid`.
    """

    grid: Tensor
    tpr_low: Tensor
    tpr_high: Tensor
    fpr_low: Tensor
    fpr_high: Tensor


def roc_band(
    y_true: Values,
    y_score: Values,
    *,
    generator: torch.Generator | int,
    confidence: float = 0.95,
    resamples: int = 2000,
    steps: int = 50,
) -> RocBand:
    """Return where the middle `confidence` of the resamples' ROC curves lie, point by point.

    Up: at each false positive rate, the largest sensitivity that costs no more. Across: at each
    sensitivity, the smallest false positive rate that gives at least so much. The second makes a
    band of precision at *any* prevalence p: precision = p r / (p r + (1 - p) fpr) falls as `fpr`
    grows, so the ends of the one band are those of the other, turned round. To make that exact, the
    ends are resamples' own values, without interpolation.

    >>> band = roc_band([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], generator=0, steps=2)
    >>> band.grid.tolist(), band.tpr_low.tolist(), band.tpr_high.tolist()
    ([0.0, 0.5, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0])

    Args:
        y_true: Labels 0 and 1 (N,).
        y_score: Scores (N,), higher for more likely positive.
        generator: A torch.Generator on the CPU, or a seed.
        confidence: Share of the resamples that each point of the band holds, between 0 and 1.
        resamples: B.
        steps: The grid has the shares 0, 1 / steps, ..., 1.

    Returns:
        The grid and both bands, on the CPU. It holds each point 95% of the time, not the whole
        curve. All nan, with a warning, where one class is missing.

    Raises:
        ValueError: A shape, a label or a score is not as above; `confidence` is not between 0 and
            1; `resamples` or `steps` is below 1.

    O(B (N + T)) for T distinct scores. Source: Efron and Tibshirani, An introduction to the
    bootstrap, 1993.
    """
    check_confidence(confidence)
    for name, number in (("resamples", resamples), ("steps", steps)):
        if number < 1:
            raise ValueError(f"`{name}` must be 1 or more, got {number}")
    labels, scores = (each.cpu() for each in labels_and_scores(y_true, y_score))
    grid = torch.arange(steps + 1, dtype=torch.float64) / steps
    m = int(labels.sum())
    n = len(labels) - m
    if m == 0 or n == 0:
        undefined("roc_band", "there is only one class")
        return RocBand(grid, *(torch.full_like(grid, float("nan")) for _ in range(4)))
    if not isinstance(generator, torch.Generator):
        generator = torch.Generator().manual_seed(generator)
    distinct, place = torch.unique(scores, return_inverse=True)
    place = len(distinct) - place  # 0 is the threshold inf, which nobody reaches
    ups, acrosses = [], []
    for start in range(0, resamples, _BATCH):
        rows = min(_BATCH, resamples - start)
        tpr, fpr = (
            _rates(place[kind], len(distinct) + 1, rows, generator) for kind in (labels, ~labels)
        )
        wanted = grid.expand(rows, -1).contiguous()
        ups.append(tpr.gather(1, torch.searchsorted(fpr, wanted, right=True) - 1))
        acrosses.append(fpr.gather(1, torch.searchsorted(tpr, wanted)))
    tail = (1 - confidence) / 2
    ends = [
        torch.cat(parts).quantile(share, dim=0, interpolation=side)
        for parts in (ups, acrosses)
        for share, side in ((tail, "lower"), (1 - tail, "higher"))
    ]
    return RocBand(grid, *ends)


def _rates(place: Tensor, thresholds: int, rows: int, generator: torch.Generator) -> Tensor:
    """Draw one class `rows` times, and return its share at or above each threshold."""
    size = len(place)
    drawn = place[torch.randint(size, (rows, size), generator=generator)]
    counts = torch.zeros(rows, thresholds, dtype=torch.int64)
    counts.scatter_add_(1, drawn, torch.ones_like(drawn))
    return counts.cumsum(dim=1).double() / size
