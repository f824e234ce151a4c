"""What a watch makes of two pictures, and of the journal: a line for a change, nothing for what only grew older."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from tests.cli.releases import canary

from quarterdeck.cli.line_mode.changes import changes, standing
from quarterdeck.cli.line_mode.journal import Journal
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import (
    Build,
    Destination,
    FlagReading,
    FlagsReading,
    SlotReading,
    SlotsReading,
    TrafficReading,
)
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.freshness import Knowledge
from quarterdeck.release.paint import paint
from quarterdeck.release.picture import Picture
from quarterdeck.release.pipeline_view import PipelineView, RunView
from quarterdeck.store.lifeline import RUNNER_LEASE


def seen(written: Any, *, later: float = 0) -> Picture:
    """The picture of what was written, judged so much later."""
    store = written.store
    return paint(
        store.fleet(),
        store.observations(),
        store.operations(open_only=True),
        time.time() + later,
        runner=store.lease(RUNNER_LEASE),
        releases=store.releases(open_only=True),
        rules=store.rules(),
        guards=store.guards(),
    )


def slots(live: str, staged: str, **more: Any) -> SlotsReading:
    return SlotsReading(
        (
            SlotReading("production", Build(live), health="healthy"),
            SlotReading("staging", Build(staged), health="healthy", **more),
        )
    )


def told(before: Picture, after: Picture) -> list[str]:
    """The lines without their time."""
    return [one.line().partition(" ")[2] for one in changes(before, after)]


@pytest.fixture
def before(written: Any) -> Picture:
    written.everything()
    return seen(written)


def test_what_only_grew_older_makes_no_line(written: Any, before: Picture) -> None:
    assert told(before, seen(written, later=90)) == []


def test_what_is_read_again_as_it_was_makes_no_line(written: Any, before: Picture) -> None:
    written.everything()
    assert told(before, seen(written)) == []


def test_a_swap_in_one_region_is_told_with_both_slots_and_the_drift(written: Any, before: Picture) -> None:
    written.observe((written.places[0], slots("2.15.0", "2.14.3")))
    assert told(before, seen(written)) == [
        "versions production/checkout: users have 2.15.0 and 2.14.3",
        "slot production/checkout@west: production holds 2.15.0, it is healthy",
        "slot production/checkout@west: staging holds 2.14.3, it is healthy",
        "look production/checkout: DRIFT: regions serve 2.15.0 and 2.14.3",
    ]


def test_a_prepared_swap_begins_to_want_a_look_and_ceases_to(written: Any, before: Picture) -> None:
    written.observe((written.places[0], slots("2.14.3", "2.15.0", preview_from="staging")))
    prepared = seen(written)
    assert any("look production/checkout: PREVIEW" in line for line in told(before, prepared))
    written.everything()
    assert "calm production/checkout: no longer preview" in told(prepared, seen(written))


def test_other_shares_of_traffic_are_one_line(written: Any, before: Picture) -> None:
    shifted = TrafficReading("Weighted", (Destination("west", 75, 75), Destination("north", 25, 25)), lag=60)
    written.observe((written.places[2], shifted))
    assert told(before, seen(written)) == ["traffic production/checkout: west 75%, north 25%"]


def test_a_flag_that_is_switched_and_one_that_goes_are_told(written: Any, before: Picture) -> None:
    written.observe((written.places[3], FlagsReading((FlagReading("new-cart", False),))))
    off = seen(written)
    assert told(before, off) == ["flag production/new-cart: off"]
    written.observe((written.places[3], FlagsReading(())))
    assert told(off, seen(written)) == ["flag production/new-cart: is gone"]


def fail(written: Any, message: str) -> None:
    """The flags were read before, and can't be read now."""
    place = written.places[3]
    known = written.store.observations()[place.subject]
    trouble = Trouble("unreachable", message, "look at the network")
    written.store.observe([replace(known, trouble=trouble, trouble_since=time.time())], written.lease)


def test_a_place_that_fails_again_with_other_words_is_told_once(written: Any, before: Picture) -> None:
    fail(written, "no answer in 10 s, request 1")
    failing = seen(written)
    (line,) = told(before, failing)
    assert line.endswith("TROUBLE: no answer in 10 s, request 1; what to do: look at the network")
    fail(written, "no answer in 10 s, request 2")
    assert told(failing, seen(written)) == []


def test_an_approval_that_is_waited_for_comes_with_its_command(written: Any, before: Picture) -> None:
    written.release().done("1", "2").running("3")
    (line,) = [line for line in told(before, seen(written)) if line.startswith("waits")]
    assert "approval" in line
    assert line.endswith("answer with: qd approve 0199aa01/3; 0199aa01")


def test_a_run_of_a_pipeline_is_told_when_its_state_changes_and_not_when_it_grows_older(before: Picture) -> None:
    run = RunView("run:shop/9", "9", TargetId("shop", "shop", pipeline=True), "5", "queued", True, "Keep the basket")
    queued, running, older = (
        with_run(before, one) for one in (run, replace(run, state="running"), replace(run, state="running", age="3m"))
    )
    assert told(before, queued) == ["run shop #5: queued: Keep the basket; run:shop/9"]
    assert told(queued, running) == ["run shop #5: running: Keep the basket; run:shop/9"]
    assert told(running, older) == []


def with_run(picture: Picture, run: RunView) -> Picture:
    return replace(picture, pipelines=(PipelineView(run.target, "contoso/shop", Knowledge(), (run,)),))


def test_names_from_outside_reach_a_line_without_their_control_characters(written: Any, before: Picture) -> None:
    written.observe((written.places[3], FlagsReading((FlagReading("new\x1b[2Jcart", True),))))
    lines = told(before, seen(written))
    assert any("new" in line and "cart" in line for line in lines)
    assert not any("\x1b" in line or "\n" in line for line in lines)


def test_who_begins_to_watch_hears_what_users_have(before: Picture) -> None:
    assert [one.words for one in standing(before)] == ["users have 2.14.3"]


def test_who_begins_to_watch_a_thousand_services_hears_only_what_wants_a_look(before: Picture) -> None:
    (row,) = before.rows
    many = replace(
        before, rows=tuple(replace(row, cells=tuple(_named(one, n) for one in row.cells)) for n in range(99))
    )
    assert list(standing(many)) == []


def _named(cell: Any, number: int) -> Any:
    return cell and replace(cell, target=replace(cell.target, name=f"service{number}"))


def journal_of(written: Any) -> list[str]:
    """The journal as a watch tells it, without times."""
    journal = Journal()
    changes = (journal.told(event, lambda _: {"1": "5% to staging"}) for event in written.store.events())
    return [one.line().partition(" ")[2] for one in changes if one]


def test_a_gate_that_says_the_same_again_is_no_change(written: Any) -> None:
    release = written.release().done("1").running("2")
    release.sampled("2", "pass", 0.001).sampled("2", "pass", 0.002).sampled("2", "fail", 0.2)
    lines = [line for line in journal_of(written) if line.startswith("release sampled")]
    assert ["pass" in line for line in lines] == [True, False]


def test_steps_are_told_by_what_they_do_and_say_nothing_that_was_said_before(written: Any) -> None:
    written.release(canary()).done("1")
    started, *_, done = journal_of(written)
    assert started.startswith("release started production/checkout: qd release start production/checkout")
    assert started.endswith("by ana@jump; 0199aa01")
    assert done == "release step done production/checkout: step 1: 5% to staging; read back"
