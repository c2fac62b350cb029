"""The films of a run of CheXNet: phantoms, ChestX-ray14, a table of one's own, MedMNIST.

N films, K findings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from course_lib._checks import one_of
from course_lib.data.findings import FINDINGS
from course_lib.data.splits import split_patients
from course_lib.data.transforms import film_transform

TASKS = ("findings", "pneumonia")
PARTS = ("train", "valid", "test")


class Prepared(Dataset[tuple[Tensor, Tensor]]):
    """Films as a network wants them: transformed, with the labels (K,) of a task.

    Attributes:
        labels: (N, K) float32.
        patients: (N,) whose film it is.
    """

    def __init__(
        self,
        films: Any,
        transform: Callable[[Tensor], Tensor],
        columns: Sequence[int] | None = None,
    ) -> None:
        """Take the labels of these columns, or all, of `films`."""
        labels = films.labels.float()
        labels = labels[:, None] if labels.dim() == 1 else labels
        self.films, self.transform = films, transform
        self.labels = labels if columns is None else labels[:, list(columns)]
        self.patients = np.asarray(getattr(films, "patients", np.arange(len(films))))

    def __len__(self) -> int:
        """Return N."""
        return len(self.films)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return a transformed image and its labels (K,)."""
        return self.transform(self.films[index][0]), self.labels[index]


@dataclass(frozen=True)
class Source:
    """Where films come from, in words, the three parts, and the names of their K findings."""

    words: str
    parts: dict[str, Prepared]
    findings: tuple[str, ...]


def open_films(
    data: str | Path,
    *,
    task: str = "findings",
    size: int = 224,
    channels: int = 3,
    seed: int = 0,
    patients: int = 1000,
    table: str | Path | None = None,
    root: str | Path | None = None,
    download: bool = False,
) -> Source:
    """Open films for training, validation and test, of different patients.

    >>> films = open_films("phantoms", patients=20, size=32, channels=1)
    >>> films.parts["train"][0][0].shape, len(films.findings)
    (torch.Size([1, 32, 32]), 14)

    Args:
        data: "phantoms"; "medmnist:" and the name of a set of chest films; a folder of ChestX-ray14
            as published; or a folder of films for `table`.
        task: "findings", all of them; or "pneumonia", that column alone.
        size: Height and width that films are brought to.
        channels: 1 or 3, as for `film_transform`.
        seed: Of phantoms, and of the patients' split.
        patients: How many, of phantoms.
        table: A CSV file in the form of ChestX-ray14, for `data` that has no official lists.
        root: The folder of MedMNIST's files.
        download: Fetch MedMNIST's file.

    Raises:
        ValueError: If an argument is none of these, or the data are not as they should be.
    """
    one_of("task", task, TASKS)
    data = str(data)
    if data == "phantoms":
        from course_lib.data.phantoms import chest_films

        drawn = chest_films(patients, size=size, seed=seed)
        parts: dict[str, Any] = _split(drawn, drawn.labels, seed)
        words, findings = f"phantoms of {patients} patients, seed {seed}", FINDINGS
    elif data.startswith("medmnist:"):
        from course_lib.data.medmnist_sets import medmnist_set

        name = data.removeprefix("medmnist:")
        fitting = max((s for s in (28, 64, 128, 224) if s <= size), default=28)
        if root is not None and not (Path(root) / f"{name}_{fitting}.npz").is_file():
            fitting = 28 if not download else fitting
        parts = {
            part: medmnist_set(name, part, size=fitting, root=root, download=download)
            for part in PARTS
        }
        words, findings = f"{name} of {fitting} x {fitting} pixels", parts["train"].names
        if parts["train"].labels.dim() == 1:
            if len(findings) != 2:
                raise ValueError(f"`data` must have yes-no labels, got {name} of {len(findings)}")
            findings = findings[1:]
    elif table is not None:
        from course_lib.data.films import films_from_table

        films = films_from_table(data, table, convert=True)
        parts = _split(films, films.labels, seed)
        words, findings = f"{len(films):,} films of {Path(table).name}", films.findings
    else:
        from course_lib.data.chest_xray14 import chest_xray14

        parts, findings = dict(chest_xray14(data, seed=seed)), FINDINGS
        words = "ChestX-ray14 with its official test patients"
    columns = None
    if task == "pneumonia":
        lower = [name.lower() for name in findings]
        one_of("a finding of `data`", "pneumonia", lower)
        columns = [lower.index("pneumonia")]
        findings = tuple(findings[column] for column in columns)
    prepared = {
        part: Prepared(
            films, film_transform(size, train=part == "train", channels=channels), columns
        )
        for part, films in parts.items()
    }
    return Source(words, prepared, tuple(findings))


def _split(films: Any, labels: Tensor, seed: int) -> dict[str, Any]:
    parts = split_patients(films.patients, stratify=labels, seed=seed)
    return {name: films.subset(torch.from_numpy(rows)) for name, rows in parts.items()}
