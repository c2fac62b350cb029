"""The built website, as the tests of it see it: its pages, and what they carry."""

import importlib.util
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.glob("*.html"))
READ = [page for page in PAGES if page not in {"genindex.html", "search.html"}]
DARK = "localStorage.setItem('mode', 'dark'); localStorage.setItem('theme', 'dark');"


def exercises_of(page: str) -> list[dict[str, Any]]:
    """The exercises of a page, as its HTML carries them."""
    text = (SITE / page).read_text(encoding="utf-8")
    states = re.findall(r'data-cw-module="exercise"[^>]*?data-cw-state="([^"]*)"', text)
    return [json.loads(unescape(state))["exercise"] for state in states]


def labs_of(page: str) -> list[str]:
    """The labs of a page: the modules of all widgets that are made to play with."""
    text = (SITE / page).read_text(encoding="utf-8")
    modules = re.findall(r'data-cw-module="(\w+)"', text)
    return [module for module in modules if module not in {"exercise", "progress", "tally"}]


# Contrast depends on these alone, so of many words that share them three are looked at. The code of
# a chapter has thousands of colored words, and each one costs axe about ten milliseconds.
SKIP_ALIKE = """(parts) => {
  const count = {};
  const ground = (node) => {
    const color = getComputedStyle(node).backgroundColor;
    const isClear = /^rgba\\(.*, 0\\)$|^transparent$/.test(color);
    return isClear && node.parentElement ? ground(node.parentElement) : color;
  };
  for (const node of document.querySelectorAll("pre span:not(:has(span)), math *:not(:has(*))")) {
    node.removeAttribute("data-alike");
    if (!node.checkVisibility() || (parts.length && !node.closest(parts.join()))) continue;
    const { color, fontSize, fontWeight, opacity } = getComputedStyle(node);
    const isWord = /\\w{2}/.test(node.textContent); // axe passes single signs by
    const key = [isWord, color, fontSize, fontWeight, opacity, ground(node)].join();
    count[key] = (count[key] ?? 0) + 1;
    node.toggleAttribute("data-alike", count[key] > 3);
  }
}"""


def serious(page: Any, *parts: str, colors_only: bool = False) -> list[Any]:
    """Run axe-core on a page, or on parts of it; return its serious and critical findings."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    if not page.evaluate("'axe' in window"):
        script = Path(spec.origin).parent / "axe.min.js"
        page.evaluate(script.read_text(encoding="utf-8"))
    page.evaluate(SKIP_ALIKE, parts)
    context: dict[str, Any] = {"exclude": [["[data-alike]"]]}
    if parts:
        context["include"] = [[part] for part in parts if page.locator(part).count()]
    # Its preloading resolves the theme's @import against the page, and misses.
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if colors_only:
        options["runOnly"] = ["color-contrast", "link-in-text-block"]
    found = page.evaluate("([context, options]) => axe.run(context, options)", [context, options])
    return [
        (violation["id"], [node["html"][:120] for node in violation["nodes"]])
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
