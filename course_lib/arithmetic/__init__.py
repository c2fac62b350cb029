"""Sizes, parameters, multiply-accumulates and receptive fields.

sizes             what a layer makes of a size
counts            what a layer has to learn, and to compute
loops             convolution written out, to be read
transposed        transposed convolution written out, to be read
model_counts      what a network has to learn, and to compute
receptive_fields  what the layers of a network see
layer_tables      all of this in one table, a row a layer

The first four are plain integers and Python: importing this package loads neither torch nor NumPy.
What takes a network (the last three) loads torch when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from course_lib._checks import SizeLike
from course_lib.arithmetic.counts import conv_macs, conv_parameters
from course_lib.arithmetic.loops import convolve2d, cross_correlate2d
from course_lib.arithmetic.sizes import (
    conv_output_size,
    conv_transpose_output_size,
    pool_output_size,
)
from course_lib.arithmetic.transposed import transposed_convolve2d

if TYPE_CHECKING:
    from course_lib.arithmetic.layer_tables import layer_table
    from course_lib.arithmetic.model_counts import count_macs, count_parameters
    from course_lib.arithmetic.receptive_fields import receptive_field

__all__ = [
    "SizeLike",
    "conv_macs",
    "conv_output_size",
    "conv_parameters",
    "conv_transpose_output_size",
    "convolve2d",
    "count_macs",
    "count_parameters",
    "cross_correlate2d",
    "layer_table",
    "pool_output_size",
    "receptive_field",
    "transposed_convolve2d",
]

_NEEDS_TORCH = {
    "count_macs": "model_counts",
    "count_parameters": "model_counts",
    "layer_table": "layer_tables",
    "receptive_field": "receptive_fields",
}


def __getattr__(name: str) -> object:
    """Import what needs torch when it is first asked for."""
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_NEEDS_TORCH[name]}"), name)


def __dir__() -> list[str]:
    """List what needs torch, too."""
    return sorted({*globals(), *_NEEDS_TORCH})
