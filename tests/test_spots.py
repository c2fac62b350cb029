"""Planted spots, and the figures of the chapter Receptive fields."""

import math
from typing import Any

import matplotlib.pyplot as plt
import pytest
import torch

from course_lib.data.spots import plant_spots, spot_patches
from course_lib.plotting import receptive_fields as drawing


def test_spots_are_bells_pixel_by_pixel() -> None:
    image = torch.rand(7, 9, generator=torch.Generator().manual_seed(0))
    centers = torch.tensor([[2.0, 3.5], [6.0, 0.0]])
    spotted = plant_spots(image, centers, depth=0.3, width=1.5)
    for r in range(7):
        for c in range(9):
            dark = sum(
                0.3 * math.exp(-((r - y) ** 2 + (c - x) ** 2) / (2 * 1.5**2))
                for y, x in centers.tolist()
            )
            assert float(spotted[r, c]) == pytest.approx(float(image[r, c]) - dark, abs=1e-5)
    assert torch.equal(plant_spots(image, torch.zeros(0, 2)), image)


def test_patches_come_from_the_region_and_spots_from_their_middle() -> None:
    region = torch.full((30, 50), 0.5)
    region[0] = region[-1] = 0.6  # the border may be read, nothing beyond it
    patches, labels = spot_patches(region, 200, generator=torch.Generator().manual_seed(0))
    again, _ = spot_patches(region, 200, generator=torch.Generator().manual_seed(0))
    assert torch.equal(patches, again)
    assert labels.tolist() == [0, 1] * 100
    none, spot = patches[::2, 0], patches[1::2, 0]
    assert set(none.unique().tolist()) == {0.5, torch.tensor(0.6).item()}
    darkest = spot.flatten(1).argmin(dim=1)
    for at in (darkest // 20, darkest % 20):
        assert (at >= 7).all()
        assert (at <= 12).all()
        assert len(at.unique()) > 3  # they move


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda g: plant_spots(torch.ones(1, 4, 4), torch.ones(1, 2)), "`image` must have shape"),
        (lambda g: plant_spots(torch.ones(4, 4), torch.ones(2)), "`centers` must have shape"),
        (lambda g: plant_spots(torch.ones(4, 4), torch.ones(1, 2), width=0), "`width` must be"),
        (lambda g: spot_patches(torch.ones(9, 30), 2, generator=g), "at least 20 rows and columns"),
        (lambda g: spot_patches(torch.ones(30, 30), 0, generator=g), "`count` must be at least 1"),
    ],
)
def test_what_cannot_work_is_refused(call: Any, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        call(torch.Generator())


def test_the_cone_fills_what_the_formula_says() -> None:
    figure = drawing.show_cone([("3", 3, 1), ("pool 2", 2, 2), ("3", 3, 1)], 12)
    figure.canvas.draw()
    boxes = [patch for patch in figure.axes[0].patches if patch.get_y() == 0]
    filled = [patch.get_facecolor()[:3] != (1, 1, 1) for patch in boxes]
    assert (len(filled), sum(filled)) == (12, 8)
    plt.close(figure)


def test_the_figures_draw_what_they_are_given() -> None:
    squares = drawing.show_fields(torch.rand(8, 8), {"small": 3, "large": 12})
    assert [patch.get_width() for patch in squares.axes[0].patches] == [3, 12]
    assert [patch.get_center().tolist() for patch in squares.axes[0].patches] == [[3.5, 3.5]] * 2
    growth = drawing.show_growth([1, 2], {"a": [3, 5], "b": [1, 2]})
    profiles = drawing.show_profiles({"a": torch.tensor([0.25, 0.5, 0.25])})
    assert profiles.axes[0].lines[0].get_xdata().tolist() == [-1, 0, 1]
    found = drawing.show_predictions(
        torch.rand(28, 36), torch.tensor([[9, 9]]), torch.rand(3, 5), field=20, jump=4
    )
    assert found.axes[1].images[0].get_extent() == [7.5, 27.5, 19.5, 7.5]
    for figure in (squares, growth, profiles, found):
        plt.close(figure)
