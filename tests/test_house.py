"""Promises of the repository itself: dependencies, licenses, errata that are recomputed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest

from coursebook.chapters import code_cells, find_chapters, read_chapter

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def requirements():
    groups = PROJECT["dependency-groups"].values()
    listed = PROJECT["project"]["dependencies"] + [entry for group in groups for entry in group]
    return [entry for entry in listed if isinstance(entry, str)]


def tracked_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("requirement", requirements())
def test_dependencies_are_ranges(requirement):
    assert re.fullmatch(r"[\w-]+(\[\w+\])?>=[\w.]+,<\d+", requirement)


def test_oldest_constraints_are_the_lower_bounds():
    lower = {
        re.sub(r"\[.*\]", "", r.partition(">=")[0]): r.partition(">=")[2] for r in requirements()
    }
    wanted = {name: bounds.partition(",")[0] for name, bounds in lower.items()}
    lines = (ROOT / ".github/oldest.txt").read_text().splitlines()
    frozen = dict(line.split("==") for line in lines if "==" in line)

    def numbers(version):
        return re.sub(r"(\.0)+$", "", version)

    assert {k: numbers(v) for k, v in frozen.items()} == {k: numbers(v) for k, v in wanted.items()}


def test_no_registry_host_in_any_file():
    hosts = re.compile(
        "|".join(["pypi" + r"\.org", "files.pythonhosted" + r"\.org", "registry.npmjs" + r"\.org"])
    )
    found = [path.name for path in tracked_files() if hosts.search(path.read_text(errors="ignore"))]
    assert found == []


def test_importing_the_package_alone_is_cheap():
    script = "import sys, course_lib; print('torch' in sys.modules, 'anywidget' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def errata():
    found = []
    for chapter in find_chapters(ROOT):
        for name in re.findall(
            r"^[`:]{3,}\{erratum\} (E\d\d)", chapter.source.read_text(), re.MULTILINE
        ):
            found.append((chapter, name))
    return found


@pytest.mark.parametrize(
    ("chapter", "name"), errata(), ids=lambda value: getattr(value, "name", value)
)
def test_each_erratum_is_recomputed_by_a_cell_that_can_fail(chapter, name):
    cells = [
        cell.source
        for cell in code_cells(read_chapter(chapter))
        if f"erratum-{name}" in cell.metadata.get("tags", [])
    ]
    assert cells, f"book/{chapter.name}.md tells {name}, and no code cell is tagged erratum-{name}"
    assert any(re.search(r"^assert ", source, re.MULTILINE) for source in cells)


def test_the_errata_of_the_first_slides_are_told():
    """Those of slides L007 to L024, each in one chapter."""
    names = [name for _, name in errata()]
    assert sorted(set(names)) == sorted(names)
    assert {"E01", "E02", "E03", "E04", "E05", "E06", "E24", "E26"} <= set(names)


def test_code_cells_are_short():
    for chapter in find_chapters(ROOT):
        for number, cell in enumerate(code_cells(nbformat.read(chapter.stored, as_version=4)), 1):
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= 15, f"{chapter.name}, code cell {number} has {len(lines)} lines"


def test_figures_say_what_is_seen():
    for chapter in find_chapters(ROOT):
        cells = code_cells(read_chapter(chapter))
        stored = code_cells(nbformat.read(chapter.stored, as_version=4))
        for number, (cell, done) in enumerate(zip(cells, stored, strict=True), 1):
            if any("image/png" in output.get("data", {}) for output in done.outputs):
                alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
                assert len(alt) >= 30, (
                    f"{chapter.name}, code cell {number}: its figure has no alt text"
                )
