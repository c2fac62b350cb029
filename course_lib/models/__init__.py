"""The architectures of the lecture, one file a family, from LeNet-5 to DenseNet.

All take `num_classes` and `in_channels` (a gray image has one), and images (N, C, H, W); all give
logits (N, K). Where torchvision has the network, weights load both ways under `strict=True`.
"""

from course_lib.models.inception import inception_v2, inception_v3

__all__ = [
    "inception_v2",
    "inception_v3",
]
