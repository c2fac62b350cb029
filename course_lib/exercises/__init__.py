"""Exercises: `show(id)` puts one on the page, `check(id, answer)` grades an answer.

The exercises of chapter *Convolution* are defined in `course_lib.exercises.convolution` as
`EXERCISES`, and their ids begin with `"convolution/"`. Importing this package stays cheap; a
chapter's module is imported when one of its exercises is asked for.
"""

import difflib
import importlib
import pkgutil
import reprlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from course_lib.exercises.kinds import Exercise, Feedback

if TYPE_CHECKING:
    from course_lib.widgets import ExerciseWidget

__all__ = ["Exercise", "Feedback", "catalog", "check", "find", "show"]

_SHORT = reprlib.Repr()
_SHORT.maxstring = 60  # longer than any id


def show(id: str) -> "ExerciseWidget":
    """Show an exercise; the last line of a cell displays it.

    Args:
        id: For example `"convolution/valid-size"`.

    Returns:
        A widget with the traits `answer`, `correct` and `tries`.

    Raises:
        ValueError: If there is no such exercise.
    """
    from course_lib.widgets import ExerciseWidget  # heavy: only where something is displayed

    return ExerciseWidget(find(id))


def check(id: str, answer: object) -> Feedback:
    """Grade an answer: a number, an index, rows, an order, or the function you wrote.

    Args:
        id: For example `"convolution/valid-size"`.
        answer: What you found.

    Returns:
        A `Feedback` that prints as "Right." or "Not yet." with a hint.

    Raises:
        ValueError: If there is no such exercise; a bad answer raises nothing.
    """
    return find(id).grade(answer)


def find(id: str) -> Exercise:
    """Find an exercise by its id, importing only its chapter's module.

    Args:
        id: For example `"convolution/valid-size"`.

    Returns:
        Its definition.

    Raises:
        ValueError: If there is no such exercise, with ids that look alike.

    Example:
        >>> find("nowhere/nothing")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: `id` must name an exercise of one of the chapters ..., got 'nowhere/nothing'
    """
    module = str(id).partition("/")[0]
    if module not in _modules():
        chapters = ", ".join(_modules())
        raise ValueError(
            f"`id` must name an exercise of one of the chapters {chapters}, "
            f"got {_SHORT.repr(id)}{_did_you_mean(str(id), catalog())}"
        )
    exercises = {exercise.id: exercise for exercise in _load(module)}
    if id not in exercises:
        did_you_mean = _did_you_mean(str(id), exercises.values()) or "."
        raise ValueError(
            f"`id` must name an exercise, got {_SHORT.repr(id)}{did_you_mean} "
            f"The chapter has {', '.join(exercises)}"
        )
    return exercises[id]


def catalog() -> tuple[Exercise, ...]:
    """List the exercises of all chapters: chapters by name, exercises in reading order.

    Example:
        >>> all(exercise.id.count("/") == 1 for exercise in catalog())
        True
    """
    return tuple(exercise for module in _modules() for exercise in _load(module))


def _did_you_mean(id: str, exercises: Iterable[Exercise]) -> str:
    """Name the exercises whose part after the slash looks like that of `id`."""
    slugs = {exercise.id: exercise.id.partition("/")[2] for exercise in exercises}
    close = difflib.get_close_matches(id.rpartition("/")[2], set(slugs.values()), n=3)
    ids = [each for slug in close for each in slugs if slugs[each] == slug]
    return f"; did you mean {' or '.join(map(repr, ids))}?" if ids else ""


def _modules() -> list[str]:
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in names if name != "kinds" and not name.startswith("_"))


def _load(module: str) -> tuple[Exercise, ...]:
    exercises: tuple[Exercise, ...] = importlib.import_module(f"{__name__}.{module}").EXERCISES
    ids = [exercise.id for exercise in exercises]
    if len(set(ids)) < len(ids) or any(id.partition("/")[0] != module for id in ids):
        raise ValueError(f"`EXERCISES` must have unique ids that begin with {module}/, got {ids}")
    return exercises
