"""How far off is a predicted number, and does it go with the true one?

`y_true` and `y_pred` are N numbers each. Errors keep the unit of the numbers; r2_score and the
correlations have none. A correlation does not see a prediction that is off by a constant or by a
factor: r2_score and concordance_correlation do.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.metrics._inputs import Values, numbers, same_length, undefined


def _pair(y_true: Values, y_pred: Values) -> tuple[Tensor, Tensor]:
    predicted = numbers("y_pred", y_pred)
    true = numbers("y_true", y_true).to(predicted.device)
    same_length(y_true=true, y_pred=predicted)
    return true, predicted


def mean_absolute_error(y_true: Values, y_pred: Values) -> float:
    """Return the mean of |y_pred - y_true|: (N,), (N,) -> float, in the unit of `y_true`.

    >>> mean_absolute_error([60, 70, 80], [62, 70, 79])
    1.0

    Raises:
        ValueError: If a value is nan or infinite, shapes differ, or N is 0.

    Cost: O(N).

    Source: Willmott and Matsuura, Climate Research 30 (2005).
    """
    true, predicted = _pair(y_true, y_pred)
    return float((predicted - true).abs().mean())


def root_mean_squared_error(y_true: Values, y_pred: Values) -> float:
    """Return the root of the mean of (y_pred - y_true)²: (N,), (N,) -> float.

    In the unit of `y_true`, and never below the mean absolute error: large errors count for more.

    >>> round(root_mean_squared_error([60, 70, 80], [62, 70, 79]), 4)
    1.291

    Raises:
        ValueError: If a value is nan or infinite, shapes differ, or N is 0.

    Cost: O(N).

    Source: Willmott and Matsuura, Climate Research 30 (2005).
    """
    true, predicted = _pair(y_true, y_pred)
    error = predicted - true
    largest = error.abs().max().clamp(min=torch.finfo(torch.float64).tiny)
    return float((error / largest).square().mean().sqrt() * largest)  # squares can't overflow


def r2_score(y_true: Values, y_pred: Values) -> float:
    """Return 1 - sum (y_true - y_pred)² / sum (y_true - mean)²: (N,), (N,) -> float.

    The share of the variance that the prediction explains: 1 is perfect, 0 is as good as to predict
    the mean, below 0 is worse. This is not the square of Pearson's correlation, which forgives
    every shift and factor; papers on brain age mix the two.

    >>> r2_score([60, 70, 80], [62, 70, 79])
    0.975

    Raises:
        ValueError: If a value is nan or infinite, shapes differ, or N is 0.

    If all of `y_true` is the same, also for N = 1, nothing varies that could be explained: nan with
    `UndefinedMetricWarning`. (scikit-learn returns 1 or 0 there.) Cost: O(N).

    Source: Kvålseth, "Cautionary note about R²", The American Statistician 39 (1985), his first R².
    """
    true, predicted = _pair(y_true, y_pred)
    if _constant(true):
        return undefined("r2_score", "all of `y_true` is the same")
    spread = true - true.mean()
    unit = spread.abs().max()
    unexplained = ((true - predicted) / unit).square().sum()
    return float(1 - unexplained / (spread / unit).square().sum())


def pearson_correlation(y_true: Values, y_pred: Values) -> float:
    """Return Pearson's correlation, from -1 to 1: (N,), (N,) -> float.

    How close the points lie to any rising (1) or falling (-1) line, not to the line of equality.

    >>> round(pearson_correlation([60, 70, 80], [30, 40, 50]), 4)
    1.0

    Raises:
        ValueError: If a value is nan or infinite, shapes differ, or N is 0.

    Undefined, nan with `UndefinedMetricWarning`, if either side is constant. Cost: O(N).

    Source: Lee Rodgers and Nicewander, The American Statistician 42 (1988).
    """
    true, predicted = _pair(y_true, y_pred)
    if _constant(true) or _constant(predicted):
        return undefined("pearson_correlation", "one side is constant")
    return float((_direction(true) @ _direction(predicted)).clamp(-1, 1))


def concordance_correlation(y_true: Values, y_pred: Values) -> float:
    """Return Lin's concordance correlation coefficient, from -1 to 1: (N,), (N,) -> float.

    `2 cov / (var_true + var_pred + (mean_true - mean_pred)²)`, with sums divided by N: how close
    the points lie to the line of equality. Its size is at most that of Pearson's correlation, and
    less by every shift and factor.

    >>> round(concordance_correlation([60, 70, 80], [30, 40, 50]), 4)
    0.129

    Raises:
        ValueError: If a value is nan or infinite, shapes differ, or N is 0.

    Undefined, nan with `UndefinedMetricWarning`, if all numbers of both sides are one number; 0 if
    one side is constant. Cost: O(N).

    Source: Lin, "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45
    (1989).
    """
    true, predicted = _pair(y_true, y_pred)
    if _constant(torch.cat((true, predicted))):
        return undefined("concordance_correlation", "all numbers are the same")
    unit = (torch.cat((true, predicted)) - true[0]).abs().max()
    x, y = (true - true[0]) / unit, (predicted - true[0]) / unit
    shift = x.mean() - y.mean()
    x, y = x - x.mean(), y - y.mean()
    apart = (x.square() + y.square()).mean() + shift.square()
    return float(2 * (x * y).mean() / apart)


class BlandAltman(NamedTuple):
    """Agreement of two measurements, each limit with its confidence interval (low, high)."""

    mean_difference: float
    standard_deviation: float
    lower_limit: float
    upper_limit: float
    mean_interval: tuple[float, float]
    lower_interval: tuple[float, float]
    upper_interval: tuple[float, float]


def bland_altman_limits(
    y_true: Values, y_pred: Values, *, agreement: float = 0.95, confidence: float = 0.95
) -> BlandAltman:
    """Return the limits between which most differences y_pred - y_true lie: (N,), (N,).

    Limits of agreement are mean ± z s, where s is the standard deviation of the differences (with
    N - 1) and z the normal quantile, 1.96 for 95 %. They hold if the differences are about normal
    and as large for small values as for large ones: plot them against the mean first.

    >>> found = bland_altman_limits([60, 70, 80, 75], [62, 70, 79, 78])
    >>> found.mean_difference, round(found.lower_limit, 2), round(found.upper_limit, 2)
    (1.0, -2.58, 4.58)

    Args:
        y_true: The reference, N numbers.
        y_pred: The prediction or the other measurement, N numbers, in the same unit.
        agreement: Share of the differences between the limits, above 0 and below 1.
        confidence: Level of the three intervals, above 0 and below 1.

    Raises:
        ValueError: If a value is nan or infinite, shapes differ, N is 0, or a share is outside
            (0, 1).

    The interval of the mean is Student's, with N - 1 degrees of freedom; those of the limits take
    the variance `s² (1/N + z² / (2 (N - 1)))` and the same quantile, a good approximation from
    about 30 pairs on. For N = 1 all but the mean is nan, with `UndefinedMetricWarning`. Cost: O(N).

    Source: Bland and Altman, Statistical Methods in Medical Research 8 (1999), section 2.
    """
    for name, share in (("agreement", agreement), ("confidence", confidence)):
        if not 0 < share < 1:
            raise ValueError(f"`{name}` must be above 0 and below 1, got {share}")
    true, predicted = _pair(y_true, y_pred)
    difference = predicted - true
    n, mean = len(difference), float(difference.mean())
    if n == 1:
        nan = undefined("the limits of agreement", "there is one pair")
        return BlandAltman(mean, nan, nan, nan, (nan, nan), (nan, nan), (nan, nan))
    from scipy.stats import norm, t

    s = float(difference.std())
    z, quantile = float(norm.ppf((1 + agreement) / 2)), float(t.ppf((1 + confidence) / 2, n - 1))
    of_mean = quantile * s / n**0.5
    of_limit = quantile * s * (1 / n + z**2 / (2 * (n - 1))) ** 0.5
    low, high = mean - z * s, mean + z * s
    return BlandAltman(
        mean,
        s,
        low,
        high,
        (mean - of_mean, mean + of_mean),
        (low - of_limit, low + of_limit),
        (high - of_limit, high + of_limit),
    )


def _constant(values: Tensor) -> bool:
    return bool((values == values[0]).all())


def _direction(values: Tensor) -> Tensor:
    """Return the deviations from the mean, scaled to length 1 without overflow."""
    spread = values - values.mean()
    spread = spread / spread.abs().max()
    return spread / spread.square().sum().sqrt()
