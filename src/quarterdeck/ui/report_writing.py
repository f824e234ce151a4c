"""A release's report, written from the cockpit: beside it, for a long journal takes its time to be checked."""

from __future__ import annotations

import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.store.base import StoreError
from quarterdeck.ui.taking_away import at_home

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


def write(cockpit: Cockpit, release: str) -> None:
    """Write the report of a release into the state folder, and say where it is once it is there."""
    store, settings = cockpit.settings.store_path, cockpit.settings
    if store is None:
        cockpit.say("this cockpit doesn't know the store's file: qd report writes the report")
        return
    now = settings.clock.now()

    def go() -> None:
        told = _written(store, release, settings.state, now)
        with suppress(RuntimeError):  # the cockpit has left meanwhile
            cockpit.call_from_thread(cockpit.say, told)

    cockpit.say("writing the report ...")
    # A daemon: who leaves the cockpit doesn't wait for it.
    threading.Thread(target=go, name="quarterdeck-report", daemon=True).start()


def _written(store: Path, release: str, state: Path, now: float) -> str:
    """Write it with a connection of its own; what to say of it."""
    from quarterdeck.reporting.gathering import report_of
    from quarterdeck.reporting.keeping import keep
    from quarterdeck.store.opening import open_store

    try:
        with closing(open_store(store, create=False)) as opened:
            report = report_of(opened, release, now)
        path = keep(report, state)
    except (StoreError, OSError, ValueError) as error:
        return f"the report can't be written: {error}"
    told = f"written: {at_home(path)}"
    return f"{told}; THE JOURNAL IS NOT WHAT WAS WRITTEN" if report.evidence.faults else told
