"""The sample for racks of one's own, carried through the engine on real load balancers: what clients get at each step.

Five, twenty-five, fifty, a hundred percent; 2,000 requests are counted at each.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.providers.haproxy.balancer import needs_haproxy
from tests.providers.haproxy.racks import CHECKOUT, PORTAL, begin, racks

from quarterdeck.release.action import Rollback, Swap

pytestmark = needs_haproxy
REQUESTS = 2_000


async def test_clients_get_the_share_of_each_step(tmp_path: Path) -> None:
    async with racks(tmp_path) as here:
        release = await begin(here.ship, CHECKOUT, version="2.0")
        for number, share in enumerate((5, 25, 50), 1):
            pause = str(2 * number)
            await here.until(release, lambda r, pause=pause: r.standing(pause).state == "running")  # type: ignore[misc]
            answered = await here.answered("shop.northwind.example", REQUESTS)
            print(f"{share}%: {answered}")
            assert answered["canary"] == pytest.approx(REQUESTS * share / 100, abs=4)
            assert sum(answered.values()) == answered["canary"] + answered["stable"] == REQUESTS
            await here.ship.ask("order", {"release": release, "order": "promote", "step": "", "override": ""})
        ended = await here.until(release, lambda r: r.ending is not None)
        assert ended.ending == "succeeded", ended.detail
        answered = await here.answered("shop.northwind.example", REQUESTS)
        print(f"100%: {answered}")
        assert answered == {"canary": REQUESTS}
        assert here.ship.store.verify() == ()


async def test_a_canary_that_is_aborted_goes_back_on_every_load_balancer(tmp_path: Path) -> None:
    async with racks(tmp_path) as here:
        release = await begin(here.ship, CHECKOUT, version="2.0")
        await here.until(release, lambda r: r.standing("2").state == "running")
        await here.ship.ask("order", {"release": release, "order": "abort", "step": "", "override": ""})
        ended = await here.until(release, lambda r: r.ending is not None)
        assert ended.ending == "rolled_back", ended.detail
        assert await here.answered("shop.northwind.example", 100) == {"stable": 100}
        assert [one.weight("checkout/canary") for one in here.balancers] == [0, 0]


async def test_a_swap_and_its_rollback_are_felt_at_once(tmp_path: Path) -> None:
    async with racks(tmp_path) as here:
        swapped = await here.ship.carry_out(Swap(PORTAL))
        assert swapped.ending == "succeeded", swapped.detail
        assert await here.answered("portal.northwind.example", 20) == {"green": 20}
        back = await here.ship.carry_out(Rollback(PORTAL))
        assert back.ending == "succeeded", back.detail
        assert await here.answered("portal.northwind.example:8080", 20) == {"blue": 20}


async def test_a_plan_says_what_a_reload_would_take_back(tmp_path: Path) -> None:
    async with racks(tmp_path) as here:
        plan = await here.ship.plan(Swap(PORTAL))
        (told,) = [risk for risk in plan.risks if risk.code == "kept-in-memory"]
        assert "dump the map before a reload" in told.remedy
