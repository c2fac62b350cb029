"""Who is in training, and who in the test? Splits by patient, and a check that refuses a leak.

Films of one patient are alike. If some are for fitting and others for testing, a model may know the
patient, and look better than it is. N films, G patients, L labels.
"""

import math
import reprlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib._checks import whole_number_from
from course_lib.data.duplicates import Duplicate, Film, find_duplicates

__all__ = [
    "Duplicate",
    "Film",
    "Indices",
    "PatientOverlapError",
    "find_duplicates",
    "patient_folds",
    "refuse_overlap",
    "split_patients",
]

Indices = NDArray[np.int64]

_FEW = 5  # patients that an error names
_GOLDEN = (math.sqrt(5) - 1) / 2


class PatientOverlapError(ValueError):
    """Some patients have films in more than one split.

    `patients` has each of them, and the names of the splits that hold their films.
    """

    def __init__(self, message: str, patients: dict[Any, tuple[str, ...]]) -> None:
        """Keep the `patients` beside the message."""
        super().__init__(message)
        self.patients = patients


def split_patients(
    patients: Any,
    fractions: Mapping[str, float] | None = None,
    *,
    stratify: Any = None,
    seed: int = 0,
) -> dict[str, Indices]:
    """Split films into parts, so that all films of a patient are in one part.

    Shapes: (N,), (N,) or (N, L) -> for each part the indices of its films.

    >>> parts = split_patients(["Mia", "Mia", "Ben", "Ben"], {"train": 0.5, "test": 0.5})
    >>> sorted(len(films) for films in parts.values())
    [2, 2]

    Args:
        patients: Whose film it is: numbers or names.
        fractions: The share of the films that each part should have; they add up to 1. If None,
            train 0.7, valid 0.1 and test 0.2.
        stratify: Of what kind a film is, (N,), numbers or names; or L findings, 0 or 1, (N, L).
            Each kind is to have its share in each part as well.
        seed: From 0. The same seed makes the same split.

    Returns:
        Index arrays in ascending order, one for each part. Together they hold each film once.

    Raises:
        ValueError: For arguments outside of what is said above, and if there are too few patients
            to give each part one.

    Each patient is first dealt to a part by chance, with the fractions as odds; those with few and
    with many films alike. Then single patients move as long as it brings the counts of films and
    kinds nearer to their shares (the sum of (found - wanted)² / wanted). Patients can't be cut, so
    the shares are met about, not exactly. `StratifiedGroupKFold` of scikit-learn makes parts of one
    size only; a greedy rule that begins with the largest patients never puts those into a small
    part. Cost: O(G log G + M G) for M moves; half a second for 30,805 patients with 112,120 films.

    Derived in the chapter How sure are you? (book/19_how_sure.md).
    """
    if fractions is None:
        fractions = {"train": 0.7, "valid": 0.1, "test": 0.2}
    names, shares = _shares(fractions)
    who = _column("patients", patients)
    part = _assign(who, shares, _kinds(stratify, len(who)), seed)
    parts = {name: np.flatnonzero(part == p) for p, name in enumerate(names)}
    for name, films in parts.items():
        if not len(films):
            raise ValueError(
                f"`fractions` must leave a patient for each part, got none of "
                f"{len(np.unique(who))} for {name!r}, a share of {fractions[name]:g}"
            )
    return parts


def patient_folds(
    patients: Any, k: int, *, stratify: Any = None, seed: int = 0
) -> list[tuple[Indices, Indices]]:
    """Return k folds for a cross-validation: the films to fit on, and the films held out.

    All films of a patient are held out together, in one fold. The list can be the `cv` of
    scikit-learn's `cross_val_predict`.

    >>> [held.tolist() for _, held in patient_folds([7, 7, 8, 8], 2)] in ([[0, 1], [2, 3]],
    ...                                                                  [[2, 3], [0, 1]])
    True

    Args:
        patients: Whose film it is, (N,): numbers or names.
        k: How many folds, from 2 to the number of patients.
        stratify: As for `split_patients`.
        seed: From 0.

    Returns:
        k pairs of index arrays, in ascending order. Each film is held out once.

    Raises:
        ValueError: For arguments outside of what is said above.

    Used in the chapter How sure are you? (book/19_how_sure.md).
    """
    who = _column("patients", patients)
    k = whole_number_from(2, len(np.unique(who)), "k", k)
    fold = _assign(who, np.full(k, 1 / k), _kinds(stratify, len(who)), seed)
    return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(k)]


def refuse_overlap(patients: Any, splits: Any) -> None:
    """Raise an error if a patient has films in more than one split.

    >>> refuse_overlap(["Mia", "Mia", "Ben"], {"train": [0, 1], "test": [2]})
    >>> refuse_overlap(["Mia", "Mia", "Ben"], ["train", "test", "test"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    course_lib.data.splits.PatientOverlapError: 1 of 2 patients has films ... 'Mia' (train, test)

    Args:
        patients: Whose film it is, (N,): numbers or names.
        splits: For each split, by name, the indices of its films (or a mask of N bools); or the
            name of the split of each film, (N,).

    Raises:
        PatientOverlapError: A ValueError. It says how many patients are in which splits, names the
            first of them, and has all in its attribute `patients`.
        ValueError: For an index that no film has, or a column of another length.

    Derived in the chapter How sure are you? (book/19_how_sure.md).
    """
    who = _column("patients", patients)
    by_name = splits if isinstance(splits, Mapping) else _by_name(splits, len(who))
    seen: dict[Any, list[str]] = {}
    for name, films in by_name.items():
        for patient in np.unique(who[_indices(name, films, len(who))]).tolist():
            seen.setdefault(patient, []).append(str(name))
    shared = {patient: tuple(names) for patient, names in seen.items() if len(names) > 1}
    if not shared:
        return
    where = Counter(shared.values())
    counts = ", ".join(f"{' and '.join(names)}: {n}" for names, n in where.most_common())
    shown = ", ".join(f"{p!r} ({', '.join(names)})" for p, names in list(shared.items())[:_FEW])
    rest = f" and {len(shared) - _FEW} more" if len(shared) > _FEW else ""
    has = "has" if len(shared) == 1 else "have"
    raise PatientOverlapError(
        f"{len(shared)} of {len(seen)} patients {has} films in more than one split "
        f"({counts}): {shown}{rest}",
        shared,
    )


def _column(name: str, values: Any) -> NDArray[Any]:
    """Return one value a film, (N,), numbers or names; none of them missing."""
    if hasattr(values, "detach"):  # a tensor, maybe on a GPU
        values = values.detach().cpu().numpy()
    try:
        found = np.asarray(values)
    except ValueError:  # rows of different lengths
        found = np.empty((0, 0))
    if found.ndim != 1:
        raise ValueError(f"`{name}` must have shape (N,), got {reprlib.repr(values)}")
    if not len(found):
        raise ValueError(f"`{name}` must not be empty")
    plain = found.tolist()
    missing = [i for i, value in enumerate(plain) if value is None or value != value]
    if missing:
        raise ValueError(f"`{name}` must name each film's, got {plain[missing[0]]} at {missing[0]}")
    if found.dtype.kind == "O" and len({type(value) for value in plain}) > 1:
        raise ValueError(f"`{name}` must be of one kind, all names or all numbers")
    return found


def _shares(fractions: Mapping[str, float]) -> tuple[list[str], NDArray[np.float64]]:
    if not isinstance(fractions, Mapping) or len(fractions) < 2:
        shown = reprlib.repr(fractions)
        raise ValueError(f"`fractions` must name two parts or more, got {shown}")
    for name, share in fractions.items():
        if isinstance(share, (bool, str)) or not 0 < share < 1:
            raise ValueError(f"`fractions` must be between 0 and 1, got {share!r} for {name!r}")
    if abs(sum(fractions.values()) - 1) > 1e-6:
        raise ValueError(f"`fractions` must add up to 1, got {sum(fractions.values()):g}")
    return list(fractions), np.array(list(fractions.values()), dtype=np.float64)


def _kinds(stratify: Any, films: int) -> NDArray[np.float64]:
    """Return what is counted of each film, (N, 1 + kinds): the film itself, then its kinds."""
    film = np.ones((films, 1))
    if stratify is None:
        return film
    if hasattr(stratify, "detach"):
        stratify = stratify.detach().cpu().numpy()
    if np.ndim(stratify) == 2:
        findings = np.asarray(stratify)
        if len(findings) == films and np.isin(findings, (0, 1)).all():
            return np.hstack([film, findings.astype(np.float64)])
        raise ValueError(
            f"`stratify` must hold 0 and 1 in {films} rows, got shape {findings.shape}"
        )
    kind = _column("stratify", stratify)
    if len(kind) != films:
        raise ValueError(f"`stratify` must be as long as `patients`, {films}, got {len(kind)}")
    different, code = np.unique(kind, return_inverse=True)
    return np.hstack([film, np.eye(len(different))[code.reshape(-1)]])


def _assign(
    who: NDArray[Any], shares: NDArray[np.float64], kinds: NDArray[np.float64], seed: int
) -> NDArray[np.int64]:
    """Return the part of each film, (N,)."""
    random = np.random.default_rng(whole_number_from(0, 2**63 - 1, "seed", seed))
    _, patient = np.unique(who, return_inverse=True)
    patient = patient.reshape(-1)
    counts = np.zeros((int(patient.max()) + 1, kinds.shape[1]))  # (G, kinds) of each patient
    np.add.at(counts, patient, kinds)
    # In the order of size and kinds, golden steps give each run of neighbors their shares.
    order = np.lexsort((random.permutation(len(counts)), *counts.T[::-1]))
    place = np.empty(len(counts))
    place[order] = (random.random() + _GOLDEN * np.arange(len(counts))) % 1
    part = np.searchsorted(np.cumsum(shares)[:-1], place, side="right")
    return _improved(part, counts[:, counts.any(axis=0)], shares)[patient]


def _improved(
    part: NDArray[np.int64], counts: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Move the patient that helps most to another part, until none helps."""
    wanted = shares[:, None] * counts.sum(axis=0)  # (parts, kinds)
    found = np.zeros_like(wanted)
    np.add.at(found, part, counts)
    alone = (counts**2) @ (1 / wanted).T  # (G, parts)
    everyone = np.arange(len(part))
    while True:
        pull = 2 * counts @ ((found - wanted) / wanted).T
        gain = (pull - alone)[everyone, part][:, None] - (pull + alone)
        gain[everyone, part] = 0
        patient, to = np.unravel_index(gain.argmax(), gain.shape)
        if gain[patient, to] <= 1e-9:
            return part
        found[part[patient]] -= counts[patient]
        found[to] += counts[patient]
        part[patient] = to


def _indices(name: str, films: Any, length: int) -> NDArray[np.int64]:
    """Return the indices that a split holds, from indices or a mask."""
    if hasattr(films, "detach"):
        films = films.detach().cpu().numpy()
    found = np.asarray(films)
    if found.dtype == bool and found.shape == (length,):
        return np.flatnonzero(found)
    if found.size == 0:
        return np.empty(0, dtype=np.int64)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        shown = reprlib.repr(films)
        raise ValueError(f"`splits` must hold indices of films, got {shown} for {name!r}")
    wrong = found[(found < 0) | (found >= length)]
    if len(wrong):
        raise ValueError(
            f"`splits` must hold indices from 0 to {length - 1}, got {wrong[0]} for {name!r}"
        )
    return found.astype(np.int64)


def _by_name(splits: Any, films: int) -> dict[str, NDArray[np.int64]]:
    split = _column("splits", splits)
    if len(split) != films:
        raise ValueError(f"`splits` must be as long as `patients`, {films}, got {len(split)}")
    names = dict.fromkeys(split.tolist())  # in the order of first appearance
    return {name: np.flatnonzero(split == name) for name in names}
