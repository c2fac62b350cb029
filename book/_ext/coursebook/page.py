"""What a page of the website carries: the scripts that it uses, and links to its notebook."""

import importlib.util
import os
import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

WIDGETS = "course_lib/widgets"
NBVAL_MARK = "# NBVAL_CHECK_OUTPUT\n"


def repository() -> str:
    """Return the address of the course's repository, or "" while nobody has set it.

    `COURSE_REPOSITORY`, or what GitHub's runners say of themselves.
    """
    if address := os.environ.get("COURSE_REPOSITORY", ""):
        address = address.rstrip("/").removesuffix(".git")
        if not re.fullmatch(r"https://[\w.:-]+(/[\w.~-]+){2,}", address):
            raise ExtensionError(
                f"COURSE_REPOSITORY must be like https://host/owner/name, got {address!r}"
            )
        return address
    if name := os.environ.get("GITHUB_REPOSITORY", ""):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}"
    return ""


def colab_address(chapter: str) -> str:
    """Return where Colab opens the published notebook of a chapter; "" when that is nowhere.

    Colab opens GitHub's notebooks only; the publishing workflow puts them on branch `colab`.
    """
    address = repository()
    if not address.startswith("https://github.com/"):
        return ""
    name = address.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{name}/blob/colab/notebooks/{chapter}.ipynb"


def _bundle(root: Path) -> ModuleType:
    """Load `course_lib/widgets/bundle.py` alone: the package needs torch, the website doesn't."""
    spec = importlib.util.spec_from_file_location("bundle", root / WIDGETS / "bundle.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(root / WIDGETS / "bundle.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _write_widgets(app: Sphinx) -> None:
    """Put the widgets' scripts and style below `_static/cw`, as classic scripts (see bundle.py)."""
    if app.builder.format != "html":
        return
    root = Path(app.srcdir).parent
    target = Path(app.outdir, "_static", "cw")
    target.mkdir(parents=True, exist_ok=True)
    bundle = _bundle(root)
    for name in bundle.widget_modules():
        text = bundle.classic_script(name, bundle.one_file(name))
        (target / f"{name}.js").write_text(text, encoding="utf-8")
    for name in ("loader.js", "widgets.css"):
        shutil.copy(root / WIDGETS / "static" / name, target)


def _page_context(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    modules = sorted(set(re.findall(r'data-cw-module="(\w+)"', context.get("body", ""))))
    for script in ["loader", *modules] if modules else []:
        app.add_js_file(f"cw/{script}.js", loading_method="defer")
    # The stored outputs hold no live widgets, so no page needs a widget manager from elsewhere.
    app.env.nb_metadata.get(name, {}).pop("js_files", None)  # type: ignore[attr-defined]
    if "kernelspec" in app.env.metadata.get(name, {}):
        context["header_buttons"] = [
            *_notebook_buttons(app, name),
            *context.get("header_buttons", []),
        ]


def _without_thebe(app: Sphinx, config: Config) -> None:
    """Switch off sphinx-thebe, which Jupyter Book always loads: the site has no live kernels."""
    for listeners in app.events.listeners.values():
        for listener in [x for x in listeners if x.handler.__module__.startswith("sphinx_thebe")]:
            app.disconnect(listener.id)
    app.registry.css_files[:] = [file for file in app.registry.css_files if "thebe" not in file[0]]


def _hide_marks(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Leave out the comment that asks nbval to compare an output: it is no part of the lesson."""
    for code in doctree.findall(nodes.literal_block):
        text = code.astext()
        if app.builder.format == "html" and text.startswith(NBVAL_MARK):
            code.rawsource = text.removeprefix(NBVAL_MARK)
            code.children = []
            code += nodes.Text(code.rawsource)


def _notebook_buttons(app: Sphinx, name: str) -> list[dict[str, Any]]:
    buttons = [
        {
            "type": "link",
            "url": app.builder.get_relative_uri(name, "index").rpartition("/")[0]
            + f"notebooks/{name}.ipynb",
            "tooltip": "Download this chapter as a notebook",
            "icon": "fas fa-download",
            "text": "Notebook",
            "label": "download-notebook",
        }
    ]
    if address := colab_address(name):
        colab = {
            "type": "link",
            "url": address,
            "tooltip": "Open this chapter on Colab",
            "icon": "fas fa-rocket",
            "text": "Colab",
            "label": "launch-colab",
        }
        buttons.insert(0, colab)
    return buttons


def _number_figures_by_page(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Start figure numbers anew on each page: a new chapter must not renumber the others."""
    for kinds in env.toc_fignumbers.values():
        for figures in kinds.values():
            for position, name in enumerate(sorted(figures, key=figures.__getitem__), 1):
                figures[name] = (position,)
    return []


def setup(app: Sphinx) -> None:
    """Connect the page's parts."""
    # As a setting, so that pages are written anew when the address changes.
    app.add_config_value("course_repository", repository(), "html", types=str)
    app.add_css_file("cw/widgets.css")
    app.add_css_file("icons.css")
    app.connect("builder-inited", _write_widgets)
    app.connect("env-get-updated", _number_figures_by_page, priority=900)  # after Sphinx did
    app.connect("config-inited", _without_thebe)
    app.connect("doctree-resolved", _hide_marks)
    app.connect("html-page-context", _page_context, priority=600)
