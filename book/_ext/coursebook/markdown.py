"""Plain Markdown from a resolved Sphinx doctree: what Colab, GitHub and JupyterLab all render.

References, citations, equation and figure numbers are resolved before this runs, so what is left is
structure. A construct without a rule here raises `Unsupported`: better no notebook than a raw one.
"""

import base64
import mimetypes
import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx import addnodes


@dataclass(frozen=True)
class Page:
    """What rendering needs from outside the node: the figures' numbers by id, the image folder."""

    numbers: dict[str, str]
    folder: Path


class Unsupported(Exception):
    """A construct of the text, at this node, that has no plain-Markdown form yet."""

    def __init__(self, what: str, node: nodes.Node) -> None:
        """Say what it is and where."""
        super().__init__(what)
        self.node = node


def escape(text: str) -> str:
    """Escape the characters that Markdown would read as markup.

    >>> escape("2 * 3 and x_1")
    '2 \\\\* 3 and x\\\\_1'
    """
    return re.sub(r"([\\`*_$<~\[\]])", r"\\\1", text)


def inline(node: nodes.Node) -> str:
    """Render the children of a paragraph-like node as one piece of Markdown."""
    return "".join(_inline(child) for child in node.children)


def _inline(node: nodes.Node) -> str:
    match node:
        case nodes.Text():
            return escape(node.astext())
        case nodes.math():
            return f"${node.astext()}$"
        case nodes.literal():
            return _code_span(node.astext())
        case nodes.emphasis() | nodes.title_reference():
            return f"*{inline(node)}*"
        case nodes.strong():
            return f"**{inline(node)}**"
        case nodes.subscript():
            return f"<sub>{inline(node)}</sub>"
        case nodes.superscript():
            return f"<sup>{inline(node)}</sup>"
        case nodes.footnote_reference():
            return f"<sup>[{node.astext()}]</sup>"
        case nodes.reference() | addnodes.number_reference():
            return _link(node)
        case nodes.image():
            raise Unsupported("an image inside a line (use a {figure})", node.parent)
        case nodes.inline() | nodes.generated():
            return inline(node)
        case nodes.raw() if node.astext().strip() == "<br />":
            return "\\\n"
        case nodes.raw() if "html" not in node["format"].split():
            return ""  # bibliographies carry LaTeX for PDFs
        case nodes.target() | nodes.comment() | addnodes.index():
            return ""
    raise Unsupported(f"<{node.tagname}> in a line, {node.astext()[:40]!r},", node.parent)


def _code_span(text: str) -> str:
    fence = _longer_than("`", text)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _longer_than(fence: str, text: str) -> str:
    """Lengthen a fence of backticks until the text holds none like it."""
    while fence in text:
        fence += "`"
    return fence


def _link(node: nodes.Element) -> str:
    text, address = inline(node), str(node.get("refuri", ""))
    # Inside the same notebook, or to a page that is no notebook: the words are enough.
    if not address or address.startswith("#"):
        return text
    return f"[{text}]({address})"


def blocks(children: Iterable[nodes.Node], page: Page) -> str:
    """Render block-level nodes, a blank line between them."""
    parts = (block(child, page) for child in children)
    return "\n\n".join(part for part in parts if part)


def block(node: nodes.Node, page: Page) -> str:
    """Render one block-level node."""
    for kinds, render in _RULES:
        if isinstance(node, kinds):
            return render(node, page)
    raise Unsupported(f"<{node.tagname}>", node)


def _children(node: nodes.Element, page: Page) -> str:
    return blocks(node.children, page)


def _paragraph(node: nodes.Element, page: Page) -> str:
    # What would begin a heading, a quote or a list at the start of a line is text here.
    return re.sub(r"(?m)^(\s*)(\d*)([#>+.)-](?=\s))", _escape_start, inline(node))


def _escape_start(match: re.Match[str]) -> str:
    space, digits, mark = match.groups()
    if (mark in ".)") != bool(digits):
        return match[0]
    return f"{space}{digits}\\{mark}"


def _math(node: nodes.Element, page: Page) -> str:
    latex = node.astext().strip()
    if r"\\" in latex and r"\begin" not in latex:
        latex = f"\\begin{{aligned}}\n{latex}\n\\end{{aligned}}"
    tag = f"\n\\tag{{{node['number']}}}" if node.get("number") else ""
    return f"$$\n{latex}{tag}\n$$"


def _code(node: nodes.Element, page: Page) -> str:
    language = str(node.get("language", "")).replace("none", "")
    fence = _longer_than("```", node.astext())
    return f"{fence}{language}\n{node.astext().rstrip()}\n{fence}"


def _list(node: nodes.Element, page: Page) -> str:
    first = int(node.get("start", 1))
    items = []
    for position, item in enumerate(node.children):
        mark = f"{first + position}." if isinstance(node, nodes.enumerated_list) else "-"
        body = _item(item, page)
        items.append(f"{mark} {textwrap.indent(body, ' ' * (len(mark) + 1)).lstrip()}")
    text = [child for item in node.children for child in item.children[1:]]
    loose = any(not isinstance(child, (nodes.bullet_list, nodes.enumerated_list)) for child in text)
    return ("\n\n" if loose else "\n").join(items)


def _item(item: nodes.Node, page: Page) -> str:
    """Render a list's item; a nested list follows it without a blank line."""
    body = ""
    for child in item.children:
        is_list = isinstance(child, nodes.bullet_list | nodes.enumerated_list)
        gap = "\n" if is_list and child.get("start", 1) == 1 else "\n\n"
        body += (gap if body else "") + block(child, page)
    return body


def _definitions(node: nodes.Element, page: Page) -> str:
    parts = []
    for item in node.children:
        terms = [inline(child) for child in item.children if isinstance(child, nodes.term)]
        body = [child for child in item.children if isinstance(child, nodes.definition)]
        parts.append(f"**{', '.join(terms)}**: " + blocks(body, page))
    return "\n\n".join(parts)


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _admonition(node: nodes.Element, page: Page) -> str:
    children = list(node.children)
    title = node.tagname.capitalize()
    if children and isinstance(children[0], nodes.title):
        title = inline(children.pop(0))
    body = blocks(children, page)
    if "dropdown" in node.get("classes", []):
        return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
    return _quote(f"**{title}**\n\n{body}")


def caption(node: nodes.Element, page: Page) -> str:
    """Render the caption of a figure with its number."""
    number = next((page.numbers[i] for i in node["ids"] if i in page.numbers), None)
    texts = [child for child in node.children if isinstance(child, nodes.caption)]
    legends = [child for child in node.children if isinstance(child, nodes.legend)]
    label = f"**Fig. {number}** " if number else ""
    return "\n\n".join(
        [label + inline(c) for c in texts] + [_children(legend, page) for legend in legends]
    ).strip()


def _figure(node: nodes.Element, page: Page) -> str:
    images = list(node.findall(nodes.image))
    return "\n\n".join([_image(image, page) for image in images] + [caption(node, page)])


def _image(node: nodes.Element, page: Page) -> str:
    # Colab shows no cell attachments, and a path would exist in the checkout only.
    mime = mimetypes.guess_type(node["uri"])[0]
    content = base64.b64encode((page.folder / node["uri"]).read_bytes()).decode()
    return f"![{escape(node.get('alt', ''))}](data:{mime};base64,{content})"


def _table(node: nodes.Element, page: Page) -> str:
    title = "".join(
        f"**{inline(child)}**\n\n" for child in node.children if isinstance(child, nodes.title)
    )
    rows = [[_table_cell(entry) for entry in row.children] for row in node.findall(nodes.row)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|" + "".join(f"{_alignment(entry)}|" for entry in _first_row(node)))
    return title + "\n".join(lines)


def _first_row(table: nodes.Element) -> list[nodes.Node]:
    return list(next(iter(table.findall(nodes.row))).children)


def _alignment(entry: nodes.Node) -> str:
    classes = entry.get("classes", []) if isinstance(entry, nodes.Element) else []
    marks = {"text-left": ":--", "text-center": ":-:", "text-right": "--:"}
    return next((marks[name] for name in classes if name in marks), "---")


def _table_cell(entry: nodes.Node) -> str:
    return (
        " ".join(inline(child) for child in entry.children).replace("|", "\\|").replace("\n", " ")
    )


def _footnote(node: nodes.Element, page: Page) -> str:
    label, *body = node.children
    return f"[{label.astext()}] {blocks(body, page)}"


def _raw(node: nodes.Element, page: Page) -> str:
    if "html" in node["format"].split():
        raise Unsupported(f"raw HTML, {node.astext()[:40]!r},", node)
    return ""


def _citation(node: nodes.Element, page: Page) -> str:
    return "- " + blocks([c for c in node.children if not isinstance(c, nodes.label)], page)


def _nothing(node: nodes.Element, page: Page) -> str:
    return ""


_Rule = tuple[type | tuple[type, ...], Callable[[nodes.Element, Page], str]]
_RULES: tuple[_Rule, ...] = (
    (
        (nodes.target, nodes.comment, nodes.meta, addnodes.index, nodes.substitution_definition),
        _nothing,
    ),
    ((nodes.paragraph, nodes.rubric, nodes.term), _paragraph),
    (nodes.math_block, _math),
    (nodes.literal_block, _code),
    ((nodes.bullet_list, nodes.enumerated_list), _list),
    (nodes.definition_list, _definitions),
    (nodes.figure, _figure),
    (nodes.image, _image),
    (nodes.table, _table),
    (nodes.footnote, _footnote),
    (nodes.citation, _citation),
    (nodes.raw, _raw),
    (nodes.transition, lambda node, page: "---"),
    (nodes.block_quote, lambda node, page: _quote(_children(node, page))),
    (nodes.Admonition, _admonition),
    ((nodes.container, nodes.definition, nodes.compound), _children),
)
