"""App Service plans, which clients look at before they create sites and slots."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from quarterdeck.sandbox.world.world import World


async def test_a_plan_is_found_where_its_site_says_it_is(arm: httpx.AsyncClient, world: World) -> None:
    base = f"/subscriptions/{world.subscription}"
    site = (await arm.get(f"{base}/resourceGroups/Shop/providers/Microsoft.Web/sites/checkout")).json()
    plan = (await arm.get(site["properties"]["serverFarmId"])).json()
    assert plan["id"] == site["properties"]["serverFarmId"]
    assert (plan["sku"]["tier"], plan["properties"]["numberOfSites"]) == ("Standard", 2)
    for scope in (base, f"{base}/resourceGroups/shop"):
        listed = (await arm.get(f"{scope}/providers/Microsoft.Web/serverfarms")).json()
        assert listed["value"] == [plan]
    empty = await arm.get(f"{base}/resourceGroups/empty/providers/Microsoft.Web/serverfarms")
    assert empty.json()["value"] == []
    gone = await arm.get(f"{base}/resourceGroups/Shop/providers/Microsoft.Web/serverfarms/none")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "ResourceNotFound")


async def test_who_may_not_read_a_site_does_not_see_its_plan(arm: httpx.AsyncClient, world: World) -> None:
    world.authorization.assign("*", "", "none")
    world.authorization.assign("*", f"/subscriptions/{world.subscription}/providers", "reader")
    answer = await arm.get(f"/subscriptions/{world.subscription}/providers/Microsoft.Web/serverfarms")
    assert (answer.status_code, answer.json()["value"]) == (200, [])


@pytest.mark.parametrize(("name", "free"), [("Checkout", False), ("new", True)])
async def test_names_of_sites_can_be_checked(arm: httpx.AsyncClient, world: World, name: str, free: bool) -> None:
    path = f"/subscriptions/{world.subscription}/providers/Microsoft.Web/checknameavailability"
    answer = await arm.post(path, json={"name": name, "type": "Site"})
    assert (answer.json()["nameAvailable"], bool(answer.json()["reason"])) == (free, not free)


@pytest.mark.parametrize("body", [{}, [], {"name": 5}])
async def test_a_check_without_a_name_is_refused(arm: httpx.AsyncClient, world: World, body: Any) -> None:
    path = f"/subscriptions/{world.subscription}/providers/Microsoft.Web/checknameavailability"
    assert (await arm.post(path, json=body)).status_code == 400
