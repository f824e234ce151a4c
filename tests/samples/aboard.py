"""A sample with the engine and sessions of all its connections, each on whatever stands in for the system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tests.engine.ship import Moments, Ship

from quarterdeck import config
from quarterdeck.clock import Clock, SystemClock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Connection, Fleet, Place, Role
from quarterdeck.providers import registry
from quarterdeck.providers.base import Capability, GateSource, ProviderError, Session, SessionContext
from quarterdeck.release.operation import Operation
from quarterdeck.release.run_action import DecideRun

SPEED = 60.0
"""Seconds of a sandbox's world in a real one."""


class QuickClock(SystemClock):
    """Waits shorter by as much as the sandbox's world is faster."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


class Lines:
    """See `runner.ports.Connections`."""

    def __init__(self, fleet: Fleet, secrets: Mapping[str, str], sandbox: Mapping[str, Any], clock: Clock) -> None:
        def secret(reference: str) -> str:
            if reference not in secrets:
                raise ProviderError("misconfigured", f"nothing behind {reference}")
            return secrets[reference]

        self._fleet, self._sandbox = fleet, sandbox
        context = SessionContext(clock, print, secret)
        self.sessions: dict[str, Session] = {
            one.name: registry.load(one.provider).open(self._led(one), context) for one in fleet.connections
        }

    def _led(self, connection: Connection) -> Connection:
        """To the sandbox if there is one that plays the system, else where the sample says."""
        if not self._sandbox:
            return connection
        try:
            return registry.load(connection.provider).sandboxed(connection, self._sandbox)
        except ProviderError:
            return connection

    async def open(self, connection: str) -> Session:
        return self.sessions[connection]

    def capability(self, connection: str, role: Role) -> Capability:
        found = self.sessions[connection].capability(role)
        assert found
        return found

    def gates(self, connection: str) -> GateSource:
        found = self.sessions[connection].gates()
        assert found
        return found

    async def identity(self, connection: str) -> str:
        return await self.sessions[connection].identity()


@dataclass
class Aboard:
    fleet: Fleet
    ship: Ship
    lines: Lines

    async def seen(self, place: Place) -> Reading:
        observed = (await self.lines.capability(place.address.connection, place.role).observe([place]))[place.subject]
        assert not isinstance(observed, Trouble), (place.subject, observed)
        return observed

    async def all_seen(self) -> None:
        """Each place of the sample can be observed."""
        for place in self.fleet.places:
            await self.seen(place)

    def place(self, role: Role, name: str, environment: str = "production") -> Place:
        found = (one for one in self.fleet.places if one.role == role and one.target.name == name)
        return next(one for one in found if role == "pipelines" or one.target.environment == environment)

    async def approve_what_waits(self, pipeline: str) -> Operation:
        """Say yes to the first run of a pipeline that waits for somebody, through the engine."""
        place = self.place("pipelines", pipeline)
        reading = await self.seen(place)
        assert isinstance(reading, RunsReading)
        run = next(one for one in reading.runs if one.waits)
        environment = run.waits[0].environment
        done = await self.ship.carry_out(DecideRun(place.target, run.id, "approve", environment))
        after = await self.seen(place)
        assert isinstance(after, RunsReading)
        (now,) = [one for one in after.runs if one.id == run.id]
        assert environment not in [one.environment for one in now.waits], now
        return done


@asynccontextmanager
async def aboard(
    sample: Path,
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    sandbox: Mapping[str, Any] | None = None,
) -> AsyncIterator[Aboard]:
    """`secrets` are by reference; `sandbox` is the announcement of one."""
    loaded = config.load(sample, registry.schemas, environment=environment or {})
    clock: Clock = QuickClock() if sandbox else SystemClock()
    lines = Lines(loaded.fleet, secrets or {}, sandbox or {}, clock)
    ship = Ship(folder, cast(Any, clock), lambda: lines, Moments(), loaded.fleet, loaded.rules)
    try:
        yield Aboard(loaded.fleet, ship, lines)
    finally:
        await ship.engine.close()
        for session in lines.sessions.values():
            await session.close()
