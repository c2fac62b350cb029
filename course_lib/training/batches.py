"""Which sample comes when, on which process, and with which random changes.

All of it depends on the seed, the epoch and the number of the sample, and on nothing else: not on
the model, not on the number of worker processes, not on how many GPUs share the work.
"""

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

ORDER, MODEL, SAMPLE = 1, 2, 3  # what random numbers are for; each has its own


def derived_seed(seed: int, epoch: int, purpose: int, number: int = 0) -> int:
    """Make the seed of one purpose in one epoch; `number` is that of the sample or process.

    >>> derived_seed(0, 1, SAMPLE, 2) == derived_seed(0, 2, SAMPLE, 1)
    False
    """
    mixed = np.random.SeedSequence((seed, epoch, purpose, number)).generate_state(1)
    return int(mixed[0])


@contextmanager
def own_randomness(device: torch.device | None = None) -> Iterator[None]:
    """Give the caller's random numbers back afterwards: of torch (CPU, `device`), NumPy, Python.

    >>> torch.manual_seed(3); before = torch.rand(1); torch.manual_seed(3)  # doctest: +ELLIPSIS
    <torch...
    <torch...
    >>> with own_randomness():
    ...     seed_all(0)
    >>> bool(torch.rand(1) == before)
    True
    """
    ours = torch.random.get_rng_state(), random.getstate(), np.random.get_state()  # noqa: NPY002
    on_gpu = device is not None and device.type == "cuda"
    gpu = torch.cuda.get_rng_state(device) if on_gpu else None  # type: ignore[arg-type]
    try:
        yield
    finally:
        torch.random.set_rng_state(ours[0])
        random.setstate(ours[1])
        np.random.set_state(ours[2])  # noqa: NPY002
        if gpu is not None:
            torch.cuda.set_rng_state(gpu, device)  # type: ignore[arg-type]


def seed_all(seed: int, device: torch.device | None = None) -> None:
    """Seed what a transform draws from, and dropout on `device`; within `own_randomness`."""
    torch.default_generator.manual_seed(seed)  # torch.manual_seed would wake GPUs in a worker
    if device is not None and device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002


def epoch_order(samples: int, *, seed: int, epoch: int) -> list[int]:
    """Return the numbers 0 to `samples` - 1 in the order of this epoch.

    >>> sorted(epoch_order(5, seed=0, epoch=1))
    [0, 1, 2, 3, 4]
    """
    generator = torch.Generator().manual_seed(derived_seed(seed, epoch, ORDER))
    order: list[int] = torch.randperm(samples, generator=generator).tolist()
    return order


class Share(NamedTuple):
    """What one process does in one forward pass."""

    samples: list[int]  # their numbers in the data set
    weight: float  # of their mean loss, so that the mean over processes sums to the step's mean
    ends_step: bool  # the optimizer steps after it


def shares(
    order: Sequence[int],
    *,
    batch_size: int,
    accumulate: int = 1,
    processes: int = 1,
    process: int = 0,
) -> list[Share]:
    """Divide an epoch into steps, batches and processes, so that each sample counts once.

    A step has at most `batch_size` x `processes` x `accumulate` samples. There are as few steps as
    that allows, and their sizes differ by one at most: a last step of a single sample would be a
    noisy one, and batch norm cannot compute with it. Where a batch has fewer samples than there
    are processes, those without one compute another's with weight 0, as all must take part.

    >>> shares([3, 1, 0, 2, 4], batch_size=2, accumulate=2)  # doctest: +ELLIPSIS
    [Share(samples=[3, 1], weight=0.66..., ends_step=False), Share(samples=[0], weight=0.33...
    """
    together = batch_size * processes
    found = []
    for step in np.array_split(order, math.ceil(len(order) / (together * accumulate))):
        batches = np.array_split(step, math.ceil(len(step) / together))
        for number, batch in enumerate(batches, 1):
            mine = batch[process::processes].tolist()
            weight = len(mine) * processes / len(step)
            found.append(Share(mine or batch[:1].tolist(), weight, number == len(batches)))
    return found


class Repeatable(Dataset[Any]):
    """A data set whose random changes of a sample depend on seed, epoch and number alone.

    Its keys are pairs (epoch, number); it returns the number with the sample.
    """

    def __init__(self, data: Any, seed: int) -> None:
        """Wrap `data`, anything with `len` and whole numbers as keys."""
        self.data = data
        self.seed = seed

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.data)

    def __getitem__(self, key: tuple[int, int]) -> tuple[int, Any]:
        """Return one sample."""
        return self.__getitems__([key])[0]

    def __getitems__(self, keys: Sequence[tuple[int, int]]) -> list[tuple[int, Any]]:
        """Return a batch of samples; the DataLoader asks for this if it is there."""
        found = []
        with own_randomness():  # dropout must not repeat what an augmentation drew
            for epoch, number in keys:
                seed_all(derived_seed(self.seed, epoch, SAMPLE, number))
                found.append((number, self.data[number]))
        return found


class Loader:
    """Loads the batches of one process, each as (numbers, inputs, targets)."""

    def __init__(
        self, name: str, data: Any, *, seed: int, workers: int = 0, pin_memory: bool = False
    ) -> None:
        """Make ready to load `data`, which errors call `name`; workers start when needed."""
        self.name = name
        self.batches: list[list[tuple[int, int]]] = []
        self.loader: DataLoader[Any] = DataLoader(
            Repeatable(data, seed),
            batch_sampler=self.batches,  # filled anew for each epoch; the workers stay
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=pin_memory,
            generator=torch.Generator().manual_seed(seed),  # leaves the global one alone
        )

    def load(
        self, batches: Sequence[Sequence[int]], epoch: int
    ) -> Iterator[tuple[Tensor, Any, Any]]:
        """Load samples by their numbers, with the random changes of this epoch."""
        self.batches[:] = [[(epoch, number) for number in batch] for batch in batches]
        for numbers, sample in self.loader:
            if not isinstance(sample, (tuple, list)) or len(sample) != 2:
                raise ValueError(
                    f"`{self.name}` must give pairs (input, target), got {type(sample).__name__}"
                    + (f" of {len(sample)}" if isinstance(sample, (tuple, list)) else "")
                )
            yield numbers, sample[0], sample[1]
