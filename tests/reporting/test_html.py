"""HTML of a report: one page that needs nothing else, in which no text becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import example, given, settings
from hypothesis import strategies as st

from quarterdeck.fleet.redaction import visible
from quarterdeck.reporting.document import Document, Facts, Heading, Paragraph, Picture, Table
from quarterdeck.reporting.drawing import Drawing
from quarterdeck.reporting.html import written

HOSTILE = st.text(st.sampled_from("ab1 <>\"'&/=;!-\n\u202e\x1b\x00"), max_size=80)


class Seen(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page(text: str) -> str:
    drawing = Drawing(100, text)
    drawing.word(1, 1, text)
    blocks = (
        Heading(text),
        Paragraph(text),
        Paragraph(text, "bad"),
        Facts(((text, text),)),
        Table(("First column", "Second column"), ((text, text),)),
        Picture(text, drawing.svg(), ()),
    )
    return written(Document(text, text, blocks))


@settings(deadline=None, max_examples=60)
@given(HOSTILE)
@example("<script>alert(1)</script>")
@example('"><img src=x onerror=alert(1)>')
@example("]]> --> <!-- &lt;b&gt;")
def test_no_text_becomes_markup_and_each_is_read_as_it_is(text: str) -> None:
    text = visible(text) or "-"
    seen, plain = Seen(page(text)), Seen(page("x" * len(text)))
    without = [(tag, names) for tag, names in seen.tags if tag != "td"]
    assert without == [(tag, names) for tag, names in plain.tags if tag != "td"]
    assert seen.texts.count(text) == plain.texts.count("x" * len(text))


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    text = page("x")
    tags = {tag for tag, _ in Seen(text).tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "use", "image", "form", "a"}
    assert not re.search(r"url\(|@import|src=|href=|\son\w+=", text)
    assert set(re.findall(r"https?://[^\"]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text


def test_it_is_made_for_light_dark_and_paper() -> None:
    text = page("x")
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_columns_that_have_nothing_to_tell_are_left_out() -> None:
    table = Table(("When", "What", "Why"), (("now", "it", ""), ("then", "that", "")))
    text = written(Document("t", "a", (table,)))
    assert "<th>What</th>" in text
    assert "<th>Why</th>" not in text
