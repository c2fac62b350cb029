"""After the build: fonts are cut down to what the pages use, and what they never use is dropped.

The theme's `fontawesome.js` (1.5 MB) carries every icon there is. We read from it the code points
of the icons that our pages use, cut the icon font down to those and drop the script. Formulas need
a font with a MATH table, or brackets don't grow: STIX Two Math (fonts/), cut down in the same way.
"""

import logging
import re
from collections.abc import Iterable
from html import unescape
from pathlib import Path

from fontTools import subset
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ICON_FONT = "_static/vendor/fontawesome/webfonts/fa-solid-900.woff2"
MATH_FONT = Path(__file__).parent / "fonts" / "stix-two-math.woff2"
ICON_SCRIPT = "_static/scripts/fontawesome.js"
# Modifiers in the same class attribute; not icons.
STYLES = {"fa-solid", "fa-regular", "fa-brands", "fa-lg", "fa-sm", "fa-xs", "fa-fw", "fa-2x"}
# Old names that the book theme still uses.
RENAMED = {"fa-arrow-circle-down": "fa-circle-arrow-down"}


def icons_in(html: str) -> set[str]:
    """Find the icons of a page: `fa-...` names in class attributes.

    >>> sorted(icons_in('<i class="fa-solid fa-moon fa-lg"></i> fa-sun'))
    ['fa-moon']
    """
    names: set[str] = set()
    for value in re.findall(r'class="([^"]*\bfa-[^"]*)"', html):
        names.update(name for name in value.split() if name.startswith("fa-"))
    return names - STYLES


def code_points(icons: Iterable[str], script: str) -> dict[str, str]:
    """Look up the hexadecimal code points of icons in the theme's icon script."""
    found = {}
    for icon in sorted(icons):
        name = re.escape(RENAMED.get(icon, icon).removeprefix("fa-"))
        match = re.search(rf'[{{,]"?{name}"?:\[\d+,\d+,\[[^\]]*\],"([0-9a-f]+)"', script)
        if match is None:
            raise ExtensionError(f"no icon named {icon!r} in the theme's icons")
        found[icon] = match[1]
    return found


def icon_style(points: dict[str, str]) -> str:
    """Write the style sheet that draws icons from the cut-down font."""
    rules = [f'.{icon}::before {{ content: "\\{point}"; }}' for icon, point in points.items()]
    base = (
        ".fa-solid, .fas, .fa-regular { font: 900 1em/1 'Font Awesome 6 Free';"
        " display: inline-block; -webkit-font-smoothing: antialiased; }\n"
        ".fa-lg { font-size: 1.25em; }\n"
    )
    return base + "\n".join(rules) + "\n"


def math_points(html: str) -> set[int]:
    """Find the code points that the formulas of a page need.

    >>> sorted(map(chr, math_points("<math><mi>k</mi><mo>+</mo></math>") - _MATH_ITALIC))
    ['+', 'k']
    >>> ord("√") in math_points("<math><msqrt><mi>k</mi></msqrt></math>")
    True
    """
    formulas = re.findall(r"<math\b.*?</math>", html, flags=re.DOTALL)
    text = "".join(unescape(re.sub(r"<[^>]*>", "", formula)) for formula in formulas)
    root = (
        {ord("√")} if any(re.search(r"<m(sqrt|root)\b", formula) for formula in formulas) else set()
    )
    return {ord(letter) for letter in text} | root | _MATH_ITALIC


# Browsers draw a letter alone in <mi> with its mathematical italic.
_MATH_ITALIC = {*range(0x1D434, 0x1D468), 0x210E, *range(0x1D6E2, 0x1D71C)}


def cut_font(font: Path, points: Iterable[int], target: Path) -> None:
    """Write a font with only these code points."""
    options = subset.Options(flavor="woff2", layout_features=["ssty"], notdef_outline=True)
    loaded = subset.load_font(str(font), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points)
    cutter.subset(loaded)
    subset.save_font(loaded, str(target), options)


def tidy(html: str) -> str:
    """Remove what a page loads and never uses, and put right what screen readers are told."""
    html = re.sub(r"<script[^>]*fontawesome\.js[^>]*></script>\s*", "", html)
    # Its children are no list items, so it is no list.
    html = html.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    # The accessible name must hold the words that are seen (WCAG 2.5.3).
    html = html.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    return html


def without_search_index(html: str) -> str:
    """Leave out what only the page of results needs: the index holds every word of the book.

    The theme loads it everywhere, to search while one types; that is switched off.

    >>> without_search_index('<b></b><script src="searchindex.js"></script>')
    '<b></b>'
    """
    scripts = r"_static/searchtools\.js|_static/language_data\.js|searchindex\.js"
    return re.sub(rf'<script[^>]*src="(?:\.\./)*(?:{scripts})[^"]*"[^>]*></script>\s*', "", html)


def _icons_of_theme(site: Path) -> set[int]:
    """Return the code points that the theme's own style sheet draws, for notes and warnings."""
    style = (site / "_static/styles/pydata-sphinx-theme.css").read_text(encoding="utf-8")
    found = re.findall(r'--pst-icon-[\w-]+:"\\?([^"]+)"', style)
    return {int(point, 16) if len(point) > 1 else ord(point) for point in found}


def _finish(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    known = {*app.env.found_docs, "genindex", "search", "index"}
    for page in site.glob("*.html"):
        if page.stem not in known:
            page.unlink()  # a page that was built before it left the table of contents
    pages = sorted(site.rglob("*.html"))
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    script = site / ICON_SCRIPT
    if script.exists():
        icons = set().union(*(icons_in(text) for text in texts.values()))
        points = code_points(icons, script.read_text(encoding="utf-8"))
        (site / "_static/icons.css").write_text(icon_style(points), encoding="utf-8")
        wanted = {int(point, 16) for point in points.values()} | _icons_of_theme(site)
        cut_font(site / ICON_FONT, wanted, site / ICON_FONT)
    formulas = set().union(*(math_points(text) for text in texts.values()))
    cut_font(MATH_FONT, formulas, site / "_static" / MATH_FONT.name)
    for page, text in texts.items():
        clean = tidy(text)
        if page.name != "search.html":
            clean = without_search_index(clean)
        if clean != text:
            page.write_text(clean, encoding="utf-8")
    for unused in [
        *site.rglob("*.map"),
        script,
        *site.glob("_static/vendor/fontawesome/webfonts/*.ttf"),
    ]:
        unused.unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    """Run last."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every glyph
    app.connect("build-finished", _finish, priority=900)
