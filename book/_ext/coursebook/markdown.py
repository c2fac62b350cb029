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
    """A construct of the text that has no plain-Markdown form yet."""


def escape(text: str) -> str:
    """Escape the characters that Markdown would read as markup.

    >>> escape("2 * 3 and x_1")
    '2 \\\\* 3 and x\\\\_1'
    """
    return re.sub(r"([\\`*_$<\[\]])", r"\\\1", text)


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
            raise Unsupported("an image inside a line; use a {figure}")
        case nodes.inline() | nodes.generated():
            return inline(node)
        case nodes.raw() if "html" not in node["format"].split():
            return ""  # bibliographies carry LaTeX for PDFs
        case nodes.target() | nodes.comment() | addnodes.index():
            return ""
    raise Unsupported(f"<{node.tagname}> in a line")


def _code_span(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"


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
    raise Unsupported(f"<{node.tagname}>")


def _children(node: nodes.Element, page: Page) -> str:
    return blocks(node.children, page)


def _paragraph(node: nodes.Element, page: Page) -> str:
    return inline(node)


def _math(node: nodes.Element, page: Page) -> str:
    latex = node.astext().strip()
    if r"\\" in latex and r"\begin" not in latex:
        latex = f"\\begin{{aligned}}\n{latex}\n\\end{{aligned}}"
    tag = f"\n\\tag{{{node['number']}}}" if node.get("number") else ""
    return f"$$\n{latex}{tag}\n$$"


def _code(node: nodes.Element, page: Page) -> str:
    language = str(node.get("language", "")).replace("none", "")
    return f"```{language}\n{node.astext().rstrip()}\n```"


def _list(node: nodes.Element, page: Page) -> str:
    first = int(node.get("start", 1))
    items = []
    for position, item in enumerate(node.children):
        mark = f"{first + position}." if isinstance(node, nodes.enumerated_list) else "-"
        body = _tight(blocks(item.children, page))
        items.append(f"{mark} {textwrap.indent(body, ' ' * (len(mark) + 1)).lstrip()}")
    text = [child for item in node.children for child in item.children[1:]]
    loose = any(not isinstance(child, (nodes.bullet_list, nodes.enumerated_list)) for child in text)
    return ("\n\n" if loose else "\n").join(items)


def _tight(body: str) -> str:
    """Let a nested list follow its item without a blank line."""
    return re.sub(r"\n\n(- |\d+\. )", r"\n\1", body)


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
    return "\n\n".join([label + inline(c) for c in texts] + [blocks(legends, page)]).strip()


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
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return title + "\n".join(lines)


def _table_cell(entry: nodes.Node) -> str:
    return (
        " ".join(inline(child) for child in entry.children).replace("|", "\\|").replace("\n", " ")
    )


def _footnote(node: nodes.Element, page: Page) -> str:
    label, *body = node.children
    return f"[{label.astext()}] {blocks(body, page)}"


def _raw(node: nodes.Element, page: Page) -> str:
    if "html" in node["format"].split():
        raise Unsupported("raw HTML")
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
