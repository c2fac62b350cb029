"""DeLong against a package's numbers, and against every pair counted one by one."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from course_lib.metrics import UndefinedMetricWarning, delong_interval, delong_test

GOLDEN = json.loads((Path(__file__).parent / "golden" / "delong.json").read_text())
LARGE = GOLDEN.pop("auc of large")
Z = 1.959963984540054


def components(y, score):
    """The structural components from the m x n kernel, DeLong 1988."""
    y, score = np.asarray(y, dtype=bool), np.asarray(score, dtype=float)
    kernel = np.array([[(x > o) + (x == o) / 2 for o in score[~y]] for x in score[y]])
    return kernel.mean(), kernel.mean(axis=1), kernel.mean(axis=0)


def covariance(y, *scores):
    aucs, v10, v01 = zip(*(components(y, score) for score in scores), strict=True)
    m, n = len(v10[0]), len(v01[0])
    return np.array(aucs), np.cov(v10) / m + np.cov(v01) / n


def sample(seed, n=50, levels=None):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3 == 0
    scores = rng.normal(size=(2, n)) + y
    return y, scores if levels is None else np.round(scores * levels)


@pytest.mark.parametrize("name", GOLDEN)
def test_interval_is_that_of_the_package(name):
    case = GOLDEN[name]
    found = delong_interval(case["y_true"], case["y_score"][0])
    reach = Z * math.sqrt(case["variance"])
    wanted = [case["auc"], max(0, case["auc"] - reach), min(1, case["auc"] + reach)]
    assert list(found) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("name", GOLDEN)
def test_test_is_that_of_the_package(name):
    case = GOLDEN[name]
    found = delong_test(case["y_true"], *case["y_score"])
    c = np.array(case["covariance"])
    error = math.sqrt(c[0, 0] + c[1, 1] - 2 * c[0, 1])
    assert [found.auc_1, found.auc_2] == pytest.approx(case["aucs"], abs=1e-6)
    assert found.standard_error == pytest.approx(error, abs=1e-6)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(found.z)), rel=1e-12)


@pytest.mark.parametrize("levels", [None, 1, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_pair_by_pair(seed, levels):
    y, scores = sample(seed, levels=levels)
    aucs, c = covariance(y, *scores)
    assert aucs[0] == pytest.approx(roc_auc_score(y, scores[0]), abs=1e-14)
    reach = Z * math.sqrt(c[0, 0])
    wanted = [aucs[0], max(0, aucs[0] - reach), min(1, aucs[0] + reach)]
    assert list(delong_interval(y, scores[0])) == pytest.approx(wanted, abs=1e-12)
    found = delong_test(y, *scores)
    z = (aucs[0] - aucs[1]) / math.sqrt(c[0, 0] + c[1, 1] - 2 * c[0, 1])
    assert (found.difference, found.z) == pytest.approx((aucs[0] - aucs[1], z), abs=1e-10)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-10)


def test_logit_scale():
    y, scores = sample(5)
    (auc,), c = covariance(y, scores[0])[0], np.atleast_2d(covariance(y, scores[0])[1])
    ends = [
        1 / (1 + math.exp(-(math.log(auc / (1 - auc)) + s * Z * c[0, 0] ** 0.5 / auc / (1 - auc))))
        for s in (-1, 1)
    ]
    found = delong_interval(y, scores[0], scale="logit")
    assert list(found) == pytest.approx([auc, *ends], abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=6, max_size=40))
def test_order_scale_and_labels_do_not_matter(rows):
    y, score = torch.tensor([r[0] for r in rows]), torch.tensor([r[1] for r in rows]).double()
    y[:4] = torch.tensor([True, True, False, False])
    score[:4] = torch.tensor([1.0, -1, 0, 2]).double()
    found = delong_interval(y, score)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    for other in (
        delong_interval(y[order], score[order]),
        delong_interval(y, score.exp()),
        delong_interval(y, score.float()),
        delong_interval(y.numpy(), score.tolist()),
        delong_interval(~y, -score),
    ):
        assert list(other) == pytest.approx(list(found), abs=1e-12)
    swapped = delong_interval(~y, score)
    wanted = [1 - found.estimate, 1 - found.high, 1 - found.low]
    assert list(swapped) == pytest.approx(wanted, abs=1e-12)
    there, back = delong_test(y, score, score**2), delong_test(y, score**2, score)
    assert there.z == pytest.approx(-back.z, abs=1e-12)
    assert there.p_value == pytest.approx(back.p_value, abs=1e-12)


@pytest.mark.parametrize(
    ("y", "score", "estimate"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], 1.0),  # the package says [1, 1], as if it were sure
        ([0, 0, 1, 1], [0.4, 0.3, 0.2, 0.1], 0.0),
        ([0, 0, 1, 1], [0.3, 0.3, 0.3, 0.3], 0.5),
        ([0, 0, 1], [0.1, 0.3, 0.2], 0.5),
        ([1, 1], [0.1, 0.3], math.nan),
        ([0], [0.1], math.nan),
    ],
)
@pytest.mark.parametrize("scale", ["identity", "logit"])
def test_nan_where_no_variance_is_known(y, score, estimate, scale):
    with pytest.warns(UndefinedMetricWarning, match="DeLong's interval") as warned:
        found = delong_interval(y, score, scale=scale)
    assert warned[0].filename == __file__
    assert list(found) == pytest.approx([estimate, math.nan, math.nan], nan_ok=True)


def test_models_that_rank_alike_have_no_p_value():
    y, scores = sample(1)
    with pytest.warns(UndefinedMetricWarning, match="variance of 0"):
        found = delong_test(y, scores[0], np.exp(scores[0]))
    assert found.difference == found.standard_error == 0
    assert math.isnan(found.p_value)
    with pytest.warns(UndefinedMetricWarning, match="two positives"):
        assert math.isnan(delong_test([1, 0, 0], [1, 2, 3], [3, 2, 1]).p_value)


def test_the_ends_stay_between_0_and_1():
    y, score = [0, 0, 0, 1, 1, 1], [1, 2, 4, 3, 5, 6]
    assert delong_interval(y, score).high == 1  # the package: 1.14
    assert 0 < delong_interval(y, score, scale="logit").high < 1


def test_counts_are_exact_where_the_package_adds_ranks_in_float32():
    i = np.arange(100_000)
    y, score = i * 104729 % 3 == 0, (i * 7919 % 100_000).astype(float)
    ranks, m = sorted((score[y] + 1).astype(int).tolist()), int(y.sum())
    exact = (sum(ranks) - m * (m + 1) // 2) / (m * (100_000 - m))
    assert delong_interval(y, score).estimate == exact
    assert abs(LARGE - exact) > 1e-8


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"y_true": [0, 1, 2]}, "`y_true` must hold 0 and 1 only, got 2"),
        ({"y_true": [0, 1]}, "`y_score` must be as long as `y_true`, 2, got 3"),
        ({"y_score": [[0.1], [0.2], [0.3]]}, "`y_score` must have shape"),
        ({"y_score": [0.1, math.nan, 1]}, "`y_score` must be finite"),
        ({"y_true": [], "y_score": []}, "`y_true` must not be empty"),
        ({"scale": "probit"}, '`scale` must be "identity" or "logit", got \'probit\''),
        ({"confidence": 95}, "`confidence` must be between 0 and 1, got 95"),
    ],
)
def test_bad_input_is_refused(change, text):
    arguments = {"y_true": [0, 1, 1], "y_score": [0.1, 0.2, 0.3]} | change
    with pytest.raises(ValueError, match=re.escape(text)):
        delong_interval(**arguments)


def test_the_second_models_scores_are_named():
    with pytest.raises(ValueError, match="`y_score_2` must be as long as `y_true`, 3, got 2"):
        delong_test([0, 1, 1], [1, 2, 3], [1, 2])
