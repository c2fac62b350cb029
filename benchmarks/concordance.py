"""How fast is Harrell's C with its counts beside lifelines and scikit-survival?

scikit-survival counts pair by pair, so it is timed up to 20,000 patients.
"""

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import numpy as np

from course_lib.metrics import concordance_index
from measuring import Bar, Case, Claim, compare, main

Cohort = tuple[np.ndarray, np.ndarray, np.ndarray]  # time, event, risk


def cohort(n: int, ties: bool) -> Cohort:
    """Simulate patients, half of them with an event."""
    rng = np.random.default_rng(0)
    risk = rng.normal(size=n)
    when = rng.exponential(np.exp(-risk))
    if ties:
        risk, when = risk.round(1), np.ceil(np.minimum(when, 5) * 52)
    return when, rng.random(n) < 0.5, risk


def _compare(n: int, rounds: int, theirs: Callable[..., Any], *, has_bar: bool) -> list[Case]:
    cases = []
    for ties in (False, True):
        patients = cohort(n, ties)
        ours, found = concordance_index(*patients), theirs(*patients)
        assert abs(ours.index - found[0]) < 1e-12, (ours, found)
        assert len(found) == 1 or tuple(found) == astuple(ours), (ours, found)

        def ask(patients: Cohort = patients) -> object:
            return concordance_index(*patients)

        def other(patients: Cohort = patients) -> object:
            return theirs(*patients)

        name = f"{n:,} patients, {'many' if ties else 'no'} ties"
        cases.append(compare(name, ask, other, rounds, has_bar=has_bar))
    return cases


def beside_lifelines(small: bool) -> Claim:
    """Measure a usual study and a large one."""
    from lifelines.utils import concordance_index as theirs

    def other(time: np.ndarray, event: np.ndarray, risk: np.ndarray) -> tuple[float]:
        return (theirs(time, -risk, event),)

    usual, large = (100, 500) if small else (1_000, 100_000)
    rounds = 1 if small else 5
    return Claim(
        title="Harrell's C of many patients",
        means="Both sort. The bar is for the large study; the small one is shown beside it. "
        "With ties, time is in whole weeks and the risk has one decimal.",
        size=f"{usual:,} and {large:,} patients, half of them with an event",
        ours="course_lib",
        peer="lifelines",
        bar=Bar("times", 5),
        cases=_compare(usual, rounds, other, has_bar=False)
        + _compare(large, rounds, other, has_bar=True),
    )


def beside_scikit_survival(small: bool) -> Claim:
    """Measure where counting pair by pair still ends, with the same counts."""
    from sksurv.metrics import concordance_index_censored

    def other(time: np.ndarray, event: np.ndarray, risk: np.ndarray) -> tuple[Any, ...]:
        # By default risks less than 1e-8 apart are tied, which costs a pair of 20,000 patients.
        return tuple(concordance_index_censored(event, time, risk, tied_tol=0))

    n = 200 if small else 20_000
    return Claim(
        title="Harrell's C with its counts",
        means="Both count the pairs in order, in the wrong order and tied, and the counts are the "
        "same. scikit-survival goes through the pairs; we sort.",
        size=f"{n:,} patients, half of them with an event",
        ours="course_lib",
        peer="scikit-survival",
        bar=Bar("times", 25),
        cases=_compare(n, 1 if small else 3, other, has_bar=True),
    )


CLAIMS = (beside_lifelines, beside_scikit_survival)

if __name__ == "__main__":
    main(*CLAIMS)
