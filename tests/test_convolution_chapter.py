"""The chapter Convolution and the exercises it shows belong together."""

import re
from pathlib import Path

import pytest

from course_lib.exercises import find
from course_lib.exercises.convolution import EXERCISES
from course_lib.exercises.kinds import Code

CHAPTER = (Path(__file__).parents[1] / "book" / "04_convolution.md").read_text(encoding="utf-8")
CODE = [exercise for exercise in EXERCISES if isinstance(exercise, Code)]


def test_chapter_shows_each_exercise_once_in_their_order():
    shown = re.findall(r'^show\("([^"]+)"\)$', CHAPTER, flags=re.MULTILINE)

    assert shown == [exercise.id for exercise in EXERCISES]


def test_chapter_uses_every_kind_and_every_level():
    assert len({exercise.kind for exercise in EXERCISES}) == 6
    assert {exercise.level for exercise in EXERCISES} == {"read it off", "apply it", "build it"}


@pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: exercise.function)
def test_shown_solution_is_right(exercise):
    (solution,) = re.findall(r"^```\n(.*?)^```", exercise.solution, re.MULTILINE | re.DOTALL)
    names = {}
    exec(solution, names)

    assert exercise.grade(names[exercise.function]).correct


@pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: exercise.function)
def test_lines_of_the_static_form_are_a_right_solution(exercise):
    names = {}
    exec("\n".join(exercise.lines), names)

    assert exercise.grade(names[exercise.function]).correct


@pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: exercise.function)
def test_chapter_starts_from_the_stub_and_it_fails_kindly(exercise):
    names = {}
    exec(exercise.stub, names)
    feedback = exercise.grade(names[exercise.function])

    assert exercise.stub in CHAPTER
    assert not feedback.correct
    assert "still to be written" in feedback.message


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_each_mistake_gets_its_own_hint(exercise):
    for mistake in getattr(exercise, "mistakes", ()):
        feedback = find(exercise.id).grade(mistake.answer)

        assert not feedback.correct
        assert feedback.message.startswith(mistake.hint)


def test_each_erratum_is_followed_by_a_cell_that_asserts():
    errata = re.findall(
        r"^```\{erratum\} (E\d\d)\n.*?^```\n\n"
        r"```\{code-cell\} ipython3\n:tags: \[erratum-(E\d\d)\]\n(.*?)^```",
        CHAPTER,
        flags=re.MULTILINE | re.DOTALL,
    )

    assert [name for name, _, _ in errata] == ["E03", "E04", "E24"]
    assert all(name == tag and "assert " in code for name, tag, code in errata)
