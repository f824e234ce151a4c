"""Systems with many targets, each on the server that the tests of its provider have; what is asked of it is counted."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from tests.providers.aws.cloud import KEY, REGION, Admin, forward, record
from tests.providers.caddy.edge import Caddy, handler
from tests.providers.haproxy.balancer import Balancer, backends, servers
from tests.providers.kubernetes import api_server
from tests.providers.kubernetes.lab import Lab
from tests.providers.kubernetes.objects import route
from tests.providers.launchdarkly.server import launchdarkly
from tests.providers.loopback import SECRET
from tests.providers.powerdns.harbour import CANARY, STABLE, PowerDNS, lua
from tests.providers.powerdns.harbour import KEY as POWERDNS_KEY
from tests.providers.unleash.server import rollout, unleash
from tests.servers import free_port, program, running

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place, Role
from quarterdeck.providers import registry
from quarterdeck.providers.base import Session, SessionContext
from quarterdeck.release.action import FlagChange, Shift
from quarterdeck.release.flag import plan_flag
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.run_action import StartRun
from quarterdeck.release.run_planning import plan_start
from quarterdeck.release.shift import Router, plan_shift

_REQUEST = re.compile(rb"^(?:GET|HEAD|POST|PUT|PATCH|DELETE) \S+ HTTP/1\.1\r$", re.MULTILINE)


@dataclass
class Berth:
    """A system with its targets.

    Attributes:
        places: what is watched; one of flags holds all of them.
        asked: how many requests (of HAProxy: connections) there were so far.
        bare: one request to the same server that changes nothing.
        planned: the steps of another change each time.
    """

    reader: Any
    writer: Any
    places: list[Place]
    asked: Callable[[], int]
    bare: Callable[[], Awaitable[object]]
    planned: Callable[[], Awaitable[tuple[Step, ...]]]
    session: Session


class Relay:
    """Stands between us and a server on loopback, and counts."""

    def __init__(self, port: int, *, lines: bool = False) -> None:
        """`lines`: count connections instead of requests."""
        self._behind, self._lines = port, lines
        self.asked, self.port = 0, 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs_reader, theirs_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        self.asked += self._lines

        def count(data: bytes) -> None:
            self.asked += 0 if self._lines else len(_REQUEST.findall(data))

        ours = asyncio.create_task(_pump(reader, theirs_writer, count))
        theirs = asyncio.create_task(_pump(theirs_reader, writer, lambda _: None))
        theirs.add_done_callback(lambda _: writer.close())  # whoever has hung up wouldn't hear another question
        for one in (ours, theirs):
            self._tasks.add(one)
            one.add_done_callback(self._tasks.discard)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, seen: Callable[[bytes], None]) -> None:
    with suppress(ConnectionError, RuntimeError):
        while data := await source.read(1 << 16):
            seen(data)
            sink.write(data)
            await sink.drain()
        sink.write_eof()


def opened(provider: str, options: Mapping[str, str], secret: str = "") -> Session:
    """A session as the runner opens it."""
    return registry.load(provider).open(
        Connection("c", provider, options), SessionContext(SystemClock(), print, lambda _: secret)
    )


def place(role: Role, number: int, parts: Mapping[str, str]) -> Place:
    target = TargetId("", f"t{number}", pipeline=True) if role == "pipelines" else TargetId("production", f"t{number}")
    return Place(role, target, Address("c", parts))


def bare_http(url: str, **how: Any) -> Callable[[], Awaitable[object]]:
    """One request by the client that providers use, with its connection kept."""
    client = httpx.AsyncClient(trust_env=False, **how)

    async def ask() -> object:
        return await client.get(url)

    return ask


def steps_of(outline: Outline | Refusal) -> tuple[Step, ...]:
    assert isinstance(outline, Outline), outline
    return outline.steps


def shifting(router: Any, where: Place, name: str) -> Callable[[], Awaitable[tuple[Step, ...]]]:
    percents = cycle(range(10, 50))  # moto refuses a change of records that it has seen before

    async def planned() -> tuple[Step, ...]:
        survey = await router.survey_traffic(where.address)
        return steps_of(plan_shift(Shift(where.target, {name: float(next(percents))}), [Router(where, survey)]))

    return planned


def switching(store: Any, where: Place, name: str, label: str = "") -> Callable[[], Awaitable[tuple[Step, ...]]]:
    async def planned() -> tuple[Step, ...]:
        survey = await store.survey_flag(where.address, name, label)
        target = TargetId("production", name, flag=True)
        return steps_of(plan_flag(FlagChange(target, label, enabled=not survey.reading.enabled), where, survey))

    return planned


def starting(host: Any, where: Place) -> Callable[[], Awaitable[tuple[Step, ...]]]:
    marks = iter(range(10_000))

    async def planned() -> tuple[Step, ...]:
        survey = await host.survey_pipeline(where.address)
        return steps_of(plan_start(StartRun(where.target), where, survey, f"m{next(marks)}"))

    return planned


def routed(session: Session, places: list[Place], asked: Callable[[], int], bare: Any, name: str) -> Berth:
    router = session.capability("traffic")
    return Berth(router, router, places, asked, bare, shifting(router, places[0], name), session)


def hosted(session: Session, places: list[Place], asked: Callable[[], int], bare: Any) -> Berth:
    host = session.capability("pipelines")
    return Berth(host, host, places, asked, bare, starting(host, places[0]), session)


@asynccontextmanager
async def haproxy(folder: Path, count: int) -> AsyncIterator[Berth]:
    async with backends("stable", "canary") as behind:
        body = "frontend f\n  bind unix@{front}\n  default_backend b0\n" + "".join(
            f"backend b{n}\n  balance roundrobin\n{servers(behind.ports, {'stable': 100, 'canary': 1}, '')}"
            for n in range(count)
        )
        port = free_port()
        balancer = Balancer(folder, body, sockets=f"  stats socket ipv4@127.0.0.1:{port} level admin\n")
        balancer.start()
        try:
            async with Relay(port, lines=True) as relay:
                session = opened("haproxy", {"socket": f'["127.0.0.1:{relay.port}"]', "timeout": "5s"})
                places = [place("traffic", n, {"backend": f"b{n}"}) for n in range(count)]

                async def bare() -> object:
                    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
                    writer.write(b"show info\n")
                    answer = await reader.read()
                    writer.close()
                    return answer

                yield routed(session, places, lambda: relay.asked, bare, "canary")
        finally:
            balancer.stop()


@asynccontextmanager
async def caddy(folder: Path, count: int) -> AsyncIterator[Berth]:
    edge = Caddy(folder)
    edge.server.start()
    try:
        async with backends("stable", "canary") as behind, Relay(edge.port) as relay:
            allowed = {"origins": [f"127.0.0.1:{edge.port}", f"127.0.0.1:{relay.port}"]}
            edge.load(*(handler(behind, [99, 1], f"h{n}") for n in range(count)), admin=allowed)
            names = {f"names.{called}": f"127.0.0.1:{port}" for called, port in behind.ports.items()}
            places = [place("traffic", n, {"id": f"h{n}", **names}) for n in range(count)]
            session = opened("caddy", {"url": relay.url})
            yield routed(session, places, lambda: relay.asked, bare_http(f"{relay.url}/config/admin"), "canary")
    finally:
        edge.server.stop()


@asynccontextmanager
async def powerdns(folder: Path, count: int) -> AsyncIterator[Berth]:
    server = PowerDNS(folder)
    server.server.start()
    try:
        server.make("lab.test.")
        for n in range(count):
            server.put("lab.test.", f"t{n}.lab.test.", lua({STABLE: 99, CANARY: 1}))
        async with Relay(server.port) as relay:
            session = opened("powerdns", {"url": relay.url, "api_key": "${env:KEY}"}, POWERDNS_KEY)
            names = {"names.stable": STABLE, "names.canary": CANARY}
            places = [
                place("traffic", n, {"zone": "lab.test.", "name": f"t{n}.lab.test.", "type": "A", **names})
                for n in range(count)
            ]
            bare = bare_http(f"{relay.url}/api/v1/servers/localhost", headers={"X-API-Key": POWERDNS_KEY})
            yield routed(session, places, lambda: relay.asked, bare, "canary")
    finally:
        server.server.stop()


@asynccontextmanager
async def http_routes(folder: Path, count: int) -> AsyncIterator[Berth]:
    """On our small API server."""
    async with api_server.serving(folder) as (server, authority):
        lab = Lab(server.loopback.url, authority, "shop")
        for n in range(count):
            await lab.create("httproutes", route(f"r{n}", {"stable": 99, "canary": 1}))
        places = [place("traffic", n, {"namespace": "shop", "route": f"r{n}"}) for n in range(count)]
        session = lab.session()
        bare = bare_http(
            f"{lab.url}/version",
            verify=ssl.create_default_context(cafile=str(authority)),
            headers={"Authorization": "Bearer alice-token"},
        )
        yield routed(session, places, lambda: len(server.loopback.asked), bare, "canary")
        for client in lab.clients:
            await client.aclose()


@dataclass
class _Moto:
    admin: Admin
    relay: Relay
    options: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def _moto(folder: Path) -> AsyncIterator[_Moto]:
    port = free_port()
    command = [str(program("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    signed = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "any", "AWS_EC2_METADATA_DISABLED": "true"}
    nobodys = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)

    def ready() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/moto-api/data.json", trust_env=False).is_success
        except httpx.HTTPError:
            return False

    with patch.dict(os.environ, {**signed, **nobodys}), running(command, cwd=folder, ready=ready):
        async with Relay(port) as relay:
            options = {"endpoint_url": relay.url, "region": REGION, "timeout": "10s"}
            yield _Moto(Admin(f"http://127.0.0.1:{port}"), relay, options)


@asynccontextmanager
async def target_groups(folder: Path, count: int) -> AsyncIterator[Berth]:
    async with _moto(folder) as moto:
        admin = moto.admin
        blue, green = admin.group("blue"), admin.group("green")
        listener = admin.listener(admin.balancer(), forward((blue, 1)))
        arns = [admin.rule(listener, forward((blue, 99), (green, 1))) for _ in range(count)]
        places = [place("traffic", n, {"arn": arn}) for n, arn in enumerate(arns)]
        bare = bare_http(f"{moto.relay.url}/moto-api/")
        yield routed(opened("aws.alb", moto.options), places, lambda: moto.relay.asked, bare, "green")


@asynccontextmanager
async def weighted_records(folder: Path, count: int) -> AsyncIterator[Berth]:
    async with _moto(folder) as moto:
        zone = moto.admin.zone("example.com")
        for n in range(count):
            name = f"t{n}.example.com"
            moto.admin.records(zone, record(name, f"blue{n}", 99), record(name, f"green{n}", 1, "192.0.2.2"))
        places = [
            place("traffic", n, {"zone": zone, "name": f"t{n}.example.com", "type": '["A"]'}) for n in range(count)
        ]
        bare = bare_http(f"{moto.relay.url}/moto-api/")
        yield routed(opened("aws.route53", moto.options), places, lambda: moto.relay.asked, bare, "green0")


@asynccontextmanager
async def unleash_flags(folder: Path, count: int) -> AsyncIterator[Berth]:
    with unleash(folder) as server:
        names = [server.flag(rollout(50), on=True) for _ in range(count)]
        async with Relay(httpx.URL(server.url).port or 0) as relay:
            session = server.session(url=relay.url)
            store = session.capability("flags")
            where = Place(
                "flags",
                TargetId("production", "flags"),
                Address("flags", {"environment": "production", "project": "default"}),
            )
            bare = bare_http(f"{relay.url}/health")
            yield Berth(store, store, [where], lambda: relay.asked, bare, switching(store, where, names[0]), session)


@asynccontextmanager
async def launchdarkly_flags(folder: Path, count: int) -> AsyncIterator[Berth]:
    async with launchdarkly() as lights:
        names = [lights.flag() for _ in range(count)]
        session = opened("launchdarkly", {"url": lights.url, "token": "${env:T}"}, SECRET)
        store = session.capability("flags")
        parts = {"project": "lights", "environment": "production"}
        where = Place("flags", TargetId("production", "flags"), Address("flags", parts))
        identity = f"{lights.url}/api/v2/caller-identity"
        bare = bare_http(identity, headers={"Authorization": SECRET, "LD-API-Version": "20240415"})
        yield Berth(store, store, [where], lambda: len(lights.asked), bare, switching(store, where, names[0]), session)
