"""A small stepped world, served over real HTTP on loopback.

Every exchange that a published specification covers is checked against it when a test ends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from azure.identity.aio import ClientSecretCredential
from azure.mgmt.web.aio import WebSiteManagementClient
from tests.sandbox.exchanges import Recorder

from quarterdeck.sandbox.assembly import Running, Sandbox, running
from quarterdeck.sandbox.tokens import principal_of
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.world import World

API_VERSION = "2025-05-01"
START = 1_800_000_000.0


def shop() -> dict[str, Any]:
    """One Windows site with a staging slot, sticky settings, and users."""
    return {
        "physics": {"apply": 1, "restart": 3, "ping": 1, "deploy": 5},
        "builds": [
            {"version": "1.0", "error_rate": 0.01, "warm_up": 2},
            {"version": "2.0", "error_rate": 0.2, "warm_up": 4, "latency_ms": 500},
            {"version": "unstartable", "starts": False},
            {"version": "silent", "answers_ping": False},
        ],
        "groups": [{"name": "Shop", "location": "westeurope"}, {"name": "empty", "location": "eastus"}],
        "sites": [
            {
                "group": "Shop",
                "name": "checkout",
                "location": "westeurope",
                "rate": 10,
                "sticky": {"app_settings": ["s1"], "connection_strings": ["Orders"]},
                "slots": {
                    "production": {
                        "build": "1.0",
                        "app_settings": {"s1": "prod", "VERSION": "1.0"},
                        "connection_strings": {"Orders": {"value": "prod-db", "type": "SQLAzure"}},
                        "config": {"netFrameworkVersion": "v6.0", "alwaysOn": True},
                    },
                    "staging": {
                        "build": "2.0",
                        "app_settings": {"s1": "slot", "VERSION": "2.0"},
                        "connection_strings": {"Orders": {"value": "slot-db", "type": "SQLAzure"}},
                        "config": {"netFrameworkVersion": "v8.0"},
                    },
                },
            }
        ],
    }


@pytest.fixture
def document() -> dict[str, Any]:
    """What exists; a test may change it before it asks for `world`."""
    return shop()


@pytest.fixture
def world(document: dict[str, Any]) -> World:
    """A world whose time stands still until it is stepped."""
    return World(WorldClock(START, speed=0), document)


@pytest.fixture
def checkout(world: World) -> Site:
    found = world.sites.named("checkout")
    assert found
    return found


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[Running]:
    """The world, served in plain HTTP."""
    checked = Sandbox(world)
    recorder = Recorder(checked.application)
    async with running(checked) as listening:
        yield listening
    assert recorder.violations() == []


def bearer(sandbox: Running, name: str = "release-tool") -> dict[str, str]:
    """The header of somebody who is signed in."""
    token = sandbox.sandbox.tokens.issue(principal_of(name), sandbox.url, sandbox.url)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def anonymous(sandbox: Running) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client without a token."""
    async with httpx.AsyncClient(base_url=sandbox.url, timeout=10) as client:
        yield client


class ArmClient(httpx.AsyncClient):
    """Adds an api-version where an address has none; addresses that the service gave out stay as they are."""

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        if "api-version=" not in str(url):
            options["params"] = {"api-version": API_VERSION, **(options.get("params") or {})}
        return super().build_request(method, url, **options)


@pytest.fixture
async def arm(sandbox: Running) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that is signed in and sends an api-version."""
    async with ArmClient(base_url=sandbox.url, headers=bearer(sandbox), timeout=10) as client:
        yield client


@pytest.fixture
def site_path(world: World) -> Callable[..., str]:
    """The path of the site, or of something below it."""

    def path(*below: str, name: str = "checkout", group: str = "Shop") -> str:
        site = f"/subscriptions/{world.subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{name}"
        return "/".join([site, *below])

    return path


@pytest.fixture
async def secure(world: World) -> AsyncIterator[Running]:
    """The world, served in TLS."""
    checked = Sandbox(world)
    recorder = Recorder(checked.application)
    async with running(checked, tls=True) as listening:
        yield listening
    assert recorder.violations() == []


@pytest.fixture
async def web(secure: Running) -> AsyncIterator[WebSiteManagementClient]:
    """Microsoft's own client, signed in with Microsoft's own credential."""
    credential = ClientSecretCredential(
        secure.world.tenant,
        "release-tool",
        "any",
        authority=secure.url,
        disable_instance_discovery=True,
        connection_verify=str(secure.ca_file),
    )
    client = WebSiteManagementClient(
        credential,
        secure.world.subscription,
        base_url=secure.url,
        credential_scopes=[f"{secure.url}/.default"],
        connection_verify=str(secure.ca_file),
        polling_interval=0,
    )
    async with credential, client:
        yield client
