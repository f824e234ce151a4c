"""An Azure that is a sandbox on loopback over TLS, with a world whose clock only the tests step."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import pytest
from tests.sandbox.exchanges import Recorder

from quarterdeck.clock import Clock, SystemClock
from quarterdeck.fleet.readings import SlotReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place, Role
from quarterdeck.providers.azure import provider
from quarterdeck.providers.base import (
    BuildHost,
    FlagStore,
    Observed,
    ProviderError,
    Session,
    SessionContext,
    SlotHost,
    TrafficRouter,
)
from quarterdeck.sandbox.assembly import Running, Sandbox, running
from quarterdeck.sandbox.serve import announcement
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.world import World

START = 1_790_000_000.0

CHECKOUT: dict[str, Any] = {
    "group": "shop",
    "name": "checkout",
    "location": "westeurope",
    "slots": {
        "production": {"build": "2.14.3", "app_settings": {"MODE": "live", "COLOUR": "blue"}},
        "staging": {"build": "2.15.0", "app_settings": {"MODE": "trial", "COLOUR": "green"}},
    },
    "sticky": {"app_settings": ["MODE"]},
}


@dataclass
class Azure:
    """A running sandbox and a session against it."""

    running: Running
    session: Session
    connection: Connection
    announcement: dict[str, Any]
    open: Callable[..., Session]
    told: list[str] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.running.world

    @property
    def sandbox(self) -> Sandbox:
        return self.running.sandbox

    @property
    def site(self) -> Site:
        """The site `checkout` as it really is."""
        site = self.world.sites.named("checkout")
        assert site
        return site

    @property
    def slots(self) -> SlotHost:
        return cast(SlotHost, self.session.capability("slots"))

    @property
    def builds(self) -> BuildHost:
        return cast(BuildHost, self.session.capability("slots"))

    @property
    def ramp(self) -> TrafficRouter:
        return cast(TrafficRouter, self.session.capability("slot_traffic"))

    @property
    def traffic(self) -> TrafficRouter:
        return cast(TrafficRouter, self.session.capability("traffic"))

    @property
    def flags(self) -> FlagStore:
        return cast(FlagStore, self.session.capability("flags"))

    def restarted(self, connection: Connection | None = None) -> Azure:
        """As after a restart: nothing remembered, the same connection or another one."""
        return replace(self, session=self.open(connection or self.connection))

    def requests(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        """What reached the sandbox, sign-in left out."""
        return [
            entry
            for entry in self.sandbox.requests
            if "/oauth2/" not in entry["path"]
            and "/.well-known/" not in entry["path"]
            and method in entry["method"]
            and path.lower() in entry["path"].lower()
        ]

    def fault(self, **rule: Any) -> None:
        self.sandbox.faults.add(rule)


def slots_place(site: str = "checkout", group: str = "shop", role: Role = "slots", **parts: str) -> Place:
    address = Address("azure", {"resource_group": group, "site": site, **parts})
    return Place(role, TargetId("production", site), address)


def secret(reference: str) -> str:
    raise ProviderError("misconfigured", f"nothing behind {reference}")


Start = Callable[..., Awaitable[Azure]]

Kind = TypeVar("Kind")


def version(slot: SlotReading) -> str:
    """What runs in a slot; "" if nobody knows."""
    return slot.build.version if slot.build else ""


def read(kind: type[Kind], observed: Observed, place: Place) -> Kind:
    """What was observed of a place, which must be of this kind."""
    found = observed[place.subject]
    assert isinstance(found, kind), found
    return found


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a sandbox over a world document; everything is closed after the test.

    Every request of ours and every answer to it must have satisfied Microsoft's published specification by then.
    """
    recorders: list[Recorder] = []
    async with AsyncExitStack() as stack:

        async def begin(document: dict[str, Any] | None = None, provider_name: str = "azure", **options: str) -> Azure:
            world = World(WorldClock(START, speed=0), document or {"sites": [CHECKOUT]})
            up = await stack.enter_async_context(running(world, tls=True))
            recorders.append(Recorder(up.sandbox.application))
            told: list[str] = []
            base = Connection("azure", provider_name, {"subscription": "real", **options})
            line = announcement(up)
            connection = provider.sandboxed(base, line)

            def opened(to: Connection, clock: Clock | None = None) -> Session:
                session = provider.open(to, SessionContext(clock or SystemClock(), told.append, secret))
                stack.push_async_callback(session.close)
                return session

            return Azure(up, opened(connection), connection, line, opened, told)

        yield begin
    violations = [line for recorder in recorders for line in recorder.violations()]
    assert not violations, "\n".join(violations)
