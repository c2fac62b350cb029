"""CheXNet's method: network, training, and the table that it is judged by.

N films, K findings, C channels, H rows, W columns.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from course_lib.losses import BalancedLoss, multilabel_loss
from course_lib.metrics import bootstrap_interval, roc_auc_score
from course_lib.models import densenet121
from course_lib.models.densenet import DenseNet
from course_lib.models.pretrained import load_pretrained
from course_lib.training import History, train


def chexnet(
    num_classes: int = 14, *, in_channels: int = 3, weights: Any = None, progress: bool = True
) -> DenseNet:
    """Return DenseNet-121 with one logit for each finding, as CheXNet is.

    `(N, C, 224, 224) -> (N, K)`

    >>> sum(p.numel() for p in chexnet(14).parameters())
    6968206

    Args:
        num_classes: K, 14, or 1 for pneumonia alone.
        in_channels: C; 1 takes gray films without repeating them.
        weights: What to begin with, as for `models.load_pretrained`: the paper's choice is
            `torchvision.models.DenseNet121_Weights.IMAGENET1K_V1`. None begins from chance.
        progress: Of a download of weights.

    Raises:
        ValueError: If a number is below 1, or the weights do not fit.
    """
    model = densenet121(num_classes, in_channels=in_channels)
    if weights is not None:
        load_pretrained(model, weights, progress=progress)
    return model


def small_chexnet(
    num_classes: int = 14,
    *,
    in_channels: int = 1,
    blocks: Sequence[int] = (2, 6),
    stem: int = 24,
) -> DenseNet:
    """Return a DenseNet-BC for films of 64 x 64 that learns in half a minute on a CPU.

    `(N, C, H, W) -> (N, K)`, H and W at least 8, and 16 with three blocks.

    >>> sum(p.numel() for p in small_chexnet(14).parameters())
    65462

    Args:
        num_classes: K.
        in_channels: C.
        blocks: Layers in each dense block. Two blocks end in maps of 8 x 8, three in 4 x 4.
        stem: Maps of the first convolution.

    Built as CheXNet is, so that class activation maps are as exact: dense blocks, global average
    pooling, one linear layer.
    """
    return DenseNet(num_classes, in_channels=in_channels, growth_rate=12, blocks=blocks, stem=stem)


def train_chexnet(
    model: nn.Module,
    train_set: Any,
    valid_set: Any,
    *,
    epochs: int,
    batch_size: int = 16,
    learning_rate: float = 1e-3,
    balanced: Tensor | None = None,
    folder: str | Path | None = None,
    **settings: Any,
) -> History:
    """Train as the paper does: Adam, the learning rate divided by 10 when the loss stops falling.

    Args:
        model: Gives logits (N, K).
        train_set: Pairs of an image (C, H, W), standardized, and its labels (K,); a data set, or a
            pair of tensors. So is `valid_set`, of other patients, which chooses the best epoch.
        valid_set: See `train_set`.
        epochs: How often each film is seen, at most.
        batch_size: Films a step on each process.
        learning_rate: Of Adam, in the beginning.
        balanced: Labels (N, K) of the training set for `BalancedLoss`, the paper's loss for
            pneumonia alone; None is the sum of unweighted entropies, its loss for fourteen.
        folder: Where checkpoints go.
        **settings: What else `training.train` takes.

    Returns:
        The history, with the mean AUROC of the validation films as `auroc`.

    Raises:
        ValueError: As `training.train` does.

    Source: CheXNet, sections 2.1, 2.2 and 5.
    """
    settings.setdefault("optimizer", lambda weights: torch.optim.Adam(weights, lr=learning_rate))
    loss = multilabel_loss if balanced is None else BalancedLoss(balanced)
    return train(
        model, train_set, valid_set, loss=loss, epochs=epochs, batch_size=batch_size,
        metrics={"auroc": mean_auroc}, folder=folder, **settings,
    )  # fmt: skip


def mean_auroc(labels: Tensor, scores: Tensor) -> float:
    """Return the mean AUROC of those findings that some films have and some do not.

    `(N, K), (N, K) -> float`, nan without such a finding.

    >>> labels = torch.tensor([[0.0, 1], [1, 1]])
    >>> mean_auroc(labels, torch.tensor([[0.1, 0.5], [0.4, 0.2]]))
    1.0
    """
    share = labels.float().mean(dim=0)
    both = (share > 0) & (share < 1)
    if not both.any():
        return float("nan")
    found: Any = roc_auc_score(labels[:, both], scores[:, both], average="macro")
    return float(found)


class Auroc(NamedTuple):
    """A finding's AUROC with its interval, and how many films have it."""

    finding: str
    positives: int
    auroc: float
    low: float
    high: float


def auroc_table(
    labels: Tensor,
    scores: Tensor,
    patients: Any,
    findings: Sequence[str],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> list[Auroc]:
    """Return for each finding its AUROC, with a bootstrap interval that draws patients.

    >>> labels = torch.tensor([[0.0], [1], [0], [1], [0], [1]])
    >>> rows = auroc_table(labels, labels + torch.rand(6, 1), [1, 1, 2, 2, 3, 3], ["Mass"])
    >>> rows[0].finding, rows[0].positives, rows[0].auroc
    ('Mass', 3, 1.0)

    Args:
        labels: (N, K) 0 or 1.
        scores: (N, K), higher for more likely.
        patients: (N,) whose film it is. Films of one patient are no independent witnesses.
        findings: The K names.
        resamples: Draws of the bootstrap.
        seed: Of the draws.

    Returns:
        A row for each finding; nan where a finding is on no film, or on all. Ends are nan, too,
        where all draws agree, as for an AUROC of 1.

    Raises:
        ValueError: If shapes or names don't match.
    """
    if labels.dim() != 2 or labels.shape != scores.shape or labels.shape[1] != len(findings):
        raise ValueError(
            f"`labels` and `scores` must be (N, {len(findings)}), a column for each of `findings`, "
            f"got {tuple(labels.shape)} and {tuple(scores.shape)}"
        )
    import warnings

    from course_lib.metrics import UndefinedMetricWarning

    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # nan says it
        for k, name in enumerate(findings):
            interval = bootstrap_interval(
                "roc_auc_score", labels[:, k], scores[:, k], generator=seed, groups=patients,
                resamples=resamples,
            )  # fmt: skip
            rows.append(Auroc(name, int(labels[:, k].sum()), *interval))
    return rows
