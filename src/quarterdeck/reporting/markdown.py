"""A document as Markdown (CommonMark) in lines of 80 columns, readable as it stands.

No text of it can become markup: every character that could begin some is escaped, and so is what begins a line.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from quarterdeck.reporting.document import Block, Document, Facts, Heading, Paragraph, Picture, Table

WIDTH = 80

_MARKUP = re.compile(r"[\\`*\[\]|#~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""What begins or ends something within a line; a `_` within a word doesn't."""
_ENTITIES = {"&": "&amp;", "<": "&lt;"}
_HARMLESS = str.maketrans({"`": "'", "<": "‹"})
"""Within a picture of text nothing can be escaped."""
_LINKS = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)
"""Where writers of Markdown see an address and make it a link."""
_BEGINS_A_BLOCK = re.compile(r"^(?:[-+=>]|\d{1,9}(?=[.)](?:\s|$)))")


def written(document: Document) -> str:
    """The document; ends with a line break."""
    lines = [f"# {escaped(document.title)}", "", *_wrapped(escaped(document.about), ""), ""]
    for block in document.blocks:
        lines += [*_lines(block), ""]
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


def escaped(text: str) -> str:
    """A text that is a text wherever it stands within a line."""
    plain = "".join(_ENTITIES.get(character, character) for character in text)
    return _LINKS.sub(r"\\\g<0>", _MARKUP.sub(r"\\\g<0>", plain))


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{'#' * level} {escaped(text)}"
        case Paragraph(text):
            yield from _wrapped(escaped(text), "")
        case Facts(rows):
            for name, value in rows:
                if value:
                    yield from _wrapped(f"**{escaped(name)}:** {escaped(value)}", "- ")
        case Table(rows=rows):
            for row in rows:
                yield from _wrapped(_row(block, row), "- ")
        case Picture(title, _, text):
            yield from _wrapped(escaped(title), "")
            yield ""
            yield "```text"
            yield from (line.translate(_HARMLESS)[:WIDTH] for line in text)
            yield "```"


def _row(table: Table, row: tuple[str, ...]) -> str:
    first, *others = zip(table.head, row, strict=True)
    told = [escaped(f"{name.lower()} {cell}" if name in table.named else cell) for name, cell in others if cell]
    return f"**{escaped(first[1])}**" + (f" {' · '.join(told)}" if told else "")


def _wrapped(text: str, begin: str) -> Iterator[str]:
    lines = textwrap.wrap(text, WIDTH - len(begin) - 1, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(lines):
        yield (" " * len(begin) if number else begin) + _BEGINS_A_BLOCK.sub(_kept_from_beginning, line)


def _kept_from_beginning(found: re.Match[str]) -> str:
    sign = found[0]
    return f"&#{ord(sign[0])};{sign[1:]}" if sign.isdigit() else f"\\{sign}"
