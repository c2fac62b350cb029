"""From a film to a network's input, against torchvision's own preset."""

import warnings

import pytest
import torch
from torchvision.models import DenseNet121_Weights
from torchvision.transforms import v2

from course_lib.data.transforms import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    RangeWarning,
    Standardize,
    film_transform,
)


def test_means_are_those_of_the_weights():
    preset = DenseNet121_Weights.IMAGENET1K_V1.transforms()
    assert list(IMAGENET_MEAN) == preset.mean
    assert list(IMAGENET_STD) == preset.std


def test_what_a_film_becomes():
    film = torch.rand(1, 64, 80)
    found = film_transform(32, train=False)(film)
    small = v2.functional.resize(film, [32, 32], antialias=True).expand(3, -1, -1)
    mean, std = (torch.tensor(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
    torch.testing.assert_close(found, (small - mean) / std)
    assert film_transform(32, train=False, channels=1)(film).shape == (1, 32, 32)


def test_flips_half_of_the_training_films():
    film = torch.linspace(0, 1, 16).expand(1, 16, 16)
    step = film_transform(16, train=True, channels=1)
    torch.manual_seed(0)
    flipped = sum(bool(step(film)[0, 0, 0] > 0) for _ in range(400))
    assert 150 < flipped < 250
    still = film_transform(16, train=False, channels=1)
    assert all(still(film)[0, 0, 0] < 0 for _ in range(20))


def test_looks_at_the_range():
    step = Standardize([0.5], [0.5])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step(torch.rand(2, 1, 4, 4))
    for odd in (torch.full((1, 4, 4), 255.0), step(torch.zeros(1, 4, 4))):
        with pytest.warns(RangeWarning, match=r"`image` should lie in \[0, 1\]"):
            step(odd)
    with pytest.raises(ValueError, match="divide by 255"):
        step(torch.zeros(1, 4, 4, dtype=torch.uint8))
    with pytest.raises(ValueError, match="`image` must have 1 channels, got 3"):
        step(torch.zeros(3, 4, 4))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Standardize([0.5], [0.0]), "`std` must be above 0"),
        (lambda: Standardize([0.5], [1.0, 1.0]), "as many as `mean`"),
        (lambda: film_transform(0, train=True), "`size` must be at least 1"),
        (lambda: film_transform(8, train=True, channels=2), "`channels` must be 1 or 3"),
    ],
)
def test_refuses(make, words):
    with pytest.raises(ValueError, match=words):
        make()
