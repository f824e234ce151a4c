"""One list of everything that waits, over all releases: nothing in it hides anything else."""

from __future__ import annotations

from dataclasses import replace

from tests.release.test_paint_releases import NOW, PLAN, happens, release, seen

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.inbox import inbox
from quarterdeck.release.release_plan import Member
from quarterdeck.release.release_view import ReleaseView

CART = TargetId("production", "cart")


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
