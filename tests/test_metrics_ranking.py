"""ROC, AUC, precision-recall and operating points, against scikit-learn and against pair counts."""

import math
import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn import metrics as sklearn_metrics

from course_lib.metrics import (
    OperatingPoint,
    UndefinedMetricWarning,
    average_precision_score,
    cost_point,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
    sensitivity_point,
    specificity_point,
    youden_point,
)

POINTS = {
    "youden": youden_point,
    "sensitivity": lambda y, s: sensitivity_point(y, s, at_least=0.8),
    "specificity": lambda y, s: specificity_point(y, s, at_least=0.8),
    "cost": lambda y, s: cost_point(y, s, cost_fp=1, cost_fn=7, prevalence=0.1),
}


def patients(n, labels=None, *, seed=0, share=0.4, levels=None):
    """Labels, and scores that know something of them; with `levels` there are many ties."""
    rng = np.random.default_rng(seed)
    shape = n if labels is None else (n, labels)
    y_true = (rng.random(shape) < share).astype(int)
    y_true[0], y_true[1] = 0, 1
    y_score = rng.normal(size=shape) + y_true
    return y_true, y_score if levels is None else np.round(y_score * levels) / levels


CASES = [patients(n, seed=n, levels=levels) for n in (2, 3, 17, 200) for levels in (None, 1, 3)]


@st.composite
def both_classes(draw):
    """Few patients of both classes, with scores that are often equal."""
    n = draw(st.integers(0, 12))
    y_true = [0, 1, *draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))]
    y_score = draw(st.lists(st.integers(-4, 4), min_size=n + 2, max_size=n + 2))
    return np.array(y_true), np.array(y_score) / 4


def auc_of_pairs(y_true, y_score):
    pairs = [(p, q) for p in y_score[y_true == 1] for q in y_score[y_true == 0]]
    return sum((p > q) + (p == q) / 2 for p, q in pairs) / len(pairs)


def rates_by_hand(y_true, y_score, threshold):
    called = y_score >= threshold
    return called[y_true == 0].mean(), called[y_true == 1].mean()


def average_precision_by_hand(y_true, y_score):
    positives = y_score[y_true == 1]
    return np.mean([y_true[y_score >= s].mean() for s in positives])


def partial_auc_by_hand(y_true, y_score, max_fpr):
    """Integrate the curve on a fine grid that has its corners."""
    rates = [rates_by_hand(y_true, y_score, t) for t in [np.inf, *sorted(set(y_score))[::-1]]]
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(rates):
        if x1 > x0 and x0 < max_fpr:
            right = min(x1, max_fpr)
            top = y0 + (y1 - y0) * (right - x0) / (x1 - x0)
            area += (right - x0) * (y0 + top) / 2
    low = max_fpr**2 / 2
    return 0.5 * (1 + (area - low) / (max_fpr - low))


# --- ROC curve


@pytest.mark.parametrize("drop", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_roc_curve_is_that_of_scikit_learn(case, drop):
    theirs = sklearn_metrics.roc_curve(*case, drop_intermediate=drop)
    for mine, other in zip(roc_curve(*case, drop_intermediate=drop), theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other, rtol=0, atol=1e-15)


@given(both_classes())
@settings(deadline=None, max_examples=50)
def test_roc_curve_is_what_its_thresholds_give(case):
    curve = roc_curve(*case, drop_intermediate=False)
    assert curve.thresholds[0] == math.inf
    assert len(curve.thresholds) == 1 + len(set(case[1]))
    for fpr, tpr, threshold in zip(*curve, strict=True):
        assert (fpr.item(), tpr.item()) == rates_by_hand(*case, threshold.item())
    dropped = roc_curve(*case)
    assert torch.trapezoid(dropped.tpr, dropped.fpr).item() == pytest.approx(auc_of_pairs(*case))
    assert torch.trapezoid(curve.tpr, curve.fpr).item() == pytest.approx(auc_of_pairs(*case))


def test_ties_are_one_step_of_the_curve():
    """A loop over sorted patients makes stairs, up or down by the order they came in."""
    curve = roc_curve([1, 0, 1, 0], [0.5] * 4)
    assert curve.fpr.tolist() == curve.tpr.tolist() == [0, 1]
    assert curve.thresholds.tolist() == [math.inf, 0.5]


@pytest.mark.parametrize(("label", "nan", "fine"), [(0, "tpr", "fpr"), (1, "fpr", "tpr")])
def test_roc_curve_without_one_class(label, nan, fine):
    with pytest.warns(UndefinedMetricWarning, match=f"{nan} of roc_curve is undefined: there is"):
        curve = roc_curve([label] * 3, [0.1, 0.2, 0.3])
    assert getattr(curve, nan).isnan().all()
    assert getattr(curve, fine)[[0, -1]].tolist() == [0, 1]


# --- AUC


def test_golden_values():
    y_true, y_score = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    assert roc_auc_score(y_true, y_score) == 0.75
    assert average_precision_score(y_true, y_score) == pytest.approx(5 / 6, abs=1e-15)


@pytest.mark.parametrize("case", CASES)
def test_auc_against_libraries(case):
    y_true, y_score = case
    auc = roc_auc_score(y_true, y_score)
    assert auc == pytest.approx(sklearn_metrics.roc_auc_score(y_true, y_score), abs=1e-14)
    u = mannwhitneyu(y_score[y_true == 1], y_score[y_true == 0], method="asymptotic").statistic
    assert auc == u / (y_true.sum() * (1 - y_true).sum())


@given(both_classes())
@settings(deadline=None, max_examples=50)
def test_auc_is_the_count_of_pairs(case):
    y_true, y_score = case
    auc = roc_auc_score(y_true, y_score)
    assert auc == auc_of_pairs(y_true, y_score)
    assert roc_auc_score(1 - y_true, y_score) == pytest.approx(1 - auc, abs=1e-15)
    assert roc_auc_score(y_true, -y_score) == pytest.approx(1 - auc, abs=1e-15)
    assert roc_auc_score(y_true, np.exp(3 * y_score) - 7) == auc
    assert roc_auc_score(y_true, torch.tensor(y_score).float()) == auc
    assert roc_auc_score(np.tile(y_true, 3), np.tile(y_score, 3)) == auc
    order = np.random.default_rng(0).permutation(len(y_true))
    assert roc_auc_score(y_true[order], y_score[order]) == auc


@given(both_classes(), st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.9, 1]))
@settings(deadline=None, max_examples=25)
def test_partial_auc(case, max_fpr):
    mine = roc_auc_score(*case, max_fpr=max_fpr)
    assert mine == pytest.approx(partial_auc_by_hand(*case, max_fpr), abs=1e-12)
    assert mine == pytest.approx(sklearn_metrics.roc_auc_score(*case, max_fpr=max_fpr), abs=1e-12)


def test_partial_auc_of_many_labels_and_its_ends():
    y_true, y_score = patients(150, 4, levels=5)
    mine = roc_auc_score(y_true, y_score, max_fpr=0.2)
    for n in range(4):
        assert mine[n] == roc_auc_score(y_true[:, n], y_score[:, n], max_fpr=0.2)
    assert roc_auc_score([0, 0, 1], [0.1, 0.2, 0.3], max_fpr=0.3) == 1
    assert roc_auc_score([0, 0, 1], [0.5, 0.5, 0.5], max_fpr=0.3) == pytest.approx(0.5)


@pytest.mark.parametrize("bad", [0, -0.1, 1.1, math.nan])
def test_max_fpr_is_refused(bad):
    with pytest.raises(ValueError, match="`max_fpr` must be above 0 and at most 1, got"):
        roc_auc_score([0, 1], [0.1, 0.2], max_fpr=bad)


@pytest.mark.parametrize("score", [[1e308, -1e308, 5e307], [1e-320, 0.0, 5e-321], [2.0, -0.0, 1]])
def test_scales_of_scores_and_no_guess_of_logits(score):
    assert roc_auc_score([1, 0, 0], score) == 1
    assert average_precision_score([1, 0, 0], score) == 1


def test_zero_and_minus_zero_are_a_tie():
    assert roc_auc_score([0, 1], [0.0, -0.0]) == 0.5


def test_close_scores_are_no_ties():
    """In float32 these are one number; ranks of float32 say 0.5."""
    assert roc_auc_score([0, 1], [1, 1 + 1e-12]) == 1
    assert len(roc_curve([0, 1], [1, 1 + 1e-12]).thresholds) == 3


# --- many labels


SCORES = {"roc_auc_score": roc_auc_score, "average_precision_score": average_precision_score}


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("levels", [None, 3])
@pytest.mark.parametrize("name", SCORES)
def test_many_labels_at_once(name, levels, share):
    mine, theirs = SCORES[name], getattr(sklearn_metrics, name)
    y_true, y_score = patients(100, 5, seed=3, share=share, levels=levels)
    y_true[:90, 2] = 0  # labels differ much in their positives
    y_true[95, 2] = 1
    each = mine(y_true, y_score)
    assert each.shape == (5,)
    assert each.dtype == torch.float64
    np.testing.assert_allclose(each, theirs(y_true, y_score, average=None), rtol=0, atol=1e-14)
    for average in ("macro", "weighted", "micro"):
        found = mine(y_true, y_score, average=average)
        assert isinstance(found, float)
        assert found == pytest.approx(theirs(y_true, y_score, average=average), abs=1e-14)
    assert mine(y_true[:, :1], y_score[:, :1]).tolist() == [mine(y_true[:, 0], y_score[:, 0])]


@pytest.mark.parametrize("name", SCORES)
def test_inputs_stay_as_they_were(name):
    for shape in ((6,), (6, 1), (6, 2)):
        scores = torch.arange(torch.tensor(shape).prod().item()).flip(0).reshape(shape).double()
        labels = scores.remainder(3) == 0
        kept = scores.clone(), labels.clone()
        SCORES[name](labels, scores)
        assert torch.equal(scores, kept[0])
        assert torch.equal(labels, kept[1])


@pytest.mark.parametrize("max_fpr", [None, 0.3])
def test_auc_of_a_label_with_one_class(max_fpr):
    y_true = [[0, 0, 1], [0, 1, 1], [0, 1, 1]]
    y_score = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]
    with pytest.warns(UndefinedMetricWarning, match="only one class in labels 0, 2") as caught:
        found = roc_auc_score(y_true, y_score, max_fpr=max_fpr)
    assert found.isnan().tolist() == [True, False, True]
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UndefinedMetricWarning):
        assert math.isnan(roc_auc_score(y_true, y_score, max_fpr=max_fpr, average="macro"))


def test_weighted_average_leaves_out_labels_without_positives():
    y_true, y_score = [[0, 0], [0, 1]], [[0.1, 0.2], [0.3, 0.4]]
    for metric in SCORES.values():
        with pytest.warns(UndefinedMetricWarning, match="in label 0$"):
            assert metric(y_true, y_score, average="weighted") == 1
        with pytest.warns(UndefinedMetricWarning, match="in labels 0, 1$"):
            assert math.isnan(metric([[0, 0], [0, 0]], y_score, average="weighted"))


@pytest.mark.parametrize("y_true", [[0], [1], [0, 0, 0], [1, 1]])
def test_auc_of_one_class_is_nan(y_true):
    with pytest.warns(UndefinedMetricWarning, match="undefined: there is only one class$"):
        assert math.isnan(roc_auc_score(y_true, [0.5] * len(y_true)))


# --- precision and recall


@pytest.mark.parametrize("case", CASES)
def test_precision_recall_against_scikit_learn(case):
    theirs = sklearn_metrics.precision_recall_curve(*case)
    for mine, other in zip(precision_recall_curve(*case), theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other, rtol=0, atol=1e-15)
    assert average_precision_score(*case) == pytest.approx(
        sklearn_metrics.average_precision_score(*case), abs=1e-14
    )


@given(both_classes())
@settings(deadline=None, max_examples=50)
def test_average_precision(case):
    y_true, y_score = case
    found = average_precision_score(y_true, y_score)
    assert found == pytest.approx(average_precision_by_hand(y_true, y_score), abs=1e-14)
    assert average_precision_score(y_true, np.exp(3 * y_score)) == found
    assert average_precision_score(y_true[::-1].copy(), y_score[::-1].copy()) == found
    assert average_precision_score(np.tile(y_true, 2), np.tile(y_score, 2)) == pytest.approx(found)
    curve = precision_recall_curve(y_true, y_score)
    steps = -(curve.recall.diff() * curve.precision[:-1]).sum().item()
    assert steps == pytest.approx(found, abs=1e-14)
    for precision, recall, threshold in zip(*curve, strict=False):
        assert recall.item() == rates_by_hand(y_true, y_score, threshold.item())[1]
        assert precision.item() == y_true[y_score >= threshold.item()].mean()


def test_precision_of_equal_scores_is_the_prevalence():
    """Not a value that depends on the order of patients, and no trapezoid."""
    assert average_precision_score([1, 0, 0, 0], [0.5] * 4) == 0.25
    assert average_precision_score([0, 0, 0, 1], [0.5] * 4) == 0.25


def test_precision_and_recall_without_one_class():
    with pytest.warns(UndefinedMetricWarning, match="there is no positive$"):
        assert math.isnan(average_precision_score([0, 0], [0.1, 0.2]))  # scikit-learn: 0
    with pytest.warns(UndefinedMetricWarning, match="there is no positive$"):
        curve = precision_recall_curve([0, 0], [0.1, 0.2])
    assert curve.recall.isnan().all()  # scikit-learn: 1
    assert average_precision_score([1, 1], [0.1, 0.2]) == 1


# --- operating points


def all_points(y_true, y_score):
    """Threshold, sensitivity and specificity from the highest threshold down."""
    found = [math.inf, *sorted(set(y_score.tolist()), reverse=True)]
    rates = [rates_by_hand(y_true, y_score, t) for t in found]
    return [(t, tpr, (1 - y_true)[y_score < t].sum() / (1 - y_true).sum())
            for t, (_, tpr) in zip(found, rates, strict=True)]  # fmt: skip


def best_by_hand(name, y_true, y_score):
    points = all_points(y_true, y_score)
    if name == "sensitivity":
        return next(p for p in points if p[1] >= 0.8)
    if name == "specificity":
        return max((p for p in points if p[2] >= 0.8), key=lambda p: (p[1], p[0]))
    if name == "youden":
        return max(points, key=lambda p: (round(p[1] + p[2], 12), p[0]))
    return min(points, key=lambda p: (round(0.7 * (1 - p[1]) + 0.9 * (1 - p[2]), 12), -p[0]))


@pytest.mark.parametrize("name", POINTS)
@given(case=both_classes())
@settings(deadline=None, max_examples=40)
def test_operating_points_are_the_best_of_all(name, case):
    point = POINTS[name](*case)
    assert (point.threshold, point.sensitivity, point.specificity) == best_by_hand(name, *case)
    assert point.youden == pytest.approx(point.sensitivity + point.specificity - 1)


@pytest.mark.parametrize("case", CASES)
def test_operating_points_lie_on_the_curve_of_scikit_learn(case):
    fpr, tpr, thresholds = sklearn_metrics.roc_curve(*case, drop_intermediate=False)
    k = np.argmax(np.round(tpr - fpr, 12))
    assert youden_point(*case).threshold == thresholds[k]
    k = np.argmax(tpr >= 0.8)
    assert POINTS["sensitivity"](*case).threshold == thresholds[k]
    k = np.argmax(np.where(1 - fpr >= 0.8 - 1e-12, tpr, -1))
    assert POINTS["specificity"](*case).threshold == thresholds[k]
    cost = 0.1 * (1 - tpr) * 7 + 0.9 * fpr
    assert POINTS["cost"](*case).threshold == thresholds[np.argmin(np.round(cost, 12))]


def test_a_share_that_rounding_would_miss():
    """0.07 times 100 is more than 7 in floats; 7 of 100 are enough all the same."""
    assert 0.07 * 100 > 7
    scores = np.arange(200.0)
    labels = (scores >= 100).astype(int)
    assert sensitivity_point(labels, scores, at_least=0.07).threshold == 193
    labels = np.zeros(101, dtype=int)
    labels[7] = 1  # seven of the hundred negatives lie below the positive
    point = specificity_point(labels, scores[:101], at_least=0.07)
    assert point == OperatingPoint(7.0, 1.0, 0.07)


def test_asking_for_everything_or_nothing():
    y_true, y_score = [0, 1, 0, 1], [0.9, 0.8, 0.2, 0.1]
    everything = sensitivity_point(y_true, y_score, at_least=1)
    assert everything == OperatingPoint(0.1, 1.0, 0.0)
    assert specificity_point(y_true, y_score, at_least=1) == OperatingPoint(math.inf, 0.0, 1.0)
    assert sensitivity_point(y_true, y_score, at_least=0).threshold == math.inf
    assert specificity_point(y_true, y_score, at_least=0) == OperatingPoint(0.1, 1.0, 0.0)


def test_scores_that_say_nothing_call_nobody():
    assert youden_point([0, 1, 0, 1], [0.5] * 4) == OperatingPoint(math.inf, 0.0, 1.0)


def test_costs_move_the_threshold():
    y_true, y_score = patients(500)
    own = y_true.mean()
    dear = cost_point(y_true, y_score, cost_fp=1, cost_fn=50)
    cheap = cost_point(y_true, y_score, cost_fp=50, cost_fn=1)
    assert dear.threshold < youden_point(y_true, y_score).threshold < cheap.threshold
    assert cost_point(y_true, y_score, cost_fp=1, cost_fn=50, prevalence=own) == dear
    assert cost_point(y_true, y_score, cost_fp=1 - own, cost_fn=own, prevalence=1 - own) == (
        youden_point(y_true, y_score)
    )
    assert cost_point(y_true, y_score, cost_fp=1, cost_fn=1, prevalence=0).threshold == math.inf
    assert cost_point(y_true, y_score, cost_fp=1, cost_fn=1, prevalence=1).sensitivity == 1
    called = y_score >= dear.threshold
    paid = 50 * (y_true * ~called).sum() + ((1 - y_true) * called).sum()
    assert dear.expected_cost(cost_fp=1, cost_fn=50, prevalence=own) == pytest.approx(paid / 500)


@given(both_classes(), st.integers(1, 30), st.integers(1, 30))
@settings(deadline=None, max_examples=40)
def test_without_a_prevalence_the_errors_are_paid_one_by_one(case, cost_fp, cost_fn):
    y_true, y_score = case
    bills = {}
    for threshold in [math.inf, *sorted(set(y_score.tolist()), reverse=True)]:
        called = y_score >= threshold
        false_alarms, misses = (called & (y_true == 0)).sum(), (~called & (y_true == 1)).sum()
        bills[threshold] = cost_fp * false_alarms + cost_fn * misses
    point = cost_point(y_true, y_score, cost_fp=cost_fp, cost_fn=cost_fn)
    assert point.threshold == min(bills, key=bills.__getitem__)


def test_a_tie_of_costs_is_one_in_spite_of_rounding():
    """To call nobody and to alarm one of three both cost 0.3; in floats they differ."""
    y_true, y_score = [0, 1, 1, 0, 0], [0.9, 0.8, 0.8, 0.1, 0.1]
    point = cost_point(y_true, y_score, cost_fp=1, cost_fn=3, prevalence=0.1)
    assert point.threshold == math.inf


def test_costs_are_compared_in_float64():
    y_true, y_score = [0, 1], [0.9, 0.1]  # miss one, or alarm one
    assert cost_point(y_true, y_score, cost_fp=1, cost_fn=1).threshold == math.inf
    assert cost_point(y_true, y_score, cost_fp=1, cost_fn=1 + 1e-9).threshold == 0.1


@pytest.mark.parametrize("name", POINTS)
def test_operating_points_without_one_class(name):
    for y_true in ([0, 0], [1, 1], [1]):
        with pytest.warns(UndefinedMetricWarning, match=f"{name}_point is undefined: there is on"):
            point = POINTS[name](y_true, [0.5] * len(y_true))
        assert math.isnan(point.threshold)
        assert math.isnan(point.sensitivity)
        assert math.isnan(point.specificity)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: sensitivity_point([0, 1], [0, 1], at_least=90), "`at_least` .* got 90"),
        (lambda: specificity_point([0, 1], [0, 1], at_least=math.nan), "`at_least` .* got nan"),
        (lambda: cost_point([0, 1], [0, 1], cost_fp=-1, cost_fn=1), "`cost_fp` .* got -1"),
        (lambda: cost_point([0, 1], [0, 1], cost_fp=1, cost_fn=math.inf), "`cost_fn` .* got inf"),
        (
            lambda: cost_point([0, 1], [0, 1], cost_fp=1, cost_fn=1, prevalence=5),
            "`prevalence` must be between 0 and 1, got 5",
        ),
    ],
)
def test_what_operating_points_refuse(call, text):
    with pytest.raises(ValueError, match=text):
        call()


# --- all of them


FUNCTIONS = {
    **SCORES,
    **{f"{name}_point": function for name, function in POINTS.items()},
    "roc_curve": roc_curve,
    "precision_recall_curve": precision_recall_curve,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_refused(name):
    function = FUNCTIONS[name]
    for y_true, y_score, text in (
        ([], [], "must not be empty"),
        ([0, 1], [0.1, math.nan], "`y_score` must be finite"),
        ([0, 1], [0.1, math.inf], "`y_score` must be finite"),
        ([0, 2], [0.1, 0.2], "`y_true` must hold 0 and 1 only, got 2"),
        ([-1, 1], [0.1, 0.2], "`y_true` must hold 0 and 1 only, got -1"),
        ([0, 1], [0.1], "`y_score` must be as long as `y_true`, 2, got 1"),
        ([0, 1], [[[0.1]], [[0.2]]], "`y_score` must have shape .*, got"),
        ([0, 1], ["a", "b"], "`y_score` must be numbers"),
    ):
        with pytest.raises(ValueError, match=text):
            function(y_true, y_score)


@pytest.mark.parametrize("name", SCORES)
def test_what_many_labels_refuse(name):
    for y_true, y_score in (([0, 1], [[0.1], [0.2]]), ([[0, 1]], [[0.1]])):
        with pytest.raises(ValueError, match="must have the shape of `y_true`"):
            SCORES[name](y_true, y_score)
    with pytest.raises(ValueError, match="must have a label"):
        SCORES[name](torch.zeros(3, 0), torch.zeros(3, 0))
    with pytest.raises(ValueError, match="`average` must be None"):
        SCORES[name]([0, 1], [0.1, 0.2], average="samples")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_bools_and_gradients_go_in(name):
    y_true, y_score = patients(40, levels=4)
    expected = FUNCTIONS[name](y_true, y_score)
    scores = torch.tensor(y_score, dtype=torch.float32, requires_grad=True)
    found = FUNCTIONS[name](torch.tensor(y_true, dtype=torch.bool), scores)
    if isinstance(found, tuple):
        assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    else:
        assert found == expected


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_on_a_gpu(name):
    y_true, y_score = patients(300, 3, levels=9)
    if name not in SCORES:
        y_true, y_score = y_true[:, 0], y_score[:, 0]
    there = FUNCTIONS[name](y_true, torch.tensor(y_score, device="cuda"))
    here = FUNCTIONS[name](y_true, y_score)
    if isinstance(there, OperatingPoint):
        assert there == here
        return
    for one, other in zip(there, here, strict=True):
        assert one.device.type == "cuda"
        torch.testing.assert_close(one.cpu(), other, rtol=0, atol=1e-14)


def test_a_warning_can_be_an_error():
    with warnings.catch_warnings(action="error"), pytest.raises(UndefinedMetricWarning):
        roc_auc_score([1, 1], [0.1, 0.2])
