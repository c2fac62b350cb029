"""The chapter The confusion matrix: its table by fractions and by scikit-learn, its figures."""

import math
import random
import warnings
from fractions import Fraction

import matplotlib.pyplot as plt
import pytest
import torch
from sklearn import metrics as peer

from course_lib.exercises import confusion_matrix as exercises
from course_lib.metrics import BinaryConfusion, predictive_values
from course_lib.plotting import confusion as drawing

SLIDE_A = BinaryConfusion(tp=63, fn=37, fp=28, tn=72)  # L053, example A
PROGRAMME = BinaryConfusion(*exercises.PROGRAMME)


def table(c):
    """L052 as it is written (MCC corrected), in exact fractions; roots at the very end."""
    tp, fn, fp, tn = (Fraction(n) for n in (c.tp, c.fn, c.fp, c.tn))
    p, n, pp, pn = tp + fn, tn + fp, tp + fp, fn + tn
    tpr, tnr, fpr, fnr = tp / p, tn / n, fp / n, fn / p
    ppv, fdr, for_, npv = tp / pp, fp / pp, fn / pn, tn / pn
    return {
        "prevalence": p / (p + n),
        "accuracy": (tp + tn) / (p + n),
        "balanced_accuracy": (tpr + tnr) / 2,
        "sensitivity": tpr,
        "specificity": tnr,
        "fpr": fpr,
        "fnr": fnr,
        "precision": ppv,
        "false_discovery_rate": fdr,
        "false_omission_rate": for_,
        "npv": npv,
        "positive_likelihood_ratio": tpr / fpr,
        "negative_likelihood_ratio": fnr / tnr,
        "diagnostic_odds_ratio": (tpr / fpr) / (fnr / tnr),
        "informedness": tpr + tnr - 1,
        "markedness": ppv + npv - 1,
        "f1": 2 * ppv * tpr / (ppv + tpr),
        "fowlkes_mallows": math.sqrt(ppv * tpr),
        "jaccard": tp / (tp + fn + fp),
        "mcc": math.sqrt(tpr * tnr * ppv * npv) - math.sqrt(fnr * fpr * for_ * fdr),
    }


@pytest.mark.parametrize("confusion", [SLIDE_A, PROGRAMME], ids=["A", "programme"])
def test_every_formula_of_the_slide(confusion):
    for name, value in table(confusion).items():
        assert getattr(confusion, name) == pytest.approx(float(value), rel=1e-12), name


def test_the_programme_by_scikit_learn():
    y_true = [1] * 20 + [0] * 980
    y_pred = [1] * 18 + [0] * 2 + [1] * 98 + [0] * 882
    assert BinaryConfusion.from_labels(y_true, y_pred) == PROGRAMME
    for name, theirs in (
        ("accuracy", peer.accuracy_score),
        ("balanced_accuracy", peer.balanced_accuracy_score),
        ("precision", peer.precision_score),
        ("recall", peer.recall_score),
        ("f1", peer.f1_score),
        ("jaccard", peer.jaccard_score),
        ("mcc", peer.matthews_corrcoef),
    ):
        assert getattr(PROGRAMME, name) == pytest.approx(theirs(y_true, y_pred), rel=1e-12), name


def test_the_formula_as_it_was_transcribed_is_no_correlation():
    """E18: with DOR in the last factor the value is .0631, and it can leave [-1, 1]."""

    def written(c):
        wrong = c.fnr * c.fpr * c.false_omission_rate * c.diagnostic_odds_ratio
        return math.sqrt(c.tpr * c.tnr * c.ppv * c.npv) - math.sqrt(wrong)

    assert round(SLIDE_A.mcc, 4) == 0.3514
    assert round(written(SLIDE_A), 4) == 0.0631
    chance = BinaryConfusion(tp=25, fn=25, fp=25, tn=25)
    assert chance.mcc == 0
    assert written(chance) != pytest.approx(0)


def test_the_ppv_of_the_exercise_is_bayes_rule_and_the_shares_of_a_simulation():
    rng = random.Random(0)
    for _ in range(20):
        rates = rng.random(), rng.random(), rng.random()
        wanted = predictive_values(*rates[:2], prevalence=rates[2]).ppv
        assert exercises.my_ppv(*rates) == pytest.approx(wanted, rel=1e-12)
    generator = torch.Generator().manual_seed(0)
    ill = torch.rand(400_000, generator=generator) < 0.02
    called = torch.rand(400_000, generator=generator) < torch.where(ill, 0.9, 0.1)
    found = BinaryConfusion.from_labels(ill, called)
    assert found.ppv == pytest.approx(exercises.my_ppv(0.9, 0.9, 0.02), abs=0.01)


@pytest.mark.parametrize("cells", [(63, 37, 28, 72), exercises.PROGRAMME], ids=["A", "programme"])
def test_the_formulas_of_the_exercises_are_those_of_the_library(cells):
    names = "sensitivity specificity balanced_accuracy precision false_discovery_rate f1 mcc"
    ours, theirs = exercises.Cells(*cells), BinaryConfusion(*cells)
    for name in [*names.split(), "diagnostic_odds_ratio"]:
        assert ours.measure(name) == pytest.approx(getattr(theirs, name), rel=1e-12), name


def test_what_stays_if_there_are_more_well_people():
    names = [option.text for option in exercises.WHAT_STAYS.options]
    assert [names[n] for n in exercises.WHAT_STAYS.answers] == [
        "Sensitivity",
        "Balanced accuracy",
        "Diagnostic odds ratio",
    ]


def test_only_precision_is_undefined_for_a_model_that_calls_nobody():
    stamp = BinaryConfusion(tp=0, fn=20, fp=0, tn=980)
    with warnings.catch_warnings(action="ignore"):
        values = [stamp.sensitivity, stamp.specificity, stamp.precision, stamp.f1]
    assert [n for n, value in enumerate(values) if math.isnan(value)] == [
        exercises.UNDEFINED.answer
    ]


def test_each_person_is_drawn_once_in_the_color_of_the_cell():
    figure = drawing.show_people(PROGRAMME)
    places = [tuple(xy) for marks in figure.axes[0].collections for xy in marks.get_offsets()]
    assert len(places) == len(set(places)) == 1000
    assert max(x for x, _ in places) == 39
    assert max(y for _, y in places) == 24
    colors = {tuple(marks.get_facecolor()[0]) for marks in figure.axes[0].collections}
    assert len(colors) == 4
    plt.close(figure)
    with pytest.raises(ValueError, match="`columns` must be at least 1, got 0"):
        drawing.show_people(PROGRAMME, columns=0)


def test_each_row_and_column_has_its_number():
    figure = drawing.show_matrix(PROGRAMME)
    text = " ".join(text.get_text() for text in figure.axes[0].texts)
    plt.close(figure)
    for value in ("18", "98", "882", "0.900", "0.155", "0.998"):
        assert value in text


def test_the_histogram_counts_what_the_threshold_separates():
    y_true = torch.tensor([0, 0, 0, 1, 1])
    scores = torch.tensor([0.1, 0.2, 0.8, 0.3, 0.9], dtype=torch.float64)
    figure = drawing.show_scores(y_true, scores, threshold=0.5)
    heights = [
        sum(patch.get_height() for patch in bars) for ax in figure.axes for bars in ax.containers
    ]
    plt.close(figure)
    found = BinaryConfusion.from_scores(y_true, scores, threshold=0.5)
    assert heights == [found.tp, found.fn, found.fp, found.tn]
