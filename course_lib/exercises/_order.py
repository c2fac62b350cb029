"""Putting things in order: which orders are right, and what to say about the others.

The same rules and words stand in `course_lib/widgets/static/exercise.js`; a test in a browser
compares the two, so change both together.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from course_lib.exercises._read import Feedback, read_indices


@dataclass(frozen=True)
class Before:
    """Item number `first` must come before item number `then` (indices into `items`)."""

    first: int
    then: int
    hint: str = ""


@dataclass(frozen=True)
class Sequencing:
    """Items in a right order, with the rules that make other orders right, too.

    Example:
        >>> steps = Sequencing(("pad", "slide", "add"), (), "", "seed")
        >>> [steps.items[i] for i in steps.shown]
        ['slide', 'add', 'pad']
        >>> steps.grade([2, 0, 1]).correct, steps.grade([2, 1, 0])
        (True, Not yet. The first is in place; look at what follows.)
    """

    items: tuple[str, ...]
    precedences: tuple[Before, ...]
    hint: str
    seed: str

    def check(self) -> None:
        """Refuse items and rules that cannot work."""
        count = len(self.items)
        if count < 2:
            raise ValueError("there must be at least 2 items to put in order")
        for rule in self.precedences:
            if not 0 <= rule.first < rule.then < count:
                raise ValueError(
                    f"{rule} must hold for the right order, with indices below {count}"
                )
        _ = self.shown

    @property
    def shown(self) -> tuple[int, ...]:
        """Indices into `items`, shuffled by the seed into a wrong order."""
        rng = random.Random(self.seed)
        order = list(range(len(self.items)))
        for _ in range(100):
            rng.shuffle(order)
            if self.fault(order) is not None:
                return tuple(order)
        raise ValueError("`items` must have a wrong order")

    def fault(self, order: Sequence[int]) -> str | None:
        """Say what is wrong with an order of indices into `items`; None when it is right."""
        if self.precedences:
            for rule in self.precedences:
                if order.index(rule.first) > order.index(rule.then):
                    first, then = self.items[rule.first].strip(), self.items[rule.then].strip()
                    return rule.hint or f"“{first}” must come before “{then}”."
            return None
        texts = [self.items[i] for i in order]
        if texts == list(self.items):
            return None
        good = next(i for i, text in enumerate(texts) if text != self.items[i])
        message = f"The first {good} are in place; look at what follows."
        if good < 2:
            message = (
                "Something else comes first.",
                "The first is in place; look at what follows.",
            )[good]
        return f"{message} {self.hint}".strip()

    def grade(self, answer: object) -> Feedback:
        """Judge an order of the *shown* items, given as their indices in `shown`."""
        given = read_indices(answer, len(self.items))
        if given is None or len(given) != len(self.items):
            message = f"An answer lists the numbers 0 to {len(self.items) - 1}, each once."
            return Feedback(False, message, counted=False)
        shown = self.shown
        fault = self.fault([shown[i] for i in given])
        return Feedback(fault is None, fault or "")

    def spec(self) -> dict[str, Any]:
        """Return the shown items as JSON, with the right order and the rules in their indices."""
        shown = self.shown
        place = {item: i for i, item in enumerate(shown)}
        return {
            "items": [self.items[i] for i in shown],
            "order": [place[i] for i in range(len(self.items))],
            "precedences": [
                {"first": place[rule.first], "then": place[rule.then], "hint": rule.hint}
                for rule in self.precedences
            ],
        }
