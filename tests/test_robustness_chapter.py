"""The chapter Precision, accuracy, robustness: its faults of images, formulas and figures."""

import math
import random

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from course_lib.data import corruptions
from course_lib.data.corruptions import KINDS, blur, brightness, contrast, corrupt, noise
from course_lib.exercises import robustness as exercises
from course_lib.metrics import (
    bland_altman_limits,
    expected_calibration_error,
    predictive_values,
    root_mean_squared_error,
    wilson_interval,
)
from course_lib.plotting import robustness as drawing


@pytest.fixture
def images():
    return torch.rand(3, 2, 9, 11, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("deviation", [0.3, 0.8, 2.0])
def test_blur_is_scipys_and_a_sum_over_neighbors(images, deviation):
    found = blur(images, deviation)
    reach = max(1, round(4 * deviation))
    sigma = (0, 0, deviation, deviation)
    wanted = ndimage.gaussian_filter(
        images.numpy().astype(float), sigma, mode="constant", radius=(0, 0, reach, reach)
    )
    assert found.numpy() == pytest.approx(wanted, abs=1e-6)

    steps = range(-reach, reach + 1)
    bell = [math.exp(-(n**2) / (2 * deviation**2)) for n in steps]
    total = 0.0  # of one pixel, written from the formula
    for down, weight_down in zip(steps, bell, strict=True):
        for right, weight_right in zip(steps, bell, strict=True):
            row, column = 4 + down, 5 + right
            if 0 <= row < 9 and 0 <= column < 11:
                total += weight_down * weight_right * images[1, 1, row, column].item()
    assert found[1, 1, 4, 5].item() == pytest.approx(total / sum(bell) ** 2, abs=1e-6)


def test_contrast_and_brightness_by_numpy_and_by_blending(images):
    values = images.numpy()
    assert contrast(images, 0.6).numpy() == pytest.approx(0.5 + 0.4 * (values - 0.5), abs=1e-6)
    gray = torch.full_like(images, 0.5)
    assert torch.allclose(contrast(images, 0.6), 0.4 * images + 0.6 * gray, atol=1e-6)
    assert brightness(images, 0.3).numpy() == pytest.approx(np.clip(values + 0.3, 0, 1), abs=1e-6)


def test_noise_has_the_deviation_that_was_asked_for_and_is_clipped():
    gray = torch.full((200, 1, 16, 16), 0.5)
    found = noise(gray, 0.1, torch.Generator().manual_seed(0))
    assert found.std().item() == pytest.approx(0.1, rel=0.02)
    assert found.mean().item() == pytest.approx(0.5, abs=0.002)
    assert stats.kstest(found[:20].flatten().numpy(), "norm", args=(0.5, 0.1)).pvalue > 0.001
    black = noise(torch.zeros(200, 1, 16, 16), 0.2, torch.Generator().manual_seed(0))
    assert black.min() == 0
    assert black.mean().item() == pytest.approx(0.2 / math.sqrt(2 * math.pi), rel=0.02)


def test_each_image_has_its_own_strength(images):
    strengths = torch.tensor([0.0, 0.2, 0.9])
    for change in (contrast, brightness):
        wanted = torch.cat(
            [change(images[n : n + 1], strengths[n].item()) for n in range(len(images))]
        )
        assert torch.allclose(change(images, strengths), wanted)
    found = noise(images, strengths, torch.Generator().manual_seed(0))
    assert torch.equal(found[0], images[0])
    first, last = ((found - images)[n].abs().mean() for n in (1, 2))
    assert 0 < first < last


@pytest.mark.parametrize("kind", KINDS)
def test_no_strength_changes_nothing_and_a_seed_gives_the_same_again(kind, images):
    before = images.clone()
    assert torch.equal(corrupt(images, kind, 0), images)
    found = corrupt(images, kind, 0.7, seed=3)
    assert torch.equal(found, corrupt(images, kind, 0.7, seed=3))
    assert torch.equal(found, corrupt(images, kind, 0.7, seed=4)) == (kind != "noise")
    assert torch.equal(images, before)
    assert found.dtype == images.dtype
    assert 0 <= found.min() <= found.max() <= 1


def test_what_is_refused(images):
    with pytest.raises(ValueError, match=r"`kind` must be one of noise, .*, got 'fog'"):
        corrupt(images, "fog", 1)
    with pytest.raises(ValueError, match=r"`images` must have shape \(N, C, H, W\), got \(9, 11\)"):
        contrast(images[0, 0], 0.1)
    with pytest.raises(ValueError, match=r"`loss` must be a number or \(3,\), got \(2,\)"):
        contrast(images, torch.tensor([0.1, 0.2]))
    for bad in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="`shift` must be from 0 to 1, got"):
            brightness(images, bad)
    with pytest.raises(ValueError, match="`deviation` must be from 0 to 10, got -1"):
        blur(images, -1)
    assert set(KINDS) == {"noise", *corruptions._EXACT}


def test_the_error_of_a_mean_is_that_of_a_simulation():
    generator = torch.Generator().manual_seed(0)
    for reader in exercises.READERS.values():
        drawn = torch.randn(20_000, 16, generator=generator, dtype=torch.float64)
        means = (60 + reader.bias + reader.spread * drawn).mean(dim=1)
        truth = torch.full_like(means, 60)
        found = root_mean_squared_error(truth, means)
        assert found == pytest.approx(reader.error(16), rel=0.03)


def test_the_repeatability_coefficient_is_half_the_width_of_the_limits_of_agreement():
    rng = random.Random(0)
    first = [rng.gauss(55, 12) for _ in range(2000)]
    second = [value + rng.gauss(0, 3) for value in first]
    first = [value + rng.gauss(0, 3) for value in first]
    found = exercises.my_repeatability(first, second)
    limits = bland_altman_limits(first, second)
    assert found == pytest.approx((limits.upper_limit - limits.lower_limit) / 2, rel=0.01)
    apart = np.abs(np.subtract(first, second))
    assert np.mean(apart < found) == pytest.approx(0.95, abs=0.015)
    within = np.mean([np.var(pair, ddof=1) for pair in zip(first, second, strict=True)]) ** 0.5
    assert found == pytest.approx(1.96 * math.sqrt(2) * within, rel=1e-12)  # pooled, from ANOVA


def test_less_spread_and_a_lower_ppv():
    """E17, without drawing: readings and truths are jointly normal."""
    found = {}
    for name, reader in exercises.READERS.items():
        cut, spread = 40, math.hypot(12, reader.spread)
        low, edge = (cut - 55) / 12, (cut - 55 - reader.bias) / spread
        pair = stats.multivariate_normal(cov=[[1, 12 / spread], [12 / spread, 1]])
        hits, ill = pair.cdf([low, edge]), stats.norm.cdf(low)
        found[name] = hits / stats.norm.cdf(edge)
        specificity = 1 - (stats.norm.cdf(edge) - hits) / (1 - ill)
        ppv = predictive_values(hits / ill, specificity, prevalence=ill).ppv
        assert found[name] == pytest.approx(ppv, rel=1e-9)
    assert exercises.READERS["C"].spread < exercises.READERS["B"].spread
    assert found["C"] < found["B"] - 0.1
    assert found["A"] == max(found.values())


def test_who_is_precise_and_what_is_unexpected():
    options = [option.text for option in exercises.WHO_IS_PRECISE.options]
    assert [options[n] for n in exercises.WHO_IS_PRECISE.answers] == ["A", "C"]
    right = [1] * 130 + [0] * 70
    gap = expected_calibration_error(right, [0.9] * 200)
    assert exercises.UNEXPECTED_ERRORS.answer == pytest.approx(200 * gap)


def test_readings_are_drawn_at_their_place():
    values = {"A": torch.tensor([58.0, 60.0, 62.0]), "B": torch.tensor([50.0, 55.0, 60.0])}
    figure = drawing.show_readings(values, true=60, label="percent")
    marks = figure.axes[0].collections
    for found, wanted in zip(marks, values.values(), strict=True):
        assert [x for x, _ in found.get_offsets()] == wanted.tolist()
    means = [line.get_xdata()[0] for line in figure.axes[0].lines]
    assert means == [60, 60, 55]  # the truth, and both means
    plt.close(figure)


def test_agreement_shows_the_three_lines():
    first = torch.tensor([60.0, 70, 80, 75, 50])
    second = first - torch.tensor([6.0, 5, 7, 4, 8])
    figure = drawing.show_agreement(first, second, names=("A", "C"))
    limits = bland_altman_limits(first, second)
    lines = {round(line.get_ydata()[0], 9) for line in figure.axes[0].lines}
    wanted = (0, limits.mean_difference, limits.lower_limit, limits.upper_limit)
    assert lines == {round(value, 9) for value in wanted}
    plt.close(figure)


def test_curves_have_wilsons_intervals():
    figure = drawing.show_curves({"noise": {0: 90, 0.5: 60}}, images=100)
    ax = figure.axes[0]
    assert ax.get_xlabel() == "noise (SD)"
    assert ax.lines[0].get_ydata().tolist() == [0.9, 0.6]
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    ends = [end for right in (90, 60) for end in wilson_interval(right, 100)[1:]]
    assert min(corners) == pytest.approx(min(ends))
    assert max(corners) == pytest.approx(max(ends))
    plt.close(figure)


def test_confidence_stands_beside_accuracy_for_each_network():
    figure = drawing.show_confidence(
        [0, 0.5], {"plain": [0.9, 0.6], "noisy": [0.9, 0.7]},
        {"plain": [0.95, 0.9], "noisy": [0.9, 0.8]}, label="noise",
    )  # fmt: skip
    drawn = [[list(line.get_ydata()) for line in ax.lines] for ax in figure.axes]
    assert drawn == [[[0.95, 0.9], [0.9, 0.6]], [[0.9, 0.8], [0.9, 0.7]]]
    plt.close(figure)
