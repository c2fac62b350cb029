"""A chapter's way: read its text, decide whether its outputs are stale, execute it, store it.

`book/NN_name.md` is what people edit. `notebooks/NN_name.ipynb` holds the same chapter with its
text resolved (see `notebook_builder`) and its outputs; the website takes the outputs from there.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig

from .facts import read_facts

CELL_TIMEOUT_SECONDS = 120
KERNEL_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
# A removed cell's place is lost when the text is resolved; the installing cell is the build's own.
UNSUPPORTED_TAGS = {"remove-cell", "install"}


class ChapterError(Exception):
    """A chapter can't be used; the message names the chapter, the cell and what to do."""


@dataclass(frozen=True)
class Chapter:
    """One executable chapter: its text and its stored notebook."""

    name: str
    source: Path
    stored: Path


def find_chapters(root: Path) -> list[Chapter]:
    """List the executable chapters of the table of contents, in reading order."""
    chapters = []
    for name in files_in_toc(read_toc(root)):
        source = root / "book" / f"{name}.md"
        if not source.exists():
            raise ChapterError(
                f"_toc.yml lists `{name}`, but there is no {source.relative_to(root)}"
            )
        if is_myst_markdown_notebook(_text_of(source)):
            if "/" in name:
                raise ChapterError(f"_toc.yml lists `{name}`; chapters stand in book/ itself")
            chapters.append(Chapter(name, source, root / "notebooks" / f"{name}.ipynb"))
    return chapters


def _text_of(source: Path) -> str:
    try:
        return source.read_text(encoding="utf-8-sig")
    except UnicodeError as error:
        raise ChapterError(f"{source} must be saved as UTF-8: {error}") from error


def read_toc(root: Path) -> Any:
    """Read the table of contents."""
    try:
        return yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ChapterError(f"_toc.yml can't be read: {error}") from error


def files_in_toc(node: Any) -> Iterator[str]:
    """Yield the names of the files that a part of the table of contents lists."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("root", "file"):
                yield str(value)
            else:
                yield from files_in_toc(value)
    elif isinstance(node, list):
        for value in node:
            yield from files_in_toc(value)


def read_chapter(chapter: Chapter) -> Any:
    """Read a chapter's Markdown as a notebook without outputs."""
    config = MdParserConfig(enable_extensions={"colon_fence", "dollarmath"})
    text = _text_of(chapter.source)
    try:
        notebook = read_myst_markdown_notebook(text, config=config, path=str(chapter.source))
    except Exception as error:
        raise ChapterError(f"{chapter.name}: its code cells can't be read: {error}") from error
    if not dict(notebook.metadata.get("kernelspec") or {}).get("name"):
        raise ChapterError(f"{chapter.name}: its front matter names no kernel; say `name: python3`")
    try:
        read_facts(notebook.metadata)
    except ValueError as error:
        raise ChapterError(f"book/{chapter.source.name}: {error}") from error
    notebook.metadata["language_info"] = KERNEL_METADATA["language_info"]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, 1):
        where = f"{chapter.name}, code cell {number}"
        if not cell.source.strip():
            raise ChapterError(f"{where} is empty")
        unsupported = UNSUPPORTED_TAGS.intersection(cell.metadata.get("tags", []))
        if unsupported:
            raise ChapterError(
                f"{where}: tag {sorted(unsupported)[0]!r} is not "
                "supported; use 'remove-input' or 'hide-input'"
            )
    return notebook


def code_cells(notebook: Any) -> list[Any]:
    """Return the code cells of a notebook, without the installing first cell."""
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "install" not in cell.metadata.get("tags", [])
    ]


def load_stored(chapter: Chapter) -> Any | None:
    """Load the stored notebook of a chapter, or None when there is none."""
    if not chapter.stored.exists():
        return None
    try:
        return nbformat.read(chapter.stored, as_version=4)
    except Exception as error:
        raise ChapterError(
            f"{chapter.stored} can't be read ({error}); restore it from git, "
            "or delete it and run `make notebooks`"
        ) from error


def code_fingerprint(notebook: Any) -> str:
    """Hash what decides a chapter's outputs: the source and metadata of its code cells."""
    cells = [(cell.source, cell.metadata) for cell in code_cells(notebook)]
    return _digest(json.dumps(cells, sort_keys=True).encode())


def output_fingerprint(notebook: Any) -> str:
    """Hash the outputs of a chapter, to notice when somebody edits them."""
    outputs = [cell.outputs for cell in code_cells(notebook)]
    return _digest(json.dumps(outputs, sort_keys=True).encode())


def package_fingerprint(modules: Iterable[str], root: Path) -> str:
    """Hash the sources of the `course_lib` modules that a chapter loaded."""
    return _digest(*(_module_source(module, root) for module in sorted(modules)))


def _module_source(module: str, root: Path) -> bytes:
    path = root.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.exists():
            return module.encode() + b"\0" + file.read_bytes()
    return module.encode() + b" is gone"


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def why_stale(chapter: Chapter, notebook: Any, stored: Any | None, root: Path) -> str | None:
    """Say why the stored outputs of a chapter can't be used any more, or None when they can."""
    if stored is None:
        return "it has no stored outputs yet"
    record = stored.metadata.get("course")
    record = record if isinstance(record, dict) else {}
    if code_fingerprint(notebook) != record.get("code"):
        return "its code cells changed"
    sources = [cell.source for cell in code_cells(notebook)]
    same = [cell.source for cell in code_cells(stored)] == sources
    if not same or output_fingerprint(stored) != record.get("outputs"):
        return f"notebooks/{chapter.name}.ipynb was edited by hand"
    if package_fingerprint(record.get("modules", []), root) != record.get("package"):
        return "course_lib changed"
    return None


def execute_chapter(chapter: Chapter, notebook: Any, root: Path) -> dict[str, Any]:
    """Run a chapter in a fresh kernel, put clean outputs into `notebook` and return its record.

    Raises:
        ChapterError: A cell failed, wrote to stderr or ran too long, or the kernel is missing.
    """
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    kernel = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    probe = nbformat.v4.new_code_cell(
        "import sys\nprint(*(name for name in sys.modules if name.split('.')[0] == 'course_lib'))"
    )
    run = nbformat.v4.new_notebook(cells=[*code_cells(notebook), probe])
    client = NotebookClient(
        run,
        timeout=CELL_TIMEOUT_SECONDS,
        kernel_name=kernel,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(root / "notebooks")}},
    )
    environment = {**os.environ, "PYTHONHASHSEED": "0", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    try:
        client.execute(env=environment)
    except NoSuchKernel as error:
        raise ChapterError(
            f"{chapter.name}: there is no Jupyter kernel named {kernel!r}; "
            "its front matter must say `name: python3`"
        ) from error
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise ChapterError(_failed_cell(chapter, run, error)) from error
    modules = sorted(probe.outputs[0].text.split()) if probe.outputs else []
    for number, cell in enumerate(code_cells(notebook), 1):
        cell.execution_count = number
        cell.outputs = clean_outputs(cell.outputs, f"{chapter.name}, code cell {number}")
    return {
        "code": code_fingerprint(notebook),
        "outputs": output_fingerprint(notebook),
        "modules": modules,
        "package": package_fingerprint(modules, root),
    }


def _failed_cell(chapter: Chapter, run: Any, error: Exception) -> str:
    for number, cell in enumerate(run.cells, 1):
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed or cell.get("execution_count") is None:
            return f"{chapter.name}, code cell {number} failed:\n\n{cell.source}\n\n{error}"
    return f"{chapter.name} failed: {error}"


def clean_outputs(outputs: Sequence[Any], where: str) -> list[Any]:
    """Keep what a reader sees and what repeats: no widget ids, no timing, one block a stream."""
    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                raise ChapterError(
                    f"{where} wrote to stderr; no warning may reach a reader:\n{output.text}"
                )
            _refuse_address(output.text, where)
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
                continue
        elif output.output_type in ("display_data", "execute_result"):
            output.data.pop("application/vnd.jupyter.widget-view+json", None)
            output.metadata = nbformat.NotebookNode()
            if "execution_count" in output:
                output.execution_count = None
            for data in output.data.values():
                _refuse_address(data, where)
        kept.append(output)
    return kept


def _refuse_address(data: object, where: str) -> None:
    if isinstance(data, str) and " at 0x" in data:
        raise ChapterError(f"{where}: its output holds a memory address: {data[:200]}")


def take_outputs(notebook: Any, stored: Any) -> None:
    """Copy the stored outputs into a freshly read chapter."""
    for cell, done in zip(code_cells(notebook), code_cells(stored), strict=True):
        cell.outputs = done.outputs
        cell.execution_count = done.execution_count


def seed_cache(notebooks: Iterable[Any], cache_folder: Path) -> None:
    """Put executed chapters into a fresh jupyter-cache, where the build finds their outputs."""
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn

    cache = get_cache(str(cache_folder))
    cache.clear_cache()
    for number, notebook in enumerate(notebooks):
        bundle = CacheBundleIn(notebook, f"chapter-{number}", data={"execution_seconds": 0})
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def write_notebook(path: Path, notebook: Any) -> bool:
    """Write a notebook when its bytes differ from what is there; say whether they did."""
    text = nbformat.writes(notebook, version=4) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return True


def format_chapter(chapter: Chapter, root: Path) -> bool:
    """Put the format of a chapter's code cells right with ruff; say whether its text changed."""
    cells = code_cells(read_chapter(chapter))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c.source) for c in cells])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "chapter.ipynb")
        nbformat.write(notebook, path)
        ruff = [sys.executable, "-m", "ruff"]
        config = ["--config", str(root / "notebooks" / ".ruff.toml")]
        # What ruff can't fix itself, `make check` reports from the stored notebook.
        for verb in (["check", "--fix-only", "--quiet"], ["format", "--quiet"]):
            subprocess.run([*ruff, *verb, *config, str(path)], check=True)
        formatted = nbformat.read(path, as_version=4)
    raw = chapter.source.read_bytes().decode("utf-8-sig")
    before = text = raw.replace("\r\n", "\n")
    place = 0
    for old, new in zip(cells, formatted.cells, strict=True):
        place = text.index(f"\n{old.source}\n```", text.index("{code-cell}", place))
        text = f"{text[:place]}\n{new.source}{text[place + 1 + len(old.source) :]}"
    if text != before:
        ending = "\r\n" if "\r\n" in raw else "\n"
        chapter.source.write_bytes(text.replace("\n", ending).encode())
    return text != before
