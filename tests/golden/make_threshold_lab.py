"""Write `threshold_lab.json.gz`: what `course_lib.metrics` says of settings of the lab.

Cases are [sample, threshold, ill, cost_fn, cost_fp] with the four cells, the rates, the predictive
values at that prevalence, the cost of 1,000 people and the cheapest threshold; thresholds are in
ten-thousandths. Then, for each sample, its ROC curve and its average precision at two prevalences,
of data in which the ill and the well are repeated until the prevalence is that one. After a change
of the record or of the arithmetic: `python tests/golden/make_threshold_lab.py`.
"""

import gzip
import itertools
import json
import math
import warnings
from pathlib import Path
from typing import Any

import torch

from course_lib.metrics import (
    BinaryConfusion,
    UndefinedMetricWarning,
    average_precision_score,
    cost_point,
    roc_curve,
)
from course_lib.metrics.operating_points import OperatingPoint
from course_lib.widgets import ThresholdLab

PATH = Path(__file__).with_name("threshold_lab.json.gz")
THRESHOLDS = (0, 677, 2000, 2347, 5000, 7777, 9990, 10_000)
ILL = (1, 10, 372, 900)
COSTS = ((20, 1), (1, 1), (0, 3), (5, 0), (999, 7), (0, 0))
REPEATED = (100, 500)


def compute() -> dict[str, Any]:
    """Compute all cases."""
    found: dict[str, Any] = {"cases": [], "curves": {}}
    for sample in ThresholdLab().samples:
        labels, scores = data_of(sample)
        # As shares of one, as the reader sees them, although the lab compares whole numbers.
        shares = scores.double() / 10_000
        tests = {
            threshold: BinaryConfusion.from_scores(labels, shares, threshold=threshold / 10_000)
            for threshold in THRESHOLDS
        }
        for ill, (miss, alarm) in itertools.product(ILL, COSTS):
            costs = {"cost_fn": miss, "cost_fp": alarm, "prevalence": ill / 1000}
            best = cost_point(labels, scores, **costs).threshold
            for threshold, test in tests.items():
                found["cases"].append(
                    [
                        [sample["name"], threshold, ill, miss, alarm],
                        [*_case(test, costs), 10_000 if math.isinf(best) else int(best)],
                    ]
                )
        fpr, tpr, thresholds = roc_curve(labels, scores, drop_intermediate=False)
        found["curves"][sample["name"]] = {
            "fpr": fpr.tolist(),
            "tpr": tpr.tolist(),
            "thresholds": [10_000, *map(int, thresholds[1:].tolist())],
            "average_precision": [_average_precision(sample, ill) for ill in REPEATED],
        }
    return found


def data_of(sample: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return labels and scores in ten-thousandths, (N,)."""
    labels = torch.tensor([1] * len(sample["ill"]) + [0] * len(sample["well"]))
    return labels, torch.tensor(sample["ill"] + sample["well"])


def _case(test: BinaryConfusion, costs: dict[str, float]) -> list[float | None]:
    rates = test.sensitivity, test.specificity
    cost = 1000 * OperatingPoint(0, *rates).expected_cost(**costs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        values = test.at_prevalence(costs["prevalence"])
    known = [None if math.isnan(value) else value for value in values]
    return [test.tp, test.fn, test.fp, test.tn, *rates, *known, cost]


def _average_precision(sample: dict[str, Any], ill: int) -> float:
    m, n = len(sample["ill"]), len(sample["well"])
    times = math.gcd(ill * n, (1000 - ill) * m)
    a, b = ill * n // times, (1000 - ill) * m // times
    labels, scores = data_of(sample)
    counts = torch.where(labels == 1, a, b)
    repeated = labels.repeat_interleave(counts), scores.repeat_interleave(counts)
    found = average_precision_score(*repeated)
    assert isinstance(found, float)
    return found


if __name__ == "__main__":
    text = json.dumps(compute(), separators=(",", ":")).encode()
    with open(PATH, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as archive:
        archive.write(text)
