"""The kinds of exercises and how each one is graded.

An exercise is a frozen dataclass that a chapter defines with answers *computed* by
`course_lib`, never typed in. `grade(answer)` turns what a reader gave into a `Feedback`, and
`spec()` is the same exercise as plain JSON for the browser, where
`course_lib/widgets/static/exercise.js` grades by the same rules and with the same words (a test
compares the two over many answers, good and bad).

Texts (`prompt`, `solution`, hints, options) use a tiny markup: a blank line starts a paragraph,
`` `code` ``, `*emphasis*`, `**bold**`, and fences of three backticks. Mathematics is written in
Unicode: ⌊(i − k + 2p)/s⌋ + 1.
"""

import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from course_lib.exercises._code import check_function
from course_lib.exercises._order import Before, Sequencing
from course_lib.exercises._read import Feedback, plain, read_indices, read_number, read_rows

__all__ = [
    "LEVELS",
    "Before",
    "Code",
    "Exercise",
    "Feedback",
    "Matrix",
    "Mistake",
    "Number",
    "OneChoice",
    "Option",
    "Order",
    "SeveralChoices",
]

LEVELS = ("read it off", "apply it", "build it")
TRY_AGAIN = "That is not it. Try once more, or look at the solution."

Rows = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people really give, and the hint that helps exactly then.

    `answer` is a number (`Number`), rows (`Matrix`) or a faulty implementation (`Code`).
    """

    answer: Any
    hint: str


@dataclass(frozen=True)
class Option:
    """One option of a choice; `feedback` is shown to who judged it wrongly."""

    text: str
    feedback: str = ""


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What all kinds share; use one of the subclasses.

    Args:
        id: `"<module>/<slug>"`, for example `"convolution/valid-size"`.
        title: A few words.
        level: One of `LEVELS`.
        prompt: The question, in the tiny markup of this module.
        solution: The worked solution, shown behind a click.
        given: Named matrices that are shown with the question.
        hint: What to say after a wrong answer that no catalogued mistake explains.

    Raises:
        ValueError: On a definition that cannot work (empty text, unknown level, ...).
    """

    id: str
    title: str
    level: str
    prompt: str
    solution: str
    given: Mapping[str, Sequence[Sequence[float | str]]] = field(default_factory=dict)
    hint: str = ""

    kind: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Refuse a definition that cannot work."""
        _require(
            bool(re.fullmatch(r"[a-z0-9_]+/[a-z0-9]+(-[a-z0-9]+)*", self.id)),
            f"`id` must look like 'module/some-words', got {self.id!r}",
        )
        _require(self.level in LEVELS, f"`level` must be one of {LEVELS}, got {self.level!r}")
        for name in ("title", "prompt", "solution"):
            _require(bool(getattr(self, name).strip()), f"`{name}` must not be empty")
        for name, rows in self.given.items():
            _require(len({len(row) for row in rows}) == 1, f"`given[{name!r}]` must be rectangular")

    def grade(self, answer: object) -> Feedback:
        """Judge what a reader gave; never raises on a bad answer, says what is wrong with it."""
        raise NotImplementedError

    def spec(self) -> dict[str, Any]:
        """The exercise as finite JSON, with everything that the browser needs to grade it."""
        return {
            "kind": self.kind,
            "id": self.id,
            "title": self.title,
            "level": self.level,
            "prompt": self.prompt,
            "solution": self.solution,
            "given": [[name, [list(row) for row in rows]] for name, rows in self.given.items()],
            "hint": self.hint,
        }


@dataclass(frozen=True, kw_only=True)
class Number(Exercise):
    """The reader types one number.

    Where `answer` is an `int` and `tolerance` is 0 a whole number is asked for, and a fraction
    is turned back without counting as a try (unless it is a catalogued mistake).

    Example:
        >>> from course_lib.exercises.kinds import Mistake, Number
        >>> question = Number(
        ...     id="demo/ceil", title="Half", level="apply it", prompt="⌊5/2⌋?",
        ...     solution="⌊2.5⌋ = 2", answer=2, mistakes=(Mistake(3, "You rounded up."),),
        ... )
        >>> question.grade("3")
        Not yet. You rounded up.
        >>> question.grade("two")
        “two” is not a number. Write it in digits, like 3 or 2.5.
        >>> question.grade(2).correct
        True
    """

    answer: float
    tolerance: float = 0
    unit: str = ""
    mistakes: tuple[Mistake, ...] = ()

    kind: ClassVar[str] = "number"

    def __post_init__(self) -> None:
        """Refuse a definition that cannot work."""
        super().__post_init__()
        _check_numbers(self.answer, *(mistake.answer for mistake in self.mistakes))
        _check_mistakes(self.answer, self.mistakes, self._close)

    @property
    def whole(self) -> bool:
        """Whether a whole number is asked for."""
        return isinstance(self.answer, int) and self.tolerance == 0

    def _close(self, value: float, other: float) -> bool:
        return _close(value, other, self.tolerance)

    def grade(self, answer: object) -> Feedback:
        """Judge a typed number (text or a number)."""
        value = read_number(answer, self.unit, whole=self.whole)
        if isinstance(value, str):
            return Feedback(False, value, counted=False)
        if self._close(value, self.answer):
            return Feedback(True, "")
        for mistake in self.mistakes:
            if self._close(value, mistake.answer):
                return Feedback(False, mistake.hint)
        if self.whole and value != math.floor(value):
            return Feedback(False, "The answer is a whole number; this is not.", counted=False)
        return Feedback(False, self.hint or TRY_AGAIN)

    def spec(self) -> dict[str, Any]:
        """Add the answer and the mistakes."""
        return super().spec() | {
            "answer": self.answer,
            "tolerance": self.tolerance,
            "unit": self.unit,
            "whole": self.whole,
            "mistakes": [{"answer": m.answer, "hint": m.hint} for m in self.mistakes],
        }


@dataclass(frozen=True, kw_only=True)
class OneChoice(Exercise):
    """The reader picks one option; `answer` is the index of the right one, from 0.

    The feedback of the picked option is shown, right or wrong.
    """

    options: tuple[Option, ...]
    answer: int

    kind: ClassVar[str] = "one-choice"

    def __post_init__(self) -> None:
        """Refuse a definition that cannot work."""
        super().__post_init__()
        _check_options(self.options, (self.answer,))

    def grade(self, answer: object) -> Feedback:
        """Judge the index of the picked option."""
        picked = read_indices([plain(answer)], len(self.options))
        if picked is None:
            return Feedback(False, "Choose one of the options first.", counted=False)
        feedback = self.options[picked[0]].feedback
        if picked[0] == self.answer:
            return Feedback(True, feedback)
        return Feedback(False, feedback or self.hint or TRY_AGAIN)

    def spec(self) -> dict[str, Any]:
        """Add the options and the answer."""
        return super().spec() | {"options": _option_specs(self.options), "answer": self.answer}


@dataclass(frozen=True, kw_only=True)
class SeveralChoices(Exercise):
    """The reader ticks every option that holds; `answers` are their indices, from 0.

    The feedback of each option that was ticked wrongly or missed is shown.
    """

    options: tuple[Option, ...]
    answers: tuple[int, ...]

    kind: ClassVar[str] = "several-choices"

    def __post_init__(self) -> None:
        """Refuse a definition that cannot work."""
        super().__post_init__()
        _check_options(self.options, self.answers)

    def grade(self, answer: object) -> Feedback:
        """Judge the indices of the ticked options."""
        ticked = read_indices(answer, len(self.options))
        if not ticked:
            return Feedback(False, "Tick every option that holds first.", counted=False)
        wrong = [i for i in range(len(self.options)) if (i in ticked) != (i in self.answers)]
        if not wrong:
            return Feedback(True, "")
        said = [self.options[i].feedback for i in wrong if self.options[i].feedback]
        return Feedback(False, "\n\n".join(said) or self.hint or TRY_AGAIN)

    def spec(self) -> dict[str, Any]:
        """Add the options and the answers."""
        return super().spec() | {
            "options": _option_specs(self.options),
            "answers": sorted(self.answers),
        }


@dataclass(frozen=True, kw_only=True)
class Matrix(Exercise):
    """The reader fills the cells of a matrix; feedback names the cells that are wrong."""

    answer: Rows
    tolerance: float = 0
    mistakes: tuple[Mistake, ...] = ()

    kind: ClassVar[str] = "matrix"

    def __post_init__(self) -> None:
        """Refuse a definition that cannot work."""
        super().__post_init__()
        shape = _shape(self.answer)
        for rows in (self.answer, *(mistake.answer for mistake in self.mistakes)):
            _require(_shape(rows) == shape, "`answer` and all mistakes must have one shape")
            _check_numbers(*(value for row in rows for value in row))
        _check_mistakes(self.answer, self.mistakes, lambda a, b: not self._wrong_cells(a, b))

    def _wrong_cells(self, rows: Rows, right: Rows) -> list[tuple[int, int]]:
        return [
            (r, c)
            for r, row in enumerate(right)
            for c, value in enumerate(row)
            if not _close(rows[r][c], value, self.tolerance)
        ]

    def grade(self, answer: object) -> Feedback:
        """Judge rows of numbers (texts or numbers)."""
        rows = read_rows(answer, _shape(self.answer))
        if isinstance(rows, str):
            return Feedback(False, rows, counted=False)
        wrong = self._wrong_cells(rows, self.answer)
        if not wrong:
            return Feedback(True, "")
        for mistake in self.mistakes:
            if not self._wrong_cells(rows, mistake.answer):
                return Feedback(False, mistake.hint)
        cells = len(self.answer) * len(self.answer[0])
        if len(wrong) == cells:
            message = "No cell is right yet."
        elif len(wrong) <= 3:
            named = "; ".join(f"row {r + 1}, column {c + 1}" for r, c in wrong)
            message = f"Look again at {named}."
        else:
            message = f"{len(wrong)} of the {cells} cells are not right yet."
        return Feedback(False, f"{message} {self.hint}".strip())

    def spec(self) -> dict[str, Any]:
        """Add the answer and the mistakes."""
        return super().spec() | {
            "answer": [list(row) for row in self.answer],
            "tolerance": self.tolerance,
            "mistakes": [
                {"answer": [list(row) for row in m.answer], "hint": m.hint} for m in self.mistakes
            ],
        }


@dataclass(frozen=True, kw_only=True)
class Order(Exercise):
    """The reader sorts the items; `items` stands here in a right order.

    With no `precedences` only this order is right (items with equal text may swap). With
    `precedences`, every order that respects all of them is right, so give a chain where the
    whole order matters; the first violated one gives the hint.

    Readers see the items shuffled, always in the same way; an answer lists the indices of the
    *shown* items, as in `shown`, from first to last.
    """

    items: tuple[str, ...]
    precedences: tuple[Before, ...] = ()

    kind: ClassVar[str] = "order"

    def __post_init__(self) -> None:
        """Refuse a definition that cannot work."""
        super().__post_init__()
        self._sequencing.check()

    @property
    def _sequencing(self) -> Sequencing:
        return Sequencing(self.items, self.precedences, self.hint, self.id)

    @property
    def shown(self) -> tuple[int, ...]:
        """Indices into `items` in the order in which readers see them first."""
        return self._sequencing.shown

    def grade(self, answer: object) -> Feedback:
        """Judge an order of the shown items."""
        return self._sequencing.grade(answer)

    def spec(self) -> dict[str, Any]:
        """Add the shown items and their right order."""
        return super().spec() | self._sequencing.spec()


@dataclass(frozen=True, kw_only=True)
class Code(Exercise):
    """The reader writes a function; in the notebook `check(id, function)` runs it.

    The website has no Python, so there the reader puts the `lines` of the solution in order
    (graded like `Order`); without `lines` it shows the question and the stub.

    Args:
        function: Its name.
        stub: The source that the reader starts from; raises `NotImplementedError`.
        reference: The right implementation.
        draw: `draw(rng) -> (args, kwargs)` with `rng` a seeded `random.Random`.
        mistakes: Faulty implementations with their hints.
        lines: The lines of a right solution, in order.
        precedences: As in `Order`, where several orders of the lines are right.
    """

    function: str
    stub: str
    reference: Callable[..., Any]
    draw: Callable[[random.Random], tuple[Sequence[Any], Mapping[str, Any]]]
    mistakes: tuple[Mistake, ...] = ()
    lines: tuple[str, ...] = ()
    precedences: tuple[Before, ...] = ()

    kind: ClassVar[str] = "code"

    def __post_init__(self) -> None:
        """Refuse a definition that cannot work."""
        super().__post_init__()
        _require(self.function.isidentifier(), f"`function` must be a name, got {self.function!r}")
        _require(f"def {self.function}(" in self.stub, "`stub` must define `function`")
        if self.lines:
            self._sequencing.check()

    @property
    def _sequencing(self) -> Sequencing:
        return Sequencing(self.lines, self.precedences, self.hint, self.id)

    @property
    def shown(self) -> tuple[int, ...]:
        """Indices into `lines` in the order in which readers see them first."""
        return self._sequencing.shown if self.lines else ()

    def grade(self, answer: object) -> Feedback:
        """Judge a function, or an order of the shown lines."""
        if callable(answer):
            mistakes = [(mistake.answer, mistake.hint) for mistake in self.mistakes]
            return check_function(
                answer, self.reference, self.draw, mistakes, self.function, self.id, self.hint
            )
        if self.lines and isinstance(plain(answer), list | tuple):
            return self._sequencing.grade(answer)
        message = f"Give the function itself: `check({self.id!r}, {self.function})`."
        return Feedback(False, message, counted=False)

    def spec(self) -> dict[str, Any]:
        """Add the shown lines, their right order and the stub."""
        order = (
            self._sequencing.spec() if self.lines else {"items": [], "order": [], "precedences": []}
        )
        return super().spec() | order | {"function": self.function, "stub": self.stub}


# Helpers -----------------------------------------------------------------------------------------


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _close(value: float, other: float, tolerance: float) -> bool:
    # The slack forgives the last bit of 0.1 + 0.2 and is far below any tolerance that is asked for.
    return abs(value - other) <= tolerance + 1e-9 * max(1.0, abs(other))


def _shape(rows: Rows) -> tuple[int, int]:
    widths = {len(row) for row in rows}
    _require(len(widths) == 1 and 0 not in widths, "`answer` must be a rectangle of numbers")
    return len(rows), widths.pop()


def _check_numbers(*values: float) -> None:
    for value in values:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        _require(is_number and math.isfinite(value), f"answers must be finite, got {value!r}")


def _check_mistakes(
    answer: Any, mistakes: Sequence[Mistake], same: Callable[[Any, Any], bool]
) -> None:
    for i, mistake in enumerate(mistakes):
        _require(bool(mistake.hint.strip()), "each mistake must have a hint")
        _require(not same(mistake.answer, answer), f"mistake {mistake.answer!r} is the answer")
        for other in mistakes[:i]:
            _require(
                not same(mistake.answer, other.answer), f"mistake {mistake.answer!r} is there twice"
            )


def _check_options(options: Sequence[Option], answers: Sequence[int]) -> None:
    _require(len(options) >= 2, "`options` must be at least 2")
    _require(len({option.text for option in options}) == len(options), "`options` must differ")
    _require(bool(answers) and len(set(answers)) == len(answers), "`answers` must be distinct")
    _require(all(0 <= i < len(options) for i in answers), "`answers` must be indices of `options`")


def _option_specs(options: Sequence[Option]) -> list[dict[str, str]]:
    return [{"text": option.text, "feedback": option.feedback} for option in options]
