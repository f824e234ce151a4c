"""Lines of text with a meaning attached to each part. Pure: what a screen says, before any colour.

Nothing here is markup: a span's text is shown as it is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

from rich.cells import cell_len, chop_cells, set_cell_size

Word = Literal[
    "text", "title", "heading", "dim", "key", "ok", "moving", "attention", "danger", "protected", "bar", "cursor",
    "accent_red", "accent_orange", "accent_green", "accent_teal", "accent_blue", "accent_purple",
]  # fmt: skip
"""What a part of a line means; a theme gives each a look. An accent tells an environment from the others."""

WORDS: tuple[Word, ...] = get_args(Word)
ACCENT_WORDS: tuple[Word, ...] = tuple(word for word in WORDS if word.startswith("accent_"))

Span: TypeAlias = tuple[str, Word]
Line: TypeAlias = tuple[Span, ...]

BLANK: Line = ()

_NARROWEST = 10
"""Cells below which no text is broken into lines."""
_BELOW = 4
"""How far a text is indented that stands below what it belongs to."""

_ASCII = str.maketrans(
    {"·": "-", "…": "~", "─": "-", "│": "|", "█": "#", "░": ".", "▲": "^", "▼": "v", "●": "*", "○": "o", "✓": "+",
     "✗": "x", "◆": "#", "▸": ">", "◂": "<", "■": "#", "—": "-", "’": "'",
     "▁": "_", "▂": ".", "▃": ",", "▄": ":", "▅": "=", "▆": "+", "▇": "*"}
)  # fmt: skip


def line(*parts: str | Span) -> Line:
    """A line of plain and meaningful parts."""
    return tuple((part, "text") if isinstance(part, str) else part for part in parts)


def width(of: Line) -> int:
    """Terminal cells that a line takes."""
    return sum(cell_len(text) for text, _ in of)


def fit(of: Line, cells: int) -> Line:
    """Exactly `cells` wide: padded with blanks, or cut with an ellipsis."""
    have = width(of)
    if have <= cells:
        return (*of, (" " * (cells - have), "text")) if have < cells else of
    kept: list[Span] = []
    room = cells - 1
    for text, word in of:
        size = cell_len(text)
        if size > room:
            kept.append((set_cell_size(text, room) + "…" if room >= 0 else "", word))
            break
        kept.append((text, word))
        room -= size
    return tuple(kept) if cells > 0 else ()


def spread(left: Line, right: Line, cells: int) -> Line:
    """`left` at the left edge and `right` at the right one; `left` is cut if both don't fit."""
    right = fit(right, min(width(right), cells))
    return (*fit(left, cells - width(right)), *right)


def wrap(text: str, cells: int, *, first: Line = (), word: Word = "text") -> list[Line]:
    """Words broken into lines of at most `cells`; what follows the first line is indented to where it began. Where
    `first` leaves no room beside it, the text stands below it."""
    indent = width(first)
    if text and cells - indent < _NARROWEST <= cells - _BELOW:
        return [fit(first, min(indent, cells)), *wrap(text, cells, first=line(" " * _BELOW), word=word)]
    pieces = _broken(text, max(_NARROWEST, cells - indent)) or [""]
    lines = [(*first, (pieces[0], word))]
    lines += [((" " * indent, "text"), (piece, word)) for piece in pieces[1:]]
    return lines


def _broken(text: str, cells: int) -> list[str]:
    """Words in rows of at most `cells`. `textwrap` counts characters, of which some take two cells and some none."""
    if text.isascii():
        return textwrap.wrap(text, cells, break_on_hyphens=False)
    rows: list[str] = []
    for word in text.split():
        longer = f"{rows[-1]} {word}" if rows else word
        if rows and cell_len(longer) <= cells:
            rows[-1] = longer
        else:
            rows += chop_cells(word, cells)
    return rows


def as_cursor(of: Line) -> Line:
    """The line as it looks under the cursor."""
    return tuple((text, "cursor") for text, _ in of)


def plain(of: Line) -> str:
    """The words without their meaning."""
    return "".join(text for text, _ in of)


def printable(of: Line) -> Line:
    """The last gate before the terminal: whatever could move the cursor becomes a question mark.

    Text from outside is cleaned where it comes in; this catches what was forgotten.
    """
    if all(text.isprintable() for text, _ in of):
        return of
    return tuple(("".join(c if c.isprintable() else "?" for c in text), word) for text, word in of)


def to_ascii(of: Line) -> Line:
    """The same line, cell for cell, in ASCII."""
    return tuple((_ascii_text(text), word) for text, word in of)


def _ascii_text(text: str) -> str:
    return "".join(c if c.isascii() else "?" * cell_len(c) for c in text.translate(_ASCII))


def join(parts: Iterable[Line], between: str) -> Line:
    """Several lines as one."""
    joined: list[Span] = []
    for part in parts:
        if joined:
            joined.append((between, "dim"))
        joined.extend(part)
    return tuple(joined)
