"""Releases over several regions: ring after ring, or rolling with each region drained while it is swapped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.engine.ship import FLEET as REGIONS
from tests.engine.world import site, split
from tests.releases.captain import CHECKOUT, LOOK, Captain, refusal, rules

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.readings import Health
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Ring
from quarterdeck.release.action import Rollback
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.strategy import PauseStep, RingStep, RollingStep, Strategy

RINGS = replace(REGIONS, rings=(Ring("canary", 50, regions=("west",)), Ring("broad", 50, regions=("east",))))
RINGWISE = rules(RingStep("canary"), LOOK, RingStep("broad"))
ROLLING = rules(RollingStep(drain=True, seconds=120, gates=("errors",)), PauseStep(600))


def sailing(folder: Path, known: Rulebook) -> Captain:
    ship = Captain(folder, known, fleet=RINGS)
    ship.world.sites = {name: site() for name in ("west", "east", "cart")}
    ship.world.routers["tm"] = split(("west", 500, True, "healthy"), ("east", 500, True, "healthy"))
    return ship


def shares(ship: Captain) -> dict[str, float]:
    return {one.name: round(one.share) for one in ship.world.routers["tm"].destinations}


async def test_each_ring_is_given_the_release_after_the_one_before_has_passed(tmp_path: Path) -> None:
    ship = sailing(tmp_path, RINGWISE)
    release = await ship.begin()
    await ship.until(lambda: bool(ship.gates.asked))
    assert (ship.serving("west"), ship.serving("east")) == ("1.1", "1.0")
    ended = await ship.ended(release)
    assert ended.ending == "succeeded", ended.detail
    assert ship.world.swaps() == ["swap west", "swap east"]
    assert CHECKOUT in ended.targets


async def test_what_fails_in_the_first_ring_never_reaches_the_next(tmp_path: Path) -> None:
    ship = sailing(tmp_path, RINGWISE)
    ship.gates.values["errors"] = lambda: 0.2
    release = await ship.begin()
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back", ended.detail
    assert ship.world.swaps() == ["swap west", "swap west"]
    assert (ship.serving("west"), ship.serving("east")) == ("1.0", "1.0")


async def test_a_region_has_no_new_clients_while_it_is_swapped(tmp_path: Path) -> None:
    ship = sailing(tmp_path, ROLLING)
    seen: list[tuple[str, float]] = []
    begin = ship.world.begin

    def watched(step: object) -> None:
        if getattr(step, "verb", "") == "swap":
            where = step.address.parts["name"]  # type: ignore[attr-defined]
            seen.append((where, shares(ship)[where]))
        begin(step)  # type: ignore[arg-type]

    ship.world.begin = watched  # type: ignore[method-assign]
    release = await ship.begin()
    ended = await ship.ended(release)
    assert ended.ending == "succeeded", ended.detail
    assert sorted(seen) == [("east", 0), ("west", 0)]
    assert shares(ship) == {"west": 50, "east": 50}


async def test_the_next_region_waits_until_the_router_has_found_the_one_before_healthy(tmp_path: Path) -> None:
    """A router checks what was switched on again before it says that it is healthy."""
    ship = sailing(tmp_path, replace(ROLLING, strategies=(Strategy("careful", (RollingStep(drain=True),)),)))
    begin = ship.world.begin

    def checked(step: object) -> None:
        off = shares(ship)["west"] == 0
        begin(step)  # type: ignore[arg-type]
        if off and shares(ship)["west"]:
            find("west", "unknown")

    def find(name: str, health: Health) -> None:
        router = ship.world.routers["tm"]
        found = tuple(replace(one, health=health) if one.name == name else one for one in router.destinations)
        ship.world.routers["tm"] = replace(router, destinations=found)

    ship.world.begin = checked  # type: ignore[method-assign]
    release = await ship.begin()
    await ship.until(lambda: bool(ship.release(release).notes))
    assert (
        "last healthy destination (east) (wait until the router has found west" in ship.release(release).notes[0].text
    )
    find("west", "healthy")
    ended = await ship.ended(release)
    assert ended.ending == "succeeded", ended.detail
    assert shares(ship) == {"west": 50, "east": 50}


@pytest.mark.parametrize("swaps", [1, 2])
async def test_an_abort_gives_every_region_its_version_and_its_clients_back(swaps: int, tmp_path: Path) -> None:
    ship = sailing(tmp_path, ROLLING)
    release = await ship.begin()
    await ship.until(lambda: len(ship.world.swaps()) == swaps)
    await ship.order(release, "abort")
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back", ended.detail
    assert (ship.serving("west"), ship.serving("east")) == ("1.0", "1.0")
    assert shares(ship) == {"west": 50, "east": 50}
    assert not ship.store.locks()


async def test_a_rollback_of_a_release_that_went_region_by_region_goes_back_in_all_of_them(tmp_path: Path) -> None:
    ship = sailing(tmp_path, RINGWISE)
    await ship.ended(await ship.begin())
    back = await ship.carry_out_with_time(Rollback(CHECKOUT))
    assert [str(step.target) for step in back.plan.steps] == ["production/checkout@east", "production/checkout@west"]
    assert back.ending == "succeeded"
    assert (ship.serving("west"), ship.serving("east")) == ("1.0", "1.0")
    again = refusal(await ship.ask("plan", {"action": to_json(Rollback(CHECKOUT))}))
    assert again.code == "impossible", "asked twice it isn't forward again"


async def test_after_one_region_went_back_by_hand_the_rest_goes_back_on_its_own(tmp_path: Path) -> None:
    ship = sailing(tmp_path, RINGWISE)
    await ship.ended(await ship.begin())
    await ship.carry_out_with_time(Rollback(TargetId("production", "checkout", "east")))
    assert (ship.serving("west"), ship.serving("east")) == ("1.1", "1.0")
    await ship.carry_out_with_time(Rollback(CHECKOUT))
    assert (ship.serving("west"), ship.serving("east")) == ("1.0", "1.0")
