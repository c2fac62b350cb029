"""Brain age that regresses to the mean: the young are predicted too old, the old too young.

A line fitted to held-out people takes that bias out. A corrected error is no skill: the second form
uses the true age, and would make a perfect-looking prediction of noise.
"""

from typing import Literal

import torch
from torch import Tensor

from course_lib._checks import one_of
from course_lib.metrics._inputs import Values, as_tensor, numbers, same_length

Form = Literal["cole", "beheshti"]


class AgeBiasCorrection:
    """Fit the bias of predicted ages on held-out people, and correct the ages of other people.

    - `form="cole"`: fit `predicted = slope * age + intercept`; corrected is
      `(predicted - intercept) / slope`. It does not use the true age of whom it corrects.
    - `form="beheshti"`: fit `predicted - age = slope * age + intercept`; corrected is
      `predicted - (slope * age + intercept)`, which does use the true age. So it brings the
      predictions nearer to the truth whatever they are: never report it as the accuracy.

    >>> correction = AgeBiasCorrection("cole").fit([50, 60, 70], [55, 60, 65])
    >>> correction.slope, correction.intercept
    (0.5, 30.0)
    >>> correction.apply([54, 66], [58, 62]).tolist()
    [56.0, 64.0]
    >>> correction.apply([50, 60, 70], [55, 60, 65])
    Traceback (most recent call last):
    ValueError: `y_true` and `y_pred` must be of people that the correction was not fitted on, got \
3 of 3 pairs that it was fitted on (pass `patients` to both calls if these are other people)

    Source: Cole et al., "Brain age predicts mortality", Molecular Psychiatry 23 (2018);
    Beheshti et al., "Bias-adjustment in neuroimaging-based brain age frameworks", NeuroImage:
    Clinical 24 (2019); the two compared in de Lange and Cole, NeuroImage: Clinical 26 (2020).
    """

    slope: float
    intercept: float

    def __init__(self, form: Form = "cole") -> None:
        """Choose the form."""
        one_of("form", form, ("cole", "beheshti"))
        self.form = form
        self._fitted: Tensor | None = None
        self._patients: set[object] | None = None

    def fit(
        self, y_true: Values, y_pred: Values, *, patients: Values | None = None
    ) -> "AgeBiasCorrection":
        """Fit slope and intercept by least squares, and return this correction.

        Args:
            y_true: Ages, (N,), of people that the network was not trained on.
            y_pred: Their predicted ages, (N,), in the same unit.
            patients: Who they are, N names or numbers, so that `apply` knows them again.

        Raises:
            ValueError: If a value is nan or infinite, lengths differ, fewer than two ages are
                different, or (Cole) the predictions do not rise with age, so that no line can be
                turned round.

        Cost: O(N).
        """
        age, predicted = _ages(y_true, y_pred)
        names = _names(patients, len(age))
        centered = age - age.mean()
        if not bool((age != age[0]).any()):
            raise ValueError(f"`y_true` must hold two different ages, got {float(age[0]):g} only")
        target = predicted if self.form == "cole" else predicted - age
        slope = float(centered @ (target - target.mean()) / (centered @ centered))
        if self.form == "cole" and slope <= 1e-12:
            raise ValueError(f"`y_pred` must rise with `y_true`, got the slope {slope:.3g}")
        self.slope = slope
        self.intercept = float(target.mean()) - slope * float(age.mean())
        self._fitted, self._patients = _rows(age, predicted), names
        return self

    def apply(self, y_true: Values, y_pred: Values, *, patients: Values | None = None) -> Tensor:
        """Return the corrected ages, (N,), float64, on the device of `y_pred`.

        People that the correction was fitted on are refused: it would look better than it is. With
        `patients` here and in `fit`, none of them may be the same. Without, at most half of the
        pairs of age and prediction may be known, so that the same data in another order, a part of
        it, or itself with others is refused, while rounded numbers may meet by chance.

        Args:
            y_true: Ages, (N,).
            y_pred: Predicted ages, (N,).
            patients: Who they are, N names or numbers.

        Raises:
            ValueError: If these are people of `fit`, before `fit`, if a value is nan or infinite,
                or if lengths differ.

        Cost: O((N + M) log (N + M)) after a fit on M people.
        """
        if self._fitted is None:
            raise ValueError("`fit` must be called on held-out people before `apply`")
        age, predicted = _ages(y_true, y_pred)
        names = _names(patients, len(age))
        if (names is None) != (self._patients is None):
            raise ValueError("`patients` must be passed to both `fit` and `apply`, or to neither")
        if names is not None and self._patients is not None:
            if same := names & self._patients:
                raise ValueError(
                    "`patients` must be people that the correction was not fitted on, got "
                    f"{len(same)} of {len(names)} that it was fitted on"
                )
        else:
            known = _known(_rows(age, predicted), self._fitted)
            if 2 * known > len(age):
                raise ValueError(
                    "`y_true` and `y_pred` must be of people that the correction was not fitted "
                    f"on, got {known} of {len(age)} pairs that it was fitted on (pass `patients` "
                    "to both calls if these are other people)"
                )
        if self.form == "cole":
            return (predicted - self.intercept) / self.slope
        return predicted - (self.slope * age + self.intercept)


def _ages(y_true: Values, y_pred: Values) -> tuple[Tensor, Tensor]:
    predicted = numbers("y_pred", y_pred)
    age = numbers("y_true", y_true).to(predicted.device)
    same_length(y_true=age, y_pred=predicted)
    return age, predicted


def _rows(age: Tensor, predicted: Tensor) -> Tensor:
    """Return pairs (N, 2) in float32, so that a round trip through it hides nothing."""
    return torch.stack((age, predicted), dim=1).float().cpu()


def _known(rows: Tensor, fitted: Tensor) -> int:
    """Count the rows that are among those fitted."""
    _, number = torch.unique(torch.cat((fitted, rows)), dim=0, return_inverse=True)
    return int(torch.isin(number[len(fitted) :], number[: len(fitted)]).sum())


def _names(patients: Values | None, n: int) -> set[object] | None:
    if patients is None:
        return None
    if isinstance(patients, Tensor):
        patients = as_tensor("patients", patients).tolist()
    names = list(patients.tolist() if hasattr(patients, "tolist") else patients)
    if len(names) != n:
        raise ValueError(f"`patients` must be as long as `y_true`, {n}, got {len(names)}")
    return set(names)
