"""How a cockpit is run; decided by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from quarterdeck import paths
from quarterdeck.clock import Clock, SystemClock
from quarterdeck.records import dataclass, field
from quarterdeck.ui.preferences import Preferences

Tour = Literal["never", "once", "again"]
"""Whether the tour is shown: never, only if it wasn't seen yet, or in any case."""


def _nothing() -> None:
    """For a cockpit whose runner is somebody else's business."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a cockpit is run.

    Attributes:
        actor: user@host, for the journal.
        read_only: nothing may be asked for that would write.
        mouse: None: use it unless the session came over SSH.
        ascii: None: ASCII only where the locale or terminal can't do more.
        theme: the name of a theme; "" chooses by the terminal.
        keep_alive: makes sure that a runner is there; called at the start and when none is alive. Quick, never raises.
        target: the ENV/SERVICE to begin with, "" for none.
        preferences: what this user wants of every cockpit.
        tour: whether the tour is shown.
        state: the folder in which what was typed and what was written out is kept.
        store_path: the store's file, so that the runner knows that somebody watches; None if it needn't.
    """

    actor: str
    read_only: bool = False
    mouse: bool | None = None
    ascii: bool | None = None
    theme: str = ""
    keep_alive: Callable[[], None] = _nothing
    clock: Clock = field(default_factory=SystemClock)
    target: str = ""
    store_path: Path | None = None
    state: Path = field(default_factory=paths.state_dir)
    tour: Tour = "never"
    preferences: Preferences = field(default_factory=Preferences)
