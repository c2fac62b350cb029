"""What the tests in a browser share: how a page is opened, and how a lab's fields are set."""

from collections.abc import Callable
from typing import Any

Pages = Callable[..., Any]


def texts(page: Any, selector: str) -> list[str]:
    """The visible texts of what a selector finds."""
    found: list[str] = page.locator(selector).all_inner_texts()
    return found


def set_field(page: Any, label: str, value: str) -> None:
    """Type into a field of a lab and press Enter."""
    field = page.get_by_role("textbox", name=label)
    field.fill(value)
    field.press("Enter")
