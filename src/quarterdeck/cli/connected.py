"""A command's hold on a fleet: its store, and a runner that lives. Nothing here talks to a provider."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path

from quarterdeck.cli import output
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation, actor
from quarterdeck.cli.patience import wait_for
from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Observation
from quarterdeck.release.paint import paint
from quarterdeck.release.picture import Picture
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import Store
from quarterdeck.store.lifeline import RUNNER_LEASE, runner_lives
from quarterdeck.store.opening import open_store, warnings
from quarterdeck.store.presence import watching

FIRST_LOOK_SECONDS = 60.0
"""How long to wait until every place was read, or was found unreadable."""


class Watched:
    """A fleet as a command sees it. All methods raise StoreError."""

    def __init__(self, invocation: Invocation, store: Store, path: Path) -> None:
        self.store = store
        self.path = path
        self._invocation = invocation

    @cached_property
    def asker(self) -> Asker:
        """Hands in requests in the user's name."""
        return Asker(self.store, actor(), "cli", SystemClock(), self._invocation.read_only)

    def runner_lives(self) -> bool:
        """Whether a runner holds the lease now."""
        return runner_lives(self.store, time.time())

    def keep_going(self) -> None:
        """Start a runner if none lives. Raises CommandError if none can."""
        if not self.runner_lives():
            from quarterdeck.cli.waking import wake_runner

            wake_runner(self._invocation, self.path)

    def picture(self) -> Picture:
        """What the store knows, judged now."""
        store = self.store
        return paint(
            store.fleet(),
            store.observations(),
            store.operations(open_only=True),
            time.time(),
            runner=store.lease(RUNNER_LEASE),
            releases=store.releases(open_only=True),
            rules=store.rules(),
            guards=store.guards(),
        )

    def refresh(self) -> None:
        """Have everything read now, and wait for it; a place that can't be read counts as read."""
        asked = time.time()
        self.asker.refresh()
        self.wait_until_read(asked)

    def wait_until_read(self, since: float) -> None:
        """Wait until every place was read after a moment, or found unreadable, or patience ends."""

        def all_read() -> bool | None:
            fleet = self.store.fleet()
            seen = self.store.observations()
            return (fleet is not None and all(_read(seen.get(p.subject), since) for p in fleet.places)) or None

        if wait_for(self.store, all_read, FIRST_LOOK_SECONDS) is None and self.store.fleet() is None:
            raise CommandError(
                ExitCode.UNREACHABLE,
                "the runner has not published the fleet",
                "what is it doing? qd runner --status",
            )


@contextmanager
def connected(invocation: Invocation) -> Iterator[Watched]:
    """The fleet of an invocation, with a runner that lives.

    When the runner had to be started, what it reads first is waited for: what an earlier one left may be old.

    Raises:
        CommandError: no configuration, an unusable one, or no runner could be started.
    """
    path = invocation.store_path()
    with closing(open_store(path, create=True)) as store, watching(path):
        tell_who_else_can_read(path)
        fleet = Watched(invocation, store, path)
        if not fleet.runner_lives():
            asked = time.time()
            fleet.keep_going()
            fleet.wait_until_read(asked)
        yield fleet


def tell_who_else_can_read(store: Path) -> None:
    """Warn if what should be its owner's alone is open to others."""
    for line in warnings(store):
        output.complain(line)


@contextmanager
def existing_store(invocation: Invocation) -> Iterator[Store]:
    """The store as it is; no runner is needed to read the past. Raises StoreError, CommandError."""
    with closing(open_store(invocation.store_path(), create=False)) as store:
        yield store


def tell_if_nobody_goes_on(store: Store) -> None:
    """Warn if what is shown as running stands still. Raises StoreError."""
    if not runner_lives(store, time.time()):
        output.complain(
            "no runner is in charge: until one is, nothing goes on", "qd status starts one, or says why not"
        )


def _read(observation: Observation | None, since: float) -> bool:
    if observation is None:
        return False
    return observation.trouble is not None or (observation.observed_at or 0) >= since
