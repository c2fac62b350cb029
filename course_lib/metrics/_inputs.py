"""What every metric does first: labels and scores become tensors, or are refused.

Letters: N patients or images, L labels, K classes. Whatever comes stays on its device and is
counted in float64 there.
"""

import operator
import reprlib
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

Values = Tensor | Sequence[Any] | Any  # a tensor, an array, a list, a pandas column


class UndefinedMetricWarning(UserWarning):
    """A metric is nan, because it would divide by a count of zero."""


def undefined(metric: str, because: str, *, stacklevel: int = 3) -> float:
    """Warn that `metric` is undefined, and return nan; the caller of our caller's line is shown.

    >>> with warnings.catch_warnings(action="ignore"):
    ...     undefined("sensitivity", "there is no positive")
    nan
    """
    warnings.warn(
        f"{metric} is undefined: {because}", UndefinedMetricWarning, stacklevel=stacklevel
    )
    return float("nan")


def as_tensor(name: str, values: Values) -> Tensor:
    """Return what `values` holds as a tensor, on its device; numbers and bools only."""
    if isinstance(values, Tensor):
        found = values
    else:
        import numpy as np

        try:  # by way of NumPy: torch would take the floats of a list for float32
            found = torch.from_numpy(np.array(values))
        except (TypeError, ValueError):
            kind = type(values).__name__
            raise ValueError(f"`{name}` must be numbers, got {kind}") from None
    if found.is_complex():
        raise ValueError(f"`{name}` must be real numbers, got {found.dtype}")
    return found.detach()


def _shapes(dimensions: tuple[int, ...]) -> str:
    return " or ".join({1: "(N,)", 2: "(N, L)"}[n] for n in dimensions)


def _shape(values: Tensor) -> str:
    return f"({', '.join(map(str, values.shape))}{',' if values.ndim == 1 else ''})"


def numbers(name: str, values: Values, *, dimensions: tuple[int, ...] = (1,)) -> Tensor:
    """Return finite float64 numbers of shape (N,), or of as many dimensions as are allowed.

    >>> numbers("y_score", [0.2, 1]).tolist()
    [0.2, 1.0]
    >>> numbers("y_score", [[0.2]])
    Traceback (most recent call last):
    ValueError: `y_score` must have shape (N,), got (1, 1)
    """
    found = as_tensor(name, values)
    if found.ndim not in dimensions:
        raise ValueError(f"`{name}` must have shape {_shapes(dimensions)}, got {_shape(found)}")
    found = found.to(torch.float64).contiguous()  # a column of a table is not
    if not bool(found.isfinite().all()):
        raise ValueError(f"`{name}` must be finite, got nan or inf")
    return found


def binary_labels(name: str, values: Values, *, dimensions: tuple[int, ...] = (1,)) -> Tensor:
    """Return labels 0 and 1 as bools; nothing else is taken for a label.

    >>> binary_labels("y_true", [0, 1.0, True]).tolist()
    [False, True, True]
    >>> binary_labels("y_true", [0, 1, 2])
    Traceback (most recent call last):
    ValueError: `y_true` must hold 0 and 1 only, got 2
    """
    found = as_tensor(name, values)
    if found.ndim not in dimensions:
        raise ValueError(f"`{name}` must have shape {_shapes(dimensions)}, got {_shape(found)}")
    if found.dtype == torch.bool:
        return found
    wrong = (found != 0) & (found != 1)
    if bool(wrong.any()):
        raise ValueError(f"`{name}` must hold 0 and 1 only, got {found[wrong][0].item():g}")
    return found != 0


def same_length(**values: Tensor) -> None:
    """Refuse tensors that are of different lengths, or empty.

    >>> same_length(y_true=torch.zeros(3), y_score=torch.zeros(2))
    Traceback (most recent call last):
    ValueError: `y_score` must be as long as `y_true`, 3, got 2
    """
    (first, reference), *rest = values.items()
    if len(reference) == 0:
        raise ValueError(f"`{first}` must not be empty")
    for name, value in rest:
        if len(value) != len(reference):
            raise ValueError(
                f"`{name}` must be as long as `{first}`, {len(reference)}, got {len(value)}"
            )


def labels_and_scores(y_true: Values, y_score: Values) -> tuple[Tensor, Tensor]:
    """Return bools (N,) and float64 scores (N,) on the device of `y_score`."""
    scores = numbers("y_score", y_score)
    labels = binary_labels("y_true", y_true).to(scores.device)
    same_length(y_true=labels, y_score=scores)
    return labels, scores


def count(name: str, value: object) -> int:
    """Return a whole number from 0 as an int of Python, which has no largest one.

    >>> count("tp", 2.0)
    Traceback (most recent call last):
    ValueError: `tp` must be an int, got 2.0
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        found = operator.index(value)  # type: ignore[arg-type]  # refuses what is no integer
    except TypeError:
        raise ValueError(f"`{name}` must be an int, got {reprlib.repr(value)}") from None
    if found < 0:
        raise ValueError(f"`{name}` must be at least 0, got {found}")
    return found


def number_between(low: float, high: float, name: str, value: object) -> float:
    """Return `value` as a float from `low` to `high`; nan is none.

    >>> number_between(0, 1, "prevalence", 2)
    Traceback (most recent call last):
    ValueError: `prevalence` must be a number from 0 to 1, got 2
    """
    try:
        number = float("nan") if isinstance(value, str) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):  # torch's word on a tensor of several numbers
        number = float("nan")
    if not low <= number <= high:
        expected = f"a number from {low:g} to {high:g}"
        raise ValueError(f"`{name}` must be {expected}, got {reprlib.repr(value)}")
    return number
