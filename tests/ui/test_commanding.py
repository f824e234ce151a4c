"""The command line at the bottom, the palette, the help, and the way back through places."""

from __future__ import annotations

from typing import Any

from tests.ui.conftest import Start
from tests.ui.driving import NAMED, press, see, type_in
from tests.ui.release_scenes import sail
from tests.ui.scenes import Scene, flag_plan, played
from tests.ui.test_acting import planned
from textual.app import App
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap
from quarterdeck.ui.screens.bridge import Bridge
from quarterdeck.ui.screens.deck import Deck
from quarterdeck.ui.screens.flags import Flags
from quarterdeck.ui.screens.log import Log
from quarterdeck.ui.screens.plan import PlanDialog
from quarterdeck.ui.screens.progress import Progress
from quarterdeck.ui.screens.release import Release
from quarterdeck.ui.screens.service import Service

SIZE = (100, 30)


def line(app: App[Any]) -> str:
    """What stands in the line that is typed."""
    return app.screen.query_one(Input).value


def rush(pilot: Pilot[Any], text: str, end: str = "enter") -> None:
    """Keys that arrive all at once, as over a slow link."""
    for letter in text:
        pilot.app.post_message(Key(NAMED.get(letter, letter), letter))
    pilot.app.post_message(Key(end, "\r"))


# --- the command line ----------------------------------------------------------------------------------------------
async def test_tab_puts_in_what_is_certain_and_then_one_offer_after_the_other(scene: Scene, start: Start) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        told = await press(pilot, "colon", *"swap", "space", *"pr")
        assert "swap ENV/SERVICE[@REGION] [--from SLOT]" in told
        assert "production/cart" in told
        for key, text in (
            ("tab", "production/"),
            ("c", "production/c"),
            ("a", "production/ca"),
            ("tab", "production/cart "),
        ):
            await press(pilot, key)
            assert line(app) == f"swap {text}"
        await press(pilot, *"--from", "space")
        await press(pilot, "tab")
        assert line(app).endswith("--from production")
        await press(pilot, "tab")
        assert line(app).endswith("--from staging")
        await press(pilot, "shift+tab", "tab", "enter")
    assert planned(scene) == Swap(TargetId("production", "cart"), "staging")


async def test_what_was_typed_comes_back_also_another_day(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        for words in ("log", "bridge"):
            await press(pilot, "colon", *words, "enter")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "colon", *"fl", "up")
        assert line(app) == "bridge"
        await press(pilot, "up", "up")
        assert line(app) == "log"
        await press(pilot, "down", "down")
        assert line(app) == "fl"
        await press(pilot, "escape")
        assert isinstance(app.screen, Bridge)
        assert not app.screen.query(Input)


async def test_what_is_wrong_is_said_in_place_and_the_line_stays(scene: Scene, start: Start) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        for words, complaint in {
            "fly": "there is no 'fly': Tab shows what there is",
            "service nowhere/cart": "there is no nowhere/cart in this fleet",
            "show k9": "there is no release or operation 'k9'",
            "theme pink": "there is no theme 'pink'",
            "follow": "follow means nothing on this screen",
        }.items():
            await press(pilot, "colon")
            await type_in(pilot, words)
            assert complaint in await press(pilot, "enter")
            assert line(app) == words
            await press(pilot, "escape")


async def test_names_lead_to_places(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        for words, screen in {
            "log": Log,
            "service production/cart": Service,
            "qd release show k7": Release,
            "flags": Flags,
        }.items():
            await press(pilot, "colon")
            await type_in(pilot, words)
            await press(pilot, "enter")
            assert isinstance(pilot.app.screen, screen), words
        await press(pilot, "colon", *"bridge", "enter", "colon")
        await type_in(pilot, "filter cart")
        text = await press(pilot, "enter")
        assert "cart" in text
        assert not any(row.startswith("payments") for row in text.splitlines())


async def test_a_theme_is_worn_at_once(scene: Scene, start: Start) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "colon")
        await type_in(pilot, "theme quarterdeck-light")
        assert "this cockpit wears quarterdeck-light" in await press(pilot, "enter")
        assert app.theme == "quarterdeck-light"
        await press(pilot, "T", *"mono", "enter")
        assert app.theme == "quarterdeck-mono"
        assert app.native_ansi_color


async def test_keys_that_arrive_all_at_once_are_one_line_and_no_deeds(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        rush(pilot, ":swap production/cart")
        await see(pilot)
        assert isinstance(pilot.app.screen, PlanDialog)
    assert planned(scene) == Swap(TargetId("production", "cart"))


async def test_letters_to_find_that_arrive_all_at_once_begin_nothing(scene: Scene, start: Start) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        rush(pilot, "/payments")
        await see(pilot)
        assert isinstance(app.screen, Bridge)
        assert app.screen.letters == "payments"
    assert list(scene.store.pending()) == []


async def test_a_line_for_keys_that_look_like_prompts_takes_them_as_letters(scene: Scene, start: Start) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "slash", "slash", "colon", "question_mark")
        assert line(app) == "/:?"


# --- palette and help -----------------------------------------------------------------------------------------------
async def test_the_palette_goes_to_names(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "ctrl+p")
        await type_in(pilot, "service staging/cart")
        await press(pilot, "enter")
        assert isinstance(app.screen, Service)
        await press(pilot, "ctrl+p", *"release", "space", *"k7f2", "enter")
        assert isinstance(app.screen, Release)
        await press(pilot, "ctrl+p")
        await type_in(pilot, "staging/new-checkout")
        await press(pilot, "enter")
        assert isinstance(app.screen, Flags)
        assert app.screen.target() == TargetId("staging", "new-checkout", flag=True)


async def test_what_is_blocked_says_why_before_and_after_it_is_chosen(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "ctrl+p", *"promote", "space", *"fully")
        assert "(promote fully)" in text
        assert "not now: there is no release under the cursor" in text
        assert "there is no release under the cursor" in await press(pilot, "enter")
        assert isinstance(pilot.app.screen, Bridge)


async def test_the_help_is_about_what_is_under_the_cursor_and_runs_what_is_marked(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "Keys on 1 Bridge · production/cart" in await press(pilot, "down", "question_mark")
        text = await press(pilot, *"journal")
        assert "The journal" in text
        assert "Swap slots" not in text
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, Log)
        assert "nothing matches" in await press(pilot, "question_mark", *"zzz")
        await press(pilot, "enter", "escape")
        assert isinstance(pilot.app.screen, Log)


async def test_the_marks_of_a_list_stay_within_it(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=(60, 12)) as pilot:
        assert "▸       1" not in await press(pilot, "ctrl+p", "up", *["pagedown"] * 12)
        rows = await press(pilot, "down")
        assert "theme" in next(row for row in rows.splitlines() if row.startswith("▸"))


# --- the way back ---------------------------------------------------------------------------------------------------
def place(app: App[Any]) -> tuple[str, str, str]:
    deck = app.screen
    assert isinstance(deck, Deck)
    here = deck.place()
    return here.where, here.about, here.key


async def test_brackets_go_back_and_forward_with_the_cursor_where_it_was(scene: Scene, start: Start) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "down", "2", "5", "down", "7")
        await press(pilot, "left_square_bracket")
        assert place(app) == ("flags", "", "1")
        await press(pilot, "left_square_bracket")
        assert place(app)[:2] == ("service", "production/cart")
        await press(pilot, "left_square_bracket")
        assert place(app) == ("bridge", "", "cart")
        assert "there is no place before this one" in await press(pilot, "left_square_bracket")
        await press(pilot, "right_square_bracket", "right_square_bracket", "right_square_bracket")
        assert place(app)[0] == "log"
        assert "there is no place after this one" in await press(pilot, "right_square_bracket")


async def test_a_new_way_forgets_the_old_one_and_esc_is_a_way_too(scene: Scene, start: Start) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "5", "7", "left_square_bracket", "4")
        assert "there is no place after this one" in await press(pilot, "right_square_bracket")
        await press(pilot, "escape", "left_square_bracket")
        assert place(app)[0] == "gates"


async def test_letters_come_back_with_their_place(scene: Scene, start: Start) -> None:
    played(scene)
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "7", "slash", *"ben", "enter", "1", "left_square_bracket")
        deck = app.screen
        assert isinstance(deck, Log)
        assert deck.letters == "ben"


async def test_an_operation_is_no_place_but_what_it_was_opened_from_is(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.step(scene.start(flag_plan()), "intended")
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "5", "left", "enter")
        assert isinstance(pilot.app.screen, Progress)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, Flags)
