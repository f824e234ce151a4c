"""Carries one release on, move by move, from wherever its journal says that it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from quarterdeck.clock import Clock
from quarterdeck.fleet.text import clean
from quarterdeck.release.conducting import decide
from quarterdeck.release.moves import (
    Confirming,
    Done,
    Failed,
    Finish,
    Halt,
    Measure,
    Move,
    Recover,
    Rest,
    Start,
    Undo,
    Undone,
    Watch,
)
from quarterdeck.release.plan import Refusal
from quarterdeck.release.release_plan import ReleaseStep, Run, Write
from quarterdeck.release.rollout import Release, ReleaseEventKind
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.measuring import Measuring
from quarterdeck.runner.operations import Operations
from quarterdeck.runner.outlook import Outlook
from quarterdeck.runner.patience import back_off
from quarterdeck.runner.programs import Programs
from quarterdeck.runner.racing import first_of
from quarterdeck.runner.release_lines import closing, line
from quarterdeck.runner.release_writes import Writes
from quarterdeck.store.base import Draft, Store

T = TypeVar("T")

LOOK_SECONDS = 30.0
"""How long a release waits at most before it looks again whether something has changed."""

OBSTRUCTED_SECONDS = 300.0
"""For so long a step that can't be planned is tried again: a place can't be read, is in use, or hasn't settled."""

LONGEST_PAUSE = 30.0
"""Seconds between two such attempts."""

SHORTEST_PAUSE = 0.05
"""Seconds: clocks that disagree must not keep the processor busy."""

_PASSING = ("unreadable", "locked", "unsettled")
"""Refusals that may well be gone in a moment."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """What every conductor plays on."""

    store: Store
    journal: Journal
    clock: Clock
    outlook: Outlook
    writes: Writes
    measuring: Measuring
    operations: Operations
    programs: Programs


class Conductor:
    """One release. It holds nothing that matters: what has been done stands in the journal.

    Every move is decided from the journal, done, and written down; then the next is decided. What takes its time in
    between (planning, asking gates) is dropped if the release has changed meanwhile: an abort waits for nothing but
    what is already on its way to the world.
    """

    def __init__(self, release_id: str, instruments: Instruments) -> None:
        self.release_id = release_id
        self._store = instruments.store
        self._journal = instruments.journal
        self._clock = instruments.clock
        self._outlook = instruments.outlook
        self._writes = instruments.writes
        self._measuring = instruments.measuring
        self._operations = instruments.operations
        self._programs = instruments.programs
        self._woken = asyncio.Event()
        self._leaving = False
        self._obstructed: dict[tuple[str, ReleaseEventKind], _Obstructed] = {}
        self._due: tuple[float, float] | None = None

    def wake(self) -> None:
        """Look again now: something has happened."""
        self._woken.set()

    def leave(self) -> None:
        """Begin nothing more."""
        self._leaving = True
        self._woken.set()

    async def conduct(self) -> None:
        """Return when the release has ended, when it waits for an operator, or after `leave`.

        Raises:
            LeaseLost: stopped where it was; nothing was written after.
            StoreError: the store can't be read or written.
        """
        while not self._leaving:
            self._woken.clear()
            # Watching writes nothing, and what it watches ends at once without the lease: it would never stop.
            self._journal.require()
            release = self._store.release(self.release_id)
            if release is None or release.ending is not None:
                return
            now = self._now(release)
            outside = self._outlook.of(release, now)
            move = decide(release, now, outside)
            if isinstance(move, Rest) and outside.hindrance and move.why == outside.hindrance:
                self._held_up(release, move.why)
            await self._make(release, move)

    def _now(self, release: Release) -> float:
        """The time to decide by. A machine whose clock is set back gives nobody more time to confirm: the runner has
        promised to take back what isn't confirmed, so it counts for itself as well."""
        now, confirm_by = self._clock.now(), release.confirm_by
        if confirm_by is None:
            return now
        if self._due is None or self._due[0] != confirm_by:
            self._due = (confirm_by, self._clock.monotonic() + confirm_by - now)
        return max(now, confirm_by) if self._clock.monotonic() >= self._due[1] else now

    async def _make(self, release: Release, move: Move) -> None:
        match move:
            case Start(step, until):
                await self._start(release, step, until)
            case Done(step_id, detail, skipped):
                self._tell(release, "release.step_skipped" if skipped else "release.step_done", step_id, detail)
            case Failed(step_id, detail):
                self._tell(release, "release.step_failed", step_id, detail)
            case Measure():
                await self._measure(release, move)
            case Watch(operation, until):
                self._operations.see_to(operation)
                await self._rest(until)
            case Rest(until):
                await self._rest(until)
            case Recover(why, steps, to):
                body = {"why": why, "steps": list(steps), "to": to}
                self._write(line(release, "release.recovering", body))
            case Undo(step):
                await self._undo(release, step)
            case Undone(step_id, detail):
                self._tell(release, "release.step_undone", step_id, detail)
            case Confirming(until):
                self._write(line(release, "release.confirming", {"until": until}))
            case Halt(why):
                halted = {"order": "pause", "step": "", "reason": why}
                self._write(line(release, "release.ordered", halted))
            case Finish(ending, detail, choices):
                self._write(*closing(release, ending, detail, choices, self._store.guards()))

    # --- moves that take their time -------------------------------------------------------------------------------
    async def _start(self, release: Release, step: ReleaseStep, until: float | None) -> None:
        match step.work:
            case Write():
                ready = partial(self._ready, release, step.work)
                refusal = await self._interruptible(release, self._writes.begin(release, step, step.work, ready))
                if refusal and refusal.code == "unchanged":
                    self._unless_changed(release, line(release, "release.step_done", _already(step, refusal)))
                elif refusal:
                    await self._refused(release, step, refusal, "release.step_failed")
                else:
                    self._obstructed.clear()
            case Run(command, timeout):
                self._write(line(release, "release.step_started", {"step": step.id, "detail": " ".join(command)}))
                self._programs.start(
                    release, step, command, timeout, self._names(release, step),
                    good="release.step_done", bad="release.step_failed",
                )  # fmt: skip
            case _:
                self._write(line(release, "release.step_started", {"step": step.id, "until": until}))

    async def _undo(self, release: Release, step: ReleaseStep) -> None:
        match step.work:
            case Write():
                unchanged = partial(self._is_still, release)
                refusal = await self._interruptible(release, self._writes.take_back(release, step, unchanged))
                if refusal and refusal.code == "unchanged":
                    self._unless_changed(release, line(release, "release.step_undone", _already(step, refusal)))
                elif refusal:
                    await self._refused(release, step, refusal, "release.step_undoing")
                else:
                    self._obstructed.clear()
            case Run(_, timeout, _, command) if command:
                self._write(line(release, "release.step_undoing", {"step": step.id}))
                self._programs.start(
                    release, step, command, timeout, self._names(release, step),
                    good="release.step_undone", bad="release.step_undoing",
                )  # fmt: skip
            case _:
                self._tell(release, "release.step_undone", step.id, "there is nothing that takes it back")

    async def _measure(self, release: Release, what: Measure) -> None:
        sample = await self._interruptible(release, self._measuring.sample(release, what.step, what.gates))
        if sample is not None:
            body = {"step": what.step, "sample": replace(sample, unasked=what.unasked)}
            self._unless_changed(release, line(release, "release.sampled", body))

    async def _interruptible(self, release: Release, work: Coroutine[Any, Any, T]) -> T | None:
        """What comes of reading the world, or None as soon as the release has changed meanwhile."""
        reading = asyncio.ensure_future(work)
        try:
            while not reading.done():
                await first_of(self._clock, LOOK_SECONDS, reading, self._woken)
                self._woken.clear()
                if not reading.done() and not self._is_still(release):
                    return None
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        return reading.result()

    def _ready(self, release: Release, work: Write) -> bool:
        """Whether a write that has been planned may begin at this very moment."""
        if not self._is_still(release):
            return False
        return bool(work.undoes) or not self._outlook.of(release, self._clock.now()).hindrance

    def _is_still(self, release: Release) -> bool:
        return not self._leaving and not self._changed(release)

    async def _refused(self, release: Release, step: ReleaseStep, refusal: Refusal, kind: ReleaseEventKind) -> None:
        """A step can't be planned now: try again for some time, if that may help; else it has failed."""
        if self._changed(release):
            return
        text = clean(refusal.message + (f" ({refusal.hint})" if refusal.hint else ""), 500)
        now, key = self._clock.monotonic(), (step.id, kind)
        if refusal.code in _PASSING:
            new = key not in self._obstructed
            waiting = self._obstructed.setdefault(key, _Obstructed(now, back_off(LONGEST_PAUSE)))
            if now - waiting.since < OBSTRUCTED_SECONDS:
                if new and not any((one.code, one.text) == ("step-waits", _waits(step, text)) for one in release.notes):
                    noted = {"code": "step-waits", "severity": "warning", "text": _waits(step, text)}
                    self._write(line(release, "release.noted", noted))
                await self._rest(self._clock.now() + next(waiting.pauses))
                return
        self._obstructed.pop(key, None)
        self._tell(release, kind, step.id, text)

    def _held_up(self, release: Release, why: str) -> None:
        """Tell once what stands in the way: the journal says later why nothing happened."""
        last = next((note.text for note in reversed(release.notes) if note.code == "held-up"), "")
        if last != clean(why, 500):
            noted = {"code": "held-up", "severity": "info", "text": clean(why, 500)}
            self._write(line(release, "release.noted", noted))

    async def _rest(self, until: float | None) -> None:
        left = LOOK_SECONDS if until is None else min(LOOK_SECONDS, until - self._clock.now())
        await first_of(self._clock, max(left, SHORTEST_PAUSE), self._woken)

    # --- writing down -----------------------------------------------------------------------------------------------
    def _tell(self, release: Release, kind: ReleaseEventKind, step_id: str, detail: str) -> None:
        self._write(line(release, kind, {"step": step_id, "detail": detail}))

    def _write(self, *drafts: Draft) -> None:
        """Nothing may have been awaited since the release was read."""
        self._journal.write(drafts)

    def _unless_changed(self, release: Release, draft: Draft) -> None:
        if not self._changed(release):
            self._write(draft)

    def _changed(self, release: Release) -> bool:
        return self._store.release(release.id) != release

    def _names(self, release: Release, step: ReleaseStep) -> dict[str, str]:
        return {**self._measuring.names(release, step.target, (), step.id), "step": step.id}


@dataclass(frozen=True, slots=True)
class _Obstructed:
    """Since when a step can't be planned (monotonic), and how long to wait next."""

    since: float
    pauses: Iterator[float]


def _already(step: ReleaseStep, refusal: Refusal) -> dict[str, str]:
    return {"step": step.id, "detail": f"nothing to do: {refusal.message}"}


def _waits(step: ReleaseStep, text: str) -> str:
    return clean(f"step {step.id} ({step.summary}) waits: {text}", 500)
