"""The fast bootstrap of Harrell's C against a loop over resamples, and against every pair."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.metrics import (
    UndefinedMetricWarning,
    _counted,
    bootstrap_interval,
    bootstrap_replicates,
    concordance_index,
)
from course_lib.metrics._resampling import plan


def cohort(seed, n=60, ties=False):
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    time, event = rng.exponential(np.exp(-risk)), (rng.random(n) < 0.5).astype(int)
    return (np.ceil(time * 3), event, risk.round()) if ties else (time, event, risk)


def rows_of(n, resamples, groups=None, stratify=None):
    """The rows that the seed 0 draws."""
    made = plan(n, groups, stratify)
    batches = made.draws(resamples, torch.Generator().manual_seed(0))
    return [rows.numpy() for drawn in batches for rows in made.rows(drawn)]


def one_by_one(time, event, risk):
    """The C of `concordance_index`, in a function that has no fast path."""
    return concordance_index(time, event, risk).index


def every_pair(time, event, risk):
    """Harrell's C over all ordered pairs of rows, copies of a row among them."""
    earlier = (time[:, None] < time) | ((time[:, None] == time) & (event == 0))
    comparable = earlier & (event[:, None] == 1)
    right = np.sign(risk[:, None] - risk)[comparable] / 2 + 0.5
    return right.sum() / len(right) if len(right) else math.nan


SETTINGS = {
    "rows": {},
    "strata": {"stratify": "event"},
    "groups": {"groups": np.arange(60) // 4},
    "names": {"groups": [f"patient {i * i % 23}" for i in range(60)]},
    "groups in strata": {"groups": np.arange(60) % 6, "stratify": np.arange(60) % 3},
}


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", SETTINGS)
def test_same_rows_same_replicates_to_the_last_bit(monkeypatch, name, ties):
    monkeypatch.setattr(_counted, "BLOCK", 7)
    values = cohort(1, ties=ties)
    how = {k: values[1] if isinstance(v, str) else v for k, v in SETTINGS[name].items()}
    drawn = rows_of(60, 30, **how)
    fast = bootstrap_replicates("concordance_index", *values, generator=0, resamples=30, **how)
    assert fast.tolist() == [one_by_one(*(v[rows] for v in values)) for rows in drawn]
    assert fast.tolist() == [every_pair(*(v[rows] for v in values)) for rows in drawn]
    found, wanted = (
        bootstrap_interval(m, *values, generator=0, resamples=30, method="bca", **how)
        for m in ("concordance_index", one_by_one)
    )
    assert found == wanted
    assert found.estimate == concordance_index(*values).index


@pytest.mark.filterwarnings("ignore::course_lib.metrics.UndefinedMetricWarning")
@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 2), st.booleans(), st.integers(-2, 2)), min_size=1))
def test_small_cohorts_full_of_ties(rows):
    time, event, risk = (np.array(column) for column in zip(*rows, strict=True))
    time = np.where((time == 0) & (risk > 0), -0.0, time)  # equals 0.0
    n, how = len(time), {"generator": 0, "resamples": 10}
    fast = bootstrap_replicates("concordance_index", time, event, risk, **how).numpy()
    wanted = [every_pair(time[drawn], event[drawn], risk[drawn]) for drawn in rows_of(n, 10)]
    assert np.array_equal(fast, wanted, equal_nan=True)
    for values in ((time**3, event, np.exp(risk)), (torch.tensor(time).float(), event * 1, risk)):
        other = bootstrap_replicates("concordance_index", *values, **how).numpy()
        assert np.array_equal(other, fast, equal_nan=True)
    turned = bootstrap_replicates("concordance_index", time, event, -risk, **how).numpy()
    assert turned == pytest.approx(1 - fast, abs=1e-15, nan_ok=True)


def test_a_row_drawn_again_is_one_more_patient():
    """Copies of a row are no pair with each other, and each is one with the others' copies."""
    values = np.array([2.0, 2, 2, 1, 5]), np.array([1, 1, 0, 0, 1]), np.array([3, 1, 1, 4, 2])
    counts = torch.tensor([[1, 1, 1, 1, 1], [3, 0, 2, 0, 0], [0, 4, 2, 5, 1], [6, 0, 0, 0, 0]])
    path = _counted.concordance_of_counts(*values)
    for found, often in zip(path(counts).tolist(), counts.numpy(), strict=True):
        rows = np.repeat(np.arange(5), often)
        wanted = every_pair(*(v[rows] for v in values))
        assert [found] == pytest.approx([wanted], abs=0, nan_ok=True)
    assert path(counts)[1] == 1
    assert path(counts)[3].isnan()


def test_duplicated_patients_in_groups_are_the_plain_bootstrap():
    values, twice = cohort(2, ties=True), np.repeat(np.arange(60), 2)
    plain = bootstrap_replicates("concordance_index", *values, generator=0, resamples=30)
    double = bootstrap_replicates(
        "concordance_index", *(v[twice] for v in values), generator=0, resamples=30, groups=twice
    )
    assert torch.equal(double, plain)


def test_the_function_takes_the_fast_path(monkeypatch):
    values, how = cohort(3), {"generator": 0, "resamples": 20}
    wanted = bootstrap_interval("concordance_index", *values, **how)
    monkeypatch.setattr("course_lib.metrics.bootstrap._called", None)
    time, event, risk = values
    mixed = time.tolist(), torch.tensor(event), torch.tensor(risk, requires_grad=True)
    assert bootstrap_interval(concordance_index, *mixed, **how) == wanted
    assert bootstrap_interval(concordance_index, time, event == 1, risk, **how) == wanted


@pytest.mark.parametrize("metric", ["concordance_index", concordance_index])
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_large_cohorts_go_one_by_one(monkeypatch, metric, method):
    values, how = cohort(4, ties=True), {"generator": 0, "resamples": 20, "method": method}
    wanted = bootstrap_interval(metric, *values, **how)
    pairs = 60 * int(values[1].sum())
    monkeypatch.setattr(_counted, "PAIRS", pairs)
    assert _counted.concordance_of_counts(*values) is not None
    monkeypatch.setattr(_counted, "PAIRS", pairs - 1)
    assert _counted.concordance_of_counts(*values) is None
    assert bootstrap_interval(metric, *values, **how) == wanted


def test_a_function_that_returns_the_counts_is_taken_by_its_index():
    values, how = cohort(5), {"generator": 0, "resamples": 20}
    found = bootstrap_interval(lambda *v: concordance_index(*v), *values, **how)
    assert found == bootstrap_interval("concordance_index", *values, **how)


@pytest.mark.parametrize("setting", ["bf16", "autocast"])
def test_no_setting_of_matrix_products_rounds_the_counts(setting):
    values, how = cohort(6, n=300), {"generator": 0, "resamples": 20}
    wanted = bootstrap_replicates(one_by_one, *values, **how)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=setting == "autocast"):
            assert torch.equal(bootstrap_replicates("concordance_index", *values, **how), wanted)
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("metric", ["concordance_index", concordance_index, one_by_one])
@pytest.mark.parametrize(
    "values", [([1, 2, 3], [0, 0, 0], [3, 2, 1]), ([3, 3], [1, 1], [1, 2]), ([1], [1], [1])]
)
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_nan_without_a_comparable_pair(metric, values, method):
    with pytest.warns(UndefinedMetricWarning, match="for the arrays themselves"):
        found = bootstrap_interval(metric, *values, generator=0, method=method)
    assert all(math.isnan(value) for value in found)


def test_resamples_without_an_event_are_counted_not_guessed():
    time, event, risk = np.arange(8), np.arange(8) == 3, np.array([5, 3, 1, 4, 2, 6, 3, 1])
    wanted = [every_pair(time[r], event[r], risk[r]) for r in rows_of(8, 200)]
    missing = sum(map(math.isnan, wanted))
    assert missing > 50
    with pytest.warns(UndefinedMetricWarning, match=f"{missing} of 200 resamples") as warned:
        found = bootstrap_interval(
            "concordance_index", time, event, risk, generator=0, resamples=200
        )
    assert warned[0].filename == __file__
    ends = np.nanquantile(wanted, [0.025, 0.975])
    assert list(found[1:]) == pytest.approx(list(ends), abs=1e-12)


def test_a_perfect_order_has_no_interval():
    time, event = np.arange(20), np.ones(20)
    with pytest.warns(UndefinedMetricWarning, match="no two resamples differ"):
        found = bootstrap_interval(concordance_index, time, event, -time, generator=0)
    assert list(found) == pytest.approx([1, math.nan, math.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ([[1, 2], [0, 1]], "`arrays` must be time, event and risk, got 2"),
        ([[1, 2], [0, 2], [1, 2]], "`event` must hold 0 and 1 only, got 2"),
        ([[1, math.nan], [0, 1], [1, 2]], "`time` must be finite"),
        ([[1, 2], [0, 1], [1, math.inf]], "`risk` must be finite"),
        ([[1, 2], [0, 1], [[1], [2]]], "`risk` must have shape (N,), got (2, 1)"),
        ([[1, 2], [0, 1], [1]], "`arrays` must be of the same length, got [2, 2, 1]"),
    ],
)
def test_bad_input_is_refused(arrays, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        bootstrap_interval("concordance_index", *arrays, generator=0)
