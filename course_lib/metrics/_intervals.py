"""What an interval is, and how sure it is."""

from statistics import NormalDist
from typing import NamedTuple

from torch import Tensor


class Interval(NamedTuple):
    """An estimate, and the two ends of its interval."""

    estimate: float
    low: float
    high: float


def check_confidence(confidence: float) -> None:
    """Refuse what is no confidence level, such as 95 for 0.95.

    >>> check_confidence(95)
    Traceback (most recent call last):
    ValueError: `confidence` must be between 0 and 1, got 95
    """
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be between 0 and 1, got {confidence}")


def normal_quantile(confidence: float) -> float:
    """Return how many standard errors the interval reaches to each side.

    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    check_confidence(confidence)
    return NormalDist().inv_cdf((1 + confidence) / 2)


def bca_shares(
    estimate: float, replicates: Tensor, influences: list[Tensor], confidence: float
) -> tuple[float, float] | None:
    """Return which quantiles of bootstrap replicates (B,) end the BCa interval, if any do.

    Args:
        estimate: The metric of the sample itself.
        replicates: The metric of each resample, (B,), float64.
        influences: For each stratum of n_s units, (n_s - 1) x (mean - value) of its jackknife.
        confidence: Of the interval, between 0 and 1.

    Source: Efron, Better bootstrap confidence intervals, JASA 1987; Efron and Tibshirani, An
    introduction to the bootstrap, 1993, equations 14.9, 14.14 and 14.15.
    """
    normal = NormalDist()
    below, equal = (
        float(t.double().mean()) for t in (replicates < estimate, replicates == estimate)
    )
    cubes = sum(float((u**3).sum()) / len(u) ** 3 for u in influences)
    squares = sum(float((u**2).sum()) / len(u) ** 2 for u in influences)
    if not 0 < below + equal / 2 < 1 or equal == 1 or not squares > 0:
        return None
    bias, acceleration = normal.inv_cdf(below + equal / 2), cubes / (6 * squares**1.5)

    def share(p: float) -> float:
        moved = bias + normal.inv_cdf(p)
        return normal.cdf(bias + moved / (1 - acceleration * moved))

    return share((1 - confidence) / 2), share((1 + confidence) / 2)
