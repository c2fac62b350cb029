"""Text as it arrives in a notebook: a Markdown parser reads there what the chapter says."""

import pytest
from docutils.frontend import get_default_settings
from docutils.utils import new_document
from markdown_it import MarkdownIt
from myst_parser.config.main import MdParserConfig
from myst_parser.mdit_to_docutils.base import DocutilsRenderer
from myst_parser.parsers.docutils_ import Parser
from myst_parser.parsers.mdit import create_md_parser

from coursebook.markdown import Page, blocks

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def through(source, tmp_path):
    """Render Markdown as a chapter would be, and back to Markdown."""
    document = new_document("chapter", get_default_settings(Parser))
    config = MdParserConfig(enable_extensions={"colon_fence", "dollarmath"})
    parser = create_md_parser(config, DocutilsRenderer)
    parser.options["document"] = document
    parser.render(source)
    return blocks(document.children, Page({}, tmp_path))


@pytest.mark.parametrize(
    "source",
    [
        "plain *emphasis* and **strong** and `code`",
        r"\# no heading",
        r"2024\. was no list",
        r"\- no list",
        r"\> no quote",
        "5 < 6 and 3 \\* 4 \\* 5",
        r"a\~\~b\~\~c",
        "`` `tick` `` and ``a`b``",
        "````\n```\ninner\n```\n````",
        "- one\n- two\n  - nested\n  - again\n- three",
        "1. one\n\n   ```\n   x = 1\n\n   - 2\n   ```\n2. two",
        "| a | b |\n|:--|--:|\n| 1 | 2 |",
        "> a quote\n>\n> of two",
        "one\\\ntwo",
    ],
)
def test_text_keeps_its_meaning(source, tmp_path):
    rendered = through(source, tmp_path)
    assert READER.render(rendered) == READER.render(source), rendered
