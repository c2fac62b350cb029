"""Slides L050 to L054: each formula and each printed number, by hand, by library, by scikit-learn.

The oracles share nothing with `course_lib.metrics`: exact fractions written from the slide's table,
scikit-learn on labels where it has the measure, and all pairs for the AUC.
"""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from sklearn import metrics as sk

from course_lib.metrics import BinaryConfusion, roc_auc_score

COUNTS = {  # L053: TP, FN, FP, TN; those of C′ are C's with each answer turned round
    "A": (63, 37, 28, 72),
    "B": (77, 23, 77, 23),
    "C": (24, 76, 88, 12),
    "C′": (76, 24, 12, 88),
}
CALLED = {"A": (91, 109), "B": (154, 46), "C": (112, 88), "C′": (88, 112)}  # L053: PP, PN
PRINTED = {  # L053, with two decimals
    "tpr": (".63", ".77", ".24", ".76"),
    "fpr": (".28", ".77", ".88", ".12"),
    "ppv": (".69", ".50", ".21", ".86"),
    "f1": (".66", ".61", ".23", ".81"),
    "accuracy": (".68", ".50", ".18", ".82"),  # that of A is .675, rounded up
}
MORE = {  # not on the slide: worked out once for this course, with the decimals that are given
    "A": {
        "npv": ".6606",
        "mcc": ".3514",
        "positive_likelihood_ratio": "2.25",
        "negative_likelihood_ratio": ".5139",
        "diagnostic_odds_ratio": "4.378",
        "informedness": ".35",
        "markedness": ".353",
        "jaccard": ".4922",
    },
    "B": {
        "mcc": "0",
        "positive_likelihood_ratio": "1",
        "negative_likelihood_ratio": "1",
        "diagnostic_odds_ratio": "1",
    },
    "C": {
        "ppv": ".2143",
        "f1": ".2264",
        "npv": ".1364",
        "mcc": "-.6447",
        "diagnostic_odds_ratio": ".0431",
    },
    "C′": {
        "ppv": ".8636",
        "f1": ".8085",
        "mcc": ".6447",
        "positive_likelihood_ratio": "6.333",
        "diagnostic_odds_ratio": "23.222",
        "jaccard": ".6786",
    },
}
NUMBERS = [
    (name, measure, value)
    for measure, row in PRINTED.items()
    for name, value in zip(COUNTS, row, strict=True)
] + [(name, measure, value) for name, row in MORE.items() for measure, value in row.items()]
CELLS = [*COUNTS.values(), (18, 2, 98, 882), (1, 2, 3, 4), (50, 1, 1, 3)]


def forms(tp, fn, fp, tn):
    """Every formula of L052; where the slide has a second form, or a second name, it stands too."""
    p, n, pp, pn = tp + fn, tn + fp, tp + fp, fn + tn
    tpr, tnr, fpr, fnr = (Fraction(a, b) for a, b in ((tp, p), (tn, n), (fp, n), (fn, p)))
    ppv, fdr, for_, npv = (Fraction(a, b) for a, b in ((tp, pp), (fp, pp), (fn, pn), (tn, pn)))
    plus, minus = tpr / fpr, fnr / tnr
    products = math.sqrt(tpr * tnr * ppv * npv), math.sqrt(fnr * fpr * for_ * fdr)
    return {
        "total": (p + n,),  # L051: population = P + N
        "positives": (p,),
        "negatives": (n,),
        "predicted_positives": (pp,),
        "predicted_negatives": (pn,),
        "prevalence": (Fraction(p, p + n),),
        "accuracy": (Fraction(tp + tn, p + n),),
        "balanced_accuracy": ((tpr + tnr) / 2,),
        "tpr": (tpr, 1 - fnr),
        "sensitivity": (tpr,),
        "recall": (tpr,),
        "tnr": (tnr, 1 - fpr),
        "specificity": (tnr,),
        "fpr": (fpr, 1 - tnr),
        "fnr": (fnr, 1 - tpr),
        "ppv": (ppv, 1 - fdr),
        "precision": (ppv,),
        "false_discovery_rate": (fdr, 1 - ppv),
        "false_omission_rate": (for_, 1 - npv),
        "npv": (npv, 1 - for_),
        "positive_likelihood_ratio": (plus,),
        "negative_likelihood_ratio": (minus,),
        "diagnostic_odds_ratio": (plus / minus, Fraction(tp * tn, fp * fn)),
        "informedness": (tpr + tnr - 1,),
        "markedness": (ppv + npv - 1,),
        "f1": (2 * ppv * tpr / (ppv + tpr), Fraction(2 * tp, 2 * tp + fp + fn)),
        "fowlkes_mallows": (math.sqrt(ppv * tpr),),
        "jaccard": (Fraction(tp, tp + fn + fp),),
        "mcc": (products[0] - products[1],),
    }


def people(tp, fn, fp, tn):
    """The true labels, and the answers, of so many people."""
    return [1] * (tp + fn) + [0] * (fp + tn), [1] * tp + [0] * fn + [1] * fp + [0] * tn


def of_scikit_learn(true, called):
    """Each measure of the table for which scikit-learn has a function."""
    plus, minus = sk.class_likelihood_ratios(true, called)
    return {
        "accuracy": sk.accuracy_score(true, called),
        "balanced_accuracy": sk.balanced_accuracy_score(true, called),
        "sensitivity": sk.recall_score(true, called),
        "specificity": sk.recall_score(true, called, pos_label=0),
        "ppv": sk.precision_score(true, called),
        "npv": sk.precision_score(true, called, pos_label=0),
        "positive_likelihood_ratio": plus,
        "negative_likelihood_ratio": minus,
        "informedness": sk.balanced_accuracy_score(true, called, adjusted=True),
        "f1": sk.f1_score(true, called),
        "jaccard": sk.jaccard_score(true, called),
        "mcc": sk.matthews_corrcoef(true, called),
    }


# --- L051 and L052


def test_no_measure_is_left_out():
    measures = {
        name for name, value in vars(BinaryConfusion).items() if isinstance(value, property)
    }
    assert {name for name in measures if name[0] != "_"} == set(forms(1, 1, 1, 1))


@pytest.mark.parametrize("cells", CELLS, ids=str)
def test_every_formula_in_each_form_that_the_slide_gives(cells):
    confusion = BinaryConfusion(*cells)
    for measure, values in forms(*cells).items():
        for value in values:
            assert getattr(confusion, measure) == pytest.approx(float(value), abs=1e-12), measure


@pytest.mark.parametrize("cells", CELLS, ids=str)
def test_every_measure_that_scikit_learn_has(cells):
    true, called = people(*cells)
    confusion = BinaryConfusion.from_labels(true, called)
    assert confusion == BinaryConfusion(*cells)
    tn, fp, fn, tp = sk.confusion_matrix(true, called).ravel().tolist()
    assert (tp, fn, fp, tn) == cells
    for measure, value in of_scikit_learn(true, called).items():
        assert getattr(confusion, measure) == pytest.approx(value, abs=1e-12), measure


def test_mcc_is_the_correlation_of_truth_and_answer():
    for cells in CELLS:
        wanted = np.corrcoef(*people(*cells))[0, 1]
        assert BinaryConfusion(*cells).mcc == pytest.approx(wanted, abs=1e-12)


def test_e18_with_the_diagnostic_odds_ratio_the_formula_is_another():
    tpr, tnr, ppv, npv = (forms(*COUNTS["A"])[m][0] for m in ("tpr", "tnr", "ppv", "npv"))
    wrong = (1 - tpr) * (1 - tnr) * (1 - npv)
    first = math.sqrt(tpr * tnr * ppv * npv)
    assert round(first - math.sqrt(wrong * (1 - ppv)), 4) == 0.3514
    dor = forms(*COUNTS["A"])["diagnostic_odds_ratio"][0]
    assert round(first - math.sqrt(wrong * dor), 4) == 0.0631


# --- L053


def _as_printed(measure, value, printed):
    """A number belongs to what is printed if it is at most half of the last digit away from it."""
    half = Fraction(1, 2 * 10 ** len(printed.partition(".")[2]))
    assert abs(Fraction(value) - Fraction(printed)) <= half + Fraction(1, 10**12), measure


@pytest.mark.parametrize(("name", "measure", "printed"), NUMBERS)
def test_every_number(name, measure, printed):
    _as_printed(measure, forms(*COUNTS[name])[measure][0], printed)
    _as_printed(measure, getattr(BinaryConfusion(*COUNTS[name]), measure), printed)


@pytest.mark.parametrize("name", COUNTS)
def test_a_hundred_of_each_and_how_many_are_called(name):
    confusion = BinaryConfusion(*COUNTS[name])
    assert (confusion.positives, confusion.negatives) == (100, 100)
    assert (confusion.predicted_positives, confusion.predicted_negatives) == CALLED[name]


def test_the_counts_of_c_turned_round_follow_from_those_of_c():
    true, called = people(*COUNTS["C"])
    turned = BinaryConfusion.from_labels(true, [1 - answer for answer in called])
    assert turned == BinaryConfusion(*COUNTS["C′"])
    assert turned.mcc == -BinaryConfusion(*COUNTS["C"]).mcc


# --- L054


def auc_of_pairs(true, scores):
    ill, well = ([s for t, s in zip(true, scores, strict=True) if t == k] for k in (1, 0))
    pairs = [Fraction(p > n) + Fraction(p == n, 2) for p, n in product(ill, well)]
    return sum(pairs) / len(pairs)


@pytest.mark.parametrize(
    ("scores", "auc"),
    [
        ([1, 2, 3, 4], 1),  # each positive above each negative
        ([4, 3, 2, 1], 0),  # each below: the order is perfect, the wrong way round
        ([1, 1, 1, 1], Fraction(1, 2)),  # nothing but ties
        ([1, 3, 2, 4], Fraction(3, 4)),
        ([1, 2, 2, 3], Fraction(7, 8)),
    ],
)
def test_e19_the_ends_of_the_auc_and_its_pairs(scores, auc):
    true = [0, 0, 1, 1]
    assert auc_of_pairs(true, scores) == auc
    assert roc_auc_score(true, scores) == sk.roc_auc_score(true, scores) == auc
    assert roc_auc_score(true, [-s for s in scores]) == 1 - auc
    for same in ([10 * s - 7 for s in scores], [s**3 for s in scores]):  # of scale: order alone
        assert roc_auc_score(true, same) == auc
    rare = true + [0, 0] * 9, [*scores, *scores[:2] * 9]  # nor of prevalence
    assert roc_auc_score(*rare) == auc


def test_e19_auc_0_is_not_all_wrong_nor_auc_1_all_right():
    """The AUC does not look at a threshold; how many answers are right does."""
    true = [0, 0, 1, 1]
    for scores, threshold, auc in (([4, 3, 2, 1], 0, 0), ([1, 2, 3, 4], 5, 1)):
        assert roc_auc_score(true, scores) == auc
        assert BinaryConfusion.from_scores(true, scores, threshold=threshold).accuracy == 0.5


def test_a_test_of_two_answers_has_its_balanced_accuracy_as_auc():
    for cells in COUNTS.values():
        true, called = people(*cells)
        wanted = forms(*cells)["balanced_accuracy"][0]
        assert auc_of_pairs(true, called) == wanted
        assert roc_auc_score(true, called) == pytest.approx(float(wanted), abs=1e-15)
