"""The way of a chapter, tried on books of one small chapter."""

import json
import shutil
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from coursebook.__main__ import main
from coursebook.chapters import (
    ChapterError,
    clean_outputs,
    find_chapters,
    load_stored,
    read_chapter,
    why_stale,
)

ROOT = Path(__file__).parents[1]
HEADER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: {kernel}
course:
  question: What is six times seven?
  minutes: 5
  slides: L001
---
# Small chapter

"""
CELL = "```{{code-cell}} ipython3\n{}\n```\n"


@pytest.fixture(scope="session")
def made_course(tmp_path_factory):
    """A course with one chapter, `book/01_small.md`, made with the real package and extension."""
    course = tmp_path_factory.mktemp("course")
    (course / "book" / "_ext").mkdir(parents=True)
    (course / "book" / "_ext" / "coursebook").symlink_to(ROOT / "book/_ext/coursebook")
    shutil.copytree(ROOT / "course_lib", course / "course_lib")
    shutil.copy(ROOT / "_config.yml", course)
    (course / "book" / "references.bib").write_text("")
    (course / "notebooks").mkdir()
    (course / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- file: 01_small\n")
    (course / "book" / "index.md").write_text("# Welcome\n\nHello.\n")
    write_chapter(course, CELL.format("print(6 * 7)"))
    assert run(course, "notebooks") == 0
    return course


@pytest.fixture
def course(made_course, tmp_path):
    """A copy of the course, its chapter executed and stored."""
    return shutil.copytree(made_course, tmp_path / "course", symlinks=True)


def write_chapter(course, body, kernel="python3"):
    (course / "book" / "01_small.md").write_text(HEADER.format(kernel=kernel) + body)


def run(course, *arguments):
    return main(["--root", str(course), *arguments])


def stored(course):
    return course / "notebooks" / "01_small.ipynb"


def test_a_chapter_goes_all_the_way(course):
    write_chapter(course, "The answer is $a_1$.\n\n" + CELL.format("print(6 * 7)"))
    assert run(course, "notebooks") == 0
    notebook = json.loads(stored(course).read_text())
    assert [cell["cell_type"] for cell in notebook["cells"]] == ["code", "markdown", "code"]
    assert notebook["cells"][2]["outputs"][0]["text"] == ["42\n"]
    assert run(course, "notebooks", "--check") == 0
    assert run(course, "book") == 0
    page = (course / "_build/html/01_small.html").read_text()
    assert ">42\n" in page
    assert (course / "_build/html/notebooks/01_small.ipynb").read_bytes() == stored(
        course
    ).read_bytes()


def test_an_unchanged_chapter_stays_byte_identical_and_is_not_executed(course, capsys):
    before = stored(course).read_bytes()
    capsys.readouterr()
    assert run(course, "notebooks") == 0
    assert "executing" not in capsys.readouterr().out
    assert stored(course).read_bytes() == before
    assert run(course, "notebooks", "--force") == 0
    assert "executing" in capsys.readouterr().out
    assert stored(course).read_bytes() == before


def test_a_new_text_is_taken_without_executing(course, capsys):
    write_chapter(course, "A new sentence.\n\n" + CELL.format("print(6 * 7)"))
    assert run(course, "notebooks", "--check") == 1
    assert "make notebooks" in capsys.readouterr().err
    assert run(course, "notebooks") == 0
    assert "executing" not in capsys.readouterr().out
    assert "A new sentence." in stored(course).read_text()


def test_changed_code_makes_a_chapter_stale(course, capsys):
    write_chapter(course, CELL.format("print(6 * 8)"))
    assert run(course, "notebooks", "--check") == 1
    assert run(course, "book") == 1
    assert "01_small: its code cells changed" in capsys.readouterr().err
    assert run(course, "notebooks") == 0
    assert "48" in stored(course).read_text()


def test_only_modules_that_a_chapter_loads_make_it_stale(course):
    code = "import sys\nsys.path.insert(0, '..')\nimport course_lib\nprint(course_lib.__version__)"
    write_chapter(course, CELL.format(code))
    assert run(course, "notebooks") == 0
    module = course / "course_lib" / "devices.py"
    module.write_text(module.read_text() + "# changed\n")
    assert run(course, "notebooks", "--check") == 0
    module = course / "course_lib" / "__init__.py"
    module.write_text(module.read_text() + "# changed\n")
    assert run(course, "notebooks", "--check") == 1
    chapter = find_chapters(course)[0]
    reason = why_stale(chapter, read_chapter(chapter), load_stored(chapter), course)
    assert reason == "course_lib changed"


@pytest.mark.parametrize(
    ("old", "new"),
    [("print(6 * 7)", "print(6 * 9)"), ('"42', '"43'), ("Small chapter", "Big chapter")],
    ids=["code", "output", "text"],
)
def test_a_notebook_edited_by_hand_is_found(course, capsys, old, new):
    stored(course).write_text(stored(course).read_text().replace(old, new))
    assert run(course, "notebooks", "--check") == 1
    assert "make notebooks" in capsys.readouterr().err


def test_a_failing_cell_stops_and_is_shown(course, capsys):
    write_chapter(course, CELL.format("1 / 0"))
    assert run(course, "notebooks") == 1
    message = capsys.readouterr().err
    assert "01_small, code cell 1 failed" in message
    assert "ZeroDivisionError" in message
    assert "42" in stored(course).read_text()


def test_an_unknown_exercise_stops_and_is_named(course, capsys):
    write_chapter(
        course, CELL.format('from course_lib.exercises import show\nshow("convolution/nope")')
    )
    assert run(course, "notebooks") == 1
    assert "convolution/nope" in capsys.readouterr().err


def test_a_missing_kernel_is_named(course, capsys):
    write_chapter(course, CELL.format("1"), kernel="fortran77")
    assert run(course, "notebooks") == 1
    assert "no Jupyter kernel named 'fortran77'" in capsys.readouterr().err


def test_broken_text_stops_the_build_and_every_fault_is_named(course, capsys):
    faults = {
        "```{nonsense}\n```": "nonsense",
        "See {numref}`fig-nowhere`.": "fig-nowhere",
        "See [there](02_missing.md).": "02_missing",
        "As {cite:t}`nobody1999` says.": "nobody1999",
        "See {eq}`eq-none`.": "eq-none",
        "{term}`quark`": "quark",
        "$$\n\\left( a\n$$": "latex2mathml",
        "```{erratum} E1\n```": "E1",
        "```{note} a `tick` here": "a directive was read as text",
    }
    write_chapter(course, "\n\n".join(faults) + "\n\n" + CELL.format("print(6 * 7)"))
    assert run(course, "book") == 1
    message = capsys.readouterr().err
    assert [fault for fault, named in faults.items() if named not in message] == []


def test_two_chapters_may_cite_the_same_work(course):
    work = "@article{someone1999, author={Some One}, title={On x}, journal={J}, year={1999}}"
    (course / "book" / "references.bib").write_text(work)
    cites = "As {cite:t}`someone1999` says.\n\n```{bibliography}\n:filter: docname in docnames\n```"
    write_chapter(course, CELL.format("print(6 * 7)") + "\n" + cites)
    (course / "book" / "prose.md").write_text(f"# Prose\n\n{cites}\n")
    toc = (course / "_toc.yml").read_text()
    (course / "_toc.yml").write_text(f"{toc}- file: prose\n")
    assert run(course, "book") == 0
    for page in ("01_small", "prose"):
        text = (course / f"_build/html/{page}.html").read_text()
        assert 'href="#id' in text  # to the list on the same page
        assert "On x" in text


def test_a_missing_page_stops_the_build(course, capsys):
    (course / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- file: 09_gone\n")
    assert run(course, "book") == 1
    assert "09_gone" in capsys.readouterr().err


def test_a_damaged_stored_notebook_is_named(course, capsys):
    stored(course).write_text("{ not json")
    assert run(course, "notebooks") == 1
    assert "01_small.ipynb can't be read" in capsys.readouterr().err


def test_a_cell_whose_place_would_be_lost_is_refused(course, capsys):
    write_chapter(course, "```{code-cell} ipython3\n:tags: [remove-cell]\n1\n```\n")
    assert run(course, "notebooks") == 1
    assert "remove-cell" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (HEADER.format(kernel="python3").encode() + b"\xe9\n", "UTF-8"),
        (b"---\njupytext: {text_representation: {format_name: myst}}\n---\n# x\n", "kernel"),
        (b"\xef\xbb\xbf" + HEADER.format(kernel="python3").encode() + b"```{code-cell}\n```\n",
         "code cell 1 is empty"),
    ],
    ids=["latin-1", "no kernel", "empty cell after a byte order mark"],
)  # fmt: skip
def test_a_file_that_is_no_chapter_is_explained(course, capsys, content, named):
    (course / "book" / "01_small.md").write_bytes(content)
    assert run(course, "notebooks") == 1
    assert named in capsys.readouterr().err


def test_a_chapter_that_only_a_pattern_lists_is_not_executed_by_the_site(course, capsys):
    (course / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- glob: 0*\n")
    assert run(course, "book") == 1
    assert "by `file: 01_small`" in capsys.readouterr().err


def test_a_chapter_that_left_the_book_leaves_the_website(course, capsys):
    assert run(course, "book") == 0
    (course / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    assert run(course, "book") == 0
    assert not (course / "_build/html/01_small.html").exists()
    assert not (course / "_build/html/notebooks/01_small.ipynb").exists()
    assert run(course, "notebooks", "--check") == 1
    assert "belongs to no chapter" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_formatting_changes_code_cells_only(course, ending):
    (course / "notebooks" / ".ruff.toml").write_text("line-length = 84\n")
    text = "```python\nx=1\n```\n\n" + CELL.format("x=1") + "\nwords  \n"
    source = course / "book" / "01_small.md"
    source.write_bytes((HEADER.format(kernel="python3") + text).replace("\n", ending).encode())
    assert run(course, "format") == 0
    wanted = text.replace("ipython3\nx=1", "ipython3\nx = 1").replace("\n", ending)
    assert source.read_bytes().decode().endswith(wanted)


def test_text_without_a_plain_form_is_refused(course, capsys):
    write_chapter(course, "```{raw} html\n<b>x</b>\n```\n\n" + CELL.format("1"))
    assert run(course, "notebooks") == 1
    message = capsys.readouterr().err
    assert "raw HTML" in message
    assert "has no form in a notebook" in message


def test_publishing_needs_an_address_and_fills_it_in(course, capsys, monkeypatch):
    for name in ("COURSE_REPOSITORY", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    assert run(course, "publish", "--revision", "abc") == 1
    assert "COURSE_REPOSITORY" in capsys.readouterr().err
    for address, revision in [('https://e.org/a"b', "abc"), ("https://example.org/a/course", "")]:
        monkeypatch.setenv("COURSE_REPOSITORY", address)
        assert run(course, "publish", "--revision", revision) == 1
    monkeypatch.setenv("COURSE_REPOSITORY", "https://example.org/a/course/")
    assert run(course, "publish", "--revision", "abc") == 0
    published = json.loads((course / "_build/colab/notebooks/01_small.ipynb").read_text())
    first = "".join(published["cells"][0]["source"])
    assert 'COURSE = "course-lib @ https://example.org/a/course/archive/abc.zip"' in first
    compile(first, "first cell", "exec")
    assert "NBVAL" not in str(published)


@pytest.mark.parametrize(
    "output",
    [
        new_output("stream", name="stderr", text="UserWarning: look out"),
        new_output("stream", name="stdout", text="<object at 0x7f00>"),
        new_output("execute_result", data={"text/plain": "<object at 0x7f00>"}),
    ],
    ids=["stderr", "printed address", "shown address"],
)
def test_outputs_that_cannot_repeat_are_refused(output):
    with pytest.raises(ChapterError, match="cell 1"):
        clean_outputs([output], "chapter, cell 1")
