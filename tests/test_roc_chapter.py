"""The chapter ROC and AUC: the slide's table, its figures, and its exercises."""

import re
from itertools import product
from math import erf, sqrt

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import sklearn.metrics
import torch
from scipy.integrate import trapezoid
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from course_lib.data.tables import breast_cancer
from course_lib.exercises import find
from course_lib.exercises import roc as exercises
from course_lib.metrics import (
    BinaryConfusion,
    OperatingPoint,
    predictive_values,
    reliability_curve,
    roc_auc_score,
)
from course_lib.plotting import roc as drawing
from course_lib.widgets import ThresholdLab
from course_lib.widgets.threshold_scores import outcome

matplotlib.use("Agg")

SLIDE = {  # L053: TP, FN, FP, TN; PP, PN; TPR, FPR, PPV, F1, ACC as printed
    "A": ((63, 37, 28, 72), (91, 109), (0.63, 0.28, 0.69, 0.66, 0.68)),
    "B": ((77, 23, 77, 23), (154, 46), (0.77, 0.77, 0.50, 0.61, 0.50)),
    "C": ((24, 76, 88, 12), (112, 88), (0.24, 0.88, 0.21, 0.23, 0.18)),
    "C′": ((76, 24, 12, 88), (88, 112), (0.76, 0.12, 0.86, 0.81, 0.82)),
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted():
    """Labels and scores of the chapter."""
    features, malignant, names = breast_cancer()
    columns = [
        names.index(f"mean {n}") for n in ("texture", "smoothness", "symmetry", "fractal dimension")
    ]
    x, y = features[:, columns].double().numpy(), malignant.long().numpy()
    x_fit, x_test, y_fit, y_test = train_test_split(x, y, test_size=0.5, stratify=y, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x_fit, y_fit)
    return torch.tensor(y_test), torch.tensor(model.predict_proba(x_test)[:, 1])


@pytest.mark.parametrize("name", SLIDE)
def test_the_table_of_the_slide(name):
    counts, called, printed = SLIDE[name]
    tp, fn, fp, tn = counts
    test = BinaryConfusion(tp=tp, fn=fn, fp=fp, tn=tn)
    assert (test.predicted_positives, test.predicted_negatives) == called
    found = (test.sensitivity, 1 - test.specificity, test.precision, test.f1, test.accuracy)
    assert found == pytest.approx(printed, abs=0.005 + 1e-12)
    by_hand = (tp / 100, fp / 100, tp / (tp + fp), 2 * tp / (2 * tp + fp + fn), (tp + tn) / 200)
    assert found == pytest.approx(by_hand)
    labels, answers = [1] * 100 + [0] * 100, [1] * tp + [0] * fn + [1] * fp + [0] * tn
    assert sklearn.metrics.f1_score(labels, answers) == pytest.approx(test.f1)
    # the curve of a single point is two lines, and the area under them the balanced accuracy
    assert roc_auc_score(labels, answers) == pytest.approx(test.accuracy)


def test_answers_against_people_and_pairs():
    ill, well = (0.8, 0.5, 0.3), (0.9, 0.5, 0.4, 0.2, 0.1)
    pairs = [(p > n) + (p == n) / 2 for p, n in product(ill, well)]
    assert find("roc/pairs").answer == pytest.approx(sum(pairs) / 15)
    labels, scores = [1] * 3 + [0] * 5, [*ill, *well]
    assert find("roc/pairs").answer == pytest.approx(roc_auc_score(labels, scores))
    assert exercises.my_auc(ill, well) == pytest.approx(9.5 / 15)
    assert find("roc/place").answer == pytest.approx(30 / 150)
    assert find("roc/prevalence").answer == pytest.approx(76 / (76 + 0.12 * 9900))
    turned = OperatingPoint(0.5, sensitivity=0.76, specificity=0.88)
    values = predictive_values(0.76, 0.88, prevalence=0.01)
    assert find("roc/prevalence").answer == pytest.approx(values.ppv)
    assert values.npv in [pytest.approx(m.answer) for m in find("roc/prevalence").mistakes]
    cost = turned.expected_cost(cost_fp=1, cost_fn=20, prevalence=0.02)
    assert find("roc/costs").answer == pytest.approx(1000 * cost)
    assert find("roc/costs").answer == pytest.approx(20 * 20 * 0.24 + 980 * 0.12)


def test_what_falls_where_the_disease_is_rare():
    """Take 100,000 people, in two places, and count."""
    values = []
    for ill in (37_000, 1000):
        tp, fp = ill * 4 // 5, (100_000 - ill) // 4
        test = BinaryConfusion(tp=tp, fn=ill - tp, fp=fp, tn=100_000 - ill - fp)
        values.append((test.sensitivity, test.specificity, test.precision, test.npv))
    fallen = [n for n, (there, here) in enumerate(zip(*values, strict=True)) if here < there]
    exercise = find("roc/elsewhere")
    assert tuple(fallen) == exercise.answers == (2,)
    for option, there, here in zip(exercise.options[2:4], *(v[2:] for v in values), strict=True):
        numbers = [float(n) for n in re.findall(r"([\d.]+)%", option.feedback)]
        assert numbers == pytest.approx([100 * there, 100 * here], abs=0.5)


def test_the_clinic_shows_the_scores_of_the_chapter(fitted):
    labels, scores = fitted
    lumps = ThresholdLab().samples[0]
    for k in range(0, 101, 5):
        test = BinaryConfusion.from_scores(labels, scores, threshold=k / 100)
        found = outcome(lumps, 100 * k, 372, 20, 1)
        assert (found.tp, found.fp) == pytest.approx((test.tp, test.fp), abs=1)  # another BLAS


def test_what_the_exercise_on_scales_says():
    scores = torch.rand(60, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = (scores + torch.linspace(-0.6, 0.6, 60) > 0.5).long()
    usual = roc_auc_score(labels, scores)
    assert 0.5 < usual < 1
    older = torch.arange(60) % 3 == 0
    changed = [scores**2, scores.log(), scores.round(), 1 - scores, scores + 0.3 * older]
    same = [n for n, s in enumerate(changed) if roc_auc_score(labels, s) == usual]
    assert tuple(same) == find("roc/transform").answers


def test_the_real_scores_are_what_the_chapter_says(fitted):
    labels, scores = fitted
    assert (len(labels), int(labels.sum())) == (285, 106)
    theirs = sklearn.metrics.roc_auc_score(labels, scores)
    assert roc_auc_score(labels, scores) == pytest.approx(theirs)
    assert theirs == pytest.approx(0.862, abs=0.002)
    curve = reliability_curve(labels, torch.sigmoid(3 * scores.logit()), bins=5)
    assert curve.predicted[[0, -1]].tolist() == pytest.approx([0.02, 0.96], abs=0.006)
    assert curve.observed[[0, -1]].tolist() == pytest.approx([0.13, 0.73], abs=0.006)


def test_two_simulated_curves_have_the_area_of_their_formula():
    """Two normal distributions: AUC = Φ(shift / sqrt(1 + spread²))."""
    steps = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    normal = torch.special.ndtri(steps)
    labels = [0] * 1000 + [1] * 1000
    for spread, shift in ((2.5, 2.27), (0.4, 0.91)):
        wanted = (1 + erf(shift / sqrt(1 + spread**2) / sqrt(2))) / 2
        found = roc_auc_score(labels, torch.cat([normal, shift + spread * normal]))
        assert found == pytest.approx(wanted, abs=2e-3)


def test_points_lie_where_the_tests_are():
    tests = {name: BinaryConfusion(*counts) for name, (counts, _, _) in SLIDE.items()}
    ax = drawing.show_space(tests).axes[0]
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines[1:]]
    wanted = [(printed[1], printed[0]) for _, _, printed in SLIDE.values()]
    assert np.array(dots) == pytest.approx(np.array(wanted))
    assert [text.get_text() for text in ax.texts] == [*SLIDE, "chance"]


def test_thresholds_are_the_same_in_both_pictures(fitted):
    labels, scores = fitted
    top, bottom = drawing.show_thresholds(labels, scores, [0.7, 0.2]).axes
    assert sum(patch.get_height() for patch in top.patches) == 285
    assert [line.get_xdata()[0] for line in top.lines] == [0.7, 0.2]
    fpr, tpr, cuts = sklearn.metrics.roc_curve(labels, scores, drop_intermediate=False)
    for line, threshold in zip(bottom.lines[2:], (0.7, 0.2), strict=True):
        last = (cuts >= threshold).sum() - 1
        assert (line.get_xdata()[0], line.get_ydata()[0]) == pytest.approx((fpr[last], tpr[last]))


def _area(polygon):
    x, y = polygon.get_xy()[:-1].T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2


@pytest.mark.parametrize(
    ("labels", "scores"),
    [
        ([1, 0, 1, 1, 0, 0, 0], [0.9, 0.7, 0.6, 0.4, 0.4, 0.2, 0.1]),
        ([0, 1], [0.1, 0.1]),
        ([0, 0, 1], [0.3, 0.2, 0.1]),
    ],
)
def test_the_filled_rectangles_are_the_area(labels, scores):
    ax = drawing.show_steps(labels, scores).axes[0]
    line = ax.lines[0].get_xydata()
    filled = sum(map(_area, ax.patches))
    assert filled == pytest.approx(trapezoid(line[:, 1], line[:, 0]))
    pairs = sum(labels) * (len(labels) - sum(labels))
    assert filled / pairs == pytest.approx(roc_auc_score(labels, scores))


def test_curves_are_those_of_scikit_learn(fitted):
    labels, scores = fitted
    ax = drawing.show_curves({"real": fitted, "turned": (labels, -scores)}).axes[0]
    fpr, tpr, _ = sklearn.metrics.roc_curve(labels, scores)
    assert ax.lines[0].get_xydata() == pytest.approx(np.column_stack([fpr, tpr]))
    assert [line.get_label() for line in ax.lines[:2]] == ["real", "turned"]
    ax = drawing.show_curves({"real": fitted}, precision=True).axes[0]
    precision, recall, _ = sklearn.metrics.precision_recall_curve(labels, scores)
    assert ax.lines[0].get_xydata() == pytest.approx(np.column_stack([recall, precision]))
    x, y = ax.lines[0].get_xydata().T  # the steps that are drawn have the average precision
    assert ax.lines[0].get_drawstyle() == "steps-post"
    drawn = (-np.diff(x) * y[:-1]).sum()
    assert drawn == pytest.approx(sklearn.metrics.average_precision_score(labels, scores))
    assert ax.lines[1].get_ydata()[0] == pytest.approx(106 / 285)


def test_reliability_has_the_intervals_of_its_counts():
    labels, scores = [0, 0, 1, 1, 1], [0.1, 0.1, 0.1, 0.9, 0.9]
    ax = drawing.show_reliability({"one": reliability_curve(labels, scores, bins=2)}).axes[0]
    line, _, bars = ax.containers[0].lines
    assert line.get_xydata().tolist() == [pytest.approx([0.1, 1 / 3]), pytest.approx([0.9, 1])]
    (low, high), (end, top) = (segment[:, 1] for segment in bars[0].get_segments())
    z = 1.959964  # Wilson: the p at which (p̂ - p)² = z² p (1 - p) / n
    for p in (low, high):
        assert (1 / 3 - p) ** 2 == pytest.approx(z**2 * p * (1 - p) / 3, rel=1e-5)
    assert (top, end) == pytest.approx((1, 2 / (2 + z**2)))
