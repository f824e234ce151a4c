"""What is left of a chain whose cockpit ended in the middle of it, for the next one to tell.

The file beside the store is locked as long as the cockpit lives; whoever can lock it knows that nobody follows that
chain any more. (Two machines that share a folder over a network file system without locks would see each other's.)
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.fleet.text import clean

if TYPE_CHECKING:
    from quarterdeck.ui.bulk.chain import Chain

_SHOWN = 3


class Note:
    """The note of one chain. Where the folder can't be written there is none."""

    def __init__(self, store: Path | None) -> None:
        self._path = None if store is None else store.with_name(f"{store.name}.chain-{os.getpid()}")
        self._file = -1

    def write(self, chain: Chain) -> None:
        """Note how far it is; the note of a chain that is over is gone."""
        if self._path is None:
            return
        with suppress(OSError):
            if chain.over:
                self._path.unlink(missing_ok=True)
                self.close()
                return
            if self._file < 0:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            begun = [link.what for link in chain.links if link.request]
            rest = [link.what for link in chain.links if not link.request]
            text = json.dumps({"begun": begun, "rest": rest}).encode()
            os.pwrite(self._file, text, 0)
            os.ftruncate(self._file, len(text))

    def close(self) -> None:
        """Let go of it: from now on it counts as left behind."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def left_behind(store: Path | None) -> str:
    """One line about chains that ended with their cockpit, "" if there are none. Tells each once."""
    if store is None:
        return ""
    told = [
        f"{len(rest)} of {len(begun) + len(rest)} not begun, because the cockpit ended: {_some(rest)}"
        for begun, rest in _abandoned(store)
        if rest
    ]
    return "; ".join(told)


def _some(rest: list[str]) -> str:
    more = f" and {len(rest) - _SHOWN} more" if len(rest) > _SHOWN else ""
    return ", ".join(clean(one, 80) for one in rest[:_SHOWN]) + more


def _abandoned(store: Path) -> Iterator[tuple[list[str], list[str]]]:
    for path in sorted(store.parent.glob(f"{store.name}.chain-*")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                kept = json.loads(os.read(file, 1 << 20))
                path.unlink(missing_ok=True)
            finally:
                os.close(file)
            yield [str(one) for one in kept["begun"]], [str(one) for one in kept["rest"]]
