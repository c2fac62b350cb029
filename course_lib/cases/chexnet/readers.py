"""CheXNet's reader study: each reader is scored against each of the others.

There is no truth on a film, only readings. R readers, N films, B bootstrap samples.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from course_lib._checks import whole_number
from course_lib.metrics._intervals import Interval

CHUNK = 500  # bootstrap samples at a time


def _readings(name: str, values: Any) -> Tensor:
    readings = torch.as_tensor(values)
    if readings.dim() != 2 or len(readings) < 2 or not ((readings == 0) | (readings == 1)).all():
        raise ValueError(
            f"`{name}` must be 0 or 1, (R, N) with at least two readers, got "
            f"{tuple(readings.shape)}"
        )
    return readings.double()


def _mean_f1(readings: Tensor, weights: Tensor) -> Tensor:
    """Return the mean F1 of each reader for each weighting of the films: (R, N), (B, N) -> (B, R).

    F1 of a reader against another is 2 both / (one's + the other's): the same both ways.
    """
    positives = weights @ readings.T
    both = torch.einsum("bn,rn,sn->brs", weights, readings, readings)
    total = positives[:, :, None] + positives[:, None, :]
    f1 = 2 * both / total
    readers = len(readings)
    others = ~torch.eye(readers, dtype=torch.bool)
    return f1[:, others].view(len(weights), readers, readers - 1).mean(dim=2)


def mean_f1(readings: Any) -> Tensor:
    """Return for each reader the mean of its F1 scores against each other reader.

    `(R, N) -> (R,)`, float64.

    >>> mean_f1([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0]]).tolist()
    [0.7333333333333334, 0.5833333333333333, 0.65]

    Args:
        readings: 1 where a reader sees the finding, 0 where not.

    Returns:
        nan where two readers see it nowhere.

    Raises:
        ValueError: If readings are anything but 0 or 1, or there are fewer than two readers.

    Source: CheXNet, section 4.1.
    """
    readings = _readings("readings", readings)
    return _mean_f1(readings, torch.ones(1, readings.shape[1], dtype=torch.float64))[0]


@dataclass(frozen=True)
class ReaderStudy:
    """Mean F1 of readers and of the model, with bootstrap intervals.

    Attributes:
        readers: An interval for each reader, against the other readers and the model.
        average: Of the readers' mean F1.
        model: Of the model, against the readers.
        difference: Model minus average, on the same samples. Its `estimate` is that of all films.
        bootstrap_mean: The mean difference of the samples, which the paper reports.
    """

    readers: tuple[Interval, ...]
    average: Interval
    model: Interval
    difference: Interval
    bootstrap_mean: float


def reader_study(
    readers: Any,
    model: Any,
    *,
    resamples: int = 10_000,
    confidence: float = 0.95,
    generator: torch.Generator | int = 0,
) -> ReaderStudy:
    """Compare a model with readers where nobody knows the truth.

    >>> readers = [[1, 1, 0, 0] * 9, [1, 0, 0, 0] * 9, [1, 1, 1, 0] * 9]
    >>> study = reader_study(readers, [1, 1, 0, 0] * 9, resamples=200)
    >>> round(study.model.estimate, 3), study.difference.low > 0
    (0.822, True)

    Args:
        readers: (R, N), 1 where a reader sees the finding.
        model: (N,), 1 where its probability is above its threshold.
        resamples: B; the paper takes 10,000.
        confidence: Of the intervals, which are percentiles.
        generator: Or a seed, of the films that are drawn.

    Raises:
        ValueError: If the shapes don't match, or values are not 0 or 1.

    Films are drawn, as in the paper, not patients: it had 420 films of 389 patients. Cost:
    O(B R^2 N).

    Source: CheXNet, section 4.1.
    """
    seen = _readings("readers", readers)
    own = torch.as_tensor(model).double()
    if own.shape != seen.shape[1:] or not ((own == 0) | (own == 1)).all():
        raise ValueError(
            f"`model` must be 0 or 1, ({seen.shape[1]},), as many as the readers', got "
            f"{tuple(own.shape)}"
        )
    resamples = whole_number("resamples", resamples)
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be above 0 and below 1, got {confidence!r}")
    if not isinstance(generator, torch.Generator):
        generator = torch.Generator().manual_seed(generator)
    everyone = torch.cat([seen, own[None]])
    films = everyone.shape[1]
    samples = []
    for start in range(0, resamples, CHUNK):
        drawn = torch.randint(films, (min(CHUNK, resamples - start), films), generator=generator)
        weights = torch.zeros(len(drawn), films, dtype=torch.float64)
        weights.scatter_add_(1, drawn, torch.ones_like(drawn, dtype=torch.float64))
        samples.append(_mean_f1(everyone, weights))
    spread, estimate = torch.cat(samples), mean_f1(everyone)

    def interval(value: Tensor, replicates: Tensor) -> Interval:
        ends = torch.tensor([(1 - confidence) / 2, (1 + confidence) / 2], dtype=torch.float64)
        low, high = torch.nanquantile(replicates, ends).tolist()
        return Interval(value.item(), low, high)

    average, averages = estimate[:-1].mean(), spread[:, :-1].mean(dim=1)
    differences = spread[:, -1] - averages
    return ReaderStudy(
        readers=tuple(interval(estimate[r], spread[:, r]) for r in range(len(seen))),
        average=interval(average, averages),
        model=interval(estimate[-1], spread[:, -1]),
        difference=interval(estimate[-1] - average, differences),
        bootstrap_mean=differences.nanmean().item(),
    )


def best_f1_threshold(y_true: Any, y_score: Any) -> float:
    """Return the score from which on to say yes for the highest F1; the highest of several.

    `(N,), (N,) -> float`

    >>> best_f1_threshold([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.35

    Choose it on validation films, never on those of the test.

    Raises:
        ValueError: If there is no positive, or shapes differ.
    """
    labels = torch.as_tensor(y_true, dtype=torch.float64)
    scores = torch.as_tensor(y_score, dtype=torch.float64)
    if labels.dim() != 1 or labels.shape != scores.shape or not labels.sum() > 0:
        raise ValueError(
            f"`y_true` must be (N,) as `y_score` {tuple(scores.shape)}, with a positive, got "
            f"{tuple(labels.shape)} with {int(labels.sum())}"
        )
    order = scores.argsort(descending=True)
    hits = labels[order].cumsum(0)
    f1 = 2 * hits / (torch.arange(1, len(hits) + 1, device=hits.device) + labels.sum())
    last = torch.ones_like(hits, dtype=torch.bool)
    last[:-1] = scores[order][:-1] != scores[order][1:]  # equal scores are said yes to together
    best = torch.where(last, f1, -1.0).argmax()
    return scores[order[best]].item()


def simulate_reader(
    truth: Tensor,
    *,
    sensitivity: float,
    specificity: float,
    generator: torch.Generator,
    difficulty: Tensor | None = None,
) -> Tensor:
    """Return what a reader of a given skill says, 0 or 1.

    `(N,) -> (N,)`, float32.

    >>> truth = torch.tensor([1.0, 0.0] * 500)
    >>> seen = simulate_reader(truth, sensitivity=0.8, specificity=0.9,
    ...                        generator=torch.Generator().manual_seed(0))
    >>> 0.7 < (seen * truth).sum() / truth.sum() < 0.9
    tensor(True)

    Args:
        truth: 0 or 1.
        sensitivity: Share of the positives that the reader sees, 0 to 1.
        specificity: Share of the negatives that the reader leaves, 0 to 1.
        generator: Of this reader's luck.
        difficulty: (N,) in [0, 1], evenly spread: which films are hard for everybody. Half of the
            reader's luck is then this number, so that readers err on the same films. None: each
            errs by himself.

    Raises:
        ValueError: If a rate is out of [0, 1], or a shape is another one.
    """
    for name, rate in (("sensitivity", sensitivity), ("specificity", specificity)):
        if not 0 <= rate <= 1:
            raise ValueError(f"`{name}` must be from 0 to 1, got {rate!r}")
    if truth.dim() != 1 or (difficulty is not None and difficulty.shape != truth.shape):
        raise ValueError(f"`truth` and `difficulty` must be (N,), got {tuple(truth.shape)}")
    luck = torch.rand(len(truth), generator=generator, dtype=torch.float64)
    if difficulty is not None:
        # The mean of two even numbers, spread evenly again.
        mean = (luck + difficulty.double()) / 2
        luck = torch.where(mean < 0.5, 2 * mean**2, 1 - 2 * (1 - mean) ** 2)
    wrong = luck >= torch.where(truth > 0, sensitivity, specificity).double()
    return (truth.bool() ^ wrong).float()
