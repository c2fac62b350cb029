"""Brier score, reliability curve and calibration error, against scikit-learn and a loop."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from course_lib.metrics import brier_score_loss, expected_calibration_error, reliability_curve

probability = st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
cases = st.lists(st.tuples(st.booleans(), probability), min_size=1, max_size=60)
quick = settings(max_examples=40, deadline=None)


def by_loop(pairs, bins):
    """Each case looks for its bin: the first whose right edge is not below the score."""
    held = [[] for _ in range(bins)]
    for label, score in pairs:
        k = next(k for k in range(bins) if score <= (k + 1) / bins)
        held[k].append((score, label))
    return {k: [*np.mean(h, axis=0).tolist(), len(h)] for k, h in enumerate(held) if h}


@quick
@given(cases, st.sampled_from([1, 2, 4, 7, 10]), st.randoms())
def test_counting_by_loop(pairs, bins, random):
    true, scores = zip(*pairs, strict=True)
    curve, expected = reliability_curve(true, scores, bins=bins), by_loop(pairs, bins)
    assert curve.lower.tolist() == [k / bins for k in expected]
    assert curve.upper.tolist() == [(k + 1) / bins for k in expected]
    got = torch.stack([curve.predicted, curve.observed, curve.cases.double()], 1).tolist()
    assert got == pytest.approx(np.array(list(expected.values())), abs=1e-12)
    error = sum(n * abs(score - share) for score, share, n in expected.values()) / len(pairs)
    assert expected_calibration_error(true, scores, bins=bins) == pytest.approx(error, abs=1e-12)
    other_true, other = zip(*random.sample(pairs, len(pairs)), strict=True)
    small = torch.tensor(other, dtype=torch.float32)  # these scores are float32 already
    again = expected_calibration_error(other_true, small, bins=bins)
    assert again == pytest.approx(error, abs=1e-12)
    assert expected_calibration_error(true * 3, scores * 3, bins=bins) == pytest.approx(error)


@quick
@given(cases, st.sampled_from([2, 4, 8]))  # edges that scikit-learn's linspace makes exactly
def test_scikit_learn(pairs, bins):
    true, scores = zip(*[(False, 0.0), (True, 1.0), *pairs], strict=True)
    curve = reliability_curve(true, scores, bins=bins)
    observed, predicted = calibration_curve(true, scores, n_bins=bins)
    assert curve.observed.tolist() == pytest.approx(observed)
    assert curve.predicted.tolist() == pytest.approx(predicted)
    assert brier_score_loss(true, scores) == pytest.approx(sk.brier_score_loss(true, scores))
    flipped = [not t for t in true], [1 - s for s in scores]
    assert brier_score_loss(*flipped) == pytest.approx(brier_score_loss(true, scores), abs=1e-12)


def test_edges_belong_to_the_bin_on_their_left():
    """At 10 bins each score k / 10, as one writes it, is alone in its bin; 0 is in the first."""
    scores = [k / 10 for k in range(11)]
    curve = reliability_curve([0] * 11, scores)
    assert curve.cases.tolist() == [2] + [1] * 9
    assert curve.upper.tolist() == scores[1:]
    assert reliability_curve([1], [0.0]).lower.tolist() == [0]
    above = torch.nextafter(torch.tensor([0.5]), torch.tensor([1.0]))
    assert reliability_curve([1], above, bins=2).lower.tolist() == [0.5]


def test_what_is_known():
    assert brier_score_loss([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3]) == pytest.approx(0.0375)  # its page
    assert brier_score_loss([0, 1, 1, 1], [0.75] * 4) == 0.75 * 0.25
    assert brier_score_loss([1, 0], [0, 1]) == expected_calibration_error([1, 0], [0, 1]) == 1
    assert expected_calibration_error([1, 0], [1.0, 0.0]) == 0
    assert expected_calibration_error([0, 1], [0.5, 0.5]) == 0
    assert expected_calibration_error([1], [0.75]) == 0.25


def test_calibrated_scores_have_a_small_error():
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(20_000, generator=generator, dtype=torch.float64)
    true = torch.rand(20_000, generator=generator, dtype=torch.float64) < scores
    assert expected_calibration_error(true, scores) < 0.02
    assert brier_score_loss(true, scores) == pytest.approx(1 / 6, abs=0.01)
    assert expected_calibration_error(true, scores**3) > 0.2
    assert expected_calibration_error(~true, scores) > 0.4


@pytest.mark.parametrize(
    "function", [brier_score_loss, reliability_curve, expected_calibration_error]
)
@pytest.mark.parametrize(
    ("true", "scores", "message"),
    [
        ([0, 1], [0.2, 1.2], "`y_score` must hold probabilities from 0 to 1, got 1.2"),
        ([0, 1], [-3.0, 0.5], "`y_score` must hold probabilities from 0 to 1, got -3"),
        ([0, 1], [0.2, math.nan], "`y_score` must be finite"),
        ([0, 2], [0.2, 0.4], "`y_true` must hold 0 and 1 only, got 2"),
        ([0], [0.2, 0.4], "`y_score` must be as long as `y_true`, 1, got 2"),
        ([0], [[0.2]], "`y_score` must have shape"),
        ([], [], "`y_true` must not be empty"),
    ],
)  # fmt: skip
def test_bad_input_is_named(function, true, scores, message):
    with pytest.raises(ValueError, match=message):
        function(true, scores)


@pytest.mark.parametrize("bins", [0, 2.5, None])
def test_bins_are_counted(bins):
    with pytest.raises(ValueError, match="`bins` must be"):
        reliability_curve([0], [0.5], bins=bins)


def test_a_column_of_a_table_is_as_good_as_a_copy():
    random = torch.Generator().manual_seed(0)
    table = torch.rand(40, 2, generator=random, dtype=torch.float64)
    labels = [0, 1] * 20
    column, copy = (reliability_curve(labels, s) for s in (table[:, 1], table[:, 1].clone()))
    assert all(map(torch.equal, column, copy))
