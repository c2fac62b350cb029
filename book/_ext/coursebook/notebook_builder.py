"""Sphinx builder `notebook`: each executable chapter as a notebook of plain Markdown and code.

Written for this course because the builder made for the job, sphinx-tojupyter 0.6, turns titled
admonitions into headings, static code into cells and leaves figures behind (see CONTRIBUTING.md).
The code cells come from the chapter's source; what this builder adds is the text between them.
"""

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx import addnodes
from sphinx.builders import Builder
from sphinx.util import logging

from .chapters import KERNEL_METADATA
from .markdown import Page, Unsupported, block, caption, inline

log = logging.getLogger(__name__)


class NotebookBuilder(Builder):
    """Write `NAME.ipynb` for each chapter: resolved text, and a place for each code cell."""

    name = "notebook"
    format = "notebook"
    supported_image_types = ["image/svg+xml", "image/png", "image/jpeg"]  # noqa: RUF012
    allow_parallel = False

    def get_outdated_docs(self) -> Set[str]:
        """Write every chapter each time: it takes less than a second."""
        return set(self.env.found_docs)

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Link to a chapter's notebook; a prose page has none."""
        return f"{docname}.ipynb" if self._is_chapter(docname) else ""

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        """Return the address of one notebook as seen from another; nothing for the same one."""
        return "" if from_ == to else self.get_target_uri(to)

    def prepare_writing(self, docnames: Set[str]) -> None:
        """Nothing to prepare: a notebook stands alone."""

    def _is_chapter(self, docname: str) -> bool:
        return "kernelspec" in self.env.metadata.get(docname, {})

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        """Translate one chapter."""
        if not self._is_chapter(docname):
            return
        figures = self.env.toc_fignumbers.get(docname, {}).get("figure", {})
        numbers = {name: ".".join(map(str, number)) for name, number in figures.items()}
        try:
            cells = list(_cells(doctree, Page(numbers, Path(self.srcdir)), level=1))
        except Unsupported as error:
            place = error.node if getattr(error.node, "line", None) else docname
            log.warning("%s has no form in a notebook; see markdown.py", error, location=place)
            return
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=KERNEL_METADATA)
        nbformat.write(notebook, Path(self.outdir, f"{docname}.ipynb"))


def _cells(parent: nodes.Element, page: Page, level: int) -> Iterator[Any]:
    """Yield the cells of a section: a Markdown cell up to each code cell or heading, and so on."""
    text: list[str] = []

    def flush() -> Iterator[Any]:
        if text:
            yield nbformat.v4.new_markdown_cell("\n\n".join(text))
            text.clear()

    for node in parent.children:
        if isinstance(node, nodes.title):
            text.append(f"{'#' * level} {inline(node)}")
        elif isinstance(node, nodes.section):
            yield from flush()
            yield from _cells(node, page, level + 1 if isinstance(parent, nodes.section) else level)
        elif isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
            yield from flush()
            yield nbformat.v4.new_code_cell()
            text += [line for f in node.findall(nodes.figure) if (line := caption(f, page))]
        elif not isinstance(node, addnodes.toctree) and (part := block(node, page)):
            text.append(part)
    yield from flush()
