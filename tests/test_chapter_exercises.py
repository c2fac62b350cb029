"""Each chapter and the exercises that it shows belong together."""

import importlib
import re
from pathlib import Path

import pytest

from course_lib.exercises import catalog
from course_lib.exercises.kinds import Code
from coursebook.chapters import find_chapters

ROOT = Path(__file__).parents[1]
CHAPTERS = find_chapters(ROOT)
CODE = [exercise for exercise in catalog() if isinstance(exercise, Code)]


def exercises_of(chapter):
    """`04_convolution.md` shows `course_lib.exercises.convolution`."""
    module = f"course_lib.exercises.{chapter.name.partition('_')[2]}"
    return importlib.import_module(module).EXERCISES


def text_of(name):
    chapter = next(c for c in CHAPTERS if c.name.partition("_")[2] == name)
    return chapter.source.read_text(encoding="utf-8")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_chapter_shows_each_exercise_once_in_their_order(chapter):
    text = chapter.source.read_text(encoding="utf-8")
    shown = re.findall(r'^show\("([^"]+)"\)$', text, flags=re.MULTILINE)

    assert shown == [exercise.id for exercise in exercises_of(chapter)]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_chapter_asks_to_read_to_apply_and_to_build(chapter):
    exercises = exercises_of(chapter)

    assert {exercise.level for exercise in exercises} == {"read it off", "apply it", "build it"}
    assert any(isinstance(exercise, Code) for exercise in exercises)


def test_every_exercise_belongs_to_a_chapter():
    ids = {exercise.id for chapter in CHAPTERS for exercise in exercises_of(chapter)}

    assert ids == {exercise.id for exercise in catalog()}


def test_every_kind_of_exercise_is_used():
    assert len({exercise.kind for exercise in catalog()}) == 6


@pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: exercise.id)
def test_shown_solution_is_right(exercise):
    (solution,) = re.findall(r"^```\n(.*?)^```", exercise.solution, re.MULTILINE | re.DOTALL)
    names = {}
    exec(solution, names)

    assert exercise.grade(names[exercise.function]).correct


@pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: exercise.id)
def test_chapter_starts_from_the_stub(exercise):
    text = text_of(exercise.id.partition("/")[0])

    assert exercise.stub in text
    assert f'check("{exercise.id}", {exercise.function})' in text
