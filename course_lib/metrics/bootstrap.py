"""How sure is any metric? Draw the patients again and again, and look how it spreads.

B resamples of N rows, in G groups. AUC and Harrell's C have paths of their own, exact and about
a hundred times faster: what is compared is sorted or tabled once, and a resample is only how often
each row is in it.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from course_lib.metrics._counted import Metric, function_and_path
from course_lib.metrics._inputs import UndefinedMetricWarning, Values, undefined
from course_lib.metrics._intervals import Interval, bca_shares, check_confidence
from course_lib.metrics._resampling import CELLS, Plan, plan
from course_lib.metrics.survival import Concordance


def _indexable(arrays: Sequence[Values]) -> list[Any]:
    import numpy as np

    return [a.detach() if isinstance(a, Tensor) else np.asarray(a) for a in arrays]


def _called(metric: Callable[..., Any], arrays: Sequence[Any], rows: Tensor | None = None) -> float:
    """Return the metric of some rows, nan where it is undefined."""
    if rows is not None:
        arrays = [
            a[rows.to(a.device)] if isinstance(a, Tensor) else a[rows.numpy()] for a in arrays
        ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        found = metric(*arrays)
    if isinstance(found, Concordance):
        found = found.index
    try:
        return float(found)
    except (TypeError, ValueError, RuntimeError):
        kind = type(found).__name__
        raise ValueError(f"`metric` must return one number, got {kind}") from None


class _Sample:
    """A metric and its arrays: the estimate, the replicates, the jackknife."""

    def __init__(
        self,
        metric: Metric,
        arrays: Sequence[Values],
        groups: Values | None,
        stratify: Values | None,
    ) -> None:
        if not arrays:
            raise ValueError("`arrays` must be one at the least, such as y_true and y_score")
        self.arrays = _indexable(arrays)
        lengths = [len(a) if a.ndim else 0 for a in self.arrays]
        if lengths[0] == 0:
            raise ValueError("`arrays` must not be empty")
        if len(set(lengths)) > 1:
            raise ValueError(f"`arrays` must be of the same length, got {lengths}")
        self.metric, self.counted = function_and_path(metric, arrays)
        self.plan: Plan = plan(lengths[0], groups, stratify)

    def of_rows(self, rows: Tensor | None) -> float:
        return _called(self.metric, self.arrays, rows)

    def estimate(self) -> float:
        if self.counted is None:
            return self.of_rows(None)
        return float(self.counted(torch.ones(1, self.plan.length, dtype=torch.int32)))

    def replicates(self, resamples: int, generator: torch.Generator) -> Tensor:
        found = []
        for drawn in self.plan.draws(resamples, generator):
            if self.counted is None:
                values = [self.of_rows(rows) for rows in self.plan.rows(drawn)]
                found.append(torch.tensor(values, dtype=torch.float64))
            else:
                found.append(self.counted(self.plan.counts(drawn.cpu())))
        return torch.cat(found)

    def jackknife(self) -> Tensor:
        """Return the metric without each unit, (G,)."""
        if self.counted is None:
            values = [self.of_rows(rows) for _, rows in self.plan.left_out()]
            return torch.tensor(values, dtype=torch.float64)
        n, units = self.plan.length, self.plan.units
        unit = torch.arange(n) if self.plan.unit is None else self.plan.unit
        out = torch.split(torch.arange(units)[:, None], max(1, CELLS // n))
        return torch.cat([self.counted((unit != u).int()) for u in out])

    def influences(self) -> list[Tensor]:
        """Return (n_s - 1) x (mean - value) for the units of each stratum of two or more."""
        values = self.jackknife()
        parts = [values[stratum] for stratum in self.plan.strata if len(stratum) > 1]
        return [(len(part) - 1) * (part.mean() - part) for part in parts]


def _generator(generator: torch.Generator | int) -> torch.Generator:
    if isinstance(generator, torch.Generator):
        return generator
    if isinstance(generator, bool) or not isinstance(generator, int):
        kind = type(generator).__name__
        raise ValueError(f"`generator` must be a torch.Generator or a seed, got {kind}")
    return torch.Generator().manual_seed(generator)


def _positive(resamples: int) -> None:
    if resamples < 1:
        raise ValueError(f"`resamples` must be 1 or more, got {resamples}")


def bootstrap_replicates(
    metric: Metric,
    *arrays: Values,
    generator: torch.Generator | int,
    resamples: int = 2000,
    groups: Values | None = None,
    stratify: Values | None = None,
) -> Tensor:
    """Return the metric of each resample, (B,), float64, nan where it is undefined there.

    Arguments as for `bootstrap_interval`. Two metrics with the same seed see the same resamples:
    their replicates may be subtracted.

    >>> y_true, y_score = [0, 1, 0, 1], [0.2, 0.6, 0.4, 0.3]
    >>> bootstrap_replicates("roc_auc_score", y_true, y_score, generator=0, resamples=3,
    ...                      stratify=y_true).shape
    torch.Size([3])
    """
    _positive(resamples)
    sample = _Sample(metric, arrays, groups, stratify)
    return sample.replicates(resamples, _generator(generator))


def bootstrap_interval(
    metric: Metric,
    *arrays: Values,
    generator: torch.Generator | int,
    confidence: float = 0.95,
    resamples: int = 2000,
    groups: Values | None = None,
    stratify: Values | None = None,
    method: Literal["percentile", "bca"] = "percentile",
) -> Interval:
    """Return a metric with its bootstrap interval.

    Args:
        metric: Takes the arrays and returns one number; or "roc_auc_score" or
            "concordance_index", the fast paths, which these functions of `course_lib.metrics` take
            by themselves.
        *arrays: Each (N, ...), resampled together, such as y_true and y_score, or time, event and
            risk.
        generator: A torch.Generator or a seed. Its draws, and so the interval, are repeatable.
        confidence: Share of such intervals that hold the truth, about, between 0 and 1.
        resamples: B.
        groups: Whose row it is, (N,): numbers or names. Whole groups are drawn, as the images of
            one patient say less than those of several patients.
        stratify: Of what kind a row is, (N,), such as y_true: each kind keeps its number of rows,
            or of groups. A group must not be in two strata.
        method: "percentile", or "bca", which corrects for bias and skewness by a jackknife: G
            more calls of the metric.

    Returns:
        The metric of the arrays themselves, low and high end. Resamples where it is undefined,
        such as an AUC with one class, are left out, and `UndefinedMetricWarning` says how many:
        `stratify` avoids that. The ends are nan, with that warning, if the metric is undefined for
        the arrays themselves, or if no two resamples differ, as for N = 1 or an AUC of 1: the truth
        may well be another. O(N log N + B N) for AUC, on the CPU in batches of bounded memory (BCa
        adds O(G N)). For C with E events O(B N E), as a matrix product with a table of at most
        64 MiB: up to N E = 2**23, such as 4,000 patients with 2,000 events. Else, and for all other
        metrics, B calls of the metric.

    Raises:
        ValueError: For arrays that are empty or of different lengths, a metric that returns no
            single number, and arguments outside of what is said above.

    >>> y_true = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> y_score = [0.1, 0.3, 0.6, 0.2, 0.5, 0.8, 0.9, 0.4]
    >>> found = bootstrap_interval("roc_auc_score", y_true, y_score, generator=0, stratify=y_true)
    >>> found.estimate, found.low < found.estimate < found.high
    (0.875, True)

    Source: Efron and Tibshirani, An introduction to the bootstrap, 1993, chapters 13 and 14;
    whole groups: Davison and Hinkley, Bootstrap methods and their application, 1997, section 3.8.
    """
    check_confidence(confidence)
    _positive(resamples)
    if method not in ("percentile", "bca"):
        raise ValueError(f'`method` must be "percentile" or "bca", got {method!r}')
    sample = _Sample(metric, arrays, groups, stratify)
    estimate, nan = sample.estimate(), float("nan")
    if estimate != estimate:
        undefined("the bootstrap interval", "the metric is, for the arrays themselves")
        return Interval(nan, nan, nan)
    replicates = sample.replicates(resamples, _generator(generator))
    defined = replicates[~replicates.isnan()]
    if missing := resamples - len(defined):
        lack = f"{missing} of {resamples} resamples lack what it needs, and were left out"
        undefined("the metric", lack)
    if len(defined) == 0 or bool((defined == defined[0]).all()):
        undefined("the bootstrap interval", "no two resamples differ")
        return Interval(estimate, nan, nan)
    shares: tuple[float, float] | None = ((1 - confidence) / 2, (1 + confidence) / 2)
    if method == "bca":
        shares = bca_shares(estimate, defined, sample.influences(), confidence)
        if shares is None:
            undefined(
                "the BCa interval", "resamples or jackknife lie on one side, or do not spread"
            )
            return Interval(estimate, nan, nan)
    low, high = torch.quantile(defined, defined.new_tensor(shares)).tolist()
    return Interval(estimate, low, high)
