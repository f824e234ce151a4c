"""Bad days on the real wire: the sandbox breaks requests, Microsoft's SDKs and the Azure provider do what they do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.engine.harbour import BANNER, CART, CHECKOUT, Harbour, harbour

from quarterdeck.release.action import Deploy, FlagChange, Rollback, Shift, Swap
from quarterdeck.release.rules import Route, Rulebook

SWAP = {"method": "POST", "path": "slotsswap"}
LOOKS = {"method": "GET", "path": "operationresults|operations"}


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Harbour]:
    async with harbour(tmp_path) as found:
        yield found


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 504, "happens": True},
        {"kind": "status", "status": 503, "happens": True},
        {"kind": "status", "status": 500, "happens": True},
        {"kind": "drop", "happens": True},
        {"kind": "garbage", "happens": True},
        {"kind": "html", "happens": True},
        {"kind": "half", "happens": True},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}".strip(),
)
async def test_an_answer_that_is_lost_is_made_up_for_by_reading(port: Harbour, fault: dict[str, Any]) -> None:
    ship = port.launch()
    port.up.sandbox.faults.add({**fault, **SWAP, "count": 1})
    operation = await ship.carry_out(Swap(CHECKOUT))
    assert (operation.ending, port.swaps(), port.posts("/slotsswap")) == ("succeeded", 1, 1)
    assert port.serving() == "2.15.0"


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 504}, {"kind": "drop"}, {"kind": "html"}])
async def test_a_swap_that_never_took_place_waits_for_a_person(port: Harbour, fault: dict[str, Any]) -> None:
    ship = port.launch()
    port.up.sandbox.faults.add({**fault, **SWAP, "count": 1})
    operation = await ship.carry_out(Swap(CHECKOUT))
    assert operation.ending == "needs_operator"
    assert (port.swaps(), port.posts("/slotsswap")) == (0, 1)
    await ship.choose(operation, "retry")
    assert ship.operation(operation.id).ending == "succeeded"
    assert (port.swaps(), port.posts("/slotsswap")) == (1, 2)


@pytest.mark.parametrize("phase", [1, 2, 4, 5])
async def test_a_swap_that_fails_at_any_phase_leaves_production_and_says_why(port: Harbour, phase: int) -> None:
    ship = port.launch()
    port.up.sandbox.faults.add({"kind": "swap_fails", "phase": phase, "count": 1})
    operation = await ship.carry_out(Swap(CHECKOUT))
    assert operation.ending == "failed"
    assert "'staging' slot" in operation.detail
    assert (port.swaps(), port.posts("/slotsswap"), port.serving()) == (0, 1, "2.14.3")


async def test_a_swap_that_fails_after_users_were_moved_is_not_called_nothing(port: Harbour) -> None:
    ship = port.launch()
    port.up.sandbox.faults.add({"kind": "swap_fails", "phase": 6, "count": 1})
    operation = await ship.carry_out(Swap(CHECKOUT))
    assert (operation.ending, operation.choices) == ("needs_operator", ("retry", "abandon"))
    assert "1 in doubt" in operation.detail
    assert (port.serving(), port.posts("/slotsswap")) == ("2.15.0", 1)


@pytest.mark.parametrize("kind", ["garbage", "html", "drop", "half", "redirect"])
async def test_looks_that_fail_are_no_failure_of_the_swap(port: Harbour, kind: str) -> None:
    ship = port.launch()
    port.up.sandbox.faults.add({"kind": kind, **LOOKS, "count": 12})
    operation = await ship.carry_out(Swap(CHECKOUT))
    assert (operation.ending, port.swaps(), port.posts("/slotsswap")) == ("succeeded", 1, 1)


async def test_a_site_that_is_busy_refuses_and_nothing_changes(port: Harbour) -> None:
    ship = port.launch()
    conflict = {"kind": "status", "status": 409, "code": "Conflict", "message": "another operation is in progress"}
    port.up.sandbox.faults.add({**conflict, **SWAP})
    operation = await ship.carry_out(Swap(CHECKOUT))
    assert (operation.ending, port.swaps(), port.posts("/slotsswap")) == ("failed", 0, 1)
    assert "another operation is in progress" in operation.detail


@pytest.mark.parametrize("happens", [True, False])
@pytest.mark.parametrize("action", [Shift(CHECKOUT, {"weu": 90}), FlagChange(BANNER, enabled=False)])
async def test_writes_that_may_be_repeated_get_there(port: Harbour, action: Any, happens: bool) -> None:
    ship = port.launch()
    port.up.sandbox.faults.add(
        {"kind": "drop", "method": "PATCH|PUT", "path": "trafficManager|/kv/", "count": 1, "happens": happens}
    )
    operation = await ship.carry_out(action)
    assert operation.ending == "succeeded", operation.detail


PACKAGE = Deploy(CHECKOUT, "9.9.9", artifact="https://shop.example/9.9.9.zip")
ONE_DEPLOY = {"method": "PUT", "path": "onedeploy", "count": 1}


@pytest.mark.parametrize("kind", ["drop", "garbage", "html", "half"])
async def test_a_package_whose_answer_is_lost_is_found_by_its_record(port: Harbour, kind: str) -> None:
    ship = port.launch()
    port.up.sandbox.faults.add({"kind": kind, "happens": True, **ONE_DEPLOY})
    operation = await ship.carry_out(PACKAGE)
    assert (operation.ending, port.posts("/onedeploy")) == ("succeeded", 1), operation.detail
    assert len(port.world.log.of("deploy.finished")) == 1


async def test_a_package_that_never_arrived_waits_for_a_person_and_is_not_sent_again(port: Harbour) -> None:
    ship = port.launch()
    port.up.sandbox.faults.add({"kind": "drop", **ONE_DEPLOY})
    operation = await ship.carry_out(PACKAGE)
    assert (operation.ending, port.posts("/onedeploy")) == ("needs_operator", 1)
    await ship.choose(operation, "retry")
    assert ship.operation(operation.id).ending == "succeeded"
    assert port.site().slots["staging"].content.build.version == "9.9.9"


async def test_a_package_that_fails_changed_nothing(port: Harbour) -> None:
    ship = port.launch()
    port.up.sandbox.faults.add({"kind": "deploy_fails", "count": 1})
    operation = await ship.carry_out(PACKAGE)
    assert operation.ending == "failed", operation.detail
    assert port.site().slots["staging"].content.build.version == "2.15.0"


async def test_a_deployed_image_goes_back_to_the_one_before(port: Harbour) -> None:
    ship = port.launch()
    assert (await ship.carry_out(Deploy(CART, "1.9.2", artifact="shop/cart:1.9.2"))).ending == "succeeded"
    staging = port.site("cart").slots["staging"]
    assert staging.content.build.version == "1.9.2"
    back = await ship.carry_out(Rollback(CART))
    assert (back.ending, staging.content.build.version) == ("succeeded", "1.9.0"), back.detail


async def test_a_package_goes_back_to_what_the_configuration_says_the_version_before_is_made_of(port: Harbour) -> None:
    ship = port.launch(rules=Rulebook(routes=(Route(CHECKOUT, artifact="https://shop.example/$version.zip"),)))
    assert (await ship.carry_out(Deploy(CHECKOUT, "9.9.9"))).ending == "succeeded"
    staging = port.site().slots["staging"]
    assert staging.content.build.version == "9.9.9"
    back = await ship.carry_out(Rollback(CHECKOUT))
    assert (back.ending, staging.content.build.version) == ("succeeded", "2.15.0"), back.detail


async def test_there_and_back_again(port: Harbour) -> None:
    ship = port.launch()
    before = port.site().weights(), port.serving()
    for action in (Swap(CHECKOUT), Shift(CHECKOUT, {"staging": 10})):
        assert (await ship.carry_out(action)).ending == "succeeded"
        assert (port.site().weights(), port.serving()) != before
        back = await ship.carry_out(Rollback(CHECKOUT))
        assert back.ending == "succeeded", back.detail
        assert (port.site().weights(), port.serving()) == before
