"""The four cells and their measures, against scikit-learn and against counting by hand."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from course_lib.metrics import (
    BinaryConfusion,
    PredictiveValues,
    UndefinedMetricWarning,
    predictive_values,
)

LECTURE = {
    "A": BinaryConfusion(63, 37, 28, 72),
    "B": BinaryConfusion(77, 23, 77, 23),
    "C": BinaryConfusion(24, 76, 88, 12),
    "C'": BinaryConfusion(76, 24, 12, 88),
}
MEASURES = [
    name for name, value in vars(BinaryConfusion).items()
    if isinstance(value, property) and name[0] != "_"
]  # fmt: skip
COUNTS = {"total", "positives", "negatives", "predicted_positives", "predicted_negatives"}
counts = st.tuples(*[st.integers(0, 60)] * 4)
full = st.tuples(*[st.integers(1, 60)] * 4)
quick = settings(max_examples=40, deadline=None)


def quietly(confusion, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return getattr(confusion, name)


def by_formula(tp, fn, fp, tn):
    """The lecture's table in fractions of one another; nan wherever something is divided by 0."""
    tp, fn, fp, tn = map(np.float64, (tp, fn, fp, tn))
    with np.errstate(all="ignore"):
        tpr, tnr, ppv, npv = tp / (tp + fn), tn / (tn + fp), tp / (tp + fp), tn / (tn + fn)
        m = {"sensitivity": tpr, "specificity": tnr, "precision": ppv, "npv": npv}
        m |= {"recall": tpr, "tpr": tpr, "tnr": tnr, "ppv": ppv, "fpr": 1 - tnr, "fnr": 1 - tpr}
        m |= {"accuracy": (tp + tn) / (tp + fn + fp + tn), "balanced_accuracy": (tpr + tnr) / 2}
        m |= {"prevalence": (tp + fn) / (tp + fn + fp + tn), "informedness": tpr + tnr - 1}
        m |= {"false_discovery_rate": 1 - ppv, "false_omission_rate": 1 - npv}
        m |= {"markedness": ppv + npv - 1, "fowlkes_mallows": np.sqrt(ppv * tpr)}
        m |= {"positive_likelihood_ratio": tpr / (fp / (tn + fp))}
        m |= {"negative_likelihood_ratio": (fn / (tp + fn)) / tnr}
        m |= {"diagnostic_odds_ratio": (tp / fn) / (fp / tn) if tn else tp * tn / (fp * fn)}
        m |= {"f1": 2 * tp / (2 * tp + fp + fn), "jaccard": tp / (tp + fn + fp)}
        wrong = np.sqrt(fn / (tp + fn) * fp / (tn + fp) * fn / (tn + fn) * fp / (tp + fp))
        m |= {"mcc": np.sqrt(tpr * tnr * ppv * npv) - wrong}
    return {name: float(v) if np.isfinite(v) else math.nan for name, v in m.items()}


def test_every_measure_of_the_lecture_is_there():
    assert set(by_formula(1, 1, 1, 1)) == set(MEASURES) - COUNTS


@quick
@given(counts)
def test_the_formulas_of_the_lecture(cells):
    confusion = BinaryConfusion(*cells)
    for name, expected in by_formula(*cells).items():
        got = quietly(confusion, name)
        assert got == pytest.approx(expected, abs=1e-12, rel=1e-12, nan_ok=True), name


@quick
@given(counts)
def test_nan_and_warning_go_together(cells):
    confusion = BinaryConfusion(*cells)
    for name in MEASURES:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            undefined = math.isnan(getattr(confusion, name))
        assert [w.category for w in heard] == [UndefinedMetricWarning] * undefined, name
        assert all(w.filename == __file__ for w in heard)  # the line that asked is shown


@settings(max_examples=15, deadline=None)
@given(full)
def test_scikit_learn(cells):
    tp, fn, fp, tn = cells
    true, called = [1] * (tp + fn) + [0] * (fp + tn), [1] * tp + [0] * fn + [1] * fp + [0] * tn
    ours = BinaryConfusion.from_labels(true, called)
    assert ours == BinaryConfusion(*cells)
    assert sk.confusion_matrix(true, called).tolist() == [[tn, fp], [fn, tp]]
    ratios = sk.class_likelihood_ratios(true, called)
    assert (ours.positive_likelihood_ratio, ours.negative_likelihood_ratio) == pytest.approx(ratios)
    for name, function in [
        ("accuracy", sk.accuracy_score),
        ("balanced_accuracy", sk.balanced_accuracy_score),
        ("sensitivity", sk.recall_score),
        ("precision", sk.precision_score),
        ("f1", sk.f1_score),
        ("jaccard", sk.jaccard_score),
        ("mcc", sk.matthews_corrcoef),
    ]:
        assert getattr(ours, name) == pytest.approx(function(true, called), abs=1e-14), name


def test_the_table_of_the_lecture():
    rows = {
        name: [round(getattr(c, m), 2) for m in ("tpr", "fpr", "ppv", "f1")]
        for name, c in LECTURE.items()
    }
    assert rows == {
        "A": [0.63, 0.28, 0.69, 0.66],
        "B": [0.77, 0.77, 0.5, 0.61],
        "C": [0.24, 0.88, 0.21, 0.23],
        "C'": [0.76, 0.12, 0.86, 0.81],
    }
    assert [c.accuracy for c in LECTURE.values()] == [0.675, 0.5, 0.18, 0.82]
    a = LECTURE["A"]
    more = [a.npv, a.mcc, a.positive_likelihood_ratio, a.negative_likelihood_ratio]
    more += [a.diagnostic_odds_ratio, a.informedness, a.markedness, a.jaccard]
    golden = [0.6606, 0.3514, 2.25, 0.5139, 4.378, 0.35, 0.353, 0.4922]
    assert more == pytest.approx(golden, abs=5e-5 * 10)
    assert round(a.mcc, 4) == 0.3514


@quick
@given(full)
def test_what_holds_between_measures(cells):
    tp, fn, fp, tn = cells
    c, turned = BinaryConfusion(*cells), BinaryConfusion(tn, fp, fn, tp)  # labels swapped
    inverted = BinaryConfusion(fn, tp, tn, fp)  # every answer inverted
    assert (c.sensitivity, c.precision, c.fpr) == (turned.specificity, turned.npv, turned.fnr)
    assert (c.mcc, c.accuracy, c.balanced_accuracy) == (
        turned.mcc, turned.accuracy, turned.balanced_accuracy,
    )  # fmt: skip
    assert (inverted.mcc, inverted.informedness) == (-c.mcc, -c.informedness)
    assert c.mcc**2 == pytest.approx(c.informedness * c.markedness)
    assert BinaryConfusion(*(7 * x for x in cells)).mcc == c.mcc  # repeated seven times
    for p, expected in [(c.prevalence, (c.ppv, c.npv)), (0, (0, 1)), (1, (1, 0))]:
        assert c.at_prevalence(p) == pytest.approx(expected)


@quick
@given(full, st.floats(0.001, 0.999))
def test_predictive_values_elsewhere_are_those_of_such_a_population(cells, prevalence):
    c = BinaryConfusion(*cells)
    odds = prevalence / (1 - prevalence)
    after, missed = odds * c.positive_likelihood_ratio, odds * c.negative_likelihood_ratio
    found = c.at_prevalence(prevalence)
    assert isinstance(found, PredictiveValues)
    assert (found.ppv, found.npv) == pytest.approx((after / (1 + after), 1 / (1 + missed)))
    of_rates = predictive_values(c.sensitivity, c.specificity, prevalence=prevalence)
    assert of_rates == pytest.approx(found)


def test_predictive_values_that_are_undefined():
    with pytest.warns(UndefinedMetricWarning, match="at_prevalence is undefined: there is no neg"):
        assert all(map(math.isnan, BinaryConfusion(1, 1, 0, 0).at_prevalence(0.1)))
    silent = BinaryConfusion(0, 5, 0, 5)  # never says positive
    with pytest.warns(
        UndefinedMetricWarning, match="ppv at .*nothing would be called positive"
    ) as heard:
        ppv, npv = silent.at_prevalence(0.25)
    assert [w.filename for w in heard] == [__file__]
    assert math.isnan(ppv)
    assert npv == 0.75
    with pytest.raises(ValueError, match="`sensitivity` must be a number from 0 to 1, got 90"):
        predictive_values(90, 0.9, prevalence=0.1)  # percent
    perfect = BinaryConfusion(5, 0, 0, 5)
    with pytest.warns(UndefinedMetricWarning, match="ppv at .*nothing would be called positive"):
        assert perfect.at_prevalence(0).npv == 1


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, "0.5", None, torch.ones(2)])
def test_a_prevalence_is_a_share(value):
    with pytest.raises(ValueError, match="`prevalence` must be a number from 0 to 1, got"):
        LECTURE["A"].at_prevalence(value)


@pytest.mark.parametrize("scale", [1, 10**6, 10**12, 10**90])
def test_counts_do_not_overflow(scale):
    c = BinaryConfusion(63 * scale, 37 * scale, 28 * scale, 72 * scale)
    for name in set(MEASURES) - COUNTS:
        assert getattr(c, name) == getattr(LECTURE["A"], name), name
    assert BinaryConfusion(np.int32(2**30), np.int32(0), np.int32(0), np.int32(2**30)).mcc == 1


def test_where_int32_would_overflow_and_scikit_learn_agrees():
    big = BinaryConfusion(1_000_003, 500_009, 400_009, 2_000_003)
    true, called = [1, 1, 0, 0], [1, 0, 1, 0]
    weight = [big.tp, big.fn, big.fp, big.tn]
    assert big.mcc == pytest.approx(sk.matthews_corrcoef(true, called, sample_weight=weight))


def test_one_class_alone_is_not_a_plausible_number():
    """scikit-learn's MCC is 0, its balanced accuracy leaves the class out that was not tried."""
    c = BinaryConfusion.from_labels([1, 1, 1], [1, 1, 0])
    assert sk.matthews_corrcoef([1, 1, 1], [1, 1, 0]) == 0
    for name in ("mcc", "balanced_accuracy", "specificity", "informedness"):
        with pytest.warns(UndefinedMetricWarning, match=f"{name} is undefined: there is no neg"):
            assert math.isnan(getattr(c, name))
    assert (c.sensitivity, c.precision) == (2 / 3, 1)


@quick
@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=1, max_size=40),
       st.integers(-5, 5), st.randoms())  # fmt: skip
def test_scores_at_a_threshold(cases, threshold, random):
    true, scores = zip(*cases, strict=True)
    got = BinaryConfusion.from_scores(true, scores, threshold=threshold)
    pairs = [(t, s >= threshold) for t, s in cases]
    assert got == BinaryConfusion(*(pairs.count(cell) for cell in [(1, 1), (1, 0), (0, 1), (0, 0)]))
    shuffled = random.sample(cases, len(cases))
    true, scores = zip(*shuffled, strict=True)
    grown = torch.tensor([2.0 * s + 1 for s in scores], dtype=torch.float32)
    assert got == BinaryConfusion.from_scores(true, grown, threshold=2 * threshold + 1)


def test_scores_are_what_they_are():
    """No sigmoid for those beyond 1, infinity calls nothing positive, float32 is not rounded."""
    make = BinaryConfusion.from_scores
    assert make([0, 1], [-1e300, 1e300], threshold=0.5) == BinaryConfusion(1, 0, 0, 1)
    assert make([0, 1], [0.4, 2], threshold=0.55) == BinaryConfusion(1, 0, 0, 1)
    assert make([0, 1], [0.4, 2], threshold=math.inf) == BinaryConfusion(0, 1, 0, 1)
    assert make([0, 1], [0.4, 2], threshold=-math.inf) == BinaryConfusion(1, 0, 1, 0)
    assert make([1], torch.tensor([0.7]), threshold=0.7) == BinaryConfusion(0, 1, 0, 0)
    assert make([1], [0.7], threshold=0.7) == BinaryConfusion(1, 0, 0, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BinaryConfusion(1.0, 1, 1, 1), "`tp` must be an int, got 1.0"),
        (lambda: BinaryConfusion(1, True, 1, 1), "`fn` must be an int, got True"),
        (lambda: BinaryConfusion(1, 1, 1, -1), "`tn` must be at least 0, got -1"),
        (lambda: BinaryConfusion.from_labels([], []), "`y_true` must not be empty"),
        (lambda: BinaryConfusion.from_labels([0, 1], [0]), "`y_pred` must be as long as `y_true`"),
        (lambda: BinaryConfusion.from_labels([0, 1], [0.3, 1]), "`y_pred` must hold 0 and 1 only"),
        (lambda: BinaryConfusion.from_labels([[0]], [[1]]), "`y_pred` must have shape"),
        (lambda: BinaryConfusion.from_labels([0, math.nan], [0, 1]), "`y_true` must hold 0 and 1"),
        (lambda: BinaryConfusion.from_scores([0], [math.nan], threshold=0), "must be finite"),
        (lambda: BinaryConfusion.from_scores([0], [1], threshold=math.nan), "`threshold` must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_nothing_at_all():
    nobody = BinaryConfusion(0, 0, 0, 0)
    for name in set(MEASURES) - COUNTS:
        with pytest.warns(UndefinedMetricWarning):
            assert math.isnan(getattr(nobody, name)), name
