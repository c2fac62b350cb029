"""Intervals for proportions: sensitivity, specificity, predictive values, accuracy.

A sensitivity of 9 of 10 is a count of independent patients. Several images of one patient are
not independent: for those, `bootstrap_interval` with `groups`.
"""

import math
import operator

from course_lib.metrics._inputs import undefined
from course_lib.metrics._intervals import Interval, check_confidence, normal_quantile


def _count(name: str, value: int) -> int:
    try:
        found = operator.index(value)
    except TypeError:
        raise ValueError(f"`{name}` must be a whole number, got {value!r}") from None
    if found < 0:
        raise ValueError(f"`{name}` must not be negative, got {found}")
    return found


def _counts(successes: int, trials: int) -> tuple[int, int]:
    k, n = _count("successes", successes), _count("trials", trials)
    if k > n:
        raise ValueError(f"`successes` must be at most `trials`, {n}, got {k}")
    return k, n


def wilson_interval(successes: int, trials: int, *, confidence: float = 0.95) -> Interval:
    """Return a proportion with Wilson's score interval.

    Its coverage is near `confidence` on average, also for small counts, where estimate ± 1.96
    standard errors leaves [0, 1] or has no width. It may fall below for some proportions;
    `exact_interval` never does, and is wider.

    Args:
        successes: How many of the trials succeeded: true positives, say. Integer, 0 to `trials`.
        trials: How many there were: all positives, say. Integer.
        confidence: Share of such intervals that hold the truth, between 0 and 1.

    Returns:
        Estimate, low and high end, as shares of 1. All nan, with `UndefinedMetricWarning`, if
        there are no trials. O(1).

    Raises:
        ValueError: For counts that are no whole numbers, negative, or more than the trials.

    >>> [round(end, 3) for end in wilson_interval(9, 10)]
    [0.9, 0.596, 0.982]

    Source: Wilson, Probable inference, the law of succession, and statistical inference, JASA
    1927; Brown, Cai and DasGupta, Interval estimation for a binomial proportion, 2001, equation 4.
    """
    k, n = _counts(successes, trials)
    z = normal_quantile(confidence)
    if n == 0:
        nan = undefined("the proportion", "there are no trials")
        return Interval(nan, nan, nan)
    p, shrink = k / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Interval(p, 0.0 if k == 0 else middle - half, 1.0 if k == n else middle + half)


def exact_interval(successes: int, trials: int, *, confidence: float = 0.95) -> Interval:
    """Return a proportion with the exact interval of Clopper and Pearson.

    It holds the proportions that two binomial tests, each at (1 - confidence) / 2, don't refuse.
    Its coverage is at least `confidence`, whatever the truth.

    Args:
        successes: How many of the trials succeeded. Integer, 0 to `trials`.
        trials: How many there were. Integer.
        confidence: Share of such intervals that hold the truth, at the least, between 0 and 1.

    Returns:
        Estimate, low and high end, as shares of 1. All nan, with `UndefinedMetricWarning`, if
        there are no trials. O(1).

    Raises:
        ValueError: For counts that are no whole numbers, negative, or more than the trials.

    >>> [round(end, 3) for end in exact_interval(9, 10)]
    [0.9, 0.555, 0.997]

    Source: Clopper and Pearson, The use of confidence or fiducial limits illustrated in the case
    of the binomial, Biometrika 1934; as quantiles of beta distributions, Brown, Cai and DasGupta.
    """
    from scipy.special import betaincinv  # here, as scipy takes long to import

    k, n = _counts(successes, trials)
    check_confidence(confidence)
    if n == 0:
        nan = undefined("the proportion", "there are no trials")
        return Interval(nan, nan, nan)
    tail = (1 - confidence) / 2
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return Interval(k / n, low, high)
