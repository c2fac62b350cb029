"""Read a DICOM file without falling into its traps.

The header decides what the stored numbers mean. pydicom decodes and rescales; this module says
in one place which steps are taken, and keeps what a reader needs to judge the image. Shapes:
C channels, H rows, W columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from course_lib._checks import whole_number_from

_KEPT_OF_THE_PATIENT = {"PatientAge", "PatientSex", "PatientPosition", "PatientOrientation"}
_NO_WORDS = {"OB", "OW", "SQ", "UN", "UI", "PN", "DA", "TM", "DT"}  # pixels, numbers, names, dates


@dataclass(frozen=True, kw_only=True)
class ImageInfo:
    """What is known about an image, and where it comes from.

    Args:
        modality: What recorded it, such as "CT".
        unit: What one pixel value means, such as "HU" (Hounsfield units).
        spacing_mm: Distance between the centers of neighboring pixels, (row, column), in
            millimeters; None where the file does not say.
        body_part: DICOM's BodyPartExamined; None where the file does not say.
        source: The file, the package that ships it, and where that package has it from.
        license: Under which terms the image may be used, in the words of its source.
        inverted: Whether large values are to be shown dark (DICOM's MONOCHROME1).
        padding: The value, in `unit`, of pixels that lie outside the picture; None if unknown.
        header: More of the DICOM header, by keyword, as text.
    """

    modality: str
    unit: str
    spacing_mm: tuple[float, float] | None
    body_part: str | None
    source: str
    license: str
    inverted: bool = False
    padding: float | None = None
    header: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def read_dicom(path: str | Path, *, frame: int | None = None) -> tuple[Tensor, ImageInfo]:
    """Read one image of a DICOM file, with its values in the unit that the header gives them.

    `(H, W)` in the file becomes `(1, H, W)`; color becomes `(3, H, W)`.

    >>> from pydicom.data import get_testdata_file
    >>> pixels, info = read_dicom(get_testdata_file("CT_small.dcm"))
    >>> pixels.shape, info.modality, info.unit
    (torch.Size([1, 128, 128]), 'CT', 'HU')

    Args:
        path: The file. With or without the preamble of 128 bytes.
        frame: Which image of a file that holds several, from 0.

    Returns:
        The pixels as float32 and what is known about them. Gray values went through the Modality
        LUT (`stored * RescaleSlope + RescaleIntercept`, or a table); no window is applied, nothing
        is clipped, nothing is inverted: see `to_display`. Color is red, green, blue in [0, 1].

    Raises:
        ValueError: If the file holds no pixels or pydicom cannot decode them, if it holds several
            frames and `frame` does not name one, or if its values are indices into a palette.

    `spacing_mm` is PixelSpacing alone: ImagerPixelSpacing, which radiographs have, is measured on
    the detector, where the body is magnified. `header` leaves out names, dates, addresses and
    identifiers; that is a habit, not a de-identification. Decodes one frame: O(H W).

    Source: DICOM PS3.3, C.7.6.3 (Image Pixel) and C.11.1 (Modality LUT).
    Derived in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    import pydicom
    from pydicom.pixels.processing import apply_modality_lut
    from pydicom.pixels.utils import pixel_array

    data = pydicom.dcmread(path, force=True)
    if "PixelData" not in data:
        raise ValueError(f"`path` must be a DICOM file with pixels, got {path}")
    if data.PhotometricInterpretation == "PALETTE COLOR":
        raise ValueError(f"`path` must hold gray or color pixels, got a palette in {path}")
    count = int(data.get("NumberOfFrames") or 1)
    if frame is None and count > 1:
        raise ValueError(f"`frame` must name one of the {count} frames, got None")
    index = whole_number_from(0, count - 1, "frame", frame or 0)
    try:
        stored = pixel_array(data, index=index)
    except (AttributeError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ValueError(f"`path` must have pixels that pydicom can decode: {error}") from error
    if stored.ndim == 3:
        scale = 2 ** int(data.BitsStored) - 1
        pixels = torch.from_numpy(stored.astype("float32")).permute(2, 0, 1) / scale
    else:
        pixels = torch.from_numpy(apply_modality_lut(stored, data).astype("float32"))[None]
    return pixels, _describe(data, Path(path), "fraction" if stored.ndim == 3 else _unit(data))


def apply_window(values: Tensor, center: float, width: float) -> Tensor:
    """Map a window of values to [0, 1]: black below it, white above it, a straight line inside.

    >>> apply_window(torch.tensor([-1000.0, -160, 40, 240, 1000]), 40, 400)
    tensor([0.0000, 0.0000, 0.5000, 1.0000, 1.0000])

    Args:
        values: Of any shape, in the unit of `center` and `width`.
        center: The value that becomes 0.5.
        width: Distance between black and white, above 0.

    Returns:
        A float32 tensor of the same shape.

    Raises:
        ValueError: If `width` is not above 0.

    What is clipped is lost: many values become 0, many become 1. The formula is the function
    LINEAR_EXACT of DICOM (PS3.3, C.11.2.1.3). Its default LINEAR takes `center - 0.5` and
    `width - 1` instead, which differs by less than a gray level in 8 bits at common widths.

    Derived in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    if not width > 0:
        raise ValueError(f"`width` must be above 0, got {width!r}")
    return ((values.float() - center) / width + 0.5).clamp(0, 1)


def to_display(pixels: Tensor, info: ImageInfo, center: float, width: float) -> Tensor:
    """Map gray pixels to [0, 1] as they should be seen: windowed, and MONOCHROME1 turned over.

    >>> info = ImageInfo(modality="CR", unit="", spacing_mm=None, body_part=None, source="",
    ...                  license="", inverted=True)
    >>> to_display(torch.tensor([0.0, 50, 100]), info, 50, 100)
    tensor([1.0000, 0.5000, 0.0000])

    Args:
        pixels: As `read_dicom` returns them, of any shape.
        info: As `read_dicom` returns it.
        center: Center of the window, in `info.unit`.
        width: Width of the window, above 0.

    Raises:
        ValueError: If `width` is not above 0.

    Source: DICOM PS3.3, C.7.6.3.1.2: in MONOCHROME1 the smallest value is shown as white.
    Derived in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    shown = apply_window(pixels, center, width)
    return 1 - shown if info.inverted else shown


def _describe(data: Any, path: Path, unit: str) -> ImageInfo:
    spacing, padding = data.get("PixelSpacing"), data.get("PixelPaddingValue")
    if padding is not None:
        slope = float(data.get("RescaleSlope") or 1)
        padding = float(padding) * slope + float(data.get("RescaleIntercept") or 0)
    return ImageInfo(
        modality=str(data.get("Modality") or "unknown"),
        unit=unit,
        spacing_mm=(float(spacing[0]), float(spacing[1])) if spacing else None,
        body_part=data.get("BodyPartExamined") or None,
        source=path.name,
        license="not said in the file",
        inverted=data.PhotometricInterpretation == "MONOCHROME1",
        padding=padding,
        header=MappingProxyType({e.keyword: _text(e.value) for e in data if _is_plain(e)}),
    )


def _unit(data: Any) -> str:
    """Return HU for CT unless the header names another unit (PS3.3, C.11.1.1.2)."""
    named = str(data.get("RescaleType") or ("HU" if data.get("Modality") == "CT" else ""))
    return "arbitrary units" if named in ("", "US") else named


def _is_plain(element: Any) -> bool:
    """Keep public elements with a short value that does not say who the patient is."""
    keyword = str(element.keyword)
    if not keyword or element.VR in _NO_WORDS:
        return False
    if keyword in _KEPT_OF_THE_PATIENT:
        return True
    private = ("Patient", "Institution", "Accession", "StudyID", "Address", "Comments", "History")
    return not any(word in keyword for word in private)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
