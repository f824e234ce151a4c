"""Following an operation, leaving it, coming back to it, and answering it."""

from dataclasses import replace

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see
from tests.ui.scenes import Scene, swap_plan

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.operation import CHOICES
from quarterdeck.release.plan import Refusal
from quarterdeck.store.base import Draft
from quarterdeck.ui.pages.farewell import goes_on
from quarterdeck.ui.screens.bridge import Bridge
from quarterdeck.ui.screens.progress import Progress

SIZE = (80, 24)


async def test_each_step_tells_where_it_stands_and_what_the_provider_said(scene: Scene, start: Start) -> None:
    scene.publish()
    operation = scene.start(swap_plan(), ago=130)
    scene.step(operation, "intended", ago=129)
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "enter")
        assert "▸ starting 2m" in text
        assert "· waiting" in text
        assert "for 2m, by ana@jump1" in text
        scene.step(operation, "accepted", ago=100, detail="warming up", reference="3f1c")
        text = await see(pilot)
        assert "▸ under way 1m  warming up" in text
        assert "provider's id: 3f1c" in text
        scene.step(operation, "done", ago=10, detail="read back")
        scene.step(operation, "done", "2", ago=10)
        scene.end(operation, "succeeded", ago=0)
        text = await see(pilot)
        assert "✓ succeeded" in text
        assert "swap back, about 2 min" in text


async def test_esc_leaves_it_running_and_the_bridge_leads_back(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.step(scene.start(swap_plan()), "intended")
    async with start().run_test(size=SIZE) as pilot:
        assert "Esc leaves it running" in await press(pilot, "enter")
        assert "2.14.3 -> 2.15.0 0/2" in await press(pilot, "escape")
        assert isinstance(pilot.app.screen, Bridge)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, Progress)
    assert list(scene.store.pending()) == []


async def test_another_viewer_sees_the_same_operation(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start(actor="ben@jump2").run_test(size=SIZE) as pilot:
        assert "nothing needs you" not in await see(pilot)  # a prepared swap
        scene.step(scene.start(swap_plan()), "intended")
        assert "2.14.3 -> 2.15.0 0/2" in await see(pilot)


@pytest.mark.parametrize("choice", CHOICES)
async def test_an_operation_that_needs_an_operator_takes_an_answer(scene: Scene, start: Start, choice: str) -> None:
    scene.publish()
    operation = scene.start(swap_plan())
    scene.step(operation, "done")
    scene.step(operation, "in_doubt", "2", detail="the line dropped after the request was sent")
    scene.end(operation, "needs_operator", "nobody knows whether northeurope was swapped", CHOICES)
    async with start().run_test(size=SIZE) as pilot:
        assert "NEEDS OPERATOR production/checkout" in await see(pilot)
        text = await press(pilot, "enter")
        for words in ("in doubt", "nobody knows", "It waits for you", "send it once more", "take back what was done"):
            assert words in text
        await press(pilot, *["down"] * (1 + CHOICES.index(choice)), "enter")
        assert f"handed in: {choice}" in await see(pilot)
    assert scene.asked("choose").body == {"operation": operation, "step": "2", "choice": choice}


async def test_enter_by_habit_decides_nothing(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.end(scene.start(swap_plan()), "needs_operator", "unclear", CHOICES)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "enter", "enter")
    assert list(scene.store.pending()) == []


async def test_read_only_cannot_answer(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.end(scene.start(swap_plan()), "needs_operator", "unclear", CHOICES)
    async with start(read_only=True).run_test(size=SIZE) as pilot:
        assert "this cockpit is read-only" in await press(pilot, "enter", "down", "enter")
    assert list(scene.store.pending()) == []


async def test_leaving_says_what_goes_on(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.step(scene.start(swap_plan()), "intended")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot)
        told = goes_on(app.picture)
    assert told == ["goes on running: swap production/checkout 0/2 (op1)"]


async def test_an_undo_shows_its_own_steps(scene: Scene, start: Start) -> None:
    scene.publish()
    operation = scene.start(swap_plan())
    scene.step(operation, "done")
    scene.step(operation, "not_done", "2")
    scene.end(operation, "needs_operator", "northeurope was not swapped", CHOICES)
    inverse = swap_plan(id="p9")
    inverse = replace(inverse, steps=(replace(inverse.steps[0], id="undo-1", summary="swap westeurope back"),))
    body = {"choice": "undo", "step": "2", "undoing": to_json(inverse)}
    scene.record(Draft("operator.chose", "ana@jump1", operation, "production/checkout", body))
    scene.step(operation, "accepted", "undo-1", detail="warming up")
    async with start().run_test(size=SIZE) as pilot:
        assert "undo of swap production/checkout 0/1 warming up" in await see(pilot)
        text = await press(pilot, "enter")
    assert "UNDOING" in text
    assert "undo-1. swap westeurope back" in text


async def test_an_answer_that_is_turned_down_says_why(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.end(scene.start(swap_plan()), "needs_operator", "unclear", CHOICES)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "enter", "down", "enter")
        scene.answer(scene.asked("choose"), refusal=Refusal("stale", "it waits at step 2 now", "look again"))
        assert "refused: it waits at step 2 now. look again" in await see(pilot)


async def test_without_a_runner_it_says_that_nothing_moves(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.step(scene.start(swap_plan()), "intended")
    scene.let_go()
    async with start().run_test(size=SIZE) as pilot:
        assert "no runner is alive, so nothing moves" in await press(pilot, "enter")
