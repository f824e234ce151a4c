"""Whether the holder of a lease is certainly dead, so that its successor needn't wait for the lease to run out.

A runner locks a file of its own for as long as it lives and names it in its lease. Whoever can lock that file knows
that the process is gone. That proves death on this machine only; where it can't be proved, time decides.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quarterdeck.store.base import Store

RUNNER_LEASE = "runner"


@contextmanager
def lifeline(store: Path, holder: str) -> Iterator[Mapping[str, Any]]:
    """Hold a lifeline while the block runs; gives what to put into the lease's `info`. Raises OSError."""
    path = store.with_name(f"{store.name}.alive-{holder}")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield {"lifeline": str(path), "host": os.uname().nodename, "pid": os.getpid()}
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def proves_dead(info: Mapping[str, Any]) -> bool:
    """Whether the process that put this into its lease has certainly ended."""
    path = info.get("lifeline")
    if not isinstance(path, str) or info.get("host") != os.uname().nodename:
        return False
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def sweep(store: Path) -> None:
    """Remove the lifelines of runners that were killed."""
    for path in store.parent.glob(f"{store.name}.alive-*"):
        if proves_dead({"lifeline": str(path), "host": os.uname().nodename}):
            path.unlink(missing_ok=True)


def runner_lives(store: Store, now: float) -> bool:
    """Whether a runner is in charge of this store. Raises StoreError."""
    lease = store.lease(RUNNER_LEASE)
    return lease is not None and lease.expires_at > now and not proves_dead(lease.info)
