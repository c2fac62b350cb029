"""Commands behind the Makefile: `python -m coursebook notebooks | book | format | publish`."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from sphinx.errors import ExtensionError

from .chapters import (
    KERNEL_METADATA,
    Chapter,
    ChapterError,
    code_cells,
    execute_chapter,
    find_chapters,
    format_chapter,
    load_stored,
    read_chapter,
    seed_cache,
    take_outputs,
    why_stale,
    write_notebook,
)
from .install_cell import MARKER, install_cell
from .page import NBVAL_MARK, repository

Executed = list[tuple[Chapter, Any, dict[str, Any]]]
SIZE_LIMIT_BYTES = 1_000_000


def main(arguments: list[str] | None = None) -> int:
    """Run one command; say in words what went wrong."""
    parser = argparse.ArgumentParser(prog="coursebook", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the course's folder")
    commands = parser.add_subparsers(dest="command", required=True)
    notebooks = commands.add_parser(
        "notebooks", help="execute stale chapters and store their outputs"
    )
    notebooks.add_argument(
        "--check", action="store_true", help="change nothing; fail when any would change"
    )
    notebooks.add_argument("--force", action="store_true", help="execute all, stale or not")
    commands.add_parser("book", help="build the website from text and stored outputs")
    commands.add_parser("format", help="put the format of the chapters' code cells right")
    publish = commands.add_parser(
        "publish", help="write notebooks that know where to install course_lib from"
    )
    publish.add_argument("--revision", required=True, help="the commit that Colab installs")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    try:
        if options.command == "notebooks":
            make_notebooks(root, check=options.check, force=options.force)
        elif options.command == "book":
            make_book(root)
        elif options.command == "format":
            for chapter in find_chapters(root):
                if format_chapter(chapter, root):
                    print(f"formatted book/{chapter.name}.md")
        else:
            publish_notebooks(root, options.revision)
    except (ChapterError, ExtensionError, OSError, subprocess.CalledProcessError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the stored notebooks are whole.", file=sys.stderr)
        return 130
    return 0


def make_notebooks(root: Path, *, check: bool = False, force: bool = False) -> None:
    """Execute what is stale, resolve the text of every chapter and store both.

    Raises:
        ChapterError: A chapter failed; or, with `check`, a stored notebook isn't what it should be.
    """
    known = {chapter.stored for chapter in find_chapters(root)}
    orphans = sorted(set((root / "notebooks").glob("*.ipynb")) - known)
    if orphans:
        raise ChapterError(f"{orphans[0]} belongs to no chapter of _toc.yml: delete it")
    executed = _collect(root, execute=not check, force=force)
    texts = _resolve_texts(root, executed)
    changed = []
    for chapter, notebook, record in executed:
        complete = compose(texts[chapter.name], notebook, record)
        size = len(nbformat.writes(complete))
        if size > SIZE_LIMIT_BYTES:
            raise ChapterError(
                f"notebooks/{chapter.name}.ipynb would have {size:,} bytes; 1 MB is the limit"
            )
        if check:
            if (
                chapter.stored.read_text(encoding="utf-8")
                != nbformat.writes(complete, version=4) + "\n"
            ):
                changed.append(chapter.name)
        elif write_notebook(chapter.stored, complete):
            print(f"  wrote notebooks/{chapter.name}.ipynb")
    if changed:
        raise ChapterError(
            f"notebooks/{changed[0]}.ipynb isn't what book/{changed[0]}.md makes of it: its text "
            "changed, or somebody edited the notebook. Edit book/ only, then run `make notebooks`."
        )
    print(f"{len(executed)} chapter(s): stored notebooks are up to date.")


def make_book(root: Path) -> None:
    """Build the website below `_build/html`.

    Raises:
        ChapterError: A chapter is stale, or Sphinx warned of anything.
    """
    start = time.monotonic()
    executed = _collect(root, execute=False)
    print("Building the website ...", flush=True)
    _sphinx(root, executed, [])
    site = root / "_build" / "html"
    shutil.rmtree(site / "notebooks", ignore_errors=True)
    (site / "notebooks").mkdir()
    for chapter, _, _ in executed:
        shutil.copy(chapter.stored, site / "notebooks")
    print(f"The website is in {site} ({time.monotonic() - start:.0f} s).")
    print(f"Open {site / 'index.html'} in a browser, or serve it with `make serve`.")


def publish_notebooks(root: Path, revision: str) -> None:
    """Write what Colab opens to `_build/colab`: the install cell knows this revision's address."""
    address = repository()
    if not address:
        raise ChapterError(
            "set COURSE_REPOSITORY to the repository's address, as https://host/owner/name"
        )
    if not re.fullmatch(r"[\w.-]+", revision):
        raise ChapterError(f"REVISION must be a commit, a tag or a branch, got {revision!r}")
    source = f"course-lib @ {address}/archive/{revision}.zip"
    for chapter in find_chapters(root):
        stored = load_stored(chapter)
        if stored is None or not stored.cells or MARKER not in stored.cells[0].source:
            raise ChapterError(
                f"notebooks/{chapter.name}.ipynb has no install cell; run `make notebooks`"
            )
        stored.cells[0].source = install_cell(source).source
        for cell in stored.cells:
            cell.source = cell.source.removeprefix(NBVAL_MARK)
        write_notebook(root / "_build" / "colab" / "notebooks" / chapter.stored.name, stored)
    print(f"Notebooks for Colab, installing {source}, are in {root / '_build' / 'colab'}.")


def _collect(root: Path, *, execute: bool, force: bool = False) -> Executed:
    """Read all chapters and bring in their outputs: stored ones, or new ones for stale ones."""
    executed: Executed = []
    stale = []
    for chapter in find_chapters(root):
        notebook = read_chapter(chapter)
        stored = load_stored(chapter)
        reason = "asked to" if force else why_stale(chapter, notebook, stored, root)
        # A chapter that ran, but whose text then stopped Sphinx, need not run again.
        kept = Chapter(
            chapter.name, chapter.source, root / "_build" / "executed" / chapter.stored.name
        )
        if reason and execute and not force:
            attempt = load_stored(kept)
            if why_stale(chapter, notebook, attempt, root) is None:
                reason, stored = None, attempt
        if reason is None and stored is not None:
            take_outputs(notebook, stored)
            record = dict(stored.metadata["course"])
        elif execute:
            print(f"  executing {chapter.name} ({reason}) ...", end=" ", flush=True)
            start = time.monotonic()
            record = execute_chapter(chapter, notebook, root)
            print(f"{time.monotonic() - start:.0f} s", flush=True)
            write_notebook(kept.stored, _executed_notebook(code_cells(notebook), record))
        else:
            stale.append(f"  {chapter.name}: {reason}")
            continue
        executed.append((chapter, notebook, record))
    if stale:
        raise ChapterError("Stale chapters:\n" + "\n".join(stale) + "\nRun `make notebooks`.")
    return executed


def _resolve_texts(root: Path, executed: Executed) -> dict[str, Any]:
    """Let Sphinx resolve the text of every chapter; the code cells are still empty."""
    _sphinx(root, executed, ["--builder", "custom", "--custom-builder", "notebook"])
    folder = root / "_build" / "notebook"
    return {c.name: nbformat.read(folder / f"{c.name}.ipynb", as_version=4) for c, _, _ in executed}


def compose(text: Any, notebook: Any, record: dict[str, Any]) -> Any:
    """Join resolved text, code and outputs into the notebook that is stored."""
    code = iter(code_cells(notebook))
    cells = [install_cell()]
    cells[0].metadata["tags"] = ["install"]
    for cell in text.cells:
        if cell.cell_type == "code":
            source = next(code)
            cell = nbformat.v4.new_code_cell(source.source, outputs=source.outputs)
            cell.execution_count = source.execution_count
            if tags := source.metadata.get("tags"):
                cell.metadata["tags"] = tags
                if {"remove-input", "hide-input"} & set(tags):
                    cell.metadata["jupyter"] = {"source_hidden": True}
        cells.append(cell)
    if next(code, None) is not None:
        raise ChapterError(
            "a code cell got lost on the way; a code cell can't stand inside another block"
        )
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number:02d}"
    return _executed_notebook(cells, record)


def _executed_notebook(cells: list[Any], record: dict[str, Any]) -> Any:
    return nbformat.v4.new_notebook(cells=cells, metadata={**KERNEL_METADATA, "course": record})


def _sphinx(root: Path, executed: Executed, arguments: list[str]) -> None:
    """Run Jupyter Book, any warning an error, with the outputs of all chapters in its cache."""
    seed_cache([notebook for _, notebook, _ in executed], root / "_build" / ".jupyter_cache")
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command += [
        "build",
        str(root / "book"),
        "--config",
        str(root / "_config.yml"),
        "--toc",
        str(root / "_toc.yml"),
    ]
    command += ["--path-output", str(root), "-W", "-n", "--keep-going", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=root
    )
    if done.returncode != 0:
        raise ChapterError(f"Jupyter Book stopped:\n{_essence(done.stderr) or done.stdout[-3000:]}")


def _essence(log: str) -> str:
    """Keep the warnings and errors of a Sphinx log, and the last line of a traceback."""
    log = re.sub(r"\x1b\[[0-9;]*m", "", log)
    said, _, traceback = log.partition("Traceback (most recent call last)")
    lines = [line for line in said.splitlines() if line.strip() and "====" not in line]
    return "\n".join(
        lines + [x for x in traceback.splitlines() if x.strip() and "====" not in x][-3:]
    )


if __name__ == "__main__":
    sys.exit(main())
