"""What the chapters hold, as the table of contents and the stored outputs say it."""

import html
import json
import re
from pathlib import Path
from typing import Any

from .chapters import Chapter, files_in_toc, find_chapters, load_stored, read_toc

_MOUNT = re.compile(r'<div class="cw-mount"[^>]*>')


def find_parts(root: Path) -> list[tuple[str, list[Chapter]]]:
    """List the parts of the book that have chapters, each with its caption ("" for none)."""
    toc = read_toc(root)
    chapters = find_chapters(root)
    found = []
    for part in toc.get("parts") or [{"chapters": toc.get("chapters", [])}]:
        names = set(files_in_toc(part))
        if inside := [chapter for chapter in chapters if chapter.name in names]:
            found.append((str(part.get("caption", "")), inside))
    return found


def stored_mounts(chapter: Chapter) -> list[dict[str, str]]:
    """List the widgets in a chapter's stored outputs: the attributes of each one's element."""
    stored = load_stored(chapter)
    return [
        {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', mount)}
        for cell in (stored.cells if stored else [])
        for output in cell.get("outputs", [])
        for mount in _MOUNT.findall(output.get("data", {}).get("text/html", ""))
    ]


def exercises_of(chapter: Chapter) -> list[dict[str, str]]:
    """List a chapter's exercises in reading order: id, title, level and the anchor on its page."""
    return [
        {
            "id": mount["data-cw-id"],
            "title": mount["data-cw-title"],
            "level": json.loads(mount["data-cw-state"])["exercise"]["level"],
            "anchor": mount["id"],
        }
        for mount in stored_mounts(chapter)
        if mount.get("data-cw-id")
    ]


def count_labs(chapter: Chapter) -> int:
    """Count a chapter's labs: widgets to play with, which keep no answer."""
    return sum(mount["data-cw-module"].endswith("_lab") for mount in stored_mounts(chapter))


def list_exercises(root: Path) -> list[dict[str, Any]]:
    """List the exercises of each chapter that has some."""
    listed = [(chapter.name, exercises_of(chapter)) for chapter in find_chapters(root)]
    return [{"chapter": name, "exercises": found} for name, found in listed if found]
