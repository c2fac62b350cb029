"""A data set of phantoms of chest films: images, labels, and what is known of them.

N films, L = 14 findings, H = W = size. Left and right are the patient's: the patient's left is on
the right of the film.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from course_lib._checks import one_of, true_or_false, whole_number_from
from course_lib.data.findings import FINDINGS
from course_lib.data.phantoms.plan import Plan
from course_lib.data.phantoms.render import Setting, organs, render

Films = int | slice | Sequence[int] | Tensor


@dataclass(frozen=True, eq=False)
class ChestFilms(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """Films with their labels, as a data set of (image, labels) for a `DataLoader`.

    Made by `chest_films`; a part of them by `subset`, the same ones with a finding taken away or
    put in by `counterfactual`.
    """

    images: Tensor  # (N, 1, H, W) float32 in [0, 1]
    labels: Tensor  # (N, 14) float32, 0 or 1: what the report says, with its errors
    truth: Tensor  # (N, 14) float32, 0 or 1: what was drawn
    boxes: Tensor  # (N, 14, 4) int64: x0, y0, x1, y1 in pixels, x1 and y1 just outside; 0 if absent
    patients: Tensor  # (N,) int64
    film_numbers: Tensor  # (N,) int64: 0 is the first film of a patient
    sites: Tensor  # (N,) int64, an index into `site_names`
    site_names: tuple[str, ...]
    devices: Tensor  # (N, 5) bool, in the order of `DEVICES`
    cardiothoracic_ratios: Tensor  # (N,) width of the heart, by the inner width of the chest
    _masks: Tensor = field(repr=False)  # (M, bytes) uint8, eight pixels in each
    _rows: Tensor = field(repr=False)  # (N, 14) which of the M, or -1
    _plan: Plan = field(repr=False)
    _setting: Setting = field(repr=False)

    def __len__(self) -> int:
        """Return N."""
        return len(self.images)

    def __getitem__(self, film: int) -> tuple[Tensor, Tensor]:
        """Return image (1, H, W) and recorded labels (14,)."""
        return self.images[film], self.labels[film]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield what `__getitem__` returns, film by film."""
        return zip(self.images, self.labels, strict=True)

    def mask(self, film: int, finding: str) -> Tensor:
        """Return where a finding is, bool (H, W); False everywhere if it is not there.

        >>> from course_lib.data.phantoms import chest_films
        >>> films = chest_films(3, seed=1, prevalence={"Mass": 1.0})
        >>> int(films.mask(0, "Mass").sum()) > 9
        True

        Raises:
            ValueError: If there is no such film or finding.
        """
        film = whole_number_from(-len(self), len(self) - 1, "film", film)
        row = int(self._rows[film, index_of(finding)])
        size = self.images.shape[-1]
        if row < 0:
            return torch.zeros(size, size, dtype=torch.bool)
        bits = np.unpackbits(self._masks[row].numpy(), count=size * size)
        return torch.from_numpy(bits).bool().view(size, size)

    def organ_masks(self, film: int) -> dict[str, Tensor]:
        """Return where "right lung", "left lung" and "heart" are, bool (H, W); lungs behind it too.

        Raises:
            ValueError: If there is no such film.
        """
        film = whole_number_from(-len(self), len(self) - 1, "film", film) % len(self)
        chosen = slice(film, film + 1)
        drawn = organs(self._plan[chosen], self.truth[chosen].bool(), self.images.shape[-1])
        return {name: mask[0] for name, mask in drawn.items()}

    def subset(self, films: Films) -> "ChestFilms":
        """Return some of the films: by indices, a slice, or a bool for each film.

        >>> from course_lib.data.phantoms import chest_films
        >>> films = chest_films(5)
        >>> first = films.subset(films.film_numbers == 0)
        >>> len(first), first.patients.tolist()
        (5, [0, 1, 2, 3, 4])

        Raises:
            ValueError: If an index is out of range, or there is not one bool for each film.
        """
        chosen = self._indices(films)
        keep = (
            "images",
            "labels",
            "truth",
            "boxes",
            "patients",
            "film_numbers",
            "sites",
            "devices",
        )
        parts = {name: getattr(self, name)[chosen] for name in keep}
        rows = self._rows[chosen]
        there = rows >= 0
        renumbered = there.flatten().cumsum(0).view(rows.shape) - 1
        return replace(
            self,
            **parts,
            cardiothoracic_ratios=self.cardiothoracic_ratios[chosen],
            _masks=self._masks[rows[there]],
            _rows=torch.where(there, renumbered, -1),
            _plan=self._plan[chosen],
        )

    def counterfactual(self, finding: str, *, present: bool) -> "ChestFilms":
        """Draw the same films with one finding in all of them, or in none; all else is the same.

        >>> from course_lib.data.phantoms import chest_films
        >>> films = chest_films(2, prevalence=0.0)
        >>> ill = films.counterfactual("Nodule", present=True)
        >>> changed = (ill.images != films.images)[0, 0]
        >>> bool(changed[ill.mask(0, "Nodule")].all())
        True

        Args:
            finding: One of `FINDINGS`.
            present: Whether it is there afterwards.

        Returns:
            New films. Their labels and their truth have the finding as asked; devices and noise are
            those of before.

        Raises:
            ValueError: If there is no such finding.
        """
        column = index_of(finding)
        true_or_false("present", present)
        truth, labels = self.truth.clone(), self.labels.clone()
        truth[:, column] = labels[:, column] = float(present)
        return draw_films(
            self._plan, truth, labels, self.devices, self.sites, self.site_names, self._setting
        )

    def _indices(self, films: Films) -> Tensor:
        if isinstance(films, slice):
            return torch.arange(len(self))[films]
        chosen = torch.as_tensor(films)
        if chosen.numel() == 0:
            chosen = chosen.long()
        if chosen.dtype == torch.bool:
            if chosen.shape != (len(self),):
                raise ValueError(
                    f"`films` must have a bool for each of the {len(self)} films, got shape "
                    f"{tuple(chosen.shape)}"
                )
            return chosen.nonzero()[:, 0]
        chosen = chosen.reshape(-1)
        if chosen.is_floating_point() or bool(
            ((chosen < -len(self)) | (chosen >= len(self))).any()
        ):
            raise ValueError(
                f"`films` must be whole numbers from {-len(self)} to {len(self) - 1}, got {films!r}"
            )
        return chosen % max(len(self), 1)


def index_of(finding: str) -> int:
    """Return the column of a finding.

    >>> index_of("Pneumonia")
    12

    Raises:
        ValueError: If there is no such finding.
    """
    one_of("finding", finding, FINDINGS)
    return FINDINGS.index(finding)


def draw_films(
    plan: Plan,
    truth: Tensor,
    labels: Tensor,
    devices: Tensor,
    sites: Tensor,
    site_names: tuple[str, ...],
    setting: Setting,
) -> ChestFilms:
    """Draw the films of a plan."""
    images, ratios, masks = render(plan, truth.bool(), devices, sites, setting)
    there = truth.bool()
    boxes = torch.zeros(*truth.shape, 4, dtype=torch.long)
    boxes[there] = _boxes(masks)
    rows = there.flatten().cumsum(0).view(there.shape) - 1
    return ChestFilms(
        images=images,
        labels=labels,
        truth=truth,
        boxes=boxes,
        patients=plan.patients,
        film_numbers=plan.numbers,
        sites=sites,
        site_names=site_names,
        devices=devices,
        cardiothoracic_ratios=ratios,
        _masks=torch.from_numpy(np.packbits(masks.flatten(1).numpy(), axis=1)),
        _rows=torch.where(there, rows, -1),
        _plan=plan,
        _setting=setting,
    )


def _boxes(masks: Tensor) -> Tensor:
    """Return the smallest box around each mask, (M, H, W) -> (M, 4)."""
    sides = []
    for line in (masks.any(dim=1).byte(), masks.any(dim=2).byte()):  # columns, then rows
        first, last = line.argmax(dim=1), line.shape[1] - line.flip(1).argmax(dim=1)
        sides += [first, last]
    left, right, top, bottom = sides
    return torch.stack([left, top, right, bottom], dim=1)
