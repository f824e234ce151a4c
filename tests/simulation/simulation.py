"""One seed: a world, its weather, runners, operators and a stranger, from the beginning until everything rests."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Context
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from tests.simulation.auditor import Auditor
from tests.simulation.fleets import NEXT, Scene, scene
from tests.simulation.people import Operator, captain, illness, pipeline, stranger
from tests.simulation.physics import PRODUCTION, STAGING, Site, Split, World
from tests.simulation.runners import ABOARD, Killed, Runner
from tests.simulation.virtual import Runaway, VirtualLoop
from tests.simulation.weather import Weather, weather

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.guards import Guards
from quarterdeck.release.operation import Operation
from quarterdeck.release.rollout import Release
from quarterdeck.runner import conductor, reception
from quarterdeck.runner.engine import Engine
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import LeaseLost, Request
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore

START = 1_795_000_000.0

LOOK = 20.0
"""Seconds between two looks for requests that nobody announced: an hour of waiting shouldn't be 3600 looks."""

LOOK_AFTER_RELEASES = 120.0
"""Seconds between two looks of a release at what may have changed, for the same reason."""

STILL = 1000.0
"""Seconds: longer than any limit of any release."""

LONGEST = 4 * 3600.0
"""Seconds within which everything must have come to rest once nothing goes wrong any more: all patience of all steps,
and the longest jump of the clock, which a lease may outlast by."""


class Broken(AssertionError):
    """A promise was broken. The text says which, and how to see it again."""


class Over(Exception):
    """Something was wrong: nothing after it is of interest."""


class Simulation:
    """Everything that one seed leads to. `trace` gets every event as one line."""

    def __init__(self, seed: int, folder: Path, trace: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.weather: Weather = weather(self.random)
        self.loop = VirtualLoop(self.random)  # type: ignore[abstract]  # no input, no output: much has no meaning
        self.loop.gate, self.loop.born, self.loop.failed = _may_run, _born, self._failed
        self.scene: Scene = scene(self.random, self.weather.scale, START)
        self.sick: set[str] = set()
        """Versions that make gates fail wherever they serve."""
        self.engine = Engine
        self.calm = False
        self.over = False
        self.trouble = ""
        self.wishes = self.weather.wishes
        self.wake: Callable[[], None] = lambda: None
        self.runners: dict[str, Runner] = {}
        self.problems: list[str] = []
        self.events = 0
        self._trace = trace
        self._spite = Random(f"spite of {seed}")
        self._jumped = 0.0
        self.set_back = 0.0
        self._numbers = 0
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._heard: set[str] = set()
        self._folder = folder
        self.path = folder / "store.db"
        self.path.write_bytes(_template())
        self.world = World(self.loop, self.random, self.tell)
        self._furnish()
        self._viewer = self.open_store()
        self.auditor = Auditor(self, self.wrong)
        self.world.seen = self.auditor.changed

    def _furnish(self) -> None:
        if self.random.random() < self.weather.sickness:
            self.sick.add(NEXT)
        for key, state in self.scene.things.items():
            self.world.place(key, state)

    def run(self) -> None:
        """Raises Broken."""
        try:
            self.loop.run(self._everything())
        except Over:
            pass
        except Runaway as error:
            self.problems.append(str(error))
        finally:
            self._viewer.close()
            self.auditor.close()
        if self.problems:
            raise Broken(f"seed {self.seed}: {self.problems[0]}\nagain: {replay(self.seed)}")

    async def _everything(self) -> None:
        self.tell(f"weather: {self.weather}")
        for _ in range(2):
            self.replace(None)
        for unrest in (stranger(self), illness(self), pipeline(self), self._bad_disk(), self._wrong_clock()):
            self.loop.create_task(unrest)
        await asyncio.gather(*(Operator(self, f"op{n}@jump").act() for n in range(self.weather.operators)))
        self._becalm()
        await self._rest()
        for attempt in range(10):
            if not self.open_operations() and not self.open_releases():
                break
            await captain(self, attempt)
            await self._rest()
        self.auditor.close_books()

    def _becalm(self) -> None:
        """From here on nothing goes wrong any more."""
        self.tell("from here on nothing goes wrong any more")
        self.calm = True
        self.trouble = ""
        self.weather = replace(
            self.weather, refused=0, before=0, after=0, fault=0, swap_fails=0, hangs=0, empty=0, unreadable=0, stale=0,
            poll_fails=0, hiccups=0, noise=0, silence=0, programs=0,
        )  # fmt: skip

    async def _rest(self) -> None:
        """Until nothing runs, and releases have been still for longer than any limit of theirs."""
        until = self.loop.time() + LONGEST
        while self._busy():
            if self.loop.time() > until:
                running = [operation.id for operation in self.open_operations() if operation.ending is None]
                self.wrong(f"no end in sight: operations {running}, requests {self._viewer.pending()}")
            await asyncio.sleep(5)
        self.auditor.log.at_rest()

    def _busy(self) -> bool:
        if any(operation.ending is None for operation in self.open_operations()) or self._viewer.pending():
            return True
        return self.auditor.log.moving() and self.loop.time() < self.auditor.log.last_word + STILL + self.set_back

    # --- what the others ask -----------------------------------------------------------------------------------------
    def tell(self, line: str) -> None:
        self.events += 1
        if self._trace and not self.over:
            self._trace(f"{self.loop.time():10.3f}  {line}")

    def wrong(self, problem: str) -> None:
        """Note a broken promise, and stop everything."""
        if self.over:
            return
        self.tell(f"WRONG: {problem}")
        self.problems.append(problem)
        self.over = True
        self.loop.stop_with(Over())

    def wall(self) -> float:
        """The machine's clock."""
        return START + self.loop.time() + self._jumped

    def number(self) -> str:
        self._numbers += 1
        return f"q{self._numbers:04d}"

    def after(self, seconds: float, deed: Callable[[], None]) -> None:
        self.loop.call_later(seconds, deed, context=Context())

    def swap_length(self) -> tuple[float, bool]:
        """How long a swap takes, and whether it fails."""
        random = self.random
        hangs = random.random() < self.weather.hangs
        seconds = random.choice((400.0, 550.0)) if hangs else random.uniform(5, 80)
        return seconds, random.random() < self.weather.swap_fails

    def open_store(self) -> SqliteStore:
        return SqliteStore(self.path)

    def operations(self) -> list[Operation]:
        return [account.operation for account in self.auditor.accounts.values()]

    def open_operations(self) -> list[Operation]:
        return [operation for operation in self.operations() if operation.open]

    def open_releases(self) -> list[Release]:
        return [release for release in self.auditor.log.releases() if release.open]

    def guards(self) -> Guards:
        return self._viewer.guards()

    def version(self) -> str:
        """One that waits in some staging slot."""
        site: Site = self.world.now(self.random.choice(self.scene.keys("slots")))
        return site.staging

    def ill(self, target: TargetId) -> bool:
        """Whether clients of a service get a sick build."""
        world = self.world
        return any(
            world.share(key, slot) > 0 and build in self.sick
            for key in self.scene.sites_of(target)
            for slot, build in ((STAGING, world.now(key).staging), (PRODUCTION, world.now(key).production))
        )

    def off_by(self, target: TargetId, shares: Mapping[str, float]) -> float:
        """By how many points the real shares of new clients differ from those at most."""
        apart = 0.0
        places = self.scene.fleet.places_of(target)
        for place in (one for one in places if one.role in ("traffic", "slot_traffic")):
            split: Split = self.world.now(f"split/{place.address.parts['name']}")
            if shares.keys() & split.sides.keys():
                whole = sum(side.weight for side in split.sides.values() if side.enabled) or 1
                real = {name: side.enabled * 100 * side.weight / whole for name, side in split.sides.items()}
                apart = max(apart, *(abs(real.get(name, 0) - share) for name, share in shares.items()))
        return apart

    def submitted(self, request: Request) -> None:
        self.tell(f"{request.actor} asks: {request.kind} {request.id} key {request.key} {request.body}")
        if self.random.random() < 0.9:
            self.wake()

    # Some situations are rare, and deserve better than chance: some seeds lean towards them. These draw their chances
    # from a source of their own, so that all other seeds stay the stories that they are.
    def worst_moment(self) -> None:
        """Somebody plans, perhaps a release its next step. In every fifth seed somebody may freeze or stop it just
        now."""
        if self.seed % 5 == 0 and not self.calm and self._spite.random() < 0.1:
            deed, until = self._spite.choice(("freeze", "stop")), self.wall() + self._spite.uniform(20, 200)
            spoiler = Operator(self, "op2@jump").guard(deed, scope="*", until=until)
            self.loop.create_task(spoiler, context=Context())

    def oversleeps(self) -> float | None:
        """A runner reads, and may send next. In some seeds its machine may fall asleep just now, for as long as this
        beyond the end of its lease (seconds)."""
        leans = self.seed % 7 == 3 and not self.calm
        return self._spite.uniform(0.1, 8) if leans and self._spite.random() < 0.05 else None

    def contrary(self) -> bool:
        """In some seeds people tell releases above all what they may not be told, and what contradicts itself."""
        return self.seed % 7 == 4 and self._spite.random() < 0.5

    def drastic(self) -> bool:
        """In some seeds people send all clients to one place after another."""
        return self.seed % 7 == 5 and self._spite.random() < 0.6

    def answered(self, answer: Answer) -> None:
        said = answer.refusal or answer.operation or answer.release or answer.said or "yes"
        self.tell(f"answer to {answer.request}: {said}")
        self._heard.add(answer.request)
        if (waiting := self._waiting.pop(answer.request, None)) and not waiting.done():
            waiting.set_result(None)

    async def is_answered(self, request: str, seconds: float) -> bool:
        """Wait so long for an answer."""
        if request in self._heard:
            return True
        waiting = self._waiting.setdefault(request, self.loop.create_future())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.shield(waiting)
                return True
        return False

    # --- runners and their machine -----------------------------------------------------------------------------------
    def replace(self, runner: Runner | None) -> None:
        """Whoever looks after the machine starts a runner in place of one that died (or at the beginning)."""

        def start() -> None:
            new = Runner(self, f"runner-{len(self.runners) + 1}")
            self.runners[new.name] = new
            new.start()

        self.after(self.random.uniform(2, 30) if runner else 0.0, start)

    def proves_dead(self, holder: str) -> bool:
        runner = self.runners.get(holder)
        return runner is not None and runner.dead and self.seed % 2 == 0

    async def _bad_disk(self) -> None:
        while self.weather.disk:
            await asyncio.sleep(self.random.expovariate(1 / self.weather.disk))
            if self.calm:
                return
            self.trouble = self.random.choice(("full", "full", "locked", "lying"))
            self.tell(f"the store is {self.trouble}")
            await asyncio.sleep(self.random.uniform(0.1, 40))
            self.trouble = ""
            self.tell("the store is well again")

    async def _wrong_clock(self) -> None:
        while self.weather.jumps:
            await asyncio.sleep(self.random.expovariate(1 / self.weather.jumps))
            if self.calm:
                return
            jump = self.random.choice((-600.0, -30.0, -3.0, 3.0, 30.0, 600.0))
            self._jumped += jump
            self.set_back += max(0.0, -jump)
            self.tell(f"the machine's clock jumps by {jump:g} s")

    def _failed(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, Killed | LeaseLost | Over | None):
            self.problems.append(f"unhandled: {error!r}")


def _may_run(context: Context) -> bool:
    runner = context.get(ABOARD)
    return runner is None or runner.may_go_on()


def _born(context: Context, task: asyncio.Task[Any]) -> None:
    if runner := context.get(ABOARD):
        runner.born(task)


def replay(seed: int) -> str:
    """The command that shows one seed again, event by event."""
    return f"QUARTERDECK_SEED={seed} python -m pytest -s tests/simulation/test_simulation.py"


def memory() -> Path:
    """Where files cost no disk."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


@cache
def _template() -> bytes:
    """An empty store, to be copied: always the same, so that a seed leads to the same journal."""
    with tempfile.TemporaryDirectory(prefix="quarterdeck-seed-", dir=memory()) as folder:
        path = Path(folder) / "empty.db"
        open_store(path, create=True).close()
        return path.read_bytes()


def simulate(seed: int, trace: Callable[[str], None] | None = None) -> Simulation:
    """Run one seed. Raises Broken."""
    seldom = patch.object(reception, "LOOK_SECONDS", LOOK)
    rarely = patch.object(conductor, "LOOK_SECONDS", LOOK_AFTER_RELEASES)
    with seldom, rarely, tempfile.TemporaryDirectory(prefix="quarterdeck-seed-", dir=memory()) as folder:
        simulation = Simulation(seed, Path(folder), trace)
        simulation.run()
        return simulation
