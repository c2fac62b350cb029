"""Kernels of a first layer, as a recorded training left them."""

import base64

import torch
from torch import Tensor

from course_lib.data.labeled import read_record


def first_kernels() -> Tensor:
    """Load 32 color kernels of 11 x 11 weights that were trained on twelve photographs.

    >>> first_kernels().shape
    torch.Size([32, 3, 11, 11])

    Returns:
        Float32 of shape (32, 3, 11, 11). Each kernel is scaled to a largest magnitude of 1, and
        rounded to 1/127.

    Source: `benchmarks/train_first_kernels.py`; they are not the kernels of AlexNet's authors.
    Used in the chapter AlexNet (book/09_alexnet.md).
    """
    record = read_record("alexnet_kernels")
    stored = torch.frombuffer(bytearray(base64.b64decode(record["kernels"])), dtype=torch.int8)
    return stored.float().view(record["shape"]) / 127
