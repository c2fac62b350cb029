"""Layers and conversions of networks that the chapters derive.

fully_convolutional  a classifier for one size of image, made to slide over larger ones
"""

from course_lib.layers.fully_convolutional import fully_convolutional

__all__ = ["fully_convolutional"]
