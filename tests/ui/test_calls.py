"""When the cockpit calls for a person who looks elsewhere, and what the terminal gets."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ui.release_scenes import baking
from tests.ui.scenes import NOW, Scene, played

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.picture import Picture
from quarterdeck.release.standing_view import InboxItem
from quarterdeck.ui.calling import Caller, sequence
from quarterdeck.ui.pages.calls import AGAIN_SECONDS, CALL_SECONDS, Call, Crier, quiet, title_of
from quarterdeck.ui.preferences import Attention
from quarterdeck.ui.watching import Watch

NOON = "12:00"
XTERM = {"TERM": "xterm-256color"}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return played(Scene(tmp_path / "state" / "store.db"))


def seen(scene: Scene) -> Picture:
    """The picture as the cockpit has it now."""
    watch = Watch(scene.viewer(), scene.clock)
    watch.look()
    return watch.picture()


def later(picture: Picture, seconds: float = 60, *more: InboxItem) -> Picture:
    return replace(picture, at=picture.at + seconds, inbox=(*picture.inbox, *more))


def asks(name: str = "r1/3", title: str = "checkout 2.15.0") -> InboxItem:
    return InboxItem(name, "approval", title, "approval sre: 2 of 2 missing", TargetId("production", "checkout"))


# --- what is called for -----------------------------------------------------------------------------------------------
def test_nothing_that_was_there_at_the_start_is_called_for(scene: Scene) -> None:
    picture = later(seen(scene), 0, asks())
    crier = Crier(Attention(title=False), picture)
    assert crier.hear(picture, NOON) == Call()
    assert crier.hear(later(picture), NOON) == Call()


def test_an_approval_that_comes_is_called_for_once(scene: Scene) -> None:
    picture = seen(scene)
    crier = Crier(Attention(title=False), picture)
    now = later(picture, 5, asks())
    assert crier.hear(now, NOON) == Call(
        bell=True, notice="Quarterdeck contoso-shop: checkout 2.15.0: approval sre: 2 of 2 missing"
    )
    assert crier.hear(later(now), NOON) == Call()
    gone = later(picture, 100)
    assert crier.hear(gone, NOON) == Call()
    assert crier.hear(later(gone, 10, asks()), NOON) == Call(), "what comes and goes rings once"
    calm = later(picture, 200 + AGAIN_SECONDS)
    assert crier.hear(calm, NOON) == Call()
    assert crier.hear(later(calm, 5, asks()), NOON).bell


def test_bells_keep_their_distance_and_what_came_between_is_told_together(scene: Scene) -> None:
    picture = seen(scene)
    crier = Crier(Attention(title=False), picture)
    first = later(picture, 5, asks("a"))
    assert crier.hear(first, NOON).bell
    soon = later(first, CALL_SECONDS - 1, asks("b", "cart 2.0"), asks("c", "payments 4.0"))
    assert crier.hear(soon, NOON) == Call()
    call = crier.hear(later(soon, 1), NOON)
    assert (call.bell, call.notice) == (
        True, "Quarterdeck contoso-shop: cart 2.0: approval sre: 2 of 2 missing, and 1 more",
    )  # fmt: skip


def test_a_release_that_ends_or_goes_back_is_called_for(scene: Scene) -> None:
    voyage = baking(scene)
    crier = Crier(Attention(title=False), seen(scene))
    voyage.note("recovering", why="error-rate 0.3", steps=["4", "3", "1"])
    back = seen(scene)
    assert "checkout 2.15.0 is being taken back" in crier.hear(back, NOON).notice
    voyage.note("ended", ending="rolled_back", detail="back", choices=[])
    call = crier.hear(replace(seen(scene), at=NOW + CALL_SECONDS), NOON)
    assert "checkout 2.15.0 was rolled back" in call.notice


def test_a_release_that_had_ended_before_is_old_news(scene: Scene) -> None:
    baking(scene).note("ended", ending="rolled_back", detail="back", choices=[])
    crier = Crier(Attention(title=False), seen(scene))
    assert crier.hear(later(seen(scene)), NOON) == Call()


def test_a_runner_that_is_gone_for_good_is_called_for_and_one_that_is_replaced_is_not(scene: Scene) -> None:
    alive = seen(scene)
    dead = replace(alive, runner=replace(alive.runner, alive=False))
    crier = Crier(Attention(title=False), alive)
    assert crier.hear(later(dead, 5), NOON) == Call()
    assert crier.hear(later(alive, 9), NOON) == Call()
    assert crier.hear(later(dead, 20), NOON) == Call()
    assert "no runner" in crier.hear(later(dead, 31), NOON).notice


def test_what_somebody_else_has_paused_is_called_for_and_ones_own_pause_is_not(scene: Scene) -> None:
    voyage = baking(scene)
    before = seen(scene)
    mine, theirs = (Crier(Attention(title=False), before, me) for me in ("ana@jump1", "ben@jump2"))
    voyage.note("ordered", actor="ana@jump1", order="pause", step="", reason="lunch")
    paused = seen(scene)
    assert mine.hear(paused, NOON) == Call()
    assert "paused by ana@jump1 just now: lunch" in theirs.hear(paused, NOON).notice


# --- quiet ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("span", "clock", "expected"),
    [
        ("", "03:00", False),
        ("22:00-07:00", "03:00", True),
        ("22:00-07:00", "22:00", True),
        ("22:00-07:00", "07:00", False),
        ("12:00-13:00", "12:30", True),
        ("12:00-13:00", "13:00", False),
    ],
)
def test_quiet_hours(span: str, clock: str, expected: bool) -> None:
    assert quiet(span, clock) is expected


def test_what_comes_in_quiet_hours_is_seen_in_the_title_and_not_called_for_later(scene: Scene) -> None:
    picture = seen(scene)
    crier = Crier(Attention(quiet="22:00-07:00"), picture)
    crier.hear(picture, "23:00")
    waits = later(picture, 5, asks())
    call = crier.hear(waits, "23:00")
    assert (call.bell, call.notice) == (False, "")
    assert call.title is not None
    assert "needs you" in call.title
    assert crier.hear(later(waits), "07:00") == Call()


def test_what_nobody_wants_is_not_sent(scene: Scene) -> None:
    picture = seen(scene)
    crier = Crier(Attention(bell=False, desktop=False, title=False), picture)
    assert crier.hear(later(picture, 5, asks()), NOON) == Call()


# --- the title --------------------------------------------------------------------------------------------------------
def test_the_title_says_what_needs_a_person_what_runs_and_where(scene: Scene) -> None:
    baking(scene)
    picture = replace(seen(scene), inbox=())
    assert title_of(picture) == "▸ checkout 2.15.0 25% · contoso-shop"
    waits = replace(picture, inbox=(asks("a"), asks("b")))
    assert title_of(waits) == "▲ 2 need you · ▸ checkout 2.15.0 25% · contoso-shop"
    dead = replace(picture, runner=replace(picture.runner, alive=False), releases=(), operations=())
    assert title_of(dead) == "▲ no runner · contoso-shop"


def test_a_title_is_sent_when_it_changes_and_when_somebody_else_has_set_theirs(scene: Scene) -> None:
    picture = seen(scene)
    crier = Crier(Attention(), picture)
    first = crier.hear(picture, NOON)
    assert first.title == title_of(picture)
    assert crier.hear(later(picture), NOON) == Call()
    crier.forget_title()
    assert crier.hear(later(picture, 120), NOON) == first


def test_a_title_does_not_run_down(scene: Scene) -> None:
    baking(scene)
    picture = seen(scene)
    scene.clock.at += 7
    assert title_of(seen(scene)) == title_of(picture)


# --- what the terminal gets -------------------------------------------------------------------------------------------
CALL = Call(bell=True, notice="Quarterdeck shop: checkout; waits ▲", title="▲ 1 needs you · shop")


def test_most_terminals_get_a_bell_osc_9_and_a_title() -> None:
    assert sequence(CALL, XTERM, ascii_only=False) == (
        "\x07\x1b]9;Quarterdeck shop: checkout; waits ▲\x07\x1b]2;▲ 1 needs you · shop\x1b\\"
    )


@pytest.mark.parametrize(
    "environment", [{"TERM": "foot"}, {"TERM": "rxvt-unicode"}, {"TERM": "xterm", "VTE_VERSION": "7600"},
                    {"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}]
)  # fmt: skip
def test_terminals_that_read_it_get_osc_777_whose_fields_are_parted_by_semicolons(environment: dict[str, str]) -> None:
    sent = sequence(replace(CALL, title=None), environment, ascii_only=False)
    assert sent == "\x07\x1b]777;notify;Quarterdeck;Quarterdeck shop: checkout, waits ▲\x07"


def test_inside_tmux_a_notification_is_wrapped_and_a_title_is_tmuxs_own() -> None:
    sent = sequence(CALL, {"TERM": "screen-256color", "TMUX": "/run/tmux,1,0"}, ascii_only=True)
    assert sent == (
        "\x07\x1bPtmux;\x1b\x1b]9;Quarterdeck shop: checkout; waits ^\x07\x1b\\\x1b]2;^ 1 needs you - shop\x1b\\"
    )


def test_a_terminal_that_would_print_it_gets_a_bell_alone() -> None:
    assert sequence(CALL, {"TERM": "linux"}, ascii_only=True) == "\x07"
    assert sequence(Call(), XTERM, ascii_only=False) == ""


def test_nothing_that_came_from_outside_ends_a_sequence_early(scene: Scene) -> None:
    picture = seen(scene)
    evil = "x\x1b\\\x1b]0;owned\x07\x07\x9c\x1b[2J\n" * 100
    sent: list[str] = []
    caller = Caller(
        Attention(), picture, send=sent.append, environment=XTERM, clock=scene.clock, me="ana@jump1", ascii_only=False
    )  # fmt: skip
    caller.see(replace(later(picture, 5, asks("evil", evil)), fleet=evil))
    (data,) = sent
    assert re.fullmatch(r"\x07\x1b\]9;[^\x00-\x1f\x7f-\x9f]*\x07\x1b\]2;[^\x00-\x1f\x7f-\x9f]*\x1b\\", data)
    assert len(data) < 400


def test_a_cockpit_that_nothing_happens_in_sends_nothing(scene: Scene) -> None:
    picture = seen(scene)
    sent: list[str] = []
    caller = Caller(
        Attention(), picture, send=sent.append, environment=XTERM, clock=scene.clock, me="ana@jump1", ascii_only=False
    )  # fmt: skip
    for seconds in range(0, 600, 5):
        caller.see(later(picture, seconds))
    assert sent == [f"\x1b]2;{title_of(picture)}\x1b\\"]
