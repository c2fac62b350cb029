"""Draw phantoms of chest films whose truth is known: which findings there are, and where.

A phantom, drawn from formulas: it looks like a chest film and is none.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib._checks import whole_number, whole_number_from
from course_lib.data.findings import FINDINGS
from course_lib.data.phantoms._inputs import number_from
from course_lib.data.phantoms.devices import place_devices
from course_lib.data.phantoms.films import ChestFilms, draw_films
from course_lib.data.phantoms.names import PREVALENCE
from course_lib.data.phantoms.plan import draw_plan
from course_lib.data.phantoms.render import Setting
from course_lib.data.phantoms.sites import Shortcut, Site

Prevalence = float | Sequence[float] | Mapping[str, float]


def chest_films(
    patients: int,
    *,
    size: int = 64,
    seed: int = 0,
    prevalence: Prevalence | None = None,
    films_per_patient: tuple[int, int] = (1, 4),
    sites: Sequence[Site] = (Site("A"),),
    label_noise: float | tuple[float, float] = 0.0,
    shortcut: Shortcut | None = None,
    first_patient: int = 0,
) -> ChestFilms:
    """Draw chest films of so many patients, with findings, reports and devices.

    >>> films = chest_films(100)
    >>> films.images.shape[1:], films.labels.shape[1:]
    (torch.Size([1, 64, 64]), torch.Size([14]))
    >>> test = chest_films(10, first_patient=100)  # other patients of the same kind
    >>> set(test.patients.tolist()).isdisjoint(films.patients.tolist())
    True

    Args:
        patients: How many, at least 1.
        size: Height and width in pixels, 32 to 1024; the anatomy is the same at each.
        seed: A whole number of at least 0. Film k of patient p depends on the seed, on k and p, and
            not on how many are asked for.
        prevalence: How often a finding is on a film, 0 to 1: one number for all, 14 of them, or
            those that differ from `PREVALENCE` by name.
        films_per_patient: Fewest and most films of a patient, 1 to 100; all numbers between are
            equally likely.
        sites: Where the films are made; each patient stays at one.
        label_noise: What share p of the findings a report misses. About as many are invented: a
            share p of the labels is wrong, too. Or two numbers: the share of the findings that is
            missed, and the share of the absent ones that is invented.
        shortcut: A marker that gives a finding away; without it there are no markers.
        first_patient: The number of the first patient, at least 0.

    Returns:
        Films in the order of the patients.

    Raises:
        ValueError: If an argument is out of its range.

    Findings of one disease come together more often than by chance (`RELATED`), chronic ones
    (`CHRONIC`) are in all films of a patient. About 1 ms a film of 64 x 64.
    """
    patients = whole_number("patients", patients)
    size = whole_number_from(32, 1024, "size", size)
    seed = whole_number_from(0, 2**63 - 1, "seed", seed)
    first_patient = whole_number_from(0, 2**62, "first_patient", first_patient)
    share = _prevalence(prevalence)
    table = _sites(sites)
    names = tuple(site.name for site in table)
    if shortcut is not None:
        if not isinstance(shortcut, Shortcut):
            raise ValueError(f"`shortcut` must be a Shortcut or None, got {shortcut!r}")
        if shortcut.site not in names:
            raise ValueError(
                f"`shortcut` must be at one of the sites {', '.join(names)}, got {shortcut.site!r}"
            )
    missed, invented = _label_noise(label_noise, share)
    plan = draw_plan(patients, _range(films_per_patient), seed, first_patient)
    truth = torch.special.ndtr(plan.presence) < share
    labels = torch.where(truth, plan.reports >= missed, plan.reports < invented)
    borders = torch.tensor([site.share for site in table], dtype=torch.float64).cumsum(0)
    where = torch.searchsorted(borders / borders[-1], plan.site.contiguous(), right=True).clamp(
        max=len(table) - 1
    )
    devices = place_devices(plan, truth, where, shortcut, names)
    setting = Setting(size, table, shortcut.marker if shortcut else None)
    return draw_films(plan, truth.float(), labels.float(), devices, where, names, setting)


def _prevalence(value: Prevalence | None) -> Tensor:
    if value is None:
        value = {}
    if isinstance(value, Mapping):
        for finding in value:
            if finding not in FINDINGS:
                raise ValueError(f"`prevalence` must have names of FINDINGS, got {finding!r}")
        value = [value.get(finding, PREVALENCE[finding]) for finding in FINDINGS]
    numbers: list[object] = [value] * len(FINDINGS)
    if isinstance(value, (list, tuple, Tensor, np.ndarray)):
        if len(value) != len(FINDINGS):
            raise ValueError(f"`prevalence` must have 14 values, one a finding, got {len(value)}")
        numbers = [x.item() if hasattr(x, "item") else x for x in value]
    checked = [number_from(0, 1, "prevalence", number) for number in numbers]
    return torch.tensor(checked, dtype=torch.float64)


def _label_noise(value: float | tuple[float, float], share: Tensor) -> tuple[float, Tensor]:
    """Return the chance that a finding is missed, and for each finding that it is invented."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"`label_noise` must be one number or two, got {value!r}")
        missed, invented = (number_from(0, 1, "label_noise", v) for v in value)
        return missed, torch.full_like(share, invented)
    missed = number_from(0, 1, "label_noise", value)
    return missed, (missed * share / (1 - share).clamp(min=1e-9)).clamp(max=1)


def _range(value: object) -> tuple[int, int]:
    if isinstance(value, (tuple, list)) and len(value) == 2:
        few, many = (whole_number_from(1, 100, "films_per_patient", v) for v in value)
        if few <= many:
            return few, many
    raise ValueError(
        f"`films_per_patient` must be two whole numbers, the fewest and the most, got {value!r}"
    )


def _sites(value: object) -> tuple[Site, ...]:
    listed = tuple(value) if isinstance(value, (tuple, list)) else ()
    if not listed or not all(isinstance(site, Site) for site in listed):
        raise ValueError(f"`sites` must be a tuple of at least one Site, got {value!r}")
    names = [site.name for site in listed]
    if len(set(names)) < len(names):
        raise ValueError(f"`sites` must each have their own name, got {', '.join(names)}")
    return listed
