"""An environment wears its accent wherever the cockpit is about it: production looks like production."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press
from tests.ui.release_scenes import sail
from tests.ui.scenes import FLEET, Scene
from textual.app import App
from textual.containers import Vertical

from quarterdeck.fleet.accents import accent_of, nearest
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Environment
from quarterdeck.release.action import Swap
from quarterdeck.release.picture import EnvironmentView
from quarterdeck.ui.pages.accents import find, word_of
from quarterdeck.ui.spans import Line
from quarterdeck.ui.widgets.lines import Lines

SIZE = (80, 24)


@pytest.mark.parametrize(
    ("colour", "accent"),
    [
        ("#ff0000", "red"), ("#b42318", "red"), ("#ff1060", "red"), ("#ff9900", "orange"), ("#ffdd00", "orange"),
        ("#22AA44", "green"), ("#008080", "teal"), ("#0b5cad", "blue"), ("#7a2ea8", "purple"), ("#ff00ff", "purple"),
    ],
)  # fmt: skip
def test_a_colour_is_worn_as_the_accent_that_comes_nearest(colour: str, accent: str) -> None:
    assert nearest(colour) == accent


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        (EnvironmentView("production", True, ""), "protected"),
        (EnvironmentView("production", True, "red"), "accent_red"),
        (EnvironmentView("production", True, "#0000ff"), "accent_blue"),
        (EnvironmentView("staging", False, "orange"), "accent_orange"),
        (EnvironmentView("staging", False, "protected"), "protected"),
        (EnvironmentView("staging", False, ""), "heading"),
        (EnvironmentView("production", True, "of an older version"), "protected"),
    ],
)
def test_an_accent_is_a_word_that_themes_know(environment: EnvironmentView, word: str) -> None:
    assert word_of(environment) == word


def test_what_nobody_knows_is_no_accent() -> None:
    assert accent_of("danger") == ""


def test_of_several_environments_the_protected_one_counts() -> None:
    staging, production = EnvironmentView("staging", False, "teal"), EnvironmentView("production", True, "red")
    assert find((staging, production), "staging", "production") is production
    assert find((staging, production), "staging") is staging
    assert find((staging, production), "nowhere") is None


def painted(app: App[Any], selector: str) -> Line:
    return app.screen.query_one(selector, Lines).painted[0]


ENVIRONMENTS = (
    Environment("dev"),
    Environment("staging", accent="orange"),
    Environment("production", protected=True, accent="red"),
)


async def test_a_column_wears_the_accent_of_its_environment(scene: Scene, start: Start) -> None:
    scene.publish(replace(FLEET, environments=ENVIRONMENTS))
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        for key in ("1", "5"):
            await press(pilot, key)
            head = painted(app, "Grid")
            assert ("STAGING", "accent_orange") in head
            assert ("PRODUCTION (protected)", "accent_red") in head
        await press(pilot, "1")
        assert ("DEV", "heading") in painted(app, "Grid")


async def test_a_screen_about_one_environment_wears_its_accent_in_the_head_line(scene: Scene, start: Start) -> None:
    scene.publish(replace(FLEET, environments=ENVIRONMENTS))
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "1")
        assert ("1 Bridge", "heading") in painted(app, "#head")
        app.show_service(TargetId("production", "cart"))
        await press(pilot)
        assert ("2 Service", "accent_red") in painted(app, "#head")


async def test_a_dialog_wears_it_in_its_frame_and_says_whose_it_is(scene: Scene, start: Start) -> None:
    scene.publish(replace(FLEET, environments=ENVIRONMENTS))
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "1")
        app.plan(Swap(TargetId("production", "cart")))
        await press(pilot)
        box = app.screen.query_one("#box", Vertical)
        kind, colour = box.styles.border_top
        assert (kind, colour.hex) == ("double", "#C42B2B")
        assert box.border_title == " production, protected "
        await press(pilot, "escape")
        app.plan(Swap(TargetId("dev", "checkout")))
        await press(pilot)
        box = app.screen.query_one("#box", Vertical)
        assert (box.styles.border_top[0], box.border_title) == ("round", None)


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_without_colour_a_protected_environment_is_told_by_words(
    scene: Scene, start: Start, ascii_only: bool
) -> None:
    scene.publish()
    app = start("quarterdeck-mono", ascii=ascii_only)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "1")
        assert ("PRODUCTION (protected)", "protected") in painted(app, "Grid")
        app.plan(Swap(TargetId("production", "cart")))
        await press(pilot)
        box = app.screen.query_one("#box", Vertical)
        assert box.border_title == " production, protected "
        assert box.styles.border_top[0] == ("ascii" if ascii_only else "double")


async def test_a_word_to_a_release_wears_the_accent_of_where_it_ships(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "3", "A")
        assert app.screen.query_one("#box", Vertical).border_title == " production, protected "
        await press(pilot, "escape", "enter")
        assert ("3 Release", "protected") in painted(app, "#head")
