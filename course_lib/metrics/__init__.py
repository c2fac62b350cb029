"""How good is it? Metrics that are right, fast, and say how sure they are.

Labels first, scores second, keywords after, as in scikit-learn. Tensors of any device, arrays or
lists go in and are counted where they are, in float64. One number comes out as a float, several as
a tensor on that device. What is undefined is nan, with `UndefinedMetricWarning`. Scores are never
guessed to be logits: higher means more likely positive, and that is all that a rank needs.
"""

from course_lib.metrics._inputs import UndefinedMetricWarning
from course_lib.metrics.age_bias import AgeBiasCorrection
from course_lib.metrics.kaplan_meier import KaplanMeier, LogRank, kaplan_meier, logrank_test
from course_lib.metrics.regression import (
    BlandAltman,
    bland_altman_limits,
    concordance_correlation,
    mean_absolute_error,
    pearson_correlation,
    r2_score,
    root_mean_squared_error,
)
from course_lib.metrics.survival import Concordance, concordance_index

__all__ = [
    "AgeBiasCorrection",
    "BlandAltman",
    "Concordance",
    "KaplanMeier",
    "LogRank",
    "UndefinedMetricWarning",
    "bland_altman_limits",
    "concordance_correlation",
    "concordance_index",
    "kaplan_meier",
    "logrank_test",
    "mean_absolute_error",
    "pearson_correlation",
    "r2_score",
    "root_mean_squared_error",
]
