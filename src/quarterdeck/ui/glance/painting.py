"""From a glance to what is written to a terminal of any size. Pure."""

from __future__ import annotations

from quarterdeck.ui.glance.keeping import trimmed
from quarterdeck.ui.glance.writing import cells_of, width_of, written
from quarterdeck.ui.output.style import PLAIN, UnknownCode, styled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from quarterdeck.ui.glance.keeping import Glance
    from quarterdeck.ui.output.style import Style
    from quarterdeck.ui.spans import Line, Word

LEAST_COLUMNS = 40
LEAST_ROWS = 8
"""Below, nothing is painted: what has to be said about its age must fit."""

_SLACK = 60.0
"""Seconds by which a clock may be behind the one that dated a glance."""


def painted(
    glance: Glance,
    *,
    columns: int,
    rows: int,
    now: float,
    new_lines: int,
    read_only: bool,
    ascii: bool,  # noqa: A002
    theme: str,
    depth: str,
    erases: bool,
) -> str:
    """What to write onto an empty alternate screen of that size.

    Args:
        now: UNIX seconds.
        new_lines: lines that the journal has grown by since.
        theme, depth: whose looks to use (`keeping.DEPTHS`); where the glance doesn't know them, attributes alone.
        erases: whether the terminal fills what it erases with the background (GNU screen doesn't).
    """
    age = aged(now - glance.made_at)
    title: Line = (*glance.title, ("  READ-ONLY", "attention")) if read_only else glance.title
    body = glance.body
    if columns < glance.columns and glance.edges:
        from quarterdeck.ui.glance.narrowing import narrowed  # few terminals are narrower than the last one

        start, end = glance.table
        body = (*body[:start], *narrowed(body[start:end], glance.edges, columns, cut), *body[end:])
    lines = [
        spread(title, ((f"○ last known, {age} ", "attention"),), columns),
        *body[: rows - 3],
        *((),) * (rows - 3 - len(body)),
        _note(age, new_lines),
        glance.foot,
    ]
    look = _look(glance, theme, depth)
    twins = str.maketrans(dict(zip(glance.twins[::2], glance.twins[1::2], strict=True))) if ascii else None
    ground = _style(look, "text", PLAIN)
    rows_told = []
    for line in lines:
        fitted = trimmed(cut(line, columns))
        if twins is not None:
            fitted = tuple((_plain(text.translate(twins)), word) for text, word in fitted)
        rows_told.append([(text, _style(look, word, ground)) for text, word in fitted])
    return written(rows_told, columns, ground, erases=erases)


def aged(seconds: float) -> str:
    """How long ago that is; the same steps as everywhere in the cockpit."""
    if seconds < -_SLACK:
        return "by a clock ahead of this one"
    if seconds < 15:
        return "just now"
    if seconds < 60:
        return f"{int(seconds // 15) * 15}s ago"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes if minutes < 10 else minutes // 5 * 5}m ago"
    hours = minutes // 60
    return f"{hours}h ago" if hours < 48 else f"{hours // 24}d ago"


def _note(age: str, new_lines: int) -> Line:
    entries = f"{new_lines} new {'entry' if new_lines == 1 else 'entries'} in the journal since"
    since: Line = ((f" · {entries}", "attention"),) if new_lines else ()
    return ((f"  this is how it was {age}", "text"), *since, (" · reading the store", "dim"))


def spread(left: Line, right: Line, cells: int) -> Line:
    """`left` at the left edge, `right` at the right one; `left` gives way."""
    room = cells - _width(right)
    kept = cut(left, max(0, room - 1))
    return (*kept, (" " * (room - _width(kept)), "text"), *right)


def cut(line: Line, cells: int) -> Line:
    """At most so many cells of a line."""
    if _width(line) <= cells:
        return line
    kept: list[tuple[str, Word]] = []
    room = cells - 1
    for text, word in line:
        fitting = ""
        for letter in text:
            if (size := cells_of(letter)) > room:
                return (*kept, (fitting + "…", word))
            fitting, room = fitting + letter, room - size
        kept.append((fitting, word))
    return tuple(kept)


def _width(line: Line) -> int:
    return sum(width_of(text) for text, _ in line)


def _plain(text: str) -> str:
    return text if text.isascii() else "".join(c if c.isascii() else "?" * cells_of(c) for c in text)


def _style(look: dict[str, str], word: str, otherwise: Style) -> Style:
    """The look of a word; a glance that somebody changed may give it codes that nobody knows."""
    try:
        return styled(PLAIN, look[word]) if word in look else otherwise
    except UnknownCode:
        return otherwise


def _look(glance: Glance, theme: str, depth: str) -> dict[str, str]:
    known = glance.looks.get(theme)
    if known is not None:
        return known.get(depth) or known.get("none", {})
    return next((looks["none"] for looks in glance.looks.values() if "none" in looks), {})
