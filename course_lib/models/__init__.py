"""The architectures of the lecture, one file a family, from LeNet-5 to DenseNet.

All take `num_classes` and `in_channels` (a gray image has one), and images (N, C, H, W); all give
logits (N, K). Where torchvision has the network, weights load both ways under `strict=True`.
"""

from course_lib.models.densenet import (
    DenseNet,
    densenet121,
    densenet161,
    densenet169,
    densenet201,
)
from course_lib.models.pretrained import Transfer, load_pretrained

__all__ = [
    "DenseNet",
    "Transfer",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "load_pretrained",
]
