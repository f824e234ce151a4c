"""The control interface, as tests and people use it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from quarterdeck.sandbox.assembly import Running, running
from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.world import World

ENTITY = {"targetSlot": "production", "preserveVnet": True}


async def test_the_state_shows_what_serves_where(anonymous: httpx.AsyncClient, world: World, checkout: Site) -> None:
    world.swaps.begin(checkout, checkout.slots["staging"], checkout.production)
    (site,) = (await anonymous.get("/control/state")).json()["sites"]
    assert site["slots"]["production"]["build"]["version"] == "1.0"
    assert site["slots"]["staging"]["condition"] == "starting"
    assert site["swap"]["phase"] == 1
    assert site["weights"] == {"production": 1.0}


async def test_the_state_gives_no_setting_away(anonymous: httpx.AsyncClient) -> None:
    assert "slot-db" not in (await anonymous.get("/control/state")).text


async def test_reset_puts_everything_back_for_clients_that_stay_signed_in(
    arm: httpx.AsyncClient, anonymous: httpx.AsyncClient, world: World, site_path: Callable[..., str]
) -> None:
    await arm.put(site_path("config", "appsettings"), json={"properties": {}})
    await arm.post(site_path("slots", "staging", "slotsswap"), json=ENTITY)
    await anonymous.post("/control/faults", json={"kind": "drop"})
    await anonymous.post("/control/clock/advance", json={"seconds": 100})
    await anonymous.post("/control/reset")
    settings = await arm.post(site_path("config", "appsettings", "list"))
    site = (await arm.get(site_path())).json()
    assert settings.json()["properties"] == {"s1": "prod", "VERSION": "1.0"}
    assert site["properties"]["slotSwapStatus"] is None
    assert site["properties"]["deploymentId"] == "checkout"
    assert not list(world.log)


async def test_time_passes_when_told(
    anonymous: httpx.AsyncClient, arm: httpx.AsyncClient, site_path: Callable[..., str]
) -> None:
    location = (await arm.post(site_path("slots", "staging", "slotsswap"), json=ENTITY)).headers["Location"]
    assert (await arm.get(location)).status_code == 202
    await anonymous.post("/control/clock/advance", json={"seconds": 100})
    assert (await arm.get(location)).status_code == 200


@pytest.mark.parametrize("seconds", [-1, "soon", None, True])
async def test_time_passes_only_forward(anonymous: httpx.AsyncClient, seconds: object) -> None:
    answer = await anonymous.post("/control/clock/advance", json={"seconds": seconds})
    assert answer.status_code == 400


async def test_the_log_tells_what_really_happened(
    anonymous: httpx.AsyncClient, arm: httpx.AsyncClient, site_path: Callable[..., str]
) -> None:
    await arm.post(site_path("slots", "staging", "slotsswap"), json=ENTITY)
    await anonymous.post("/control/clock/advance", json={"seconds": 100})
    rows = (await anonymous.get("/control/log", params={"kind": "swap", "subject": "Checkout"})).json()["value"]
    assert [row["kind"] for row in rows] == [
        "swap.started",
        "swap.settings_applied",
        "swap.switched",
        "swap.finished",
    ]
    later = (await anonymous.get("/control/log", params={"after": rows[2]["number"]})).json()["value"]
    assert [row["kind"] for row in later] == ["swap.finished"]


async def test_the_request_log_knows_who_asked_what_but_no_secret(
    anonymous: httpx.AsyncClient, arm: httpx.AsyncClient, site_path: Callable[..., str]
) -> None:
    body = {"properties": {"PASSWORD": "hunter2"}}
    await arm.put(site_path("config", "appsettings"), json=body, headers={"CommandName": "webapp config set"})
    answer = await anonymous.get("/control/requests")
    (entry,) = answer.json()["value"]
    assert (entry["method"], entry["status"], entry["principal"]) == ("PUT", 200, "release-tool")
    assert entry["command"] == "webapp config set"
    assert len(entry["body_sha256"]) == 64
    assert "hunter2" not in answer.text
    assert "Bearer" not in answer.text


async def test_a_build_is_pushed_by_description_or_by_name(
    anonymous: httpx.AsyncClient, world: World, checkout: Site
) -> None:
    build = {"version": "9.0", "error_rate": 0.9}
    await anonymous.post("/control/builds", json={"site": "checkout", "slot": "staging", "build": build})
    await anonymous.post("/control/builds", json={"site": "checkout", "build": "2.0"})
    world.advance(10)
    assert checkout.slots["staging"].content.build.error_rate == 0.9
    assert checkout.production.content.build.error_rate == 0.2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"site": "nothing", "build": "1"}, 404),
        ({"site": "checkout", "build": {"error_rate": 1}}, 400),
        ({"site": "checkout", "build": {"version": "1", "error_rate": 7}}, 400),
        ([], 400),
    ],
)
async def test_an_impossible_build_is_refused(anonymous: httpx.AsyncClient, body: object, status: int) -> None:
    answer = await anonymous.post("/control/builds", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


async def test_lifting_the_faults_lets_a_hung_swap_go_on(
    anonymous: httpx.AsyncClient, arm: httpx.AsyncClient, site_path: Callable[..., str], checkout: Site
) -> None:
    await anonymous.post("/control/faults", json=[{"kind": "swap_hangs", "phase": 4, "site": "check"}])
    await arm.post(site_path("slots", "staging", "slotsswap"), json=ENTITY)
    await anonymous.post("/control/clock/advance", json={"seconds": 10_000})
    (fault,) = (await anonymous.get("/control/faults")).json()["value"]
    assert fault["struck"] == 1
    assert checkout.operation_id
    assert (await anonymous.delete("/control/faults")).json() == {"released": 1}
    await anonymous.post("/control/clock/advance", json={"seconds": 100})
    assert checkout.production.content.build.version == "2.0"


async def test_a_fault_that_makes_no_sense_is_refused(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post("/control/faults", json={"kind": "earthquake"})
    assert (answer.status_code, "earthquake" in answer.json()["error"]["message"]) == (400, True)


async def test_roles_are_given_and_listed(anonymous: httpx.AsyncClient, arm: httpx.AsyncClient) -> None:
    await anonymous.post("/control/principals", json={"principal": "release-tool", "scope": "", "role": "none"})
    assert (await arm.get("/subscriptions")).status_code == 200
    listed = (await anonymous.get("/control/principals")).json()["value"]
    assert listed == [{"principal": "release-tool", "scope": "/", "role": "none"}]
    refused = await anonymous.post("/control/principals", json={"principal": "x", "role": "emperor"})
    assert refused.status_code == 400


async def test_traffic_is_told_by_slot_and_version(anonymous: httpx.AsyncClient, world: World) -> None:
    world.advance(120)
    (row,) = (await anonymous.get("/control/traffic")).json()["value"]
    assert (row["slot"], row["version"], row["requests"], row["errors"]) == ("production", "1.0", 600, 6)


async def test_buckets_can_be_changed_and_lifted(anonymous: httpx.AsyncClient, arm: httpx.AsyncClient) -> None:
    await anonymous.post("/control/throttle", json={"reads": {"size": 1, "per_second": 0.001}})
    assert [(await arm.get("/subscriptions")).status_code for _ in range(2)] == [200, 429]
    await anonymous.post("/control/throttle", json={"reads": None})
    assert (await arm.get("/subscriptions")).status_code == 200


async def test_latency_is_added_to_everything_but_control(world: World) -> None:
    from quarterdeck.sandbox.assembly import Sandbox

    async with running(Sandbox(world, latency=0.05)) as slow, httpx.AsyncClient(base_url=slow.url) as client:
        assert (await client.get("/metadata/endpoints")).elapsed.total_seconds() >= 0.05
        assert (await client.get("/control/state")).elapsed.total_seconds() < 0.05


async def test_a_path_that_leads_nowhere_is_told_in_json(anonymous: httpx.AsyncClient, sandbox: Running) -> None:
    assert (await anonymous.get("/control/nothing")).json()["error"]["code"] == "NotFound"
    assert (await anonymous.get("/")).status_code == 404


async def test_a_build_goes_bad_wherever_it_is_and_well_again(
    anonymous: httpx.AsyncClient, world: World, checkout: Site
) -> None:
    def rate() -> float:
        return checkout.production.serving(world.clock.now()).error_rate

    answer = await anonymous.post("/control/behaviour", json={"version": "1.0", "error_rate": 0.5})
    assert answer.json() == {"slots": ["checkout"]}
    assert rate() == 0.5
    world.advance(60)
    assert sum(row.errors for row in world.clients.window(world.clock.now() - 60, world.clock.now())) > 250
    assert [one.subject for one in world.log.of("build.changed")] == ["1.0"]
    assert world.sites.builds.of_version("1.0").error_rate == 0.5
    await anonymous.post("/control/behaviour", json={"version": "1.0", "error_rate": 0})
    assert rate() == 0


@pytest.mark.parametrize(
    "wrong", [{"error_rate": 1}, {"version": "1.0", "error_rate": 2}, {"version": "1.0", "mood": "bad"}]
)
async def test_a_build_behaves_only_as_builds_can(anonymous: httpx.AsyncClient, wrong: dict[str, object]) -> None:
    assert (await anonymous.post("/control/behaviour", json=wrong)).status_code == 400
