"""Opening a store: making it where there is none, and saying clearly why it can't be opened."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

from quarterdeck.paths import private_dir
from quarterdeck.store import schema
from quarterdeck.store.errors import StoreError
from quarterdeck.store.faults import explained
from quarterdeck.store.sqlite import SqliteStore


def open_store(path: Path, *, create: bool) -> SqliteStore:
    """The store at `path`; with `create`, an empty one if there is none, in a folder only its owner can enter.

    A store that may only be read can be opened too: whatever would write then raises StoreError.

    Raises:
        StoreError: it is missing, damaged, not a store, made by a newer version, or not accessible; with a hint.
    """
    try:
        if not path.exists():
            if not create:
                raise StoreError(
                    f"there is no store at {path}", "start the program once with this configuration, or check --store"
                )
            _make(path)
        if path.stat().st_size == 0:
            raise StoreError(f"store {path} is empty", "move it away; the program makes a new one")
        return SqliteStore(path, uri_options=_access(path))
    except OSError as error:
        raise StoreError(
            f"store {path} can't be opened: {error.strerror or error}",
            "check the disk, and owner and permissions of file and folder",
        ) from error


def warnings(path: Path) -> tuple[str, ...]:
    """What others could read or change: one line for the folder and each of its files that isn't its owner's alone.

    The files are the store's own and those that a runner keeps beside it: its log and its key.
    """
    found = []
    for item in (path.parent, *sorted(_kept_beside(path))):
        try:
            mode = stat.S_IMODE(item.stat().st_mode)
        except OSError:
            continue
        if mode & 0o077:
            right = "700" if item == path.parent else "600"
            found.append(f"{item} is open to other users (mode {mode:03o}): chmod {right} {item}")
    return tuple(found)


def _kept_beside(path: Path) -> list[Path]:
    try:
        names = os.listdir(path.parent)
    except OSError:
        return []
    return [path.parent / name for name in names if name.startswith((path.name, "runner.", "seal."))]


def _companions(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def _make(path: Path) -> None:
    """Make the file aside and put it in place whole, so that nobody ever opens half a store.

    SQLite gives `-wal` and `-shm` the permissions of the file itself, so 0600 holds for all three.
    """
    private_dir(path.parent)
    aside = path.with_name(f".{path.name}-{os.urandom(6).hex()}")
    os.close(os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    try:
        _fill(aside)
        os.link(aside, path)
    except FileExistsError:
        pass  # Somebody else was faster; theirs is as good.
    except sqlite3.Error as error:
        raise explained(error, path) from error
    finally:
        for left in (aside, *_companions(aside)):
            left.unlink(missing_ok=True)


def _fill(path: Path) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        schema.migrate(database)
    finally:
        database.close()


def _access(path: Path) -> str:
    """SQLite's options for what this user may do here.

    Reading a write-ahead-log database needs its `-shm` file, or leave to make one. Where neither is given and no
    `-wal` exists either, nobody writes, and the file is complete in itself.
    """
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return "mode=rw"
    return "mode=ro" if any(item.exists() for item in _companions(path)) else "mode=ro&immutable=1"
