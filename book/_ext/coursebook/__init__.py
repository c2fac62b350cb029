"""The course's Sphinx extension, and the commands that take a chapter to the website and to Colab.

chapters          read a chapter, decide whether it is stale, execute it, store its outputs
notebook_builder  a chapter as a notebook of plain Markdown (markdown.py renders the text)
facts, contents   what a chapter says of itself, and what it holds
course_map        the map of the course on the welcome page
speed             the page of what `make bench` measured
directives        `erratum`, the errata list and the list of exercises
mathml            formulas without a script
page, slim        what a page of the website carries, and nothing else
__main__          the commands behind the Makefile
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

log = logging.getLogger(__name__)

# A widget's text/html is what the website mounts. The notebook builder takes outputs from the
# stored notebook; it names types only because Sphinx wants one.
MIME_PRIORITIES = [("html", "text/html", 5)] + [
    ("notebook", mime, position)
    for position, mime in enumerate(
        ["image/png", "image/svg+xml", "text/markdown", "text/html", "text/plain"]
    )
]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the parts of the extension."""
    from . import course_map, directives, mathml, page, slim, speed
    from .notebook_builder import NotebookBuilder

    app.add_builder(NotebookBuilder)
    for part in (course_map, directives, mathml, page, slim, speed):
        part.setup(app)
    app.connect("source-read", _depend_on_outputs)
    app.connect("doctree-read", _refuse_broken_fences)
    app.config.nb_mime_priority_overrides += MIME_PRIORITIES
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}


def _depend_on_outputs(app: Sphinx, docname: str, source: list[str]) -> None:
    """Read a chapter again when its stored outputs changed, not only when its text did."""
    from myst_nb.core.read import is_myst_markdown_notebook

    from .chapters import find_chapters

    if is_myst_markdown_notebook(source[0]):
        if docname not in {chapter.name for chapter in find_chapters(Path(app.srcdir).parent)}:
            raise ExtensionError(f"list the chapter {docname} in _toc.yml by `file: {docname}`")
        app.env.note_dependency(f"../notebooks/{docname}.ipynb")


def _refuse_broken_fences(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of a directive that became text: a fence with a slip swallows what follows it."""
    for text in doctree.findall(nodes.Text):
        in_code = isinstance(text.parent, nodes.literal | nodes.literal_block | nodes.raw)
        if not in_code and re.match(r"\s*(`{3,}|:{3,})\s*\{", text):
            log.warning("a directive was read as text: %r", text[:60], location=text.parent)
