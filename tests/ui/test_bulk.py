"""Several services under one yes: from the marks to the requests, one after another, and never further than it may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.ui.conftest import Start
from tests.ui.driving import press, see, type_in
from tests.ui.scenes import CHECKOUT, NOW, Scene, flag_plan, swap_plan
from textual.pilot import Pilot

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action, Rollback, Shift, Swap
from quarterdeck.release.plan import Plan, Refusal, Risk
from quarterdeck.store.base import Request
from quarterdeck.ui.actions import ON_MARKED
from quarterdeck.ui.bulk import asking
from quarterdeck.ui.bulk.note import left_behind
from quarterdeck.ui.cockpit import Cockpit
from quarterdeck.ui.deeds import DEEDS

WIDE = (120, 50)
CART = TargetId("production", "cart")
STAGED = TargetId("staging", "cart")


def asked(scene: Scene, kind: str) -> list[Request]:
    return [request for request in scene.store.pending() if request.kind == kind]


def actions(scene: Scene) -> list[Action]:
    return [from_json(Action, request.body["action"]) for request in asked(scene, "plan")]


def plan_of(request: Request, **more: Any) -> Plan:
    """A plan as the runner would have made it."""
    action: Action = from_json(Action, request.body["action"])
    protected = "production" if action.target.environment == "production" else ""
    told: dict[str, Any] = {"risks": (), "type_to_confirm": protected, **more}
    return swap_plan(action, id=f"plan-of-{request.id}", request=request.id, **told)


async def plan_all(scene: Scene, pilot: Pilot[Any]) -> tuple[str, Sequence[Plan]]:
    """Answer every question for a plan."""
    plans = []
    for request in asked(scene, "plan"):
        plans.append(plan_of(request))
        scene.answer(request, plan=plans[-1])
    return await see(pilot), plans


def carry_out(scene: Scene, ending: str, detail: str = "", plan: Plan | None = None) -> None:
    """Begin what was confirmed last, and end it."""
    request = asked(scene, "confirm")[-1]
    operation = scene.start(plan or swap_plan(id=request.body["plan"]))
    scene.answer(request, operation=operation)
    scene.end(operation, ending, detail)


async def mark_both(pilot: Pilot[Any]) -> str:
    """checkout and cart in production."""
    return await press(pilot, "m", "down", "m")


async def test_marks_are_counted_and_esc_lets_go_of_them_before_anything_else(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        text = await mark_both(pilot)
        assert "■ 2 marked" in text
        assert "■ ● 1.9.1 ok" in text
        assert "production/cart · marked" in text
        assert "■ 1 marked" in await press(pilot, "m")
        text = await press(pilot, "escape")
        assert "marked" not in text
        assert "q leaves the cockpit" in await press(pilot, "escape")


async def test_one_yes_asks_for_a_plan_of_each_and_shows_all(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        menu = await press(pilot, "s")
        assert "Swap 2 marked" in menu
        assert "swap staging: 2 of 2" in menu
        await press(pilot, "enter")
        assert actions(scene) == [Swap(CHECKOUT), Swap(CART)]
        text, _ = await plan_all(scene, pilot)
    for words in (
        "2 plans, one yes",
        " 1. swap production/checkout",
        " 2. swap production/cart",
        "production is protected",
        "build in production: 2.14.3  ->  2.15.0",
        "✓ swap back, about 2 min",
        "Type production to confirm",
        "Do all 2 now",
    ):
        assert words in text
    assert asked(scene, "confirm") == []


async def test_the_next_is_confirmed_when_the_one_before_has_succeeded(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start(store_path=scene.path).run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        await press(pilot, "u")
        assert actions(scene) == [Rollback(CHECKOUT), Rollback(CART)]
        _, plans = await plan_all(scene, pilot)
        await type_in(pilot, "production")
        await press(pilot, "enter")
        first = asked(scene, "confirm")
        assert [request.body["plan"] for request in first] == [plans[0].id]
        assert (first[0].body["typed"], first[0].reason) == ("production", "1 of 2 marked together")

        operation = scene.start(plans[0])
        scene.answer(first[0], operation=operation)
        text = await see(pilot)
        assert "▸ running" in text
        assert "· waits" in text
        assert asked(scene, "confirm") == []
        scene.end(operation, "succeeded")
        text = await see(pilot)
        assert "✓ done" in text
        second = asked(scene, "confirm")
        assert [request.body["plan"] for request in second] == [plans[1].id]

        carry_out(scene, "succeeded", plan=plans[1])
        assert "✓ all of it is done" in await see(pilot)
        assert "marked" not in await press(pilot, "enter")
    assert left_behind(scene.path) == ""


async def test_the_first_that_does_not_succeed_ends_it(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await press(pilot, "left", "m", "down", "m", "right", "m", "u")
        _, plans = await plan_all(scene, pilot)
        assert len(plans) == 3
        await type_in(pilot, "production")
        await press(pilot, "enter")
        carry_out(scene, "succeeded", plan=plans[0])
        await see(pilot)
        carry_out(scene, "failed", "the warm-up timed out", plans[1])
        text = await see(pilot)
        assert "1 of 3 done, 1 not begun" in text
        assert "failed, nothing changed: the warm-up timed out" in text
        assert "○ not begun" in text
    assert asked(scene, "confirm") == []


async def test_what_is_refused_is_left_out_in_sight(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        await press(pilot, "u")
        one, other = asked(scene, "plan")
        scene.answer(one, refusal=Refusal("locked", "ben@jump2 has it: release 7", "wait"))
        scene.answer(other, plan=plan_of(other))
        text = await see(pilot)
        assert "LEFT OUT  1: nothing is done to these" in text
        assert "production/checkout  refused (locked): ben@jump2 has it: release 7" in text
        assert "Do it now" in text
        await type_in(pilot, "production")
        await press(pilot, "enter")
        assert [request.body["plan"] for request in asked(scene, "confirm")] == [f"plan-of-{other.id}"]


async def test_where_all_are_refused_there_is_nothing_to_say_yes_to(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        await press(pilot, "u")
        for request in asked(scene, "plan"):
            scene.answer(request, refusal=Refusal("impossible", "nothing to go back to"))
        text = await see(pilot)
        assert "LEFT OUT  2" in text
        assert "Close" in text
        assert "now ]" not in text
        await press(pilot, "enter")
    assert asked(scene, "confirm") == []


async def test_cancel_has_the_focus_and_every_plan_is_dropped(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await press(pilot, "down", "left", "m", "u")
        await plan_all(scene, pilot)
        await press(pilot, "enter")
        assert "■ 1 marked" in await see(pilot)
    assert asked(scene, "confirm") == []
    assert len(asked(scene, "dismiss")) == 1


async def test_a_wrong_name_confirms_nothing(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        await press(pilot, "u")
        await plan_all(scene, pilot)
        await type_in(pilot, "staging")
        assert "type production first" in await press(pilot, "enter")
    assert asked(scene, "confirm") == []


async def test_every_name_that_one_of_them_asks_for_is_typed(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await press(pilot, "down", "m", "left", "m", "u")
        unprotected, protected = asked(scene, "plan")
        danger = (Risk("danger", "x", "users see both builds"),)
        scene.answer(unprotected, plan=plan_of(unprotected, risks=danger))
        scene.answer(protected, plan=plan_of(protected))
        text = await see(pilot)
        assert "DANGER  users see both builds" in text
        assert "Type yes production to confirm" in text
        await type_in(pilot, "yes production")
        await press(pilot, "enter")
        assert asked(scene, "confirm")[0].body["typed"] == "yes"
        carry_out(scene, "succeeded", plan=plan_of(unprotected))
        await see(pilot)
        assert asked(scene, "confirm")[0].body["typed"] == "production"


async def test_an_expired_plan_is_made_anew_and_confirmed_if_it_would_do_the_same(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        await press(pilot, "u")
        _, plans = await plan_all(scene, pilot)
        await type_in(pilot, "production")
        await press(pilot, "enter")
        scene.clock.at += 1000
        carry_out(scene, "succeeded", plan=plans[0])
        assert "▸ planning" in await see(pilot)
        again = asked(scene, "plan")[-1]
        scene.answer(again, plan=replace(plan_of(again), expires_at=NOW + 2000))
        await see(pilot)
        assert [request.body["plan"] for request in asked(scene, "confirm")] == [f"plan-of-{again.id}"]


async def test_an_expired_plan_that_would_do_something_else_ends_it(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        await press(pilot, "u")
        _, plans = await plan_all(scene, pilot)
        await type_in(pilot, "production")
        await press(pilot, "enter")
        scene.clock.at += 1000
        carry_out(scene, "succeeded", plan=plans[0])
        await see(pilot)
        again = asked(scene, "plan")[-1]
        scene.answer(again, plan=plan_of(again, risks=(Risk("danger", "x", "somebody deployed"),)))
        assert "isn't any more what was shown" in await see(pilot)
    assert asked(scene, "confirm") == []


async def test_a_cockpit_that_dies_leaves_the_rest_undone_and_the_next_one_says_so(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start(store_path=scene.path).run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        await press(pilot, "u")
        _, plans = await plan_all(scene, pilot)
        await type_in(pilot, "production")
        await press(pilot, "enter")
        assert left_behind(scene.path) == ""  # it lives
        app = pilot.app
        assert isinstance(app, Cockpit)
        assert app.chain is not None
        assert app.chain.rest == ["rollback production/cart"]
        app.chain._noted.__self__.close()  # type: ignore[attr-defined]  # what the kernel does for a dead process
    carry_out(scene, "succeeded", plan=plans[0])
    note = next(scene.path.parent.glob("store.db.chain-*"))
    assert note.stat().st_mode & 0o077 == 0
    async with start(store_path=scene.path).run_test(size=WIDE) as pilot:
        told = "1 of 2 not begun, because the cockpit ended: rollback production/cart"
        assert told in await see(pilot)
    assert asked(scene, "confirm") == []
    assert left_behind(scene.path) == ""


async def test_the_rest_can_be_given_up(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        await press(pilot, "u")
        _, plans = await plan_all(scene, pilot)
        await type_in(pilot, "production")
        await press(pilot, "enter")
        operation = scene.start(plans[0])
        scene.answer(asked(scene, "confirm")[0], operation=operation)
        await see(pilot)
        assert "○ not begun" in await press(pilot, "down", "enter")
        scene.end(operation, "succeeded")
        assert "1 of 2 done, 1 not begun" in await see(pilot)
    assert asked(scene, "confirm") == []


async def test_the_line_of_keys_is_about_what_is_marked(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        assert "(s swap)" in await press(pilot, "left", "down", "down")
        text = await press(pilot, "right", "m", "left")
        assert " s swap" in text
        assert "(s swap)" not in text


def test_what_can_be_asked_for_together_is_what_the_keys_say() -> None:
    assert tuple(deed.id for deed in DEEDS if asking.acts_on_marked(deed)) == tuple(
        deed.id for deed in DEEDS if deed.id in ON_MARKED
    )


async def test_shares_are_asked_once_for_all(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        assert "Traffic of 1 of 2 marked" in await press(pilot, "t")
        await type_in(pilot, "westeurope=10")
        await press(pilot, "enter")
        assert actions(scene) == [Shift(CHECKOUT, {"westeurope": 10})]
        text, _ = await plan_all(scene, pilot)
        assert "production/cart  production/cart has no traffic router" in text


async def test_what_is_done_to_one_at_a_time_is_not_done_to_the_one_under_the_cursor(
    scene: Scene, start: Start
) -> None:
    scene.publish()
    async with start().run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        assert "hotfix is done to one at a time: Esc lets go of the 2 marked first" in await press(pilot, "h")


async def test_a_read_only_cockpit_asks_for_nothing(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start(read_only=True).run_test(size=WIDE) as pilot:
        await mark_both(pilot)
        assert "this cockpit is read-only" in await press(pilot, "u")
    assert list(scene.store.pending()) == []


async def test_leaving_says_what_will_not_be_begun(scene: Scene, start: Start) -> None:
    from quarterdeck.ui.pages.farewell import goes_on

    scene.publish()
    scene.start(flag_plan())
    async with start().run_test(size=WIDE) as pilot:
        await see(pilot)
        app = pilot.app
        assert isinstance(app, Cockpit)
        assert goes_on(app.picture, ["rollback production/cart"])[-1] == (
            "not begun, and won't be: rollback production/cart"
        )
