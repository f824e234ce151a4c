"""A viewer is never trusted: what no viewer of ours would ask for is refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.releases.captain import CANARY, CHECKOUT, FLEET, Captain, refusal, rules

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.release.action import FlagChange
from quarterdeck.release.approval import ApprovalRule
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.strategy import ApprovalStep, PauseStep, SwapStep

ASKING = rules(ApprovalStep("sre"), PauseStep(), SwapStep(), approvals=(ApprovalRule("sre", self_approval=True),))


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("confirm_within", 0),
        ("confirm_within", -5),
        ("confirm_within", True),
        ("confirm_within", "10m"),
        ("confirm_within", 10**400),
        ("confirm_within", 1e9),
        ("version", 1.1),
        ("version", "1.1\x1b[2J"),
        ("version", "1.1 "),
        ("strategy", {"a": 1}),
        ("ref", ["main"]),
        ("override", 3),
        ("hotfix", "no"),
        ("supersede", 1),
    ],
)
async def test_a_wish_that_nobody_can_mean_is_refused(tmp_path: Path, what: str, value: Any) -> None:
    ship = Captain(tmp_path, CANARY)
    wish = {**to_json(Wish((CHECKOUT,))), what: value}
    refused = refusal(await ship.ask("propose", {"wish": wish}))
    assert refused.code == "usage"
    assert "\x1b" not in refused.message


async def test_a_reason_of_blanks_is_no_reason(tmp_path: Path) -> None:
    """Else an override would be kept for ever with nothing in it."""
    ship = Captain(tmp_path, CANARY)
    plan = await ship.propose(Wish((CHECKOUT,), ref=" main\n", override=" \x1b[31m "))
    assert (plan.wish.override, plan.wish.ref) == ("", "main")


@pytest.mark.parametrize("when", [-5, 1e300, 10**400, "tomorrow", True])
async def test_a_decision_for_a_time_that_never_comes_is_refused(tmp_path: Path, when: Any) -> None:
    ship = Captain(tmp_path, ASKING)
    release = await ship.begin()
    await ship.at(release, "1")
    assert refusal(await ship.decide(release, effective_at=when)).code == "usage"
    assert not ship.release(release).decisions


async def test_a_flag_of_staging_is_no_way_around_what_guards_production(tmp_path: Path) -> None:
    live, trial = {"name": "flags", "label": "live"}, {"name": "flags", "label": "trial"}
    places = (
        *(one for one in FLEET.places if one.role != "flags"),
        Place("flags", TargetId("production", "flags"), Address("az", live)),
        Place("flags", TargetId("staging", "flags"), Address("az", trial)),
    )
    ship = Captain(tmp_path, CANARY, fleet=replace(FLEET, places=places))
    ship.world.flags = {"flags": replace(ship.world.flags["flags"], label="live")}
    action = FlagChange(TargetId("staging", "banner", flag=True), "live", enabled=True)
    assert refusal(await ship.ask("plan", {"action": to_json(action)})).code == "policy"
    assert (await ship.unproposable(Wish((action.target,), action=action, confirm_within=60))).code == "policy"
    assert not ship.world.log
