"""Records of runs: what is stored is read again, and says how to make it."""

import json

import pytest

from course_lib.data.records import made_by, store_record
from website import ROOT

RECORDS = sorted((ROOT / "course_lib" / "data" / "recorded").glob("*.json"))


def test_a_record_is_read_as_it_was_stored(tmp_path):
    record = {"runs": [1, 0.5], "made_by": made_by("python x.py --write", seeds=5)}
    store_record(tmp_path / "x.json", record)
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == record
    assert set(record["made_by"]) == {"command", "seeds", "device", "python", "torch"}


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_each_record_names_a_script_that_is_there(path):
    text = path.read_text(encoding="utf-8")
    scripts = [s for s in (ROOT / "benchmarks").glob("*.py") if f"benchmarks/{s.name}" in text]
    assert scripts
