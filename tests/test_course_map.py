"""The map of the course: what a chapter says of itself, and what the welcome page makes of it."""

import re
import shutil
from html import unescape
from pathlib import Path

import pytest

from course_lib.widgets.base import mount_html
from coursebook.chapters import ChapterError, find_chapters, load_stored, read_chapter
from coursebook.contents import count_labs, exercises_of, find_parts
from coursebook.facts import read_facts, time_in_words

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
CHAPTERS = find_chapters(ROOT)
GOOD = {"question": "What is it?", "minutes": 90, "slides": "L013 to L021"}


def changed(**values):
    return {key: value for key, value in {**GOOD, **values}.items() if value is not None}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (None, "the block `course` is missing"),
        ([GOOD], "the block `course` is missing"),
        ({}, "`course` lacks `question` and `minutes` and `slides`"),
        (changed(minutes=None), "`course` lacks `minutes`"),
        (changed(minute=3), "`course` has `minute`, which nothing reads"),
        (changed(question="It is."), "`question` must be one sentence that ends with"),
        (changed(question="What? That."), "`question` must be one sentence that ends with"),
        (changed(question=7), "`question` must be"),
        (changed(minutes="90"), "`minutes` must be a whole number from 1 to 600, got '90'"),
        (changed(minutes=True), "`minutes` must be"),
        (changed(minutes=0), "`minutes` must be"),
        (changed(minutes=601), "`minutes` must be"),
        (changed(slides="13 to 21"), "`slides` must be like L013 to L021, got '13 to 21'"),
        (changed(slides=13), "`slides` must be"),
    ],
)
def test_a_block_that_the_map_cannot_use_is_refused(block, part):
    with pytest.raises(ValueError, match=re.escape(part)):
        read_facts({} if block is None else {"course": block})


@pytest.mark.parametrize("slides", ["L001", "L001 to L006", "L007, L009 and L012 to L014"])
def test_slides_may_be_several(slides):
    assert read_facts({"course": changed(slides=slides)}).slides == slides


@pytest.mark.parametrize("old", ["course:", "  minutes: 120"])
def test_a_chapter_without_its_facts_stops_and_is_named(tmp_path, old):
    shutil.copytree(ROOT / "book", tmp_path / "book", ignore=shutil.ignore_patterns("_*", "images"))
    shutil.copy(ROOT / "_toc.yml", tmp_path)
    source = tmp_path / "book" / "04_convolution.md"
    source.write_text(source.read_text().replace(f"{old}\n", "nothing:\n", 1))
    chapter = next(c for c in find_chapters(tmp_path) if c.name == "04_convolution")
    with pytest.raises(ChapterError, match=r"book/04_convolution\.md: .*`(course|minutes)`"):
        read_chapter(chapter)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_the_chapter_asks_the_question_of_the_map(chapter):
    facts = read_facts(read_chapter(chapter).metadata)
    text = re.sub(r"\s+", " ", chapter.source.read_text(encoding="utf-8"))
    assert f"**{facts.question}**" in text


def test_every_chapter_stands_in_a_part():
    assert [c for _, chapters in find_parts(ROOT) for c in chapters] == CHAPTERS
    assert all(caption for caption, _ in find_parts(ROOT))


def test_parts_need_no_caption(tmp_path):
    (tmp_path / "book").mkdir()
    for name in ("index", "04_convolution"):
        shutil.copy(ROOT / "book" / f"{name}.md", tmp_path / "book")
    toc = "format: jb-book\nroot: index\nchapters:\n- file: 04_convolution\n"
    (tmp_path / "_toc.yml").write_text(toc)
    ((caption, (chapter,)),) = find_parts(tmp_path)
    assert (caption, chapter.name) == ("", "04_convolution")


def test_exercises_and_labs_are_counted_as_they_are_stored():
    for chapter in CHAPTERS:
        sources = [c.source for c in load_stored(chapter).cells if c.cell_type == "code"]
        shown = [source for source in sources if source.startswith('show("')]
        assert len(exercises_of(chapter)) == len(shown)
        assert count_labs(chapter) == sum(bool(re.search(r"Lab\(.*\)$", s)) for s in sources)


def test_the_welcome_page_shows_what_is_there_and_how_long_it_takes():
    page = (SITE / "index.html").read_text(encoding="utf-8")
    (shown,) = re.findall(r'<div class="course-map">.*?\.</strong></p></div>', page, re.DOTALL)
    cards = re.findall(r"<li><a .*?</ul>", shown, re.DOTALL)
    assert len(cards) == len(CHAPTERS)
    minutes = 0
    for card, chapter in zip(cards, CHAPTERS, strict=True):
        facts = read_facts(read_chapter(chapter).metadata)
        minutes += facts.minutes
        text = unescape(card)
        title = re.search(r"^# (.+)$", chapter.source.read_text(encoding="utf-8"), re.MULTILINE)
        assert f'href="{chapter.name}.html"' in card
        for words in (
            title[1],
            facts.question,
            f"about {time_in_words(facts.minutes)}",
            facts.slides,
            f"{len(exercises_of(chapter))} exercises",
        ):
            assert words in text, (chapter.name, words)
        assert (f"{count_labs(chapter)} lab" in text) is (count_labs(chapter) > 0)
    assert f"In all: {len(cards)} chapter" in shown
    assert f"about {time_in_words(minutes)}" in shown[shown.index("In all:") :]


def test_the_map_counts_what_is_done(widget_page):
    ids = ["sample/one", "sample/two", "sample/three"]
    page = widget_page(mount_html("tally", {"ids": ids}, "", height="0"))
    tally = page.locator(".cw-tally")
    assert not tally.is_visible()
    for number, words in enumerate(
        ["1 of 3 exercises done", "2 of 3 exercises done", "All 3 exercises done"]
    ):
        entry = {"answer": "1", "correct": True, "tries": 1}
        page.evaluate("([id, e]) => courseWidgets.store.set(id, e)", [ids[number], entry])
        assert tally.inner_text() == words
    page.evaluate("courseWidgets.store.set('sample/other', {answer: '1', correct: true, tries: 1})")
    assert tally.inner_text() == "All 3 exercises done"
    page.evaluate("courseWidgets.store.reset()")
    assert not tally.is_visible()
    wrong = {"answer": "1", "correct": False, "tries": 1}
    page.evaluate("([id, e]) => courseWidgets.store.set(id, e)", [ids[0], wrong])
    assert not tally.is_visible()
