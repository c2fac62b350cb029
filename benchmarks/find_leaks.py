"""Patients in several splits, and films that are there twice, in two data sets.

    python benchmarks/find_leaks.py --data DIR --write

`--data` is a folder with `nih1000/` (1,000 films of ChestX-ray14 in `train`, `valid` and `test`,
and `labels.csv` with patient and split) and `medmnist/pneumoniamnist.npz`.
"""

import argparse
import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.data.records import made_by, store_record
from course_lib.data.splits import (
    Duplicate,
    PatientOverlapError,
    find_duplicates,
    refuse_overlap,
)

RECORD = Path(__file__).parents[1] / "course_lib" / "data" / "recorded" / "real_leaks.json"


def count(pairs: Iterable[Duplicate]) -> dict[str, int]:
    """Count the pairs by the splits of their two films."""
    return dict(Counter(f"{pair.first.split} and {pair.again.split}" for pair in pairs))


def nih(folder: Path) -> dict[str, Any]:
    """Count patients in several splits, and films of the test whose patient is in training."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    who = [row["Patient ID"] for row in rows]
    part = [row["split"] for row in rows]
    shared: dict[str, tuple[str, ...]] = {}
    try:
        refuse_overlap(who, part)
    except PatientOverlapError as error:
        shared = error.patients
    leaked = sum(
        p == "test" and "train" in shared.get(w, ()) for w, p in zip(who, part, strict=True)
    )
    return {
        "films": len(rows),
        "patients": len(set(who)),
        "patients_in_several": len(shared),
        "by_splits": dict(Counter(" and ".join(sorted(names)) for names in shared.values())),
        "test_films": part.count("test"),
        "test_films_of_training_patients": leaked,
        "duplicates": count(find_duplicates({s: folder / s for s in ("train", "valid", "test")})),
    }


def pneumonia(file: Path) -> dict[str, Any]:
    """Count films that are there twice."""
    with np.load(file) as arrays:
        images = {name: arrays[f"{name}_images"] for name in ("train", "val", "test")}
    return {
        "films": {name: len(films) for name, films in images.items()},
        "duplicates": count(find_duplicates(images)),
    }


def main() -> None:
    """Count, print, and store the record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--write", action="store_true", help=f"store {RECORD.name}")
    options = parser.parse_args()
    record = {
        "nih1000": nih(options.data / "nih1000"),
        "pneumoniamnist": pneumonia(options.data / "medmnist" / "pneumoniamnist.npz"),
        "made_by": made_by(
            "python benchmarks/find_leaks.py --data DIR --write", numpy=np.__version__
        ),
    }
    print(record)
    if options.write:
        store_record(RECORD, record)


if __name__ == "__main__":
    main()
