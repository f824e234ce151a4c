"""Whatever a name or a text from outside is made of: it is only shown, in one line, and all stays in its place."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.ui.conftest import Start
from tests.ui.driving import press, see
from tests.ui.hostile import FRAGMENTS, Swap, poisoned, swapping
from tests.ui.pipeline_scenes import PIPED, RUNS
from tests.ui.release_scenes import RULES, Voyage, govern, release_plan
from tests.ui.scenes import READINGS, Scene, swap_plan
from tests.ui.tidiness import disorder, harmless

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.fleet.text import clean
from quarterdeck.release.operation import CHOICES, Operation, StepProgress
from quarterdeck.release.plan import Refusal
from quarterdeck.ui.pages import bulk, plan, progress, proposal
from quarterdeck.ui.screens.plan import PlanDialog
from quarterdeck.ui.spans import Line, fit, line, plain, printable, spread, to_ascii, width, wrap

SEEDS = (1, 2, 3)
hostile_texts = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=12)), max_size=12).map("".join)


def sail_under_strange_names(scene: Scene, swap: Swap) -> None:
    """A fleet in which everything from outside has another name."""
    readings = {**READINGS, "pipelines/pipeline:deploy": RUNS, "pipelines/pipeline:infra": RunsReading(())}
    scene.publish(poisoned(PIPED, swap), {subject: poisoned(reading, swap) for subject, reading in readings.items()})
    govern(scene, poisoned(RULES, swap))
    trouble = Trouble("garbage", swap("an answer"), swap("what to do"))
    scene.fail("slots/production/payments", trouble)
    running = scene.start(poisoned(swap_plan(), swap), actor=swap("ana@jump1"), reason=swap("release day"))
    scene.step(running, "done", detail=swap("both read back"), reference=swap("3f1c0a52"))
    scene.step(running, "in_doubt", "2", detail=swap("the line dropped"), reference=swap("77"))
    scene.end(running, "needs_operator", swap("nobody knows"), CHOICES)
    voyage = Voyage(scene, poisoned(release_plan(), swap), actor=swap("ben@jump2"), reason=swap("because"))
    voyage.done("1", "2", "3", "4", ago=900, detail=swap("it went"))
    voyage.begun("5", ago=1260, detail=swap("asked"))
    voyage.decided("5", swap("ben@jump2"), reason=swap("graphs are flat"))


@pytest.mark.parametrize(("size", "seed"), [((80, 24), 1), ((60, 20), 2), ((200, 50), 3)])
async def test_every_screen_stays_in_order(scene: Scene, start: Start, seed: int, size: tuple[int, int]) -> None:
    swap = swapping(seed)
    sail_under_strange_names(scene, swap)
    ways = [
        ("down", "right"), ("2",), ("pagedown",), ("3",), ("enter",), ("down", "enter"), ("escape", "4"), ("enter",),
        ("escape", "5"), ("down", "right"), ("6",), ("enter",), ("escape", "7"), ("enter",), ("escape", "1", "s"),
        ("escape", "t"), ("escape", "question_mark"), ("escape", "ctrl+p"), ("escape", "1", "m"),
    ]  # fmt: skip
    async with start(actor="ana@jump1").run_test(size=size) as pilot:
        await see(pilot)
        assert disorder(pilot.app) == []
        for keys in ways:
            await press(pilot, *keys)
            assert disorder(pilot.app) == [], f"after {keys}"


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_dialogs_stay_in_order_from_the_plan_to_the_end(scene: Scene, start: Start, seed: int) -> None:
    swap = swapping(seed)
    scene.publish()
    made = poisoned(swap_plan(), swap)
    async with start().run_test(size=(80, 24)) as pilot:
        await press(pilot, "u")
        scene.answer(scene.asked("plan"), plan=made)
        for keys in ((), ("pagedown",), ("pagedown",), ("tab",), ("escape",)):
            await press(pilot, *keys)
            assert disorder(pilot.app) == []
        await press(pilot, "u")
        assert isinstance(pilot.app.screen, PlanDialog)
        scene.answer(scene.asked("plan"), refusal=Refusal("locked", swap("it is in use"), swap("wait")))
        await see(pilot)
        assert disorder(pilot.app) == []


@given(st.integers(0, 10_000), st.integers(56, 120))
def test_every_line_of_a_plan_and_of_what_became_of_it_is_printable_and_fits(seed: int, cells: int) -> None:
    swap = swapping(seed)
    one, release = poisoned(swap_plan(), swap), poisoned(release_plan(), swap)
    steps = {"1": StepProgress("done", swap("read back"), swap("id"), 5), "2": StepProgress("in_doubt", swap("why"))}
    operation = Operation(
        "op", one, swap("ana"), swap("because"), 0, steps, "needs_operator", swap("detail"), 9, CHOICES
    )
    done = Operation("op", one, swap("ana"), "", 0, steps, "succeeded", swap("detail"), 9)
    refusal = Refusal("locked", swap("message"), swap("hint"))
    lines: list[Line] = [
        *plan.told_of(one, cells).lines(20),
        *proposal.told_of(release, cells).lines(20),
        *bulk.told_of([one, one], [(one.action.target, swap("left out"))], cells).lines(20),
        *plan.refusal_lines(refusal, cells),
        *progress.progress_lines(operation, 100, cells),
        *progress.progress_lines(done, 100, cells),
    ]
    assert [plain(row) for row in lines if not harmless(plain(row))] == []
    broken = [row for row in lines if len(row) == 2 and not row[0][0].strip()]  # what follows a first line
    assert [plain(row) for row in broken if width(row) > cells] == []


@given(hostile_texts, st.integers(12, 200))
def test_text_is_broken_into_lines_that_fit_and_nothing_of_it_is_lost(text: str, cells: int) -> None:
    shown = clean(text, 1000)
    lines = wrap(shown, cells)
    assert all(width(row) <= cells for row in lines)
    assert "".join("".join(map(plain, lines)).split()) == "".join(shown.split())


@given(hostile_texts, hostile_texts, st.integers(0, 200))
def test_a_line_is_exactly_as_wide_as_it_is_asked_to_be(left: str, right: str, cells: int) -> None:
    one, other = line(clean(left, 300)), line((clean(right, 300), "dim"))
    for made in (fit(one, cells), spread(one, other, cells)):
        assert width(made) == cells
        assert width(to_ascii(made)) == cells
        assert plain(to_ascii(made)).isascii()


@given(hostile_texts)
def test_what_nobody_cleaned_is_stopped_at_the_last_gate(text: str) -> None:
    assert harmless(plain(printable(((text, "text"),))))


@given(hostile_texts, st.integers(1, 300))
def test_a_cleaned_text_is_one_line_without_anything_invisible(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert harmless(cleaned)
    assert len(cleaned) <= limit
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in cleaned)
    assert clean(cleaned, limit) == cleaned
    assert cell_len(cleaned) <= 2 * limit
