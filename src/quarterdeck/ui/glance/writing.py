"""Rows of text in few bytes: on a slow link the first frame is as quick as it is short. Pure.

What is blank stays unwritten where the terminal can be erased to the background, and a block of rows is written look by
look where that is shorter: a step to another cell takes a third of a change of colours.
"""

from __future__ import annotations

from quarterdeck.records import dataclass
from quarterdeck.ui.output.moves import forward, place
from quarterdeck.ui.output.style import PLAIN, change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.ui.output.style import Style

    Row = Sequence[tuple[str, Style]]
    """Texts from left to right, as they look."""

_BLOCKS = (2, 12)
"""Rows that are written together: the head and what wants attention come first, then what a person reads from top to
bottom in portions that a phone's line carries in a blink."""
_WORTH_STEPPING = 6
"""Blanks from which on it is shorter to step over them."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text of one look, and where it begins."""

    x: int
    y: int
    text: str
    look: Style
    end: int
    """The column after it; -1 where terminals may not agree on it."""


def written(rows: Sequence[Row], columns: int, ground: Style, *, erases: bool) -> str:
    """What to write onto an empty screen, whose pen is plain and whose cursor may be anywhere.

    Args:
        ground: how the screen looks where nothing is written.
        erases: whether the terminal fills what it erases with the background, and knows how to switch single
            attributes off.
    """
    clear = erases or ground.blank is PLAIN
    pen = ground.blank
    told = change(PLAIN, pen, relative=erases) + ("\x1b[H\x1b[J" if clear else "")
    start, size = 0, _BLOCKS[0]
    while start < len(rows):
        block = [
            piece
            for y in range(start, min(start + size, len(rows)))
            for piece in _pieces(rows[y], y, columns, None if clear else ground, ground)
        ]
        looks = list(dict.fromkeys(piece.look for piece in block))
        by_look = sorted(block, key=lambda piece: looks.index(piece.look))
        ways = [_told(order, pen, relative=erases) for order in (block, by_look)]
        text, pen = min(ways, key=lambda way: len(way[0]))
        told += text
        start, size = start + size, _BLOCKS[1]
    return told


def width_of(text: str) -> int:
    """Cells that a text takes."""
    return len(text) if text.isascii() else sum(map(cells_of, text))


def cells_of(letter: str) -> int:
    """Cells that a character takes."""
    if letter.isascii():
        return 1
    import unicodedata  # most fleets do without

    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _pieces(row: Row, y: int, columns: int, filler: Style | None, ground: Style) -> list[_Piece]:
    """The parts of a row that have to be written. `filler`: how blanks up to the edge are written, None where the
    screen has them already."""
    pieces, x = list[_Piece](), 0
    for text, look in _merged(row):
        bare = filler is None and look.blank is ground.blank
        for offset, part in _apart(text) if bare else [(0, text)]:
            at = x + width_of(text[:offset])
            pieces.append(_Piece(at, y, part, look, at + width_of(part) if _sure(part) else -1))
        x += width_of(text)
    if filler is not None and x < columns:
        pieces.append(_Piece(x, y, " " * (columns - x), filler, columns))
    return pieces


def _merged(row: Row) -> list[tuple[str, Style]]:
    """Neighbours of one look together; blanks go with the text before them where they look the same in its look."""
    merged: list[tuple[str, Style]] = []
    for text, look in row:
        if merged and (merged[-1][1] is look or (text.isspace() and look is look.blank is merged[-1][1].blank)):
            merged[-1] = (merged[-1][0] + text, merged[-1][1])
        else:
            merged.append((text, look))
    return merged


def _apart(text: str) -> list[tuple[int, str]]:
    """What stands between long blanks, and after how many characters."""
    parts, at = list[tuple[int, str]](), 0
    for part in text.split(" " * _WORTH_STEPPING):
        bare = part.strip(" ")
        if bare:
            parts.append((at + part.index(bare), bare))
        at += len(part) + _WORTH_STEPPING
    return parts


def _told(pieces: Sequence[_Piece], pen: Style, *, relative: bool) -> tuple[str, Style]:
    """Pieces as they are written, and the pen that they leave."""
    told, x, y = list[str](), -1, -1
    for piece in pieces:
        told.append(_way(x, y, piece))
        if not (piece.text.isspace() and piece.look is pen.blank):
            told.append(change(pen, piece.look, relative=relative))
            pen = piece.look
        told.append(piece.text)
        x, y = piece.end, piece.y
    return "".join(told), pen


def _way(x: int, y: int, piece: _Piece) -> str:
    """The shortest way there from a cell (column -1: not known)."""
    ways = [place(piece.x, piece.y)]
    if y == piece.y and 0 <= x <= piece.x:
        ways.append(forward(piece.x - x))
    elif 0 <= y < piece.y:
        ways.append("\r" + "\n" * (piece.y - y) + forward(piece.x))
    return min(ways, key=len)


def _sure(text: str) -> bool:
    """Whether terminals agree on how wide it is."""
    return text.isascii() or all(
        letter < "\u0300" or "\u2010" <= letter <= "\u2027" or "\u2190" <= letter <= "\u21ff"
        or "\u2500" <= letter <= "\u25fc" or letter in "✓✗"
        for letter in text
    )  # fmt: skip
