"""Checking a reader's function against a reference, and naming the mistake in it."""

import contextlib
import copy
import io
import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_lib.exercises._read import Feedback, plain

DRAWS = 50
_READERS_ERRORS = (Exception, SystemExit)  # exit() in the reader's code must not end a kernel


def check_function(
    function: Callable[..., Any],
    reference: Callable[..., Any],
    draw: Callable[[random.Random], tuple[Sequence[Any], Mapping[str, Any]]],
    mistakes: Sequence[tuple[Callable[..., Any], str]],
    name: str,
    seed: str,
    hint: str = "",
) -> Feedback:
    """Run `function` on drawn inputs and compare it with `reference`.

    A mistake is named when its implementation agrees with `function` on every draw.

    Example:
        >>> def draw(rng):
        ...     return (rng.randrange(1, 9),), {}
        >>> halve, up = (lambda n: n // 2), (lambda n: -(-n // 2))
        >>> check_function(up, halve, draw, [(up, "You rounded up.")], "halve", "seed")
        Not yet. You rounded up. `halve(3)` should be 1; yours gives 2.
    """
    rng = random.Random(seed)
    calls = [draw(rng) for _ in range(DRAWS)]
    mine = [_outcome(function, calls[0])]
    with contextlib.redirect_stdout(io.StringIO()):  # a `print` in it is seen once, not 50 times
        mine += [_outcome(function, call) for call in calls[1:]]
    if all(kind == "raises" and isinstance(value, NotImplementedError) for kind, value in mine):
        message = f"`{name}` is still to be written: replace `raise NotImplementedError`."
        return Feedback(False, message, counted=False)
    if all(kind == "gives" and value is None for kind, value in mine):
        message = f"`{name}` gives back nothing (`None`). Does it end with `return`?"
        return Feedback(False, message, counted=False)
    right = [_outcome(reference, call) for call in calls]
    fault = next((i for i in range(DRAWS) if not _agree(mine[i], right[i])), None)
    if fault is None:
        return Feedback(True, f"`{name}` agrees with ours on {DRAWS} random inputs.")
    example = _example(name, calls[fault], right[fault], mine[fault])
    for mistake, said in mistakes:
        if all(_agree(mine[i], _outcome(mistake, calls[i])) for i in range(DRAWS)):
            return Feedback(False, f"{said} {example}")
    return Feedback(False, f"{example} {hint}".strip())


def _outcome(function: Callable[..., Any], call: tuple[Any, Any]) -> tuple[str, Any]:
    args, kwargs = copy.deepcopy(call)  # a function may change its arguments
    try:
        return "gives", function(*args, **kwargs)
    except _READERS_ERRORS as error:  # an outcome to report
        return "raises", error


def _agree(mine: tuple[str, Any], other: tuple[str, Any]) -> bool:
    if mine[0] != other[0]:
        return False
    if mine[0] == "raises":
        return isinstance(mine[1], type(other[1]))
    try:
        return same_value(mine[1], other[1])
    except _READERS_ERRORS:  # the reader's object may refuse to be looked at
        return False


def same_value(value: object, other: object) -> bool:
    """Whether two results are the same: numbers to 1e-6, sequences and arrays by element.

    Example:
        >>> same_value((1, [2.0]), [1.0000001, (2,)]), same_value(1, "1"), same_value([1], 1)
        (True, False, False)
    """
    value, other = plain(value), plain(other)
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return len(value) == len(other) and all(map(same_value, value, other))
    if isinstance(value, int | float) and isinstance(other, int | float):
        try:
            both_nan = math.isnan(value) and math.isnan(other)
            return both_nan or math.isclose(value, other, rel_tol=1e-6, abs_tol=1e-6)
        except OverflowError:  # an int beyond any float
            return value == other
    return type(value) is type(other) and bool(value == other)


def _example(
    name: str, call: tuple[Any, Any], right: tuple[str, Any], mine: tuple[str, Any]
) -> str:
    args, kwargs = call
    given = ", ".join([*map(_short, args), *(f"{k}={_short(v)}" for k, v in kwargs.items())])
    wanted = (
        f"should be {_short(right[1])}"
        if right[0] == "gives"
        else f"should raise a {type(right[1]).__name__}"
    )
    if mine[0] == "gives":
        came = f"yours gives {_short(mine[1])}"
    else:
        text = _short(mine[1], str)
        came = f"yours raises {type(mine[1]).__name__}{text and ': '}{text}"
    return f"`{name}({given})` {wanted}; {came}."


def _short(value: object, show: Callable[[Any], str] = repr) -> str:
    try:
        text = show(plain(value))
    except _READERS_ERRORS:
        return f"<{type(value).__name__}, which cannot be shown>"
    return text if len(text) <= 80 else text[:77] + "..."
