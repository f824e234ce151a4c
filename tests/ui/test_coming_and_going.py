"""Screens that are asked or painted a moment too early or too late: before they have parts, or after."""

from __future__ import annotations

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see
from tests.ui.release_scenes import sail
from tests.ui.scenes import CHECKOUT, Scene, flag_plan, swap_plan

from quarterdeck.ui.screens import catalogue
from quarterdeck.ui.screens.deck import Deck
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.screens.plan import PlanDialog
from quarterdeck.ui.widgets.choices import Buttons

SIZE = (80, 24)
DECKS = ["service", "releases", "release", "gates", "flags", "pipelines", "log"]


def deck(where: str) -> Deck:
    """A screen that nobody has opened yet."""
    match where:
        case "service":
            return catalogue.service(CHECKOUT)
        case "releases":
            return catalogue.releases("")
        case "release":
            return catalogue.release("k7f2")
        case _:
            made: Deck = getattr(catalogue, where)()
            return made


@pytest.mark.parametrize("where", DECKS)
async def test_a_screen_that_isnt_there_yet_can_be_asked_and_painted(scene: Scene, start: Start, where: str) -> None:
    sail(scene, "waiting")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot)
        opening = app.push_screen(deck(where))
        assert app.target() is None
        assert app.release() is None
        assert app.do("filter") is None
        app.say("too early")
        app.look()
        app.paint()
        await opening
        assert await see(pilot)


@pytest.mark.parametrize("where", DECKS)
async def test_a_screen_that_was_left_isnt_painted_any_more(scene: Scene, start: Start, where: str) -> None:
    """A resize has it painted once it has its new size; by then it may be gone."""
    sail(scene, "waiting")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        left = deck(where)
        await app.push_screen(left)
        await see(pilot)
        await pilot.resize_terminal(100, 30)
        await app.pop_screen()
        left.paint()
        left.say("too late")
        assert "1 Bridge" in await see(pilot)


async def test_a_dialog_is_painted_neither_before_it_has_parts_nor_after(scene: Scene, start: Start) -> None:
    sail(scene, "waiting")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot)
        app.plan(swap_plan().action)
        plan = app.screen
        assert isinstance(plan, Dialog)
        app.paint()  # as a look at the store does that comes in between
        await see(pilot)
        plan.on_resize()
        await app.pop_screen()
        plan.on_resize()
        assert "1 Bridge" in await see(pilot)


async def test_only_the_first_of_two_keys_closes_a_dialog(scene: Scene, start: Start) -> None:
    """The second one comes before the dialog is gone; it must not close what lies below, nor end the cockpit."""
    sail(scene, "waiting")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "2", "colon", "escape")
        await app.push_screen(catalogue.reader("A line", lambda _: []))
        reader = app.screen
        assert isinstance(reader, Dialog)
        reader.action_back()
        reader.action_back()
        assert "2 Service" in await see(pilot)


async def test_a_dialog_that_another_one_covers_closes_neither(scene: Scene, start: Start) -> None:
    sail(scene, "waiting")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot)
        await app.push_screen(catalogue.reader("The lower", lambda _: []))
        lower = app.screen
        assert isinstance(lower, Dialog)
        await app.push_screen(catalogue.reader("The upper", lambda _: []))
        lower.action_back()
        assert "The upper" in await see(pilot)
        assert "The lower" in await press(pilot, "escape")
        assert "1 Bridge" in await press(pilot, "escape")


@pytest.mark.parametrize("left", [True, False])
async def test_a_yes_in_the_same_breath_as_esc_is_none(scene: Scene, start: Start, left: bool) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "u")
        scene.answer(scene.asked("plan"), plan=flag_plan())
        await see(pilot)
        plan = pilot.app.screen
        assert isinstance(plan, PlanDialog)
        if left:
            plan.action_back()
        plan.post_message(Buttons.Given(plan.query_one(Buttons), "confirm"))
        await see(pilot)
    asked = [request.kind for request in scene.store.pending()]
    assert asked == (["dismiss"] if left else ["confirm"])
