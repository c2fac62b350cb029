"""ResNet: its twins in torchvision, its counts, and the networks for small images."""

import pytest
import torch
import torchvision

from course_lib import models
from course_lib.arithmetic import count_macs, count_parameters, receptive_field
from parity import assert_twins

# Parameters; MACs at 224 of v1.5 and of v1 (for 18 and 34 the same).
COUNTS = {
    "resnet18": (11_689_512, 1_814_073_344, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256, 3_857_973_248),
    "resnet101": (44_549_160, 7_801_405_440, 7_570_194_432),
    "resnet152": (60_192_808, 11_513_626_624, 11_282_415_616),
}
CIFAR = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}


@pytest.mark.parametrize("name", COUNTS)
def test_is_the_twin_of_torchvision(name):
    theirs = getattr(torchvision.models, name)(num_classes=3)
    assert_twins(getattr(models, name)(3), theirs, size=32)


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    parameters, *macs = COUNTS[name]
    for variant, wanted in zip(("v1.5", "v1"), macs, strict=True):
        with torch.device("meta"):
            model = getattr(models, name)(variant=variant)
        assert count_parameters(model) == parameters
        assert count_macs(model, 224) == wanted


def test_receptive_fields():
    for name, variant, wanted in (
        ("resnet18", "v1.5", 435),
        ("resnet50", "v1.5", 427),
        ("resnet50", "v1", 483),
    ):
        with torch.device("meta"):
            model = getattr(models, name)(variant=variant)
        fields = [row.receptive_field[0] for row in receptive_field(model, 512)]
        assert wanted in fields


@pytest.mark.parametrize("depth", CIFAR)
def test_networks_for_small_images(depth):
    with torch.device("meta"):
        residual = getattr(models, f"resnet{depth}_cifar")()
        plain = getattr(models, f"plain{depth}_cifar")()
    assert count_parameters(residual) == CIFAR[depth]
    assert count_parameters(plain) == CIFAR[depth]  # the shortcuts have no weights
    layers = [m for m in plain.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    assert len(layers) == depth
