"""Screen 7: finding, following, the whole journal, looking back, comparing, taking away."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see, type_in
from tests.ui.release_scenes import sail
from tests.ui.scenes import CHECKOUT, NOW, Scene, flag_plan, played, shift_plan

from quarterdeck.store import hindsight
from quarterdeck.store.base import Draft
from quarterdeck.ui import journal_lines
from quarterdeck.ui.journal_lines import JournalLines

SIZE = (100, 30)


def write(scene: Scene, count: int, *, ago: float = 5000, actor: str = "cy@jump3") -> None:
    """As many lines that say nothing."""
    scene.record(*(Draft("runner.started", actor, body={"detail": f"number {i}"}) for i in range(count)), ago=ago)


async def test_the_newest_line_stays_in_sight_until_the_cursor_leaves_it(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "following the newest" in await press(pilot, "7")
        assert "held here" in await press(pilot, "up")
        write(scene, 12)
        screen = await see(pilot)
        assert "held here: 12 new below" in screen
        screen = await press(pilot, "F")
        assert "following the newest" in screen
        assert "number 11" in screen
        write(scene, 1)
        assert "following the newest" in await see(pilot)
        assert "held here" in await press(pilot, "F")


async def test_coming_back_to_the_newest_line_follows_again(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "7", "up", "up")
        assert "following the newest" in await press(pilot, "G")


async def test_older_lines_come_at_the_top_and_none_is_lost(
    scene: Scene, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_lines, "PORTION", 40)
    scene.publish()
    write(scene, 700)
    async with start().run_test(size=SIZE) as pilot:
        assert "older ones come at the top" in await press(pilot, "7")
        screen = await press(pilot, "g")
        assert "number 200" in screen
        for _ in range(5):
            screen = await press(pilot, "g")
        assert "number 0" in screen
        assert "back to the beginning" in screen


async def test_what_is_looked_for_is_found_in_the_whole_journal(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.record(Draft("runner.started", "ana@jump1", body={"detail": "the needle"}), ago=9000)
    write(scene, 1600)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "7", "slash")
        screen = await type_in(pilot, "actor:ana needle")
        for _ in range(5):
            screen = await see(pilot)
        assert "the needle" in screen
        assert "1 line like 'actor:ana needle'" in screen
        assert "number" not in screen


async def test_a_release_is_found_with_its_operations(scene: Scene) -> None:
    scene.publish()
    scene.record(Draft("operation.started", "ana", "op9", "flag:staging/beta-basket",
                       {"plan": flag_plan(), "reason": "", "release": "rel7", "step": "1"}))  # fmt: skip
    scene.step("op9", "done")
    write(scene, 3)
    lines = JournalLines(scene.viewer(), "release:rel7", NOW)
    assert lines.add_newer(scene.store.events()) == 2


async def test_what_a_step_does_is_told_although_its_plan_has_the_same_number(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.record(Draft("plan.made", "ana", "op1", "", {"command": "qd flag off staging/beta-basket"}), ago=70)
    scene.step(scene.start(flag_plan()), "intended")
    async with start().run_test(size=SIZE) as pilot:
        assert "step 1: switch beta-basket off" in await press(pilot, "7")


async def test_a_wrong_time_is_said(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "7", "slash")
        assert "since: 'soon' is no time" in await type_in(pilot, "since:soon")


async def test_tab_completes_fields_and_what_stands_in_them(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "7", "slash")
        await type_in(pilot, "act")
        assert "actor:ana@jump1" in await press(pilot, "tab")
        await type_in(pilot, "be")
        screen = await press(pilot, "tab", "enter")
        assert "like 'actor:ben@jump2" in screen


async def test_days_stand_above_their_lines(scene: Scene, start: Start) -> None:
    scene.publish()
    write(scene, 1, ago=86_400)
    write(scene, 1, ago=10)
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "7")
        assert "── 2026-11-22" in screen
        assert "── 2026-11-23" in screen


async def test_the_fleet_is_shown_as_it_was_and_clearly_not_as_it_is(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "7", "less_than_sign")
        assert "AS IT WAS AT 2026-11-23 14:01:03Z" in screen
        assert "line 9 of 9" in screen
        assert "2.14.3 -> 2.15.0, under way" in screen
        assert "? unknown" in screen
        screen = await press(pilot, "less_than_sign")
        assert "line 7 of 9" in screen
        assert "set by" in screen
        screen = await press(pilot, "less_than_sign", "less_than_sign", "less_than_sign", "less_than_sign")
        assert "line 1 of 9" in screen
        assert "AS IT WAS AT the beginning" in await press(pilot, "less_than_sign")
        assert "line 1 of 9" in await press(pilot, "greater_than_sign")
    assert list(scene.store.pending()) == []


async def test_what_a_release_found_is_known_of_its_service(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "7", "less_than_sign")
        assert "○ 2.14.3" in next(row for row in screen.splitlines() if row.startswith("checkout"))
        assert "checkout 2.15.0 in production" in screen


async def test_nothing_can_be_changed_in_the_past(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        before = await press(pilot, "7", "less_than_sign")
        after = await press(pilot, *"sfpPaxyAouhdczr", "space", "enter")
        assert "AS IT WAS AT" in after
        assert before == after
    assert list(scene.store.pending()) == []


@pytest.mark.parametrize(
    ("typed", "told"), [("13:13:52", "line 2 of 9"), ("10m", "line 4 of 9"), ("2026-11-23 12:00", "the beginning")]
)
async def test_a_moment_is_typed(scene: Scene, start: Start, typed: str, told: str) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "7", "less_than_sign", "t")
        await type_in(pilot, typed)
        assert told in await press(pilot, "enter")


async def test_the_command_line_looks_back_from_every_screen(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "colon")
        assert "is no time" in await type_in(pilot, "at soon") + await press(pilot, "enter")
        await press(pilot, "escape", "colon")
        await type_in(pilot, "history --at 13:13:52")
        assert "line 2 of 9" in await press(pilot, "enter")


async def test_a_moment_that_is_none_is_asked_for_again(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "7", "less_than_sign", "t")
        await type_in(pilot, "soon")
        assert "is no time: write" in await press(pilot, "enter")


async def test_two_marked_moments_are_compared(scene: Scene, start: Start) -> None:
    played(scene)
    shifted = scene.start(shift_plan(westeurope=50, northeurope=50), ago=15, actor="ben@jump2")
    scene.step(shifted, "done", ago=12)
    scene.record(Draft("conn.taken", "ben@jump2", "", "", {"scope": "*", "reason": "", "from": ""}), ago=11)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "7", "up", "up")
        assert "■ marked" in await press(pilot, "D")
        screen = await press(pilot, "G", "D")
        assert "FROM 2026-11-23 14:01:56Z TO 2026-11-23 14:02:00Z" in screen
        assert "share of westeurope: 75% -> 50%" in screen
        assert "conn: nobody -> ben@jump2" in screen
        assert "WHAT" in await press(pilot, "escape")


async def test_a_moment_compared_with_itself_is_forgotten(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "■ marked" in await press(pilot, "7", "D")
        assert "■ marked" not in await press(pilot, "D")
        assert "■ marked" in await press(pilot, "D")
        assert "■ marked" not in await press(pilot, "escape")


async def test_the_past_is_compared_with_now(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "7", "less_than_sign", "less_than_sign", "D")
        assert "TO 2026-11-23 14:01:03Z" in screen
        assert "2.14.3 -> 2.14.3 -> 2.15.0, under way" in screen


async def test_the_same_moment_does_not_differ(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "nothing that the journal knows of differs" in await press(pilot, "7", "less_than_sign", "D")


async def test_a_long_journal_is_read_in_portions(scene: Scene, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hindsight, "PORTION", 2)
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "7", "less_than_sign")
        screen = await see(pilot)
        assert "set by" in screen


async def test_lines_are_written_out_for_their_owner_only(scene: Scene, start: Start, tmp_path: Path) -> None:
    played(scene)
    scene.record(Draft("runner.started", "ana", body={"detail": "password=hunter22", "token": "sealed"}))
    async with start().run_test(size=(160, 30)) as pilot:
        await press(pilot, "7", "slash")
        await type_in(pilot, "kind:runner")
        screen = await press(pilot, "enter", "e")
        assert "1 line written: 2026-11-23T140211Z-journal.txt and .jsonl in " in screen
    text, lines = sorted((scene.path.parent / "exports").iterdir(), key=lambda path: path.suffix, reverse=True)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (text, lines)} == {0o600}
    assert stat.S_IMODE(text.parent.stat().st_mode) == 0o700
    assert "runner.started" in text.read_text()
    (only,) = map(json.loads, lines.read_text().splitlines())
    assert (only["kind"], only["body"]) == ("runner.started", {"detail": "password=********"})
    assert "hunter22" not in text.read_text()


def test_what_a_viewer_did_not_keep_at_hand_is_read_again(scene: Scene) -> None:
    write(scene, 30)
    events = scene.store.events()
    lines = JournalLines(scene.viewer(), "", NOW)
    lines.add_newer(events[:5])
    assert lines.add_newer(events[20:]) == 25
    assert [event.seq for event in lines.lines] == list(range(1, 31))


def test_only_so_many_lines_are_held(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_lines, "MOST_HELD", 20)
    monkeypatch.setattr(journal_lines, "PORTION", 10)
    write(scene, 60)
    lines = JournalLines(scene.viewer(), "", NOW)
    lines.add_newer(scene.store.events()[50:])
    while lines.read_older():
        pass
    assert (lines.full, lines.whole, len(lines.lines)) == (True, False, 20)
    earlier = JournalLines(scene.viewer(), "until:90m", NOW)
    earlier.add_newer(scene.store.events()[50:])
    assert earlier.lines == []


def test_what_lies_before_a_time_is_not_read(scene: Scene) -> None:
    write(scene, 20, ago=9000)
    write(scene, 5, ago=60)
    lines = JournalLines(scene.viewer(), "since:10m", NOW)
    lines.add_newer(scene.store.events()[22:])
    lines.read_older()
    assert lines.whole
    assert len(lines.lines) == 5
    assert str(CHECKOUT) not in str(lines.lines)


async def test_an_empty_journal_is_read_to_its_end_once(scene: Scene, start: Start) -> None:
    """Nothing that could match stays to be looked for: looking on would keep the processor busy for ever."""
    lines = JournalLines(scene.viewer(), "", NOW)
    assert lines.add_newer(()) == 0
    assert lines.read_older() == 0
    assert lines.whole
    async with start().run_test(size=SIZE) as pilot:
        assert "the journal holds no such line" in await press(pilot, "7")
        write(scene, 3)
        assert "number 2" in await see(pilot)
