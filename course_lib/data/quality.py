"""Patches of real medical images, half of them blurred: which are fit for use?

The pixels are real, the defect is simulated. That is what gives every patch a truth, and a number
(how strongly it was blurred) to predict. Shapes: N patches, H rows, W columns.
"""

import io
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from course_lib._checks import whole_number
from course_lib.data.dicom import apply_window, read_dicom
from course_lib.data.samples import ct_slice, pydicom_file, retina

PATCH = 32
MARGIN = 8  # pixels around a patch that its blur can see
TRAINING_IMAGES = ("head CT", "retina", "echo", "retina detail")
TEST_IMAGES = ("abdomen MR", "colon tissue", "chest CT")


@dataclass(frozen=True)
class Patches:
    """Patches with what is known about each.

    Args:
        images: Values in [0, 1], float32 of shape (N, 32, 32).
        labels: 1 where the patch was blurred ("fail"), 0 where not, int64 of shape (N,).
        blur: Standard deviation of the blur in pixels, 0 where none, float32 of shape (N,).
        sources: The name of the image that each patch was cut from.
        places: Row and column of its upper left pixel there, int64 of shape (N, 2).
    """

    images: Tensor
    labels: Tensor
    blur: Tensor
    sources: tuple[str, ...]
    places: Tensor


def squeeze(image: Tensor, ratio: float) -> Tensor:
    """Compress an image with JPEG 2000, losing what does not fit, and unpack it again.

    Shapes: (1, H, W) -> (1, H, W).

    >>> image = torch.arange(4096.0).view(1, 64, 64)
    >>> [bool((squeeze(image, ratio) - image).abs().max() > 100) for ratio in (2, 100)]
    [False, True]

    Args:
        image: Values such as HU; they are rounded, and may span at most 65,535.
        ratio: Size before (two bytes a pixel) over size after, at least 1. Roughly kept: a header
            has its size, too.

    Returns:
        The image, float32, in the same unit.

    Raises:
        ValueError: If the shape, the span or the ratio is another one.

    Source: ISO/IEC 15444-1 (JPEG 2000), by OpenJPEG in Pillow.

    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    if image.ndim != 3 or image.shape[0] != 1:
        raise ValueError(f"`image` must have shape (1, H, W), got {tuple(image.shape)}")
    if not ratio >= 1:
        raise ValueError(f"`ratio` must be at least 1, got {ratio!r}")
    low = image.min()
    if not image.max() - low <= 65_535:
        raise ValueError(f"`image` must span at most 65,535, got {low:g} to {image.max():g}")
    file = io.BytesIO()
    stored = Image.fromarray((image[0] - low).round().cpu().numpy().astype(np.uint16))
    stored.save(file, "JPEG2000", quality_layers=[ratio], irreversible=True)
    unpacked = torch.from_numpy(np.array(Image.open(file)).astype(np.float32))[None]
    return unpacked.to(image.device) + low


def source_images() -> dict[str, Tensor]:
    """Load the seven images that the patches are cut from, gray, in [0, 1], shape (H, W).

    >>> sorted(source_images())[:3]
    ['abdomen MR', 'chest CT', 'colon tissue']

    All ship inside pydicom and scikit-image. CT is seen through the window (40, 400), MR through
    that of its header, the retina through its green channel, half as large as the original.

    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    import skimage.data

    head, _ = read_dicom(pydicom_file("J2K_pixelrep_mismatch.dcm"))
    abdomen, info = read_dicom(pydicom_file("examples_overlay.dcm"))
    center, width = (
        float(info.header[name].strip("[]").split(",")[0])
        for name in ("WindowCenter", "WindowWidth")
    )
    echo, _ = read_dicom(pydicom_file("examples_ybr_color.dcm"), frame=0)
    tissue = torch.from_numpy(skimage.data.immunohistochemistry().copy())  # type: ignore[no-untyped-call]
    detail = torch.from_numpy(skimage.data.microaneurysms().copy())  # type: ignore[no-untyped-call]
    return {
        "head CT": apply_window(head, 40, 400)[0],
        "retina": retina(704)[0][1],
        "echo": echo.mean(dim=0),
        "retina detail": detail.float() / 255,
        "abdomen MR": apply_window(abdomen, center, width)[0],
        "colon tissue": tissue.float().mean(dim=2) / 255,
        "chest CT": apply_window(ct_slice()[0], 40, 400)[0],
    }


def gaussian_blur(image: Tensor, sigma: float) -> Tensor:
    """Blur an image with a Gaussian kernel, reflecting it at its borders.

    >>> gaussian_blur(torch.ones(20, 20), 1.5).allclose(torch.ones(20, 20))
    True

    Args:
        image: Of shape (H, W), each above 8.
        sigma: Standard deviation in pixels, 0 (no blur) to 2.7: the kernel ends at 8 pixels.

    Returns:
        An image of the same shape.

    Raises:
        ValueError: If `sigma` is below 0 or above 2.7.

    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    if not 0 <= sigma <= 2.7:
        raise ValueError(f"`sigma` must be from 0 to 2.7, got {sigma!r}")
    if sigma == 0:
        return image
    axis = torch.arange(-MARGIN, MARGIN + 1, dtype=image.dtype, device=image.device)
    bell = torch.exp(-(axis**2) / (2 * sigma**2))
    bell = bell / bell.sum()
    padded = F.pad(image[None, None], (MARGIN,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, bell.view(1, 1, 1, -1)), bell.view(1, 1, -1, 1))[0, 0]


def cut(image: Tensor, *, step: int = PATCH) -> tuple[Tensor, Tensor]:
    """Cut an image into patches of 32 x 32 pixels.

    >>> patches, places = cut(torch.zeros(64, 100))
    >>> patches.shape, places[-1].tolist()
    (torch.Size([6, 32, 32]), [32, 64])

    Args:
        image: Of shape (H, W).
        step: Distance between two patches; below 32 they overlap.

    Returns:
        The patches, (N, 32, 32), row by row, and the row and column where each begins, (N, 2).

    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    step = whole_number("step", step)
    tops = torch.arange(0, image.shape[0] - PATCH + 1, step)
    lefts = torch.arange(0, image.shape[1] - PATCH + 1, step)
    windows = image.unfold(0, PATCH, step).unfold(1, PATCH, step)
    return windows.reshape(-1, PATCH, PATCH), torch.cartesian_prod(tops, lefts)


def quality_patches(names: tuple[str, ...], *, seed: int = 0) -> Patches:
    """Cut the named images into patches and blur about half of them.

    >>> patches = quality_patches(("chest CT",))
    >>> patches.images.shape
    torch.Size([15, 32, 32])

    Args:
        names: Which of `source_images()`.
        seed: Which patches are blurred, and by how much (1 to 2 pixels).

    Returns:
        The patches, which do not overlap. One that is almost flat (standard deviation below 0.04)
        is left out: whether air is sharp, nobody can say.

    Raises:
        ValueError: If a name is unknown.

    Each patch is there once, sharp or blurred. The blur is computed with 8 pixels around the
    patch, so that its border looks like its middle.

    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    known = source_images()
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"`names` must be among {sorted(known)}, got {unknown}")
    rng = np.random.default_rng(seed)
    images, blur, sources, places = [], [], [], []
    for name in names:
        patches, corners = cut(known[name])
        for patch, (top, left) in zip(patches, corners.tolist(), strict=True):
            if patch.std() < 0.04:
                continue
            sigma = round(float(rng.uniform(1, 2)), 3) if rng.random() < 0.5 else 0.0
            images.append(_blur_at(known[name], top, left, sigma))
            blur.append(sigma)
            sources.append(name)
            places.append((top, left))
    amounts = torch.tensor(blur, dtype=torch.float32)
    labels = (amounts > 0).long()
    return Patches(torch.stack(images), labels, amounts, tuple(sources), torch.tensor(places))


def _blur_at(image: Tensor, top: int, left: int, sigma: float) -> Tensor:
    above, before = min(top, MARGIN), min(left, MARGIN)
    around = image[top - above : top + PATCH + MARGIN, left - before : left + PATCH + MARGIN]
    return gaussian_blur(around, sigma)[above : above + PATCH, before : before + PATCH]
