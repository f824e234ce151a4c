"""Coming back: what ended, or began to wait for a person, since this operator last looked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.release.freshness import age
from quarterdeck.release.picture import OperationView
from quarterdeck.ui.pages import marks

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseView

_SHOWN = 2


def left_at(store: Path) -> float | None:
    """When the last cockpit on this store was left (UNIX seconds); None if nobody knows."""
    try:
        return float(_path(store).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def remember(store: Path, at: float) -> None:
    """Note that a cockpit was left. Where the folder can't be written, the next one just doesn't greet."""
    with suppress(OSError):
        path = _path(store)
        path.touch(mode=0o600)
        path.write_text(f"{at:.0f}\n", encoding="ascii")


def meanwhile(operations: Sequence[OperationView], releases: Sequence[ReleaseView], left: float, now: float) -> str:
    """One line about the releases and operations that ended since, "" if none did."""
    parts = {step for one in releases for each in one.steps for step in (each.operation, each.undo)}
    ended = [
        f"release {one.title} {marks.RELEASE[one.state][0][2:]}" for one in releases if _since(one.ended_at, left)
    ] + [
        f"{marks.what(one)} {marks.name(one.target)} {marks.of_operation(one)[0][2:]}"
        for one in operations
        if _since(one.ended_at, left) and one.id not in parts
    ]
    if not ended:
        return ""
    more = [f"and {len(ended) - _SHOWN} more (7 shows all)"] if len(ended) > _SHOWN else []
    return f"since you left {age(now - left)} ago: " + "; ".join(ended[:_SHOWN] + more)


def _since(ended_at: float | None, left: float) -> bool:
    return ended_at is not None and ended_at > left


def _path(store: Path) -> Path:
    return store.with_name(store.name + ".left")
