"""The bootstrap against scikit-learn in a loop, scipy's BCa, closed forms, and coverage."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from course_lib.metrics import (
    UndefinedMetricWarning,
    _resampling,
    bootstrap_interval,
    bootstrap_replicates,
)
from course_lib.metrics._intervals import bca_shares
from course_lib.metrics._resampling import plan
from course_lib.metrics.bootstrap import _Sample


def sample(seed, n=60, levels=None):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    score = rng.normal(size=n) + y
    return y, score if levels is None else np.round(score * levels)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def rows_of(n, resamples, groups=None, stratify=None):
    """The rows that the seed 0 draws."""
    made = plan(n, groups, stratify)
    drawn = [rows for batch in made.draws(resamples, seeded()) for rows in made.rows(batch)]
    return [rows.numpy() for rows in drawn]


SETTINGS = {
    "rows": {},
    "strata": {"stratify": "y"},
    "groups": {"groups": np.arange(60) // 4},
    "names": {"groups": [f"patient {i * i % 23}" for i in range(60)]},
    "groups in strata": {"groups": np.arange(60) % 6, "stratify": np.arange(60) % 3},
}


@pytest.mark.parametrize("levels", [None, 1])
@pytest.mark.parametrize("name", SETTINGS)
def test_same_rows_same_replicates_as_a_loop_with_scikit_learn(name, levels):
    y, score = sample(1, levels=levels)
    how = {k: y if isinstance(v, str) else v for k, v in SETTINGS[name].items()}
    wanted = [roc_auc_score(y[rows], score[rows]) for rows in rows_of(60, 40, **how)]
    fast = bootstrap_replicates("roc_auc_score", y, score, generator=0, resamples=40, **how)
    slow = bootstrap_replicates(roc_auc_score, y, score, generator=0, resamples=40, **how)
    assert fast.numpy() == pytest.approx(np.array(wanted), abs=1e-14)
    assert slow.numpy() == pytest.approx(np.array(wanted), abs=0)
    for method in ("percentile", "bca"):
        found = [
            bootstrap_interval(m, y, score, generator=0, resamples=40, method=method, **how)
            for m in ("roc_auc_score", roc_auc_score)
        ]
        assert list(found[0]) == pytest.approx(list(found[1]), abs=1e-12)
        assert found[0].estimate == pytest.approx(roc_auc_score(y, score), abs=1e-14)


def test_every_pair_counted():
    y, score = sample(2, n=25, levels=1)
    found = bootstrap_replicates("roc_auc_score", y, score, generator=0, resamples=20, stratify=y)
    for auc, rows in zip(found.tolist(), rows_of(25, 20, stratify=y), strict=True):
        pairs = [
            (score[i] > score[j]) + (score[i] == score[j]) / 2
            for i in rows[y[rows] == 1]
            for j in rows[y[rows] == 0]
        ]
        assert auc == pytest.approx(np.mean(pairs), abs=1e-14)


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_groups_of_one_are_the_plain_bootstrap(stratify, method):
    y, score = sample(3)
    how = {"resamples": 50, "method": method, "stratify": y if stratify else None}
    plain = bootstrap_interval("roc_auc_score", y, score, generator=0, **how)
    names = [f"{(i * 7) % 60}" for i in range(60)]
    grouped = bootstrap_interval("roc_auc_score", y, score, generator=0, groups=names, **how)
    assert grouped == plain


def test_duplicated_rows_in_groups_are_the_plain_bootstrap_too():
    y, score = sample(4)
    twice = np.repeat(np.arange(60), 2)
    plain = bootstrap_replicates("roc_auc_score", y, score, generator=0, resamples=30)
    double = bootstrap_replicates(
        "roc_auc_score", y[twice], score[twice], generator=0, resamples=30, groups=twice
    )
    assert double.numpy() == pytest.approx(plain.numpy(), abs=1e-14)
    naive = bootstrap_interval("roc_auc_score", y[twice], score[twice], generator=0)
    honest = bootstrap_interval("roc_auc_score", y[twice], score[twice], generator=0, groups=twice)
    assert (honest.high - honest.low) / (naive.high - naive.low) == pytest.approx(2**0.5, rel=0.1)


def test_strata_keep_their_sizes_and_groups_stay_whole():
    y = np.array([0, 1, 1, 0, 0, 0, 1])
    for rows in rows_of(7, 30, stratify=y):
        assert y[rows].sum() == 3
    groups = np.array([0, 1, 0, 2, 2, 2, 1])
    for rows in rows_of(7, 30, groups=groups):
        counts = np.bincount(rows, minlength=7)
        assert all(len(set(counts[groups == g])) == 1 for g in range(3))
        assert sum(counts[[0, 1, 3]]) == 3


@pytest.mark.parametrize("stratify", [None, np.arange(50) % 2])
def test_batches_do_not_change_the_draws(monkeypatch, stratify):
    y, score = sample(5, n=50)
    how = {"generator": 0, "resamples": 33, "stratify": stratify}
    whole = bootstrap_replicates("roc_auc_score", y, score, **how)
    monkeypatch.setattr(_resampling, "CELLS", 200)
    assert torch.equal(bootstrap_replicates("roc_auc_score", y, score, **how), whole)


def test_percentile_and_bca_of_the_same_replicates_are_scipys():
    """scipy draws from its own generator: its replicates go through our formula, and back."""
    y, score = sample(6, n=80)
    positive, negative = score[y == 1], score[y == 0]

    def auc(a, b, axis=-1):
        return (a[..., :, None] > b[..., None, :]).mean(axis=(-1, -2))

    for method in ("percentile", "bca"):
        wanted = stats.bootstrap(
            (positive, negative),
            auc,
            n_resamples=500,
            method="BCa" if method == "bca" else method,
            random_state=np.random.default_rng(0),
        )
        replicates = torch.from_numpy(wanted.bootstrap_distribution)
        shares = (0.025, 0.975)
        if method == "bca":
            influences = []
            for part, without in (
                (positive, lambda i: auc(np.delete(positive, i), negative)),
                (negative, lambda i: auc(positive, np.delete(negative, i))),
            ):
                values = [without(i) for i in range(len(part))]
                influences.append(torch.tensor((len(part) - 1) * (np.mean(values) - values)))
            ours = _Sample("roc_auc_score", [y, score], None, y).influences()
            for found, by_hand in zip(ours, influences, strict=True):
                assert found.numpy() == pytest.approx(by_hand.numpy(), abs=1e-12)
            shares = bca_shares(float(auc(positive, negative)), replicates, influences, 0.95)
        ends = np.quantile(replicates.numpy(), shares)
        assert ends == pytest.approx(np.array(wanted.confidence_interval), abs=1e-9)
        ours = bootstrap_interval(
            "roc_auc_score", y, score, generator=0, resamples=4000, stratify=y, method=method
        )
        assert list(ours[1:]) == pytest.approx(list(ends), abs=0.02)


def test_bca_of_a_mean_is_scipys():
    values = np.random.default_rng(0).exponential(size=40)
    wanted = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", random_state=1)
    found = bootstrap_interval(np.mean, values, generator=1, resamples=20_000, method="bca")
    width = wanted.confidence_interval.high - wanted.confidence_interval.low
    assert list(found[1:]) == pytest.approx(list(wanted.confidence_interval), abs=0.03 * width)
    assert found.estimate == values.mean()


def test_the_spread_of_a_mean_is_the_known_one():
    values = torch.randn(400, generator=seeded(), dtype=torch.float64)
    found = bootstrap_replicates(torch.mean, values, generator=0, resamples=4000)
    assert found.std() == pytest.approx(float(values.std(correction=0)) / 20, rel=0.05)


def test_coverage():
    """Of 200 intervals 95 % hold the true AUC, within what chance allows (3 standard errors)."""
    rng = np.random.default_rng(0)
    truth, y, held = stats.norm.cdf(1 / 2**0.5), np.repeat([0, 1], 50), {"percentile": 0, "bca": 0}
    for seed in range(200):
        score = rng.normal(size=100) + y
        for method in held:
            found = bootstrap_interval(
                "roc_auc_score", y, score, generator=seed, resamples=400, stratify=y, method=method
            )
            held[method] += found.low <= truth <= found.high
    assert all(n >= 200 * 0.95 - 3 * (200 * 0.95 * 0.05) ** 0.5 for n in held.values())


def test_coverage_needs_the_patients():
    """Four images of each of 40 patients: rows as if independent are far too sure."""
    rng = np.random.default_rng(0)
    patient, y, held = np.arange(160) // 4, np.arange(160) // 80, {"rows": 0, "groups": 0}
    truth = stats.norm.cdf(1 / (2 * 1.25) ** 0.5)
    for seed in range(60):
        score = y + rng.normal(size=40)[patient] + rng.normal(size=160) / 2
        for name in held:
            groups = patient if name == "groups" else None
            found = bootstrap_interval(
                "roc_auc_score", y, score, generator=seed, resamples=200, stratify=y, groups=groups
            )
            held[name] += found.low <= truth <= found.high
    assert held["rows"] < 48
    assert held["groups"] > 51


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=6, max_size=30))
def test_properties_of_the_fast_path(levels):
    score = torch.tensor(levels, dtype=torch.float64)
    y = torch.arange(len(levels)) % 2 == 0
    how = {"generator": 0, "resamples": 20, "stratify": y}
    found = bootstrap_replicates("roc_auc_score", y, score, **how)
    for labels, scores in ((y, score.exp()), (y, score.float()), (~y, -score), (y.int(), score)):
        other = bootstrap_replicates("roc_auc_score", labels, scores, **how)
        assert torch.allclose(other, found, rtol=0, atol=1e-15)
    swapped = bootstrap_replicates("roc_auc_score", ~y, score, **how)
    assert torch.allclose(swapped, 1 - found, rtol=0, atol=1e-15)


def test_a_generator_goes_on_and_a_seed_does_not():
    y, score = sample(7)
    generator = seeded()
    first, second, seed = (
        bootstrap_replicates("roc_auc_score", y, score, generator=g, resamples=9)
        for g in (generator, generator, 0)
    )
    assert torch.equal(first, seed)
    assert not torch.equal(first, second)


def test_resamples_with_one_class_are_counted_not_guessed():
    y, score = [0, 0, 0, 0, 0, 1], [0.1, 0.2, 0.6, 0.3, 0.2, 0.4]
    replicates = bootstrap_replicates("roc_auc_score", y, score, generator=0, resamples=200)
    missing = int(replicates.isnan().sum())
    assert missing == sum(5 not in rows for rows in rows_of(6, 200))
    with pytest.warns(UndefinedMetricWarning, match=f"{missing} of 200 resamples") as warned:
        found = bootstrap_interval("roc_auc_score", y, score, generator=0, resamples=200)
    assert warned[0].filename == __file__
    assert 0 <= found.low <= found.high <= 1


def test_undefined_metrics_of_ours_are_nan_in_a_loop():
    def none(y, score):
        return math.nan

    for method in ("percentile", "bca"):
        with pytest.warns(UndefinedMetricWarning, match="for the arrays themselves"):
            found = bootstrap_interval(none, [0, 1], [1, 2], generator=0, method=method)
        assert all(math.isnan(value) for value in found)
    with pytest.warns(UndefinedMetricWarning, match="for the arrays themselves"):
        found = bootstrap_interval("roc_auc_score", [1, 1], [1, 2], generator=0)
    assert math.isnan(found.estimate)


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize(
    ("metric", "y", "score", "groups", "estimate"),
    [
        ("roc_auc_score", [0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], None, 1),
        ("roc_auc_score", [0, 0, 1, 1], [0.2, 0.2, 0.2, 0.2], None, 0.5),
        ("roc_auc_score", [0, 1], [0.2, 0.1], None, 0),
        (lambda y, score: score.mean(), [1], [7.0], None, 7),
        (lambda y, score: score.mean(), [1, 1], [7.0, 9], ["Mia", "Mia"], 8),
    ],
)
def test_nan_where_no_two_resamples_differ(metric, y, score, groups, estimate, method):
    """The percentiles would say that the AUC is 1, from 1 to 1."""
    with pytest.warns(UndefinedMetricWarning, match="no two resamples differ"):
        found = bootstrap_interval(
            metric, y, score, generator=0, stratify=y, groups=groups, method=method
        )
    assert list(found) == pytest.approx([estimate, math.nan, math.nan], nan_ok=True)


def test_bca_needs_a_jackknife():
    y, score = [0, 0, 0, 1], [0.1, 0.2, 0.6, 0.4]
    one, two = "resamples lack what it needs", "jackknife"
    with (
        pytest.warns(UndefinedMetricWarning, match=one),
        pytest.warns(UndefinedMetricWarning, match=two),
    ):
        found = bootstrap_interval("roc_auc_score", y, score, generator=0, method="bca")
    assert math.isnan(found.low)


def test_a_metric_of_ours_takes_the_fast_path():
    def roc_auc_score(y_true, y_score):
        raise AssertionError

    roc_auc_score.__module__ = "course_lib.metrics.roc"
    y, score = sample(8)
    how = {"generator": 0, "resamples": 30, "stratify": y}
    wanted = bootstrap_interval("roc_auc_score", y, score, **how)
    assert bootstrap_interval(roc_auc_score, y.tolist(), torch.from_numpy(score), **how) == wanted
    with pytest.raises(AssertionError):  # several labels: one by one
        bootstrap_interval(roc_auc_score, y[:, None], score[:, None], generator=0)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"arrays": []}, "`arrays` must be one at the least"),
        ({"arrays": [[], []]}, "`arrays` must not be empty"),
        ({"arrays": [[0, 1], [1.0]]}, "`arrays` must be of the same length, got [2, 1]"),
        ({"arrays": [[0, 2], [1.0, 2]]}, "`y_true` must hold 0 and 1 only, got 2"),
        ({"arrays": [[0, 1], [1.0, math.nan]]}, "`y_score` must be finite"),
        ({"arrays": [[0, 1]]}, "`arrays` must be y_true and y_score, got 1"),
        ({"metric": "auc"}, '`metric` must be a function, "roc_auc_score" or'),
        ({"metric": lambda a, b: [a, b]}, "`metric` must return one number, got list"),
        ({"generator": None}, "`generator` must be a torch.Generator or a seed, got NoneType"),
        ({"resamples": 0}, "`resamples` must be 1 or more, got 0"),
        ({"confidence": 95}, "`confidence` must be between 0 and 1, got 95"),
        ({"method": "basic"}, '`method` must be "percentile" or "bca", got \'basic\''),
        ({"groups": [1]}, "`groups` must have shape (2,), got (1,)"),
        ({"groups": [1, math.nan]}, "`groups` must not hold nan"),
        ({"groups": [1, 1], "stratify": [0, 1]}, "`stratify` must be the same within each"),
    ],
)
def test_bad_input_is_refused(change, text):
    arguments = {"generator": 0} | {
        k: v for k, v in change.items() if k not in ("metric", "arrays")
    }
    metric, arrays = change.get("metric", "roc_auc_score"), change.get("arrays", [[0, 1], [1.0, 2]])
    with pytest.raises(ValueError, match=re.escape(text)):
        bootstrap_interval(metric, *arrays, **arguments)
