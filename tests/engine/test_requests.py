"""Requests: who may, when, once; and what an operator is told otherwise."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.engine.ship import BANNER, CART, CHECKOUT, Ship, launch
from tests.engine.world import Model, ModelConnections

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action, FlagChange, Rollback, Shift, Swap
from quarterdeck.release.plan import Refusal
from quarterdeck.runner import identities, planner
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Request


def refusal(answer: Answer | None) -> Refusal:
    assert answer
    assert answer.refusal, answer
    return answer.refusal


async def asked(ship: Ship, action: Action) -> Refusal:
    return refusal(await ship.ask("plan", {"action": to_json(action)}))


async def test_a_plan_writes_nothing_and_says_everything(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CHECKOUT))
    assert world.log == []
    assert not ship.store.locks()
    assert plan.command == "qd swap production/checkout"
    assert plan.type_to_confirm == "production"
    assert len(plan.locks) == len(plan.steps) == 2
    assert plan.expires_at - plan.made_at == 300
    assert plan.fuse.possible


async def test_confirming_needs_the_name_of_a_protected_environment(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CHECKOUT))
    for typed in ("", "Production", "production ", "staging"):
        answer = await ship.ask("confirm", {"plan": plan.id, "digest": plan.digest, "typed": typed})
        assert refusal(answer).code == "policy"
    assert world.log == []


async def test_confirming_another_plan_than_was_shown_is_refused(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CART))
    answer = await ship.ask("confirm", {"plan": plan.id, "digest": "0" * 16, "typed": ""})
    assert refusal(answer).code == "stale"
    assert world.log == []


async def test_an_expired_plan_is_refused(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CART))
    ship.clock.step(300)
    assert "expired" in refusal(await ship.confirm(plan)).message
    assert world.log == []


async def test_read_only_viewers_may_plan_but_not_confirm(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    answer = await ship.ask("plan", {"action": to_json(Swap(CART))}, read_only=True)
    assert answer
    assert answer.plan
    assert refusal(await ship.confirm(answer.plan, read_only=True)).code == "policy"
    body = {"operation": "x", "step": "", "choice": "retry"}
    assert refusal(await ship.ask("choose", body, read_only=True)).code == "policy"
    assert world.log == []


async def test_a_choice_that_waited_long_for_a_runner_is_not_carried_out(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    body = {"operation": "x", "step": "", "choice": "retry"}
    left = Request("r-late", "r-late", "choose", body, "ana@jump1", at=ship.clock.now() - 301)
    ship.store.submit(left)
    await ship.engine.answer(left)
    told = refusal(ship.store.answer(left.id))
    assert (told.code, "about 5 min ago" in told.message) == ("stale", True)
    assert world.log == []


async def test_a_system_that_hangs_is_told_before_whoever_asked_has_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CART))
    monkeypatch.setattr(planner, "READING_SECONDS", 0.01)
    monkeypatch.setattr(identities, "IDENTITY_SECONDS", 0.01)
    monkeypatch.setattr(ModelConnections, "identity", hang)
    monkeypatch.setattr(Model, "survey_swap", hang)
    assert (await asked(ship, Swap(CART))).code == "unreadable"

    monkeypatch.setattr(Model, "settle", hang)
    told = refusal(await ship.confirm(plan))
    assert (told.code, "no answer" in told.message) == ("unreadable", True)
    assert world.log == []
    assert not ship.store.locks()


async def test_confirming_twice_is_confirming_once(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CART))
    answers = await asyncio.gather(*(ship.confirm(plan) for _ in range(3)))
    await ship.engine.idle()
    assert {answer.operation for answer in answers if answer} == {plan.id}
    assert refusal_free(await ship.confirm(plan))
    assert world.swaps() == ["swap cart"]
    assert ship.kinds(plan.id).count("operation.started") == 1


def refusal_free(answer: Answer | None) -> bool:
    return answer is not None and answer.refusal is None


async def test_the_same_key_is_the_same_request(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CART))
    first = await ship.confirm(plan, key="once")
    second = await ship.confirm(plan, key="once")
    await ship.engine.idle()
    assert first == second
    assert world.swaps() == ["swap cart"]


async def test_a_dismissed_plan_cannot_be_confirmed(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CART))
    assert refusal_free(await ship.ask("dismiss", {"plan": plan.id}))
    assert "dismissed" in refusal(await ship.confirm(plan)).message
    assert world.log == []


async def test_a_second_operator_on_the_same_target_is_told_who_and_why(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    mine, theirs = await ship.plan(Swap(CART)), await ship.plan(Swap(CART))
    await ship.confirm(mine)
    told = refusal(await ship.confirm(theirs))
    assert told.code == "locked"
    assert "ana@jump1" in told.message
    assert "because" in told.message
    assert (await asked(ship, Swap(CART))).code == "locked"
    await ship.engine.idle()
    assert world.swaps() == ["swap cart"]


async def test_flags_of_one_store_do_not_wait_for_each_other(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    first = await ship.plan(FlagChange(BANNER, enabled=False))
    await ship.confirm(first)
    told = await ship.ask("plan", {"action": to_json(FlagChange(BANNER, percent=1))})
    assert refusal(told).code == "locked"
    other = TargetId("production", "sale", flag=True)
    assert await ship.plan(FlagChange(other, enabled=False))
    await ship.engine.idle()
    assert not world.flags["flags"].enabled


async def test_another_target_is_free_meanwhile(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    first, second = await ship.plan(Swap(CART)), await ship.plan(Swap(CHECKOUT))
    assert refusal_free(await ship.confirm(first))
    assert refusal_free(await ship.confirm(second))
    await ship.engine.idle()
    assert sorted(world.swaps()) == ["swap cart", "swap east", "swap west"]


@pytest.mark.parametrize(
    ("action", "code", "words"),
    [
        (Swap(TargetId("moon", "cart")), "usage", "staging"),
        (Swap(TargetId("staging", "nothing")), "usage", "staging/cart"),
        (Shift(CART, {"a": 50}), "usage", "traffic"),
        (Swap(BANNER), "usage", "swap"),
        (FlagChange(CHECKOUT, enabled=True), "usage", "flag"),
        (Rollback(CART), "impossible", "qd swap"),
        (Rollback(CART, "r9999"), "usage", "qd history"),
    ],
)
async def test_what_cannot_be_planned_is_explained(tmp_path: Path, action: Action, code: str, words: str) -> None:
    ship, _ = launch(tmp_path)
    told = await asked(ship, action)
    assert told.code == code
    assert words in told.message + told.hint


async def test_an_unreadable_place_is_named(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.unreadable = True
    told = await asked(ship, Swap(CHECKOUT))
    assert told.code == "unreadable"
    assert "production/checkout@" in told.message


async def test_nonsense_for_an_action_is_refused(tmp_path: Path) -> None:
    ship, _ = launch(tmp_path)
    for nonsense in (None, "swap", {"$": "Format", "target": "c:"}, {"$": "Swap"}, 7):
        assert refusal(await ship.ask("plan", {"action": nonsense})).code == "usage"


async def test_every_refusal_stands_in_the_journal(tmp_path: Path) -> None:
    ship, _ = launch(tmp_path)
    await asked(ship, Rollback(CART))
    event = ship.store.events(newest_first=True, limit=1)[0]
    assert (event.kind, event.actor, event.target) == ("request.refused", "ana@jump1", "staging/cart")


async def test_refresh_and_stop_reach_the_process(tmp_path: Path) -> None:
    ship, _ = launch(tmp_path)
    assert refusal_free(await ship.ask("refresh", {"target": "staging/cart"}))
    assert refusal_free(await ship.ask("stop", {}))
    assert ship.refreshed == ["staging/cart"]


async def test_closing_leaves_operations_to_the_next_runner(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CART))
    await ship.confirm(plan)
    while "sent swap cart" not in world.log:  # noqa: ASYNC110 - the loop must turn
        await asyncio.sleep(0)
    await ship.succeed()
    assert ship.operation(plan.id).ending == "succeeded"
    assert "operation.adopted" in ship.kinds(plan.id)
    assert world.swaps() == ["swap cart"]


async def test_trouble_between_regions_is_no_obstacle_between_slots(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    del world.routers["tm"]
    plan = await ship.plan(Shift(CHECKOUT, {"staging": 10}))
    assert {step.role for step in plan.steps} == {"slot_traffic"}
    assert (await asked(ship, Shift(CHECKOUT, {"west": 90}))).code == "unreadable"
