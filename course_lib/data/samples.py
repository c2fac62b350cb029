"""Three real medical images that need no download: a CT slice, an MR slice, a retina.

They are files inside pydicom and scikit-image, so every chapter works offline. pydicom and
scikit-image load when an image is asked for. Shapes: C channels, H rows, W columns.
"""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from course_lib._checks import whole_number_from
from course_lib.data.dicom import ImageInfo, read_dicom

_RETINA_SIZE = 1411


def ct_slice() -> tuple[Tensor, ImageInfo]:
    """Load an axial CT slice in Hounsfield units.

    The file is a cutout of 128 x 128 pixels. Its header names no body part; to be seen are a
    vertebra with part of a rib, lung on both sides and a vessel with contrast agent.

    >>> pixels, info = ct_slice()
    >>> pixels.shape, info.unit
    (torch.Size([1, 128, 128]), 'HU')

    Returns:
        The pixels, float32 of shape (1, 128, 128), and what is known about them.

    The values are `stored * RescaleSlope + RescaleIntercept`. PixelSpacing is that of the full
    image (512 pixels of it are the ReconstructionDiameter, 339 mm). It holds here as well: had
    all 512 columns been shrunk to 128, the whole chest would be in view.

    Derived in the chapter Convolution.
    """
    return _dicom("CT_small.dcm", origin="CT1_UNC")


def mr_slice() -> tuple[Tensor, ImageInfo]:
    """Load an MR slice, whose values have no physical unit.

    The file is 64 x 64 pixels of a spin-echo image. Its header names no body part.

    >>> pixels, info = mr_slice()
    >>> pixels.shape, info.modality
    (torch.Size([1, 64, 64]), 'MR')

    Returns:
        The pixels, float32 of shape (1, 64, 64), and what is known about them. `spacing_mm` is
        what the header says; pydicom made the image smaller than its original and notes only
        that it was "downsized", so nothing confirms that the spacing still holds.

    Used in the chapter Convolution.
    """
    return _dicom("MR_small.dcm", origin="MR1_UNC")


def retina(size: int = 256) -> tuple[Tensor, ImageInfo]:
    """Load a color photograph of a normal retina.

    >>> pixels, info = retina(64)
    >>> pixels.shape, float(pixels.min()) >= 0, float(pixels.max()) <= 1
    (torch.Size([3, 64, 64]), True, True)

    Args:
        size: Height and width to average the 1411 x 1411 original down to, 1 to 1411.

    Returns:
        The pixels, float32 in [0, 1] of shape (3, size, size), channels red, green, blue, and
        what is known about them.

    Raises:
        ValueError: If `size` is not a whole number from 1 to 1411.

    Used in the chapter Convolution.
    """
    size = whole_number_from(1, _RETINA_SIZE, "size", size)
    import skimage.data

    stored = skimage.data.retina()  # type: ignore[no-untyped-call]
    full = torch.from_numpy(stored.copy()).permute(2, 0, 1).float() / 255
    info = ImageInfo(
        modality="fundus photograph",
        unit="fraction of full intensity",
        spacing_mm=None,
        body_part="retina of a left eye",
        source="retina.jpg in scikit-image; from Wikimedia Commons, Häggström 2014",
        license="CC0 1.0 (public domain dedication)",
    )
    return torch.nn.functional.adaptive_avg_pool2d(full, size), info


def pydicom_file(name: str) -> Path:
    """Return the path of a file that ships inside pydicom.

    >>> pydicom_file("CT_small.dcm").name
    'CT_small.dcm'

    Args:
        name: Its path inside pydicom's folder of test files.

    Raises:
        FileNotFoundError: If the installed pydicom does not contain it; nothing is downloaded.

    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    import pydicom

    path = Path(pydicom.__file__).parent / "data" / "test_files" / name
    if not path.is_file():
        raise FileNotFoundError(f"pydicom {pydicom.__version__} does not contain {name}")
    return path


def _dicom(name: str, *, origin: str) -> tuple[Tensor, ImageInfo]:
    pixels, info = read_dicom(pydicom_file(name))
    return pixels, replace(
        info,
        source=f"{name} in pydicom; reduced from {origin} of NEMA's DICOM sample images",
        license='pydicom: "I believe there is no restriction on using any of these files"',
    )
