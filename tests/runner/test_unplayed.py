"""A sandbox that doesn't play a system costs the rows of that system only, and sends it nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from tests.runner.timepiece import ManualClock

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Fleet, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError, SessionContext
from quarterdeck.runner.configuration import sandboxed
from quarterdeck.runner.sessions import Sessions
from quarterdeck.runner.unplayed import UNPLAYED, provider_in_sandbox

SANDBOX: dict[str, Any] = {
    "arm": "https://127.0.0.1:9",
    "authority": "https://127.0.0.1:9",
    "tenant": "t",
    "subscription": "s",
    "ca_file": "",
    "metrics": "https://127.0.0.1:9",
    "github": {"url": "https://127.0.0.1:9", "token": "t"},
    "azure_devops": {"url": "https://127.0.0.1:9", "token": "t"},
    "app_configuration": {"endpoint": "https://127.0.0.1:9"},
}
"""What a sandbox announces that plays all it can."""


def plays(provider: str) -> bool:
    try:
        registry.load(provider).sandboxed(Connection("c", provider, {}), SANDBOX)
    except ProviderError:
        return False
    return True


UNPLAYED_ONES = [name for one in registry.installed() for name in one.serves if not plays(name)]


@pytest.fixture
def theirs() -> Iterator[socket.socket]:
    """Where a real system would listen."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture
def real(theirs: socket.socket) -> dict[str, str]:
    """Options that lead to it, whatever a provider calls them."""
    at = f"127.0.0.1:{theirs.getsockname()[1]}"
    named = dict.fromkeys(("url", "endpoint_url", "endpoint"), f"http://{at}")
    secret = dict.fromkeys(("token", "api_key", "password", "client_secret"), "${env:THEIRS}")
    return {**named, **secret, "user": "ben", "socket": json.dumps([at]), "region": "eu-west-1"}


def fleet(*connections: Connection, watched: tuple[str, ...] = ()) -> Fleet:
    places = tuple(Place("traffic", TargetId("production", name), Address(name, {})) for name in watched)
    return Fleet("shop", places=places, connections=connections)


METRICS = Connection("metrics", "prometheus", {"url": "http://127.0.0.1:1"})


def test_there_are_such_systems() -> None:
    assert {"haproxy", "jenkins", "aws.alb", "kubernetes", "unleash"} <= set(UNPLAYED_ONES)


@pytest.mark.parametrize("provider", UNPLAYED_ONES)
async def test_a_connection_that_no_sandbox_plays_says_so_and_sends_nothing(
    provider: str,
    real: dict[str, str],
    theirs: socket.socket,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THEIRS", "s3cret")
    played = sandboxed(fleet(Connection("ours", provider, real), METRICS), SANDBOX)
    text = json.dumps(to_json(played))
    assert [word for word in {*real.values(), str(theirs.getsockname()[1])} if word in text] == []

    sessions = Sessions(played, provider_in_sandbox, clock)
    for _ in range(2):
        with pytest.raises(ProviderError, match=r"the sandbox (has|serves|plays) no") as caught:
            await sessions.open("ours")
        assert caught.value.trouble.hint
    with pytest.raises(ProviderError, match="the sandbox"):
        sessions.capability("ours", "traffic")
    with pytest.raises(ProviderError, match="the sandbox"):
        sessions.gates("ours")
    await sessions.open("metrics")
    await sessions.close()
    with pytest.raises(BlockingIOError):
        theirs.accept()


def test_whoever_looks_for_its_provider_among_the_installed_ones_finds_none(real: dict[str, str]) -> None:
    played = sandboxed(fleet(Connection("alb", "aws.alb", real), METRICS), SANDBOX).connections[0]
    assert played.provider == UNPLAYED
    with pytest.raises(ProviderError, match="no provider"):
        registry.load(played.provider)
    assert registry.schemas(UNPLAYED) is None


@pytest.mark.parametrize("watched", [(), ("balancers",), ("balancers", "jenkins")])
def test_a_fleet_of_which_nothing_would_be_seen_is_refused(real: dict[str, str], watched: tuple[str, ...]) -> None:
    """Evidence alone is nothing to watch."""
    unplayed = (Connection("balancers", "haproxy", real), Connection("jenkins", "jenkins", real))
    connections = (*unplayed, METRICS) if watched else unplayed
    with pytest.raises(ProviderError, match="no HAProxy"):
        sandboxed(fleet(*connections, watched=watched), SANDBOX)


def test_a_provider_that_fails_at_being_pointed_at_a_sandbox_costs_its_own_rows(
    real: dict[str, str], clock: ManualClock
) -> None:
    nothing_of_azure = {"metrics": SANDBOX["metrics"]}
    played = sandboxed(fleet(Connection("azure", "azure", real), METRICS), nothing_of_azure).connections[0]
    with pytest.raises(ProviderError, match="the provider azure can't be pointed at the sandbox: KeyError"):
        provider_in_sandbox(played.provider).open(played, SessionContext(clock, print, str))
    assert [word for word in real.values() if word in str(played)] == []
