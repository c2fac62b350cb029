"""Real times, some of them censored: who waited for a heart in the Stanford transplant program.

The table needs no download: lifelines ships the table, and loads when it is asked for.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class HeartTransplants(NamedTuple):
    """One row a patient, N = 103, float64 but for the three flags, which are bool; each (N,).

    - `days`: from the acceptance into the program to death, or to when the patient was last seen.
    - `died`: whether that was death; else the time is censored.
    - `age`: in years, on the day of acceptance.
    - `surgery`: whether the patient had had open-heart surgery before. Known on that day, too.
    - `transplanted`: whether a heart was found *later*, in time.
    - `wait`: days from the acceptance to the transplant, nan for whom there was none.
    """

    days: Tensor
    died: Tensor
    age: Tensor
    surgery: Tensor
    transplanted: Tensor
    wait: Tensor


def heart_transplants() -> HeartTransplants:
    """Load the 103 patients who were accepted for a transplant, one row each.

    The table has a row for each interval from `start` to `stop` in which nothing changed: one for a
    patient without a transplant, two for the others, before and after it. The patient's time is
    where the last interval stops, and the outcome is the last interval's.

    >>> hearts = heart_transplants()
    >>> len(hearts.days), int(hearts.died.sum()), int(hearts.transplanted.sum())
    (103, 75, 69)
    >>> hearts.days[:4].tolist(), hearts.wait[:4].tolist()
    ([50.0, 6.0, 16.0, 39.0], [nan, nan, 1.0, 36.0])

    Raises:
        ValueError: If lifelines' table is not as described.

    **Do not compare the transplanted with the others by `transplanted`**: to be transplanted one
    must live until a heart is found, so the transplanted have that time for free (immortal time).

    Source: Crowley and Hu, "Covariance analysis of heart transplant survival data", JASA 72 (1977),
    doi 10.2307/2286902, as lifelines ships it, with ages in years less 48.

    Used in the chapter When the answer is a number or a time (book/20_numbers_and_times.md).
    """
    from lifelines.datasets import load_stanford_heart_transplants

    table = load_stanford_heart_transplants().sort_values(["id", "start"])
    patients = table.groupby("id")
    first, last = patients.first(), patients.last()
    after = table[table["transplant"] == 1].set_index("id")  # at most one interval a patient
    sound = (
        (first["start"] == 0).all()
        and after.index.is_unique
        and (first.loc[after.index, "stop"] == after["start"]).all()
        and (table.groupby("id")["event"].sum() == last["event"]).all()
    )
    if not sound:
        raise ValueError("`load_stanford_heart_transplants` must give intervals that join")

    def column(values: object, dtype: torch.dtype = torch.float64) -> Tensor:
        return torch.tensor(list(values), dtype=dtype)  # type: ignore[call-overload]

    return HeartTransplants(
        days=column(last["stop"]),
        died=column(last["event"] == 1, torch.bool),
        age=column(last["age"] + 48),
        surgery=column(last["surgery"] == 1, torch.bool),
        transplanted=column(last["transplant"] == 1, torch.bool),
        wait=column(after["start"].reindex(last.index)),
    )
