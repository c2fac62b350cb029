"""The tiny markup of exercises as HTML and as plain text (see `course_lib.exercises.kinds`)."""

import re
from collections.abc import Sequence
from html import escape

__all__ = ["inline_html", "markup_html", "table_html", "table_text"]

_FENCE = re.compile(r"^```.*\n([\s\S]*?)\n```[ \t]*$", re.MULTILINE)
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s](?:[^*]*[^*\s])?)\*")

Cells = Sequence[Sequence[float | str]]


def inline_html(text: str) -> str:
    """Turn `code`, **bold** and *emphasis* into HTML; everything else is escaped.

    Example:
        >>> inline_html("*a* < `b`")
        '<em>a</em> &lt; <code>b</code>'
    """
    html, end = "", 0
    for match in _INLINE.finditer(text):
        tag = ("code", "strong", "em")[(match.lastindex or 1) - 1]
        inside = match[match.lastindex or 1]
        html += f"{escape(text[end : match.start()])}<{tag}>{escape(inside)}</{tag}>"
        end = match.end()
    return html + escape(text[end:])


def markup_html(text: str) -> str:
    """Turn paragraphs and fenced blocks into HTML.

    Example:
        >>> markup_html("One.\\n\\nTwo.")
        '<p>One.</p><p>Two.</p>'
    """
    html = ""
    for i, part in enumerate(_FENCE.split(text)):
        if i % 2:
            html += f"<pre><code>{escape(part)}</code></pre>"
        else:
            paragraphs = (paragraph.strip() for paragraph in re.split(r"\n[ \t]*\n", part))
            html += "".join(
                f"<p>{inline_html(paragraph)}</p>" for paragraph in paragraphs if paragraph
            )
    return html


def table_html(name: str, rows: Cells) -> str:
    """Write a small matrix as a table with a caption."""
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_shown(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f'<table class="cw-grid"><caption>{escape(name)}</caption><tbody>{body}</tbody></table>'


def table_text(name: str, rows: Cells) -> str:
    """Write a small matrix as text.

    Example:
        >>> print(table_text("Kernel", ((0, 10), (-2, 1))))
        Kernel:
           0  10
          −2   1
    """
    width = max(len(_shown(cell)) for row in rows for cell in row) + 2
    lines = ("".join(_shown(cell).rjust(width) for cell in row) for row in rows)
    return "\n".join((f"{name}:", *lines))


def _shown(cell: float | str) -> str:
    return str(cell).replace("-", "−")
