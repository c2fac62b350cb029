"""How good is it? Metrics that are right, fast, and say how sure they are.

Labels first, scores second, keywords after, as in scikit-learn. Tensors of any device, arrays or
lists go in and are counted where they are, in float64. One number comes out as a float, several as
a tensor on that device. What is undefined is nan, with `UndefinedMetricWarning`. Scores are never
guessed to be logits: higher means more likely positive, and that is all that a rank needs.
"""

from course_lib.metrics._inputs import UndefinedMetricWarning
from course_lib.metrics._intervals import Interval
from course_lib.metrics.age_bias import AgeBiasCorrection
from course_lib.metrics.bootstrap import bootstrap_interval, bootstrap_replicates
from course_lib.metrics.calibration import (
    ReliabilityCurve,
    brier_score_loss,
    expected_calibration_error,
    reliability_curve,
)
from course_lib.metrics.confusion import BinaryConfusion
from course_lib.metrics.delong import DelongTest, delong_interval, delong_test
from course_lib.metrics.kaplan_meier import KaplanMeier, LogRank, kaplan_meier, logrank_test
from course_lib.metrics.multiclass import (
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
)
from course_lib.metrics.operating_points import (
    OperatingPoint,
    cost_point,
    sensitivity_point,
    specificity_point,
    youden_point,
)
from course_lib.metrics.precision_recall import (
    PrecisionRecallCurve,
    average_precision_score,
    precision_recall_curve,
)
from course_lib.metrics.prevalence import PredictiveValues, predictive_values
from course_lib.metrics.proportions import exact_interval, wilson_interval
from course_lib.metrics.regression import (
    BlandAltman,
    bland_altman_limits,
    concordance_correlation,
    mean_absolute_error,
    pearson_correlation,
    r2_score,
    root_mean_squared_error,
)
from course_lib.metrics.roc import RocCurve, roc_auc_score, roc_curve
from course_lib.metrics.survival import Concordance, concordance_index

__all__ = [
    "AgeBiasCorrection",
    "BinaryConfusion",
    "BlandAltman",
    "Concordance",
    "DelongTest",
    "Interval",
    "KaplanMeier",
    "LogRank",
    "OperatingPoint",
    "PrecisionRecallCurve",
    "PredictiveValues",
    "ReliabilityCurve",
    "RocCurve",
    "UndefinedMetricWarning",
    "average_precision_score",
    "balanced_accuracy_score",
    "bland_altman_limits",
    "bootstrap_interval",
    "bootstrap_replicates",
    "brier_score_loss",
    "cohen_kappa_score",
    "concordance_correlation",
    "concordance_index",
    "confusion_matrix",
    "cost_point",
    "delong_interval",
    "delong_test",
    "exact_interval",
    "expected_calibration_error",
    "f1_score",
    "kaplan_meier",
    "logrank_test",
    "mean_absolute_error",
    "pearson_correlation",
    "precision_recall_curve",
    "precision_score",
    "predictive_values",
    "r2_score",
    "recall_score",
    "reliability_curve",
    "roc_auc_score",
    "roc_curve",
    "root_mean_squared_error",
    "sensitivity_point",
    "specificity_point",
    "wilson_interval",
    "youden_point",
]
