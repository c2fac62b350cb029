"""Where each score stands among those of the other class: what AUC, DeLong and bootstrap count."""

import torch
from torch import Tensor


def _below(ordered: Tensor, values: Tensor) -> Tensor:
    """Count those of `ordered` (M,) below each value (N,), and half of those that equal it."""
    left = torch.searchsorted(ordered, values)
    right = torch.searchsorted(ordered, values, right=True)
    return (left + right).double() / 2


def placements(labels: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each positive the negatives below it, for each negative the positives above it.

    Ties count one half. These are differences of midranks: among all less among one's own (Sun
    and Xu 2014). Sums of halves are exact in float64, to 2**53. O(N log N).

    Args:
        labels: Bools, (N,), P of them true.
        scores: Numbers, (N,).

    Returns:
        Float64 (P,) and (N - P,), each in the order of `labels`. Both have the same sum, the
        numerator of the AUC.

    >>> placements(torch.tensor([True, False, True]), torch.tensor([0.9, 0.4, 0.4]))
    (tensor([1.0000, 0.5000], dtype=torch.float64), tensor([1.5000], dtype=torch.float64))
    """
    positive, negative = scores[labels], scores[~labels]
    below = _below(negative.sort().values, positive)
    above = len(positive) - _below(positive.sort().values, negative)
    return below, above
