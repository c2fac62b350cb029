"""The course's Sphinx extension, and the commands that take a chapter to the website and to Colab.

chapters          read a chapter, decide whether it is stale, execute it, store its outputs
notebook_builder  a chapter as a notebook of plain Markdown (markdown.py renders the text)
directives        `erratum`, the errata list and the list of exercises
mathml            formulas without a script
page, slim        what a page of the website carries, and nothing else
__main__          the commands behind the Makefile
"""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

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
    from . import directives, mathml, page, slim
    from .notebook_builder import NotebookBuilder

    app.add_builder(NotebookBuilder)
    for part in (directives, mathml, page, slim):
        part.setup(app)
    app.connect("source-read", _depend_on_outputs)
    app.config.nb_mime_priority_overrides += MIME_PRIORITIES
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}


def _depend_on_outputs(app: Sphinx, docname: str, source: list[str]) -> None:
    """Read a chapter again when its stored outputs changed, not only when its text did."""
    app.env.note_dependency(f"../notebooks/{docname}.ipynb")
