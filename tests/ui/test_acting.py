"""From a key to the request in the store, and never to anything else."""

from dataclasses import replace

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see, type_in
from tests.ui.scenes import CHECKOUT, READINGS, Scene, slots

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.readings import Audience, SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action, FlagChange, Rollback, Shift, Swap
from quarterdeck.store.base import Request
from quarterdeck.ui.actions import DEEDS, Deed
from quarterdeck.ui.screens.plan import PlanDialog

WIDE = (120, 36)
BETA = TargetId("staging", "beta-basket", flag=True)
KILL = TargetId("production", "new-checkout", flag=True)


WAYS = {"bridge": (), "flags": ("5", "left"), "gates": ("4",), "pipelines": ("6",)}
"""By screen, the keys that lead there."""


def planned(scene: Scene) -> Action:
    request = scene.asked("plan")
    assert (request.actor, request.via, request.read_only) == ("ana@jump1", "cockpit", False)
    action: Action = from_json(Action, request.body["action"])
    return action


def requests(scene: Scene) -> list[Request]:
    return list(scene.store.pending())


async def test_s_asks_which_swap_and_then_for_its_plan(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        assert "swap staging in all regions" in await press(pilot, "s")
        assert requests(scene) == []
        assert "planning…" in await press(pilot, "enter")
    assert planned(scene) == Swap(CHECKOUT)


@pytest.mark.parametrize(
    ("downs", "action"),
    [
        (1, Swap(CHECKOUT, mode="preview")),
        (2, Swap(TargetId("production", "checkout", "westeurope"))),
        (5, Swap(TargetId("production", "checkout", "northeurope"), mode="preview")),
    ],
)
async def test_the_menu_has_previews_and_single_regions(scene: Scene, start: Start, downs: int, action: Action) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await press(pilot, "s", *["down"] * downs, "enter")
    assert planned(scene) == action


async def test_a_prepared_swap_is_completed_or_cancelled(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        menu = await press(pilot, "G", "s")
        assert "complete" in menu
        assert "swap staging" not in menu
        await press(pilot, "down", "enter")
    assert planned(scene) == Swap(TargetId("production", "payments"), mode="cancel")


async def test_another_slot_than_staging_is_named(scene: Scene, start: Start) -> None:
    live, staging = slots("1.9.1", "1.9.2").slots
    blue = SlotsReading((live, replace(staging, name="blue")))
    scene.publish(readings={**READINGS, "slots/production/cart": blue})
    async with start().run_test(size=WIDE) as pilot:
        await press(pilot, "down", "s", "enter")
    assert planned(scene) == Swap(TargetId("production", "cart"), "blue")


async def test_t_asks_for_shares(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        assert "westeurope=75 northeurope=25" in await press(pilot, "t")
        assert "is not NAME=PERCENT" in await type_in(pilot, "west") + await press(pilot, "enter")
        await type_in(pilot, "europe=25")
        await press(pilot, "enter")
    assert planned(scene) == Shift(CHECKOUT, {"westeurope": 25})


async def test_u_asks_for_a_rollback(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await press(pilot, "u")
    assert planned(scene) == Rollback(CHECKOUT)


async def test_a_bad_flag_is_off_in_two_keys_and_a_confirmation(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await press(pilot, "5", "left")
        assert "Flag beta-basket in staging (on for 50%)" in await press(pilot, "f")
        await press(pilot, "enter")
    assert planned(scene) == FlagChange(BETA, enabled=False)


@pytest.mark.parametrize(
    ("downs", "typed", "action"),
    [
        (2, "12.5", FlagChange(BETA, percent=12.5)),
        (3, "canary=100 early=25", FlagChange(BETA, audience=(Audience("canary", 100), Audience("early", 25)))),
    ],
)
async def test_who_sees_a_flag_is_typed(scene: Scene, start: Start, downs: int, typed: str, action: Action) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await press(pilot, "5", "left", "f", *["down"] * downs, "enter")
        await type_in(pilot, typed)
        await press(pilot, "enter")
    assert planned(scene) == action


async def test_a_flag_under_several_labels_asks_which(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        assert "Under which label?" in await press(pilot, "5", "G", "f")
        await press(pilot, "enter", "enter")
    assert planned(scene) == FlagChange(KILL, "eu", enabled=False)


async def test_the_colon_takes_what_the_command_line_takes(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await press(pilot, "colon")
        await type_in(pilot, "swap production/cart --from blue")
        await press(pilot, "enter")
    assert planned(scene) == Swap(TargetId("production", "cart"), "blue")


async def test_wrong_words_after_the_colon_are_answered_with_the_right_form(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await press(pilot, "colon")
        await type_in(pilot, "shift production/checkout")
        assert "no share. shift ENV/SERVICE[@REGION] NAME=PERCENT" in await press(pilot, "enter")
    assert requests(scene) == []


async def test_r_asks_for_a_fresh_look(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        assert "asked the runner to read" in await press(pilot, "r")
    assert scene.asked("refresh").body == {"target": ""}


@pytest.mark.parametrize(
    "deed", [deed for deed in DEEDS if deed.hazard and deed.places != ("release",)], ids=lambda deed: deed.id
)
async def test_read_only_asks_for_nothing_and_says_why(scene: Scene, start: Start, deed: Deed) -> None:
    scene.publish()
    async with start(read_only=True).run_test(size=WIDE) as pilot:
        way = next(keys for place, keys in WAYS.items() if place in deed.places)
        await press(pilot, *way)
        said = await press(pilot, deed.key)
        assert "READ-ONLY" in said
        assert "read-only: start it without --read-only" in said
        assert not isinstance(pilot.app.screen, PlanDialog)
    assert requests(scene) == []


async def test_without_a_runner_nothing_is_asked_and_one_is_called_for(scene: Scene, start: Start) -> None:
    called = []
    scene.publish()
    scene.let_go()
    async with start(keep_alive=lambda: called.append(1)).run_test(size=WIDE) as pilot:
        assert "no runner is alive yet" in await press(pilot, "s")
    assert called
    assert requests(scene) == []


async def test_a_locked_flag_says_so(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        assert "kill-search is locked in its flag store" in await press(pilot, "5", "down", "f")


async def test_where_nothing_is_nothing_is_asked(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        assert "nothing is under the cursor" in await press(pilot, "G", "left", "left", "s")
    assert requests(scene) == []


async def test_a_store_that_takes_nothing_says_so_in_the_dialog(scene: Scene, start: Start) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=WIDE) as pilot:
        await press(pilot, "s")
        app.store.close()
        await pilot.press("enter")
        await pilot.pause()
        assert "refused" in await see(pilot)
    assert requests(scene) == []
