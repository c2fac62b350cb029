"""How many are still free of the event at a time, and do groups differ in that?

`time` is when the event came or the patient was last seen, `event` is 1 where it was seen and 0
where the patient was censored. A patient who is censored at the time of an event was still at risk.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.metrics._inputs import Values, as_tensor, same_length, undefined
from course_lib.metrics.survival import times_and_events


class KaplanMeier(NamedTuple):
    """A survival curve; T distinct times in order, each field (T,) on the device of `time`.

    `at_risk` are those seen just before a time, `events` and `censored` those who leave then.
    `survival` holds from a time on, until the next. `lower` and `upper` are its interval.
    """

    time: Tensor
    at_risk: Tensor
    events: Tensor
    censored: Tensor
    survival: Tensor
    lower: Tensor
    upper: Tensor

    @property
    def median(self) -> float:
        """Return the first time at which half or fewer are left; inf if it is not reached."""
        half = self.survival <= 0.5 + 1e-12  # a product of fractions may miss 0.5 by a rounding
        return float(self.time[half.nonzero()[0, 0]]) if bool(half.any()) else float("inf")


def kaplan_meier(time: Values, event: Values, *, confidence: float = 0.95) -> KaplanMeier:
    """Return the Kaplan-Meier estimate of survival with its interval at each time: (N,), (N,).

    `survival(t) = product over times u <= t of (1 - events(u) / at_risk(u))`.

    >>> curve = kaplan_meier([1, 2, 2, 3], [1, 1, 0, 1])
    >>> curve.survival.tolist(), curve.at_risk.tolist(), curve.median
    ([0.75, 0.5, 0.0], [4, 3, 1], 2.0)

    Args:
        time: When the event came or the patient was last seen, in any unit.
        event: 1 or True where the event was seen, 0 or False where the patient was censored.
        confidence: Level of the interval at each single time, above 0 and below 1.

    Raises:
        ValueError: If a time is nan or infinite, an event is neither 0 nor 1, lengths differ, N is
            0, or `confidence` is outside (0, 1).

    The interval is Greenwood's variance on the scale of log(-log survival), so that it stays in
    (0, 1). Before the first event it is [1, 1]; where nobody is left it does not exist: nan, as in
    R. All censored: survival is 1 everywhere. Cost: O(N log N).

    Source: Kaplan and Meier, JASA 53 (1958); Kalbfleisch and Prentice, "The Statistical Analysis of
    Failure Time Data" (1980), for the interval.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be above 0 and below 1, got {confidence}")
    times, events = times_and_events(time, event)
    when, number = torch.unique(times, return_inverse=True)
    leaving = torch.bincount(number, minlength=len(when))
    dead = torch.bincount(number[events], minlength=len(when))
    at_risk = leaving.flip(0).cumsum(0).flip(0)

    survival = (1 - dead.double() / at_risk).cumprod(0)
    greenwood = (dead / (at_risk.double() * (at_risk - dead))).cumsum(0)
    z = torch.special.ndtri(torch.tensor((1 + confidence) / 2, dtype=torch.float64))
    log = survival.log()
    factor = (float(z) * greenwood.sqrt() / -log).exp()
    started = dead.cumsum(0) > 0
    lower = torch.where(started, (log * factor).exp(), 1.0)
    upper = torch.where(started, (log / factor).exp(), 1.0)
    nobody = survival == 0
    lower, upper = (bound.masked_fill(nobody, torch.nan) for bound in (lower, upper))
    return KaplanMeier(when, at_risk, dead, leaving - dead, survival, lower, upper)


class LogRank(NamedTuple):
    """The log-rank test: chi-squared `statistic`, its degrees of freedom, `p_value`."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def logrank_test(time: Values, event: Values, group: Values) -> LogRank:
    """Test whether K groups have the same survival: (N,), (N,), (N,).

    At each time of events, the events seen in a group are compared with those expected if they fell
    on all at risk alike: the sum of the differences, by its hypergeometric variance. Each time
    counts the same, so that the test sees a hazard that is always higher, and may miss curves that
    cross.

    >>> found = logrank_test([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1])
    >>> round(found.statistic, 3), found.degrees_of_freedom, round(found.p_value, 3)
    (5.052, 1, 0.025)

    Args:
        time: When the event came or the patient was last seen, in any unit.
        event: 1 or True where the event was seen, 0 or False where the patient was censored.
        group: Numbers that tell K groups apart, at least two.

    Raises:
        ValueError: If a time is nan or infinite, an event is neither 0 nor 1, lengths differ, N is
            0, or there is one group only.

    Without an event while a group and another one are both at risk, the statistic is nan, with
    `UndefinedMetricWarning`. Cost: O(N log N + T K²) for T times of events.

    Source: Mantel, Cancer Chemotherapy Reports 50 (1966); Peto and Peto, "Asymptotically efficient
    rank invariant test procedures", JRSS A 135 (1972).
    """
    times, events = times_and_events(time, event)
    groups = as_tensor("group", group).to(times.device)
    if groups.ndim != 1:
        raise ValueError(f"`group` must have shape (N,), got {tuple(groups.shape)}")
    same_length(time=times, group=groups)
    if bool(groups.isnan().any()):
        raise ValueError("`group` must not be nan")
    labels, member = torch.unique(groups, return_inverse=True)
    k = len(labels)
    if k < 2:
        raise ValueError(f"`group` must hold at least two groups, got {k}")

    when, number = torch.unique(times, return_inverse=True)
    cell = number * k + member
    leaving = torch.bincount(cell, minlength=len(when) * k).view(-1, k)
    at_risk = leaving.flip(0).cumsum(0).flip(0).double()
    dead = torch.bincount(cell[events], minlength=len(when) * k).view(-1, k).double()
    seen = dead.sum(1) > 0
    at_risk, dead = at_risk[seen], dead[seen]
    n, d = at_risk.sum(1), dead.sum(1)

    share = at_risk / n[:, None]
    excess = (dead - d[:, None] * share).sum(0)
    weight = d * (n - d) / (n - 1).clamp(min=1)
    variance = torch.diag(weight @ share) - share.T @ (weight[:, None] * share)
    # The excesses add up to 0, so that one group says nothing new.
    excess, variance = excess[:-1], variance[:-1, :-1]
    if int(torch.linalg.matrix_rank(variance, hermitian=True)) < k - 1:
        nan = undefined("logrank_test", "no event tells the groups apart")
        return LogRank(nan, k - 1, nan)
    statistic = excess @ torch.linalg.solve(variance, excess)
    half = torch.tensor((k - 1) / 2, dtype=torch.float64, device=statistic.device)
    p_value = torch.special.gammaincc(half, statistic / 2)
    return LogRank(float(statistic), k - 1, float(p_value))
