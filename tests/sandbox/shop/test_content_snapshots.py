"""Going back to an earlier content of a slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from azure.mgmt.web.aio import WebSiteManagementClient
from azure.mgmt.web.models import SnapshotRestoreRequest, SnapshotRestoreRequestProperties

from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.world import World


async def test_restoring_a_snapshot_puts_its_build_back(
    arm: httpx.AsyncClient, site_path: Callable[..., str], world: World, checkout: Site
) -> None:
    staging = checkout.slots["staging"]
    world.lifecycle.deploy(checkout, staging, world.sites.builds.of_version("1.0"))
    world.advance(60)
    newest, first = (await arm.get(site_path("slots", "staging", "snapshots"))).json()["value"]
    assert newest["properties"]["time"] > first["properties"]["time"]
    wanted = {"properties": {"snapshotTime": first["properties"]["time"], "overwrite": True}}
    answer = await arm.post(site_path("slots", "staging", "restoreSnapshot"), json=wanted)
    assert (answer.status_code, answer.content) == (202, b"")
    assert (await arm.get(answer.headers["Location"])).status_code == 202
    assert staging.content.build.version == "1.0"
    world.advance(60)
    assert (await arm.get(answer.headers["Location"])).status_code == 200
    assert staging.content.build.version == "2.0"
    assert checkout.production.content.build.version == "1.0"


async def test_the_sdk_finds_and_restores_one(web: WebSiteManagementClient, checkout: Site, world: World) -> None:
    (snapshot,) = [one async for one in web.web_apps.list_snapshots_slot("Shop", "checkout", "staging")]
    assert snapshot.properties
    assert snapshot.properties.time
    asked = SnapshotRestoreRequest(
        properties=SnapshotRestoreRequestProperties(overwrite=True, snapshot_time=snapshot.properties.time)
    )
    await web.web_apps.begin_restore_snapshot_slot("Shop", "checkout", "staging", asked)
    assert [one.deployer for one in checkout.slots["staging"].content.deployments][-1] == "Snapshot"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"snapshotTime": "yesterday"}, 400),
        ({"overwrite": False}, 400),
        ({"recoverySource": {"id": "/subscriptions/x/other"}}, 400),
        ({"snapshotTime": "2001-01-01T00:00:00Z"}, 404),
    ],
)
async def test_what_cannot_be_restored_is_refused_and_nothing_is_deployed(
    arm: httpx.AsyncClient, site_path: Callable[..., str], checkout: Site, wrong: dict[str, Any], status: int
) -> None:
    wanted = {"snapshotTime": "2099-01-01T00:00:00Z", "overwrite": True, **wrong}
    answer = await arm.post(site_path("restoreSnapshot"), json={"properties": wanted})
    assert (answer.status_code, "Message" in answer.json()) == (status, True)
    assert len(checkout.production.content.deployments) == 1
