"""Directive `course-map`: the chapters, part by part, with their questions, times and exercises."""

import json
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .chapters import Chapter, read_chapter
from .contents import count_labs, exercises_of, find_parts
from .facts import Facts, read_facts, time_in_words


class CourseMap(nodes.General, nodes.Element):
    """Placeholder, replaced once every chapter has been read."""


class CourseMapDirective(SphinxDirective):
    """Where the map of the course goes."""

    def run(self) -> list[nodes.Node]:
        """Leave a placeholder; the page is written anew when the table of contents changes."""
        self.env.metadata[self.env.docname]["lists"] = "chapters"
        self.env.note_dependency("../_toc.yml")
        return [CourseMap()]


def _fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for place in list(doctree.findall(CourseMap)):
        place.replace_self(nodes.raw("", _map_html(app, docname), format="html"))


def _map_html(app: Sphinx, docname: str) -> str:
    sections, everything = [], []
    for caption, chapters in find_parts(Path(app.srcdir).parent):
        known = [(chapter, read_facts(read_chapter(chapter).metadata)) for chapter in chapters]
        everything += known
        items = "".join(_chapter_html(app, docname, *entry) for entry in known)
        heading = f"<h3>{escape(caption)}</h3><p>{_total(known)}</p>" if caption else ""
        sections.append(f"<section>{heading}<ol>{items}</ol></section>")
    total = f"<p><strong>In all: {_total(everything)}.</strong></p>"
    return f'<div class="course-map">{"".join(sections)}{total}</div>'


def _chapter_html(app: Sphinx, docname: str, chapter: Chapter, facts: Facts) -> str:
    title = app.env.titles[chapter.name].astext()
    address = app.builder.get_relative_uri(docname, chapter.name)
    ids = [exercise["id"] for exercise in exercises_of(chapter)]
    labs = count_labs(chapter)
    says = [
        f"about {time_in_words(facts.minutes)}",
        f"slide{'s' if len(facts.slides) > 4 else ''} {facts.slides}",
        *([_counted(labs, "lab")] if labs else []),
        *([_counted(len(ids), "exercise")] if ids else []),
    ]
    line = "".join(f"<li>{escape(words)}</li>" for words in says)
    return (
        f'<li><a href="{escape(address)}">{escape(title)}</a>'
        f'<p>{escape(facts.question)}</p><ul class="course-facts">{line}</ul>{_tally(ids)}</li>'
    )


def _tally(ids: list[str]) -> str:
    """Leave a place where the browser says how many of these exercises are done."""
    state = escape(json.dumps({"ids": ids}))
    mount = f'<div class="cw-mount" data-cw-module="tally" data-cw-state="{state}"></div>'
    return mount if ids else ""


def _total(known: list[tuple[Chapter, Facts]]) -> str:
    """Add up chapters in words."""
    minutes = sum(facts.minutes for _, facts in known)
    exercises = sum(len(exercises_of(chapter)) for chapter, _ in known)
    return (
        f"{_counted(len(known), 'chapter')}, about {time_in_words(minutes)}, "
        f"{_counted(exercises, 'exercise')}"
    )


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_node(CourseMap)
    app.add_directive("course-map", CourseMapDirective)
    app.connect("doctree-resolved", _fill)
