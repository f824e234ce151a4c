"""The App Configuration store as ARM lists it, for clients that know only its name."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from azure.appconfiguration.aio import AzureAppConfigurationClient

from quarterdeck.sandbox.assembly import Running
from quarterdeck.sandbox.world.world import World

STORES = "/providers/Microsoft.AppConfiguration/configurationStores"


@pytest.fixture
async def store(arm: httpx.AsyncClient, world: World) -> dict[str, Any]:
    """The one that is listed."""
    (found,) = (await arm.get(f"/subscriptions/{world.subscription}{STORES}")).json()["value"]
    store: dict[str, Any] = found
    return store


async def test_a_client_that_knows_the_name_finds_endpoint_and_keys(
    arm: httpx.AsyncClient, sandbox: Running, store: dict[str, Any]
) -> None:
    assert (store["name"], store["properties"]["endpoint"]) == ("sandbox", sandbox.url)
    assert (await arm.get(store["id"])).json() == store
    group = store["id"].partition("/providers/")[0]
    assert (await arm.get(group + STORES)).json()["value"] == [store]
    (key,) = (await arm.post(f"{store['id']}/listKeys")).json()["value"]
    async with AzureAppConfigurationClient.from_connection_string(key["connectionString"]) as client:
        assert [item async for item in client.list_configuration_settings()] == []


async def test_there_is_no_other_store(arm: httpx.AsyncClient, world: World, store: dict[str, Any]) -> None:
    assert (await arm.get(store["id"] + "x")).status_code == 404
    elsewhere = f"/subscriptions/{world.subscription}/resourceGroups/Shop{STORES}"
    assert (await arm.get(elsewhere)).json()["value"] == []
    assert (await arm.get(f"{elsewhere}/sandbox")).status_code == 404


async def test_readers_see_the_store_but_not_its_keys(
    arm: httpx.AsyncClient, world: World, store: dict[str, Any]
) -> None:
    world.authorization.assign("*", f"/subscriptions/{world.subscription}", "reader")
    assert (await arm.get(store["id"])).status_code == 200
    assert (await arm.post(f"{store['id']}/listKeys")).status_code == 403
