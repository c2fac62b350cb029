"""Concordance, Kaplan-Meier and log-rank against lifelines' numbers and the formulas."""

import gzip
import json
import math
from dataclasses import astuple
from pathlib import Path

import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.metrics import (
    UndefinedMetricWarning,
    concordance_index,
    kaplan_meier,
    logrank_test,
)

ROSSI = json.loads(
    gzip.decompress((Path(__file__).parent / "golden" / "survival.json.gz").read_bytes())
)


@st.composite
def cohorts(draw):
    n, values = draw(st.integers(2, 25)), st.integers(0, draw(st.integers(0, 15)))
    column = st.lists(values, min_size=n, max_size=n)
    event = st.lists(st.booleans(), min_size=n, max_size=n)
    return draw(column), draw(event), draw(column)


def all_pairs(time, event, risk):
    """Count every pair in both directions."""
    counts = [0, 0, 0, 0]
    for t, e, r in zip(time, event, risk, strict=True):
        for u, f, s in zip(time, event, risk, strict=True):
            if e and (t < u or (t == u and not f)):
                counts[0 if r > s else 1 if r < s else 2] += 1
                counts[3] += t == u
    return tuple(counts)


@given(cohorts())
@settings(deadline=None, max_examples=150)
@pytest.mark.filterwarnings("ignore::course_lib.metrics.UndefinedMetricWarning")
def test_counts_are_those_of_all_pairs(cohort):
    time, event, risk = cohort
    found = concordance_index(time, event, risk)
    assert astuple(found)[1:] == all_pairs(*cohort)
    pairs = found.concordant + found.discordant + found.tied_risk
    if pairs:
        assert found.index == (found.concordant + found.tied_risk / 2) / pairs
    else:
        assert math.isnan(found.index)
    order = torch.randperm(len(time)).tolist()
    again = concordance_index(*([column[i] for i in order] for column in cohort))
    assert astuple(again)[1:] == astuple(found)[1:]
    bent = concordance_index([t**3 for t in time], event, [math.exp(r) for r in risk])
    assert astuple(bent)[1:] == astuple(found)[1:]
    turned = concordance_index(time, event, [-r for r in risk])
    assert (turned.concordant, turned.discordant) == (found.discordant, found.concordant)


def rossi():
    features = torch.tensor(ROSSI["features"], dtype=torch.float64)
    risk = features @ torch.tensor(ROSSI["coefficients"], dtype=torch.float64)
    return torch.tensor(ROSSI["time"]), torch.tensor(ROSSI["event"]), risk


def test_concordance_of_rossi():
    found = concordance_index(*rossi())
    assert found.index == pytest.approx(0.6403292471, abs=1e-10)
    assert found.index == pytest.approx(ROSSI["concordance"], abs=1e-12)
    assert astuple(found)[1:] == (27_242, 15_291, 49, 1_272)  # scikit-survival's counts


def test_many_patients():
    """No overflow and no lost pair: a perfect order of 100,000 has n (n - 1) / 2 pairs."""
    n = 100_000
    time = torch.arange(n)
    found = concordance_index(time, torch.ones(n), -time)
    assert astuple(found) == (1.0, n * (n - 1) // 2, 0, 0, 0)
    assert concordance_index(time, torch.ones(n), time).index == 0
    assert concordance_index(time, torch.ones(n), torch.zeros(n)).index == 0.5


def test_two_events_of_one_time_are_no_pair():
    """pycox takes them for one, and so finds a tie that is no error for discordant."""
    found = concordance_index([1, 1, 2], [1, 1, 0], [1, 2, 0])
    assert astuple(found) == (1.0, 2, 0, 0, 0)


def test_risks_are_equal_only_if_they_are_exactly():
    found = concordance_index([1, 2], [1, 1], [0.1 + 0.2, 0.3])  # scikit-survival: tied
    assert astuple(found) == (1.0, 1, 0, 0, 0)


@pytest.mark.parametrize(
    "cohort", [([1, 2], [0, 0], [1, 2]), ([1], [1], [1]), ([3, 3], [1, 1], [1, 2])]
)
def test_no_comparable_pair(cohort):
    with pytest.warns(UndefinedMetricWarning, match="no pair is comparable"):
        assert math.isnan(concordance_index(*cohort).index)


@pytest.mark.parametrize(
    ("cohort", "message"),
    [
        (([1, 2], [1, 2], [1, 2]), "`event` must hold 0 and 1 only, got 2"),
        (([1, math.nan], [1, 0], [1, 2]), "`time` must be finite"),
        (([1, 2], [1, 0], [1, math.inf]), "`risk` must be finite"),
        (([1, 2], [1, 0], [1]), "`risk` must be as long as `time`, 2, got 1"),
        (([1, 2], [1], [1, 2]), "`event` must be as long as `time`, 2, got 1"),
        (([], [], []), "`time` must not be empty"),
        (([[1], [2]], [1, 0], [1, 2]), r"`time` must have shape \(N,\), got \(2, 1\)"),
    ],
)
def test_refusals(cohort, message):
    with pytest.raises(ValueError, match=message):
        concordance_index(*cohort)


def test_curve_of_rossi():
    curve, golden = kaplan_meier(*rossi()[:2]), ROSSI["curve"]
    for name in ("time", "at_risk", "events", "survival", "lower", "upper"):
        assert getattr(curve, name).tolist() == pytest.approx(golden[name], abs=1e-12), name
    assert curve.median == math.inf
    assert (curve.events + curve.censored).sum() == 432


@given(cohorts())
@settings(deadline=None, max_examples=60)
def test_curve_as_in_scipy_and_in_the_product(cohort):
    time, event, _ = cohort
    curve = kaplan_meier(time, event)
    left, wanted, variance = 1.0, [], 0.0
    for i, now in enumerate(sorted(set(time))):
        at_risk = sum(t >= now for t in time)
        dead = sum(t == now and e for t, e in zip(time, event, strict=True))
        left *= 1 - dead / at_risk
        wanted.append(left)
        if 0 < left < 1:
            variance += dead / (at_risk * (at_risk - dead))
            error = scipy.stats.norm.ppf(0.975) * math.sqrt(variance) / math.log(left)
            assert float(curve.lower[i]) == pytest.approx(left ** math.exp(-error), abs=1e-12)
            assert float(curve.upper[i]) == pytest.approx(left ** math.exp(error), abs=1e-12)
        elif left == 0:
            assert curve.lower[i].isnan()
        else:
            assert curve.lower[i] == curve.upper[i] == 1
    assert curve.survival.tolist() == pytest.approx(wanted)
    if any(event):
        data = scipy.stats.CensoredData.right_censored(time, [not e for e in event])
        peer = scipy.stats.ecdf(data).sf
        assert peer.quantiles.tolist() == curve.time.tolist()
        assert curve.survival.tolist() == pytest.approx(peer.probabilities.tolist())


def test_median():
    assert kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).median == 2
    assert kaplan_meier(range(1, 11), [1] * 10).median == 5
    assert kaplan_meier([1, 2, 3], [0, 0, 0]).survival.tolist() == [1, 1, 1]
    wide, narrow = (kaplan_meier([1, 2, 3], [1, 1, 0], confidence=c) for c in (0.99, 0.5))
    assert bool((wide.upper > narrow.upper).all())
    with pytest.raises(ValueError, match="`confidence` must be above 0 and below 1, got 95"):
        kaplan_meier([1], [1], confidence=95)


@pytest.mark.parametrize("column", ["fin", "prio"])
def test_logrank_of_rossi(column):
    time, event, _ = rossi()
    group = torch.tensor(ROSSI["features"])[:, ROSSI["names"].index(column)].clamp(max=4)
    found = logrank_test(time, event, group)
    assert (found.statistic, found.p_value) == pytest.approx(ROSSI["logrank"][column], rel=1e-9)
    assert found.degrees_of_freedom == {"fin": 1, "prio": 4}[column]


@pytest.mark.filterwarnings("ignore::course_lib.metrics.UndefinedMetricWarning")
@given(cohorts())
@settings(deadline=None, max_examples=60)
def test_logrank_as_in_scipy_and_by_the_formula(cohort):
    time, event, group = cohort[0], cohort[1], [g % 2 for g in cohort[2]]
    if len(set(group)) == 1:
        return
    found = logrank_test(time, event, group)
    excess = variance = 0.0
    for now in {t for t, e in zip(time, event, strict=True) if e}:
        rows = [(t, e, g) for t, e, g in zip(time, event, group, strict=True) if t >= now]
        n, ones = len(rows), sum(g for _, _, g in rows)
        dead = [g for t, e, g in rows if t == now and e]
        excess += sum(dead) - len(dead) * ones / n
        if n > 1:
            variance += len(dead) * (n - len(dead)) * ones * (n - ones) / (n * n * (n - 1))
    if variance == 0:
        assert math.isnan(found.statistic)
        return
    assert found.statistic == pytest.approx(excess**2 / variance, abs=1e-9)
    parts = [
        scipy.stats.CensoredData.right_censored(
            [t for t, g in zip(time, group, strict=True) if g == one],
            [not e for e, g in zip(event, group, strict=True) if g == one],
        )
        for one in (0, 1)
    ]
    peer = scipy.stats.logrank(*parts)
    assert found.statistic == pytest.approx(peer.statistic**2, abs=1e-9)
    assert found.p_value == pytest.approx(peer.pvalue, abs=1e-9)
    swapped = logrank_test(time, event, [7 - g for g in group])
    assert swapped.statistic == pytest.approx(found.statistic)


def test_logrank_edges():
    with pytest.warns(UndefinedMetricWarning, match="no event tells the groups apart"):
        assert math.isnan(logrank_test([1, 2, 3], [0, 0, 0], [0, 1, 1]).p_value)
    with pytest.raises(ValueError, match="`group` must hold at least two groups, got 1"):
        logrank_test([1, 2], [1, 1], [1, 1])
    with pytest.raises(ValueError, match="`group` must not be nan"):
        logrank_test([1, 2], [1, 1], [1, math.nan])
