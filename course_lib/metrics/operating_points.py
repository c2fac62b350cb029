"""From a curve to one threshold: operating points, and what they give.

Called positive is who scores at least the threshold; inf calls nobody. Among thresholds that are
equally good the highest is taken: it calls the fewest people. A threshold belongs to the data that
it was chosen on: on those it looks better than it is, so measure it on others.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.metrics._inputs import Values, labels_and_scores, undefined
from course_lib.metrics._ranking import count_at_thresholds


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold, with sensitivity and specificity on the data that it was chosen on."""

    threshold: float
    sensitivity: float
    specificity: float

    @property
    def youden(self) -> float:
        """Youden's J: sensitivity + specificity − 1."""
        return self.sensitivity + self.specificity - 1

    def expected_cost(self, *, cost_fp: float, cost_fn: float, prevalence: float) -> float:
        """Return the mean cost of a patient, in the unit of the costs, at a prevalence (0 to 1).

        >>> point = OperatingPoint(0.5, sensitivity=0.75, specificity=0.5)
        >>> point.expected_cost(cost_fp=1, cost_fn=8, prevalence=0.5)  # (8 / 4 + 1 / 2) / 2
        1.25
        """
        _check_costs(cost_fp, cost_fn, prevalence)
        missed = prevalence * (1 - self.sensitivity)
        alarmed = (1 - prevalence) * (1 - self.specificity)
        return cost_fn * missed + cost_fp * alarmed


UNDEFINED = OperatingPoint(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class _Points:
    """All points of a curve, from the threshold inf down; counts are whole numbers."""

    thresholds: Tensor
    tp: Tensor
    fp: Tensor

    @property
    def sensitivity(self) -> Tensor:
        return self.tp.double() / self.tp[-1]

    @property
    def specificity(self) -> Tensor:
        return (self.fp[-1] - self.fp).double() / self.fp[-1]

    def first(self, best: Tensor) -> OperatingPoint:
        """Return the first point that is marked."""
        k = int(best.to(torch.uint8).argmax())
        return OperatingPoint(
            self.thresholds[k].item(), self.sensitivity[k].item(), self.specificity[k].item()
        )


def _points(y_true: Values, y_score: Values) -> _Points | None:
    """Return the points; None where one class is missing."""
    thresholds, tp, fp = count_at_thresholds(*labels_and_scores(y_true, y_score))
    if tp[-1] == 0 or fp[-1] == 0:
        return None
    infinity, none = thresholds.new_full((1,), float("inf")), tp.new_zeros(1)
    return _Points(torch.cat([infinity, thresholds]), torch.cat([none, tp]), torch.cat([none, fp]))


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"`{name}` must be between 0 and 1, got {value:g}")


def _check_costs(cost_fp: float, cost_fn: float, prevalence: float | None) -> None:
    for name, cost in (("cost_fp", cost_fp), ("cost_fn", cost_fn)):
        if not 0 <= cost < math.inf:
            raise ValueError(f"`{name}` must be 0 or more and finite, got {cost:g}")
    if prevalence is not None:
        _check_share("prevalence", prevalence)


def youden_point(y_true: Values, y_score: Values) -> OperatingPoint:
    """Return the point with the largest sensitivity + specificity: (N,), (N,) -> a point.

    It weighs a missed patient and a false alarm alike at a prevalence of one half, which seldom
    fits a clinic: see `cost_point`.

    >>> youden_point([0, 0, 1, 1], [0.1, 0.4, 0.5, 0.8])
    OperatingPoint(threshold=0.5, sensitivity=1.0, specificity=1.0)

    Args:
        y_true: Labels 0 and 1 (N,).
        y_score: Scores (N,), higher for more likely positive.

    Returns:
        The point. Where the scores say nothing, inf: nobody is called. All nan, with a warning,
        where one class is missing.

    Raises:
        ValueError: A shape, a label or a score is not as above.

    O(N log N). Youden, "Index for rating diagnostic tests", Cancer 3 (1950).
    """
    points = _points(y_true, y_score)
    if points is None:
        undefined("youden_point", "there is only one class")
        return UNDEFINED
    gain = points.tp * points.fp[-1] - points.fp * points.tp[-1]  # J times m n: no rounding
    return points.first(gain == gain.max())


def sensitivity_point(y_true: Values, y_score: Values, *, at_least: float) -> OperatingPoint:
    """Return the most specific point whose sensitivity is `at_least` so much (0 to 1).

    >>> sensitivity_point([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], at_least=0.9)
    OperatingPoint(threshold=0.35, sensitivity=1.0, specificity=0.5)

    Args:
        y_true: Labels 0 and 1 (N,).
        y_score: Scores (N,), higher for more likely positive.
        at_least: The sensitivity that is asked for; there is always a threshold that has it.

    Returns:
        The point, one that the data have: no interpolation, so it may be more sensitive than was
        asked. All nan, with a warning, where one class is missing.

    Raises:
        ValueError: A shape, a label, a score or `at_least` is not as above.

    O(N log N).
    """
    _check_share("at_least", at_least)
    points = _points(y_true, y_score)
    if points is None:
        undefined("sensitivity_point", "there is only one class")
        return UNDEFINED
    return points.first(points.sensitivity >= at_least)


def specificity_point(y_true: Values, y_score: Values, *, at_least: float) -> OperatingPoint:
    """Return the most sensitive point whose specificity is `at_least` so much (0 to 1).

    >>> specificity_point([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], at_least=0.9)
    OperatingPoint(threshold=0.8, sensitivity=0.5, specificity=1.0)

    Args:
        y_true: Labels 0 and 1 (N,).
        y_score: Scores (N,), higher for more likely positive.
        at_least: The specificity that is asked for. The threshold inf always has it, and is
            returned where no other has.

    Returns:
        The point, one that the data have: no interpolation, so it may be more specific than was
        asked. All nan, with a warning, where one class is missing.

    Raises:
        ValueError: A shape, a label, a score or `at_least` is not as above.

    O(N log N).
    """
    _check_share("at_least", at_least)
    points = _points(y_true, y_score)
    if points is None:
        undefined("specificity_point", "there is only one class")
        return UNDEFINED
    found = points.tp.masked_fill(points.specificity < at_least, -1)
    return points.first(found == found.max())


def cost_point(
    y_true: Values,
    y_score: Values,
    *,
    cost_fp: float,
    cost_fn: float,
    prevalence: float | None = None,
) -> OperatingPoint:
    """Return the point with the smallest expected cost: (N,), (N,) -> a point.

    The cost of a patient is prevalence (1 − sensitivity) cost_fn + (1 − prevalence)
    (1 − specificity) cost_fp. On the curve it is where the slope is cost_fp (1 − prevalence) to
    cost_fn prevalence.

    >>> y_true, y_score = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    >>> cost_point(y_true, y_score, cost_fp=1, cost_fn=10).threshold  # half of them are ill
    0.35
    >>> cost_point(y_true, y_score, cost_fp=1, cost_fn=10, prevalence=0.01).threshold
    0.8

    Args:
        y_true: Labels 0 and 1 (N,).
        y_score: Scores (N,), higher for more likely positive.
        cost_fp: What a false alarm costs, 0 or more.
        cost_fn: What a missed patient costs, 0 or more, in the same unit.
        prevalence: Where the threshold will be used, 0 to 1; as in `y_true` if left out.

    Returns:
        The point; its cost is `point.expected_cost(...)`. All nan, with a warning, where one class
        is missing.

    Raises:
        ValueError: A shape, a label, a score, a cost or `prevalence` is not as above.

    O(N log N). Metz, "Basic principles of ROC analysis", Seminars in Nuclear Medicine 8 (1978).
    """
    _check_costs(cost_fp, cost_fn, prevalence)
    points = _points(y_true, y_score)
    if points is None:
        undefined("cost_point", "there is only one class")
        return UNDEFINED
    missed, alarmed = (points.tp[-1] - points.tp).double(), points.fp.double()
    m, n = int(points.tp[-1]), int(points.fp[-1])
    ill, well = (m, n) if prevalence is None else (prevalence, 1 - prevalence)
    costs = missed * (cost_fn * ill / m) + alarmed * (cost_fp * well / n)
    return points.first(costs <= costs.min() * (1 + 1e-12))  # a tie is one in spite of rounding
