"""Following a release on the command line, to its end, for as long as was asked for, or until Ctrl+C."""

from __future__ import annotations

import time
from collections.abc import Mapping

from quarterdeck.cli import output, requesting
from quarterdeck.cli.connected import Watched
from quarterdeck.cli.exit_codes import ExitCode, of_ending
from quarterdeck.cli.following import looking_on
from quarterdeck.cli.history import step_names
from quarterdeck.cli.patience import wait_for
from quarterdeck.cli.release_json import release_json
from quarterdeck.cli.release_views import next_words, view_of
from quarterdeck.cli.times import clock
from quarterdeck.records import dataclass
from quarterdeck.release.freshness import length
from quarterdeck.release.rollout import Release
from quarterdeck.release.telling import told
from quarterdeck.store.base import Event

WELL = frozenset({"succeeded"})

_HANG = 22
"""Columns that the time takes: what does not fit goes on below the rest."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How to look on: event by event (`lines`) or only at the end; for `timeout` seconds at most (None: for ever).

    `wanted` are the endings that mean done for whoever looks on: an abort is done when all was taken back.
    """

    lines: bool = True
    timeout: float | None = None
    wanted: frozenset[str] = WELL


def follow_release(fleet: Watched, release_id: str, patience: Patience, *, after: int = 0, json: bool) -> ExitCode:
    """Print each event with `seq > after` as a line, then how it ended; when it needs a person, say so at once.

    Raises:
        CommandError: needs an operator; the release can't be followed (no store, no runner), so nobody knows.
    """
    watch = _Watch(fleet, release_id, after, patience, json)
    output.narrate("")
    with looking_on(f"release {release_id}", f"qd release follow {release_id}"):
        ended = watch.to_the_end()
    if ended is None:
        return _out_of_time(fleet, release_id, patience, json=json)
    return conclude(fleet, ended, patience.wanted, json=json)


class _Watch:
    """One look after the other at a release."""

    def __init__(self, fleet: Watched, release_id: str, after: int, patience: Patience, json: bool) -> None:
        self._fleet = fleet
        self._id = release_id
        self._shown = after
        self._patience = patience
        self._json = json
        self._names: Mapping[str, str] | None = None
        self._waits = ""
        self._sampled = ""

    def to_the_end(self) -> Release | None:
        """The release when it has ended; None when time is up. While nothing comes, see to it that a runner lives."""
        patience = self._patience.timeout
        deadline = None if patience is None else time.monotonic() + patience
        while True:
            left = requesting.RUNNER_CHECK_SECONDS
            if deadline is not None:
                left = min(left, max(0.0, deadline - time.monotonic()))
            if (ended := wait_for(self._fleet.store, self._look, left)) is not None:
                return ended
            if deadline is not None and time.monotonic() >= deadline:
                return None
            self._fleet.keep_going()

    def _look(self) -> Release | None:
        # The release first: when it has ended, all of its events are there to be shown.
        store = self._fleet.store
        release = store.release(self._id)
        for event in store.events(after=self._shown, operation=self._id):
            self._shown = event.seq
            if self._patience.lines and not self._says_the_same(event):
                output.running(event_line(event, self._named(release)), _HANG, aside=self._json)
        if release is not None and release.ending is None:
            self._tell_what_it_waits_for(release)
        return release if release is not None and release.ending is not None else None

    def _says_the_same(self, event: Event) -> bool:
        """A gate that answers the same again is no news; the journal has each of its samples."""
        before, self._sampled = self._sampled, told(event.kind, event.body) if event.kind == "release.sampled" else ""
        return bool(self._sampled) and self._sampled == before

    def _named(self, release: Release | None) -> Mapping[str, str]:
        if self._names is None and release is not None:
            self._names = step_names(release)
        return self._names or {}

    def _tell_what_it_waits_for(self, release: Release) -> None:
        """Once for each thing that only a person can end."""
        view = view_of(self._fleet.store, release, time.time())
        current = view.current.id if view.current else ""
        waits = f"{view.state} {current}" if view.waits_for_people else ""
        if waits and waits != self._waits:
            output.narrate(f"  {view.waits}")
            output.narrate(f"  {next_words(view)}")
        self._waits = waits


def event_line(event: Event, steps: Mapping[str, str]) -> str:
    """An event of a release that the reader knows: time, what happened, who if it was a person."""
    who = f"  by {event.actor}" if event.kind == "release.ordered" else ""
    said = told(event.kind, event.body, steps)
    return f"{clock(event.at)}  {event.kind.removeprefix('release.'):<16}  {said}{who}".rstrip()


def conclude(fleet: Watched, release: Release, wanted: frozenset[str], *, json: bool) -> ExitCode:
    """Say how a release ended, and what is left to do."""
    if json:
        output.document("release", {"release": release_json(fleet.store, release)})
    else:
        ending = (release.ending or "running").replace("_", " ")
        output.data(f"{ending}: {release.detail}" if release.detail else ending)
    view = view_of(fleet.store, release, time.time())
    if words := next_words(view):
        output.narrate(words)
    if release.ending is None or release.ending in wanted:
        return ExitCode.DONE
    # Whoever wanted something else than this success (an abort that came too late) has failed.
    return ExitCode.FAILED if release.ending == "succeeded" else of_ending(release.ending)


def _out_of_time(fleet: Watched, release_id: str, patience: Patience, *, json: bool) -> ExitCode:
    release = fleet.store.release(release_id)
    if json and release is not None:
        output.document("release", {"timed_out": True, "release": release_json(fleet.store, release)})
    waits = f" ({view_of(fleet.store, release, time.time()).waits})" if release is not None else ""
    output.complain(
        f"no end after {length(patience.timeout or 0)}: release {release_id} goes on{waits}",
        f"follow it: qd release follow {release_id}; end it: qd release abort {release_id}",
    )
    return ExitCode.NEEDS_OPERATOR
