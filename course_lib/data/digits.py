"""Real handwritten digits that need no download: they ship inside scikit-learn."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib._checks import whole_number

_TEST = 450  # the last of 1,797 images


class Digits(NamedTuple):
    """Images (N, 1, size, size) in [0, 1], black background, and their labels (N,), 0 to 9."""

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def digits(size: int = 32) -> Digits:
    """Load 1,797 handwritten digits, 8 x 8 pixels each, made larger to `size` pixels.

    >>> data = digits(16)
    >>> data.train_images.shape, data.test_labels.shape
    (torch.Size([1347, 1, 16, 16]), torch.Size([450]))

    Args:
        size: Height and width in pixels, at least 8. Values between the pixels are bilinear.

    Returns:
        Float32 images in [0, 1] and int64 labels, in the order of the file; its last quarter is
        the test. 13 people wrote the digits, one after the other, but the file does not say who
        wrote which: by keeping the order, at most one of them is on both sides.

    Raises:
        ValueError: If `size` is no whole number from 8.

    Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, 1998, CC BY 4.0; its test part, as in `sklearn.datasets.load_digits`.
    Used in the chapter LeNet-5 (book/08_lenet.md).
    """
    size = whole_number("size", size)
    if size < 8:
        raise ValueError(f"`size` must be at least 8, got {size}")
    from sklearn.datasets import load_digits

    stored = load_digits()
    images = torch.from_numpy(stored.images).float()[:, None] / 16
    if size != 8:
        images = F.interpolate(images, size=(size, size), mode="bilinear", align_corners=False)
    labels = torch.from_numpy(stored.target).long()
    return Digits(images[:-_TEST], labels[:-_TEST], images[-_TEST:], labels[-_TEST:])
