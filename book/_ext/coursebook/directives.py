"""Directives of the course: `erratum` where a chapter recomputes a slide, and two pages' lists.

    ```{erratum} E04
    :slide: L016
    :sort: A
    :written: what the slide says
    :right: what is right
    ```

`errata-list` gathers them on one page; `progress` lists every exercise of the book.
"""

import copy
import html
import json
import re
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from .contents import list_exercises


class ErrataList(nodes.General, nodes.Element):
    """Placeholder, replaced once every chapter has been read."""


class ProgressList(nodes.General, nodes.Element):
    """Placeholder, replaced once every chapter has been read."""


SORTS = {
    "A": "a slip on the slide",
    "B": "a slip of our copy",
    "C": "a slip in the cited paper",
    "D": "true, with a remark",
}


def _sort(argument: str | None) -> str:
    return str(directives.choice(argument, [sort.lower() for sort in SORTS]).upper())


class Erratum(SphinxDirective):
    """A slide's slip, with what is right; a cell tagged `erratum-ID` recomputes it."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "slide": directives.unchanged_required,
        "sort": _sort,
        "written": directives.unchanged_required,
        "right": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Show the erratum as an admonition and remember it for the list."""
        name = self.arguments[0]
        missing = [option for option in self.option_spec if option not in self.options]
        if not re.fullmatch(r"E\d\d", name) or missing:
            raise self.error(
                f"erratum {name!r} needs a number like E04 and :{':, :'.join(self.option_spec)}:"
            )
        errata = _errata(self.env)
        if name in errata and errata[name]["docname"] != self.env.docname:
            raise self.error(f"erratum {name} is told in {errata[name]['docname']} already")
        anchor = f"erratum-{name.lower()}"
        slide = self.options["slide"]
        label = "Remark" if self.options["sort"] == "D" else "Right"
        says = [
            self._sentence("On the slide:", self.options["written"]),
            self._sentence(f"{label}:", self.options["right"]),
        ]
        sort = f"{self.options['sort']}, {SORTS[self.options['sort']]}"
        errata[name] = {
            "docname": self.env.docname,
            "anchor": anchor,
            "title": f"{name}, slide {slide} ({sort})",
            "says": says,
        }
        title = nodes.title("", f"Slide {slide} (erratum {name})")
        box = nodes.admonition("", title, *copy.deepcopy(says), classes=["erratum"], ids=[anchor])
        box += self.parse_content_to_nodes()
        return [box]

    def _sentence(self, label: str, text: str) -> nodes.paragraph:
        words, _ = self.parse_inline(text)
        return nodes.paragraph("", "", nodes.strong("", label), nodes.Text(" "), *words)


class ErrataListDirective(SphinxDirective):
    """Where the list of all errata goes."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder."""
        self.env.metadata[self.env.docname]["lists"] = "errata"
        return [ErrataList()]


class ProgressDirective(SphinxDirective):
    """Where the list of all exercises goes."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder."""
        self.env.metadata[self.env.docname]["lists"] = "exercises"
        return [ProgressList()]


def _errata(env: BuildEnvironment) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = env.__dict__.setdefault("course_errata", {})
    return found


def _purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    errata = _errata(env)
    for name in [name for name, erratum in errata.items() if erratum["docname"] == docname]:
        del errata[name]


def _pages_with_lists(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write the pages with lists whenever anything was read: they show every chapter."""
    return [doc for doc in env.found_docs if "lists" in env.metadata.get(doc, {})]


def _fill_lists(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for place in list(doctree.findall(ErrataList)):
        place.replace_self(_errata_table(app, docname))
    for place in list(doctree.findall(ProgressList)):
        place.replace_self(nodes.raw("", _progress_html(app, docname), format="html"))


def _errata_table(app: Sphinx, docname: str) -> nodes.Node:
    entries = nodes.definition_list(classes=["errata"])
    for name, erratum in sorted(_errata(app.env).items()):
        chapter = app.env.titles[erratum["docname"]].astext()
        link = make_refnode(
            app.builder, docname, erratum["docname"], erratum["anchor"], nodes.Text(chapter)
        )
        term = nodes.term("", erratum["title"], ids=[name.lower()])
        body = nodes.definition(
            "",
            *copy.deepcopy(erratum["says"]),
            nodes.paragraph(
                "", "", nodes.Text("Recomputed in the chapter "), link, nodes.Text(".")
            ),
        )
        entries += nodes.definition_list_item("", term, body)
    return entries


def _progress_html(app: Sphinx, docname: str) -> str:
    chapters, items = [], []
    for entry in list_exercises(Path(app.srcdir).parent):
        title = app.env.titles[entry["chapter"]].astext()
        page = app.builder.get_relative_uri(docname, entry["chapter"])
        exercises = [{**e, "url": f"{page}#{e['anchor']}"} for e in entry["exercises"]]
        chapters.append({"title": title, "exercises": exercises})
        links = "".join(
            f'<li><a href="{html.escape(e["url"])}">{html.escape(e["title"])}</a></li>'
            for e in exercises
        )
        items.append(f"<h2>{html.escape(title)}</h2><ol>{links}</ol>")
    state = html.escape(json.dumps({"chapters": chapters}))
    return (
        f'<div class="cw-mount" data-cw-module="progress" data-cw-id="" data-cw-state="{state}">'
        f"{''.join(items)}</div>"
    )


def setup(app: Sphinx) -> None:
    """Register the directives and the events that fill their lists."""
    app.add_node(ErrataList)
    app.add_node(ProgressList)
    app.add_directive("erratum", Erratum)
    app.add_directive("errata-list", ErrataListDirective)
    app.add_directive("progress", ProgressDirective)
    app.connect("env-purge-doc", _purge)
    app.connect("env-updated", _pages_with_lists)
    app.connect("doctree-resolved", _fill_lists)
