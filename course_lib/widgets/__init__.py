"""Widgets: exercises and explorers that run in JupyterLab, in Colab and on the static website."""

from course_lib.widgets.chest_films_lab import ChestFilmsLab
from course_lib.widgets.convolution_lab import ConvolutionLab
from course_lib.widgets.digit_lab import DigitLab
from course_lib.widgets.exercise import ExerciseWidget
from course_lib.widgets.layer_table_lab import LayerTableLab
from course_lib.widgets.network_chart_lab import NetworkChartLab
from course_lib.widgets.pooling_lab import PoolingLab
from course_lib.widgets.receptive_field_lab import ReceptiveFieldLab
from course_lib.widgets.threshold_lab import ThresholdLab
from course_lib.widgets.transposed_convolution_lab import TransposedConvolutionLab

__all__ = [
    "ChestFilmsLab",
    "ConvolutionLab",
    "DigitLab",
    "ExerciseWidget",
    "LayerTableLab",
    "NetworkChartLab",
    "PoolingLab",
    "ReceptiveFieldLab",
    "ThresholdLab",
    "TransposedConvolutionLab",
]
