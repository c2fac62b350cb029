"""The first cell of a notebook: installs `course_lib` where it is missing, names the device."""

from typing import Any

import nbformat

MARKER = 'COURSE = ""'
SOURCE = """\
# Prepares the notebook: where the course's package is missing (Colab), installs it
# beside the torch that is there, which stays as it is.
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

COURSE = ""  # where to install from; filled in when it is published

if find_spec("course_lib") is None:
    if not COURSE:
        raise ModuleNotFoundError(
            "course_lib is missing, and this copy doesn't say where it is. Open "
            "the chapter from the course's website, or `pip install` its folder."
        )
    kept = [name for name in ("torch", "torchvision", "numpy") if find_spec(name)]
    versions = Path("kept-versions.txt")
    versions.write_text("\\n".join(f"{name}=={version(name)}" for name in kept))
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--constraint", str(versions), COURSE], check=True)

from course_lib.devices import describe_device

print(describe_device())
"""


def install_cell(address: str = "") -> Any:
    """Make the cell; `address` is what `pip install` is to be given, "" while nobody knows it."""
    filled = f'COURSE = "{address}"' if address else MARKER
    return nbformat.v4.new_code_cell(SOURCE.rstrip().replace(MARKER, filled))
