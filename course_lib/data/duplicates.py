"""Is a film there twice? Images that are equal, pixel by pixel, within and between splits.

An index of content: each image is decoded and hashed, so N images are read once and no pair of them
is compared.
"""

import hashlib
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_ENDINGS = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


class Film(NamedTuple):
    """Where an image is: in which split, and its index or its path within the folder."""

    split: str
    item: int | str


class Duplicate(NamedTuple):
    """An image, and the first one that equals it."""

    first: Film
    again: Film


def find_duplicates(images_by_split: Mapping[str, Any]) -> list[Duplicate]:
    """Find images that equal an earlier one, pixel by pixel.

    >>> import numpy as np
    >>> black, white = np.zeros((4, 4)), np.ones((4, 4))
    >>> [pair] = find_duplicates({"train": [black, white], "test": [white]})
    >>> pair.first, pair.again
    (Film(split='train', item=1), Film(split='test', item=0))

    Args:
        images_by_split: For each split, by name, its images: an array or tensor (N, ...), a list of
            arrays, or a folder, whose image files are read, those in folders within it as well.

    Returns:
        One pair for each image that is there again, with the first that equals it: so as many pairs
        as there are images too many. Splits count in the order given, files in that of their paths.

    Raises:
        ValueError: For a folder without images, a file that can't be read, which it names, and
            images that are no numbers.

    Values are compared, not their storage: 3 as uint8, int64 and float32 are the same, and axes of
    length 1 don't count. A file that stores gray as three equal channels, or with an alpha channel
    that is opaque throughout, equals the same film in gray. A film that was scaled or compressed
    again is another one here. Cost: one pass, O(pixels), one image in memory at a time.

    Used in the chapter How sure are you? (book/19_how_sure.md).
    """
    splits: Any = images_by_split
    if not isinstance(splits, Mapping):
        shown = reprlib.repr(images_by_split)
        raise ValueError(f"`images_by_split` must give images for each name, got {shown}")
    first: dict[bytes, Film] = {}
    found = []
    for split, images in splits.items():
        for item, image in _films(split, images):
            here = Film(split, item)
            earlier = first.setdefault(_content(here, image), here)
            if earlier is not here:
                found.append(Duplicate(earlier, here))
    return found


def _films(split: str, images: Any) -> Iterator[tuple[int | str, Any]]:
    if not isinstance(images, (str, Path)):
        if not isinstance(images, Iterable) or getattr(images, "ndim", 1) == 0:
            shown = reprlib.repr(images)
            raise ValueError(f"`images_by_split` must hold images, got {shown} for {split!r}")
        yield from enumerate(images)
        return
    folder = Path(images)
    if not folder.is_dir():
        raise ValueError(f"`images_by_split` must hold a folder for {split!r}, got {folder}")
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _ENDINGS)
    if not files:
        raise ValueError(f"`images_by_split` must hold a folder with images, got {folder}")
    for file in files:
        yield file.relative_to(folder).as_posix(), _decoded(file)


def _decoded(file: Path) -> NDArray[Any]:
    """Return the pixels of a file; gray ones have one channel, however they are stored."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            clear = image.mode in ("P", "PA") or "transparency" in image.info
            pixels = np.array(image.convert("RGBA") if clear else image)
    except (OSError, SyntaxError, UnidentifiedImageError) as error:
        raise ValueError(
            f"`images_by_split` must hold readable images, got {file}: {error}"
        ) from None
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4) and (pixels[:, :, -1] == 255).all():
        pixels = pixels[:, :, :-1]
    if pixels.ndim == 3 and (pixels == pixels[:, :, :1]).all():
        pixels = pixels[:, :, 0]
    return pixels


def _content(film: Film, image: Any) -> bytes:
    """Return what two images share if, and as good as only if, their values are equal."""
    if hasattr(image, "detach"):  # a tensor; NumPy has no bfloat16
        image = image.detach().cpu()
        image = (image.float() if "bfloat16" in str(image.dtype) else image).numpy()
    values = np.asarray(image)
    if values.dtype.kind not in "biuf" or values.size == 0:
        kind = f"{values.dtype}, shape {values.shape}"
        raise ValueError(f"`images_by_split` must hold images of numbers, got {kind} as {film}")
    values = values.squeeze()
    small = values.astype(np.uint8) if _in_a_byte(values) else values.astype(np.float64) + 0.0
    mark = hashlib.blake2b(repr((small.dtype.kind, small.shape)).encode(), digest_size=16)
    mark.update(np.ascontiguousarray(small).data)
    return mark.digest()


def _in_a_byte(values: NDArray[Any]) -> bool:
    if values.dtype.kind == "b" or values.dtype == np.uint8:
        return True
    if not (values.min() >= 0 and values.max() <= 255):
        return False
    return values.dtype.kind in "iu" or bool((values == np.floor(values)).all())
