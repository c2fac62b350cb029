"""The four cells of a test with two answers, and every measure that comes from them.

    ================  ==================  ==================
    in truth          called positive     called negative
    ================  ==================  ==================
    positive          tp, a hit           fn, a miss
    negative          fp, a false alarm   tn, a correct no
    ================  ==================  ==================

Counts are Python's integers, which have no largest one: the Matthews coefficient multiplies four of
them, and from about 55,000 in each margin on that product no longer fits 64 bits. Each measure is
one division of two whole numbers, rounded once.
"""

import math
from dataclasses import dataclass, fields
from typing import Self

from course_lib.metrics._inputs import (
    Values,
    binary_labels,
    count,
    labels_and_scores,
    number_between,
    same_length,
    undefined,
)
from course_lib.metrics.prevalence import PredictiveValues, bayes

_NONE = {
    "total": "there is no case",
    "positives": "there is no positive",
    "negatives": "there is no negative",
    "predicted_positives": "nothing is called positive",
    "predicted_negatives": "nothing is called negative",
    "fp": "there is no false alarm",
    "fn": "there is no miss",
    "tn": "there is no true negative",
    "_union": "nothing is positive or called so",
    "_union_and_hits": "nothing is positive or called so",
}


@dataclass(frozen=True)
class BinaryConfusion:
    """True positives, false negatives, false positives and true negatives, and what they say.

    Every measure is a property and a float. One that would divide by zero is nan, with
    `UndefinedMetricWarning`, where other libraries answer 0, 1 or infinity. Properties cost O(1).

    >>> a = BinaryConfusion(tp=63, fn=37, fp=28, tn=72)
    >>> a.sensitivity, a.specificity, round(a.precision, 2), round(a.f1, 2), a.accuracy
    (0.63, 0.72, 0.69, 0.66, 0.675)
    >>> round(a.mcc, 4), round(a.diagnostic_odds_ratio, 3), round(a.jaccard, 4)
    (0.3514, 4.378, 0.4922)

    Args:
        tp: Positives that were called positive (hits).
        fn: Positives that were called negative (misses; errors of type II).
        fp: Negatives that were called positive (false alarms; errors of type I).
        tn: Negatives that were called negative.

    Raises:
        ValueError: A count is no whole number, or below 0.

    Source: D. G. Altman and J. M. Bland, BMJ 308 (1994) 1552; D. M. W. Powers, arXiv 2010.16061.
    """

    tp: int
    fn: int
    fp: int
    tn: int

    def __post_init__(self) -> None:
        """Keep the counts as ints of Python."""
        for field in fields(self):
            object.__setattr__(self, field.name, count(field.name, getattr(self, field.name)))

    @classmethod
    def from_labels(cls, y_true: Values, y_pred: Values) -> Self:
        """Count labels and predictions, both 0 and 1, of shape (N,). O(N), on their device.

        >>> BinaryConfusion.from_labels([1, 1, 0, 0, 0], [1, 0, 1, 0, 0])
        BinaryConfusion(tp=1, fn=1, fp=1, tn=2)

        Raises:
            ValueError: Something other than 0 and 1, another shape, no case at all.
        """
        called = binary_labels("y_pred", y_pred)
        true = binary_labels("y_true", y_true).to(called.device)
        same_length(y_true=true, y_pred=called)
        both, positives = int((true & called).sum()), int(true.sum())
        fp = int(called.sum()) - both
        return cls(both, positives - both, fp, len(true) - positives - fp)

    @classmethod
    def from_scores(cls, y_true: Values, y_score: Values, *, threshold: float) -> Self:
        """Count a case as called positive if its score is at least `threshold`. O(N).

        The comparison is made in float64, so a score that is stored as float32 may be a little less
        than it looks: 0.7 becomes 0.69999999, which is below a threshold of 0.7.

        >>> BinaryConfusion.from_scores([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.4)
        BinaryConfusion(tp=1, fn=1, fp=1, tn=1)

        Args:
            y_true: Labels 0 and 1, of shape (N,).
            y_score: Finite scores, of shape (N,), in any unit; higher means more likely positive.
            threshold: In the unit of the scores. Infinity calls nothing positive.

        Raises:
            ValueError: Bad labels, scores or shapes, no case at all, a threshold that is nan.
        """
        limit = number_between(-math.inf, math.inf, "threshold", threshold)
        true, scores = labels_and_scores(y_true, y_score)
        return cls.from_labels(true, scores >= limit)

    @property
    def total(self) -> int:
        """How many cases there are."""
        return self.tp + self.fn + self.fp + self.tn

    @property
    def positives(self) -> int:
        """How many are positive in truth: P = TP + FN."""
        return self.tp + self.fn

    @property
    def negatives(self) -> int:
        """How many are negative in truth: N = FP + TN."""
        return self.fp + self.tn

    @property
    def predicted_positives(self) -> int:
        """How many are called positive: PP = TP + FP."""
        return self.tp + self.fp

    @property
    def predicted_negatives(self) -> int:
        """How many are called negative: PN = FN + TN."""
        return self.fn + self.tn

    @property
    def _union(self) -> int:
        return self.tp + self.fn + self.fp

    @property
    def _union_and_hits(self) -> int:
        return self._union + self.tp

    @property
    def _determinant(self) -> int:
        return self.tp * self.tn - self.fp * self.fn

    def _divide(self, metric: str, above: int, *names: str) -> float:
        """Divide by the product of the counts `names`, or say which of them is zero."""
        counts: dict[str, int] = {name: getattr(self, name) for name in names}
        if below := math.prod(counts.values()):
            return above / below  # rounded once, however large the two integers are
        because = " and ".join(_NONE[name] for name, n in counts.items() if n == 0)
        return undefined(metric, because, stacklevel=4)

    @property
    def accuracy(self) -> float:
        """Share of all cases that are called right. Undefined without any case."""
        return self._divide("accuracy", self.tp + self.tn, "total")

    @property
    def prevalence(self) -> float:
        """Share of all cases that are positive. Undefined without any case."""
        return self._divide("prevalence", self.positives, "total")

    @property
    def sensitivity(self) -> float:
        """Share of the positives that is found: TP / P, the hit rate. Undefined without them."""
        return self._divide("sensitivity", self.tp, "positives")

    @property
    def specificity(self) -> float:
        """Share of the negatives that is left alone: TN / N. Undefined without them."""
        return self._divide("specificity", self.tn, "negatives")

    @property
    def fpr(self) -> float:
        """Share of the negatives with a false alarm: FP / N = 1 - TNR. Undefined without them."""
        return self._divide("fpr", self.fp, "negatives")

    @property
    def fnr(self) -> float:
        """Share of the positives that is missed: FN / P = 1 - TPR. Undefined without them."""
        return self._divide("fnr", self.fn, "positives")

    @property
    def balanced_accuracy(self) -> float:
        """(TPR + TNR) / 2. Undefined if one class is missing: half of it was not tried."""
        above = self.tp * self.negatives + self.tn * self.positives
        return self._divide("balanced_accuracy", above, "positives", "negatives") / 2

    @property
    def informedness(self) -> float:
        """TPR + TNR - 1, Youden's J. Undefined if one class is missing."""
        return self._divide("informedness", self._determinant, "positives", "negatives")

    @property
    def positive_likelihood_ratio(self) -> float:
        """TPR / FPR: by what a positive answer multiplies the odds. Undefined if FPR is 0."""
        above = self.tp * self.negatives
        return self._divide("positive_likelihood_ratio", above, "positives", "fp")

    @property
    def negative_likelihood_ratio(self) -> float:
        """FNR / TNR: by what a negative answer multiplies the odds. Undefined if TNR is 0."""
        above = self.fn * self.negatives
        return self._divide("negative_likelihood_ratio", above, "positives", "tn")

    @property
    def diagnostic_odds_ratio(self) -> float:
        """LR+ / LR- = TP TN / (FP FN). Undefined without a false alarm or without a miss."""
        return self._divide("diagnostic_odds_ratio", self.tp * self.tn, "fp", "fn")

    @property
    def precision(self) -> float:
        """Share of the positive answers that is right: TP / PP. Undefined without one."""
        return self._divide("precision", self.tp, "predicted_positives")

    @property
    def npv(self) -> float:
        """Share of the negative answers that is right: TN / PN. Undefined without one."""
        return self._divide("npv", self.tn, "predicted_negatives")

    @property
    def false_discovery_rate(self) -> float:
        """Share of the positive answers that is wrong: FP / PP = 1 - PPV."""
        return self._divide("false_discovery_rate", self.fp, "predicted_positives")

    @property
    def false_omission_rate(self) -> float:
        """Share of the negative answers that is wrong: FN / PN = 1 - NPV."""
        return self._divide("false_omission_rate", self.fn, "predicted_negatives")

    @property
    def markedness(self) -> float:
        """PPV + NPV - 1. Undefined if only one answer was ever given."""
        answers = "predicted_positives", "predicted_negatives"
        return self._divide("markedness", self._determinant, *answers)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN), the harmonic mean of precision and sensitivity; ignores TN."""
        return self._divide("f1", 2 * self.tp, "_union_and_hits")

    @property
    def jaccard(self) -> float:
        """TP / (TP + FN + FP), threat score or critical success index; ignores TN."""
        return self._divide("jaccard", self.tp, "_union")

    @property
    def fowlkes_mallows(self) -> float:
        """The geometric mean of precision and sensitivity. Undefined if one of them is."""
        margins = "positives", "predicted_positives"
        return math.sqrt(self._divide("fowlkes_mallows", self.tp**2, *margins))

    @property
    def mcc(self) -> float:
        """The Matthews coefficient: the correlation of labels with predictions, from -1 to 1.

        (TP TN - FP FN) / sqrt(P N PP PN), which is sqrt(TPR TNR PPV NPV) - sqrt(FNR FPR FOR FDR).
        Undefined if one class or one answer is missing; scikit-learn says 0 there.

        >>> BinaryConfusion(tp=10**6, fn=0, fp=0, tn=10**6).mcc
        1.0

        Source: B. W. Matthews, Biochim. Biophys. Acta 405 (1975) 442.
        """
        margins = "positives", "negatives", "predicted_positives", "predicted_negatives"
        square = self._divide("mcc", self._determinant**2, *margins)
        return math.copysign(math.sqrt(square), self._determinant)

    recall = tpr = sensitivity
    tnr = specificity
    ppv = precision

    def at_prevalence(self, prevalence: float) -> PredictiveValues:
        """Return PPV and NPV where `prevalence` of the people, 0 to 1, are positive.

        >>> test = BinaryConfusion(tp=90, fn=10, fp=10, tn=90)
        >>> test.precision, round(test.at_prevalence(0.01).ppv, 3)
        (0.9, 0.083)

        Returns:
            `PredictiveValues(ppv, npv)`, both nan if a class is missing here.

        Raises:
            ValueError: `prevalence` is no number from 0 to 1.
        """
        p = number_between(0, 1, "prevalence", prevalence)
        if not self.positives or not self.negatives:
            nan = self._divide("at_prevalence", 0, "positives", "negatives")
            return PredictiveValues(nan, nan)
        return bayes(self.sensitivity, self.fnr, self.fpr, self.specificity, p)
