"""ChestX-ray14 as the NIH publishes it: 112,120 films of 30,805 patients, 14 text-mined labels.

Get it from the NIH's page, https://nihcc.app.box.com/v/ChestXray-NIHCC: the archives
`images_001.tar.gz` to `images_012.tar.gz`, unpacked anywhere below one folder, and beside them
`Data_Entry_2017*.csv`, `train_val_list.txt` and `test_list.txt`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor

from course_lib.data.films import Films, films_from_table
from course_lib.data.splits import refuse_overlap, split_patients

LISTS = {"train_val": "train_val_list.txt", "test": "test_list.txt"}


def chest_xray14(
    folder: str | Path,
    *,
    valid: float = 0.1,
    seed: int = 0,
    transform: Callable[[Tensor], Tensor] | None = None,
) -> dict[str, Films]:
    """Open ChestX-ray14, its official test patients apart: as "train", "valid" and "test".

    >>> films = chest_xray14("ChestX-ray14")  # doctest: +SKIP
    >>> len(films["test"])  # doctest: +SKIP
    25596

    Args:
        folder: What the module's text says.
        valid: The share of the patients of the official list for training and validation that is
            for validation; the NIH does not divide it.
        seed: Draws these patients.
        transform: What is done with each image, (1, H, W) in [0, 1].

    Raises:
        ValueError: If something is missing, a list names a film that the table does not, films are
            on no list, or a patient is on both lists.

    CheXNet divides the patients at random and does not say which; its numbers are of other films.

    Source: Wang et al. (2017), ChestX-ray8: hospital-scale chest X-ray database and benchmarks on
    weakly-supervised classification and localization of common thorax diseases, CVPR.
    """
    folder = Path(folder)
    tables = sorted(folder.glob("Data_Entry_2017*.csv"))
    if len(tables) != 1:
        raise ValueError(
            f"`folder` must hold one file Data_Entry_2017*.csv, but {folder} has "
            f"{[path.name for path in tables] or 'none'}"
        )
    films = films_from_table(folder, tables[0], transform=transform)
    rows = {name: row for row, name in enumerate(films.table["Image Index"])}
    official = {name: _rows_of(folder / file, rows) for name, file in LISTS.items()}
    listed = np.bincount(np.concatenate(list(official.values())), minlength=len(films))
    if (listed != 1).any():
        first = films.table["Image Index"][int(np.flatnonzero(listed != 1)[0])]
        raise ValueError(
            f"`folder` must have each film on one of {' and '.join(LISTS.values())}, but "
            f"{int((listed != 1).sum()):,} films are not, the first being {first}"
        )
    refuse_overlap(films.patients, official)
    kept = films.subset(official["train_val"])
    parts = split_patients(kept.patients, {"train": 1 - valid, "valid": valid}, seed=seed)
    return {
        "train": kept.subset(parts["train"]),
        "valid": kept.subset(parts["valid"]),
        "test": films.subset(official["test"]),
    }


def _rows_of(path: Path, rows: dict[str, int]) -> np.ndarray:
    if not path.is_file():
        raise ValueError(f"`folder` must hold the NIH's list {path.name}, but there is no {path}")
    names = path.read_text(encoding="utf-8").split()
    unknown = [name for name in names if name not in rows]
    if unknown:
        raise ValueError(
            f"`folder` must have every film of {path.name} in its table, but {len(unknown):,} are "
            f"missing, the first being {unknown[0]}"
        )
    return np.array([rows[name] for name in names], dtype=np.int64)
