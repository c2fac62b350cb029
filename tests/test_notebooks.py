"""What a reader on Colab or GitHub sees: the stored notebooks, as files."""

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import nbformat
import pytest

from course_lib.exercises import find
from coursebook.chapters import find_chapters
from coursebook.install_cell import SOURCE

ROOT = Path(__file__).parents[1]
CHAPTERS = find_chapters(ROOT)
RAW_MYST = {
    "directive": re.compile(r"^\s*(`{3,}|:{3,})\s*\{", re.MULTILINE),
    "role": re.compile(r"\{[a-z:-]+\}`"),
    "label": re.compile(r"^\([\w-]+\)=\s*$", re.MULTILINE),
    "option": re.compile(r"^:[a-z]+: ", re.MULTILINE),
    "link to text source": re.compile(r"\]\([^)]*\.md[)#]"),
}


@pytest.fixture(params=CHAPTERS, ids=lambda chapter: chapter.name)
def notebook(request):
    return nbformat.read(request.param.stored, as_version=4)


def markdown(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def outputs(notebook):
    return [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]


def test_every_notebook_belongs_to_a_chapter():
    names = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert names == {chapter.name for chapter in CHAPTERS}


def test_notebook_is_valid(notebook):
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("construct", RAW_MYST)
def test_no_raw_myst(notebook, construct):
    found = [
        match[0] for text in markdown(notebook) for match in RAW_MYST[construct].finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("construct", "text"),
    [
        ("directive", "words\n\n```{note}\n"),
        ("directive", "::::{grid}\n"),
        ("role", "see {numref}`fig-one`"),
        ("label", "(the-label)=\n# Heading"),
        ("option", ":class: tip\n"),
        ("link to text source", "[next](05_pooling.md)"),
    ],
)
def test_the_search_for_raw_myst_finds_it(construct, text):
    assert RAW_MYST[construct].search(text)


def test_equations_are_numbered(notebook):
    tags = re.findall(r"\\tag\{(\d+)\}", "\n".join(markdown(notebook)))
    assert tags == [str(number) for number in range(1, len(tags) + 1)]
    assert tags


def test_figures_are_numbered_and_need_no_file(notebook):
    text = "\n".join(markdown(notebook))
    captions = re.findall(r"^\*\*Fig\. (\d+)\*\*", text, re.MULTILINE)
    assert captions == [str(number) for number in range(1, len(captions) + 1)]
    for address in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text):
        assert address.startswith("data:image/")
    assert any("image/png" in output.get("data", {}) for output in outputs(notebook))


def test_first_cell_installs_and_names_the_device(notebook):
    assert notebook.cells[0].source == SOURCE.rstrip()
    assert "install" in notebook.cells[0].metadata.tags


def test_every_code_cell_has_been_run_without_error(notebook):
    counts = [cell.execution_count for cell in notebook.cells[1:] if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert not [output for output in outputs(notebook) if output.output_type == "error"]


def test_some_printed_numbers_are_compared_by_nbval(notebook):
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert sum("# NBVAL_CHECK_OUTPUT" in source for source in code) >= 2


def test_no_live_widget_is_stored(notebook):
    assert "widgets" not in notebook.metadata
    assert not any("widget-view" in mime for o in outputs(notebook) for mime in o.get("data", {}))


def test_stored_exercises_are_those_of_the_package(notebook):
    html = "".join(output.get("data", {}).get("text/html", "") for output in outputs(notebook))
    stored = {}
    for name, state in re.findall(r'data-cw-id="([^"]+)"[^>]*data-cw-state="([^"]*)"', html):
        stored[name] = json.loads(unescape(state))["exercise"]
    assert stored
    assert stored == {name: json.loads(json.dumps(find(name).spec())) for name in stored}


def test_the_notebooks_stay_small():
    sizes = {path.name: path.stat().st_size for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert max(sizes.values()) <= 1_000_000
    assert sum(sizes.values()) <= 15_000_000


HIDE = """import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "course_lib" else found(name)
"""


def test_install_cell_says_what_to_do_where_nobody_knows_the_address(tmp_path):
    script = f"{HIDE}{SOURCE}"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "chapter from the course's website" in done.stderr


def test_install_cell_keeps_the_torch_that_is_there(tmp_path):
    """The pip command is recorded instead of run: what it may change is in its constraints."""
    script = (
        f"import subprocess\n{HIDE}"
        "subprocess.run = lambda command, check: print(command)\n"
        + SOURCE.replace('COURSE = ""', 'COURSE = "course-lib @ https://example.org/course.zip"')
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (
        "'--constraint', 'kept-versions.txt', 'course-lib @ https://example.org/course.zip'"
        in done.stdout
    )
    assert "device: " in done.stdout
    kept = (tmp_path / "kept-versions.txt").read_text()
    assert re.search(r"^torch==\d", kept, re.MULTILINE)
    assert re.search(r"^torchvision==\d", kept, re.MULTILINE)
