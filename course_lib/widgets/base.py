"""What all widgets share: one ES module that runs in JupyterLab, in Colab and on the website.

In JupyterLab and Colab it is an ordinary anywidget. On the website there is no kernel: the output
also carries `text/html` with the widget's state and a readable static form, in which
`static/loader.js` mounts the very same module.
"""

import json
import sys
from html import escape
from typing import Any

import anywidget

from course_lib.widgets.bundle import STATIC, one_file

__all__ = ["STATIC", "CourseWidget", "mount_html"]


def mount_html(
    module: str,
    state: dict[str, Any],
    static_html: str,
    *,
    id: str = "",
    title: str = "",
    height: str = "12rem",
) -> str:
    """Write the element in which the website's loader mounts a module.

    Args:
        module: File name in `static/`, without `.js`.
        state: The traits that the module reads, as JSON.
        static_html: What stands there without JavaScript; escaped already.
        id: An exercise's id, under which its answers are kept; empty for none.
        title: What it is called, for the search and for the list of exercises.
        height: Room to keep, so that the page does not jump when the widget starts.

    Returns:
        One `<div>`.
    """
    anchor = f' id="exercise-{escape(id.replace("/", "-"))}"' if id else ""
    data = {"module": module, "id": id, "title": title, "state": json.dumps(state, allow_nan=False)}
    attributes = "".join(f' data-cw-{name}="{escape(value)}"' for name, value in data.items())
    return (
        f'<div class="cw-mount"{anchor}{attributes} style="min-height:{height}">{static_html}</div>'
    )


class CourseWidget(anywidget.AnyWidget):
    """An anywidget with a static form; subclasses name their module and say what it shows."""

    _module = ""  # file name in `static/`, without `.js`
    _css = STATIC / "widgets.css"
    _ipython_display_ = None  # ipywidgets 7 (Colab) would use its own instead of the mime bundle

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Read the module of a class that names one (traitlets derives classes that don't)."""
        if "_module" in vars(cls):
            cls._esm = one_file(cls._module)
        super().__init_subclass__(**kwargs)

    def _static_state(self) -> dict[str, Any]:
        own = set(self.trait_names(sync=True)) - set(anywidget.AnyWidget.class_trait_names())
        return {name: getattr(self, name) for name in sorted(own) if not name.startswith("_")}

    def _static_mount(self) -> str:
        """Return the widget's element, made with `mount_html`."""
        raise NotImplementedError

    def _static_text(self) -> str:
        """Return what a terminal or a PDF shows."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        # The metadata must be passed on: it names Colab's widget manager.
        bundle, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        bundle["text/plain"] = self._static_text()
        if "google.colab" not in sys.modules:  # Colab has no loader and may prefer the HTML
            bundle["text/html"] = self._static_mount()
        return bundle, metadata
