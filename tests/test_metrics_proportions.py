"""Intervals for proportions against scipy, and against the tests that they invert."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from course_lib.metrics import UndefinedMetricWarning, exact_interval, wilson_interval

BOTH = [(wilson_interval, "wilson"), (exact_interval, "exact")]
CASES = [(0, 1), (1, 1), (0, 20), (20, 20), (3, 8), (9, 10), (81, 263), (999, 1000), (5, 10**7)]


@pytest.mark.parametrize(("interval", "method"), BOTH)
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
@pytest.mark.parametrize(("k", "n"), CASES)
def test_scipy(interval, method, k, n, confidence):
    wanted = stats.binomtest(k, n).proportion_ci(confidence, method)
    found = interval(k, n, confidence=confidence)
    assert found.estimate == k / n
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-10)


def root(function, low, high):
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return low


def tail(k, n, p):
    """P(X >= k), summed."""
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


@pytest.mark.parametrize(("k", "n"), [(3, 8), (9, 10), (1, 30), (17, 40)])
def test_the_ends_are_where_the_test_begins_to_refuse(k, n):
    p = k / n
    exact, wilson = exact_interval(k, n), wilson_interval(k, n)
    assert exact.low == pytest.approx(root(lambda t: 0.025 - tail(k, n, t), 0, p), abs=1e-10)
    high = root(lambda t: (1 - tail(k + 1, n, t)) - 0.025, p, 1)
    assert exact.high == pytest.approx(high, abs=1e-10)

    def agrees(t):  # the score test, with the standard error of the hypothesis
        return 1.959963984540054 - abs(p - t) / math.sqrt(t * (1 - t) / n)

    assert wilson.low == pytest.approx(root(lambda t: -agrees(t), 1e-12, p), abs=1e-10)
    assert wilson.high == pytest.approx(root(agrees, p, 1 - 1e-12), abs=1e-10)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 500), st.data())
def test_properties(n, data):
    k = data.draw(st.integers(0, n))
    for interval, _ in BOTH:
        found, other = interval(k, n), interval(n - k, n)
        assert 0 <= found.low <= found.estimate <= found.high <= 1
        assert (found.low, found.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-12)
        wider = interval(k, n, confidence=0.99)
        assert wider.low <= found.low
        assert found.high <= wider.high


def test_coverage_of_the_exact_interval_is_never_less():
    n = 15
    ends = [exact_interval(k, n) for k in range(n + 1)]
    for p in (0.01, 0.1, 0.3, 0.5, 0.77):
        held = sum(
            stats.binom.pmf(k, n, p) for k in range(n + 1) if ends[k].low <= p <= ends[k].high
        )
        assert held >= 0.95


@pytest.mark.parametrize(("interval", "method"), BOTH)
def test_edges(interval, method):
    with pytest.warns(UndefinedMetricWarning, match="there are no trials"):
        assert all(math.isnan(end) for end in interval(0, 0))
    for k, n, text in [
        (3, 2, "`successes` must be at most `trials`, 2, got 3"),
        (-1, 2, "`successes` must not be negative, got -1"),
        (0.9, 1, "`successes` must be a whole number, got 0.9"),
        (0, "1", "`trials` must be a whole number, got '1'"),
    ]:
        with pytest.raises(ValueError, match=re.escape(text)):
            interval(k, n)
    with pytest.raises(ValueError, match="`confidence` must be between 0 and 1, got 95"):
        interval(1, 2, confidence=95)
