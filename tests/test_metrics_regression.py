"""Errors and correlations of numbers, and the correction of age bias."""

import math

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import metrics
from course_lib.metrics import AgeBiasCorrection, UndefinedMetricWarning, bland_altman_limits

ONE_NUMBER = [
    metrics.mean_absolute_error,
    metrics.root_mean_squared_error,
    metrics.r2_score,
    metrics.pearson_correlation,
    metrics.concordance_correlation,
]
CORRELATIONS = ONE_NUMBER[2:]


def by_formula(x, y):
    n = len(x)
    mx, my = sum(x) / n, sum(y) / n
    errors = [b - a for a, b in zip(x, y, strict=True)]
    xx, yy = (sum((v - m) ** 2 for v in u) for u, m in ((x, mx), (y, my)))
    xy = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    squares = sum(e * e for e in errors)
    return [
        sum(map(abs, errors)) / n,
        math.sqrt(squares / n),
        1 - squares / xx,
        xy / math.sqrt(xx * yy),
        2 * xy / n / (xx / n + yy / n + (mx - my) ** 2),
    ]


def draw(seed, n):
    rng = np.random.default_rng(seed)
    x = rng.normal(60, 12, n)
    return x, 0.6 * x + 20 + rng.normal(0, 6, n)


@given(seed=st.integers(0, 10**6), n=st.integers(2, 60))
@settings(deadline=None, max_examples=40)
def test_as_in_the_formulas_and_the_libraries(seed, n):
    x, y = draw(seed, n)
    found = [metric(x, y) for metric in ONE_NUMBER]
    assert found == pytest.approx(by_formula(x.tolist(), y.tolist()), rel=1e-9)
    library = [
        sklearn.metrics.mean_absolute_error(x, y),
        sklearn.metrics.mean_squared_error(x, y) ** 0.5,
        sklearn.metrics.r2_score(x, y),
        scipy.stats.pearsonr(x, y).statistic if n > 2 else found[3],
    ]
    assert found[:4] == pytest.approx(library, rel=1e-9)
    order = np.random.default_rng(seed).permutation(n)
    assert [m(x[order], torch.tensor(y[order])) for m in ONE_NUMBER] == pytest.approx(found)
    assert [m(np.tile(x, 3), np.tile(y, 3)) for m in ONE_NUMBER] == pytest.approx(found)
    if n >= 10:  # two ages that are nearly equal leave R2 no digits
        single = [m(x.astype("float32"), y.astype("float32")) for m in ONE_NUMBER]
        assert single == pytest.approx(found, rel=1e-4, abs=1e-5)
    mae, rmse, r2, r, ccc = found
    assert mae <= rmse * (1 + 1e-12)
    assert r2 <= r * r + 1e-12
    assert abs(ccc) <= abs(r) + 1e-12
    swapped = metrics.concordance_correlation(y, x)
    assert swapped == pytest.approx(ccc)


def test_a_shift_is_seen_by_all_but_pearson():
    x, _ = draw(0, 50)
    assert metrics.pearson_correlation(x, 2 * x + 3) == pytest.approx(1)
    assert metrics.pearson_correlation(x, -x) == pytest.approx(-1)
    assert metrics.r2_score(x, x + 30) < 0
    assert metrics.concordance_correlation(x, x + 30) < 0.3
    assert metrics.concordance_correlation(x, x) == pytest.approx(1)


def test_lin_of_three_points():
    """x = 1, 2, 3 and y = 2, 3, 4: 2 (2/3) / (2/3 + 2/3 + 1) = 4/7."""
    assert metrics.concordance_correlation([1, 2, 3], [2, 3, 4]) == pytest.approx(4 / 7)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_sizes_that_would_overflow_when_squared(scale):
    x, y = draw(0, 20)
    wanted = [metric(x, y) for metric in ONE_NUMBER]
    found = [metric(x * scale, y * scale) for metric in ONE_NUMBER]
    assert found[0] / scale == pytest.approx(wanted[0])
    assert found[1] / scale == pytest.approx(wanted[1])
    assert found[2:] == pytest.approx(wanted[2:])


def test_far_from_zero():
    x, y = draw(0, 20)
    wanted = [metric(x, y) for metric in ONE_NUMBER]
    assert [metric(x + 1e7, y + 1e7) for metric in ONE_NUMBER] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("metric", CORRELATIONS)
@pytest.mark.parametrize("pair", [([5, 5, 5], [5, 5, 5]), ([5], [5])])
def test_a_constant_is_undefined_and_not_perfect(metric, pair):
    """scikit-learn's r2_score calls this 1."""
    with pytest.warns(UndefinedMetricWarning, match=metric.__name__):
        assert math.isnan(metric(*pair))


def test_one_constant_side():
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(metrics.pearson_correlation([1, 2, 3], [0.1, 0.1, 0.1]))
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(metrics.r2_score([0.1, 0.1, 0.1], [1, 2, 3]))
    assert metrics.concordance_correlation([1, 2, 3], [4, 4, 4]) == 0
    assert metrics.root_mean_squared_error([1, 2], [1, 2]) == 0


@pytest.mark.parametrize("metric", [*ONE_NUMBER, bland_altman_limits])
@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (([1, 2], [1]), "`y_pred` must be as long as `y_true`, 2, got 1"),
        (([], []), "`y_true` must not be empty"),
        (([1, math.nan], [1, 2]), "`y_true` must be finite"),
        (([1, 2], [1, math.inf]), "`y_pred` must be finite"),
        (([[1], [2]], [1, 2]), r"`y_true` must have shape \(N,\), got \(2, 1\)"),
    ],
)
def test_refusals(metric, pair, message):
    with pytest.raises(ValueError, match=message):
        metric(*pair)


@given(seed=st.integers(0, 10**6), n=st.integers(2, 60))
@settings(deadline=None, max_examples=20)
def test_bland_altman(seed, n):
    x, y = draw(seed, n)
    found = bland_altman_limits(x, y)
    difference = y - x
    s = difference.std(ddof=1)
    assert found.mean_difference == pytest.approx(difference.mean())
    assert (found.lower_limit, found.upper_limit) == pytest.approx(
        scipy.stats.norm.interval(0.95, difference.mean(), s)
    )
    mean = scipy.stats.t.interval(0.95, n - 1, difference.mean(), scipy.stats.sem(difference))
    assert found.mean_interval == pytest.approx(mean)
    error = s * math.sqrt(1 / n + 1.959963984540054**2 / (2 * (n - 1)))
    upper = scipy.stats.t.interval(0.95, n - 1, found.upper_limit, error)
    assert found.upper_interval == pytest.approx(upper)
    width = found.upper_interval[1] - found.upper_interval[0]
    assert found.lower_interval[1] - found.lower_interval[0] == pytest.approx(width)
    other = bland_altman_limits(y, x)
    assert other.upper_limit == pytest.approx(-found.lower_limit)
    assert other.upper_interval == pytest.approx(tuple(-v for v in found.lower_interval[::-1]))


def test_bland_altman_intervals_hold_what_they_promise():
    """The upper limit's interval covers the true limit, 1.96, in 95 % of 2,000 samples of 40."""
    rng, hits = np.random.default_rng(0), 0
    for _ in range(2000):
        low, high = bland_altman_limits(np.zeros(40), rng.normal(size=40)).upper_interval
        hits += low <= 1.959964 <= high
    assert 0.935 < hits / 2000 < 0.97


def test_bland_altman_edges():
    with pytest.warns(UndefinedMetricWarning, match="one pair"):
        one = bland_altman_limits([3], [5])
    assert one.mean_difference == 2
    assert math.isnan(one.upper_limit)
    with pytest.raises(ValueError, match="`agreement` must be above 0 and below 1, got 95"):
        bland_altman_limits([1, 2], [1, 2], agreement=95)


@pytest.mark.parametrize("form", ["cole", "beheshti"])
def test_correction_as_by_polyfit(form):
    (age, predicted), (other, other_predicted) = draw(0, 300), draw(1, 200)
    correction = AgeBiasCorrection(form).fit(age, predicted)
    if form == "cole":
        a, b = np.polyfit(age, predicted, 1)
        wanted = (other_predicted - b) / a
    else:
        line = scipy.stats.linregress(age, predicted - age)
        a, b = line.slope, line.intercept
        wanted = other_predicted - (a * other + b)
    assert (correction.slope, correction.intercept) == pytest.approx((a, b))
    found = correction.apply(other, torch.tensor(other_predicted))
    np.testing.assert_allclose(found.numpy(), wanted)
    before = scipy.stats.linregress(other, other_predicted - other).slope
    after = scipy.stats.linregress(other, found.numpy() - other).slope
    assert abs(after) < 0.15 < abs(before)  # on others it is nearly gone, as it ought to be


@pytest.mark.parametrize("form", ["cole", "beheshti"])
def test_no_slope_is_left_on_those_fitted(form):
    """Checked with the names of others, since the correction itself refuses."""
    age, predicted = draw(0, 100)
    correction = AgeBiasCorrection(form).fit(age, predicted, patients=range(100))
    corrected = correction.apply(age, predicted, patients=range(100, 200)).numpy()
    line = scipy.stats.linregress(age, corrected - age)
    assert (line.slope, line.intercept) == pytest.approx((0, 0), abs=1e-9)


def test_noise_looks_skilled_after_the_second_form():
    rng = np.random.default_rng(0)
    age, noise = rng.uniform(20, 80, (2, 500)), rng.normal(50, 2, (2, 500))
    corrected = AgeBiasCorrection("beheshti").fit(age[0], noise[0]).apply(age[1], noise[1])
    assert metrics.r2_score(age[1], noise[1]) < 0.02
    assert metrics.r2_score(age[1], corrected) > 0.95


@pytest.mark.parametrize("form", ["cole", "beheshti"])
def test_those_fitted_are_refused_in_any_guise(form):
    age, predicted = draw(0, 40)
    others = draw(1, 39)
    correction = AgeBiasCorrection(form).fit(age, predicted)
    order = np.random.default_rng(0).permutation(40)
    for same in (
        (age, predicted),
        (age[order], predicted[order]),
        (age[:7], predicted[:7]),
        (torch.tensor(age).float(), torch.tensor(predicted).float()),
        (np.r_[age, others[0]], np.r_[predicted, others[1]]),
    ):
        with pytest.raises(ValueError, match="must be of people that the correction was not fit"):
            correction.apply(*same)
    assert len(correction.apply(*others)) == 39
    named = AgeBiasCorrection(form).fit(age, predicted, patients=[f"p{n}" for n in range(40)])
    with pytest.raises(ValueError, match=r"`patients` must be people that .* got 1 of 39"):
        named.apply(*others, patients=[f"p{n}" for n in range(39, 78)])
    with pytest.raises(ValueError, match="`patients` must be passed to both"):
        named.apply(*others)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: AgeBiasCorrection().apply([1], [1]), "`fit` must be called"),
        (lambda: AgeBiasCorrection("lange"), "`form` must be 'cole' or 'beheshti', got 'lange'"),
        (lambda: AgeBiasCorrection().fit([5, 5], [4, 6]), "`y_true` must hold two different ages"),
        (lambda: AgeBiasCorrection().fit([5, 6], [6, 6]), "`y_pred` must rise with `y_true`"),
        (lambda: AgeBiasCorrection().fit([5, 6], [6, 5]), "got the slope -1"),
        (lambda: AgeBiasCorrection().fit([5, 6], [5, 6], patients=[1]), "`patients` must be as l"),
    ],
)
def test_corrections_that_cannot_be(call, message):
    with pytest.raises(ValueError, match=message):
        call()
