"""The widget of an exercise, whatever its kind."""

import math
from html import escape
from typing import Any

import traitlets

from course_lib.exercises.kinds import (
    Code,
    Exercise,
    Matrix,
    Number,
    OneChoice,
    Order,
    SeveralChoices,
)
from course_lib.widgets.base import CourseWidget, mount_html
from course_lib.widgets.markup import inline_html, markup_html, table_html, table_text

__all__ = ["ExerciseWidget"]

HOW = "To answer here, run this cell (notebook) or turn on JavaScript (website)."


class ExerciseWidget(CourseWidget):
    """Ask an exercise; `answer`, `correct` and `tries` follow what the reader does.

    Args:
        exercise: A definition, as `course_lib.exercises.find` gives it.

    Example:
        >>> from course_lib.exercises.kinds import Number
        >>> widget = ExerciseWidget(Number(
        ...     id="demo/sum", title="A sum", level="apply it", prompt="2 + 3?",
        ...     solution="5", answer=2 + 3,
        ... ))
        >>> widget.answer, widget.correct, widget.tries
        (None, None, 0)
    """

    _module = "exercise"

    exercise = traitlets.Dict().tag(sync=True)
    answer = traitlets.Any(None, allow_none=True).tag(sync=True)
    correct = traitlets.Bool(None, allow_none=True).tag(sync=True)
    tries = traitlets.Int(0).tag(sync=True)

    def __init__(self, exercise: Exercise) -> None:
        """Take the definition; its spec becomes the trait `exercise`."""
        super().__init__(exercise=exercise.spec())
        self._definition = exercise

    def _static_mount(self) -> str:
        exercise = self._definition
        return mount_html(
            self._module,
            self._static_state(),
            _static_html(exercise),
            id=exercise.id,
            title=exercise.title,
            height=f"{_height(exercise)}rem",
        )

    def _static_text(self) -> str:
        exercise = self._definition
        given = [table_text(name, rows) for name, rows in exercise.given.items()]
        parts = [f"Exercise ({exercise.level}): {exercise.title}", exercise.prompt, *given]
        return "\n\n".join([*parts, *_choices(exercise)])


def _choices(exercise: Exercise) -> list[str]:
    """What the reader chooses from or sorts, as lines of text."""
    if isinstance(exercise, OneChoice | SeveralChoices):
        return ["\n".join(f"[ ] {option.text}" for option in exercise.options)]
    if isinstance(exercise, Order):
        return ["\n".join(f"- {exercise.items[i]}" for i in exercise.shown)]
    return [exercise.stub] if isinstance(exercise, Code) else []


def _static_html(exercise: Exercise) -> str:
    parts = [
        f'<p class="cw-kicker">Exercise · {escape(exercise.level)}</p>',
        f'<p class="cw-title">{escape(exercise.title)}</p>',
        markup_html(exercise.prompt),
        *(table_html(name, rows) for name, rows in exercise.given.items()),
    ]
    match exercise:
        case OneChoice() | SeveralChoices():
            parts.append(_list_html([inline_html(option.text) for option in exercise.options]))
        case Order():
            parts.append(_list_html([inline_html(exercise.items[i]) for i in exercise.shown]))
        case Code():
            parts.append(f"<pre><code>{escape(exercise.stub)}</code></pre>")
            lines = [f"<code>{escape(exercise.lines[i])}</code>" for i in exercise.shown]
            parts.append(_list_html(lines) if lines else "")
        case Matrix():
            shape = f"{len(exercise.answer)} rows and {len(exercise.answer[0])} columns"
            parts.append(f"<p>The answer is a matrix of {shape}.</p>")
        case Number(unit=unit) if unit:
            parts.append(f"<p>The answer is a number, in {escape(unit)}.</p>")
    parts.append(f'<p class="cw-note">{HOW}</p>')
    parts.append(f"<details><summary>Solution</summary>{markup_html(exercise.solution)}</details>")
    return f'<div class="cw-card">{"".join(parts)}</div>'


def _list_html(items: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _height(exercise: Exercise) -> int:
    """Estimate the height of the widget on a wide screen, in rem; a phone's is rather more."""
    spec: dict[str, Any] = exercise.spec()
    prompt = 1.6 * sum(math.ceil(len(line) / 85) for line in exercise.prompt.split("\n") if line)
    rows = 3.25 * len(spec.get("options", [])) + 4.1 * len(spec.get("items", []))
    answer = 3.2 * len(exercise.answer) if isinstance(exercise, Matrix) else 0
    answer += 3.75 if isinstance(exercise, Number) else 0
    stub = 1.4 * exercise.stub.count("\n") + 8 if isinstance(exercise, Code) else 0
    return round(11.5 + prompt + _given_height(exercise) + rows + answer + stub)


def _given_height(exercise: Exercise) -> float:
    """Set the matrices in lines of 45 rem, as the page does."""
    height = line = left = 0.0
    for rows in exercise.given.values():
        width = 2.25 * len(rows[0]) + 2
        if width > left:
            height, line, left = height + line, 0, 45
        left, line = left - width, max(line, 2.25 * len(rows) + 2.75)
    return height + line
