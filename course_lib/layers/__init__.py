"""Layers, and conversions of networks, that the chapters derive.

fully_convolutional  a classifier for one size of image, made to slide over larger ones
locally_connected    a convolution whose kernel is another one at each place
subsampling          LeNet's trainable subsampling, and blurring before it
upsampling           bed of nails, and interpolation as a convolution
"""

from course_lib.layers.fully_convolutional import fully_convolutional
from course_lib.layers.locally_connected import (
    LocallyConnected1d,
    LocallyConnected2d,
    LocallyConnected3d,
    locally_connected,
)
from course_lib.layers.subsampling import (
    BlurPool1d,
    BlurPool2d,
    BlurPool3d,
    Subsampling1d,
    Subsampling2d,
    Subsampling3d,
)
from course_lib.layers.upsampling import BilinearUpsample, bed_of_nails, bilinear_kernel

__all__ = [
    "BilinearUpsample",
    "BlurPool1d",
    "BlurPool2d",
    "BlurPool3d",
    "LocallyConnected1d",
    "LocallyConnected2d",
    "LocallyConnected3d",
    "Subsampling1d",
    "Subsampling2d",
    "Subsampling3d",
    "bed_of_nails",
    "bilinear_kernel",
    "fully_convolutional",
    "locally_connected",
]
