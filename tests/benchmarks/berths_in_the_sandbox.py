"""Systems with many targets that the sandbox plays."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.berths import Berth, bare_http, shifting, starting, switching

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Environment, Fleet, Place, Role
from quarterdeck.providers import registry
from quarterdeck.providers.base import SessionContext
from quarterdeck.sandbox.assembly import running
from quarterdeck.sandbox.serve import announcement
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.of_fleet import world_of
from quarterdeck.sandbox.world.world import World

SPEED = 60.0
LATER = 3600.0
"""Seconds until what was under way as the world began has ended, or waits for somebody."""

REGIONS = ("westeurope", "northeurope")
SIGNING_IN = ("/oauth2/", "/.well-known/", "/metadata/")

Parts = Callable[[int], Mapping[str, str]]


def _fleet(provider: str, role: Role, count: int, parts: Parts, behind: Parts | None) -> Fleet:
    """`behind`: what stands in each of two regions behind each place."""
    services = tuple(f"t{n}" for n in range(count))
    pipelines = role == "pipelines"

    def target(n: int, region: str = "") -> TargetId:
        return TargetId("", f"t{n}", pipeline=True) if pipelines else TargetId("production", f"t{n}", region)

    places = [Place(role, target(n), Address("c", parts(n))) for n in range(count)]
    if behind:
        sites = ((n, region, behind(n)) for n in range(count) for region in REGIONS)
        places += [
            Place("slots", target(n, region), Address("c", {k: f"{v}-{region}" for k, v in parts.items()}))
            for n, region, parts in sites
        ]
    connection = Connection("c", provider, {"url": "https://dev.azure.com/contoso"})
    return Fleet("many", (Environment("production"),), services, tuple(places), (connection,))


@asynccontextmanager
async def _played(fleet: Fleet, role: Role, more: Mapping[str, Any] | None = None) -> AsyncIterator[tuple[Any, ...]]:
    document = world_of(fleet)
    for key, extra in (more or {}).items():
        document[key] = [*document[key], *extra]
    async with running(World(WorldClock(speed=SPEED), document), tls=True) as up:
        up.world.clock.advance(LATER)
        provider = registry.load(fleet.connections[0].provider)
        led = provider.sandboxed(fleet.connections[0], announcement(up))
        session = provider.open(led, SessionContext(SystemClock(), print, str))

        def asked() -> int:
            return sum(not any(part in one["path"] for part in SIGNING_IN) for one in up.sandbox.requests)

        bare = bare_http(
            f"{up.url}/metadata/endpoints?api-version=2022-09-01", verify=ssl.create_default_context(cafile=up.ca_file)
        )
        try:
            yield session, asked, bare, [place for place in fleet.places if place.role == role]
        finally:
            await session.close()


def _routed(parts: Parts, behind: Parts | None, name: str) -> Any:
    @asynccontextmanager
    async def berth(folder: Path, count: int) -> AsyncIterator[Berth]:
        fleet = _fleet("azure", "traffic", count, parts, behind)
        async with _played(fleet, "traffic") as (session, asked, bare, places):
            router = session.capability("traffic")
            yield Berth(router, router, places, asked, bare, shifting(router, places[0], name), session)

    return berth


traffic_manager = _routed(
    lambda n: {"resource_group": "g", "profile": f"p{n}"},
    lambda n: {"resource_group": "g", "site": f"s{n}"},
    REGIONS[0],
)
front_door = _routed(
    lambda n: {"resource_group": "g", "front_door": "fd", "origin_group": f"g{n}"},
    lambda n: {"resource_group": "g", "container_app": f"a{n}"},
    REGIONS[0],
)


def _slotted(parts: Parts) -> Any:
    @asynccontextmanager
    async def berth(folder: Path, count: int) -> AsyncIterator[Berth]:
        fleet = _fleet("azure", "slots", count, parts, None)
        async with _played(fleet, "slots") as (session, asked, bare, places):
            writer = session.capability("slot_traffic")
            planned = shifting(writer, places[0], "staging")
            yield Berth(session.capability("slots"), writer, places, asked, bare, planned, session)

    return berth


app_service = _slotted(lambda n: {"resource_group": "g", "site": f"s{n}"})
container_apps = _slotted(lambda n: {"resource_group": "g", "container_app": f"a{n}"})


@asynccontextmanager
async def app_configuration(folder: Path, count: int) -> AsyncIterator[Berth]:
    fleet = _fleet("azure.app_configuration", "flags", 1, lambda n: {"label": "live"}, None)
    (original,) = (json.dumps(one) for one in world_of(fleet)["configuration"] if "FastCart" in json.dumps(one))
    flags = [json.loads(original.replace("FastCart", f"Flag{n}")) for n in range(count)]
    async with _played(fleet, "flags", {"configuration": flags}) as (session, asked, bare, places):
        store = session.capability("flags")
        planned = switching(store, places[0], "Flag0", "live")
        yield Berth(store, store, places, asked, bare, planned, session)


def _hosted(provider: str, parts: Parts) -> Any:
    @asynccontextmanager
    async def berth(folder: Path, count: int) -> AsyncIterator[Berth]:
        fleet = _fleet(provider, "pipelines", count, parts, None)
        async with _played(fleet, "pipelines") as (session, asked, bare, places):
            host = session.capability("pipelines")
            yield Berth(host, host, places, asked, bare, starting(host, places[0]), session)

    return berth


github = _hosted("github", lambda n: {"repository": "contoso/shop", "workflow": f"w{n}.yml"})
github_repositories = _hosted("github", lambda n: {"repository": f"contoso/r{n}", "workflow": "deploy.yml"})
azure_pipelines = _hosted("azure_pipelines", lambda n: {"project": "Shop", "pipeline": f"p{n}"})
