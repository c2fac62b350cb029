"""Which rows a bootstrap resample has: rows or whole groups, drawn anew, within strata or over all.

N rows, G units (a unit is a row, or a group of rows, such as one patient's images), S strata.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.metrics._inputs import Values

CELLS = 100_000  # of a batch of resamples: what stays in the cache is four times faster


def codes(name: str, values: Values, length: int) -> Tensor:
    """Number what equals each other, in the order of first appearance: names, dates, numbers.

    >>> codes("groups", ["Mia", "Ben", "Mia"], 3)
    tensor([0, 1, 0])
    """
    import numpy as np

    found = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    if found.shape != (length,):
        raise ValueError(f"`{name}` must have shape ({length},), got {found.shape}")
    try:
        different, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    except TypeError:
        raise ValueError(f"`{name}` must be of one kind, all names or all numbers") from None
    if different.dtype.kind == "f" and np.isnan(different).any():
        raise ValueError(f"`{name}` must not hold nan")
    place = np.empty(len(different), dtype=np.int64)
    place[first.argsort()] = np.arange(len(different))
    return torch.from_numpy(place[inverse.reshape(-1)])


@dataclass
class Plan:
    """What is drawn: `unit` (N,) of each row, and the units of each stratum."""

    unit: Tensor | None  # None: each row is its own
    strata: list[Tensor]
    length: int

    @property
    def units(self) -> int:
        """G, how many units there are, and as many are drawn."""
        return sum(map(len, self.strata))

    def draws(self, resamples: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield which units were drawn, (b, G), batch by batch; batches don't change the draws."""
        step = max(1, CELLS // max(self.length, 1))
        for start in range(0, resamples, step):
            shape = (min(step, resamples - start), self.units)
            if len(self.strata) == 1:
                yield torch.randint(self.units, shape, generator=generator, device=generator.device)
                continue
            share = torch.rand(
                shape, generator=generator, device=generator.device, dtype=torch.float64
            )
            sizes = [len(stratum) for stratum in self.strata]
            parts = torch.split(share, sizes, dim=1)
            yield torch.cat(
                [
                    stratum.to(part.device)[(part * len(stratum)).long()]
                    for stratum, part in zip(self.strata, parts, strict=True)
                ],
                dim=1,
            )

    def counts(self, drawn: Tensor) -> Tensor:
        """Return how often each row is in each resample: (b, G) -> (b, N), int32."""
        one = torch.ones((), dtype=torch.int32, device=drawn.device)
        found = torch.zeros(len(drawn), self.units, dtype=torch.int32, device=drawn.device)
        found.scatter_add_(1, drawn, one.expand(drawn.shape))
        if self.unit is None:
            return found
        return found.index_select(1, self.unit.to(drawn.device))

    def rows(self, drawn: Tensor) -> list[Tensor]:
        """Return the rows of each resample, (b, G) -> b tensors; a unit drawn twice comes twice."""
        drawn = drawn.cpu()
        if self.unit is None:
            return list(drawn)
        members = torch.split(self.unit.argsort(stable=True), self.unit.bincount().tolist())
        return [torch.cat([members[u] for u in units]) for units in drawn.tolist()]

    def left_out(self) -> Iterator[tuple[int, Tensor]]:
        """Yield each unit, and the rows without it, as the jackknife has them."""
        everyone = torch.arange(self.length)
        unit = everyone if self.unit is None else self.unit
        for u in range(self.units):
            yield u, everyone[unit != u]


def plan(length: int, groups: Values | None, stratify: Values | None) -> Plan:
    """Return what to draw for N rows.

    >>> plan(4, ["a", "a", "b", "c"], None).units
    3
    >>> plan(2, ["a", "a"], [0, 1])
    Traceback (most recent call last):
    ValueError: `stratify` must be the same within each of `groups`, got a group in two strata
    """
    unit = None if groups is None else codes("groups", groups, length)
    number = length if unit is None else int(unit.max()) + 1
    if stratify is None:
        return Plan(unit, [torch.arange(number)], length)
    stratum = codes("stratify", stratify, length)
    if unit is not None:
        of_unit = torch.zeros(number, dtype=torch.long)
        of_unit[unit] = stratum
        if not torch.equal(of_unit[unit], stratum):
            raise ValueError(
                "`stratify` must be the same within each of `groups`, got a group in two strata"
            )
        stratum = of_unit
    return Plan(
        unit, [(stratum == s).nonzero()[:, 0] for s in range(int(stratum.max()) + 1)], length
    )
