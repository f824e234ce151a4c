"""Screen 6 and what of it stands in the inbox: what is shown, and what each key asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see, type_in
from tests.ui.pipeline_scenes import DATA, DEPLOY, LIVE, RUNS, TIMER, WAITING, mixed, piped, run
from tests.ui.scenes import Scene, swap_plan
from textual.widgets import Input

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.release.action import Action
from quarterdeck.release.run_action import DecideRun, StartRun, SteerRun

SIZE = (100, 30)


def planned(scene: Scene) -> Action:
    action: Action = from_json(Action, scene.asked("plan").body["action"])
    return action


async def test_what_waits_for_people_comes_first_with_who_may_end_it(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "6")
    rows = [line for line in text.splitlines() if line.startswith(("deploy", "infra"))]
    assert [row.split()[1] for row in rows[:3]] == ["#142", "#143", "#141"]
    assert "approval for live ▲ older" in rows[0]
    for words in (
        "approval for live (production), for 25m",
        "ana, team:sre; the runner's credentials may",
        "fails by itself in 29d",
        "BLOCKS     deploy to production",
        "#143 on main is newer and running: this one brings older code",
        "qd approve run:deploy/9142/live",
        "read just now, azure",
    ):
        assert words in text


async def test_a_asks_for_words_and_then_for_the_plan(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "told to the pipeline's host" in await press(pilot, "6", "a")
        await type_in(pilot, "fine")
        await press(pilot, "enter")
    assert planned(scene) == DecideRun(DEPLOY, "9142", "approve", "live", "fine")


async def test_x_wants_a_reason(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "a rejection needs a reason" in await press(pilot, "6", "x", "enter")
        await type_in(pilot, "red")
        await press(pilot, "enter")
    assert planned(scene) == DecideRun(DEPLOY, "9142", "reject", "live", "red")


async def test_a_reason_is_asked_for_once(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "6", "x")
        await type_in(pilot, "red since 14:00")
        await press(pilot, "enter")
        scene.answer(scene.asked("plan"), plan=swap_plan(planned(scene)))
        assert "Why?" in await see(pilot)
        assert pilot.app.screen.query_one("#reason", Input).value == "red since 14:00"


async def test_a_run_that_waits_for_several_things_asks_which(scene: Scene, start: Start) -> None:
    piped(scene, RunsReading((replace(WAITING, waits=(LIVE, DATA, TIMER)),)))
    async with start().run_test(size=SIZE) as pilot:
        menu = await press(pilot, "6", "a")
        assert "Approve what? deploy #142" in menu
        assert "staging" not in menu  # a timer asks nobody
        await press(pilot, "down", "enter", "enter")
    assert planned(scene) == DecideRun(DEPLOY, "9142", "approve", "data")


async def test_the_inbox_decides_about_what_is_under_the_cursor(scene: Scene, start: Start) -> None:
    piped(scene, RunsReading((replace(WAITING, waits=(LIVE, DATA)),)))
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "4")
        assert "approval for live (production)" in text
        assert "the runner's credentials may NOT" in await press(pilot, "down")
        await press(pilot, "a", "enter")
    assert planned(scene) == DecideRun(DEPLOY, "9142", "approve", "data")


async def test_what_goes_on_by_itself_looks_different_and_takes_no_answer(scene: Scene, start: Start) -> None:
    mixed(scene)
    async with start().run_test(size=(120, 36)) as pilot:
        screen = await press(pilot, "4")
        assert "8 wait for people · 4 by themselves" in screen
        assert screen.index("◆ approval   mobile #88") < screen.index("· by itself  apps #213")
        await press(pilot, "slash")
        await type_in(pilot, "business")
        screen = await press(pilot, "enter")
        for words in (
            "a check for Live (production): Business Hours",
            "nobody from here",
            "https://apps.example/runs/212",
        ):
            assert words in screen
        assert "a approve" not in screen
        assert "BY HAND" not in screen
        for key in ("a", "x"):
            assert "asks nobody for a yes or a no" in await press(pilot, key)
    assert scene.store.pending() == ()


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("twice", ("SO FAR     1 of 2 said yes: Ana; not yet: Ben, Chen", "the runner's credentials may", "3h00 left")),
        ("columns", ("▲ older ▲ not ours", "NOT", "not with the runner's credentials: https://web.example/runs/309")),
        ("which", ("qd reject run:api/9017/Region --reason TEXT | a yes is filled in there: https://api",)),
        (
            "hold",
            ("deploy-production, notify", "the host doesn't say whether", "Dark mode [beta] (3f1c0a52 on main, eve)"),
        ),
        ("roll", ("#17 is newer and waiting", "begun by ana", "Roll it out?", "qd approve run:api/9016/Production")),
    ],
)
async def test_each_wait_says_who_may_answer_it_how_and_what_that_brings(
    scene: Scene, start: Start, found: str, words: tuple[str, ...]
) -> None:
    mixed(scene)
    async with start().run_test(size=(120, 36)) as pilot:
        await press(pilot, "4", "slash")
        await type_in(pilot, found)
        screen = await press(pilot, "enter")
    for one in words:
        assert one in screen


async def test_enter_in_the_inbox_shows_the_run(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "4", "enter")
    assert "6 Pipelines" in text
    assert "PARTS" in text


async def test_n_starts_a_run_on_a_ref_with_inputs(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "6", "n")
        assert "is not NAME=VALUE" in await type_in(pilot, "--input x") + await press(pilot, "enter")
        await type_in(pilot, "=1 --ref main")
        await press(pilot, "enter")
    assert planned(scene) == StartRun(DEPLOY, "main", {"x": "1"})


async def test_what_has_ended_is_run_again_and_what_has_not_is_cancelled(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "only what has ended can be run again" in await press(pilot, "6", "R")
        await press(pilot, "X")
        assert planned(scene) == SteerRun(DEPLOY, "9142", "cancel")
        await press(pilot, "escape", "down", "down")
        assert "has ended: failed" in await press(pilot, "X")
        await press(pilot, "R", "enter")
    assert planned(scene) == SteerRun(DEPLOY, "9141", "rerun_failed")


async def test_enter_reads_the_whole_run(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=(80, 24)) as pilot:
        text = await press(pilot, "6", "enter")
    assert "https://github.com/contoso/shop/actions/runs/9142" in text
    assert "◆ waiting    deploy to production" in text


async def test_letters_find_a_run(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=(120, 30)) as pilot:
        await press(pilot, "6", "slash")
        text = await type_in(pilot, "bank")
    assert "#142" in text
    assert "#140" not in text


async def test_a_pipeline_that_cannot_be_read_says_so_and_nothing_old_looks_new(scene: Scene, start: Start) -> None:
    piped(scene)
    scene.fail("pipelines/pipeline:deploy", Trouble("unauthenticated", "the token has expired", "make another one"))
    async with start().run_test(size=SIZE) as pilot:
        text = await press(pilot, "6")
        assert "✗ trouble" in text
        assert "was running" in text
        inbox = await press(pilot, "4")
    assert "it may be decided already" in inbox
    assert "1 pipeline can't be read" in inbox


async def test_a_fleet_without_pipelines_says_how_to_declare_one(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "no pipeline is declared" in await press(pilot, "6")
        assert "nothing under the cursor" in await press(pilot, "a")


async def test_a_decision_that_is_taken_leaves_the_inbox(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "deploy #142" in await press(pilot, "4")
        scene.see({"pipelines/pipeline:deploy": RunsReading((run(142),))})
        assert "nothing waits for anybody" in await see(pilot)


@pytest.mark.parametrize("name", ["[red]markup[/x]", "\x1b[2J\x1b]0;t\x07", "\u202erl", "x" * 5000, "変更" * 40])
async def test_hostile_names_stay_text(scene: Scene, start: Start, name: str) -> None:
    evil = replace(
        WAITING, title=name, ref=name, actor=name, waits=(replace(LIVE, environment=name, reviewers=(name,)),)
    )
    piped(scene, RunsReading((evil, *RUNS.runs)))
    async with start().run_test(size=(80, 24)) as pilot:
        text = await press(pilot, "6", "4", "6", "enter")
    assert all(letter.isprintable() or letter == "\n" for letter in text)


async def test_a_pipeline_is_told_from_a_service_that_does_not_exist(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=(100, 30)) as pilot:
        assert "is a pipeline, not a service" in await press(pilot, "4", "2")
