"""Markdown of a report: no text becomes markup, and it is readable in 80 columns as it stands."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from quarterdeck.fleet.redaction import visible
from quarterdeck.reporting.document import Document, Facts, Heading, Paragraph, Picture, Table
from quarterdeck.reporting.markdown import WIDTH, escaped, written

HOSTILE = st.text(st.sampled_from("ab1 .*_`[]()<>#|~!&\\-+=:/\n@é\u202e\x1b\x00"), max_size=120)
PARSER = MarkdownIt("gfm-like", {"html": True})
PARSER.disable(["replacements", "smartquotes"])


def page(text: str) -> str:
    text = visible(text) or "-"
    blocks = (
        Heading(text),
        Paragraph(text),
        Facts(((text, text),)),
        Table(("Name", "What", "Why"), ((text, text, text),), ("Why",)),
        Picture(text, "<svg/>", (text,)),
    )
    return written(Document(text, text, blocks))


def blocks(markdown: str) -> list[str]:
    return [token.type for token in PARSER.parse(markdown)]


def marks(markdown: str) -> set[str]:
    return {child.type for token in PARSER.parse(markdown) for child in token.children or ()}


@settings(deadline=None, max_examples=60)
@given(HOSTILE)
@example("<script>alert(1)</script>")
@example("[a](http://b) ![c](d) www.example.org https://example.org")
@example("| a | b |\n|---|---|")
@example("a\n===\nb\n---")
@example("1. a\n- b\n> c")
@example("~~~ ``` ~~~")
@example("&lt;b&gt; &#60;")
@example("_a_ __b__ *c* **d** snake_case")
@example("1) " + "a " * 60 + "2. " + "+ " * 30)
def test_no_text_becomes_markup(text: str) -> None:
    plain, markdown = page("plain"), page(text)
    assert blocks(markdown) == blocks(plain)
    assert marks(markdown) - {"softbreak", "text_special"} <= marks(plain)
    assert "<" not in markdown
    assert not [character for character in markdown if not character.isprintable() and character != "\n"]


@settings(deadline=None, max_examples=60)
@given(HOSTILE)
@example("a < b && c_d > e")
def test_a_reader_sees_the_text_as_it_is(text: str) -> None:
    text = visible(text)
    (_, inline, *_rest) = PARSER.parse(f"x {escaped(text)} x")
    seen = "".join(child.content for child in inline.children or ())
    assert unescape(seen).split() == f"x {text} x".split()


@pytest.mark.parametrize("text", ["word " * 100, "production/checkout " * 30], ids=["words", "names"])
def test_lines_fit_into_80_columns(text: str) -> None:
    lines = [line for line in page(text).splitlines() if not line.startswith("#")]
    assert max(map(len, lines)) <= WIDTH


def test_a_row_tells_the_names_only_of_cells_that_need_them_and_leaves_out_the_empty_ones() -> None:
    table = Table(("Step", "What", "Took"), (("1", "swap", "5s"), ("2", "", "")), ("Took",))
    assert written(Document("t", "a", (table,))).splitlines()[-2:] == ["- **1** swap · took 5s", "- **2**"]
