"""Waiting for something to appear in the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from quarterdeck.store.base import Store

INTERVAL = 0.02
"""Seconds between two looks; a look that finds nothing new costs microseconds."""

T = TypeVar("T")


def wait_for(store: Store, look: Callable[[], T | None], seconds: float) -> T | None:
    """What `look` finds, asked again whenever somebody has written; None after `seconds`."""
    deadline = time.monotonic() + seconds
    seen: int | None = None
    while True:
        version = store.version()
        if version != seen:
            seen = version
            found = look()
            if found is not None:
                return found
        if time.monotonic() >= deadline:
            return None
        time.sleep(INTERVAL)
