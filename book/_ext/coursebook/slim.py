"""After the build: half a megabyte of icon script becomes a few hundred bytes, the rest is tidied.

The theme's `fontawesome.js` (1.5 MB) carries every icon there is. We read from it the code points of
the icons that our pages use, cut the icon font down to those and drop the script.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

FONT = "_static/vendor/fontawesome/webfonts/fa-solid-900.woff2"
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
        ".fa-solid, .fas, .fa-regular { font: 900 1em/1 'Font Awesome 6 Free'; display: inline-block;"
        " -webkit-font-smoothing: antialiased; }\n.fa-lg { font-size: 1.25em; }\n"
    )
    return base + "\n".join(rules) + "\n"


def cut_font(font: Path, points: Iterable[str]) -> None:
    """Keep only these code points of an icon font."""
    options = subset.Options(flavor="woff2", layout_features=[], notdef_outline=True)
    loaded = subset.load_font(str(font), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[int(point, 16) for point in points])
    cutter.subset(loaded)
    subset.save_font(loaded, str(font), options)


def tidy(html: str) -> str:
    """Remove what a page loads and never uses, and put two of the theme's labels right."""
    html = re.sub(r'<script[^>]*fontawesome\.js[^>]*></script>\s*', "", html)
    # The accessible name must hold the words that are seen (WCAG 2.5.3).
    html = html.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    return html


def _finish(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    pages = sorted(site.rglob("*.html"))
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    icons = set().union(*(icons_in(text) for text in texts.values()))
    theme_points = re.findall(
        r"--pst-icon-[\w-]+:\"\\?(\w+|.)\"",
        (site / "_static/styles/pydata-sphinx-theme.css").read_text(encoding="utf-8"),
    )
    script = site / ICON_SCRIPT
    if script.exists():
        points = code_points(icons, script.read_text(encoding="utf-8"))
        (site / "_static/icons.css").write_text(icon_style(points), encoding="utf-8")
        drawn = {p if len(p) > 1 else f"{ord(p):x}" for p in theme_points}
        cut_font(site / FONT, drawn | set(points.values()))
    for page, text in texts.items():
        if (clean := tidy(text)) != text:
            page.write_text(clean, encoding="utf-8")
    for unused in [*site.rglob("*.map"), script, *site.glob("_static/vendor/fontawesome/webfonts/*.ttf")]:
        unused.unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    """Run last."""
    app.connect("build-finished", _finish, priority=900)
