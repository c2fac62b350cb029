"""Formulas as MathML, made when the site is built: no script, no font and no other host.

latex2mathml does the translation; browsers draw MathML themselves since 2023.
"""

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

log = logging.getLogger(__name__)


def to_mathml(latex: str, *, display: bool) -> str:
    r"""Translate LaTeX to a `<math>` element.

    >>> to_mathml("k", display=False).partition("<mrow>")[2]
    '<mi>k</mi></mrow></math>'
    """
    if r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    return str(convert(latex, display="block" if display else "inline"))


def _mathml(node: nodes.Element, *, display: bool) -> str:
    try:
        return to_mathml(node.astext(), display=display)
    except Exception as error:
        log.warning("latex2mathml can't translate %r: %s", node.astext(), error, location=node)
        return f"<code>{nodes.unescape(node.astext())}</code>"


def _visit_inline(writer: HTML5Translator, node: nodes.math) -> None:
    writer.body.append(_mathml(node, display=False))
    raise nodes.SkipNode


def _visit_block(writer: HTML5Translator, node: nodes.math_block) -> None:
    ids = "".join(f' id="{name}"' for name in node["ids"][:1])
    # A wide formula scrolls by itself, and a keyboard can reach it to do so.
    writer.body.append(f'<div class="math-block"{ids}><div class="math-scroll" tabindex="0">')
    writer.body.append(_mathml(node, display=True) + "</div>")
    if node["number"]:
        number = get_node_equation_number(writer, node)
        writer.body.append(f'<span class="eqno">({number})</span>')
        writer.add_permalink_ref(node, "Link to this equation")
    writer.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Make `mathml` a renderer that `html_math_renderer` can name."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
