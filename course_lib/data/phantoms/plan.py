"""The random numbers behind each film, drawn so that nothing depends on how many are asked for.

Philox is a generator that counts: the numbers of film k of patient p are a function of the seed, p
and k (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). N films, L findings.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from course_lib.data.findings import FINDINGS
from course_lib.data.phantoms.names import CHRONIC, RELATED

GRID = 16  # the cells of a random field along each axis; the same ones for every size of image
_BODY, _POSE, _DEVICES, _PLACE = 24, 12, 8, 6


@dataclass(frozen=True, eq=False)
class Plan:
    """Numbers in [0, 1) for each film, if not said otherwise; those of a patient are repeated."""

    patients: Tensor  # (N,) number of the patient
    numbers: Tensor  # (N,) 0 for the first film of the patient
    site: Tensor  # (N,)
    body: Tensor  # (N, 24) anatomy, of the patient
    pose: Tensor  # (N, 12) position, breath and exposure of the film
    presence: Tensor  # (N, L) standard normal: the finding is there where it is low
    places: Tensor  # (N, L, 6) side, place, size, density of each finding
    devices: Tensor  # (N, 8)
    reports: Tensor  # (N, L) what the report gets wrong
    texture: Tensor  # (N, 3, 16, 16) of mean 0 and deviation 1: of the patient, patient and film
    seed: int

    def __getitem__(self, films: Tensor | slice) -> "Plan":
        """Return the plan of some of the films."""
        chosen = {f.name: getattr(self, f.name) for f in fields(self)}
        return Plan(**{k: v if k == "seed" else v[films] for k, v in chosen.items()})

    def noise(self, size: int) -> Tensor:
        """Return standard normal noise (N, size, size), different for each film."""
        streams = zip(self.patients.tolist(), self.numbers.tolist(), strict=True)
        return torch.from_numpy(
            np.stack(
                [
                    _stream(self.seed, patient, number + 1, noise=True).standard_normal(
                        (size, size), dtype=np.float32
                    )
                    for patient, number in streams
                ]
            )
        )


def draw_plan(patients: int, films: tuple[int, int], seed: int, first_patient: int) -> Plan:
    """Draw the numbers of `patients` patients with `films` (fewest, most) films each."""
    few, many = films
    findings = len(FINDINGS)
    rows: list[tuple[int, int]] = []
    of_patients, of_films = [], []
    lengths = (2 + _BODY + len(RELATED) + findings * (1 + _PLACE), 2 * GRID**2)
    film_length = _POSE + findings * (2 + _PLACE) + _DEVICES + GRID**2
    for patient in range(first_patient, first_patient + patients):
        own = _stream(seed, patient, 0).random(sum(lengths))
        for number in range(few + int(own[0] * (many - few + 1))):
            rows.append((patient, number))
            of_patients.append(own)
            of_films.append(_stream(seed, patient, number + 1).random(film_length))
    lifelong, film = _Reader(of_patients), _Reader(of_films)
    lifelong.take(1)
    site = lifelong.take(1)[:, 0]
    body = lifelong.take(_BODY).float()
    common, lasting = lifelong.take(len(RELATED)), lifelong.take(findings)
    places = lifelong.take(findings, _PLACE).float()
    texture = lifelong.take(2, GRID, GRID)
    pose, passing = film.take(_POSE).float(), film.take(findings)
    film_places = film.take(findings, _PLACE).float()
    reports, devices = film.take(findings), film.take(_DEVICES)
    texture = torch.cat([texture, film.take(1, GRID, GRID)], dim=1)
    chronic = torch.tensor([name in CHRONIC for name in FINDINGS])
    patient_ids, numbers = torch.tensor(rows).unbind(1)
    return Plan(
        patients=patient_ids,
        numbers=numbers,
        site=site,
        body=body,
        pose=pose,
        presence=_mix(common, lasting, passing),
        places=torch.where(chronic[:, None], places, film_places),
        devices=devices,
        reports=reports,
        texture=((texture - 0.5) * 12**0.5).float(),
        seed=seed,
    )


def _mix(common: Tensor, lasting: Tensor, passing: Tensor) -> Tensor:
    """Make one normal number of three: findings of a group go together, films of a patient too."""
    common, lasting, passing = (
        torch.special.ndtri(u.clamp(min=1e-12)) for u in (common, lasting, passing)
    )
    mixed = []
    for number, name in enumerate(FINDINGS):
        groups = [g for g, members in enumerate(RELATED) if name in members]
        shared = 0.3 if groups else 0.0
        new = 0.0 if name in CHRONIC else 0.4
        value = (1 - shared - new) ** 0.5 * lasting[:, number] + new**0.5 * passing[:, number]
        if groups:
            value = value + shared**0.5 * common[:, groups[0]]
        mixed.append(value)
    return torch.stack(mixed, dim=1)


def _stream(seed: int, patient: int, film: int, *, noise: bool = False) -> np.random.Generator:
    key = np.array([seed, patient], dtype=np.uint64)
    counter = np.array([0, 0, int(noise), film], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


class _Reader:
    """Takes the columns of a table one piece after the other."""

    def __init__(self, rows: list[np.ndarray]) -> None:
        self.table = torch.from_numpy(np.stack(rows))
        self.at = 0

    def take(self, *shape: int) -> Tensor:
        """Return the next columns as (N, *shape)."""
        length = int(np.prod(shape))
        piece = self.table[:, self.at : self.at + length]
        self.at += length
        return piece.reshape(-1, *shape)
