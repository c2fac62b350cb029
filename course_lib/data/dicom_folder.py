"""A folder of DICOM films, with or without a table of findings."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from course_lib.data.dicom import read_dicom, to_display
from course_lib.data.films import Films, one_hot, read_table
from course_lib.data.findings import FINDINGS


def is_dicom(path: Path) -> bool:
    """Say whether a file has DICOM's mark after its preamble."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_dicom_film(path: Path) -> Tensor:
    """Read a gray DICOM image as it should be seen: (1, H, W), float32 in [0, 1].

    The window is the file's own, or else the whole span of its values; MONOCHROME1 is turned over.

    Raises:
        ValueError: If it is color, constant, or cannot be decoded.
    """
    pixels, info = read_dicom(path)
    low, high = pixels.min().item(), pixels.max().item()
    if len(pixels) != 1 or not high > low:
        what = "color" if len(pixels) != 1 else f"{low:g} everywhere"
        raise ValueError(f"`path` must be a gray picture of something, but {path} is {what}")
    center, width = (low + high) / 2, high - low
    window = [info.header.get(key, "") for key in ("WindowCenter", "WindowWidth")]
    with suppress(ValueError):  # where the file has none
        center, width = (float(text.strip("[]").split(",")[0]) for text in window)
    return to_display(pixels, info, center, width)


def dicom_folder(
    folder: str | Path,
    table: str | Path | None = None,
    *,
    findings: Sequence[str] = FINDINGS,
    transform: Callable[[Tensor], Tensor] | None = None,
) -> Films:
    """Open every DICOM file below a folder.

    >>> dicom_folder("films", "films/labels.csv")  # doctest: +SKIP

    Args:
        folder: Searched for files with DICOM's mark, whatever their names.
        table: A CSV file with the columns `Image Index` (path below `folder`) and `Finding Labels`
            ("Effusion|Mass" or "No Finding"), a row for each file. None gives labels of nan.
        findings: What the columns of `labels` are.
        transform: What is done with each image, (1, H, W) in [0, 1].

    Returns:
        The films in the order of their paths; `patients` are their PatientID.

    Raises:
        ValueError: If there are no DICOM files, a file doesn't name its patient, or the table lacks
            a file or names one that isn't there.
    """
    import pydicom

    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"`folder` must be a folder, got {folder}")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and is_dicom(path))
    if not paths:
        raise ValueError(f"`folder` must hold DICOM files, but {folder} has none")
    patients = []
    for path in paths:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["PatientID"])
        patients.append(str(header.get("PatientID") or ""))
        if not patients[-1]:
            raise ValueError(f"`folder` must have the patient in each file, but {path} says none")
    names = [path.relative_to(folder).as_posix() for path in paths]
    rows = pd.DataFrame({"Image Index": names})
    labels = torch.full((len(paths), len(findings)), torch.nan)
    if table is not None:
        said = read_table(table, ("Image Index", "Finding Labels")).set_index("Image Index")
        odd = sorted(set(said.index) ^ set(names))
        if odd or said.index.has_duplicates:
            raise ValueError(
                f"`table` must have one row for each DICOM file, but {len(odd):,} are only in "
                f"{table} or only below {folder}: {', '.join(odd[:3]) or 'some are named twice'}"
            )
        rows = said.loc[names].reset_index()
        labels = one_hot(rows["Finding Labels"].tolist(), findings)
    return Films(
        paths=paths,
        labels=labels,
        patients=np.array(patients),
        findings=tuple(findings),
        table=rows,
        transform=transform,
        read=read_dicom_film,
    )
