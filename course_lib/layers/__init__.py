"""Layers that networks of the course use and torch does not have; each is an `nn.Module`."""

from course_lib.layers.subsampling import (
    BlurPool1d,
    BlurPool2d,
    BlurPool3d,
    Subsampling1d,
    Subsampling2d,
    Subsampling3d,
)

__all__ = [
    "BlurPool1d",
    "BlurPool2d",
    "BlurPool3d",
    "Subsampling1d",
    "Subsampling2d",
    "Subsampling3d",
]
