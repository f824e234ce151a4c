"""Every screen as it looks, at the design size and on a bigger terminal. Accept a change by `--snapshot-update`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see
from tests.ui.scenes import FLEET, READINGS, Scene, played, slots, swap_plan
from textual.pilot import Pilot

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import FlagReading, FlagsReading
from quarterdeck.release.operation import CHOICES
from quarterdeck.release.plan import Refusal
from quarterdeck.ui.screens import catalogue

Compare = Callable[..., bool]
Before = Callable[[Pilot[Any]], Awaitable[None]]
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])


def after(*keys: str, then: Callable[[], None] | None = None) -> Before:
    """Press keys, let something happen in the store, and look."""

    async def run(pilot: Pilot[Any]) -> None:
        await press(pilot, *keys)
        if then is not None:
            then()
        await see(pilot)
        # An app that fell over leaves an empty picture, which would be a snapshot as good as any.
        assert await see(pilot)

    return run


@SIZES
@pytest.mark.parametrize(
    "keys",
    [
        pytest.param((), id="bridge"),
        pytest.param(("2",), id="service"),
        pytest.param(("5",), id="flags"),
        pytest.param(("7",), id="log"),
        pytest.param(("enter",), id="progress"),
        pytest.param(("s",), id="swap-menu"),
        pytest.param(("t",), id="shares"),
        pytest.param(("question_mark",), id="help"),
        pytest.param(("ctrl+p",), id="palette"),
        pytest.param(("colon", *"swap", "space", *"pr"), id="command-line"),
    ],
)
def test_screen(
    scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    played(scene)
    assert snap_compare(start(), terminal_size=size, run_before=after(*keys))


@SIZES
def test_plan(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int]) -> None:
    scene.publish()
    before = after("u", then=lambda: scene.answer(scene.asked("plan"), plan=swap_plan()))
    assert snap_compare(start(), terminal_size=size, run_before=before)


@SIZES
def test_refusal(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int]) -> None:
    scene.publish()
    refusal = Refusal(
        "locked",
        "production/checkout is in use by operation 0193c1 of ben@jump2: release 7",
        "wait until it has ended, or ask ben",
    )
    before = after("u", then=lambda: scene.answer(scene.asked("plan"), refusal=refusal))
    assert snap_compare(start(), terminal_size=size, run_before=before)


@SIZES
def test_needs_operator(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int]) -> None:
    scene.publish()
    operation = scene.start(swap_plan())
    scene.step(operation, "done", detail="both slots read back")
    scene.step(operation, "in_doubt", "2", detail="the line dropped after the request was sent")
    scene.end(operation, "needs_operator", "nobody knows whether northeurope was swapped", CHOICES)
    assert snap_compare(start(), terminal_size=size, run_before=after("enter"))


@SIZES
def test_empty_store(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int]) -> None:
    scene.let_go()
    assert snap_compare(start(), terminal_size=size, run_before=after())


@SIZES
@pytest.mark.parametrize("keys", [pytest.param((), id="bridge"), pytest.param(("2",), id="service")])
def test_everything_in_trouble(
    scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    scene.publish()
    for place in FLEET.places:
        trouble = Trouble("unauthenticated", "the sign-in has expired", "sign in again: az login")
        scene.fail(place.subject, trouble)
    assert snap_compare(start(), terminal_size=size, run_before=after(*keys))


@SIZES
@pytest.mark.parametrize("keys", [pytest.param((), id="bridge"), pytest.param(("5",), id="flags")])
def test_hostile_names(
    scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    evil = (
        "[red]markup[/x]",
        "\x1b]0;title\x07\x1b[2Jansi",
        "\u202erl\u202c\u200bz\ufeff",
        "x" * 10_000,
        "変更フラグ",
        "z" + "\u0301" * 40,
        "tick\u2705",
    )
    flags = FlagsReading(tuple(FlagReading(name, True, description=name) for name in evil))
    readings = {
        **READINGS,
        "flags/production/flags": flags,
        "slots/production/checkout@westeurope": slots("[/x]2.0\x1b[31m", "b"),
        "slots/production/cart": slots("\u202e9.9.9" + "9" * 300, "b", host="\x9b2Jhost"),
    }
    scene.publish(readings=readings)
    scene.fail("slots/production/payments", Trouble("garbage", "\x1b[2J<html>[/b]login\r\npage"))
    assert snap_compare(start(), terminal_size=size, run_before=after(*keys))


@pytest.mark.parametrize(
    "theme", [f"quarterdeck-{name}" for name in ("light", "contrast", "colour-blind", "ansi", "mono")]
)
def test_theme(scene: Scene, start: Start, snap_compare: Compare, theme: str) -> None:
    played(scene)
    assert snap_compare(start(theme), terminal_size=(80, 24), run_before=after())


def test_ascii(scene: Scene, start: Start, snap_compare: Compare) -> None:
    played(scene)
    assert snap_compare(start("quarterdeck-mono", ascii=True), terminal_size=(80, 24), run_before=after("2"))


@SIZES
def test_plain_text(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int]) -> None:
    scene.publish()

    async def show(pilot: Pilot[Any]) -> None:
        await pilot.app.push_screen(catalogue.plain_text("qd swap production/checkout --from staging"))
        assert await see(pilot)

    assert snap_compare(start(), terminal_size=size, run_before=show)


def test_old_readings_are_marked(scene: Scene, start: Start, snap_compare: Compare) -> None:
    scene.publish()
    scene.let_go()
    scene.clock.at += 3000
    assert snap_compare(start(), terminal_size=(80, 24), run_before=after())


def test_picture_for_the_readme(scene: Scene, start: Start, snap_compare: Compare) -> None:
    played(scene)
    assert snap_compare(start(), terminal_size=(100, 28), run_before=after())
