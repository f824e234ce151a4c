"""Releases from the cockpit: what the keys ask for, what they show before, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see, type_in
from tests.ui.release_scenes import PAYMENTS, baking, govern, hotfix, release_plan, sail
from tests.ui.scenes import CHECKOUT, Scene

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address
from quarterdeck.release.action import Rollback
from quarterdeck.release.plan import Plan, Refusal, Step
from quarterdeck.release.release_plan import Wish
from quarterdeck.store.base import Draft, Request
from quarterdeck.ui.pages.farewell import goes_on
from quarterdeck.ui.screens.order import OrderDialog
from quarterdeck.ui.screens.plan import ProposalDialog
from quarterdeck.ui.screens.release import Release

SIZE = (80, 24)


def requests(scene: Scene) -> list[Request]:
    return list(scene.store.pending())


def wish(scene: Scene) -> Wish:
    asked: Wish = from_json(Wish, scene.asked("propose").body["wish"])
    return asked


# --- starting -----------------------------------------------------------------------------------------------------
async def test_p_starts_a_release_by_the_usual_strategy(scene: Scene, start: Start) -> None:
    scene.publish()
    govern(scene)
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "p")
        assert "blue-green" in text
        assert "(usual)" in text
        await press(pilot, "enter")
    assert wish(scene) == Wish((CHECKOUT,))


async def test_a_strategy_that_deploys_asks_for_the_version(scene: Scene, start: Start) -> None:
    scene.publish()
    govern(scene)
    async with start(target=str(PAYMENTS)).run_test(size=SIZE) as pilot:
        await see(pilot)
        assert "Which version of production/payments?" in await press(pilot, "p", "enter")
        assert "which version?" in await press(pilot, "enter")
        await type_in(pilot, "4.0.2")
        await press(pilot, "enter")
    assert wish(scene) == Wish((PAYMENTS,), "4.0.2")


async def test_the_plan_of_a_release_is_shown_whole_and_takes_the_environments_name(scene: Scene, start: Start) -> None:
    scene.publish()
    govern(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "p", "enter")
        scene.answer(scene.asked("propose"), proposal=release_plan())
        text = await see(pilot)
        for _ in range(4):
            text += await press(pilot, "pagedown")
        assert "type production first" in await press(pilot, "right", "enter")
        for words in (
            "2.14.3 -> 2.15.0  by careful", "100% of new clients, at most", "5% of new clients of checkout",
            "5. approval: sre (2 of sre, not you)", "error-rate  result < 0.01", "traffic back to 2.14.3",
            "qd release start production/checkout --strategy careful",
        ):  # fmt: skip
            assert words in text
        await type_in(pilot, "production")
        await press(pilot, "enter")
        launched = scene.asked("launch")
        assert launched.body == {"plan": "k7f2", "digest": release_plan().digest, "typed": "production"}
        scene.answer(launched, release="k7f2")
        await see(pilot)
        assert isinstance(pilot.app.screen, Release)


async def test_enter_by_habit_starts_no_release(scene: Scene, start: Start) -> None:
    scene.publish()
    govern(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "p", "enter")
        scene.answer(scene.asked("propose"), proposal=release_plan(type_to_confirm=""))
        assert "▸[ Cancel ]" in await see(pilot)
        await press(pilot, "enter")
        assert not isinstance(pilot.app.screen, ProposalDialog)
    assert [one for one in requests(scene) if one.kind == "launch"] == []


async def test_what_is_refused_can_be_set_aside_only_where_the_runner_says_so_and_with_a_reason(
    scene: Scene, start: Start
) -> None:
    scene.publish()
    govern(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "p", "enter")
        scene.answer(
            scene.asked("propose"),
            refusal=Refusal("policy", "production is frozen by ben", "wait, or say why with --override REASON"),
        )
        assert "Set it aside" in await see(pilot)
        assert "a reason is needed" in await press(pilot, "right", "enter", "enter")
        await type_in(pilot, "money burns")
        await press(pilot, "enter")
    assert wish(scene).override == "money burns"


async def test_what_cannot_be_set_aside_offers_nothing(scene: Scene, start: Start) -> None:
    scene.publish()
    govern(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "p", "enter")
        scene.answer(scene.asked("propose"), refusal=Refusal("policy", "ben has the conn", "qd conn take production"))
        assert "Set it aside" not in await see(pilot)


async def test_h_asks_what_is_fixed_and_proposes_the_shortest_path(scene: Scene, start: Start) -> None:
    scene.publish()
    govern(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "what is the fix?" in await press(pilot, "h", "enter")
        await type_in(pilot, "a1b2c3d 4.0.2")
        await press(pilot, "enter")
    assert wish(scene) == Wish((CHECKOUT,), "4.0.2", hotfix=True, ref="a1b2c3d")


# --- orders -------------------------------------------------------------------------------------------------------
def ordered(scene: Scene) -> dict[str, Any]:
    return dict(scene.asked("order").body)


async def test_abort_is_two_keys_and_a_yes_from_every_screen(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    for screen in ("1", "2", "3", "4", "5", "7"):
        async with start().run_test(size=SIZE) as pilot:
            text = await press(pilot, screen, "A")
            assert "TAKEN BACK" in text
            assert "▸[ Cancel ]" in text
            await press(pilot, "right", "enter")
        assert ordered(scene) == {"release": "k7f2", "order": "abort", "step": "", "override": ""}
        scene.answer(scene.asked("order"), said="it is taken back")


async def test_abort_takes_the_only_release_there_is_wherever_the_cursor_stands(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start(target=str(PAYMENTS)).run_test(size=SIZE) as pilot:
        await see(pilot)
        assert "checkout 2.15.0" in await press(pilot, "A")


async def test_abort_asks_which_where_several_are_under_way(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    hotfix(scene)
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "5", "A")
        assert "Abort which release?" in text
        await press(pilot, *(["down"] if text.index("checkout") < text.index("payments") else []), "enter")
        await press(pilot, "right", "enter")
    assert ordered(scene)["release"] == "h5x1"


async def test_a_question_about_a_release_shows_it_as_it_is_now(scene: Scene, start: Start) -> None:
    scene.publish()
    voyage = baking(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "bakes for 6:12 more" in await press(pilot, "A")
        scene.clock.at += 60
        voyage.sampled("4", ago=0, error_rate=("fail", 0.9), latency=("pass", 231))
        text = await see(pilot)
        assert "bakes for 5:12 more" in text
        assert "error-rate FAIL" in text


async def test_a_release_that_went_back_says_who_is_still_where_it_had_sent_them(scene: Scene, start: Start) -> None:
    west = TargetId("production", "checkout", "westeurope")
    before, after = {"shares": {"staging": 25, "production": 75}}, {"shares": {"staging": 10, "production": 90}}
    address = Address("azure", {"at": f"slot_traffic {west}"})
    back = Step("1", "set_shares", "slot_traffic", west, address, "10%", before=before, after=after)
    plan = Plan("p", "q", Rollback(CHECKOUT), (back,))
    sail(scene, "rolled-back")
    body = {"plan": plan, "reason": "", "release": "k7f2"}
    scene.record(Draft("operation.started", "ana@jump1", "op9", str(CHECKOUT), body), ago=20)
    scene.step("op9", "done", ago=10)
    async with start().run_test(size=SIZE) as pilot:
        assert "DRAINING   up to 15% of the clients stay where it had sent them until" in await press(pilot, "3")
        assert "DRAINING" in await press(pilot, "enter")


async def test_enter_by_habit_aborts_nothing(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "A", "enter")
        assert not isinstance(pilot.app.screen, OrderDialog)
    assert requests(scene) == []


async def test_promoting_in_production_takes_its_name_and_shows_what_the_gates_say(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        assert "error-rate pass" in await press(pilot, "p")
        await type_in(pilot, "staging")
        assert "type production first" in await press(pilot, "enter")
        for _ in "staging":
            await pilot.press("backspace")
        await type_in(pilot, "production")
        await press(pilot, "enter")
        scene.answer(scene.asked("order"), said="it goes on with step 5")
        await see(pilot)  # the dialog goes, and what was said comes once the screen behind it stands
        assert "it goes on with step 5" in await see(pilot)


async def test_promoting_fully_takes_the_name_too(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "3", "P")
        assert "type production first" in await press(pilot, "right", "enter")
        assert not [one for one in scene.store.pending() if one.kind == "order"]
        await type_in(pilot, "production")
        await press(pilot, "enter")
    assert ordered(scene)["order"] == "promote_full"


async def test_space_pauses_without_ceremony_and_resumes(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "3", "space", "right", "enter")
    assert ordered(scene)["order"] == "pause"


async def test_u_on_a_step_takes_back_what_came_after_it(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "3", "enter", "g", "u")
        assert "3. send 25% of new clients" in text
        assert "1. send 5% of new clients" not in text
        await type_in(pilot, "production")
        await press(pilot, "enter")
    assert ordered(scene) == {"release": "k7f2", "order": "undo", "step": "1", "override": ""}


async def test_a_refused_order_says_why(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "A", "right", "enter")
        scene.answer(scene.asked("order"), refusal=Refusal("policy", "ben has the conn", "qd conn take production"))
        assert "ben has the conn" in await see(pilot)


async def test_what_a_release_has_is_left_alone(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        for key in ("s", "t", "u", "h"):
            assert "belongs to the release checkout 2.15.0" in await press(pilot, key)
    assert requests(scene) == []


async def test_y_keeps_a_change_before_its_time_runs_out(scene: Scene, start: Start) -> None:
    sail(scene, "confirming")
    async with start().run_test(size=SIZE) as pilot:
        assert "confirm 4:12" in await see(pilot)
        await press(pilot, "y", "right", "enter")
    assert ordered(scene)["order"] == "confirm"


async def test_o_offers_only_what_can_be_told_now(scene: Scene, start: Start) -> None:
    sail(scene, "stuck")
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "o")
    assert "abandon" in text
    assert "retry" in text
    assert "resume" not in text


# --- approvals ----------------------------------------------------------------------------------------------------
async def test_approving_shows_who_has_said_what_and_what_the_gates_said(scene: Scene, start: Start) -> None:
    sail(scene, "waiting")
    async with start(actor="cem@jump3").run_test(size=SIZE) as pilot:
        text = await press(pilot, "4", "a")
        assert "approved by ben@jump2" in text
        assert "1 of 2 missing" in text
        assert "error-rate" in text
        await type_in(pilot, "production")
        await press(pilot, "enter")
    body = scene.asked("decide").body
    assert body == {"release": "k7f2", "step": "5", "verdict": "approve", "effective_at": 0}


async def test_rejecting_needs_a_reason(scene: Scene, start: Start) -> None:
    sail(scene, "waiting")
    async with start(actor="cem@jump3").run_test(size=SIZE) as pilot:
        assert "rejecting needs a reason" in await press(pilot, "x", "tab", "right", "enter")
        await type_in(pilot, "errors in eu")
        await press(pilot, "tab", "enter")
    asked = scene.asked("decide")
    assert asked.body["verdict"] == "reject"
    assert asked.reason == "errors in eu"


async def test_approving_where_nothing_waits_says_so(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        assert "nothing under the cursor waits for an approval" in await press(pilot, "a")


# --- what stands guard --------------------------------------------------------------------------------------------
async def test_taking_the_conn_from_somebody_needs_a_reason(scene: Scene, start: Start) -> None:
    sail(scene, "frozen")
    async with start().run_test(size=SIZE) as pilot:
        assert "conn: ben since" in await see(pilot)
        await press(pilot, "c", "down", "enter")
        assert "ben@jump2 has the conn" in await press(pilot, "tab", "right", "enter")
        await type_in(pilot, "ben sleeps")
        await press(pilot, "tab", "enter")
    asked = scene.asked("guard")
    assert asked.body == {"deed": "take", "scope": "production"}
    assert asked.reason == "ben sleeps"


async def test_a_freeze_has_a_length_and_a_reason(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "z", "down", "enter")
        await type_in(pilot, "soon")
        assert "must be a length of time" in await press(pilot, "enter")
        for _ in "soon":
            await pilot.press("backspace")
        await type_in(pilot, "2h")
        await press(pilot, "enter")
        await type_in(pilot, "launch day")
        await press(pilot, "tab", "right", "enter")
    asked = scene.asked("guard")
    assert asked.body == {"deed": "freeze", "scope": "production", "until": scene.clock.now() + 7200}


@pytest.mark.parametrize("key", ["enter", "d"])
async def test_a_debt_is_paid_with_evidence(scene: Scene, start: Start, key: str) -> None:
    sail(scene, "hotfix")
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "4", "G", key)
        assert "type the evidence" in await press(pilot, "tab", "right", "enter")
        await type_in(pilot, "pr 41")
        await press(pilot, "tab", "enter")
    asked = scene.asked("guard")
    assert asked.body == {"deed": "pay", "id": "d2"}
    assert asked.reason == "pr 41"


# --- the line -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "kind", "body"),
    [
        ("release abort k7", "order", {"order": "abort", "release": "k7f2"}),
        ("release abort production/checkout", "order", {"order": "abort", "release": "k7f2"}),
        ("release pause k7f2 --reason lunch", "order", {"order": "pause", "release": "k7f2"}),
        ("conn take staging", "guard", {"deed": "take", "scope": "staging"}),
        ("lock all --reason mine --for 1h", "guard", {"deed": "lock", "scope": "*"}),
    ],
)
async def test_the_colon_takes_the_words_of_releases_and_guards(
    scene: Scene, start: Start, words: str, kind: str, body: dict[str, Any]
) -> None:
    sail(scene, "baking")
    async with start().run_test(size=(110, 30)) as pilot:
        await press(pilot, "colon")
        await type_in(pilot, words)
        await press(pilot, "enter", "right", "enter")
    asked = scene.asked(kind)
    assert {key: asked.body[key] for key in body} == body


async def test_the_colon_says_that_a_release_is_unknown(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=(110, 30)) as pilot:
        await press(pilot, "colon")
        await type_in(pilot, "release abort zz")
        assert "there is no release 'zz'" in await press(pilot, "enter")


# --- clocks and the past ------------------------------------------------------------------------------------------
async def test_clocks_run_down_without_the_store_being_read(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        assert "6:12 left" in await press(pilot, "3")
        scene.clock.at += 2
        assert "6:10 left" in await see(pilot)


async def test_leaving_says_which_releases_go_on(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot)
        assert any("checkout 2.15.0" in told and "k7f2" in told for told in goes_on(app.picture))


async def test_hostile_texts_in_a_release_are_shown_as_what_they_are(scene: Scene, start: Start) -> None:
    scene.publish()
    from tests.ui.release_scenes import Voyage

    voyage = Voyage(scene, reason="[/x]\x1b[2J\u202eevil")
    voyage.begun("1", detail="\x1b]0;title\x07[red]")
    voyage.note("noted", code="x", severity="odd", text="\x9b2Jnote[/b]")
    async with start().run_test(size=SIZE) as pilot:
        for keys in (("3",), ("enter",), ("enter",)):
            text = await press(pilot, *keys)
            assert "\x1b" not in text
            assert "\u202e" not in text
