"""A glance as a file beside the store: `store.db.glance`, text, one thing per line.

Not in the database: it is one machine's memory of a picture, not something that others wait for, and a write to the
database wakes every viewer. Not JSON: to load a parser for it takes longer than to read it.
"""

from __future__ import annotations

import os

from quarterdeck.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.ui.spans import Line

Looks = dict[str, dict[str, dict[str, str]]]
"""From a theme's name and a depth of colour (`DEPTHS`) to the SGR numbers of each word."""

DEPTHS = ("true", "256", "16", "none")
"""24 bit, 256 and 16 colours, and attributes (bold, reverse ...) without any colour."""

_FIRST_LINE = "quarterdeck-glance 1"
_MOST_BYTES = 400_000
_MOST_CELLS = 1000
_SGR = frozenset("0123456789;")


@dataclass(frozen=True, slots=True)
class Glance:
    """What a cockpit showed on its first screen. Texts are as they stood there: cleaned, printable.

    Attributes:
        made_at: when its picture was judged (UNIX seconds); ages in it count from then.
        seq, hash: the last line of the journal that it knew; 0 and "" for an empty journal.
        columns, rows: the size of its terminal.
        theme: the name of the theme that this user asks for in `cockpit.toml`, "" for none.
        ascii: whether `cockpit.toml` wants ASCII; None if it doesn't say.
        twins: glyphs in turn with their ASCII twins, each of one cell.
        looks: how words look in the themes that were used here.
        title: fleet and screen, for the left of the head line.
        foot: the keys.
        body: the lines between them; what needs a person comes first.
    """

    made_at: float
    seq: int
    hash: str
    columns: int
    rows: int
    theme: str
    ascii: bool | None
    twins: str
    looks: Looks
    title: Line
    foot: Line
    body: tuple[Line, ...]
    table: tuple[int, int] = (0, 0)
    """Of `body`, the first row of the table and the one after its last."""
    edges: tuple[int, ...] = ()
    """Where each column of the table ends, in cells from the left."""


def path_of(store: str) -> str:
    """Where the glance of a store lies."""
    return store + ".glance"


def write(store: str, glance: Glance) -> None:
    """Put it in place whole, for its owner's eyes only. Where the folder can't be written, there is none."""
    from contextlib import suppress  # the first frame only reads

    from quarterdeck import private_files

    with suppress(OSError):
        private_files.put(path_of(store), encoded(glance))


def read(store: str) -> Glance | None:
    """The glance of a store; None if there is none that makes sense. Never raises for what stands in the file."""
    try:
        handle = os.open(path_of(store), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
        return None if len(data) > _MOST_BYTES else decoded(data.decode("utf-8"))
    except (OSError, ValueError):
        return None


def encoded(glance: Glance) -> str:
    """As text; see `decoded`."""
    wish = "" if glance.ascii is None else "ascii" if glance.ascii else "unicode"
    lines = [
        _FIRST_LINE,
        f"{glance.made_at!r}\t{glance.seq}\t{glance.hash}\t{glance.columns}\t{glance.rows}",
        f"{glance.theme}\t{wish}\t{glance.twins}",
    ]
    for theme, depths in glance.looks.items():
        for depth, words in depths.items():
            lines.append("\t".join(("look", theme, depth, *(f"{word}={sgr}" for word, sgr in words.items()))))
    lines += ["title\t" + _row(glance.title), "foot\t" + _row(glance.foot)]
    lines.append("table\t" + "\t".join(map(str, (*glance.table, *glance.edges))))
    lines += ["row\t" + _row(row) for row in glance.body]
    return "\n".join(lines) + "\n"


def decoded(text: str) -> Glance:
    """A glance from its text.

    Raises:
        ValueError: it isn't one, or holds what must not reach a terminal.
    """
    first, facts, wishes, *others = text.split("\n")
    if first != _FIRST_LINE or others.pop() != "":
        raise ValueError("not a glance")
    made_at, seq, digest, columns, rows = facts.split("\t")
    theme, wish, twins = wishes.split("\t")
    parts: dict[str, list[Line]] = {"title": [], "foot": [], "row": []}
    looks: Looks = {}
    first_row, after_last, edges = 0, 0, list[int]()
    for line in others:
        kind, _, rest = line.partition("\t")
        if kind == "look":
            name, depth, *words = rest.split("\t")
            looks.setdefault(name, {})[depth] = _look(words)
        elif kind == "table":
            first_row, after_last, *edges = map(int, rest.split("\t"))
        elif kind in parts:
            parts[kind].append(_spans(rest))
        else:
            raise ValueError("not a line of a glance")
    (title,), (foot,) = parts["title"], parts["foot"]
    if not (0 < int(columns) <= _MOST_CELLS and 0 < int(rows) <= _MOST_CELLS and len(parts["row"]) <= int(rows)):
        raise ValueError("no size of a terminal")
    if not (0 <= first_row <= after_last <= _MOST_CELLS and edges == sorted({*edges}) and len(edges) <= _MOST_CELLS):
        raise ValueError("no table")
    if not (twins.isprintable() and len(twins) % 2 == 0 and twins[1::2].isascii()):
        raise ValueError("no twins")
    return Glance(
        made_at=float(made_at),
        seq=int(seq),
        hash=digest,
        columns=int(columns),
        rows=int(rows),
        theme=theme,
        ascii={"": None, "ascii": True, "unicode": False}.get(wish),
        twins=twins,
        looks=looks,
        title=title,
        foot=foot,
        body=tuple(parts["row"]),
        table=(first_row, after_last),
        edges=tuple(edges),
    )


def trimmed(row: Line) -> Line:
    """Without the blanks at its end that look like nothing."""
    spans = list(row)
    while spans and spans[-1][1] == "text":
        text = spans[-1][0].rstrip(" ")
        if text:
            spans[-1] = (text, "text")
            break
        spans.pop()
    return tuple(spans)


def _row(row: Line) -> str:
    return "\t".join(f"{word}={text}" for text, word in trimmed(row) if text)


def _spans(text: str) -> Line:
    spans = []
    for part in text.split("\t") if text else ():
        word, _, shown = part.partition("=")
        if not (shown.isprintable() and word.isidentifier()):
            raise ValueError("what can't be shown")
        spans.append((shown, word))
    return tuple(spans)  # type: ignore[arg-type]  # a word that no theme knows looks like text


def _look(words: Sequence[str]) -> dict[str, str]:
    look = dict(word.split("=", 1) for word in words)
    _refuse_foreign(look)
    return look


def _refuse_foreign(look: Mapping[str, str]) -> None:
    if not all(_SGR.issuperset(sgr) for sgr in look.values()):
        raise ValueError("no look")
