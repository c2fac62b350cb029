"""Metrics of a resample from how often each row is in it: nothing is sorted anew.

N rows, E of them events, b resamples at a time. What is counted are pairs, each as often as the
counts of its two rows, multiplied: whole and half numbers, exact in float64 to 2**53. So a row
drawn twice pairs with others twice, and its copies with each other as the metric has it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from course_lib.metrics._inputs import Values, labels_and_scores, numbers, same_length
from course_lib.metrics.roc import roc_auc_score
from course_lib.metrics.survival import concordance_index, times_and_events

Metric = Callable[..., Any] | Literal["roc_auc_score", "concordance_index"]
Counted = Callable[[Tensor], Tensor]  # counts of rows (b, N) -> metrics (b,), float64

PAIRS = 2**23  # of an event and a patient, at most, in the tables: 64 MiB
BLOCK = 128  # events of one table


def auc_of_counts(y_true: Values, y_score: Values) -> Counted:
    """Return the AUC as a function of how often each row is there; O(b N), sorted once.

    >>> auc_of_counts([0, 1, 0], [1, 2, 3])(torch.tensor([[1, 1, 1], [3, 1, 1]])).tolist()
    [0.5, 0.75]
    """
    labels, scores = labels_and_scores(y_true, y_score)
    labels, scores = labels.cpu(), scores.cpu()
    positive, negative = (found.nonzero()[:, 0] for found in (labels, ~labels))
    ordered, order = scores[negative].sort()
    negative = negative[order]
    left = torch.searchsorted(ordered, scores[positive])
    right = torch.searchsorted(ordered, scores[positive], right=True)
    tied = not torch.equal(left, right)

    def auc(counts: Tensor) -> Tensor:
        p = counts.index_select(1, positive).double()
        upto = torch.zeros(len(counts), len(negative) + 1, dtype=torch.float64)
        upto[:, 1:] = counts.index_select(1, negative).cumsum(1, dtype=torch.float64)
        below = upto.index_select(1, left)
        if tied:
            below = (below + upto.index_select(1, right)) / 2
        return (p * below).sum(1) / (p.sum(1) * upto[:, -1])  # 0 / 0 is nan, as it should be

    return auc


def concordance_of_counts(time: Values, event: Values, risk: Values) -> Counted | None:
    """Return Harrell's C as a function of how often each row is there; None above `PAIRS`.

    A table says what each pair of a patient and an event adds: 1, 1/2 or 0. It is made once;
    counts @ table is then a matrix product for all b resamples, O(b N E). Copies of one row are no
    pair: two events of the same time, or two that are censored.

    >>> c = concordance_of_counts([1, 2, 3], [1, 1, 0], [2, 3, 1])
    >>> c(torch.tensor([[1, 1, 1], [2, 0, 3], [2, 2, 0], [3, 0, 0]])).tolist()
    [0.6666666666666666, 1.0, 0.0, nan]
    """
    times, events = times_and_events(time, event)
    risks = numbers("risk", risk)
    same_length(time=times, risk=risks)
    times, events, risks = times.cpu(), events.cpu(), risks.cpu()
    if len(times) * int(events.sum()) > PAIRS:
        return None
    # Later means a higher key; at equal times, censored after event. Rows are sorted by it.
    number = torch.searchsorted(times.sort().values, times)
    key, order = (2 * number + (~events).long()).sort()
    risks, happened = risks[order], events[order].nonzero()[:, 0]
    after = torch.searchsorted(key, key[happened], right=True)  # the first row that is later
    blocks = []  # a block's events pair with none of the rows before its first one: half the work
    for start in range(0, len(happened), BLOCK):
        own, begin = happened[start : start + BLOCK], after[start : start + BLOCK]
        first = int(begin[0])
        others = risks[first:, None]
        table = (others < risks[own]).double()
        table += (others == risks[own]).double() / 2
        table *= torch.arange(first, len(key))[:, None] >= begin
        blocks.append((first, own, table))

    def concordance(counts: Tensor) -> Tensor:
        drawn = counts.index_select(1, order).double()  # float64, as no setting rounds its products
        below = drawn.cumsum(1)
        later = below[:, -1:] - below.index_select(1, after - 1)
        comparable = (drawn.index_select(1, happened) * later).sum(1)
        concordant = torch.zeros_like(comparable)
        for first, own, table in blocks:
            concordant += (drawn.index_select(1, own) * (drawn[:, first:] @ table)).sum(1)
        return concordant / comparable

    return concordance


class _Path(NamedTuple):
    metric: Callable[..., Any]
    arguments: tuple[str, ...]
    of_counts: Callable[..., Counted | None]


PATHS = {
    "roc_auc_score": _Path(roc_auc_score, ("y_true", "y_score"), auc_of_counts),
    "concordance_index": _Path(concordance_index, ("time", "event", "risk"), concordance_of_counts),
}


def function_and_path(
    metric: Metric, arrays: Sequence[Values]
) -> tuple[Callable[..., Any], Counted | None]:
    """Return the metric as a function, and its fast path if it has one for these arrays."""
    import numpy as np

    if isinstance(metric, str):
        if metric not in PATHS:
            names = " or ".join(f'"{name}"' for name in PATHS)
            raise ValueError(f"`metric` must be a function, {names}, got {metric!r}")
        path = PATHS[metric]
        if len(arrays) != len(path.arguments):
            wanted = ", ".join(path.arguments[:-1]) + " and " + path.arguments[-1]
            raise ValueError(f"`arrays` must be {wanted}, got {len(arrays)}")
        return path.metric, path.of_counts(*arrays)
    name, home = getattr(metric, "__name__", ""), getattr(metric, "__module__", None) or ""
    if name in PATHS and home.startswith("course_lib.metrics."):
        path = PATHS[name]
        if [np.ndim(a) for a in arrays] == [1] * len(path.arguments):
            return metric, path.of_counts(*arrays)
    return metric, None
