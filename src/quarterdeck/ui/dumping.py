"""The screen as it stands, written out: as text and as a picture, with what looks like a secret masked."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.segment import Segment, SegmentLines
from textual.app import App

from quarterdeck import paths, private_files
from quarterdeck.fleet.redaction import MASK, secrets_in

FOLDER = "screens"
"""Inside the state folder."""

_EDGES = " │|"
_EDGE = 3
"""Cells right of a full row: a gap, the padding and the frame of a dialog."""

Row = list[Segment]


def dump(app: App[Any], name: str, state: Path, now: float) -> tuple[Path, Path]:
    """Write the screen in front; where the text and the picture are. Both can be read by their owner only.

    Args:
        name: goes into the files' names: letters, digits and hyphens.
        now: the time in their names, UNIX seconds.

    Raises:
        OSError: if they can't be written.
    """
    # Textual has no public way to the cells of a screen: `export_screenshot` knows the picture only.
    strips = app.screen._compositor.render_strips()
    rows = masked([list(strip) for strip in strips])
    folder = paths.private_dir(state / FOLDER)
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H%M%SZ")
    text = _new(folder, f"{stamp}-{name}", ".txt", as_text(rows))
    return text, _new(folder, text.stem, ".svg", as_picture(rows, app.size.width, app.title))


def masked(rows: Sequence[Row]) -> list[Row]:
    """The same cells, with each character of a secret masked, also where one goes on in the next row."""
    texts = ["".join(segment.text for segment in row) for row in rows]
    hidden: list[set[int]] = [set() for _ in rows]
    for number, text in enumerate(texts):
        for start, end in secrets_in(text):
            hidden[number].update(range(start, end))
    for chunk in _broken_rows(texts):
        for start, end in secrets_in("".join(texts[number][at] for number, at in chunk)):
            for number, at in chunk[start:end]:
                hidden[number].add(at)
    return [_without(row, mask) if mask else row for row, mask in zip(rows, hidden, strict=True)]


def _broken_rows(texts: Sequence[str]) -> Iterator[list[tuple[int, int]]]:
    """Where the characters stand of what may be one text over several rows: each row but the last is full."""
    chunk: list[tuple[int, int]] = []
    for number, text in enumerate(texts):
        begin, end = len(text) - len(text.lstrip(_EDGES)), len(text.rstrip(_EDGES))
        chunk += [(number, at) for at in range(begin, end)]
        if len(text) - end > _EDGE:
            yield chunk
            chunk = []
    yield chunk


def as_text(rows: Sequence[Row]) -> str:
    """What stands in the rows, character for character; blanks at their ends don't count."""
    return "\n".join("".join(segment.text for segment in row).rstrip() for row in rows) + "\n"


def as_picture(rows: Sequence[Row], width: int, title: str) -> str:
    """The rows as SVG."""
    console = Console(
        width=width,
        height=len(rows),
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
    )
    console.print(SegmentLines(list(rows), new_lines=True))
    return console.export_svg(title=title)


def _without(row: Row, hidden: set[int]) -> Row:
    kept, at = [], 0
    for segment in row:
        text = "".join(MASK if at + i in hidden and c != " " else c for i, c in enumerate(segment.text))
        kept.append(Segment(text, segment.style))
        at += len(segment.text)
    return kept


def _new(folder: Path, stem: str, suffix: str, content: str) -> Path:
    path, file = private_files.begin(folder, stem, suffix)
    with file:
        file.write(content)
    return Path(path)
