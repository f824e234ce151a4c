"""What a viewer is shown, folded from the store's content."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.readings import (
    Build,
    Destination,
    FlagReading,
    FlagsReading,
    Reading,
    SlotReading,
    SlotsReading,
    TrafficReading,
)
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place, Role
from quarterdeck.release.action import Action, FlagChange, Swap, SwapMode
from quarterdeck.release.freshness import STALE_AFTER, age
from quarterdeck.release.operation import Operation, advance
from quarterdeck.release.paint import paint
from quarterdeck.release.picture import Cell, Picture
from quarterdeck.release.plan import Effect, Plan, Step

NOW = 1_000_000.0
SWAP_MODES: tuple[SwapMode, ...] = ("swap", "preview", "complete", "cancel")
CHECKOUT = TargetId("production", "checkout")


@dataclass
class _Lease:
    holder: str = "runner@jump1"
    expires_at: float = NOW + 10
    info: Mapping[str, Any] = field(default_factory=dict)


def place(role: Role, target: str) -> Place:
    return Place(role, TargetId.parse(target), Address("azure", {"at": f"{role} {target}"}))


FLEET = Fleet(
    name="contoso-shop",
    environments=(Environment("staging"), Environment("production", protected=True)),
    services=("checkout", "cart"),
    places=(
        place("slots", "production/checkout@westeurope"),
        place("slots", "production/checkout@northeurope"),
        place("traffic", "production/checkout"),
        place("slots", "staging/cart"),
        place("flags", "production/flags"),
    ),
)


def slots(version: str, **live: Any) -> SlotsReading:
    staging = SlotReading("staging", Build("2.15.0"), health="healthy")
    return SlotsReading((SlotReading("production", Build(version), **{"health": "healthy", **live}), staging))


def seen(readings: Mapping[str, Reading], at: float = NOW - 5) -> dict[str, Observation]:
    return {subject: Observation(subject, reading, "azure", at, at) for subject, reading in readings.items()}


WEST, NORTH = "slots/production/checkout@westeurope", "slots/production/checkout@northeurope"
TRAFFIC = "traffic/production/checkout"
SPLIT = TrafficReading(
    "Weighted",
    (
        Destination("westeurope", 75, 750, health="healthy", status="Online"),
        Destination("northeurope", 25, 250, health="healthy", status="Online"),
    ),
    lag=30,
)
WELL = seen({WEST: slots("2.14.3"), NORTH: slots("2.14.3"), TRAFFIC: SPLIT})


def operation(action: Action, *events: tuple[str, dict[str, Any]]) -> Operation:
    step = Step("1", "swap", "slots", action.target, Address("azure", {}), "swap staging into production")
    effects = (Effect(str(action.target), "build in production", "2.14.3", "2.15.0"),)
    one = Operation("op1", Plan("p1", "r1", action, (step,), effects), "ana@jump1", "release day", NOW - 60)
    for kind, body in events:
        one = advance(one, kind, body, NOW - 30)
    return one


def shown(
    observations: Mapping[str, Observation], *operations: Operation, runner: _Lease | None = None, now: float = NOW
) -> Picture:
    return paint(FLEET, observations, operations, now, runner=runner or _Lease())


def checkout(picture: Picture) -> Cell:
    cell = picture.cell(CHECKOUT)
    assert cell is not None
    return cell


def test_services_go_down_and_environments_across() -> None:
    picture = shown(WELL)
    assert [env.name for env in picture.environments] == ["staging", "production"]
    assert [row.service for row in picture.rows] == ["checkout", "cart"]
    assert [cell is not None for row in picture.rows for cell in row.cells] == [False, True, True, False]
    cell = checkout(picture)
    assert (cell.state, cell.versions, cell.known.state, cell.known.age) == ("ok", ("2.14.3",), "fresh", "now")
    assert [share.share for share in cell.splits[0].shares] == [75, 25]
    assert picture.attention == ()


def test_a_place_that_was_never_read_says_so() -> None:
    cell = shown({}).cell(CHECKOUT)
    assert cell is not None
    assert (cell.state, cell.versions) == ("unread", ())


def test_no_fleet_yet_is_an_empty_picture() -> None:
    picture = paint(None, {}, (), NOW)
    assert (picture.fleet, picture.rows, picture.attention) == ("", (), ())


def test_regions_that_serve_different_versions_are_drift() -> None:
    picture = shown({**WELL, **seen({NORTH: slots("2.13.0")})})
    assert checkout(picture).state == "drift"
    assert checkout(picture).versions == ("2.14.3", "2.13.0")
    assert [(item.state, item.text) for item in picture.attention] == [("drift", "regions serve 2.14.3 and 2.13.0")]


def test_trouble_keeps_the_last_good_reading_and_its_age() -> None:
    failing = replace(WELL[WEST], trouble=Trouble("unreachable", "no route to host"), trouble_since=NOW - 600)
    picture = shown({**WELL, WEST: replace(failing, observed_at=NOW - 620)})
    cell = checkout(picture)
    assert (cell.state, cell.versions) == ("trouble", ("2.14.3",))
    assert (cell.known.age, cell.known.trouble_age) == ("10m", "10m")
    assert [(item.state, item.where, item.text) for item in picture.attention] == [
        ("trouble", "production/checkout@westeurope", "no route to host")
    ]


def test_one_fault_in_front_of_many_places_is_listed_once_per_service() -> None:
    trouble = Trouble("unauthenticated", "the sign-in has expired")
    picture = shown({s: replace(o, trouble=trouble, trouble_since=NOW) for s, o in WELL.items()})
    assert [item.state for item in picture.attention] == ["trouble"]


def test_an_old_reading_never_looks_new() -> None:
    later = NOW + STALE_AFTER
    cell = checkout(shown(WELL, now=later, runner=_Lease(expires_at=later + 10)))
    assert (cell.state, cell.known.state, cell.known.age) == ("stale", "stale", "2m")


def test_an_operation_under_way_shows_where_it_leads_and_how_far_it_is() -> None:
    running = operation(Swap(CHECKOUT), ("step.accepted", {"step": "1", "detail": "warming up"}))
    cell = checkout(shown(WELL, running))
    assert (cell.state, cell.target_version) == ("moving", "2.15.0")
    assert cell.operation is not None
    assert (cell.operation.state, cell.operation.progress, cell.operation.step) == ("running", "0/1", "warming up")


def test_an_operation_of_one_region_belongs_to_the_service() -> None:
    running = operation(Swap(TargetId("production", "checkout", "westeurope")))
    assert checkout(shown(WELL, running)).state == "moving"


def test_the_phases_of_a_swap_are_told_apart() -> None:
    assert [shown(WELL, operation(Swap(CHECKOUT, mode=mode))).operations[0].verb for mode in SWAP_MODES] == [
        "swap",
        "preview",
        "complete",
        "cancel",
    ]


def test_an_operation_that_ended_leaves_the_cell() -> None:
    ended = operation(Swap(CHECKOUT), ("operation.ended", {"ending": "succeeded"}))
    picture = shown(WELL, ended)
    assert checkout(picture).operation is None
    assert picture.operations[0].state == "succeeded"


def test_an_operation_that_needs_an_operator_comes_first() -> None:
    stuck = operation(
        Swap(CHECKOUT),
        ("operation.ended", {"ending": "needs_operator", "detail": "unclear", "choices": ["retry", "undo"]}),
    )
    bad = seen({WEST: slots("2.14.3", health="unhealthy"), NORTH: slots("2.13.0")})
    picture = shown({**WELL, **bad}, stuck)
    assert checkout(picture).state == "needs operator"
    assert [item.state for item in picture.attention] == ["needs operator", "unhealthy"]
    assert picture.attention[0].operation == "op1"


def test_a_prepared_swap_waits_for_a_person() -> None:
    picture = shown({**WELL, **seen({WEST: slots("2.14.3", preview_from="staging")})})
    assert (checkout(picture).state, checkout(picture).preview) == ("preview", "staging")
    assert [item.state for item in picture.attention] == ["preview"]


def test_a_stopped_live_slot_and_a_degraded_destination_are_unhealthy() -> None:
    stopped = shown({**WELL, **seen({WEST: slots("2.14.3", running=False)})})
    assert [item.text for item in stopped.attention] == ["production is stopped"]
    bad = replace(SPLIT.destinations[0], health="unhealthy", status="Degraded")
    degraded = shown({**WELL, **seen({TRAFFIC: replace(SPLIT, destinations=(bad, SPLIT.destinations[1]))})})
    assert checkout(degraded).state == "unhealthy"
    assert [item.text for item in degraded.attention] == ["westeurope is Degraded and gets 75%"]


def test_a_bad_slot_that_gets_no_traffic_is_no_alarm() -> None:
    idle = replace(SPLIT.destinations[0], health="unhealthy", share=0)
    picture = shown({**WELL, **seen({TRAFFIC: replace(SPLIT, destinations=(idle, SPLIT.destinations[1]))})})
    assert checkout(picture).state == "ok"


def test_flags_keep_their_real_name_for_requests_and_a_clean_one_for_eyes() -> None:
    hostile = "kill\x1b[2J\u202eswitch"
    flags = FlagsReading((FlagReading(hostile, True, percent=25, label="eu"), FlagReading(hostile, False)))
    running = operation(FlagChange(TargetId("production", hostile, flag=True), enabled=False))
    picture = shown(seen({"flags/production/flags": flags}), running)
    row = picture.flags[0]
    assert row.name == "killswitch"
    assert row.cells[0] == ()
    assert [(flag.label, flag.percent) for flag in row.cells[1]] == [("eu", 25), ("", None)]
    assert row.cells[1][0].target.name == hostile
    assert row.cells[1][0].operation is not None
    found = picture.flag(TargetId("production", hostile, flag=True), "")
    assert found is not None
    assert not found.enabled


def test_a_runner_whose_lease_ran_out_is_not_alive() -> None:
    gone = shown(WELL, runner=_Lease(expires_at=NOW - 240))
    assert (gone.runner.alive, gone.runner.age) == (False, "4m")
    assert [item.state for item in gone.attention] == ["no runner"]
    assert not shown(WELL, runner=_Lease(holder="")).runner.alive


def test_a_runner_that_cannot_use_the_changed_configuration_asks_for_a_look() -> None:
    problem = "quarterdeck.yaml:3: unknown key 'servces'\x1b[2J"
    picture = shown(WELL, runner=_Lease(info={"problem": problem}))
    (item,) = picture.attention
    assert (item.state, item.text.partition(" unknown")[0]) == ("configuration", "quarterdeck.yaml:3:")
    assert "\x1b" not in item.text
    assert [
        item.state for item in shown(WELL, runner=_Lease(expires_at=NOW - 1, info={"problem": problem})).attention
    ] == ["no runner"]


def test_trouble_says_since_when_and_what_to_do() -> None:
    trouble = Trouble("forbidden", "no permission", "ask for Reader")
    failing = replace(WELL[WEST], trouble=trouble, trouble_since=NOW - 400)
    (item,) = shown({**WELL, WEST: failing}).attention
    assert (item.since, item.hint) == ("6m", "ask for Reader")


def test_a_connection_tells_its_newest_reading_and_its_troubles() -> None:
    failing = replace(WELL[WEST], trouble=Trouble("timeout", "no answer"), trouble_since=NOW)
    (azure,) = shown({**WELL, WEST: failing}).connections
    assert (azure.name, azure.places, azure.troubled, azure.age) == ("azure", 5, 1, "now")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3600, "ahead"), (-5, "now"), (14.9, "now"), (15, "15s"), (44, "30s"), (59, "45s"), (60, "1m"), (599, "9m"),
     (659, "10m"), (899, "10m"), (3599, "55m"), (3600, "1h"), (86400, "24h"), (200_000, "2d")],
)  # fmt: skip
def test_ages_are_coarse(seconds: float, words: str) -> None:
    assert age(seconds) == words


@given(st.floats(0, 3600))
def test_a_screen_of_ages_changes_at_most_four_times_a_minute(start: float) -> None:
    words = {age(start + second) for second in range(60)}
    assert len(words) <= 5
