"""The arithmetic and the words of the threshold clinic: plain integers and floats, without torch.

Scores are whole ten-thousandths, so that "at least the threshold" is a comparison of integers.
"""

from math import floor
from typing import Any, NamedTuple

__all__ = [
    "FINE",
    "Outcome",
    "average_precision",
    "cheapest",
    "describe",
    "outcome",
    "sample_of",
]

FINE = 10_000  # 0.2347 is 2347


class Outcome(NamedTuple):
    """What a threshold gives: counts, rates, and what 1,000 people may expect.

    `ppv` is None where nobody is called ill, `npv` where everybody is. `cost` is per 1,000.
    """

    tp: int
    fn: int
    fp: int
    tn: int
    sensitivity: float
    specificity: float
    ppv: float | None
    npv: float | None
    cost: float


def sample_of(
    name: str, title: str, y_true: Any, y_score: Any, *, about: str = ""
) -> dict[str, Any]:
    """Compute all that the lab carries of some scores, with `course_lib.metrics`.

    Scores are cut, not rounded, to four digits: at each threshold of two digits the counts stay.

    >>> found = sample_of("mine", "My scores", [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> found["ill"], found["well"], found["auc"][0]
    ([8000, 3500], [4000, 1000], 0.75)

    Args:
        name: Short, for the trait `sample`.
        title: What the reader chooses.
        y_true: Labels 0 (well) and 1 (ill), (N,), both there.
        y_score: Scores from 0 to 1, (N,). A score of 1 counts as 0.9999.
        about: A sentence on where they come from.

    Returns:
        `name`, `title`, `about`, the scores of the `ill` and of the `well` in ten-thousandths, the
        highest first, `auc` with DeLong's interval, and the ends of both bands of
        `course_lib.metrics.bands.roc_band` (2,000 resamples, seed 0), also in ten-thousandths.

    Raises:
        ValueError: Bad labels or scores; a class is missing; a score is outside of 0 to 1.
    """
    import torch

    from course_lib.metrics import delong_interval
    from course_lib.metrics._inputs import labels_and_scores
    from course_lib.metrics.bands import roc_band

    labels, scores = labels_and_scores(y_true, y_score)
    if labels.all() or not labels.any():
        raise ValueError("`y_true` must have both 0 and 1, got one of them")
    if scores.min() < 0 or scores.max() > 1:
        raise ValueError(f"`y_score` must be from 0 to 1, got {scores.min():g} to {scores.max():g}")
    cut = (scores * FINE).floor().clamp(max=FINE - 1).long().cpu()
    labels = labels.cpu()
    auc = delong_interval(labels, cut)
    ends = roc_band(labels, cut, generator=0)[1:]
    return {
        "name": name,
        "title": title,
        "about": about,
        "ill": cut[labels].sort(descending=True).values.tolist(),
        "well": cut[~labels].sort(descending=True).values.tolist(),
        "auc": [round(float(value), 6) for value in (auc.estimate, auc.low, auc.high)],
        "band": [(end * FINE).round().to(torch.int64).tolist() for end in ends],
    }


def _rates_outcome(
    tp: int, m: int, fp: int, n: int, ill: int, cost_fn: int, cost_fp: int
) -> Outcome:
    sensitivity, specificity = tp / m, (n - fp) / n
    p = ill / 1000
    hits, alarms = p * sensitivity, (1 - p) * (fp / n)
    misses, passed = p * ((m - tp) / m), (1 - p) * specificity
    ppv = hits / (hits + alarms) if tp + fp else None
    npv = passed / (passed + misses) if tp + fp < m + n else None
    cost = 1000 * (cost_fn * misses + cost_fp * alarms)
    return Outcome(tp, m - tp, fp, n - fp, sensitivity, specificity, ppv, npv, cost)


def outcome(
    sample: dict[str, Any], threshold: int, ill: int, cost_fn: int, cost_fp: int
) -> Outcome:
    """Call ill whoever scores at least `threshold`, and say what comes of it.

    >>> few = {"ill": [8000, 3500], "well": [4000, 1000]}
    >>> found = outcome(few, 4000, 10, 20, 1)
    >>> found.tp, found.fp, round(found.ppv, 4), round(found.cost, 6)
    (1, 1, 0.01, 595.0)

    Args:
        sample: Has the scores of the `ill` and of the `well`, in ten-thousandths.
        threshold: In ten-thousandths; 10,000 calls nobody.
        ill: How many of 1,000 people are ill.
        cost_fn: What a miss costs.
        cost_fp: What a false alarm costs.
    """
    tp, fp = (sum(score >= threshold for score in sample[kind]) for kind in ("ill", "well"))
    sizes = len(sample["ill"]), len(sample["well"])
    return _rates_outcome(tp, sizes[0], fp, sizes[1], ill, cost_fn, cost_fp)


def cheapest(sample: dict[str, Any], ill: int, cost_fn: int, cost_fp: int) -> int:
    """Return the threshold with the smallest expected cost, the highest of equally good ones.

    >>> few = {"ill": [8000, 3500], "well": [4000, 1000]}
    >>> cheapest(few, 500, 10, 1), cheapest(few, 10, 10, 1)
    (3500, 8000)

    The arguments are those of `outcome`. As `course_lib.metrics.cost_point`.
    """
    scores = sorted({*sample["ill"], *sample["well"]}, reverse=True)
    thresholds = [FINE, *scores]
    costs = [outcome(sample, t, ill, cost_fn, cost_fp).cost for t in thresholds]
    limit = min(costs) * (1 + 1e-12)  # a tie is one in spite of rounding
    best: int = next(t for t, cost in zip(thresholds, costs, strict=True) if cost <= limit)
    return best


def average_precision(sample: dict[str, Any], ill: int) -> float:
    """Return the average precision where `ill` of 1,000 people are ill.

    >>> average_precision({"ill": [8000, 3500], "well": [4000, 1000]}, 500)
    0.8333333333333333

    As `course_lib.metrics.average_precision_score`, which knows only the prevalence of its data.
    """
    found = [outcome(sample, score, ill, 0, 0).ppv for score in sample["ill"]]
    return sum(ppv for ppv in found if ppv is not None) / len(found)


# Words: those of static/threshold_lab.js --------------------------------------------------------


def threshold_text(threshold: int) -> str:
    """Write a threshold with two digits, or with four where it has them.

    >>> threshold_text(5000), threshold_text(2347)
    ('0.50', '0.2347')
    """
    return f"{threshold / FINE:.{2 if threshold % 100 == 0 else 4}f}"


def percent(share: float | None) -> str:
    """Write a share: whole percent, or tenths where it is near 0 or 100.

    >>> [percent(share) for share in (None, 0, 0.0001, 0.0126, 0.374, 0.9871, 0.9999, 1)]
    ['–', '0%', '<0.1%', '1.3%', '37%', '98.7%', '>99.9%', '100%']
    """
    if share is None:
        return "–"
    tenths = floor(1000 * share + 0.5)
    if share in (0, 1):
        return f"{share:.0%}"
    if tenths in (0, 1000):
        return "<0.1%" if tenths == 0 else ">99.9%"
    if 100 <= tenths <= 900:
        return f"{floor(100 * share + 0.5)}%"
    return f"{tenths // 10}.{tenths % 10}%"


def split(of: int, share: float) -> tuple[str, str]:
    """Split people in two by a share, so that both parts add up; tenths where one is small.

    >>> split(372, 0.5), split(10, 0.73), split(990, 0.001)
    (('186', '186'), ('7.3', '2.7'), ('1.0', '989.0'))
    """
    part = of * share
    if min(part, of - part) >= 10:
        whole = floor(part + 0.5)
        return f"{whole}", f"{of - whole}"
    tenths = floor(10 * part + 0.5)
    rest = 10 * of - tenths
    if tenths % 10 == 0 and rest % 10 == 0 and min(tenths, rest) == 0:
        return f"{tenths // 10}", f"{rest // 10}"
    return f"{tenths // 10}.{tenths % 10}", f"{rest // 10}.{rest % 10}"


def money(cost: float) -> str:
    """Write a cost: whole, or with a tenth where it is small.

    >>> money(1234.5), money(9.25), money(0)
    ('1,235', '9.3', '0')
    """
    if cost >= 10 or cost == 0:
        return f"{floor(cost + 0.5):,}"
    tenths = floor(10 * cost + 0.5)
    return f"{tenths // 10}.{tenths % 10}"


def describe(sample: dict[str, Any], threshold: int, ill: int, cost_fn: int, cost_fp: int) -> str:
    """Say in one sentence what a threshold does to 1,000 people."""
    found = outcome(sample, threshold, ill, cost_fn, cost_fp)
    best = cheapest(sample, ill, cost_fn, cost_fp)
    hits, misses = split(ill, found.sensitivity)
    alarms, _ = split(1000 - ill, found.fp / (found.fp + found.tn))
    right = (
        "nobody is called ill"
        if found.ppv is None
        else f"a call of ill is right in {percent(found.ppv)}"
    )
    least = outcome(sample, best, ill, cost_fn, cost_fp).cost
    compared = (
        "the least possible"
        if found.cost <= least * (1 + 1e-12)
        else f"the least is {money(least)}, at {threshold_text(best)}"
    )
    return (
        f"At the threshold {threshold_text(threshold)}, of 1,000 people with {ill} ill, {hits} are "
        f"found, {misses} are missed and {alarms} well people are alarmed; {right}; the errors "
        f"cost {money(found.cost)}, {compared}."
    )
