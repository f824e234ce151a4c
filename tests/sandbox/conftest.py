from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from azure.appconfiguration.aio import AzureAppConfigurationClient
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.resourcegraph.aio import ResourceGraphClient
from azure.mgmt.trafficmanager.aio import TrafficManagerManagementClient
from tests.sandbox.exchanges import Recorder

from quarterdeck.sandbox.assembly import Running, Sandbox, running
from quarterdeck.sandbox.tokens import principal_of
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.world import World

START = 1_790_000_000.0
SITES: dict[str, Any] = {
    "groups": [{"name": "shop", "location": "westeurope"}, {"name": "web", "location": "northeurope"}],
    "builds": [
        {"version": "1.0", "error_rate": 0.0},
        {"version": "2.0-bad", "error_rate": 0.9},
    ],
    "sites": [
        {
            "group": "shop",
            "name": f"checkout-{region}",
            "location": location,
            "slots": {"production": {"build": "1.0"}, "staging": {"build": "2.0-bad"}},
        }
        for region, location in (("weu", "West Europe"), ("neu", "North Europe"))
    ],
}


class NoHttpsCheck(SansIOHTTPPolicy[Any, Any]):
    """Lets the stock bearer policy work over plain loopback HTTP."""

    def on_request(self, request: Any) -> None:
        request.context.options["enforce_https"] = False


class Credential:
    """Hands out a token of the sandbox's."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Credential:
        return self

    async def __aexit__(self, *details: object) -> None: ...


class Harbour:
    """A running sandbox with Microsoft's clients for it.

    `recorder.exchanges` holds every request and answer that a published specification covers. The clients are typed
    Any: in their models everything is optional.
    """

    def __init__(self, running: Running, stack: AsyncExitStack, recorder: Recorder) -> None:
        self.running = running
        self.url = running.url
        self.world = running.world
        self.recorder = recorder
        self._stack = stack

    def token(self, who: str = "ana@contoso.example") -> str:
        """A bearer token."""
        return self.running.sandbox.tokens.issue(principal_of(who, person=True), self.url, self.url)

    async def traffic_manager(self, **options: Any) -> Any:
        """Traffic Manager's client."""
        return await self._stack.enter_async_context(
            TrafficManagerManagementClient(Credential(self.token()), self.world.subscription, **self._arm(), **options)
        )

    async def resource_graph(self, who: str = "ana@contoso.example") -> Any:
        """Resource Graph's client."""
        return await self._stack.enter_async_context(ResourceGraphClient(Credential(self.token(who)), **self._arm()))

    async def configuration(self, **options: Any) -> Any:
        """App Configuration's client, signing with the store's key."""
        return await self._stack.enter_async_context(
            AzureAppConfigurationClient.from_connection_string(
                self.world.configuration.connection_string(self.url), retry_total=0, **options
            )
        )

    async def configuration_by_token(self, token: str) -> Any:
        """App Configuration's client with a bearer token; its calls need `enforce_https=False`."""
        return await self._stack.enter_async_context(
            AzureAppConfigurationClient(
                self.url,
                Credential(token),
                credential_scopes=["https://sandbox/.default"],
                retry_total=0,
            )
        )

    def _arm(self) -> dict[str, Any]:
        return {
            "base_url": self.url,
            "credential_scopes": ["https://sandbox/.default"],
            "per_call_policies": [NoHttpsCheck()],
            "retry_total": 0,
        }


def answer_of(caught: pytest.ExceptionInfo[HttpResponseError]) -> Any:
    """The HTTP answer behind an SDK's exception."""
    return caught.value.response


Start = Callable[..., Awaitable[Harbour]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts sandboxes with stepped clocks; at the end every exchange must have satisfied its specification."""
    recorders: list[Recorder] = []
    async with AsyncExitStack() as stack:

        async def begin(document: dict[str, Any] | None = None) -> Harbour:
            sandbox = Sandbox(World(WorldClock(START, speed=0), document or SITES, seed=1))
            recorder = Recorder(sandbox.application)
            recorders.append(recorder)
            served = await stack.enter_async_context(running(sandbox))
            return Harbour(served, stack, recorder)

        yield begin
    violations = [line for recorder in recorders for line in recorder.violations()]
    assert not violations, "\n".join(violations)


@pytest.fixture
async def harbour(start: Start) -> Harbour:
    """A running sandbox with two sites of two slots each."""
    return await start()
