"""Data to stdout, narration to stderr; JSON carries the number of its schema."""

from __future__ import annotations

import io
import json
import os
import sys
import textwrap
from collections.abc import Mapping
from typing import Any, TextIO

from quarterdeck.fleet.text import clean

SCHEMA = 1
"""Grows when a key of the JSON output changes its meaning or goes away; new keys don't count."""

_LINE = 400
"""Characters of a hint's line: a problem with a configuration names a file and a path."""


def never_fail() -> None:
    """Write what the terminal's encoding doesn't have as an escape instead of ending in the middle of a line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def data(text: str) -> None:
    """Print a line (or several) that the user asked for."""
    print(text, flush=True)


def narrate(text: str) -> None:
    """Tell the user what is going on, apart from the data."""
    told = [part for one in text.splitlines() for part in _fitting(one, _indent(one), sys.stderr)]
    print("\n".join(told), file=sys.stderr, flush=True)


def running(line: str, hang: int, *, aside: bool) -> None:
    """Print one line of what goes on: data, or `aside` beside the data. A terminal gets it in its width, broken between
    words; whatever else reads gets one line."""
    stream = sys.stderr if aside else sys.stdout
    print("\n".join(_fitting(line, hang, stream)), file=stream, flush=True)


def _fitting(line: str, hang: int, stream: TextIO) -> list[str]:
    """A line in the width of a terminal, broken between words; as it is for whatever else reads."""
    if not stream.isatty():
        return [line]
    width = max(40, os.get_terminal_size(stream.fileno()).columns)
    return textwrap.wrap(line, width, subsequent_indent=" " * hang, break_on_hyphens=False) or [line]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def again(text: str) -> None:
    """Print what replaces what was printed before: a terminal shows only the last; whatever else reads gets them all,
    with an empty line between."""
    print(f"\x1b[H\x1b[2J{text}" if sys.stdout.isatty() else f"{text}\n", flush=True)


def document(kind: str, body: Mapping[str, Any]) -> None:
    """Print one JSON document on one line: `{"schema": 1, "kind": ..., ...}`."""
    print(json.dumps({"schema": SCHEMA, "kind": kind, **body}, ensure_ascii=True), flush=True)


def complain(message: str, hint: str = "") -> None:
    """Tell people why it ends here: what is wrong, and what to do about it. A hint may have several lines."""
    lines = [
        f"qd: {clean(message, _LINE)}",
        *(f"    {clean(line, _LINE)}" for line in hint.splitlines() if line.strip()),
    ]
    narrate("\n".join(lines))
