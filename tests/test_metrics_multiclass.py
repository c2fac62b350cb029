"""The matrix of K classes and its means, against scikit-learn and against counting by loop."""

import math
import warnings
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from course_lib.metrics import (
    BinaryConfusion,
    UndefinedMetricWarning,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
)

K = 4
cases = st.lists(st.tuples(st.integers(0, K - 1), st.integers(0, K - 1)), min_size=1, max_size=60)
whole = st.permutations([*zip(range(K), range(K), strict=True)]).flatmap(  # every class is there
    lambda there: cases.map(lambda more: there + more)
)
quick = settings(max_examples=25, deadline=None)
RATES = {"precision": precision_score, "recall": recall_score, "f1": f1_score}


def by_loop(pairs, metric):
    """TP, FP and FN of each class counted one case after the other; means of what they give."""
    count, rates, size = Counter(pairs), [], Counter(t for t, _ in pairs)
    for k in range(K):
        tp = count[k, k]
        fp = sum(n for (t, c), n in count.items() if c == k) - tp
        fn = size[k] - tp
        below = {"precision": tp + fp, "recall": tp + fn, "f1": tp + (fp + fn) / 2}[metric]
        rates.append(tp / below if below else math.nan)
    weighted = sum(r * size[k] for k, r in enumerate(rates) if size[k]) / len(pairs)
    micro = sum(t == c for t, c in pairs) / len(pairs)
    return {None: rates, "macro": sum(rates) / K, "weighted": weighted, "micro": micro}


@quick
@given(cases)
def test_counting_by_loop(pairs):
    true, called = zip(*pairs, strict=True)
    matrix = confusion_matrix(true, called, num_classes=K)
    assert matrix.tolist() == [[pairs.count((i, j)) for j in range(K)] for i in range(K)]
    for name, function in RATES.items():
        for average, expected in by_loop(pairs, name).items():
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                got = function(true, called, average=average, num_classes=K)
            got = got.tolist() if average is None else got
            assert got == pytest.approx(expected, nan_ok=True, abs=1e-12), (name, average)
            has_nan = bool(np.isnan(expected).any())
            assert [w.category for w in heard] == [UndefinedMetricWarning] * has_nan
            assert all(w.filename == __file__ for w in heard)


@quick
@given(whole)
def test_scikit_learn(pairs):
    true, called = zip(*pairs, strict=True)
    assert (confusion_matrix(true, called).numpy() == sk.confusion_matrix(true, called)).all()
    for name, function in RATES.items():
        for average in (None, "micro", "macro", "weighted"):
            got = np.asarray(function(true, called, average=average))
            expected = getattr(sk, f"{name}_score")(true, called, average=average)
            assert got == pytest.approx(expected, abs=1e-12), (name, average)
    balanced = sk.balanced_accuracy_score(true, called)
    assert balanced_accuracy_score(true, called) == pytest.approx(balanced)
    for weights in (None, "linear", "quadratic"):
        got = cohen_kappa_score(true, called, weights=weights)
        assert got == pytest.approx(sk.cohen_kappa_score(true, called, weights=weights), abs=1e-12)
        assert got == pytest.approx(cohen_kappa_score(called, true, weights=weights), abs=1e-12)
        twice = cohen_kappa_score(true * 2, called * 2, weights=weights)
        assert got == pytest.approx(twice, abs=1e-12)


@quick
@given(whole, st.permutations(range(K)), st.randoms())
def test_names_of_classes_and_order_of_cases_do_not_matter(pairs, names, random):
    true, called = zip(*pairs, strict=True)
    shuffled = random.sample(pairs, len(pairs))
    other_true, other = zip(*[(names[t], names[c]) for t, c in shuffled], strict=True)
    kept = [cohen_kappa_score, balanced_accuracy_score]
    kept += [lambda t, c: f1_score(t, c, average="macro")]
    for function in kept:
        assert function(true, called) == pytest.approx(function(other_true, other), abs=1e-12)
    for dtype in (torch.uint8, torch.float32):
        again = confusion_matrix(torch.tensor(true, dtype=dtype), np.array(called))
        assert torch.equal(again, confusion_matrix(true, called))


@quick
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
def test_two_classes_are_the_binary_table(pairs):
    true, called = zip(*pairs, (False, False), (True, True), strict=True)
    cells = BinaryConfusion.from_labels(true, called)
    assert confusion_matrix(true, called).tolist() == [[cells.tn, cells.fp], [cells.fn, cells.tp]]
    assert recall_score(true, called, average=None).tolist() == [cells.tnr, cells.tpr]
    assert precision_score(true, called, average=None).tolist() == [cells.npv, cells.ppv]
    assert f1_score(true, called, average=None)[1] == pytest.approx(cells.f1)
    assert balanced_accuracy_score(true, called) == pytest.approx(cells.balanced_accuracy)


def test_kappa_by_its_formula():
    """Two readers on 50 films: they agree on 35, and by chance on 25."""
    true, called = [0] * 25 + [1] * 25, [0] * 20 + [1] * 5 + [0] * 10 + [1] * 15
    assert cohen_kappa_score(true, called) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    a, b = [0, 1, 2, 3, 3], [0, 2, 2, 1, 3]
    for power, weights in [(1, "linear"), (2, "quadratic")]:
        seen = sum(abs(x - y) ** power for x, y in zip(a, b, strict=True)) / 5
        chance = sum(abs(x - y) ** power for x in a for y in b) / 25
        assert cohen_kappa_score(a, b, weights=weights) == pytest.approx(1 - seen / chance)


def test_a_grade_that_nobody_gave_still_lies_between():
    """scikit-learn takes grades 0, 1, 3 for 0, 1, 2 unless it is told that there are four."""
    a, b = [0, 1, 3, 3, 0, 1], [0, 3, 3, 1, 1, 1]
    ours = cohen_kappa_score(a, b, weights="quadratic")
    told = sk.cohen_kappa_score(a, b, weights="quadratic", labels=[0, 1, 2, 3])
    assert ours == pytest.approx(told)
    assert abs(ours - sk.cohen_kappa_score(a, b, weights="quadratic")) > 0.01


def test_a_class_without_cases_is_not_left_out():
    true, called = [0, 0, 1, 1], [0, 0, 1, 2]
    with pytest.warns(UserWarning, match="not in y_true"):
        assert sk.balanced_accuracy_score(true, called) == 0.75
    for function in (balanced_accuracy_score, lambda t, c: recall_score(t, c, average="macro")):
        with pytest.warns(UndefinedMetricWarning, match="undefined: there is no case of class 2"):
            assert math.isnan(function(true, called))
    assert recall_score(true, called, average="weighted") == 0.75
    with pytest.warns(UndefinedMetricWarning, match="nothing is called class 2, 4"):
        precision = precision_score([0, 1, 2, 3], [0, 1, 3, 3], average=None, num_classes=5)
    assert precision[[0, 1, 3]].tolist() == [1, 1, 0.5]
    assert precision[[2, 4]].isnan().all()


def test_one_case_and_one_class():
    assert confusion_matrix([0], [0]).tolist() == [[1]]
    assert confusion_matrix([0], [2]).shape == (3, 3)
    assert balanced_accuracy_score([0, 0], [0, 0]) == 1
    with pytest.warns(UndefinedMetricWarning, match="cohen_kappa is undefined: both"):
        assert math.isnan(cohen_kappa_score([1, 1], [1, 1]))
    assert cohen_kappa_score([1, 1], [0, 0]) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: confusion_matrix([0, -1], [0, 1]), "`y_true` must hold class numbers 0 to K - 1"),
        (lambda: confusion_matrix([0, 1], [0, 0.5]), "`y_pred` must hold class .*, got 0.5"),
        (lambda: confusion_matrix([0, 3], [0, 1], num_classes=3), "numbers 0 to 2, got 3"),
        (lambda: confusion_matrix([0, 1], [0, 1], num_classes=0), "`num_classes` must be at least"),
        (lambda: confusion_matrix([0, 1], [[0, 1]]), "`y_pred` must have shape"),
        (lambda: confusion_matrix([0, 1], [0]), "`y_pred` must be as long as `y_true`, 2, got 1"),
        (lambda: confusion_matrix([], []), "`y_true` must not be empty"),
        (lambda: confusion_matrix([math.nan], [0]), "`y_true` must be finite"),
        (lambda: confusion_matrix(["a"], [0]), "`y_true` must be numbers"),
        (lambda: f1_score([0], [0], average="binary"), "`average` must be 'micro' or 'macro'"),
        (lambda: cohen_kappa_score([0], [0], weights="cubic"), "`weights` must be None or 'lin"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
