"""Phantoms: images drawn from formulas, of which the truth is known.

A phantom has patients with several images each, made at sites that differ; its labels may be wrong,
and a shortcut may be hidden in it. So leakage, label noise, shortcuts and maps of importance can be
tested against what is known. No patient is behind any of it.

What later phantoms follow, as `chest_films` does: a function `<things>(patients, *, size, seed,
sites, label_noise, shortcut, first_patient, ...)` that returns a frozen data set with

- `images` (N, C, H, W) float32 in [0, 1], `labels` as recorded, `truth` as drawn,
- `patients`, `sites` (N,), so that it can be split by patient and by site with `subset`,
- `mask(index, finding)` and `boxes`, where each finding is,
- `counterfactual(finding, present=...)`, the same images with a finding put in or taken out,

in which image k of patient p depends on nothing but the seed, k and p.
"""

from course_lib.data.findings import FINDINGS
from course_lib.data.phantoms.chest import chest_films
from course_lib.data.phantoms.films import ChestFilms, index_of
from course_lib.data.phantoms.names import (
    CHESTXRAY14_COUNTS,
    CHRONIC,
    DEVICES,
    PREVALENCE,
    RELATED,
)
from course_lib.data.phantoms.sites import MARKERS, Shortcut, Site

__all__ = [
    "CHESTXRAY14_COUNTS",
    "CHRONIC",
    "DEVICES",
    "FINDINGS",
    "MARKERS",
    "PREVALENCE",
    "RELATED",
    "ChestFilms",
    "Shortcut",
    "Site",
    "chest_films",
    "index_of",
]
