"""The sample images hold what their description says, and the figures can be drawn."""

import math

import matplotlib
import numpy as np
import pydicom
import pytest
import skimage.data
import torch
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_rescale

from course_lib import plotting
from course_lib.data import ct_slice, mr_slice, retina
from course_lib.plotting.welcome import draw_welcome_picture
from course_lib.widgets import ConvolutionLab

matplotlib.use("Agg")


def test_ct_is_in_hounsfield_units():
    pixels, info = ct_slice()
    data = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    expected = apply_rescale(data.pixel_array, data)  # pydicom's own conversion

    assert pixels.shape == (1, 128, 128)
    assert pixels.dtype == torch.float32
    assert np.array_equal(pixels[0].numpy(), expected)
    assert (info.modality, info.unit, info.body_part) == ("CT", "HU", None)


def test_ct_shows_lung_muscle_and_bone():
    pixels, _ = ct_slice()

    assert -950 < pixels[0, 10:40, :5].mean() < -700  # lung
    assert -50 < pixels[0, 85:95, 30:50].mean() < 100  # muscle of the back
    assert pixels[0, 62:70, 50:70].mean() > 200  # arch of the vertebra


def test_ct_spacing_is_that_of_the_full_image():
    _, info = ct_slice()

    diameter = float(info.header["ReconstructionDiameter"])
    assert math.isclose(512 * info.spacing_mm[0], diameter, rel_tol=1e-6)


def test_mr_keeps_the_stored_values():
    pixels, info = mr_slice()
    data = pydicom.dcmread(get_testdata_file("MR_small.dcm"))

    assert pixels.shape == (1, 64, 64)
    assert np.array_equal(pixels[0].numpy(), data.pixel_array)
    assert (info.modality, info.spacing_mm) == ("MR", (0.3125, 0.3125))


def test_header_names_no_pixels_and_no_private_tags():
    for load in (ct_slice, mr_slice):
        header = load()[1].header
        assert "PixelData" not in header
        assert all(isinstance(value, str) for value in header.values())
        assert header["Modality"] == load()[1].modality


def test_whole_retina_is_the_original():
    pixels, info = retina(1411)
    original = skimage.data.retina()

    assert np.array_equal((pixels * 255).round().byte().permute(1, 2, 0).numpy(), original)
    assert "CC0" in info.license


@pytest.mark.parametrize("size", [1, 17, 256])
def test_smaller_retina_keeps_range_and_brightness(size):
    pixels, _ = retina(size)
    whole, _ = retina(1411)

    assert pixels.shape == (3, size, size)
    assert 0 <= pixels.min() <= pixels.max() <= 1
    # cells that share pixels of the original weigh them twice: equal up to a few percent
    assert torch.allclose(pixels.mean((1, 2)), whole.mean((1, 2)), rtol=0.05)


@pytest.mark.parametrize("size", [0, -1, 1412, 2.0, True, "64", None, np.int64(1412)])
def test_retina_refuses_other_sizes(size):
    with pytest.raises(ValueError, match="`size` must be a whole number from 1 to 1411, got"):
        retina(size)


def test_sizes_of_numpy_are_taken():
    assert retina(np.int64(64))[0].shape == (3, 64, 64)
    lab = ConvolutionLab(np.int64(6), stride=np.uint8(2))
    assert (lab.input_size, lab.stride, len(lab.output())) == (6, 2, 2)


@pytest.mark.parametrize("flip", ["no", None, 0, 1.0])
def test_the_lab_takes_a_bool_only(flip):
    with pytest.raises(ValueError, match="`flip` must be True or False, got"):
        ConvolutionLab(flip=flip)


def test_each_call_gives_fresh_pixels():
    first, _ = ct_slice()
    first.zero_()

    assert ct_slice()[0].abs().max() > 0


@pytest.fixture
def figure():
    plotting.use_course_style()
    figures = []
    yield figures.append
    for each in figures:
        matplotlib.pyplot.close(each)


def test_images_are_drawn_to_scale_and_signed_ones_around_zero(figure):
    ct, info = ct_slice()
    drawn = plotting.show_images(
        [ct, ct, torch.rand(3, 8, 9)],
        ["a", "b", "c"],
        ranges=[(-160, 240), None, None],
        signed=[False, True, False],
        spacing_mm=[info.spacing_mm, info.spacing_mm, None],
    )
    figure(drawn)
    gray, signed, color = (ax.images[0] for ax in drawn.axes[:3])

    assert gray.get_clim() == (-160, 240)
    assert signed.get_clim()[0] == -signed.get_clim()[1]
    assert color.get_array().shape == (8, 9, 3)
    assert [ax.get_aspect() for ax in drawn.axes[:3]] == [1.0, 1.0, 1.0]
    # 60 mm are 60 / 0.661 pixels from the left border of the first pixel
    ticks = drawn.axes[0].get_xticks()
    assert math.isclose((ticks[1] - ticks[0]) * info.spacing_mm[1], 60, rel_tol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": []}, "`labels` must have one label for each of the 1 images, got 0"),
        ({"labels": ["a"], "ranges": [None, None]}, "`ranges` must have one range for each"),
        ({"labels": ["a"], "spacing_mm": []}, "`spacing_mm` must have one spacing"),
    ],
)
def test_images_need_one_entry_each(arguments, message):
    with pytest.raises(ValueError, match=message):
        plotting.show_images([torch.zeros(4, 4)], **arguments)


def test_a_wrong_image_shape_is_refused(figure):
    with pytest.raises(ValueError, match=r"got \(2, 4, 4\)"):
        plotting.show_images([torch.zeros(2, 4, 4)], ["two channels"])
    matplotlib.pyplot.close("all")


def test_visits_hatch_what_the_kernel_never_reads(figure):
    drawn = plotting.show_visits(6, 3, stride=2)
    figure(drawn)
    cells = drawn.axes[0].patches

    assert [bool(cell.get_hatch()) for cell in cells] == [False] * 5 + [True]
    assert len(drawn.axes[0].lines) == 2  # two places


def test_welcome_picture_is_the_same_each_time(tmp_path):
    paths = tmp_path / "a.png", tmp_path / "b.png"
    for path in paths:
        draw_welcome_picture(path)

    assert paths[0].read_bytes() == paths[1].read_bytes()
