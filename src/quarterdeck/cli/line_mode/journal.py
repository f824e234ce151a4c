"""Lines of the journal as changes. Pure, but for what it remembers of the verdicts that it has told already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from quarterdeck.cli.line_mode.changes import Change
from quarterdeck.fleet.text import clean
from quarterdeck.release.telling import told
from quarterdeck.store.base import Event

_OF_NO_INTEREST = frozenset({"plan.made", "plan.dismissed", "release.planned"})
"""What changes nothing, and was answered to whoever asked."""


class Journal:
    """Makes changes of events. A gate that says again what it said before is no change."""

    def __init__(self) -> None:
        self._verdicts: dict[tuple[str, str, str], str] = {}

    def told(self, event: Event, steps_of: Callable[[Event], Mapping[str, str]]) -> Change | None:
        """The change that an event is, None if it is none. `steps_of`: what the steps do that an event may name."""
        if event.kind in _OF_NO_INTEREST:
            return None
        if event.kind == "release.sampled" and not self._says_something_new(event):
            return None
        what = event.kind.replace(".", " ").replace("_", " ")
        words = told(event.kind, event.body, steps_of(event))
        return Change(event.at, what, clean(event.target), words, clean(event.operation), clean(event.actor))

    def _says_something_new(self, event: Event) -> bool:
        new = False
        sample: Mapping[str, Any] = event.body.get("sample") or {}
        for one in sample.get("measurements", ()):
            key = (event.operation, str(event.body.get("step", "")), str(one.get("gate", "")))
            verdict = str(one.get("verdict", ""))
            new = new or self._verdicts.get(key) != verdict
            self._verdicts[key] = verdict
        return new
