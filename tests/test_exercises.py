"""Exercises in Python: grading, definitions, and everything that the chapters define."""

import dataclasses
import itertools
import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import exercises
from course_lib.exercises import catalog, check, find, kinds, show
from course_lib.exercises._code import DRAWS, same_value
from course_lib.exercises._order import Sequencing
from course_lib.exercises._read import read_indices, read_number, read_rows

BASE: dict[str, Any] = {
    "id": "demo/one",
    "title": "T",
    "level": "apply it",
    "prompt": "P",
    "solution": "S",
}


def right_answer(exercise: kinds.Exercise) -> object:
    """The answer that a definition calls right, in the form in which a reader gives it."""
    spec = exercise.spec()
    return spec["order"] if "order" in spec else spec.get("answer", spec.get("answers"))


# Reading ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        (" 3 ", 3),
        ("+3", 3),
        ("-3", -3),
        ("−3", -3),
        ("2.5", 2.5),
        ("2,5", 2.5),
        (".5", 0.5),
        (",5", 0.5),
        ("5.", 5),
        ("0,125", 0.125),
        ("1e3", 1000),
        ("1,5E-1", 0.15),
        ("1.000", 1),
        ("3 px", 3),
        ("3px", 3),
        (np.float32(2.5), 2.5),
        (np.int64(7), 7),
        (np.array(7), 7),
        (7, 7),
    ],
)
def test_numbers_are_read(text: object, value: float) -> None:
    assert read_number(text, "px") == value


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "Type a number first"),
        ("  ", "Type a number first"),
        ("px", "Type a number first"),
        (None, "Type a number first"),
        ("abc", "“abc” is not a number"),
        ("3 4 px", "“3 4” is not a number"),
        ("1,000", "“1,000” can be read in two ways"),
        ("12,345,678.9", "can be read in two ways"),
        ("1 000", "can be read in two ways"),
        ("1'000", "can be read in two ways"),
        ("1.2.3", "is not a number"),
        ("5/2", "is not a number"),
        ("٣", "is not a number"),
        ("nan", "is not a number"),
        ("inf", "is not a number"),
        (math.nan, "is not a number"),
        (math.inf, "is not a number"),
        ("1e999", "far too large"),
        (10**400, "far too large"),
        (True, "A number is asked for; true is not one"),
        ([3], "A number is asked for; a list is not one"),
        ({}, "A number is asked for; dict is not one"),
        ("x" * 50, f"“{'x' * 20}…”"),
        ("*a* `b`", "“a b” is not a number"),
        ("`*" * 9 + "x" * 21, f"“{'x' * 20}…”"),
    ],
)
def test_what_is_no_number_is_named(text: object, part: str) -> None:
    message = read_number(text, "px")
    assert isinstance(message, str)
    assert part in message


@given(st.text())
def test_any_text_is_a_number_or_a_message(text: str) -> None:
    result = read_number(text, "px")
    assert isinstance(result, str) or math.isfinite(result)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_survives_reading(value: float) -> None:
    assert read_number(value) == read_number(repr(value)) == value


def test_rows_and_indices_take_arrays() -> None:
    assert read_rows(np.eye(2), (2, 2)) == [[1, 0], [0, 1]]
    assert read_rows([np.arange(2), (3, "4")], (2, 2)) == [[0, 1], [3, 4]]
    assert read_rows("ab", (2, 2)) == "A matrix of 2 rows and 2 columns is asked for."
    assert read_indices(np.array([1, 0]), 2) == [1, 0]
    assert read_indices([1, 1], 2) is None
    assert read_indices([True], 2) is None


# Grading ------------------------------------------------------------------------------------------


def test_the_right_answer_is_right(samples: dict[str, Any]) -> None:
    for exercise in samples.values():
        feedback = exercise.grade(right_answer(exercise))
        assert feedback.correct, exercise.id
        assert feedback.counted
        assert repr(feedback).startswith("Right.")


def test_garbage_raises_nothing_and_costs_no_try(samples: dict[str, Any]) -> None:
    garbage = [None, "", "x", "1 000", [], {}, [None], [[]], object(), math.nan, -1.5j, [0, 0]]
    for exercise, answer in itertools.product(samples.values(), garbage):
        feedback = exercise.grade(answer)
        assert not feedback.correct
        assert feedback.message
        assert not feedback.counted, (exercise.id, answer)
        assert repr(feedback) == feedback.message


@pytest.mark.parametrize(
    ("name", "answer", "message"),
    [
        ("number", "4", "You rounded up."),
        ("number", 3.5, "You forgot to round."),
        ("number", "17", "Use the formula."),
        ("fraction", "0.6", kinds.TRY_AGAIN),
        ("one", 0, "A is dark."),
        ("one", 2, kinds.TRY_AGAIN),
        ("several", [0], "One is odd.\n\nTwo is even."),
        ("several", [0, 1, 2], "One is odd."),
        ("several", [1], kinds.TRY_AGAIN),
        ("matrix", [[1, 3, 5], [2, 4, "−3"]], "Rows and columns are swapped."),
        ("matrix", [[1, 2, -3], [3, 4, 0]], "Look again at row 2, column 3. Row by row."),
        ("matrix", [[1, 0, 0], [0, 0, 0]], "5 of the 6 cells are not right yet. Row by row."),
        ("matrix", [[0, 0, 0], [0, 0, 0]], "No cell is right yet. Row by row."),
    ],
)
def test_a_wrong_answer_gets_its_own_hint(
    samples: dict[str, Any], name: str, answer: object, message: str
) -> None:
    feedback = samples[name].grade(answer)
    assert (feedback.correct, feedback.message) == (False, message)
    assert feedback.counted
    assert repr(feedback) == f"Not yet. {message}"


def test_fractions_are_turned_back_where_a_whole_number_is_asked_for(
    samples: dict[str, Any],
) -> None:
    assert not samples["number"].grade("2.5").counted
    assert samples["fraction"].grade("0.505").correct
    assert samples["fraction"].grade("0,5").correct


def test_orders(samples: dict[str, Any]) -> None:
    order = samples["order"]
    place = {order.items[i]: n for n, i in enumerate(order.shown)}

    def said(exercise: Any, *items: str) -> str:
        message: str = exercise.grade([place[item] for item in items]).message
        return message

    assert sorted(order.shown) == [0, 1, 2, 3]
    assert order.shown != (0, 1, 2, 3)
    assert said(order, "place", "pad", "multiply", "add") == "Something else comes first."
    assert said(order, "pad", "add", "multiply", "place").startswith("The first is in place")
    assert said(order, "pad", "place", "add", "multiply").startswith("The first 2 are in place")

    partial = samples["partial"]
    place = {partial.items[i]: n for n, i in enumerate(partial.shown)}
    assert said(partial, "multiply", "pad", "add", "place") == ""  # respects both rules
    assert said(partial, "place", "pad", "multiply", "add") == "Pad first."
    assert said(partial, "pad", "place", "add", "multiply") == (
        "“multiply” must come before “add”."
    )


def test_shuffling_is_done_once_for_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    shown = Sequencing.shown.fget  # type: ignore[attr-defined]
    monkeypatch.setattr(Sequencing, "shown", property(lambda s: asked.append(s) or shown(s)))
    steps = Sequencing(("a", "b", "c"), (), "", "seed")
    steps.grade([0, 1, 2])
    steps.spec()
    assert len(asked) == 2


def test_equal_lines_may_swap() -> None:
    order = kinds.Order(**BASE, items=("a", "b", "a"))
    place = [order.shown.index(i) for i in (2, 1, 0)]
    assert order.grade(place).correct


# Code ---------------------------------------------------------------------------------------------


def test_code_is_run(samples: dict[str, Any]) -> None:
    exercise = samples["code"]

    def unfinished(n: int) -> int:
        raise NotImplementedError

    def broken(n: int) -> int:
        raise KeyError("n")

    assert exercise.grade(lambda n: n // 2).message == (
        f"`half` agrees with ours on {DRAWS} random inputs."
    )
    assert exercise.grade(lambda n: (n + 1) // 2).message.startswith("You rounded up. `half(")
    assert exercise.grade(lambda n: n).message.startswith("`half(")
    assert "yours raises KeyError: 'n'" in exercise.grade(broken).message
    assert "yours raises TypeError" in exercise.grade(lambda: 1).message
    for stub in (unfinished, lambda n: None):
        feedback = exercise.grade(stub)
        assert (feedback.correct, feedback.counted) == (False, False)
    assert "still to be written" in exercise.grade(unfinished).message
    assert "does it end with `return`?" in exercise.grade(lambda n: None).message.lower()


class Refuses:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = None  # type: ignore[assignment]


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_code_may_give_and_raise_anything(samples: dict[str, Any]) -> None:
    exercise = samples["code"]

    def fails(error: BaseException) -> Any:
        def half(n: int) -> int:
            raise error

        return half

    def said(function: Any) -> str:
        feedback = exercise.grade(function)
        assert not feedback.correct
        return str(feedback.message).partition("; ")[2]

    assert said(lambda n: 10**400).startswith("yours gives 1000")
    assert said(lambda n: 10**5000) == "yours gives <int, which cannot be shown>."
    assert said(lambda n: Refuses()) == "yours gives <Refuses, which cannot be shown>."
    assert said(fails(Silent())) == "yours raises Silent: <Silent, which cannot be shown>."
    assert said(lambda n: sys.exit()) == "yours raises SystemExit."
    assert said(fails(SystemExit("bye"))) == "yours raises SystemExit: bye."
    with pytest.raises(KeyboardInterrupt):  # the reader stops a loop
        exercise.grade(fails(KeyboardInterrupt()))
    answers_like_it = dataclasses.replace(exercise, reference=lambda n: Refuses(), mistakes=())
    assert not answers_like_it.grade(lambda n: Refuses()).correct


def test_code_that_gives_text_is_told_so(samples: dict[str, Any]) -> None:
    message = samples["code"].grade(lambda n: str(n // 2)).message
    number = message.partition("should be ")[2].partition(";")[0]
    assert message.endswith(f"should be {number}; yours gives '{number}'.")


def test_a_print_in_the_code_is_seen_once(
    samples: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def half(n: int) -> int:
        print("looking at", n)
        return n // 2

    assert samples["code"].grade(half).correct
    assert capsys.readouterr().out.count("looking at") == 1


@pytest.mark.parametrize("answer", [None, 3, "half", {0, 1, 2}])
def test_code_with_lines_asks_for_the_function(samples: dict[str, Any], answer: object) -> None:
    feedback = samples["code"].grade(answer)
    assert feedback.message == "Give the function itself: `check('sample/code', half)`."
    assert not feedback.counted
    order = samples["code"].spec()["order"]
    assert samples["code"].grade(np.array(order)).correct
    assert samples["code"].grade([0]).message == "An answer lists the numbers 0 to 2, each once."


def test_code_without_lines_asks_for_the_function(samples: dict[str, Any]) -> None:
    exercise = dataclasses.replace(samples["code"], lines=())
    assert exercise.grade([0]).message == "Give the function itself: `check('sample/code', half)`."
    assert exercise.spec()["items"] == []


def test_code_may_change_its_arguments_and_must_raise_like_the_reference() -> None:
    def reference(values: list[int]) -> int:
        if len(values) < 2:
            raise ValueError("too short")
        return sum(values)

    def pops(values: list[int]) -> int:
        if len(values) < 2:
            raise ValueError("no")
        return values.pop() + sum(values)

    exercise = kinds.Code(
        **BASE,
        function="total",
        stub="def total(values): ...",
        reference=reference,
        draw=lambda rng: ([[rng.randrange(9) for _ in range(rng.randrange(4))]], {}),
    )
    assert exercise.grade(pops).correct
    assert "should raise a ValueError" in exercise.grade(sum).message


def test_values_are_compared_by_element() -> None:
    assert same_value(np.eye(2), [[1, 0], [0, 1]])
    assert same_value(math.nan, float("nan"))
    assert same_value({"a": 1}, {"a": 1})
    assert not same_value([1, 2], [1])
    assert not same_value(None, 0)
    assert not same_value(10**400, 0)
    assert not same_value(0.5, 10**400)
    assert same_value(10**400, 10**400)


# Definitions --------------------------------------------------------------------------------------

OPTIONS = (kinds.Option("a"), kinds.Option("b"))
NUMBER = kinds.Mistake(2, "hint")


@pytest.mark.parametrize(
    ("kind", "fields", "part"),
    [
        (kinds.Number, {"answer": 1, "id": "Demo"}, "`id` must look like"),
        (kinds.Number, {"answer": 1, "level": "hard"}, "`level` must be one of"),
        (kinds.Number, {"answer": 1, "prompt": " "}, "`prompt` must not be empty"),
        (kinds.Number, {"answer": 1, "given": {"x": ((1,), (1, 2))}}, "rectangular"),
        (kinds.Number, {"answer": math.nan}, "finite"),
        (kinds.Number, {"answer": True}, "finite"),
        (kinds.Number, {"answer": 2, "mistakes": (NUMBER,)}, "is the answer"),
        (kinds.Number, {"answer": 2.05, "tolerance": 0.1, "mistakes": (NUMBER,)}, "is the answer"),
        (kinds.Number, {"answer": 1, "mistakes": (NUMBER, NUMBER)}, "is there twice"),
        (kinds.Number, {"answer": 1, "mistakes": (kinds.Mistake(3, " "),)}, "must have a hint"),
        (kinds.OneChoice, {"options": OPTIONS[:1], "answer": 0}, "at least 2"),
        (kinds.OneChoice, {"options": OPTIONS, "answer": 2}, "indices"),
        (kinds.OneChoice, {"options": OPTIONS[:1] * 2, "answer": 1}, "must differ"),
        (kinds.SeveralChoices, {"options": OPTIONS, "answers": ()}, "distinct"),
        (kinds.SeveralChoices, {"options": OPTIONS, "answers": (1, 1)}, "distinct"),
        (kinds.Matrix, {"answer": ((1, 2), (3,))}, "rectangle"),
        (kinds.Matrix, {"answer": ((1,),), "mistakes": (kinds.Mistake(((1, 2),), "h"),)}, "shape"),
        (kinds.Matrix, {"answer": ((1,),), "mistakes": (kinds.Mistake(((1,),), "h"),)}, "answer"),
        (kinds.Order, {"items": ("a",)}, "at least 2"),
        (kinds.Order, {"items": ("a", "a")}, "wrong order"),
        (kinds.Order, {"items": ("a", "b"), "precedences": (kinds.Before(1, 0),)}, "must hold"),
        (
            kinds.Code,
            {"function": "f", "stub": "def g", "reference": abs, "draw": abs},
            "must define",
        ),
    ],
)
def test_a_bad_definition_is_refused(kind: Any, fields: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        kind(**BASE | fields)


# The catalog --------------------------------------------------------------------------------------


def test_finding() -> None:
    first = catalog()[0]
    assert find(first.id) is first
    with pytest.raises(ValueError, match=f"did you mean '{first.id}'"):
        find(first.id + "x")
    for bad in ("nowhere/x", "kinds/x", "_read/x", "", None, 3):
        with pytest.raises(ValueError, match="`id` must name an exercise"):
            find(bad)  # type: ignore[arg-type]  # what a reader may type
    with pytest.raises(ValueError, match="`id` must name"):
        check("nowhere/x", 1)


def test_finding_helps_in_few_words() -> None:
    def said(id: str) -> str:
        with pytest.raises(ValueError, match="`id` must name an exercise") as caught:
            find(id)
        return str(caught.value)

    assert "got 'convolution/x'. The chapter has convolution/" in said("convolution/x")
    assert "size'? The chapter has" in said("convolution/valid-siz")
    for id in ("valid-size", "convolutions/valid-size", "valid_size"):
        assert "; did you mean 'convolution/valid-size'" in said(id)
    for id in ("x" * 10_000, "convolution/" + "x" * 10_000):
        assert "xx...xx" in said(id)
        assert "x" * 60 not in said(id)


def test_showing() -> None:
    exercise = catalog()[0]
    assert show(exercise.id).exercise == exercise.spec()


def test_chapters_must_have_unique_ids_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[f"{exercises.__name__}.{catalog()[0].id.partition('/')[0]}"]
    monkeypatch.setattr(module, "EXERCISES", module.EXERCISES[:1] * 2)
    with pytest.raises(ValueError, match="unique ids"):
        catalog()


def test_the_catalog_needs_no_torch() -> None:
    code = (
        "import sys; from course_lib.exercises import catalog; [e.spec() for e in catalog()];"
        "print('torch' in sys.modules, 'anywidget' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.split() == ["False", "False"], result.stderr


@pytest.mark.parametrize("exercise", catalog(), ids=lambda exercise: exercise.id)
def test_every_exercise(exercise: kinds.Exercise) -> None:
    """The answer is right, each mistake gets its own hint, and the browser can read it."""
    spec = json.loads(json.dumps(exercise.spec(), allow_nan=False))
    assert spec["kind"] in {"number", "one-choice", "several-choices", "matrix", "order", "code"}
    if spec.get("order") != []:
        assert check(exercise.id, right_answer(exercise)).correct
    hints = []
    for mistake in getattr(exercise, "mistakes", ()):
        feedback = check(exercise.id, mistake.answer)
        assert not feedback.correct
        assert feedback.counted
        assert feedback.message.startswith(mistake.hint)
        hints.append(mistake.hint)
    assert len(set(hints)) == len(hints)
    for i, option in enumerate(getattr(exercise, "options", ())):
        assert option.feedback, f"option {i} has no feedback"
    if isinstance(exercise, kinds.Code):
        assert check(exercise.id, exercise.reference).correct
        scope: dict[str, Any] = {}
        exec(exercise.stub, scope)
        feedback = check(exercise.id, scope[exercise.function])
        assert (feedback.correct, feedback.counted) == (False, False)
        if exercise.lines:
            exec("\n".join(exercise.lines), scope)
            assert check(exercise.id, scope[exercise.function]).correct
