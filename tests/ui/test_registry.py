"""One registry: what it lists can be reached in every way, is documented, and never begins by accident."""

from __future__ import annotations

import pytest
from tests.ui import keys_in_readme
from tests.ui.conftest import Start
from tests.ui.driving import NAMED, press, see
from tests.ui.pipeline_scenes import piped
from tests.ui.release_scenes import release_plan, sail
from tests.ui.scenes import CHECKOUT, Scene, swap_plan
from textual.binding import Binding

from quarterdeck.release.picture import Picture
from quarterdeck.ui.actions import DEEDS, Deed, Situation, deeds_at
from quarterdeck.ui.keymap import called
from quarterdeck.ui.pages.finding import help_choices, palette_choices
from quarterdeck.ui.screens.deck import bindings
from quarterdeck.ui.screens.small import Prompt

SIZE = (100, 30)
HAZARDS = [deed for deed in DEEDS if deed.hazard]
ASKING = {"plan", "propose", "dismiss", "refresh"}
"""Requests that change nothing."""
SAILING = {"confirm": "confirming", "approve": "waiting", "reject": "waiting", "undo": "", "swap": "", "traffic": "",
           "hotfix": "", "flag": "", "start-run": "piped", "cancel-run": "piped", "rerun": "piped"}  # fmt: skip
"""By deed, the scene in which it can be done; "" for a fleet without releases, otherwise one that bakes."""
_RELEASED = ("promote", "promote-full", "approve", "reject", "confirm", "hold", "order")
WAYS = {
    "flag": ("5", "left"),
    "undo-to": ("3", "enter"),
    "pay": ("4",),
    **dict.fromkeys(("start-run", "cancel-run", "rerun"), ("6",)),
    **dict.fromkeys(_RELEASED, ("3",)),
}
"""By deed, the keys that lead to where it can be done; the others can be on the Bridge."""


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    from quarterdeck.ui.watching import Watch

    scene = Scene(tmp_path_factory.mktemp("registry") / "store.db")
    scene.publish()
    watch = Watch(scene.store, scene.clock)
    watch.look()
    return watch.picture()


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.id)
def test_every_deed_has_its_key_and_stands_in_palette_and_help_where_it_means_something(
    deed: Deed, picture: Picture
) -> None:
    assert called(deed.key) == deed.shown
    for where in deed.places:
        keys = {one.key: one for one in bindings(where) if isinstance(one, Binding)}
        assert keys[deed.key].action == f"deed('{deed.id}')"
        now = Situation(picture, where, False, CHECKOUT)
        for choices in (palette_choices(now, ()), help_choices(now)):
            assert [one.key for one in choices if one.id == f"deed:{deed.id}"] == [deed.shown]


def test_the_readme_lists_every_key() -> None:
    readme = keys_in_readme.README.read_text(encoding="utf-8")
    assert keys_in_readme.written(readme) == readme, "write it anew: .venv/bin/python -m tests.ui.keys_in_readme"


def test_what_is_blocked_stays_in_the_lists_and_says_why(picture: Picture) -> None:
    now = Situation(picture, "bridge", True, CHECKOUT)
    for choices in (palette_choices(now, ()), help_choices(now)):
        blocked = {one.id.partition(":")[2]: one.blocked for one in choices if one.blocked}
        assert {deed.id for deed in deeds_at("bridge") if deed.hazard} <= blocked.keys()
        assert "read-only" in blocked["swap"]


ROUTES = {
    "key": ("t",),
    "palette": ("ctrl+p", *"traffic", "enter"),
    "help": ("question_mark", *"divide", "enter"),
    "command line": ("colon", *"traffic", "enter"),
}


@pytest.mark.parametrize("route", ROUTES)
async def test_all_ways_lead_to_the_same(scene: Scene, start: Start, route: str) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await pilot.press(*ROUTES[route])
        assert "Traffic of production/checkout" in await see(pilot)
        assert isinstance(pilot.app.screen, Prompt)


@pytest.mark.parametrize("route", ROUTES)
async def test_no_way_leads_round_read_only(scene: Scene, start: Start, route: str) -> None:
    scene.publish()
    async with start(read_only=True).run_test(size=SIZE) as pilot:
        await pilot.press(*ROUTES[route])
        assert "read-only: start it without --read-only" in await see(pilot)
        assert not isinstance(pilot.app.screen, Prompt)
    assert list(scene.store.pending()) == []


@pytest.mark.parametrize("line", ["swap production/checkout", "release abort k7f2", "freeze all --reason x"])
async def test_no_line_leads_round_read_only(scene: Scene, start: Start, line: str) -> None:
    sail(scene, "baking")
    async with start(read_only=True).run_test(size=SIZE) as pilot:
        await pilot.press("colon", *(NAMED.get(letter, letter) for letter in line), "enter")
        assert "read-only: start it without --read-only" in await see(pilot)
    assert list(scene.store.pending()) == []


@pytest.mark.parametrize("deed", HAZARDS, ids=lambda deed: deed.id)
async def test_a_key_and_then_enter_escape_and_space_by_habit_change_nothing(
    scene: Scene, start: Start, deed: Deed
) -> None:
    match SAILING.get(deed.id, "baking"):
        case "":
            scene.publish()
        case "piped":
            piped(scene)
        case state:
            sail(scene, state)
    asked = set()

    def answered() -> None:
        for request in scene.store.pending():
            asked.add(request.kind)
            if request.kind == "plan":
                scene.answer(request, plan=swap_plan(type_to_confirm=""))
            elif request.kind == "propose":
                scene.answer(request, proposal=release_plan(type_to_confirm=""))

    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, *WAYS.get(deed.id, ()))
        before = len(pilot.app.screen_stack)
        await pilot.press(deed.key)
        opened = len(pilot.app.screen_stack) > before
        for keys in (("enter", "enter"), ("enter", "space", "enter", "escape", "enter")):
            await pilot.press(*keys)
            answered()
            await see(pilot)
        answered()
    assert asked <= ASKING
    assert opened or deed.id in ("pay", "cancel-run", "rerun", "start-run"), "it can't be done in this scene"
