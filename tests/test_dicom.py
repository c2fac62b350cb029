"""The DICOM reader against pydicom's own functions, on files with known traps."""

import numpy as np
import pydicom
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydicom.pixels import apply_rescale, apply_windowing

from course_lib.data import apply_window, pydicom_file, read_dicom, to_display

CR = "dicomdirtests/77654033/CR1/6154"


@pytest.mark.parametrize("name", ["CT_small.dcm", "693_J2KI.dcm", CR, "MR_small.dcm"])
def test_values_are_those_of_pydicom(name):
    pixels, info = read_dicom(pydicom_file(name))
    data = pydicom.dcmread(pydicom_file(name))
    by_hand = data.pixel_array * float(data.get("RescaleSlope", 1))
    by_hand = by_hand + float(data.get("RescaleIntercept", 0))

    assert pixels.dtype == torch.float32
    assert pixels.shape == (1, data.Rows, data.Columns)
    assert np.allclose(pixels[0], apply_rescale(data.pixel_array, data))
    assert np.allclose(pixels[0], by_hand)
    assert info.modality == data.Modality


def test_slope_and_intercept_of_a_made_file(tmp_path):
    data = pydicom.dcmread(pydicom_file("CT_small.dcm"))
    data.RescaleSlope, data.RescaleIntercept = 2, -24
    data.RescaleType = "Z_EFF"
    data.save_as(tmp_path / "made.dcm")
    pixels, info = read_dicom(tmp_path / "made.dcm")

    assert np.array_equal(pixels[0], data.pixel_array * 2.0 - 24)
    assert (info.unit, info.padding) == ("Z_EFF", -2000 * 2 - 24)


def test_monochrome1_keeps_its_values_and_is_turned_over_when_shown():
    pixels, info = read_dicom(pydicom_file(CR))
    shown = to_display(pixels, info, 1600, 2800)

    assert info.inverted
    assert pixels.min() > 200  # the intercept: in the file's unit, not turned over
    assert shown.flatten()[pixels.argmax()] == shown.min()
    assert info.spacing_mm is None  # ImagerPixelSpacing is measured on the detector
    assert "ImagerPixelSpacing" in info.header


@pytest.mark.parametrize("ending", ["implicit", "bigendian", "RLE", "jp2klossless"])
def test_lossless_wrappings_give_the_same_image(ending):
    plain, _ = read_dicom(pydicom_file("MR_small.dcm"))
    again, _ = read_dicom(pydicom_file(f"MR_small_{ending}.dcm"))

    assert torch.equal(plain, again)


def test_spacing_is_row_then_column():
    _, info = read_dicom(pydicom_file("dicomdirtests/98892001/CT2N/6293"))

    assert info.spacing_mm == (0.545455, 0.596847)


def test_frames_and_color():
    path = pydicom_file("examples_ybr_color.dcm")
    first, info = read_dicom(path, frame=0)
    last, _ = read_dicom(path, frame=29)

    assert first.shape == (3, 240, 320)
    assert 0 <= first.min() <= first.max() <= 1
    assert not torch.equal(first, last)
    assert info.unit == "fraction"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("examples_ybr_color.dcm", {}, "`frame` must name one of the 30 frames, got None"),
        ("examples_ybr_color.dcm", {"frame": 30}, "`frame` must be a whole number from 0 to 29"),
        ("CT_small.dcm", {"frame": 1}, "`frame` must be a whole number from 0 to 0"),
        ("rtplan.dcm", {}, "must be a DICOM file with pixels"),
        ("examples_palette.dcm", {}, "got a palette"),
        ("MR_truncated.dcm", {}, "must have pixels that pydicom can decode"),
    ],
)
def test_what_cannot_be_read_is_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        read_dicom(pydicom_file(name), **options)


def test_a_file_that_is_not_there():
    with pytest.raises(FileNotFoundError, match=r"does not contain none\.dcm"):
        pydicom_file("none.dcm")


@pytest.mark.parametrize("name", ["examples_overlay.dcm", "CT_small.dcm", CR])
def test_header_does_not_say_who_the_patient_is(name):
    data = pydicom.dcmread(pydicom_file(name))
    _, info = read_dicom(pydicom_file(name))
    said = " ".join(info.header.values())

    for keyword in ("PatientName", "PatientID", "PatientAddress", "InstitutionName", "StudyDate"):
        assert keyword not in info.header
        if value := str(data.get(keyword) or ""):
            assert value not in said
    assert "PatientAge" in info.header or "PatientAge" not in data


@given(st.lists(st.integers(-2000, 3000), min_size=1), st.integers(-500, 500), st.integers(2, 4000))
def test_window_is_the_exact_line_of_dicom(values, center, width):
    data = pydicom.Dataset()
    data.PhotometricInterpretation = "MONOCHROME2"
    data.BitsStored, data.PixelRepresentation = 16, 1
    data.WindowCenter, data.WindowWidth = center, width
    data.VOILUTFunction = "LINEAR_EXACT"
    theirs = apply_windowing(np.array(values, dtype="int16"), data)
    ours = apply_window(torch.tensor(values), center, width)

    assert np.allclose(ours, (theirs + 2**15) / (2**16 - 1), atol=1e-4)
    brute = [min(max((v - (center - width / 2)) / width, 0), 1) for v in values]
    assert np.allclose(ours, brute, atol=1e-5)


def test_the_default_formula_of_dicom_differs_by_less_than_a_gray():
    values = torch.arange(-300.0, 400)
    linear = ((values - 39.5) / 399 + 0.5).clamp(0, 1)

    assert (apply_window(values, 40, 400) - linear).abs().max() < 1 / 256


@pytest.mark.parametrize("width", [0, -1, float("nan")])
def test_window_needs_a_width(width):
    with pytest.raises(ValueError, match="`width` must be above 0"):
        apply_window(torch.zeros(1), 0, width)
