"""The runner's log: a rotating file beside the store that only its owner can read, without secrets."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

LARGEST = 1_000_000
"""Bytes; three older files of that size are kept."""


def log_path(store: Path) -> Path:
    """The log of a store's runner."""
    return store.with_name("runner.log")


@contextmanager
def logging_beside(store: Path) -> Iterator[None]:
    """Log what this program says (not what its libraries say: they write whole requests) while the block runs."""
    handler = _PrivateFile(log_path(store), maxBytes=LARGEST, backupCount=3, encoding="utf-8", delay=True)
    handler.setFormatter(_Discreet("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    ours = logging.getLogger("quarterdeck")
    before = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        ours.removeHandler(handler)
        ours.setLevel(before)
        handler.close()


class _PrivateFile(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace")


class _Discreet(logging.Formatter):
    """Writes where an exception came from and what kind it is; its text may hold a signed URL or a token."""

    def formatException(  # noqa: N802  (the library's name)
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        kind, _, trace = ei
        frames = "".join(traceback.format_tb(trace))
        return f"{frames}{kind.__name__ if kind else ''}"
