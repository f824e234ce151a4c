"""A new build on its way into a slot: Kudu's zip deployment, ARM's onedeploy, and their status."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable

import httpx
import pytest
from azure.mgmt.web.aio import WebSiteManagementClient

from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.world import World

KUDU = "/scm/checkout/slots/staging/api"


def package(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", "print('hello')")
        for name, text in files.items():
            archive.writestr(name.replace("_json", ".json"), text)
    return buffer.getvalue()


async def test_a_zip_puts_its_build_into_the_slot(arm: httpx.AsyncClient, world: World, checkout: Site) -> None:
    build = json.dumps({"version": "3.0", "error_rate": 0.5})
    answer = await arm.post(f"{KUDU}/zipdeploy", params={"isAsync": "true"}, content=package(build_json=build))
    assert answer.status_code == 202
    assert (await arm.get(answer.headers["Location"])).status_code == 202
    assert checkout.slots["staging"].content.build.version == "2.0"
    world.advance(5)
    done = await arm.get(answer.headers["Location"])
    assert (done.status_code, done.json()["status"], done.json()["complete"]) == (200, 4, True)
    assert checkout.slots["staging"].content.build.version == "3.0"
    assert checkout.slots["staging"].content.build.error_rate == 0.5
    assert checkout.production.content.build.version == "1.0"


async def test_a_version_file_is_enough_and_known_builds_keep_their_behaviour(
    arm: httpx.AsyncClient, world: World, checkout: Site
) -> None:
    await arm.post(f"{KUDU}/publish", content=package(VERSION="silent\n"))
    world.advance(5)
    assert checkout.slots["staging"].content.build.answers_ping is False


async def test_what_is_no_zip_is_refused(arm: httpx.AsyncClient, checkout: Site) -> None:
    answer = await arm.post(f"{KUDU}/zipdeploy", content=b"not a zip")
    assert answer.status_code == 400
    assert len(checkout.slots["staging"].content.deployments) == 1


async def test_kudu_asks_for_a_token(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post(f"{KUDU}/zipdeploy", content=package())
    assert answer.status_code == 401


async def test_onedeploy_and_its_status(
    arm: httpx.AsyncClient, world: World, site_path: Callable[..., str], checkout: Site
) -> None:
    body = {"properties": {"packageUri": "https://artifacts.example/checkout/4.1.zip?sig=x", "type": "zip"}}
    answer = await arm.put(site_path("slots", "staging", "extensions", "onedeploy"), json=body)
    status_path = site_path("slots", "staging", "deploymentStatus", answer.json()["name"])

    async def status() -> tuple[int, str]:
        got = await arm.get(status_path)
        return got.status_code, got.json()["properties"]["status"]

    assert await status() == (202, "BuildInProgress")
    world.advance(5)
    assert await status() == (202, "RuntimeStarting")
    world.advance(10)
    assert await status() == (200, "RuntimeSuccessful")
    assert checkout.slots["staging"].content.build.version == "4.1"


async def test_a_build_that_does_not_start_fails_its_deployment(
    arm: httpx.AsyncClient, world: World, site_path: Callable[..., str]
) -> None:
    body = {"properties": {"packageUri": "https://artifacts.example/unstartable.zip"}}
    answer = await arm.put(site_path("extensions", "onedeploy"), json=body)
    world.advance(1000)
    got = await arm.get(site_path("deploymentStatus", answer.json()["name"]))
    assert (got.status_code, got.json()["properties"]["status"]) == (200, "RuntimeFailed")


async def test_the_list_of_deployments_moves_with_the_content(
    arm: httpx.AsyncClient, world: World, site_path: Callable[..., str], checkout: Site
) -> None:
    async def messages(*slot: str) -> list[str]:
        rows = (await arm.get(site_path(*slot, "deployments"))).json()["value"]
        return [row["properties"]["message"] for row in rows if row["properties"]["active"]]

    assert await messages() == ["Deploy 1.0"]
    world.swaps.begin(checkout, checkout.slots["staging"], checkout.production)
    world.advance(1000)
    assert await messages() == ["Deploy 2.0"]
    assert await messages("slots", "staging") == ["Deploy 1.0"]


async def test_another_image_is_another_build(
    arm: httpx.AsyncClient, world: World, site_path: Callable[..., str], checkout: Site
) -> None:
    checkout.linux = True
    body = {"properties": {"linuxFxVersion": "DOCKER|registry.example/checkout:2.0"}}
    await arm.patch(site_path("slots", "staging", "config", "web"), json=body)
    build = checkout.slots["staging"].content.build
    assert (build.version, build.image, build.error_rate) == ("2.0", "registry.example/checkout:2.0", 0.2)


async def test_microsofts_sdk_follows_a_deployment_to_its_end(
    web: WebSiteManagementClient, world: World, checkout: Site
) -> None:
    deployment = world.lifecycle.deploy(checkout, checkout.production, world.sites.builds.of_version("3.0"))
    poller = await web.web_apps.begin_get_production_site_deployment_status("Shop", "checkout", deployment.id)
    ended = asyncio.ensure_future(poller.result())
    world.advance(1000)
    status = await ended
    assert status.properties
    assert status.properties.status == "RuntimeSuccessful"


@pytest.mark.parametrize("slot", [(), ("slots", "staging")])
async def test_passwords_are_not_allowed_so_clients_deploy_with_a_token(
    arm: httpx.AsyncClient, site_path: Callable[..., str], slot: tuple[str, ...]
) -> None:
    policies = site_path(*slot, "basicPublishingCredentialsPolicies")
    for way in ("ftp", "scm"):
        policy = (await arm.get(f"{policies}/{way}")).json()
        assert (policy["name"], policy["properties"]["allow"]) == (way, False)
    assert [one["name"] for one in (await arm.get(policies)).json()["value"]] == ["ftp", "scm"]
    assert (await arm.get(f"{policies}/telnet")).status_code == 404
