"""Runners without their processes: the real engine, reception, guard and store, on a machine that may stop any time.

A runner dies between any two of its callbacks, or just before or after a line of its journal is durable. Its tasks are
then cancelled, which lets them unwind; but nothing that they touch answers any more, so nothing comes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from tests.simulation.wire import Oracle, Wire

from quarterdeck.runner.engine import Engine, Household
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.patience import Patience
from quarterdeck.runner.reception import RETRY_SECONDS, Reception
from quarterdeck.runner.running import Ran
from quarterdeck.runner.sampling import Sampler
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, Event, Lease, LeaseLost, Lock, StoreError
from quarterdeck.store.lifeline import RUNNER_LEASE
from quarterdeck.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.viewers import Viewer

ABOARD: ContextVar[Runner | Viewer | None] = ContextVar("ABOARD", default=None)
"""Whose callback this is; None for the world's and the operators'."""

STAND_BY = 8.0
"""Seconds between two attempts to take the lease."""

PATIENCE = Patience(swap=600)


class Killed(BaseException):
    """The process is gone. Nothing of ours may catch this."""


class Relieved(Exception):
    """The process was told to leave."""


class Runner:
    """One process. `name` is also the holder of its lease."""

    def __init__(self, simulation: Simulation, name: str) -> None:
        self.name = name
        self.dead = False
        self.paused = False
        self.asleep = 0.0
        self.guard: LeaseGuard
        self._simulation = simulation
        self._tasks: list[asyncio.Task[Any]] = []
        weather, random = simulation.weather, simulation.random
        self._life = random.randint(1, 2 * weather.mortality) if weather.mortality else 0
        self._writes = random.randint(1, 12) if weather.mortality and random.random() < 0.34 else 0
        self._awake = random.randint(1, 2 * weather.pauses) if weather.pauses else 0

    # --- life --------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        context = copy_context()
        context.run(ABOARD.set, self)
        self._simulation.loop.create_task(self._live(), name=self.name, context=context)

    def born(self, task: asyncio.Task[Any]) -> None:
        """A task of this process."""
        if len(self._tasks) > 100:
            self._tasks = [one for one in self._tasks if not one.done()]
        self._tasks.append(task)

    def may_go_on(self) -> bool:
        """Asked before each callback: it may be the last, or have to wait."""
        if self.dead:
            return True
        if self.paused:
            return False
        if self._life and not self._simulation.calm:
            self._life -= 1
            if not self._life:
                self.die("between two of its deeds")
                return True
        if self._awake and not self._simulation.calm:
            self._awake -= 1
            if not self._awake:
                self._pause()
                return False
        return True

    def breathe(self) -> None:
        """Whatever a dead process still tries comes to nothing."""
        if self.dead:
            raise Killed(self.name)

    def die(self, where: str) -> None:
        self._simulation.tell(f"{self.name} is killed {where}")
        self.dead = True
        for task in self._tasks:
            task.cancel()
        self._simulation.replace(self)

    def nod_off(self) -> None:
        """Perhaps the machine falls asleep, and wakes just after the end of the lease."""
        if not self.paused and (beyond := self._simulation.oversleeps()) is not None:
            left = self.guard.lease.expires_at - self._simulation.wall()
            self._stop(max(0.0, left) + beyond, asleep=True)

    def _pause(self) -> None:
        simulation = self._simulation
        length = simulation.random.uniform(0.2, 3) * simulation.weather.ttl
        asleep = simulation.random.random() < 0.3
        self._awake = simulation.random.randint(1, 2 * simulation.weather.pauses)
        self._stop(length, asleep=asleep)

    def _stop(self, length: float, *, asleep: bool) -> None:
        simulation = self._simulation
        simulation.tell(f"{self.name} is stopped for {length:.1f} s{', its clock with it' if asleep else ''}")
        self.paused = True
        simulation.after(length, lambda: self._resume(length if asleep else 0.0))

    def _resume(self, asleep: float) -> None:
        self._simulation.tell(f"{self.name} goes on")
        self.paused = False
        self.asleep += asleep
        self._simulation.loop.release()

    def write_ahead(self) -> None:
        """A line of the journal is about to be written."""
        self._writes_left("just before a line of the journal", 0.5)

    def written(self) -> None:
        """A line of the journal has become durable."""
        self._writes_left("just after a line of the journal", 1.0)

    def _writes_left(self, where: str, part: float) -> None:
        self.breathe()
        if self._simulation.calm or not self._writes:
            return
        if self._writes == 1 and self._simulation.random.random() < part:
            self.die(where)
            raise Killed(self.name)
        if part == 1.0:
            self._writes -= 1

    # --- the clock of its machine ------------------------------------------------------------------------------------
    def now(self) -> float:
        return self._simulation.wall()

    def monotonic(self) -> float:
        return self._simulation.loop.time() - self.asleep

    async def sleep(self, seconds: float) -> None:
        self.breathe()
        await asyncio.sleep(seconds)

    # --- its programs ------------------------------------------------------------------------------------------------
    async def run(self, command: Sequence[str], names: Mapping[str, str]) -> Ran:
        """See `pretend`."""
        self.breathe()
        simulation = self._simulation
        simulation.auditor.log.program_begins(names["release"], names["step"], self)
        await asyncio.sleep(simulation.random.uniform(0.5, 30))
        self.breathe()
        code = int(simulation.random.random() < simulation.weather.programs)
        simulation.auditor.log.program_ends(names["release"], names["step"], code)
        return Ran(code, f"exit code {code}: {' '.join(command)}")

    # --- its work, as `runner.process` and `runner.duty` do it -------------------------------------------------------
    async def _live(self) -> None:
        store: Any = Journaled(self, self._simulation)
        self.guard = LeaseGuard(store, self, holder=self.name, ttl=self._simulation.weather.ttl, info={})
        try:
            while True:
                if self._take(store):
                    relieved = await self._term(store)
                    with suppress(StoreError):
                        self.guard.release()
                    if relieved:
                        break
                await self.sleep(STAND_BY)
            self._simulation.tell(f"{self.name} leaves")
            self._simulation.replace(self)
        except Killed:
            pass
        except BaseExceptionGroup as group:
            if not self.dead:
                self._simulation.wrong(f"{self.name} fell over: {group.exceptions!r}")
        except Exception as error:
            self._simulation.wrong(f"{self.name} fell over: {error!r}")
        finally:
            store.close()

    def _take(self, store: Any) -> bool:
        """Take the lease; that of a runner that is certainly dead at once, where that can be told."""
        with suppress(StoreError):
            held = store.lease(RUNNER_LEASE)
            if held and self._simulation.proves_dead(held.holder):
                store.release_lease(held)
            if self.guard.take():
                self._simulation.tell(f"{self.name} takes the lease")
                return True
        return False

    async def _term(self, store: Any) -> bool:
        """True if it was told to leave."""
        simulation, relieved = self._simulation, False
        wire = Wire(simulation, self)
        engine = simulation.engine(
            fleet=simulation.scene.fleet,
            store=store,
            guard=self.guard,
            connections=wire,
            seal=OpenSeal(),
            clock=self,
            household=Household(lambda _: None, lambda: None),
            patience=PATIENCE,
            rules=simulation.scene.rules,
            samples=Sampler(wire, lambda: simulation.scene.rules, Oracle(simulation, self), self),
            starts=pretend,
        )
        reception = Reception(store, self.guard, engine.answer, self)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(engine, reception))
                tasks.create_task(self._keep_lease())
                tasks.create_task(self._leave_when_told())
        except* LeaseLost as lost:
            simulation.tell(f"{self.name} is no longer in charge: {lost.exceptions[0]}")
        except* Relieved:
            relieved = True
        finally:
            await engine.close()
        return relieved

    async def _leave_when_told(self) -> None:
        relief = self._simulation.weather.relief
        if relief:
            await self.sleep(self._simulation.random.uniform(0, 2 * relief))
            if not self._simulation.calm:
                raise Relieved

    async def _receive(self, engine: Engine, reception: Reception) -> None:
        while True:
            try:
                engine.adopt()
                break
            except LeaseLost:
                raise
            except StoreError:
                await self.sleep(RETRY_SECONDS)
        self._simulation.wake = reception.wake
        await reception.receive()

    async def _keep_lease(self) -> None:
        while True:
            await self.sleep(self._simulation.weather.ttl / 3)
            try:
                self.guard.renew()
            except LeaseLost:
                raise
            except StoreError:
                pass


async def pretend(command: Sequence[str], timeout: float, names: Mapping[str, str]) -> Ran:
    """Stands in for `runner.running.run`: a program that takes its time, does something once, and may fail."""
    runner = ABOARD.get()
    if not isinstance(runner, Runner):
        raise AssertionError("a program is started by nobody")
    return await runner.run(command, names)


class OpenSeal:
    """Seals nothing: what is under the seal has no say in what happens."""

    def seal(self, text: str) -> str:
        return text

    def unseal(self, sealed: str) -> str:
        return sealed


class Journaled:
    """The real store of one process, on a disk that may be full and a machine that may stop."""

    def __init__(self, runner: Runner, simulation: Simulation) -> None:
        self._store = SqliteStore(simulation.path)
        self._runner = runner
        self._simulation = simulation

    def __getattr__(self, name: str) -> Any:
        self._runner.breathe()
        if self._simulation.trouble == "locked" and name != "close":
            raise StoreError("the store is in use by another process that doesn't let go")
        return getattr(self._store, name)

    def close(self) -> None:
        self._store.close()

    def take_lease(self, name: str, holder: str, now: float, ttl: float, info: Mapping[str, Any]) -> Lease | None:
        self._writable()
        return self._store.take_lease(name, holder, now, ttl, info)

    def renew_lease(self, lease: Lease, now: float, ttl: float) -> Lease:
        self._writable()
        return self._store.renew_lease(lease, now, ttl)

    def record(
        self,
        drafts: Sequence[Draft],
        lease: Lease,
        at: float,
        *,
        answer: Answer | None = None,
        lock: Sequence[Lock] = (),
        unlock: str = "",
    ) -> Sequence[Event]:
        self._runner.write_ahead()
        self._writable()
        events = self._store.record(drafts, lease, at, answer=answer, lock=lock, unlock=unlock)
        self._simulation.auditor.committed(self._runner, answer)
        self._runner.written()
        if self._simulation.trouble == "lying" and answer:
            raise StoreError("the disk reports an error")  # what was written is written all the same
        return events

    def _writable(self) -> None:
        self._runner.breathe()
        simulation = self._simulation
        if simulation.trouble == "full" or simulation.random.random() < simulation.weather.hiccups:
            raise StoreError("the disk is full", "make room")
