"""Finding one's way: screens, cursor, letters to find, help, coming back."""

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see, shown, type_in
from tests.ui.release_scenes import sail
from tests.ui.scenes import CHECKOUT, Scene, flag_plan, place, played, slots, swap_plan

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Destination, TrafficReading
from quarterdeck.fleet.topology import Environment, Fleet
from quarterdeck.ui.actions import DEEDS, EVERYWHERE, Situation, deeds_at, why_not
from quarterdeck.ui.pages.finding import help_choices, in_full
from quarterdeck.ui.pages.frame import footer_line
from quarterdeck.ui.returning import left_at, remember
from quarterdeck.ui.screens.bridge import Bridge
from quarterdeck.ui.screens.flags import Flags
from quarterdeck.ui.screens.log import Log
from quarterdeck.ui.screens.progress import Progress
from quarterdeck.ui.screens.service import Service
from quarterdeck.ui.spans import plain

SIZE = (80, 24)


async def test_number_keys_choose_screens_and_esc_goes_back(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        for key, screen in {"2": Service, "1": Bridge, "5": Flags, "7": Log, "f": Flags}.items():
            await press(pilot, key)
            assert isinstance(pilot.app.screen, screen), key
        assert len(pilot.app.screen_stack) == 3  # Textual's own, the Bridge, and one more: they don't pile up
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, Bridge)
        assert "q leaves the cockpit" in await press(pilot, "escape")


async def test_enter_opens_the_service_under_the_cursor(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "production/cart  PROTECTED" in await press(pilot, "down", "enter")
        assert "that service doesn't exist in that environment" in await press(pilot, "escape", "left", "left", "enter")


async def test_the_service_shows_slots_traffic_history_and_the_way_back(scene: Scene, start: Start) -> None:
    played(scene)
    scene.step("op2", "done", "2", ago=25)
    scene.end("op2", "succeeded")
    for region in ("westeurope", "northeurope"):
        scene.see({f"slots/production/checkout@{region}": slots("2.15.0", "2.14.3")})
    async with start().run_test(size=(100, 60)) as pilot:
        text = await press(pilot, "2")
    for words in (
        "westeurope",
        "▸ production  2.15.0",
        "users are here",
        "build d2143f00d",
        "75% ███████████████░░░░░",
        "between slots in westeurope",
        "✓ succeeded",
        "swap by ana@jump1, because: release day",
        "swap staging back into production: 2.14.3 serves again",
    ):
        assert words in text


async def test_intended_shares_stand_beside_reported_ones_while_traffic_moves(scene: Scene, start: Start) -> None:
    from tests.ui.scenes import shift_plan

    scene.publish()
    scene.step(scene.start(shift_plan(westeurope=25, northeurope=75)), "accepted")
    async with start().run_test(size=(120, 50)) as pilot:
        text = await press(pilot, "2")
    assert any(row.split()[:3] == ["westeurope", "25%", "75%"] for row in text.splitlines())
    assert any(row.split()[:2] == ["set", "reported"] for row in text.splitlines())


async def test_letters_filter_the_bridge_and_esc_shows_all(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "slash")
        text = await type_in(pilot, "pay")
        assert "payments" in text
        assert "checkout  " not in text
        text = await press(pilot, "enter")
        assert "checkout  " not in text
        assert "checkout  " in await press(pilot, "escape")


async def test_the_log_is_filtered_by_actor_and_follows_its_end(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=(120, 36)) as pilot:
        await press(pilot, "7", "slash")
        text = await type_in(pilot, "ben@jump2")
        assert "basket errors" in text
        assert "release day" not in text
        await press(pilot, "escape")
        scene.step("op2", "done", "2", ago=0, detail="both sides read back now")
        text = await see(pilot)
        assert "both sides read" in text
        assert "read back now" in await press(pilot, "enter")  # the cursor followed


async def test_the_log_says_what_gates_measured(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=(120, 36)) as pilot:
        assert "step 4; error-rate 0.0041 pass; latency 231 pass" in await press(pilot, "7")


async def test_help_lists_every_key_of_the_screen_with_its_command(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=(100, 60)) as pilot:
        text = await press(pilot, "question_mark")
        for _ in range(6):
            text += await press(pilot, "pagedown")
        for deed in deeds_at("bridge"):
            assert deed.explanation[:40] in text
        assert "qd swap ENV/SERVICE" in text
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, Bridge)


async def test_begins_at_the_target_that_was_asked_for(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start(target="production/cart").run_test(size=SIZE) as pilot:
        assert "production/cart" in await see(pilot)
        await press(pilot, "escape")
        assert pilot.app.screen.query_one("#body").cursor_key == "cart"  # type: ignore[attr-defined]


async def test_a_target_that_does_not_exist_is_named(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start(target="checkout").run_test(size=SIZE) as pilot:
        assert "'checkout' is not a target" in await see(pilot)


async def test_coming_back_tells_what_ended_meanwhile(scene: Scene, start: Start) -> None:
    played(scene)
    scene.end("op2", "succeeded")
    app = start()
    app._left_at = scene.clock.now() - 7200
    async with app.run_test(size=(140, 30)) as pilot:
        text = await see(pilot)
        told = "since you left 2h ago: swap production/checkout succeeded; flag flag:staging/beta-basket succeeded"
        assert told in text
        assert told not in await press(pilot, "down")


def test_when_a_cockpit_was_left_is_remembered(scene: Scene) -> None:
    assert left_at(scene.path) is None
    remember(scene.path, 12345.6)
    assert left_at(scene.path) == 12346
    assert scene.path.with_name("store.db.left").stat().st_mode & 0o077 == 0
    scene.path.with_name("store.db.left").write_text("nonsense")
    assert left_at(scene.path) is None


async def test_a_fleet_that_appears_later_is_shown_when_it_does(scene: Scene, start: Start) -> None:
    async with start().run_test(size=SIZE) as pilot:
        assert "waiting for a runner to read the configuration" in await see(pilot)
        scene.publish()
        assert "2.14.3" in await see(pilot)


async def test_many_environments_scroll_sideways(scene: Scene, start: Start) -> None:
    environments = tuple(Environment(f"region-number-{i}") for i in range(9))
    places = tuple(place("slots", f"{env.name}/checkout") for env in environments)
    scene.publish(
        Fleet("wide", environments, ("checkout",), places),
        {one.subject: slots(f"{i}.0.0-a-long-version", "x") for i, one in enumerate(places)},
    )
    async with start().run_test(size=SIZE) as pilot:
        assert "more" in await see(pilot)
        assert "0.0.0-a-long" in await press(pilot, *["left"] * 8)


@pytest.mark.parametrize("size", [(60, 20), (40, 10), (20, 5), (300, 80)])
async def test_any_size_is_survived(scene: Scene, start: Start, size: tuple[int, int]) -> None:
    played(scene)
    async with start().run_test(size=size) as pilot:
        for keys in (
            ("2",),
            ("5",),
            ("7", "enter"),
            ("escape", "1", "enter"),
            ("escape", "s"),
            ("escape", "question_mark"),
        ):
            assert await press(pilot, *keys)
            await pilot.resize_terminal(size[0] + 7, size[1] + 3)
            await pilot.resize_terminal(*size)


async def test_a_provider_with_rubbish_shares_does_not_break_the_bars(scene: Scene, start: Start) -> None:
    scene.publish(readings={})
    odd = (Destination("a", 140), Destination("b", -3), Destination("c", 0.04), Destination("d", 0, enabled=False))
    scene.see({"traffic/production/checkout": TrafficReading("?", odd)})
    async with start().run_test(size=(100, 40)) as pilot:
        text = await press(pilot, "2")
    assert all(words in text for words in ("140%", "-3%", "0.04%", "switched off"))


async def test_opening_an_operation_from_the_service(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "2", "enter")
        assert isinstance(pilot.app.screen, Progress)
        assert "swap production/checkout" in shown(pilot.app)


@pytest.mark.parametrize("where", EVERYWHERE)
def test_no_key_means_two_things_on_a_screen(where: str) -> None:
    keys = [deed.key for deed in DEEDS if where in deed.places]
    assert len(keys) == len(set(keys))


def test_whatever_may_change_production_needs_leave_and_has_a_headless_twin() -> None:
    for deed in DEEDS:
        if deed.hazard:
            assert {"may write", "runner"} <= set(deed.needs), deed.id
            assert deed.twin.startswith("qd "), deed.id


async def test_a_key_that_cannot_be_used_is_in_brackets_and_the_help_says_why(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start(read_only=True).run_test(size=SIZE) as pilot:
        assert "(s swap)" in await see(pilot)
        picture = pilot.app.picture  # type: ignore[attr-defined]
    situation = Situation(picture, "bridge", True, CHECKOUT)
    swap = next(deed for deed in DEEDS if deed.id == "swap")
    assert "read-only" in why_not(swap, situation)
    assert "(s swap)" in plain(footer_line(situation, 100))
    listed = next(one for one in help_choices(situation) if one.id == "deed:swap")
    assert "not now: this cockpit is read-only" in "".join(map(plain, in_full(listed, False, 120)))


async def test_operations_of_flags_lead_to_their_progress(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.step(scene.start(flag_plan()), "intended")
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "5", "left", "enter")
        assert isinstance(pilot.app.screen, Progress)


async def test_an_operation_that_waits_for_long_stays_in_sight(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.end(scene.start(swap_plan(), ago=9000), "needs_operator", "unclear", ("retry",), ago=8000)
    for _ in range(40):
        scene.end(scene.start(flag_plan()), "succeeded")
    async with start().run_test(size=SIZE) as pilot:
        assert "NEEDS OPERATOR production/checkout" in await see(pilot)


async def test_a_line_of_the_journal_is_shown_in_full_with_its_place_in_the_chain(scene: Scene, start: Start) -> None:
    played(scene)
    event = scene.store.events()[-1]
    async with start().run_test(size=(100, 40)) as pilot:
        text = await press(pilot, "7", "enter")
    for words in ("step.accepted", "warming up", "3f1c0a52-swap", event.hash, event.previous, "2026-11-23 14:01:03Z"):
        assert words in text


@pytest.mark.parametrize("keys", [(), ("slash",), ("colon",), ("u",), ("question_mark",)])
async def test_ctrl_c_leaves_from_everywhere(scene: Scene, start: Start, keys: tuple[str, ...]) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, *keys)
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert app.return_code == 0


async def test_the_bridge_tells_what_stands_by_and_where_it_runs(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=(110, 24)) as pilot:
        text = await see(pilot)
        assert "● 2.14.3 ok (staging 2.15.0 10%) 75/25%" in text
        rows = {row.split()[0]: row for row in text.splitlines() if row.startswith("  ")}
        assert "2.14.3  ● healthy  staging 2.15.0 10%" in rows["production/checkout@westeurope"]
        assert "westeurope 75%  northeurope 25%" in text
        assert "production/cart" not in rows
        assert "production/cart" in await press(pilot, "down")


async def test_a_tall_screen_shows_the_places_of_all_services(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=(200, 50)) as pilot:
        text = await see(pilot)
    for target in ("dev/checkout", "production/checkout@northeurope", "production/cart", "production/payments"):
        assert f"  {target} " in text


async def test_everything_that_wants_a_look_is_told_in_full(scene: Scene, start: Start) -> None:
    scene.publish()
    hint = "sign in again: az login"
    for region in ("westeurope", "northeurope"):
        where = f"slots/production/checkout@{region}"
        scene.fail(where, Trouble("unauthenticated", f"the sign-in of {region} has expired", hint))
    async with start().run_test(size=SIZE) as pilot:
        assert "3 things want a look: !" in await see(pilot)
        text = await press(pilot, "exclamation_mark")
    for words in ("production/checkout@westeurope for 10m", "sign-in of northeurope has expired", hint, "PREVIEW"):
        assert words in text


async def test_a_changed_configuration_that_cannot_be_used_is_told(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "CONFIGURATION" not in await see(pilot)
        scene.say_of_runner(problem="quarterdeck.yaml:3: unknown key 'servces'")
        assert "▲ CONFIGURATION quarterdeck.yaml:3: unknown key" in await see(pilot)


async def test_a_service_says_at_once_how_much_of_it_lies_below(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await pilot.pause()
        assert "more lines: PgDn" in shown(pilot.app)
