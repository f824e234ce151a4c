"""A real Unleash on a PostgreSQL of its own, and sessions of ours on it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
from tests.servers import Database, Server, free_port, needs, node_package, postgres, program, running

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.readings import FlagReading, FlagsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import FlagStore, ProviderError, Session, SessionContext
from quarterdeck.release.action import FlagChange
from quarterdeck.release.flag import plan_flag
from quarterdeck.release.plan import Refusal, Step

needs_unleash = needs("postgres", "node")

ADMIN, BACKEND = "*:*.of-an-admin-of-the-tests", "*:production.of-an-application"
REFERENCE = "${env:UNLEASH_TOKEN}"
PASSWORD = "Harbour.4711-lights"


def place(environment: str = "production", **parts: str) -> Place:
    address = Address("flags", {"environment": environment, "project": "default", "group_field": "ring", **parts})
    return Place("flags", TargetId(environment, "flags"), address)


@dataclass
class Unleash:
    """A server that answers. `tokens` are personal access tokens by user: `ana` edits flags, `rita` only sees them."""

    server: Server
    database: Database
    url: str
    browser: httpx.Client
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, document: Any = None, token: str = ADMIN) -> Any:
        """What Unleash answers to somebody else than us. Raises AssertionError with its words if it says no."""
        answer = self.browser.request(method, path, json=document, headers={"Authorization": token})
        assert answer.is_success, f"{answer.status_code}: {answer.text}"
        return answer.json() if answer.content else None

    def flag(self, *strategies: Mapping[str, Any], on: bool = False, **more: str) -> str:
        """A new flag with these strategies in production; its name, which no other test has."""
        name = f"flag-{secrets.token_hex(4)}"
        self.ask("POST", "/api/admin/projects/default/features", {"name": name, "type": "release", **more})
        for strategy in strategies:
            self.ask("POST", f"{path(name)}/strategies", strategy)
        if on:
            self.ask("POST", f"{path(name)}/on")
        return name

    def strategies(self, name: str) -> list[dict[str, Any]]:
        """As they are, without what only Unleash needs."""
        listed = self.ask("GET", f"/api/admin/projects/default/features/{name}")["environments"]
        return next(list(one["strategies"]) for one in listed if one["name"] == "production")

    def rollouts(self, name: str) -> list[str]:
        return [one["parameters"]["rollout"] for one in self.strategies(name)]

    def on(self, name: str) -> bool:
        return bool(self.ask("GET", path(name))["enabled"])

    def events(self, name: str, limit: int = 20) -> list[dict[str, Any]]:
        """What the event log holds of a flag, the oldest first."""
        said = self.ask("GET", f"/api/admin/search/events?feature=IS:{name}&limit={limit}")
        return list(reversed(said["events"]))

    def session(self, token: str | None = None, url: str | None = None, **options: str) -> Session:
        """As the runner opens it, for ana unless another token is given."""
        mine = self.tokens["ana"] if token is None else token

        def secret(reference: str) -> str:
            if reference != REFERENCE:
                raise ProviderError("misconfigured", f"nothing behind {reference}")
            return f"{mine}\n"

        connection = Connection("flags", "unleash", {"url": url or self.url, "token": REFERENCE, **options})
        return registry.load("unleash").open(connection, SessionContext(SystemClock(), print, secret))

    def store(self, token: str | None = None, url: str | None = None, **options: str) -> FlagStore:
        return cast(FlagStore, self.session(token, url, **options).capability("flags"))


def path(name: str, environment: str = "production") -> str:
    return f"/api/admin/projects/default/features/{name}/environments/{environment}"


def rollout(percent: int | str, *constraints: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A gradual rollout as people make one."""
    return {
        "name": "flexibleRollout",
        "parameters": {"rollout": str(percent), "stickiness": "default", "groupId": "harbour"},
        "constraints": list(constraints),
        **more,
    }


def ring(*groups: str, **more: Any) -> dict[str, Any]:
    return {"contextName": "ring", "operator": "IN", "values": list(groups), **more}


async def seen(store: FlagStore, name: str, of: Place | None = None) -> FlagReading:
    """As a round of watching reads it."""
    where = of or place()
    found = (await store.observe([where]))[where.subject]
    assert isinstance(found, FlagsReading), found
    return next(one for one in found.flags if one.name == name)


async def planned(store: FlagStore, name: str, of: Place | None = None, **change: Any) -> Step:
    """The one step of a change."""
    where = of or place()
    action = FlagChange(TargetId(where.target.environment, name, flag=True), **change)
    outline = plan_flag(action, where, await store.survey_flag(where.address, name, ""))
    assert not isinstance(outline, Refusal), outline
    (step,) = outline.steps
    return step


async def change(store: FlagStore, name: str, of: Place | None = None, **change: Any) -> Step:
    """Planned, sent, and read back."""
    step = await planned(store, name, of, **change)
    await store.send(step)
    settlement = await store.settle(step)
    assert settlement.state == "done", settlement
    return step


def healthy(browser: httpx.Client) -> bool:
    """Whether it says so itself: one that doesn't find its database ends with exit code 0."""
    try:
        return bool(browser.get("/health").json()["health"] == "GOOD")
    except (httpx.HTTPError, ValueError, KeyError):
        return False


def login(url: str, username: str, password: str) -> str:
    """A personal access token, as people make theirs."""
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as browser:
        signed_in = browser.post("/auth/simple/login", json={"username": username, "password": password})
        assert signed_in.is_success, signed_in.text
        made = browser.post(
            "/api/admin/user/tokens", json={"description": "tests", "expiresAt": "2099-01-01T00:00:00Z"}
        )
        return str(made.json()["secret"])


@contextmanager
def unleash(folder: Path) -> Iterator[Unleash]:
    """Up to the end of the block. Skips the test where it isn't installed."""
    package, node = node_package("unleash-server"), program("node")
    with postgres() as database:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        environment = {
            "DATABASE_URL": database.create("unleash"),
            "DATABASE_SSL": "false",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(port),
            "CHECK_VERSION": "false",
            "SEND_TELEMETRY": "false",
            "INIT_ADMIN_API_TOKENS": ADMIN,
            "INIT_BACKEND_API_TOKENS": BACKEND,
        }
        command = [node, package / "dist" / "server.js"]
        with (
            httpx.Client(base_url=url, timeout=30, trust_env=False) as browser,
            running(command, cwd=folder, env=environment, ready=lambda: healthy(browser), patience=60) as server,
        ):
            found = Unleash(server, database, url, browser)
            for username, role in (("ana", 2), ("rita", 3)):  # an editor, a viewer
                account = {"username": username, "password": PASSWORD, "rootRole": role, "sendEmail": False}
                found.ask("POST", "/api/admin/user-admin", account)
                found.tokens[username] = login(url, username, PASSWORD)
            yield found
