"""CheXNet's two losses, against torch's own with weights and against the formulas."""

import math

import pytest
import torch
import torch.nn.functional as F

from course_lib.losses import BalancedLoss, multilabel_loss

LABELS = torch.tensor([[1.0, 0], [0, 0], [0, 1], [0, 0], [0, 1]])
LOGITS = torch.tensor([[0.3, -1], [2, 0.5], [-40, 3], [90, -2], [0, 0]])


def test_the_sum_over_findings_is_not_their_mean():
    found = multilabel_loss(LOGITS, LABELS)
    torch.testing.assert_close(found, 2 * F.binary_cross_entropy_with_logits(LOGITS, LABELS))
    terms = 0.0
    for x, y in zip(LOGITS.double().flatten().tolist(), LABELS.flatten().tolist(), strict=True):
        p = 1 / (1 + math.exp(-x))
        terms += -math.log(p) if y else max(x, 0) + math.log1p(math.exp(-abs(x)))
    assert found.item() == pytest.approx(terms / 5, rel=1e-6)


def test_weights_are_the_papers():
    loss = BalancedLoss(LABELS)
    assert loss.positive.tolist() == pytest.approx([4 / 5, 3 / 5])  # |N| / (|P| + |N|)
    assert loss.negative.tolist() == pytest.approx([1 / 5, 2 / 5])  # |P| / (|P| + |N|)
    ratio = loss.positive / loss.negative
    theirs = F.binary_cross_entropy_with_logits(
        LOGITS, LABELS, weight=loss.negative, pos_weight=ratio, reduction="sum"
    )
    torch.testing.assert_close(loss(LOGITS, LABELS), theirs / 5)


def test_both_kinds_weigh_the_same_in_all():
    loss = BalancedLoss(LABELS)
    weights = LABELS * loss.positive + (1 - LABELS) * loss.negative
    torch.testing.assert_close((weights * LABELS).sum(0), (weights * (1 - LABELS)).sum(0))


@pytest.mark.parametrize("loss", [multilabel_loss, BalancedLoss(LABELS)])
def test_finite_with_the_right_gradient_far_out(loss):
    logits = torch.tensor([[1e4, -1e4]], requires_grad=True)
    value = loss(logits, torch.tensor([[0.0, 1.0]]))
    value.backward()
    assert value.isfinite()
    assert logits.grad.isfinite().all()
    assert logits.grad[0, 0] > 0 > logits.grad[0, 1]


@pytest.mark.parametrize("loss", [multilabel_loss, BalancedLoss(LABELS)])
@pytest.mark.parametrize("shape", [(5,), (5, 1), (4, 2)])
def test_refuses_shapes(loss, shape):
    with pytest.raises(ValueError, match="`labels` must have the shape"):
        loss(LOGITS, torch.zeros(shape))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (torch.zeros(3, 1), r"got one kind in \[0\]"),
        (torch.tensor([[0.0, 1], [1, 1]]), r"got one kind in \[1\]"),
        (torch.full((3, 1), 0.5), "0 or 1"),
        (torch.zeros(3), "0 or 1"),
    ],
)
def test_refuses_labels(labels, words):
    with pytest.raises(ValueError, match=words):
        BalancedLoss(labels)
