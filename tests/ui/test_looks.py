"""Words look as the theme in force says, from the moment it is worn."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.theme import Theme

from quarterdeck.ui.cockpit import THEME_DEFAULTS
from quarterdeck.ui.glance.making import looks_of
from quarterdeck.ui.spans import line
from quarterdeck.ui.widgets.lines import Lines


def theme(name: str, **words: str) -> Theme:
    return Theme(name, primary="#000000", variables={f"qd-{key}": look for key, look in words.items()})


class Shown(App[None]):
    """One line in a theme."""

    def compose(self) -> ComposeResult:
        yield Lines([line(("fine", "ok"))])

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(THEME_DEFAULTS)

    def on_mount(self) -> None:
        self.register_theme(theme("sea", ok="#00ff00"))
        self.register_theme(theme("night", ok="#ff0000"))
        self.theme = "sea"


def colour(app: App[Any]) -> str:
    (strip,) = app.query_one(Lines).render_lines(Region(0, 0, 4, 1))
    return str(next(segment.style.color.name for segment in strip if segment.style and segment.style.color))


async def test_another_theme_is_worn_at_once() -> None:
    app = Shown()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert colour(app) == "#00ff00"
        app.theme = "night"
        await pilot.pause()
        assert colour(app) == "#ff0000"


async def test_the_first_frame_is_told_how_words_look_on_every_terminal() -> None:
    app = Shown()
    async with app.run_test() as pilot:
        await pilot.pause()
        looks = looks_of(app)
    assert looks["true"]["ok"] == "38;2;0;255;0;49"
    assert looks["256"]["ok"] == "38;5;46;49"
    assert looks["16"]["ok"] == "32;49"
    assert looks["none"]["ok"] == ""
