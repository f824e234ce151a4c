"""Who watches: each viewer holds a shared file lock beside the store for as long as it lives.

The kernel drops the lock with the process, however it ends, so nobody has to send signs of life and a viewer that was
killed isn't waited for.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def watching(store: Path) -> Iterator[None]:
    """Be counted as a viewer of this store while the block runs.

    Where the folder can't be written (a viewer of a read-only store), the viewer isn't counted.
    """
    try:
        handle = os.open(_path(store), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def anybody_watches(store: Path) -> bool:
    """Whether any process on this machine is watching this store."""
    try:
        handle = os.open(_path(store), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _path(store: Path) -> Path:
    return store.with_name(store.name + ".viewers")
