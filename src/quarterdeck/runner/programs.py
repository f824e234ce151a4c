"""The programs of releases that are running now, here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from quarterdeck.clock import Clock
from quarterdeck.release.release_plan import ReleaseStep
from quarterdeck.release.rollout import Release, ReleaseEventKind
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.release_lines import line
from quarterdeck.runner.running import Starts, run
from quarterdeck.runner.tasks import Tasks, seen_through

log = logging.getLogger(__name__)


class Programs:
    """Each is seen to its end, and the end written down, whatever the release does meanwhile."""

    def __init__(self, journal: Journal, clock: Clock, ended: Callable[[], None], starts: Starts = run) -> None:
        """`ended` is told whenever one has ended."""
        self._starts = starts
        self._journal = journal
        self._clock = clock
        self._tasks = Tasks("program", ended)

    def start(
        self,
        release: Release,
        step: ReleaseStep,
        command: Sequence[str],
        timeout: float,
        names: Mapping[str, str],
        *,
        good: ReleaseEventKind,
        bad: ReleaseEventKind,
    ) -> None:
        """Start a program for a step of a release, and write down `good` or `bad` when it has ended.

        What is in the journal by then must say that it runs: nobody can ask a program afterwards how it went.
        """

        async def see_through() -> None:
            ran = await self._starts(command, timeout, names)
            body = {"step": step.id, "detail": ran.detail}
            told = line(release, good if ran.done else bad, body)
            await seen_through(f"program of {release.id}", lambda: self._journal.insist([told]), self._clock)

        self._tasks.start(f"{release.id}/{step.id}", see_through)

    def of(self, release_id: str) -> frozenset[str]:
        """The steps of a release whose program runs now."""
        return frozenset(
            step for owner, _, step in (key.rpartition("/") for key in self._tasks.running) if owner == release_id
        )

    @property
    def running(self) -> frozenset[str]:
        """`RELEASE/STEP` of all of them."""
        return self._tasks.running

    async def idle(self) -> None:
        """Return when none is running."""
        await self._tasks.idle()

    async def close(self) -> None:
        """End all of them."""
        await self._tasks.close()
