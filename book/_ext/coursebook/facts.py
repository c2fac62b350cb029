"""What a chapter says of itself in its front matter, for the map of the course.

course:
  question: What does a convolution do to an image?
  minutes: 90
  slides: L013 to L021
"""

import re
from dataclasses import dataclass
from typing import Any

MOST_MINUTES = 600
_SLIDES = re.compile(r"L\d{3}(?:(?: to |, | and |, and )L\d{3})*")
_WANTED = """\
say in its front matter
  course:
    question: What does the chapter answer?
    minutes: 90
    slides: L013 to L021"""


@dataclass(frozen=True)
class Facts:
    """The question that a chapter answers, how long that takes, and the slides that it follows."""

    question: str
    minutes: int
    slides: str


def read_facts(metadata: dict[str, Any]) -> Facts:
    """Read the block `course` of a chapter's front matter.

    >>> read_facts({"course": {"question": "Why?", "minutes": 90, "slides": "L001 to L006"}})
    Facts(question='Why?', minutes=90, slides='L001 to L006')

    Raises:
        ValueError: The block, or one of its keys, is missing, unknown or not what it must be.
    """
    block = metadata.get("course")
    if not isinstance(block, dict):
        raise ValueError(f"the block `course` is missing: {_WANTED}")
    wanted = Facts.__dataclass_fields__.keys()
    if missing := [key for key in wanted if key not in block]:
        raise ValueError(f"`course` lacks {_named(missing)}: {_WANTED}")
    if unknown := [key for key in block if key not in wanted]:
        raise ValueError(f"`course` has {_named(unknown)}, which nothing reads: {_WANTED}")
    question, minutes, slides = (block[key] for key in wanted)
    if not isinstance(question, str) or not re.fullmatch(r"\S.+\?", question):
        raise ValueError(
            f"`question` must be one sentence that ends with a question mark, got {question!r}"
        )
    if type(minutes) is not int or not 0 < minutes <= MOST_MINUTES:
        raise ValueError(
            f"`minutes` must be a whole number from 1 to {MOST_MINUTES}, got {minutes!r}"
        )
    if not isinstance(slides, str) or not _SLIDES.fullmatch(slides):
        raise ValueError(f"`slides` must be like L013 to L021, got {slides!r}")
    return Facts(question, minutes, slides)


def _named(keys: list[Any]) -> str:
    return " and ".join(f"`{key}`" for key in keys)


def time_in_words(minutes: int) -> str:
    """Round a time as a reader plans it: to five minutes, and from two hours on to half hours.

    >>> [time_in_words(minutes) for minutes in (7, 90, 112, 120, 135, 400)]
    ['5 minutes', '90 minutes', '110 minutes', '2 hours', '2½ hours', '6½ hours']
    """
    if minutes < 115:
        return f"{max(5, 5 * round(minutes / 5))} minutes"
    halves = (minutes + 15) // 30
    return f"{halves // 2}{'½' if halves % 2 else ''} hours"
