"""Sizes, parameters, multiply-accumulates and receptive fields.

sizes       what a layer makes of a size
counts      what a layer has to learn, and to compute
loops       convolution written out, to be read
transposed  transposed convolution written out, to be read

All of these are plain integers and Python: importing this package loads neither torch nor NumPy.
"""

from course_lib._checks import SizeLike
from course_lib.arithmetic.counts import conv_macs, conv_parameters
from course_lib.arithmetic.loops import convolve2d, cross_correlate2d
from course_lib.arithmetic.sizes import (
    conv_output_size,
    conv_transpose_output_size,
    pool_output_size,
)
from course_lib.arithmetic.transposed import transposed_convolve2d

__all__ = [
    "SizeLike",
    "conv_macs",
    "conv_output_size",
    "conv_parameters",
    "conv_transpose_output_size",
    "convolve2d",
    "cross_correlate2d",
    "pool_output_size",
    "transposed_convolve2d",
]
