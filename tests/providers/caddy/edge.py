"""A real Caddy with backends that say their names behind it, and sessions of ours on it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.providers.haproxy.balancer import Backends
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

needs_caddy = needs("caddyserver")

CHECKOUT = TargetId("production", "checkout")

Config = dict[str, Any]


class Caddy:
    """One Caddy with its admin endpoint on loopback; its front is a socket."""

    def __init__(self, folder: Path, admin: Config | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.front = folder / "front.sock"
        self.admin = {"listen": f"127.0.0.1:{self.port}", **(admin or {})}
        self.file = folder / "caddy.json"
        folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"admin": self.admin}))
        command = [str(program("caddyserver")), "run", "--config", str(self.file)]
        self._resuming = [*command, "--resume"]
        self.server = Server(command, cwd=folder, ready=lambda: answers(self.port))

    def restart(self) -> None:
        """End it, and start it with its file."""
        self.server.stop()
        self.server.start()

    def resume(self) -> None:
        """End it, and start it with what it kept itself."""
        self.server.stop()
        self.server.command = self._resuming
        self.server.start()

    def ask(self, method: str, path: str, document: Any = None, **headers: str) -> tuple[int, Any]:
        """As somebody at a shell does: status and JSON (or text)."""
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, {"Content-Type": "application/json", **headers})
        request.method = method
        try:
            with urllib.request.urlopen(request) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body.decode()

    def load(self, *handlers: Config, admin: Config | None = None) -> None:
        """As `caddy reload` with another file: a route for each handler, for requests to the host of its `@id`."""
        routes = [{"match": [{"host": [one.get("@id", "none")]}], "handle": [one]} for one in handlers]
        site = {"listen": [f"unix/{self.front}"], "automatic_https": {"disable": True}, "routes": routes}
        config = {"admin": {**self.admin, **(admin or {})}, "apps": {"http": {"servers": {"srv0": site}}}}
        self.file.write_text(json.dumps(config))
        status, said = self.ask("POST", "/load", config)
        assert status == 200, said

    def weights(self, name: str = "app") -> Any:
        return self.ask("GET", f"/id/{name}/load_balancing/selection_policy/weights")[1]

    def set_weights(self, weights: list[Any], name: str = "app") -> int:
        """As a colleague without a cockpit does; the status."""
        return self.ask("PATCH", f"/id/{name}/load_balancing/selection_policy/weights", weights)[0]


def handler(behind: Backends, weights: list[int], name: str = "app", **more: Any) -> Config:
    """A reverse proxy over the backends in their order."""
    policy = {"policy": "weighted_round_robin", "weights": weights}
    dials = [{"dial": f"127.0.0.1:{port}"} for port in behind.ports.values()]
    found = {"@id": name, "handler": "reverse_proxy", "upstreams": dials}
    return {**found, "load_balancing": {"selection_policy": policy}, **more}


def open_session(may_write: Any = None, **options: str) -> Session:
    """A session as the runner opens it."""
    context = SessionContext(SystemClock(), print, lambda _: "", may_write or (lambda: None))
    return registry.load("caddy").open(Connection("edge", "caddy", options), context)


def router_of(session: Session) -> TrafficRouter:
    found = session.capability("traffic")
    assert isinstance(found, TrafficRouter)
    return found


@dataclass
class Quay:
    """A Caddy in front of `stable` and `canary`, as this fleet's configuration names them."""

    caddy: Caddy
    behind: Backends
    session: Session

    @property
    def router(self) -> TrafficRouter:
        return router_of(self.session)

    def place(self, name: str = "app", **parts: str) -> Place:
        names = {f"names.{called}": f"127.0.0.1:{port}" for called, port in self.behind.ports.items()}
        return Place("traffic", TargetId("production", name), Address("edge", {**(parts or {"id": name}), **names}))

    async def seen(self, place: Place | None = None) -> TrafficReading | Trouble:
        place = place or self.place()
        found = (await self.router.observe([place]))[place.subject]
        assert isinstance(found, TrafficReading | Trouble)
        return found

    async def reading(self, place: Place | None = None) -> TrafficReading:
        found = await self.seen(place)
        assert isinstance(found, TrafficReading), found
        return found

    async def trouble(self, place: Place | None = None) -> Trouble:
        found = await self.seen(place)
        assert isinstance(found, Trouble), found
        return found

    async def step(self, place: Place | None = None, **shares: float) -> Step:
        place = place or self.place()
        survey = await self.router.survey_traffic(place.address)
        outline = plan_shift(Shift(place.target, shares), [Router(place, survey)])
        assert not isinstance(outline, Refusal), outline
        (step,) = outline.steps
        return step

    async def shift(self, place: Place | None = None, **shares: float) -> None:
        step = await self.step(place, **shares)
        await self.router.send(step)
        assert (await self.router.settle(step)).state == "done"
