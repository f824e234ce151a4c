"""What SQLite's errors mean for whoever reads them, and what to do about them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from quarterdeck.store.errors import StoreError

_MEANING: dict[str, tuple[str, str]] = {
    "SQLITE_BUSY": ("is in use by another process that doesn't let go", "try again; see who has the file open"),
    "SQLITE_LOCKED": ("is in use by another process that doesn't let go", "try again; see who has the file open"),
    "SQLITE_FULL": ("can't be written: the disk is full", "make room on that disk; nothing was changed"),
    "SQLITE_READONLY": ("can't be written: it is read-only", "check the owner and permissions of file and folder"),
    "SQLITE_CANTOPEN": ("can't be opened", "check the owner and permissions of file and folder"),
    "SQLITE_PERM": ("may not be opened by this user", "check the owner and permissions of file and folder"),
    "SQLITE_AUTH": ("may not be opened by this user", "check the owner and permissions of file and folder"),
    "SQLITE_IOERR": ("can't be read or written: the disk reports an error", "check the disk and its free space"),
    "SQLITE_CORRUPT": ("is damaged", "move it away; the program makes a new one, and a backup has the history"),
    "SQLITE_NOTADB": ("is not a database", "move it away, or name another place with --store"),
}


def explained(error: sqlite3.Error, path: Path) -> StoreError:
    """The StoreError that says what happened to the store at `path`."""
    name = getattr(error, "sqlite_errorname", None) or ""
    family = "_".join(name.split("_")[:2])
    meaning, hint = _MEANING.get(family, (f"failed: {error}", ""))
    return StoreError(f"store {path} {meaning}", hint)
