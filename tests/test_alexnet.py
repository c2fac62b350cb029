"""AlexNet: its twin in torchvision, the paper's counts, and its normalization."""

import pytest
import torch
import torchvision
from torch import nn

from course_lib.arithmetic import count_macs, count_parameters, receptive_field
from course_lib.models import alexnet
from parity import assert_twins

COUNTS = {  # parameters, size, MACs
    "paper": (60_965_224, 227, 724_406_816),
    "single_tower": (62_378_344, 227, 1_135_256_096),
    "torchvision": (61_100_840, 224, 714_188_480),
}


def slim(model):
    """Make the hidden layers small: what is compared is how the parts are joined."""
    old = model.classifier
    new = iter((nn.Linear(256 * 36, 32), nn.Linear(32, 16), nn.Linear(16, 3)))
    model.classifier = nn.Sequential(*[next(new) if isinstance(m, nn.Linear) else m for m in old])
    return model


def test_is_the_twin_of_torchvision():
    theirs = torchvision.models.alexnet(num_classes=3)
    ours = alexnet(3)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    assert_twins(slim(ours), slim(theirs), size=64)


@pytest.mark.parametrize("variant", COUNTS)
def test_counts(variant):
    parameters, size, macs = COUNTS[variant]
    with torch.device("meta"):
        model = alexnet(variant=variant)
        assert model.features(torch.zeros(1, 3, size, size)).shape == (1, 256, 6, 6)
    assert count_parameters(model) == parameters
    assert count_macs(model, size) == macs
    last = receptive_field(model.features, size)[-1]
    assert (last.receptive_field[0], last.jump[0]) == (195, 32)


def test_normalization_is_the_sum_of_the_paper():
    norm = next(
        m for m in alexnet(2, variant="paper").features if isinstance(m, nn.LocalResponseNorm)
    )
    maps = torch.rand(1, 9, 2, 2, generator=torch.Generator().manual_seed(0)) * 100
    for i in range(9):
        near = maps[0, max(0, i - 2) : min(9, i + 3)].square().sum(dim=0)
        wanted = maps[0, i] / (2 + 1e-4 * near) ** 0.75
        torch.testing.assert_close(norm(maps)[0, i], wanted)


def test_two_towers_meet_in_the_third_layer_only():
    """A change of one tower's first maps reaches only its own half until the third convolution."""
    convolutions = [m for m in alexnet(2, variant="paper").features if isinstance(m, nn.Conv2d)]
    assert [m.groups for m in convolutions] == [1, 2, 1, 2, 2]
    x = torch.rand(1, 96, 9, 9, generator=torch.Generator().manual_seed(1))
    changed = x.clone()
    changed[:, :48] += 1
    second, third = convolutions[1], convolutions[2]
    moved = (second(x) != second(changed)).any(dim=3).any(dim=2)[0]
    assert moved[:128].all()
    assert not moved[128:].any()
    assert (third(second(x)) != third(second(changed))).any(dim=3).any(dim=2).all()


def test_weights_start_as_in_the_paper():
    model = alexnet(2, variant="single_tower")
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert [int(m.bias.unique().item()) for m in layers] == [0, 1, 0, 1, 1, 1, 1, 0]
    assert layers[2].weight.std().item() == pytest.approx(0.01, rel=0.01)


def test_refuses():
    with pytest.raises(ValueError, match="`variant` must be 'paper' or 'single_tower' or 'torch"):
        alexnet(variant="caffe")
    with pytest.raises(ValueError, match="`dropout` must be from 0 to below 1, got 1"):
        alexnet(dropout=1)
