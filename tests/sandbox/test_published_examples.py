"""Microsoft's published Traffic Manager examples, sent as requests: the answers hold what was published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.sandbox.conftest import Harbour

EXAMPLES = Path(__file__).parent / "examples" / "trafficmanager"
PROFILE = (
    "/subscriptions/{subscription}/resourceGroups/shop/providers/Microsoft.Network/trafficmanagerprofiles/{profileName}"
)


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))


async def send(harbour: Harbour, method: str, parameters: dict[str, Any]) -> httpx.Response:
    path = PROFILE
    if "endpointName" in parameters:
        path += "/{endpointType}/{endpointName}"
    target = path.format(**parameters, subscription=harbour.world.subscription)
    async with httpx.AsyncClient() as client:
        return await client.request(
            method,
            f"{harbour.url}{target}?api-version={parameters['api-version']}",
            json=parameters.get("parameters"),
            headers={"Authorization": f"Bearer {harbour.token()}"},
        )


def is_within(published: Any, answer: Any) -> bool:
    """Whether an answer says all that was published; more is fine, ids and DNS zones are the sandbox's own."""
    if isinstance(published, dict):
        return isinstance(answer, dict) and all(
            name in ("id", "fqdn") or (name in answer and is_within(value, answer[name]))
            for name, value in published.items()
        )
    if isinstance(published, list):
        same = isinstance(answer, list) and len(published) == len(answer)
        return same and all(map(is_within, published, answer))
    return bool(published == answer)


@pytest.mark.parametrize("name", ["Profiles_CreateOrUpdate_WithEndpoints", "Profiles_CreateOrUpdate_MultiValue"])
async def test_a_published_profile_is_created_as_published(harbour: Harbour, name: str) -> None:
    published = example(name)
    created = await send(harbour, "PUT", published["parameters"])
    assert created.status_code == 201
    assert is_within(published["responses"]["201"]["body"], created.json())
    again = await send(harbour, "PUT", published["parameters"])
    assert again.status_code == 200
    assert is_within(published["responses"]["200"]["body"], again.json())


async def with_profile(harbour: Harbour, name: str) -> None:
    """The profile that the published endpoint examples suppose."""
    parameters = example("Profiles_CreateOrUpdate_WithEndpoints")["parameters"]
    body = json.loads(json.dumps(parameters["parameters"]))
    body["properties"]["endpoints"] = []
    body["properties"]["dnsConfig"]["relativeName"] = name
    await send(harbour, "PUT", {**parameters, "profileName": name, "parameters": body})


async def test_published_endpoints_are_created_and_patched_as_published(harbour: Harbour) -> None:
    put, patch, got = (
        example(name)
        for name in ("Endpoints_CreateOrUpdate_AlwaysServe", "Endpoints_Update", "Endpoints_Get_SubnetMapping")
    )
    await with_profile(harbour, put["parameters"]["profileName"])
    created = await send(harbour, "PUT", put["parameters"])
    assert created.status_code == 201
    body = put["responses"]["201"]["body"]
    # An endpoint that is always served is not probed, so "CheckingEndpoint" of the example cannot last.
    assert created.json()["properties"]["endpointMonitorStatus"] == "Unmonitored"
    del body["properties"]["endpointMonitorStatus"]
    assert is_within(body, created.json())
    patched = await send(harbour, "PATCH", patch["parameters"])
    body = patch["responses"]["200"]["body"]
    del body["properties"]["endpointMonitorStatus"]
    assert is_within(body, patched.json())
    mapped = got["responses"]["200"]["body"]
    await with_profile(harbour, got["parameters"]["profileName"])
    given = {**got["parameters"], "parameters": {"properties": mapped["properties"]}}
    await send(harbour, "PUT", given)
    assert is_within(mapped, (await send(harbour, "GET", got["parameters"])).json())


@pytest.mark.parametrize("name", ["Profiles_Update_RecordType", "Profiles_Update_MonitorConfig"])
async def test_a_published_patch_merges_as_published(harbour: Harbour, name: str) -> None:
    published = example(name)
    after = published["responses"]["200"]["body"]
    before = json.loads(json.dumps(after))
    for part in published["parameters"]["parameters"]["properties"]:
        before["properties"].pop(part)
    await send(harbour, "PUT", {**published["parameters"], "parameters": before})
    patched = await send(harbour, "PATCH", published["parameters"])
    assert patched.status_code == 200
    assert is_within(after, patched.json())


async def test_the_recorded_calls_get_the_recorded_answers(harbour: Harbour) -> None:
    steps = example("recorded-weighted-profile")["steps"]
    harbour.world.sites.add_group("cli_test_traffic_manager000001", "westus")
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {harbour.token()}"}) as client:
        for step in steps:
            path = step["request"]["path"].replace("00000000-0000-0000-0000-000000000000", harbour.world.subscription)
            answer = await client.request(
                step["request"]["method"], harbour.url + path, json=step["request"].get("body")
            )
            assert answer.status_code == step["response"]["status"], step["step"]
            recorded = json.loads(json.dumps(step["response"]["body"]), object_hook=without_nulls)
            assert is_within(recorded, answer.json()), step["step"]


def without_nulls(node: dict[str, Any]) -> dict[str, Any]:
    """The service of 2018-04-01 wrote null where later ones leave the property out."""
    return {name: value for name, value in node.items() if value is not None}
