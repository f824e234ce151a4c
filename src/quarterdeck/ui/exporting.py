"""Lines of the journal written out: as text and as JSON lines, with what looks like a secret masked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from quarterdeck import paths, private_files
from quarterdeck.fleet.redaction import redact
from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import stamp
from quarterdeck.release.telling import told
from quarterdeck.store.base import Event
from quarterdeck.store.exporting import document

FOLDER = "exports"
"""Inside the state folder."""


class Export:
    """Two new files, `...-journal.txt` and `...-journal.jsonl`, that only their owner can read; a context.

    Attributes:
        path: of the text; the other one lies beside it.
        lines: how many have been written.
    """

    def __init__(self, state: Path, now: float) -> None:
        """Make the files. `now` goes into their names. Raises OSError."""
        folder = paths.private_dir(state / FOLDER)
        name = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H%M%SZ") + "-journal"
        self.lines = 0
        path, self._text = private_files.begin(folder, name, ".txt")
        self.path = Path(path)
        _, self._json = private_files.begin(folder, self.path.stem, ".jsonl")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._text.close()
        self._json.close()

    def add(self, events: Iterable[tuple[Event, Mapping[str, str]]]) -> None:
        """Write these lines; with each, what the steps do that it may name. Raises OSError."""
        for event, steps in events:
            self._text.write(redact(_line(event, steps)) + "\n")
            self._json.write(json.dumps(_masked(document(event)), ensure_ascii=False, default=str) + "\n")
            self.lines += 1


def _line(event: Event, steps: Mapping[str, str]) -> str:
    words = [f"{event.seq:>6}", stamp(event.at), f"{event.kind:<20}"]
    words += [clean(word) for word in (event.operation, event.target, event.actor) if word]
    return "  ".join([*words, told(event.kind, event.body, steps)]).rstrip()


def _masked(value: Any) -> Any:
    """The same document, with secrets masked in every text."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _masked(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [_masked(each) for each in value]
    return value
