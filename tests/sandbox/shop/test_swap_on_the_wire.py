"""The exchange of a swap, held against the recording of the live service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from quarterdeck.sandbox.world.world import World

ENTITY = {"targetSlot": "production", "preserveVnet": True}


@pytest.fixture
def swap(arm: httpx.AsyncClient, site_path: Callable[..., str]) -> Callable[[], Any]:
    return lambda: arm.post(site_path("slots", "staging", "slotsswap"), json=ENTITY)


async def test_it_is_accepted_with_a_location_and_nothing_else(swap: Callable[[], Any]) -> None:
    answer = await swap()
    assert (answer.status_code, answer.content) == (202, b"")
    assert "/slots/staging/operationresults/" in answer.headers["Location"]
    assert "Retry-After" not in answer.headers
    assert "Azure-AsyncOperation" not in answer.headers
    assert len(answer.headers["Location"]) > 3000


async def test_each_poll_has_a_new_address_and_the_old_ones_stay_good(
    swap: Callable[[], Any], arm: httpx.AsyncClient, world: World
) -> None:
    first = (await swap()).headers["Location"]
    second = (await arm.get(first)).headers["Location"]
    third = (await arm.get(second)).headers["Location"]
    assert len({first, second, third}) == 3
    world.advance(1000)
    for location in (first, third):
        done = await arm.get(location)
        assert (done.status_code, done.json()["name"]) == (200, "checkout/staging")
        assert done.json()["properties"]["deploymentId"] == "checkout"


async def test_an_address_that_was_rebuilt_is_refused(swap: Callable[[], Any], arm: httpx.AsyncClient) -> None:
    location = (await swap()).headers["Location"]
    assert (await arm.get(location.partition("&t=")[0])).status_code == 403
    assert (await arm.get(location.replace("&t=6", "&t=7"))).status_code == 403


async def test_a_failed_swap_ends_in_app_services_own_envelope(
    swap: Callable[[], Any], arm: httpx.AsyncClient, world: World, sandbox: Any
) -> None:
    sandbox.sandbox.faults.add({"kind": "swap_fails", "phase": 2})
    location = (await swap()).headers["Location"]
    world.advance(1000)
    answer = await arm.get(location)
    assert answer.status_code == 400
    assert "could not be started" in answer.json()["Message"]


@pytest.mark.parametrize(
    "body",
    [{}, {"targetSlot": "production"}, {"preserveVnet": True}, {"targetSlot": "staging", "preserveVnet": True}, []],
)
async def test_a_wrong_entity_swaps_nothing(
    arm: httpx.AsyncClient, site_path: Callable[..., str], world: World, body: Any
) -> None:
    answer = await arm.post(site_path("slots", "staging", "slotsswap"), json=body)
    assert answer.status_code == 400
    assert not list(world.log)


async def test_an_unknown_target_is_not_found(arm: httpx.AsyncClient, site_path: Callable[..., str]) -> None:
    body = {"targetSlot": "nowhere", "preserveVnet": True}
    assert (await arm.post(site_path("slots", "staging", "slotsswap"), json=body)).status_code == 404


async def test_the_preview_is_synchronous_and_empty(arm: httpx.AsyncClient, site_path: Callable[..., str]) -> None:
    answer = await arm.post(site_path("slots", "staging", "applySlotConfig"), json=ENTITY)
    assert (answer.status_code, answer.content) == (200, b"")
    settings = (await arm.post(site_path("slots", "staging", "config", "appsettings", "list"))).json()
    assert settings["properties"]["s1"] == "prod"
    assert settings["type"] == "Microsoft.Web/sites/config"


async def test_authentication_forbids_the_preview(arm: httpx.AsyncClient, site_path: Callable[..., str]) -> None:
    on = {"properties": {"platform": {"enabled": True}}}
    await arm.put(site_path("config", "authsettingsV2"), json=on)
    answer = await arm.post(site_path("slots", "staging", "applySlotConfig"), json=ENTITY)
    assert (answer.status_code, answer.json()["Code"]) == (409, "Conflict")


async def test_a_whole_config_sent_back_is_refused_for_public_network_access(
    arm: httpx.AsyncClient, site_path: Callable[..., str]
) -> None:
    body = {"properties": {"publicNetworkAccess": "Enabled", "alwaysOn": True}}
    answer = await arm.patch(site_path("config", "web"), json=body)
    assert (answer.status_code, "PublicNetworkAccess" in answer.json()["Message"]) == (409, True)
