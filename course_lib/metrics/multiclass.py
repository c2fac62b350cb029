"""When there are more than two answers: the matrix of K classes and what is averaged from it.

Classes are the numbers 0 to K - 1. A class that nobody has, or that is never predicted, is counted
as a class all the same: what is undefined for it is nan, and so is a plain mean over the classes.
"""

from typing import Literal, overload

import torch
from torch import Tensor

from course_lib._checks import one_of, whole_number
from course_lib.metrics._inputs import Values, numbers, same_length, undefined

Average = Literal["micro", "macro", "weighted"]


def _classes(name: str, values: Values, num_classes: int | None) -> Tensor:
    found = numbers(name, values)
    wrong = (found != found.round()) | (found < 0)
    if num_classes is not None:
        wrong |= found >= num_classes
    if bool(wrong.any()):
        last = "K - 1" if num_classes is None else num_classes - 1
        got = f"{found[wrong][0].item():g}"
        raise ValueError(f"`{name}` must hold class numbers 0 to {last}, got {got}")
    return found.to(torch.int64)


def confusion_matrix(y_true: Values, y_pred: Values, *, num_classes: int | None = None) -> Tensor:
    """Count how often class i was called class j. O(N + K^2), on the device of `y_pred`.

    >>> confusion_matrix([0, 1, 2, 2], [0, 2, 2, 1]).tolist()
    [[1, 0, 0], [0, 0, 1], [0, 1, 1]]

    Args:
        y_true: Class numbers from 0, of shape (N,).
        y_pred: Class numbers from 0, of shape (N,).
        num_classes: K. Without it, one more than the largest number in either; say it where the
            last class may be missing, as in a small sample.

    Returns:
        Counts of shape (K, K), int64. Row i: truth. Column j: prediction. With two classes, rows
        and columns are negative, positive.

    Raises:
        ValueError: No whole numbers from 0 to K - 1, another shape, no case at all.
    """
    k = None if num_classes is None else whole_number("num_classes", num_classes)
    called = _classes("y_pred", y_pred, k)
    true = _classes("y_true", y_true, k).to(called.device)
    same_length(y_true=true, y_pred=called)
    if k is None:
        k = 1 + int(torch.maximum(true, called).max())
    return torch.bincount(true * k + called, minlength=k * k).reshape(k, k)


def _mean(
    metric: str, above: Tensor, below: Tensor, cases: Tensor, average: Average | None, why: str
) -> float | Tensor:
    """Return above / below of each class, or their mean; `cases` is how many each class has."""
    one_of("average", average, ("micro", "macro", "weighted", None))
    if average == "micro":
        return int(above.sum()) / int(below.sum())  # is never 0: there is a case
    missing = below == 0
    if average == "weighted":
        missing = missing & (cases > 0)  # nobody's value has no weight
    if bool(missing.any()):
        which = ", ".join(map(str, missing.nonzero().flatten().tolist()))
        nan = undefined(metric, f"{why} {which}", stacklevel=4)
        if average is not None:
            return nan
    rates = above.to(torch.float64) / below
    if average is None:
        return rates
    if average == "macro":
        return float(rates.mean())
    has = cases > 0
    return float((rates[has] * cases[has]).sum() / cases.sum())


@overload
def precision_score(
    y_true: Values, y_pred: Values, *, average: Average, num_classes: int | None = None
) -> float: ...
@overload
def precision_score(
    y_true: Values, y_pred: Values, *, average: None, num_classes: int | None = None
) -> Tensor: ...
def precision_score(
    y_true: Values, y_pred: Values, *, average: Average | None, num_classes: int | None = None
) -> float | Tensor:
    """Share of those called class k that are of class k. O(N + K^2).

    >>> precision_score([0, 1, 2, 2], [0, 1, 1, 2], average=None).tolist()
    [1.0, 0.5, 1.0]
    >>> precision_score([0, 1, 2, 2], [0, 1, 1, 2], average="weighted")
    0.875

    Args:
        y_true: Class numbers from 0, of shape (N,).
        y_pred: Class numbers from 0, of shape (N,).
        average: None gives each class its own value; "macro" is their plain mean, "weighted" that
            by how many cases each class has; "micro" counts all classes together, which is the
            accuracy where each case has one class.
        num_classes: K, as in `confusion_matrix`.

    Returns:
        A float, or a float64 tensor (K,). A class that is never predicted has no precision: its
        value is nan, and a mean that needs it, with `UndefinedMetricWarning`.

    Raises:
        ValueError: Bad classes, shapes or `average`, no case at all.
    """
    m = confusion_matrix(y_true, y_pred, num_classes=num_classes)
    cases, hits, called = m.sum(1), m.diagonal(), m.sum(0)
    return _mean("precision", hits, called, cases, average, "nothing is called class")


@overload
def recall_score(
    y_true: Values, y_pred: Values, *, average: Average, num_classes: int | None = None
) -> float: ...
@overload
def recall_score(
    y_true: Values, y_pred: Values, *, average: None, num_classes: int | None = None
) -> Tensor: ...
def recall_score(
    y_true: Values, y_pred: Values, *, average: Average | None, num_classes: int | None = None
) -> float | Tensor:
    """Share of class k that is called class k. Arguments as in `precision_score`. O(N + K^2).

    A class without a case has no recall. "weighted" is the accuracy, as "micro" is.

    >>> recall_score([0, 1, 2, 2], [0, 1, 1, 2], average=None).tolist()
    [1.0, 1.0, 0.5]
    """
    m = confusion_matrix(y_true, y_pred, num_classes=num_classes)
    cases = m.sum(1)
    return _mean("recall", m.diagonal(), cases, cases, average, "there is no case of class")


@overload
def f1_score(
    y_true: Values, y_pred: Values, *, average: Average, num_classes: int | None = None
) -> float: ...
@overload
def f1_score(
    y_true: Values, y_pred: Values, *, average: None, num_classes: int | None = None
) -> Tensor: ...
def f1_score(
    y_true: Values, y_pred: Values, *, average: Average | None, num_classes: int | None = None
) -> float | Tensor:
    """Harmonic mean of precision and recall. Arguments as in `precision_score`. O(N + K^2).

    2 TP / (2 TP + FP + FN), so it is 0 for a class that is there and never predicted, and undefined
    only for one that is in neither. "macro" is the mean of the classes' F1, not the F1 of means.

    >>> f1_score([0, 1, 2, 2], [0, 1, 1, 2], average="micro")
    0.75
    """
    m = confusion_matrix(y_true, y_pred, num_classes=num_classes)
    cases = m.sum(1)
    why = "there is no case or prediction of class"
    return _mean("f1", 2 * m.diagonal(), cases + m.sum(0), cases, average, why)


def balanced_accuracy_score(
    y_true: Values, y_pred: Values, *, num_classes: int | None = None
) -> float:
    """Mean over the classes of the share that is called right: macro recall. O(N + K^2).

    nan with `UndefinedMetricWarning` if a class has no case. scikit-learn leaves that class out,
    and so averages over fewer classes than there are.

    >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])
    0.5

    Raises:
        ValueError: Bad classes or shapes, no case at all.
    """
    m = confusion_matrix(y_true, y_pred, num_classes=num_classes)
    cases = m.sum(1)
    why = "there is no case of class"
    return float(_mean("balanced_accuracy", m.diagonal(), cases, cases, "macro", why))


def cohen_kappa_score(
    y_true: Values, y_pred: Values, *, weights: Literal["linear", "quadratic"] | None = None
) -> float:
    """Agreement of two readers beyond chance: 1 - observed / expected disagreement. O(N + K^2).

    >>> cohen_kappa_score([0, 0, 1, 1], [0, 0, 1, 0])
    0.5

    Args:
        y_true: Class numbers from 0, of shape (N,): one reader.
        y_pred: Class numbers from 0, of shape (N,): the other; the two may change places.
        weights: How much it counts that i was called j: None 1 for any i other than j, "linear"
            |i - j|, "quadratic" (i - j)^2. A grade that nobody gave still lies between its
            neighbors; scikit-learn closes such gaps unless it is told all `labels`.

    Returns:
        At most 1; 0 for chance. nan with `UndefinedMetricWarning` if both always say one class.

    Raises:
        ValueError: Bad classes, shapes or `weights`, no case at all.

    Source: J. Cohen, Educ. Psychol. Meas. 20 (1960) 37; Psychol. Bull. 70 (1968) 213 (weights).
    """
    one_of("weights", weights, (None, "linear", "quadratic"))
    seen = confusion_matrix(y_true, y_pred).to(torch.float64)
    grade = torch.arange(len(seen), dtype=torch.float64, device=seen.device)
    apart = (grade[:, None] - grade).abs()
    cost = {None: apart.sign(), "linear": apart, "quadratic": apart**2}[weights]
    expected = float((cost * torch.outer(seen.sum(1), seen.sum(0))).sum())
    if expected == 0:
        return undefined("cohen_kappa", "both readers always say the same one class")
    return 1 - float(seen.sum() * (cost * seen).sum()) / expected
