"""A browser, a web server, and pages with the course's widgets, for all tests that need them."""

import functools
import importlib.util
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from website import PAGES, SITE

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STATIC = Path(__file__).parents[1] / "course_lib" / "widgets" / "static"


def find_chromium() -> str | None:
    """The browser to test with: `CHROMIUM`, an installed one, or None for playwright's own."""
    if path := os.environ.get("CHROMIUM"):
        return path
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # a full queue of 5 makes the browser try again, seconds later


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/favicon.ico":  # a browser asks by itself
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()


@pytest.fixture(scope="session")
def samples() -> dict[str, Any]:
    """Small exercises of every kind, by a name."""
    from course_lib.exercises import kinds

    base: dict[str, Any] = {"level": "apply it", "solution": "Worked out: `x`."}
    option = kinds.Option
    return {
        "number": kinds.Number(
            id="sample/number",
            title="Size",
            prompt="Input 5, kernel 3, stride 2?\n\nThe *padding* is **1** and `s` is 2.",
            given={"input": ((1, -2, "?"), (0.5, 3, 4))},
            answer=3,
            unit="px",
            mistakes=(
                kinds.Mistake(4, "You rounded up."),
                kinds.Mistake(3.5, "You forgot to round."),
                kinds.Mistake(-2, "The sign is wrong."),
            ),
            hint="Use the formula.",
            **base,
        ),
        "fraction": kinds.Number(
            id="sample/fraction",
            title="A fraction",
            prompt="A half of one?",
            answer=0.5,
            tolerance=0.01,
            **base,
        ),
        "one": kinds.OneChoice(
            id="sample/one",
            title="One",
            prompt="Which?",
            options=(option("`A`", "A is dark."), option("B", "Yes, B."), option("C")),
            answer=1,
            **base,
        ),
        "several": kinds.SeveralChoices(
            id="sample/several",
            title="Several",
            prompt="Which ones?",
            options=(option("1", "One is odd."), option("2", "Two is even."), option("4")),
            answers=(1, 2),
            **base,
        ),
        "matrix": kinds.Matrix(
            id="sample/matrix",
            title="A matrix",
            prompt="Fill it.",
            answer=((1, 2, -3), (3, 4, 5)),
            mistakes=(kinds.Mistake(((1, 3, 5), (2, 4, -3)), "Rows and columns are swapped."),),
            hint="Row by row.",
            **base,
        ),
        "order": kinds.Order(
            id="sample/order",
            title="An order",
            prompt="Sort.",
            items=("pad", "place", "multiply", "add"),
            **base,
        ),
        "partial": kinds.Order(
            id="sample/partial",
            title="A partial order",
            prompt="Sort.",
            items=("pad", "place", "multiply", "add"),
            precedences=(kinds.Before(0, 1, "Pad first."), kinds.Before(2, 3)),
            **base,
        ),
        "code": kinds.Code(
            id="sample/code",
            title="A function",
            prompt="Write `half`.",
            function="half",
            stub="def half(n):\n    raise NotImplementedError",
            reference=lambda n: n // 2,
            draw=lambda rng: ((rng.randrange(1, 99),), {}),
            mistakes=(kinds.Mistake(lambda n: -(-n // 2), "You rounded up."),),
            lines=("def half(n):", "    whole = n // 2", "    return whole"),
            **base,
        ),
        "nasty": kinds.OneChoice(
            id="sample/nasty",
            title="<script>fail(\"title\")</script> & 'quotes'",
            prompt="<script>fail('prompt')</script> &amp; \"quotes\" `<b>code</b>`",
            options=(
                option("<img src=x onerror=fail(1)>", "<b>wrong</b>"),
                option("'\"&lt;", "<i>right</i>"),
            ),
            answer=1,
            level="apply it",
            solution="</div><script>fail('solution')</script>",
            hint="<u>hint</u>",
        ),
    }


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium that lives as long as the tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Serve a folder on this machine; returns its address."""
    with ExitStack() as servers:

        def start(folder: Path) -> str:
            handler = functools.partial(_QuietHandler, directory=str(folder))
            server = _Server(("127.0.0.1", 0), handler)
            servers.callback(server.server_close)
            servers.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield start


@pytest.fixture(scope="session")
def site(serve: Callable[[Path], str]) -> str:
    """The address of the built website, two folders down."""
    assert PAGES, "there is no website to test: run `make book`"
    return f"{serve(SITE.parent.parent)}/_build/html"


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open an address in a fresh profile; the test fails on any error or foreign request.

    `page.complaints` collects them; a test that provokes one clears the list.
    """
    with ExitStack() as contexts:
        pages = []

        def start(url: str, *, width: int = 1000, init: str = "", **options: Any) -> Any:
            context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
            contexts.callback(context.close)
            context.set_default_timeout(30_000)
            page = context.new_page()
            page.complaints = []
            page.on("pageerror", lambda error: page.complaints.append(f"error: {error}"))
            page.on(
                "console",
                lambda m: (
                    page.complaints.append(f"{m.text} ({m.location.get('url')})")
                    if m.type == "error"
                    else None
                ),
            )

            def local_only(route: Any) -> None:
                if urlsplit(route.request.url).hostname in {"127.0.0.1", None}:
                    route.continue_()
                else:
                    page.complaints.append(f"asked for {route.request.url}")
                    route.abort()

            context.route("**/*", local_only)
            if init:
                page.add_init_script(init)
            page.goto(url)
            pages.append(page)
            return page

        yield start
        complaints = [complaint for page in pages for complaint in page.complaints]
    assert complaints == []


def load_by_path(path: Path) -> Any:
    """Import a file that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def theme_css() -> str:
    """The style sheets of the website's theme, for its colors and its surprises."""
    sheets = [
        ("pydata_sphinx_theme", "theme/pydata_sphinx_theme/static/styles/pydata-sphinx-theme.css"),
        ("sphinx_book_theme", "theme/sphinx_book_theme/static/styles/sphinx-book-theme.css"),
    ]
    text = []
    for package, sheet in sheets:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        text.append((Path(spec.origin).parent / sheet).read_text(encoding="utf-8"))
    return "\n".join(text)


def write_site(folder: Path, pieces: list[str], theme: str = "light") -> None:
    """Write a page with these mounts, in the frame that the website's theme puts around them."""
    bundle = load_by_path(STATIC.parent / "bundle.py")
    modules = bundle.widget_modules()
    for name in modules:
        script = bundle.classic_script(name, bundle.one_file(name))
        (folder / f"{name}.js").write_text(script, encoding="utf-8")
    shutil.copytree(STATIC, folder / "modules")  # as they are, for tests of their functions
    for name in ("loader.js", "widgets.css"):
        shutil.copy(STATIC / name, folder / name)
    (folder / "theme.css").write_text(theme_css(), encoding="utf-8")
    scripts = "".join(f'<script defer src="{name}.js"></script>' for name in ["loader", *modules])
    outputs = "".join(
        f'<div class="cell docutils container"><div class="cell_output docutils container">'
        f'<div class="output text_html">{piece}</div></div></div>'
        for piece in pieces
    )
    (folder / "index.html").write_text(
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>Widgets</title><link rel="stylesheet" href="theme.css">'
        f'<link rel="stylesheet" href="widgets.css">{scripts}</head><body>'
        '<div class="bd-content" style="display:block"><main class="bd-article-container" '
        f'style="margin:auto;padding:1rem"><h1>Widgets</h1>{outputs}</main></div></body></html>',
        encoding="utf-8",
    )


def widget_html(widget: Any) -> str:
    """The HTML that a widget leaves in a notebook's output."""
    bundle, _metadata = widget._repr_mimebundle_()
    html: str = bundle["text/html"]
    return html


@pytest.fixture
def widget_page(
    open_page: Callable[..., Any], serve: Callable[[Path], str], tmp_path: Path
) -> Callable[..., Any]:
    """Open a page with these widgets (or pieces of HTML)."""

    def start(*widgets: Any, theme: str = "light", **options: Any) -> Any:
        pieces = [widget if isinstance(widget, str) else widget_html(widget) for widget in widgets]
        write_site(tmp_path, pieces, theme)
        return open_page(f"{serve(tmp_path)}/index.html", **options)

    return start
