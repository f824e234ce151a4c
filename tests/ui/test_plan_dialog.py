"""The plan dialog: nothing happens by habit, and what is confirmed is what was shown."""

from typing import Any

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see, type_in
from tests.ui.scenes import Scene, flag_plan, slots, swap_plan
from textual.pilot import Pilot

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.guards import Hold
from quarterdeck.release.plan import Plan, Refusal, Risk
from quarterdeck.store.base import Draft, Request
from quarterdeck.ui.screens.plan import PlanDialog
from quarterdeck.ui.screens.progress import Progress

SIZE = (80, 24)


async def planned(pilot: Pilot[Any], scene: Scene, plan: Plan) -> str:
    """Ask for a plan by a key and have it answered."""
    await press(pilot, "u")
    scene.answer(scene.asked("plan"), plan=plan)
    return await see(pilot)


def of_kind(scene: Scene, kind: str) -> list[Request]:
    return [request for request in scene.store.pending() if request.kind == kind]


async def test_a_plan_is_readable_to_its_end_on_a_small_terminal(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        text = await planned(pilot, scene, swap_plan())
        for _ in range(4):
            text += await press(pilot, "pagedown")
        assert "more lines" not in await see(pilot)
    for words in (
        "build in production  2.14.3  ->  2.15.0",
        "everybody who uses checkout",
        "DANGER",
        "remedy: qd shift production/checkout@westeurope",
        "swap back, about 2 min",
        "lost: sessions held in memory",
        "until: somebody deploys to staging",
        "1 move with the build, 2 stay with their slot",
        "SLOT_NAME (app setting): has no twin in production",
        "2. production/checkout@northeurope: swap staging into production",
        "qd swap production/checkout",
        "good until 14:07:11Z",
    ):
        assert words in text


async def test_enter_by_habit_cancels_and_dismisses_the_plan(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "▸[ Cancel ]" in await planned(pilot, scene, flag_plan())
        await press(pilot, "enter")
        assert not isinstance(pilot.app.screen, PlanDialog)
    assert of_kind(scene, "confirm") == []
    assert scene.asked("dismiss").body == {"plan": "p2"}


@pytest.mark.parametrize("keys", [("enter",), ("escape",), ("space", "enter"), ("y", "enter"), ("y", "y", "escape")])
async def test_what_is_pressed_by_habit_never_confirms_where_a_name_is_asked_for(
    scene: Scene, start: Start, keys: tuple[str, ...]
) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "▸[ Cancel ]" in await planned(pilot, scene, swap_plan())
        await press(pilot, *keys)
        await press(pilot, "escape")
    assert of_kind(scene, "confirm") == []
    assert scene.asked("dismiss").body == {"plan": "p1"}


async def test_the_yes_is_not_taken_before_what_could_go_wrong_was_in_sight(scene: Scene, start: Start) -> None:
    scene.publish()
    grave = Risk("info", "last", "the last of what could go wrong")
    plan = flag_plan(risks=(*(Risk("info", str(i), f"risk {i} " + "of many " * 12) for i in range(9)), grave))
    async with start().run_test(size=SIZE) as pilot:
        assert grave.text not in await planned(pilot, scene, plan)
        assert "read on before the yes" in await press(pilot, "right", "enter")
        assert of_kind(scene, "confirm") == []
        assert grave.text in await press(pilot, "pagedown")
        assert "WAY BACK" in await press(pilot, "pagedown")
        await press(pilot, "pageup", "pageup", "enter")
    assert scene.asked("confirm").body["plan"] == "p2"


async def test_a_usual_swap_is_in_sight_from_what_changes_to_the_headless_line(scene: Scene, start: Start) -> None:
    scene.publish()
    note = Risk(
        "info", "https", "HTTPS only is on; a redirect fails the warm-up " * 2, "let the path answer plain HTTP"
    )
    async with start().run_test(size=SIZE) as pilot:
        text = await planned(pilot, scene, swap_plan(risks=(note,)))
    told = [
        "WHAT CHANGES in production  PROTECTED",
        "production/checkout@westeurope, @northeurope",
        "build in production  2.14.3  ->  2.15.0",
        "WHO FEELS IT",
        "WHAT COULD GO WRONG",
        "WAY BACK",
        "until: somebody deploys to staging",
        "SAME BY HAND (C copies it)  qd rollback production/checkout",
        "good until 14:07:11Z",
    ]
    found = [text.index(words) for words in told[:-2]]
    assert found == sorted(found)
    assert all(words.replace("rollback", "swap") in text for words in told)


async def test_keys_pressed_while_it_is_being_planned_confirm_nothing(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "u", "tab", "right", "y", "space")
        scene.answer(scene.asked("plan"), plan=flag_plan())
        await see(pilot)
        await press(pilot, "enter")
    assert of_kind(scene, "confirm") == []


async def test_a_protected_environment_has_to_be_typed(scene: Scene, start: Start) -> None:
    plan = swap_plan()
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, plan)
        await press(pilot, "pagedown")
        assert "type production first, exactly so" in await press(pilot, "right", "enter")
        await type_in(pilot, "prod")
        assert "(not prod)" in await press(pilot, "enter")
        assert of_kind(scene, "confirm") == []
        await type_in(pilot, "uction")
        assert "waiting for the runner to start it" in await press(pilot, "enter")
    confirm = scene.asked("confirm")
    assert confirm.body == {"plan": "p1", "digest": plan.digest, "typed": "production"}


async def test_the_name_can_be_typed_without_looking_for_the_field(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "▸[ Cancel ]" in await planned(pilot, scene, swap_plan())
        await press(pilot, "pagedown")
        text = await type_in(pilot, "production")
        assert "▸Type production to confirm, then Enter:" in text
        assert "▸[" not in text
        await press(pilot, "enter")
    assert scene.asked("confirm").body["typed"] == "production"


async def test_which_field_has_the_focus_can_be_told_without_colour(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, swap_plan())
        seen = [await press(pilot, "tab") for _ in range(3)]
        seen.append(await press(pilot, "tab"))
    marked = [next(row for row in text.splitlines() if "▸" in row).strip() for text in seen]
    assert [row.partition("▸")[2][:8] for row in marked] == ["Why?", "Type pro", "[ Cancel", "Why?"]


async def test_the_reason_goes_into_the_confirmation(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, swap_plan())
        await press(pilot, "pagedown", "tab")
        await type_in(pilot, "errors")
        await press(pilot, "enter")
        await type_in(pilot, "production")
        await press(pilot, "enter")
    assert scene.asked("confirm").reason == "errors"


async def test_danger_needs_a_deliberate_yes(scene: Scene, start: Start) -> None:
    scene.publish()
    plan = flag_plan(risks=(Risk("danger", "shadow", "another label shadows it"),))
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, plan)
        assert "type yes first" in await press(pilot, "right", "enter")
        await type_in(pilot, "yes")
        await press(pilot, "enter")
    assert scene.asked("confirm").body["plan"] == "p2"


async def test_without_danger_or_protection_a_plain_yes_will_do(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "[ Cancel ]  [ Change the flag now ]" in await planned(pilot, scene, flag_plan())
        await press(pilot, "right", "enter", "enter")
    assert len(of_kind(scene, "confirm")) == 1


async def test_an_expired_plan_cannot_be_confirmed(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, flag_plan())
        scene.clock.at += 301
        text = await see(pilot)
        assert "this plan has expired" in text
        assert "▸[ Close ]  [ Plan again ]" in text
        await press(pilot, "enter")
    assert of_kind(scene, "confirm") == []


async def test_what_changes_while_the_dialog_stands_open_is_told_and_takes_the_yes_away(
    scene: Scene, start: Start
) -> None:
    """Nothing is planned again under the eyes of who reads: only when asked."""
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, swap_plan())
        await type_in(pilot, "production")
        hold = Hold("h1", "freeze", "production", "ben@jump2", "the till is counted", scene.clock.now())
        scene.record(Draft("hold.placed", "ben@jump2", body={"hold": to_json(hold)}))
        scene.record(Draft("conn.taken", "ben@jump2", body={"scope": "production", "reason": "", "from": ""}))
        scene.see({"slots/production/checkout@westeurope": slots("2.14.3", "2.15.9")}, ago=0)
        text = await see(pilot)
        assert "CHANGED SINCE THIS WAS PLANNED" in text
        assert "a freeze of production began, by ben@jump2: the till is counted" in text
        assert "ben@jump2 took the conn of production" in text
        assert "staging of production/checkout@westeurope was 2.15.0, and is 2.15.9 now" in text
        assert "Type production" not in text
        await press(pilot, "enter")
        assert [of_kind(scene, kind) for kind in ("confirm", "plan")] == [[], []]
    assert scene.asked("dismiss").body == {"plan": "p1"}


async def test_planning_again_shows_the_new_plan_without_a_yes_to_the_old_one(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, swap_plan())
        await type_in(pilot, "production")
        scene.clock.at += 301
        await see(pilot)
        assert "planning…" in await press(pilot, "right", "enter")
        scene.answer(scene.asked("plan"), plan=swap_plan(id="p9", expires_at=scene.clock.now() + 300))
        text = await see(pilot)
        assert "▸[ Cancel ]  [ Swap now ]" in text
        await press(pilot, "pagedown", "right")
        assert "type production first, exactly so" in await press(pilot, "enter")
    assert of_kind(scene, "confirm") == []
    assert scene.asked("dismiss").body == {"plan": "p1"}


async def test_what_somebody_does_elsewhere_leaves_the_yes(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, flag_plan())
        scene.start(swap_plan(), ago=1, actor="ben@jump2")
        hold = Hold("h1", "freeze", "production", "ben@jump2", "audit", scene.clock.now())
        scene.record(Draft("hold.placed", "ben@jump2", body={"hold": to_json(hold)}))
        scene.see({"slots/production/checkout@westeurope": slots("2.15.0", "2.14.3")}, ago=0)
        assert "CHANGED SINCE" not in await see(pilot)
        await press(pilot, "right", "enter")
    assert len(of_kind(scene, "confirm")) == 1


async def test_a_refusal_says_why_and_what_to_do(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "u")
        refusal = Refusal("locked", "ben@jump2 is swapping it: release 7", "wait, or talk to ben")
        scene.answer(scene.asked("plan"), refusal=refusal)
        text = await see(pilot)
        assert "refused" in text
        assert "ben@jump2 is swapping it: release 7" in text
        assert "What to do: wait, or talk to ben" in text
        await press(pilot, "enter")
        assert not isinstance(pilot.app.screen, PlanDialog)


async def test_nothing_to_do_is_said_calmly(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "u")
        already = Refusal("unchanged", "production/checkout: the shares are already as you want them")
        scene.answer(scene.asked("plan"), refusal=already)
        text = await see(pilot)
        assert "nothing to do" in text
        assert "already as you want them" in text
        assert "refused" not in text


async def test_a_confirmation_that_is_turned_down_says_so(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, flag_plan())
        await press(pilot, "right", "enter")
        scene.answer(scene.asked("confirm"), refusal=Refusal("stale", "the flag was changed meanwhile", "plan again"))
        text = await see(pilot)
        assert "the flag was changed meanwhile" in text
        assert "▸[ Close ]  [ Plan again ]" in text


async def test_a_confirmed_plan_leads_to_its_progress(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, flag_plan())
        await press(pilot, "right", "enter")
        operation = scene.start(flag_plan(), ago=1)
        scene.answer(scene.asked("confirm"), operation=operation)
        text = await see(pilot) + await see(pilot)
        assert isinstance(pilot.app.screen, Progress)
        assert "switch beta-basket off" in text


async def test_esc_after_the_yes_leaves_it_to_the_runner(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await planned(pilot, scene, flag_plan())
        await press(pilot, "right", "enter", "escape")
    assert len(of_kind(scene, "confirm")) == 1
    assert of_kind(scene, "dismiss") == []


async def test_a_runner_that_does_not_answer_is_named(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "u")
        scene.clock.at += 31
        assert "no answer for 30s; Esc goes back and changes nothing" in await see(pilot)


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J\x1b]0;x\x07evil", "[/x][red]evil", "\u202eevil", "e" + "\u0301" * 50 + "vil"]
)
async def test_hostile_words_in_a_plan_are_only_words(scene: Scene, start: Start, hostile: str) -> None:
    scene.publish()
    plan = flag_plan(who_feels_it=hostile, risks=(Risk("info", "x", hostile, hostile),))
    async with start().run_test(size=SIZE) as pilot:
        text = await planned(pilot, scene, plan)
    assert "vil" in text
    assert all(character.isprintable() for character in text.replace("\n", ""))
