"""Films on disk, and a table that says what is on them.

The same interface as phantoms have: `len`, `films[i] -> (image, labels)`, `labels`, `patients` and
`subset`. N films, K findings, C channels, H rows, W columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import Dataset

from course_lib.data.findings import FINDINGS

SUFFIXES = {".png", ".jpg", ".jpeg"}
HIGHEST = {"L": 255, "I;16": 65_535, "I": 65_535}


def read_film(path: str | Path, *, convert: bool = False) -> Tensor:
    """Read a gray film as `(1, H, W)`, float32 in [0, 1].

    Args:
        path: A PNG or JPEG of 8 or 16 bits. Color with three equal channels is gray.
        convert: Make gray what isn't: take the luminance of colors, drop transparency.

    Raises:
        ValueError: If the file is no whole image, or is not gray and `convert` is False.
    """
    try:
        with Image.open(path) as file:
            file.load()
            image: Image.Image = file.copy()
    except FileNotFoundError:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValueError(
            f"`path` must be a whole image, but {path} cannot be read ({error}); get the file again"
        ) from error
    mode = image.mode
    if mode not in HIGHEST:
        colors = np.asarray(image.convert("RGB"))
        gray = mode == "RGB" and (colors == colors[..., :1]).all()
        if not gray and not convert:
            raise ValueError(
                f"`path` must be gray, but {path} is {mode}; pass convert=True to make gray what "
                "is not"
            )
        image, mode = image.convert("L"), "L"
    pixels = torch.from_numpy(np.asarray(image).astype(np.float32))
    return pixels[None] / HIGHEST[mode]


@dataclass(frozen=True)
class Films(Dataset[tuple[Tensor, Tensor]]):
    """Films on disk with their labels: a data set for torch's DataLoader.

    Args:
        paths: The N files.
        labels: (N, K) float32, 1 where the finding is named.
        patients: (N,) whose film it is.
        findings: The names of the K findings.
        table: N rows with everything else that is known.
        transform: What is done with an image after it is read.
        read: From a path to an image (C, H, W) in [0, 1].
    """

    paths: Sequence[Path]
    labels: Tensor
    patients: np.ndarray
    findings: tuple[str, ...]
    table: pd.DataFrame
    transform: Callable[[Tensor], Tensor] | None = None
    read: Callable[[Path], Tensor] = read_film

    def __len__(self) -> int:
        """Return N."""
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Read a film, and give it with its labels."""
        image = self.read(self.paths[index])
        return (self.transform(image) if self.transform else image), self.labels[index]

    def subset(self, indices: Any) -> "Films":
        """Return some of the films, in the order of `indices`, or those where a mask is True."""
        rows = np.arange(len(self))[np.asarray(indices)]
        return replace(
            self,
            paths=[self.paths[row] for row in rows],
            labels=self.labels[torch.from_numpy(rows)],
            patients=self.patients[rows],
            table=self.table.iloc[rows].reset_index(drop=True),
        )

    def with_transform(self, transform: Callable[[Tensor], Tensor] | None) -> "Films":
        """Return the same films with another transform."""
        return replace(self, transform=transform)


def read_table(path: str | Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV file that must have some columns.

    Raises:
        ValueError: If it is no table, has no rows, or lacks a column: which, and what there is.
    """
    try:
        table = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"`table` must be a CSV file, but {path} is none: {error}") from error
    missing = [name for name in columns if name not in table.columns]
    if missing or table.empty:
        raise ValueError(
            f"`table` must have rows and the columns {', '.join(columns)}; {path} lacks "
            f"{', '.join(missing) or 'rows'} and has {', '.join(map(str, table.columns))}"
        )
    return table


def find_files(folder: str | Path, names: Sequence[str]) -> list[Path]:
    """Return where below `folder` the files of these `names` are.

    Raises:
        ValueError: If there is no such folder, files are missing, or two have the same name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"`folder` must be a folder, got {folder}")
    found: dict[str, Path] = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
        other = found.setdefault(path.name, path)
        if other is not path:
            raise ValueError(f"`folder` must hold each name once, got {other} and {path}")
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(
            f"`folder` must hold every film of the table, but {folder} lacks {len(missing):,} of "
            f"{len(names):,}, the first being {missing[0]}; is an archive not unpacked yet?"
        )
    return [found[name] for name in names]


def one_hot(
    words: Sequence[str], findings: Sequence[str] = FINDINGS, nothing: str = "No Finding"
) -> Tensor:
    """Turn "Effusion|Mass" into 0 and 1 for each finding: N texts give (N, K), float32.

    >>> one_hot(["Effusion|Mass", "No Finding"], ["Effusion", "Mass", "Nodule"]).tolist()
    [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]

    Raises:
        ValueError: If a text names something else.
    """
    known = {name.replace(" ", "_"): k for k, name in enumerate(findings)}
    labels = torch.zeros(len(words), len(findings))
    for row, text in enumerate(words):
        for word in str(text).split("|"):
            name = word.strip().replace(" ", "_")
            if name in known:
                labels[row, known[name]] = 1
            elif name != nothing.replace(" ", "_"):
                raise ValueError(
                    f"`findings` must have every finding of the table, but row {row} says {word!r} "
                    f"and there are {', '.join(findings)}"
                )
    return labels


def films_from_table(
    folder: str | Path,
    table: str | Path,
    *,
    findings: Sequence[str] = FINDINGS,
    transform: Callable[[Tensor], Tensor] | None = None,
    convert: bool = False,
) -> Films:
    """Open films in a folder with a table in the form of ChestX-ray14.

    >>> films_from_table("films", "films/labels.csv")  # doctest: +SKIP

    Args:
        folder: Where the PNG or JPEG files are, in any folders below; it is the names that count. A
            table that says ".png" also finds ".jpg".
        table: A CSV file with the columns `Image Index` (file name), `Finding Labels` (names with
            "|" between them, or "No Finding") and `Patient ID`. Others are kept in `table`.
        findings: What the columns of `labels` are.
        transform: What is done with each image, (1, H, W) in [0, 1].
        convert: As in `read_film`.

    Raises:
        ValueError: If a column, a film or a name of a finding is missing.
    """
    rows = read_table(table, ("Image Index", "Finding Labels", "Patient ID"))
    names = rows["Image Index"].astype(str).tolist()
    twice = rows["Image Index"][rows["Image Index"].duplicated()].tolist()
    if twice:
        raise ValueError(f"`table` must name each film once, but {table} has {twice[0]} twice")
    try:
        paths = find_files(folder, names)
    except ValueError:
        others = [str(Path(name).with_suffix(".jpg")) for name in names]
        paths = find_files(folder, others) if _has_only(folder, ".jpg") else []
        if not paths:
            raise
    return Films(
        paths=paths,
        labels=one_hot(rows["Finding Labels"].tolist(), findings),
        patients=rows["Patient ID"].to_numpy(),
        findings=tuple(findings),
        table=rows,
        transform=transform,
        read=_read_any if convert else read_film,
    )


def _has_only(folder: str | Path, suffix: str) -> bool:
    found = {p.suffix.lower() for p in Path(folder).rglob("*")} & SUFFIXES
    return found == {suffix}


def _read_any(path: Path) -> Tensor:
    return read_film(path, convert=True)
