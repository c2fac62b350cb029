"""From a widget's ES module to one file, and to a classic script that also runs from `file://`.

A module may import from `static/shared.js` and from nothing else; `one_file` puts that file in the
import's place. Browsers refuse module scripts on `file://`, so the website wraps each module
mechanically. This file needs only the standard library and is loaded by its path when the site is
built.
"""

import re
from pathlib import Path

__all__ = ["classic_script", "one_file", "widget_modules"]

STATIC = Path(__file__).parent / "static"
_NO_WIDGETS = {"loader", "shared"}
_IMPORT = re.compile(r'^import \{[\w\s,]*\} from "\./shared\.js";\n', re.MULTILINE)


def widget_modules() -> list[str]:
    """Return the names of the widgets' modules.

    Example:
        >>> "pooling_lab" in widget_modules(), "loader" in widget_modules()
        (True, False)
    """
    return sorted(p.stem for p in STATIC.glob("*.js") if p.stem not in _NO_WIDGETS)


def one_file(name: str) -> str:
    """Read a widget's module, with what it imports from `shared.js` written out in front.

    Args:
        name: The module's name, for example `"exercise"`.

    Returns:
        The text of an ES module without imports.
    """
    source = (STATIC / f"{name}.js").read_text(encoding="utf-8")
    shared = (STATIC / "shared.js").read_text(encoding="utf-8")
    written_out = re.sub(r"^export (?=const |function |let )", "", shared, flags=re.MULTILINE)
    return _IMPORT.sub(lambda _: written_out, source, count=1)


def classic_script(name: str, source: str) -> str:
    """Wrap a widget module as a call of `courseWidgets.define` (see `static/loader.js`).

    Args:
        name: The module's name, for example `"exercise"`.
        source: Its text, as `one_file` gives it: no imports, and one `export default { ... };` as
            the last statement.

    Returns:
        The text of a classic script with the module's exports passed to the loader.

    Raises:
        ValueError: If the module cannot be wrapped.

    Example:
        >>> source = "const render = () => {};\\nexport default { render };"
        >>> print(classic_script("demo", source))
        courseWidgets.define("demo", (() => {
        "use strict";
        const render = () => {};
        return { render };
        })());
        <BLANKLINE>
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"`name` must be a plain module name, got {name!r}")
    if re.search(r"^\s*import\b|\bimport\s*[(.]", source, re.MULTILINE):
        raise ValueError(f"{name}.js must not import anything")
    exports = re.findall(r"^\s*export\b.*", source, re.MULTILINE)
    if len(exports) != 1 or not exports[0].strip().startswith("export default {"):
        raise ValueError(f"{name}.js must have one `export default {{ ... }};`, got {exports}")
    # Written flush left, the statement ends at the first line that ends it flush left.
    body, _, tail = source.partition("\nexport default {")
    if not re.fullmatch(r"(?:[^\n]*|[^\n]*\n(?:(?:[ \t]+[^\n]*)?\n)*)\};\s*", tail):
        raise ValueError(f"{name}.js must end with its `export default {{ ... }};`")
    wrapped = f'"use strict";\n{body}\nreturn {{{tail.rstrip()}'
    return f'courseWidgets.define("{name}", (() => {{\n{wrapped}\n}})());\n'
