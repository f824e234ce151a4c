"""One list of everything that waits, over all releases: nothing in it hides anything else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.release.test_paint_releases import NOW, PLAN, happens, release, seen

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.gate import Measurement, Sample
from quarterdeck.release.inbox import inbox
from quarterdeck.release.release_plan import Member
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.release.standing_view import InboxItem

CART = TargetId("production", "cart")
APPROVAL = InboxItem("a", "approval", "checkout 2", "somebody")


def asking(name: str) -> ReleaseView:
    return seen(replace(happens(release("1", "2", "3"), "step_started", step="4", until=NOW + 900), id=name))


def test_octopus_2_one_release_that_waits_hides_no_other() -> None:
    plan = replace(PLAN, members=(Member(CART, "9", "8", "canary"),))
    pausing = seen(replace(happens(release("1", "2", plan=plan), "step_started", step="3"), id="r3"))
    queued = asking("r2")
    found = inbox((asking("r1"), queued, pausing), ())
    assert sorted((one.release, one.kind) for one in found) == [("r1", "approval"), ("r2", "approval"), ("r3", "pause")]


def test_octopus_2_a_release_that_only_runs_asks_nobody() -> None:
    writing = seen(happens(release(), "step_started", step="1", operation="r1-1"))
    assert inbox((writing,), ()) == ()


@pytest.mark.parametrize(("policy", "then"), [("rollback", "it is taken back"), ("pause", "it pauses")])
def test_what_the_background_does_when_it_fails_is_what_the_strategy_says(policy: str, then: str) -> None:
    plan = replace(PLAN, background=("errors",), on_failure=policy)  # type: ignore[arg-type]
    sample = to_json(Sample(NOW - 5, (Measurement("errors", "fail", 7.0),)))
    failing = happens(happens(release("1", plan=plan), "step_started", step="3"), "sampled", 5, step="*", sample=sample)
    found = {item.waits: item.blocks for item in inbox((seen(failing),), ())}
    assert found["background analysis"] == f"the whole release: {then} if this fails"


def test_within_one_kind_what_runs_out_first_comes_first() -> None:
    late, soon, never = (replace(APPROVAL, key=key, due=due) for key, due in (("l", 900.0), ("s", 60.0), ("n", None)))
    assert [one.key for one in inbox((), (), (never, late, soon))] == ["s", "l", "n"]


def test_an_approval_says_how_many_have_said_yes_and_when_it_runs_out() -> None:
    (item,) = inbox((asking("r1"),), ())
    assert (item.kind, item.so_far, item.expires) == ("approval", "0 of 2 said yes", "59:00")
    assert item.due == NOW + 59 * 60
