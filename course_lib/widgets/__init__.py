"""Widgets: exercises and explorers that run in JupyterLab, in Colab and on the static website."""

from course_lib.widgets.convolution_lab import ConvolutionLab
from course_lib.widgets.exercise import ExerciseWidget
from course_lib.widgets.pooling_lab import PoolingLab

__all__ = ["ConvolutionLab", "ExerciseWidget", "PoolingLab"]
