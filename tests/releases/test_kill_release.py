"""The runner is killed at every journal write and at every boundary of every request to the world, during a release.

Whatever the moment, its successor goes on from the journal: the world sees each swap once, and the release ends as it
would have.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random

import pytest
from tests.releases.captain import ANALYSED, CHECKOUT, LOOK, Captain, rules

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Shift
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rollout import Release
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.strategy import BakeStep, PauseStep, SwapStep, WeightStep


async def nothing(ship: Captain, release: str) -> None:
    """Nobody does anything."""


async def abort_in_the_pause(ship: Captain, release: str) -> None:
    await reach(ship, lambda: ship.release(release).standing("2").state == "running")
    await ship.survive("order", {"release": release, "order": "abort", "step": "", "override": ""})


async def abort_during_the_swap(ship: Captain, release: str) -> None:
    await reach(ship, lambda: "sent swap checkout" in ship.world.log or ship.release(release).ending is not None)
    await ship.survive("order", {"release": release, "order": "abort", "step": "", "override": ""})


async def abort_after_both(ship: Captain, release: str) -> None:
    while len(ship.world.swaps()) < 2:
        await reach(ship, lambda: len(ship.world.swaps()) == 2 or ship.release(release).ending is not None)
        if ship.release(release).ending is not None:
            await say_retry(ship, release)
    await ship.survive("order", {"release": release, "order": "abort", "step": "", "override": ""})


USUAL = Wish((CHECKOUT,))
DEATHS = 12
"""So many moments of each voyage, the same every time."""

PAYMENTS = TargetId("production", "payments")
BOTH = Wish((CHECKOUT, PAYMENTS))
TRAIN = replace(
    rules(SwapStep(), PauseStep(60)),
    routes=(Route(CHECKOUT, "careful", needs=("payments",)), Route(PAYMENTS, "careful")),
)


@dataclass(frozen=True)
class Voyage:
    known: Rulebook
    meanwhile: Callable[[Captain, str], Awaitable[None]] = nothing
    errors: float = 0
    wish: Wish = USUAL


VOYAGES = {
    "succeeds": Voyage(ANALYSED),
    "fails at 25%": Voyage(ANALYSED, errors=0.04),
    "prepared, then completed": Voyage(rules(SwapStep("preview"), LOOK, SwapStep("complete"))),
    "aborted in a pause": Voyage(rules(WeightStep({"": 5}), PauseStep(), SwapStep()), abort_in_the_pause),
    "aborted during the swap": Voyage(rules(SwapStep(), PauseStep()), abort_during_the_swap),
    "two services": Voyage(TRAIN, wish=BOTH),
    "two services, back again": Voyage(TRAIN, abort_after_both, wish=BOTH),
    "hotfix": Voyage(rules(BakeStep(3600), SwapStep()), wish=replace(USUAL, hotfix=True, ref="abc123")),
    "never confirmed": Voyage(
        ANALYSED, wish=Wish((CHECKOUT,), action=Shift(CHECKOUT, {"staging": 20}), confirm_within=300)
    ),
}


async def say_retry(ship: Captain, release: str) -> None:
    """What an operator says to an operation that waits for them, and then to its release."""
    for operation in ship.store.operations(open_only=True):
        await ship.survive("choose", {"operation": operation.id, "step": "", "choice": "retry"})
        await reach(ship, lambda: not ship.engine.running)
    await ship.survive("order", {"release": release, "order": "retry", "step": "", "override": ""})


async def reach(ship: Captain, true: Callable[[], bool]) -> None:
    """Let time pass until something is true; dead runners are succeeded."""
    while True:
        await ship.until(true)
        if not ship.moments.hit:
            return
        await ship.succeed()


async def sail(ship: Captain, voyage: Voyage) -> Release:
    """From the wish to the end, whenever the runner dies. An operator who is asked says retry."""
    ship.gates.values["errors"] = lambda: voyage.errors if ship.shares()["staging"] >= 25 else 0.0
    proposed = await ship.survive("propose", {"wish": to_json(voyage.wish)})
    plan = proposed.proposal
    assert plan, proposed.refusal
    launched = await ship.survive("launch", {"plan": plan.id, "digest": plan.digest, "typed": plan.type_to_confirm})
    assert launched.release == plan.id, launched.refusal
    await voyage.meanwhile(ship, plan.id)
    for _ in range(5):
        await reach(ship, lambda: ship.release(plan.id).ending is not None)
        release = ship.release(plan.id)
        if not release.open:
            return release
        await say_retry(ship, plan.id)
    raise AssertionError(f"it doesn't end: {ship.release(plan.id)}")


def result(ship: Captain, release: Release) -> object:
    """What users can tell, what was sent that must not be sent twice, and what is told of it."""
    world = ship.world
    sent = [line for line in world.log if line.startswith(("sent swap", "sent complete", "sent preview"))]
    site = world.sites["checkout"]
    builds = (site.production.build, site.staging.build, site.production.preview_from)
    guards = ship.store.guards()
    owed = sorted(debt.kind for debt in guards.owed)
    return world.swaps(), sent, builds, ship.shares(), release.ending, guards.holds, owed


@pytest.mark.parametrize("name", VOYAGES)
async def test_killed_between_any_two_turns_of_its_loop_it_ends_as_it_would_have(name: str, tmp_path: Path) -> None:
    voyage = VOYAGES[name]
    calm = Captain(tmp_path / "calm", voyage.known)
    turns = dies(calm, -1)
    wanted = result(calm, await sail(calm, voyage))
    for number in sorted(Random(7).sample(range(next(turns)), DEATHS)):
        ship = Captain(tmp_path / str(number), voyage.known)
        dies(ship, number)
        release = await sail(ship, voyage)
        assert result(ship, release) == wanted, f"killed in turn {number}: {release.detail}"
        assert not ship.store.locks(), f"killed in turn {number}"
        await ship.engine.close()
        ship.store.close()


def deaths(moments: Sequence[str]) -> Sequence[str]:
    """Nothing lasting happens between the end of one write or request and the beginning of the next, so one death for
    both will do: by turns at the end of the one and at the beginning of the other."""
    pairs = list(zip(moments[1:-1:2], moments[2::2], strict=True))
    assert all(end.startswith("after") and beginning.startswith("before") for end, beginning in pairs)
    return [moments[0], *(pair[number % 2] for number, pair in enumerate(pairs)), moments[-1]]


def dies(ship: Captain, turn: int) -> Iterator[int]:
    """The runner is gone after so many turns of the loop, which are counted."""
    turns = count()

    def die() -> None:
        if next(turns) == turn:
            ship.moments.hit = True

    ship.clock.each_turn = die
    return turns


@pytest.mark.parametrize("name", VOYAGES)
async def test_killed_anywhere_it_ends_as_it_would_have(name: str, tmp_path: Path) -> None:
    voyage = VOYAGES[name]
    calm = Captain(tmp_path / "calm", voyage.known)
    wanted, moments = result(calm, await sail(calm, voyage)), list(calm.moments.seen)
    assert len(moments) > 20
    for number, moment in enumerate(deaths(moments)):
        ship = Captain(tmp_path / str(number), voyage.known, at=moment)
        release = await sail(ship, voyage)
        assert result(ship, release) == wanted, f"killed {moment}: {release.detail}"
        assert not ship.store.locks(), f"killed {moment}"
        assert all(not one.open for one in ship.store.operations()), f"killed {moment}"
        assert ship.store.verify() == ()
        await ship.engine.close()
        ship.store.close()
