"""What the curves and the areas under them share: sorted scores, counts at thresholds, averages.

Letters: N patients or images, L labels. Inside, a label is a row: (L, N), so that one call sorts
all of them.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from course_lib.metrics._inputs import Values, binary_labels, numbers, same_length

Average = Literal["macro", "weighted", "micro"] | None


class Counts(NamedTuple):
    """How many positives and negatives score at least each threshold, highest threshold first."""

    thresholds: Tensor
    tp: Tensor
    fp: Tensor


class Split(NamedTuple):
    """Ascending scores of each label's positives and negatives; rows are filled up with inf."""

    positives: Tensor  # (L, most positives)
    negatives: Tensor  # (L, most negatives)
    n_positives: Tensor  # (L,)
    n_negatives: Tensor  # (L,)


def label_rows(y_true: Values, y_score: Values, average: Average) -> tuple[Tensor, Tensor, bool]:
    """Return bools (L, N), float64 scores (L, N), and whether one label came: (N,).

    With `average="micro"` each pair of patient and label counts as a patient of a single label.
    """
    if average not in (None, "macro", "weighted", "micro"):
        raise ValueError(f'`average` must be None, "macro", "weighted" or "micro", got {average!r}')
    scores = numbers("y_score", y_score, dimensions=(1, 2))
    labels = binary_labels("y_true", y_true, dimensions=(1, 2)).to(scores.device)
    if labels.ndim != scores.ndim or labels.shape[1:] != scores.shape[1:]:
        wanted, got = tuple(labels.shape), tuple(scores.shape)
        raise ValueError(f"`y_score` must have the shape of `y_true`, {wanted}, got {got}")
    same_length(y_true=labels, y_score=scores)
    if labels.numel() == 0:
        raise ValueError(f"`y_true` must have a label, got shape {tuple(labels.shape)}")
    if labels.ndim == 1:
        return labels[None], scores[None], True
    if average == "micro":
        return labels.reshape(1, -1), scores.reshape(1, -1), True
    return labels.T, scores.T, False


def _sort_rows(rows: Tensor) -> Tensor:
    """Sort each row. Values alone: NumPy's vector instructions beat `torch.sort` many times."""
    if rows.device.type == "cpu":
        rows = rows.contiguous()
        rows.numpy().sort(axis=1)  # in place, in the memory of the tensor
        return rows
    return rows.sort(dim=1).values


def split(labels: Tensor, scores: Tensor) -> Split:
    """Sort the positives and the negatives of each label (L, N) apart. O(L N log N).

    >>> split(torch.tensor([[False, True, False]]), torch.tensor([[3.0, 2, 1]])).negatives
    tensor([[1., 3.]])
    """
    n_positives = labels.sum(dim=1)
    n_negatives = labels.shape[1] - n_positives
    inf = float("inf")
    positives = _sort_rows(scores.masked_fill(~labels, inf))[:, : int(n_positives.max())]
    negatives = _sort_rows(scores.masked_fill(labels, inf))[:, : int(n_negatives.max())]
    return Split(positives.contiguous(), negatives.contiguous(), n_positives, n_negatives)


def cumulate(labels: Tensor, scores: Tensor) -> tuple[Counts, Tensor]:
    """Count from the highest score down in each row (L, N), and mark where a run of ties ends."""
    thresholds, order = scores.sort(dim=1, descending=True)
    tp = labels.gather(1, order).cumsum(dim=1)
    fp = torch.arange(1, scores.shape[1] + 1, device=scores.device) - tp
    ends = torch.ones_like(labels)
    ends[:, :-1] = thresholds[:, :-1] != thresholds[:, 1:]
    return Counts(thresholds, tp, fp), ends


def count_at_thresholds(labels: Tensor, scores: Tensor) -> Counts:
    """Count at each distinct score of one label (N,), the highest first. O(N log N).

    >>> counts = count_at_thresholds(torch.tensor([True, False, True]), torch.tensor([1.0, 2, 2]))
    >>> [each.tolist() for each in counts]
    [[2.0, 1.0], [1, 2], [1, 1]]
    """
    counts, ends = cumulate(labels[None], scores[None])
    return Counts(*(each[ends] for each in counts))


def averaged(per_label: Tensor, n_positives: Tensor, average: Average) -> float | Tensor:
    """Average the labels' values (L,); nan where a label that counts is nan."""
    if average == "macro":
        return per_label.mean().item()
    if average == "weighted":  # a label that nobody has weighs nothing
        weights = n_positives.double() / n_positives.sum()
        return torch.where(n_positives == 0, 0.0, per_label).mul(weights).sum().item()
    return per_label


def which(labels: Tensor) -> str:
    """Name the labels (L,) that are marked, for a warning."""
    found = labels.nonzero().flatten().tolist()
    shown = ", ".join(map(str, found[:10])) + (", ..." if len(found) > 10 else "")
    return f"label {shown}" if len(found) == 1 else f"labels {shown}"
