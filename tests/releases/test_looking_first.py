"""Before anything goes back, or forward, somebody looks: at the database's schema, and at which side is well now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.releases.captain import CHECKOUT, Captain, refusal, rules

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.readings import Build
from quarterdeck.release.action import Rollback, Swap
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.plan import Plan
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rules import Route, Rulebook, SchemaRange, SchemaRule
from quarterdeck.release.strategy import PauseStep, SwapStep, WeightStep

SCHEMA = GateSpec("schema", "metric", "az", {"query": "schema_version"}, success="result >= 0")
WELL = GateSpec("well", "metric", "az", {"query": 'errors{slot="$slot"}'}, success="result < 0.1", failure_limit=9)
INTERLOCK = SchemaRule("schema", (SchemaRange("1.0", 1, 1), SchemaRange("1.1", 1, 2)))


def interlocked(*steps: Any) -> Rulebook:
    route = Route(CHECKOUT, "careful", schema=INTERLOCK)
    return replace(rules(*steps), gates=(SCHEMA,), routes=(route,))


def schema(captain: Captain, version: float | None) -> None:
    captain.gates.values["schema"] = lambda: version


async def planned(captain: Captain, action: Any) -> Plan:
    answer = await captain.ask("plan", {"action": to_json(action)})
    assert answer
    assert answer.plan, answer.refusal
    return answer.plan


async def test_a_build_is_not_proposed_for_a_schema_that_it_does_not_accept(tmp_path: Path) -> None:
    captain = Captain(tmp_path, interlocked(SwapStep()))
    schema(captain, 3)
    told = await captain.unproposable(Wish((CHECKOUT,)))
    assert "1.1 accepts schema 1 to 2; the database is at 3" in told.message
    schema(captain, None)
    assert {"schema-unread": "warning"}.items() <= _codes((await captain.propose()).risks).items()
    schema(captain, 1)
    assert "schema-unread" not in _codes((await captain.propose()).risks)


async def test_a_swap_by_hand_is_asked_the_same(tmp_path: Path) -> None:
    captain = Captain(tmp_path, interlocked(SwapStep()))
    schema(captain, 3)
    told = refusal(await captain.ask("plan", {"action": to_json(Swap(CHECKOUT))}))
    assert "the database is at 3" in told.message
    assert captain.world.log == []


async def test_after_the_contract_phase_nothing_swaps_back(tmp_path: Path) -> None:
    captain = Captain(tmp_path, interlocked(SwapStep(), PauseStep()))
    schema(captain, 1)
    release = await captain.begin()
    await captain.at(release, "2")
    schema(captain, 2)
    await captain.order(release, "abort")
    ended = await captain.ended(release)
    assert ended.ending == "needs_operator"
    assert "1.0 accepts schema 1; the database is at 2" in ended.standing("1").detail + ended.detail
    assert captain.serving() == "1.1"
    schema(captain, 1)
    await captain.order(release, "retry")
    assert (await captain.ended(release)).ending == "rolled_back"
    assert captain.serving() == "1.0"


async def test_a_schema_that_can_not_be_read_is_a_question_before_going_back(tmp_path: Path) -> None:
    captain = Captain(tmp_path, interlocked(SwapStep(), PauseStep()))
    schema(captain, 1)
    release = await captain.begin()
    await captain.at(release, "2")
    schema(captain, None)
    await captain.order(release, "abort")
    assert (await captain.ended(release)).ending == "needs_operator"
    assert captain.serving() == "1.1"
    await captain.order(release, "retry")
    assert (await captain.ended(release)).ending == "rolled_back"


async def test_a_rollback_by_hand_tells_what_the_schema_says(tmp_path: Path) -> None:
    captain = Captain(tmp_path, interlocked(SwapStep()))
    schema(captain, 1)
    await captain.carry_out_with_time(Swap(CHECKOUT))
    assert not _codes((await planned(captain, Rollback(CHECKOUT))).risks).keys() & {"schema-unread-going-back"}
    schema(captain, None)
    assert _codes((await planned(captain, Rollback(CHECKOUT))).risks)["schema-unread-going-back"] == "danger"
    schema(captain, 2)
    assert "contract phase" in refusal(await captain.ask("plan", {"action": to_json(Rollback(CHECKOUT))})).hint


# --- which side is well -----------------------------------------------------------------------------------------------
def sided(captain: Captain, errors: Callable[[str], float | None]) -> None:
    """What the gate `well` says, by the slot that it is asked about."""
    captain.gates.values["well"] = lambda: errors(captain.gates.asked[-1][1]["slot"])


def looked_after(*steps: Any) -> Rulebook:
    return replace(rules(*steps), gates=(WELL,), routes=(Route(CHECKOUT, "careful", health=("well",)),))


async def test_clients_are_not_sent_back_to_a_primary_that_broke_meanwhile(tmp_path: Path) -> None:
    """Flagger#1898: the rollback sent all traffic to the broken primary and deleted the healthy canary."""
    captain = Captain(tmp_path, looked_after(WeightStep({"": 50}), PauseStep()))
    sided(captain, lambda slot: 0.0)
    release = await captain.begin()
    await captain.at(release, "2")
    sided(captain, lambda slot: 0.5 if slot == "production" else 0.0)
    await captain.order(release, "abort")
    ended = await captain.ended(release)
    assert ended.ending == "needs_operator"
    assert captain.shares() == {"production": 50, "staging": 50}
    assert "make it worse" in ended.standing("1").detail + ended.detail
    sided(captain, lambda slot: 0.0)
    await captain.order(release, "retry")
    assert (await captain.ended(release)).ending == "rolled_back"
    assert captain.shares()["production"] == 100


async def test_a_canary_that_is_unwell_is_left_at_once(tmp_path: Path) -> None:
    captain = Captain(tmp_path, looked_after(WeightStep({"": 50}), PauseStep()))
    sided(captain, lambda slot: 0.0)
    release = await captain.begin()
    await captain.at(release, "2")
    sided(captain, lambda slot: 0.5 if slot == "staging" else 0.0)
    await captain.order(release, "abort")
    assert (await captain.ended(release)).ending == "rolled_back"


async def test_a_swap_back_looks_at_both_slots(tmp_path: Path) -> None:
    captain = Captain(tmp_path, looked_after(SwapStep()))
    sided(captain, lambda slot: 0.0)
    await captain.carry_out_with_time(Swap(CHECKOUT))
    sided(captain, lambda slot: 0.5 if slot == "staging" else 0.0)
    told = refusal(await captain.ask("plan", {"action": to_json(Rollback(CHECKOUT))}))
    assert "staging (1.0) is unhealthy now" in told.message
    sided(captain, lambda slot: 0.5)
    assert _codes((await planned(captain, Rollback(CHECKOUT))).risks)["source-unhealthy"] == "danger"
    sided(captain, lambda slot: None)
    assert "danger" not in _codes((await planned(captain, Rollback(CHECKOUT))).risks).values()


def _codes(risks: Any) -> dict[str, str]:
    return {risk.code: risk.severity for risk in risks}


# --- what lies in the slot --------------------------------------------------------------------------------------------
async def test_a_build_that_tells_no_version_is_not_the_one_that_people_said_yes_to(tmp_path: Path) -> None:
    """A pipeline has put another build into the slot meanwhile, and that one has no label."""
    ship = Captain(tmp_path, rules(PauseStep(), SwapStep()))
    release = await ship.begin()
    await ship.at(release, "1")
    unlabelled(ship, "id-of-another")
    await ship.order(release, "promote")
    ended = await ship.ended(release)
    assert ended.ending == "failed"
    assert "staging holds id-of-another now, not 1.1" in ended.detail
    assert ship.world.swaps() == []


async def test_a_danger_that_was_not_there_when_it_was_proposed_is_shown_first(tmp_path: Path) -> None:
    ship = Captain(tmp_path, rules(PauseStep(), SwapStep()))
    plan = await ship.propose(Wish((CHECKOUT,), "1.1"))
    unlabelled(ship, "")
    refused = refusal(await ship.launch(plan))
    assert refused.code == "stale"
    assert "doesn't tell its version" in refused.message
    told = await ship.propose(Wish((CHECKOUT,), "1.1"))
    answer = await ship.launch(told)
    assert answer
    assert answer.release, answer.refusal
    await ship.at(answer.release, "1")
    await ship.order(answer.release, "promote")
    assert (await ship.ended(answer.release)).ending == "succeeded"


def unlabelled(ship: Captain, build: str) -> None:
    site = ship.world.sites["checkout"]
    site.staging = replace(site.staging, build=Build("", build) if build else None)
