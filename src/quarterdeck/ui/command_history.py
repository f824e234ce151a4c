"""What was typed after `:`, kept for the next time: newest last, each line once, nothing that looks like a secret."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from quarterdeck import paths, private_files
from quarterdeck.fleet.redaction import secrets_in
from quarterdeck.fleet.text import clean

MOST = 200
"""Lines that are kept."""
_NAME = "commands"


def read(state: Path) -> list[str]:
    """The lines of earlier days; none where the file can't be read."""
    try:
        text = (state / _NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [line for line in text.splitlines() if line.strip()][-MOST:]


def add(state: Path, lines: Sequence[str], typed: str) -> list[str]:
    """The lines with one more, kept in a file that only its owner reads (0600).

    A line in which something looks like a secret is forgotten at once. Where the file can't be written, the history
    lasts as long as the cockpit.
    """
    line = clean(typed, 1000)
    if not line or secrets_in(line):
        return list(lines)
    kept = [*(one for one in lines if one != line), line][-MOST:]
    with suppress(OSError):
        paths.private_dir(state)
        private_files.put(state / _NAME, "\n".join(kept) + "\n")
    return kept
