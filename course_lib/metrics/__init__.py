"""How good is it? Metrics that are right, fast, and say how sure they are.

Labels first, scores second, keywords after, as in scikit-learn. Tensors of any device, arrays or
lists go in and are counted where they are, in float64. One number comes out as a float, several as
a tensor on that device. What is undefined is nan, with `UndefinedMetricWarning`. Scores are never
guessed to be logits: higher means more likely positive, and that is all that a rank needs.
"""

from course_lib.metrics._inputs import UndefinedMetricWarning
from course_lib.metrics._intervals import Interval
from course_lib.metrics.bootstrap import bootstrap_interval, bootstrap_replicates
from course_lib.metrics.delong import DelongTest, delong_interval, delong_test
from course_lib.metrics.proportions import exact_interval, wilson_interval

__all__ = [
    "DelongTest",
    "Interval",
    "UndefinedMetricWarning",
    "bootstrap_interval",
    "bootstrap_replicates",
    "delong_interval",
    "delong_test",
    "exact_interval",
    "wilson_interval",
]
