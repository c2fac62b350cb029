"""Layers that the chapters derive, as plain functions and `nn.Module`s on torch tensors."""

from course_lib.layers.upsampling import BilinearUpsample, bed_of_nails, bilinear_kernel

__all__ = ["BilinearUpsample", "bed_of_nails", "bilinear_kernel"]
