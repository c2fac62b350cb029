"""Cross entropy of findings that are each there or not: CheXNet's two losses.

N films, K findings. Logits in, so that large ones neither overflow nor lose digits.
"""

import torch.nn.functional as F
from torch import Tensor, nn


def multilabel_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the binary cross entropy summed over the findings, mean over the films.

    `(N, K), (N, K) -> ()`

    >>> import torch
    >>> multilabel_loss(torch.zeros(5, 14), torch.ones(5, 14)).item() / 14  # ln 2
    0.6931...

    Args:
        logits: One a finding; a sigmoid makes probabilities of them.
        labels: 0 or 1, of a floating type.

    Raises:
        ValueError: If the shapes differ, or are not (N, K).

    Source: Rajpurkar et al. (2017), CheXNet, section 5: all findings count the same.
    """
    if logits.dim() != 2 or logits.shape != labels.shape:
        raise ValueError(
            f"`labels` must have the shape (N, K) of `logits` {tuple(logits.shape)}, got "
            f"{tuple(labels.shape)}"
        )
    entropy = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return entropy.sum(dim=1).mean()


class BalancedLoss(nn.Module):
    """Binary cross entropy in which the rare answer weighs as much as the frequent one.

    A positive film weighs |N| / (|P| + |N|), a negative one |P| / (|P| + |N|), counted once on the
    training labels. So all positives together weigh as much as all negatives.

    >>> import torch
    >>> loss = BalancedLoss(torch.tensor([[1.0], [0.0], [0.0], [0.0]]))
    >>> loss.positive.item(), loss.negative.item()
    (0.75, 0.25)

    Args:
        labels: Of the training set, 0 or 1: (N, K).

    Raises:
        ValueError: If they are not, or a finding has no positive or no negative film.

    Source: Rajpurkar et al. (2017), CheXNet, section 2.1.
    """

    positive: Tensor
    negative: Tensor

    def __init__(self, labels: Tensor) -> None:
        """Count the labels."""
        super().__init__()
        if labels.dim() != 2 or not ((labels == 0) | (labels == 1)).all():
            raise ValueError(f"`labels` must be 0 or 1, (N, K), got {tuple(labels.shape)}")
        share = labels.double().mean(dim=0)
        lacking = ((share == 0) | (share == 1)).nonzero().flatten().tolist()
        if lacking or not len(labels):
            raise ValueError(
                f"`labels` must have films with and without each finding, got one kind in {lacking}"
            )
        self.register_buffer("positive", (1 - share).float())
        self.register_buffer("negative", share.float())

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the weighted loss summed over the findings, mean over the films: `()`."""
        if logits.dim() != 2 or logits.shape != labels.shape:
            raise ValueError(
                f"`labels` must have the shape (N, K) of `logits` {tuple(logits.shape)}, got "
                f"{tuple(labels.shape)}"
            )
        weights = labels * self.positive + (1 - labels) * self.negative
        entropy = F.binary_cross_entropy_with_logits(logits, labels, weights, reduction="none")
        return entropy.sum(dim=1).mean()
