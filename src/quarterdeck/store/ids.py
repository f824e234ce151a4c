"""Ids that sort by time and never meet twice."""

from __future__ import annotations

import os


def new_id(now: float) -> str:
    """22 characters: milliseconds since 1970 as 12 hex digits, then 10 of chance.

    Two ids of the same millisecond sort by chance, not by order.
    """
    return f"{int(now * 1000):012x}{os.urandom(5).hex()}"
