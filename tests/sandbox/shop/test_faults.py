"""Bad days on the wire: what the client sees, and what happened all the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from azure.mgmt.web.aio import WebSiteManagementClient

from quarterdeck.sandbox.assembly import Running, running
from quarterdeck.sandbox.faults import Fault, Faults
from quarterdeck.sandbox.world.world import World

ENTITY = {"targetSlot": "production", "preserveVnet": True}


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[Running]:
    """The world in plain HTTP; what faults make of its answers need not satisfy any specification."""
    async with running(world) as listening:
        yield listening


@pytest.fixture
def swap_path(site_path: Callable[..., str]) -> str:
    return site_path("slots", "staging", "slotsswap")


def add(sandbox: Running, **fault: object) -> None:
    sandbox.sandbox.faults.add(fault)


@pytest.mark.parametrize(("happens", "swaps"), [(True, 1), (False, 0)])
async def test_a_504_says_nothing_about_the_effect(
    sandbox: Running, arm: httpx.AsyncClient, swap_path: str, world: World, happens: bool, swaps: int
) -> None:
    add(sandbox, kind="status", status=504, path="slotsswap", happens=happens)
    assert (await arm.post(swap_path, json=ENTITY)).status_code == 504
    assert len(world.log.of("swap.started")) == swaps


@pytest.mark.parametrize(("happens", "swaps"), [(True, 1), (False, 0)])
async def test_a_dropped_connection_says_nothing_about_the_effect(
    sandbox: Running, arm: httpx.AsyncClient, swap_path: str, world: World, happens: bool, swaps: int
) -> None:
    add(sandbox, kind="drop", method="POST", happens=happens)
    with pytest.raises(httpx.TransportError):
        await arm.post(swap_path, json=ENTITY)
    assert len(world.log.of("swap.started")) == swaps


async def test_throttling_on_purpose(sandbox: Running, arm: httpx.AsyncClient) -> None:
    add(sandbox, kind="status", status=429, retry_after=7, count=1)
    answer = await arm.get("/subscriptions")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert (await arm.get("/subscriptions")).status_code == 200


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


async def test_garbage_html_and_redirects_in_place_of_json(sandbox: Running, arm: httpx.AsyncClient) -> None:
    for kind in ("garbage", "html", "redirect", "challenge"):
        add(sandbox, kind=kind, count=1)
    garbage, html, redirect, challenge = [await arm.get("/subscriptions") for _ in range(4)]
    assert garbage.headers["content-type"] == "application/json"
    assert not _is_json(garbage.content)
    assert "Sign in" in html.text
    assert (redirect.status_code, redirect.headers["Location"]) == (302, f"{sandbox.url}/login")
    assert 'error="insufficient_claims"' in challenge.headers["www-authenticate"]


async def test_half_a_body(sandbox: Running, arm: httpx.AsyncClient) -> None:
    add(sandbox, kind="half")
    with pytest.raises(httpx.RemoteProtocolError):
        await arm.get("/subscriptions")


async def test_a_slow_answer_is_the_true_one(sandbox: Running, arm: httpx.AsyncClient) -> None:
    add(sandbox, kind="latency", seconds=0.05)
    answer = await arm.get("/subscriptions")
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.05


async def test_a_request_can_hang_for_longer_than_its_client_waits(sandbox: Running, arm: httpx.AsyncClient) -> None:
    add(sandbox, kind="hang", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        await arm.get("/subscriptions", timeout=0.05)


async def test_a_rule_can_let_some_pass_and_strike_some(sandbox: Running, arm: httpx.AsyncClient) -> None:
    add(sandbox, kind="status", status=500, skip=1, count=2)
    assert [(await arm.get("/subscriptions")).status_code for _ in range(5)] == [200, 500, 500, 200, 200]


async def test_a_rule_can_be_on_a_schedule(sandbox: Running, arm: httpx.AsyncClient, world: World) -> None:
    add(sandbox, kind="status", status=503, start=10, stop=20)
    statuses = []
    for _ in range(3):
        statuses.append((await arm.get("/subscriptions")).status_code)
        world.advance(10)
    assert statuses == [200, 503, 200]


async def test_chance_is_the_worlds_own_and_repeats(sandbox: Running, arm: httpx.AsyncClient, world: World) -> None:
    add(sandbox, kind="status", status=503, probability=0.5)
    first = [(await arm.get("/subscriptions")).status_code for _ in range(20)]
    sandbox.sandbox.reset()
    add(sandbox, kind="status", status=503, probability=0.5)
    assert [(await arm.get("/subscriptions")).status_code for _ in range(20)] == first
    assert set(first) == {200, 503}


async def test_rules_can_be_about_one_plane_and_never_about_control(
    sandbox: Running, arm: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    add(sandbox, kind="drop", plane="identity")
    add(sandbox, kind="drop", path="control")
    assert (await arm.get("/subscriptions")).status_code == 200
    assert (await anonymous.get("/control/state")).status_code == 200
    with pytest.raises(httpx.TransportError):
        await anonymous.get("/metadata/endpoints")


async def test_the_request_log_tells_which_fault_struck(sandbox: Running, arm: httpx.AsyncClient) -> None:
    add(sandbox, kind="drop", name="cable cut", count=1)
    with pytest.raises(httpx.TransportError):
        await arm.get("/subscriptions")
    last = list(sandbox.sandbox.requests)[-1]
    assert (last["fault"], last["status"]) == ("cable cut", None)


async def test_a_challenge_is_answered_by_the_sdk_with_a_new_token(
    secure: Running, web: WebSiteManagementClient
) -> None:
    secure.sandbox.faults.add({"kind": "challenge", "plane": "arm", "count": 1})
    site = await web.web_apps.get("Shop", "checkout")
    assert site.name == "checkout"
    asked = [entry["path"] for entry in secure.sandbox.requests]
    assert sum(path.endswith("/oauth2/v2.0/token") for path in asked) == 2


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"kind": "earthquake"}, "earthquake"),
        ({"kind": "drop", "colour": "red"}, "colour"),
        ({"kind": "drop", "path": "("}, "regular expression"),
        ({}, "None"),
        ({"kind": "status", "status": "503"}, "status is of type int"),
        ({"kind": "status", "status": 42}, "from 200 to 599"),
        ({"kind": "drop", "count": 1.5}, "count"),
        ({"kind": "drop", "count": True}, "count"),
        ({"kind": "drop", "probability": "often"}, "probability is of type float"),
        ({"kind": "drop", "seconds": float("nan")}, "seconds"),
        ({"kind": "drop", "path": 5}, "path is of type str"),
        ({"kind": "drop", "plane": "astral"}, "astral"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_name(document: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Fault.from_json(document)


def test_a_swap_fault_needs_a_phase(world: World) -> None:
    with pytest.raises(ValueError, match="phase from 1 to 6"):
        Faults(world).add({"kind": "swap_fails", "phase": 9})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"site": 5}, "site is of type str"),
        ({"site": "("}, "regular expression"),
        ({"kind": "swap_sings"}, "swap_sings"),
    ],
)
def test_a_swap_fault_that_makes_no_sense_is_refused_by_name(world: World, wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Faults(world).add({"kind": "swap_fails", "phase": 2, **wrong})
