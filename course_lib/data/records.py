"""How a script in `benchmarks/` keeps its results: with what made them."""

import json
import platform
from pathlib import Path
from typing import Any

import torch

from course_lib.devices import describe_device


def made_by(command: str, **more: object) -> dict[str, object]:
    """Say what makes a record: the command, and where and with what it runs.

    >>> made_by("python benchmarks/degradation.py --write", seeds=5)["seeds"]
    5

    Args:
        command: What to type to make the record again.
        **more: Seeds, versions of other packages, whatever the numbers depend on.
    """
    return {
        "command": command,
        **more,
        "device": describe_device(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def store_record(path: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON; `course_lib.data.labeled.read_record` reads it."""
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
