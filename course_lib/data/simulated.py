"""Simulated people, of whom the truth is known: ages of brains, and times that are censored.

Numbers come from the seed, on the CPU in float64, so that they are the same on each machine.
"""

import torch
from torch import Tensor


def _draws(rows: int, people: int, seed: int, *, normal: bool) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    draw = torch.randn if normal else torch.rand
    return draw(rows, people, generator=random, dtype=torch.float64)


def brain_ages(
    people: int, *, seed: int, mean: float = 64, extra: float = 0, noise: float = 3.8
) -> tuple[Tensor, Tensor]:
    """Return true ages of N people, and how old their brains look, in years: (N,) and (N,).

    Ages are normal with a standard deviation of 7 years, about that of the people on the lecture's
    slides. A brain looks as old as it is, and `extra` years, and normal noise.

    >>> age, look = brain_ages(1000, seed=0, extra=3)
    >>> age.shape, round((look - age).mean().item())
    (torch.Size([1000]), 3)

    Args:
        people: N.
        seed: The same seed gives the same people.
        mean: Of the ages, in years.
        extra: By how many years each brain looks older than it is.
        noise: Standard deviation of the noise, in years.

    Used in the chapter When the answer is a number or a time (book/20_numbers_and_times.md).
    """
    ages, noises = _draws(2, people, seed, normal=True)
    age = mean + 7 * ages
    return age, age + extra + noise * noises


def censored_times(people: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Return times in years and whether they ended in death, of a study of two years: (N,), (N,).

    Half of the people die within one year, at a hazard that stays the same. They joined at any time
    in the two years before the study ended, and whoever was alive then is censored.

    >>> time, died = censored_times(1000, seed=0)
    >>> bool((time <= 2).all()), died.dtype
    (True, torch.bool)

    Used in the chapter When the answer is a number or a time (book/20_numbers_and_times.md).
    """
    one, two = _draws(2, people, seed, normal=False)
    dies, ends = -torch.log2(1 - one), 2 * two
    return torch.minimum(dies, ends), dies <= ends


def useless_transplants(people: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Return the day of death, and the day on which a heart is found: (N,) and (N,).

    Half die within 100 days, whatever is done. A heart is found after 40 days on average; whoever
    has died before doesn't get it. All deaths are seen.

    >>> dies, heart = useless_transplants(1000, seed=0)
    >>> bool(dies[heart < dies].mean() > dies[heart >= dies].mean())  # immortal time
    True

    Used in the chapter When the answer is a number or a time (book/20_numbers_and_times.md).
    """
    one, two = _draws(2, people, seed, normal=False)
    return -100 * torch.log2(1 - one), -40 * torch.log(1 - two)
