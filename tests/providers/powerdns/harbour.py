"""A real PowerDNS with a zone, asked over DNS as resolvers do, and sessions of ours on it."""

from __future__ import annotations

import json
import socket
import sqlite3
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rcode
import pytest
from tests.servers import Server, answers, free_port, needs, program

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import Session, SessionContext, TrafficRouter
from quarterdeck.release.action import Shift
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.shift import Router, plan_shift

needs_powerdns = needs("pdns_server")

KEY = "k3y-of-the-harbour"
STABLE, CANARY = "192.0.2.1", "192.0.2.2"
SCHEMAS = (
    "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql",
    "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql",
)


def lua(weights: dict[str, int], kind: str = "A", function: str = "pickwrandom") -> str:
    """A content as people write it."""
    inner = ",".join(f"{{{weight},'{value}'}}" for value, weight in weights.items())
    return f'{kind} "{function}({{{inner}}})"'


class PowerDNS:
    """One authoritative server with a database of its own."""

    def __init__(self, folder: Path, *more: str) -> None:
        schema = next((Path(path) for path in SCHEMAS if Path(path).exists()), None)
        if schema is None:
            pytest.skip("the schema of pdns-backend-sqlite3 isn't installed here: .ci/servers installs it")
        folder.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(folder / "zones.sqlite") as database:
            database.executescript(schema.read_text())
        self.port, self.dns_port = free_port(), free_port()
        self.url, self.dns = f"http://127.0.0.1:{self.port}", f"127.0.0.1:{self.dns_port}"
        settings = (
            "launch=gsqlite3",
            f"gsqlite3-database={folder / 'zones.sqlite'}",
            "gsqlite3-dnssec=yes",
            f"local-address=127.0.0.1\nlocal-port={self.dns_port}",
            f"socket-dir={folder}",
            f"api=yes\napi-key={KEY}\nwebserver-address=127.0.0.1\nwebserver-port={self.port}",
            "secondary=yes",
            *(more or ("enable-lua-records=yes",)),
        )
        (folder / "pdns.conf").write_text("\n".join(settings) + "\n")
        command = [str(program("pdns_server")), f"--config-dir={folder}", "--daemon=no", "--guardian=no"]
        self.server = Server(command, cwd=folder, ready=lambda: answers(self.port))

    def ask_api(self, method: str, path: str, document: Any = None) -> tuple[int, Any]:
        """As somebody at a shell does: status and JSON (or text)."""
        data = None if document is None else json.dumps(document).encode()
        headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1/servers/localhost{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body.decode()

    def make(self, zone: str, kind: str = "Native", **more: Any) -> None:
        self.ask_api("DELETE", f"/zones/{zone}")
        servers = [] if kind == "Slave" else [f"ns1.{zone}"]
        status, said = self.ask_api("POST", "/zones", {"name": zone, "kind": kind, "nameservers": servers, **more})
        assert status == 201, said

    def put(self, zone: str, name: str, *contents: str, kind: str = "LUA", ttl: int = 5, disabled: bool = False) -> int:
        """Replace the records of a kind; the status."""
        records = [{"content": content, "disabled": disabled} for content in contents]
        change = {"name": name, "type": kind, "ttl": ttl, "changetype": "REPLACE", "records": records}
        return self.ask_api("PATCH", f"/zones/{zone}", {"rrsets": [change]})[0]

    def contents(self, zone: str, name: str, kind: str = "LUA") -> list[str]:
        rrsets = self.ask_api("GET", f"/zones/{zone}?rrset_name={name}")[1]["rrsets"]
        return [record["content"] for one in rrsets if one["type"] == kind for record in one["records"]]

    def divided(self, name: str, times: int) -> Counter[str]:
        """Who is answered so often, asked for A as fast as one client can: an answer ends with its address."""
        question = dns.message.make_query(name, "A").to_wire()
        found: Counter[str] = Counter()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(5)
            line.connect(("127.0.0.1", self.dns_port))
            for _ in range(times):
                line.send(question)
                found[socket.inet_ntoa(line.recv(512)[-4:])] += 1
        return found

    def resolve(self, name: str, times: int = 1, kind: str = "A") -> Counter[str]:
        """Who is answered so often; a code of an answer that isn't one."""
        found: Counter[str] = Counter()
        for _ in range(times):
            answer = dns.query.udp(dns.message.make_query(name, kind), "127.0.0.1", 5, self.dns_port)
            values = [str(item) for rrset in answer.answer for item in rrset]
            found[", ".join(sorted(values)) or dns.rcode.to_text(answer.rcode())] += 1
        return found


def open_session(server: PowerDNS, may_write: Any = None, key: str = KEY, **options: str) -> Session:
    """A session as the runner opens it."""
    context = SessionContext(SystemClock(), print, lambda _: f"{key}\n", may_write or (lambda: None))
    own = {"url": server.url, "api_key": "${env:KEY}", **options}
    return registry.load("powerdns").open(Connection("dns", "powerdns", own), context)


def router_of(session: Session) -> TrafficRouter:
    found = session.capability("traffic")
    assert isinstance(found, TrafficRouter)
    return found


NAMES = {"names.stable": STABLE, "names.canary": CANARY}


def place(name: str = "app.lab.test.", zone: str = "lab.test.", kind: str = "A", **names: str) -> Place:
    parts = {"zone": zone, "name": name, "type": kind, **names}
    return Place("traffic", TargetId("production", name.split(".")[0]), Address("dns", parts))


APP = place(**NAMES)


@dataclass
class Harbour:
    """A server with the zone lab.test. and the record app in it, and the session on it, which may ask DNS, too."""

    server: PowerDNS
    session: Session

    @property
    def router(self) -> TrafficRouter:
        return router_of(self.session)

    def content(self) -> str:
        (found,) = self.server.contents("lab.test.", "app.lab.test.")
        return found

    async def seen(self, where: Place = APP) -> TrafficReading | Trouble:
        found = (await self.router.observe([where]))[where.subject]
        assert isinstance(found, TrafficReading | Trouble)
        return found

    async def trouble(self, where: Place = APP) -> Trouble:
        found = await self.seen(where)
        assert isinstance(found, Trouble), found
        return found

    async def step(self, where: Place = APP, **shares: float) -> Step:
        survey = await self.router.survey_traffic(where.address)
        outline = plan_shift(Shift(where.target, shares), [Router(where, survey)])
        assert not isinstance(outline, Refusal), outline
        (step,) = outline.steps
        return step

    async def shift(self, where: Place = APP, **shares: float) -> None:
        step = await self.step(where, **shares)
        await self.router.send(step)
        assert (await self.router.settle(step)).state == "done"
