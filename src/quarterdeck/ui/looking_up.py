"""Palette, help and themes: what is listed, and what happens to what was chosen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from quarterdeck.fleet.targets import TargetId
from quarterdeck.ui import wearing
from quarterdeck.ui.actions import Situation
from quarterdeck.ui.pages import finding
from quarterdeck.ui.pages.finding import Choice
from quarterdeck.ui.screens.finder import Finder, Shape
from quarterdeck.ui.spans import BLANK, Line
from quarterdeck.ui.trail import Place

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit

_THEME = "theme:"
"""What ids of themes begin with."""


def palette(cockpit: Cockpit) -> Awaitable[object]:
    """Everything that can be done here, and every name to go to."""
    names = wearing.themes()
    return _find(
        cockpit,
        lambda _: "Everything that can be done here",
        lambda now: finding.palette_choices(now, names),
        finding.in_short,
    )


def keys(cockpit: Cockpit) -> Awaitable[object]:
    """The keys of the screen, for what is under the cursor."""
    return _find(cockpit, finding.help_title, finding.help_choices, finding.in_full)


def themes(cockpit: Cockpit) -> Awaitable[object]:
    """Which theme to wear."""
    names, worn = wearing.themes(), cockpit.theme
    return _find(cockpit, lambda _: "Themes", lambda _: finding.theme_choices(names, worn), finding.in_short)


def _find(
    cockpit: Cockpit,
    title: Callable[[Situation], str],
    choices: Callable[[Situation], Sequence[Choice]],
    shape: Shape,
) -> Awaitable[object]:
    deck = cockpit.deck()
    assert deck is not None, "a deed is done on a screen"
    worn = cockpit.theme

    def marked(choice: Choice | None) -> None:
        """A theme is tried on as long as it is marked."""
        theme = choice.id.removeprefix(_THEME) if choice is not None and choice.id.startswith(_THEME) else worn
        wearing.try_on(cockpit, theme)

    def chosen(choice: str | None) -> None:
        if choice is None or not choice.startswith(_THEME):
            wearing.try_on(cockpit, worn)
        if choice is not None:
            _carry_out(cockpit, choice)

    about = finding.about_line if shape is finding.in_short else _nothing
    finder = Finder(lambda: title(deck.situation()), lambda: choices(deck.situation()), shape, about, marked)
    return cockpit.push_screen(finder, chosen)


def _nothing(_: Choice) -> Line:
    """All is said in the choice's own lines."""
    return BLANK


def _carry_out(cockpit: Cockpit, choice: str) -> None:
    kind, _, name = choice.partition(":")
    match kind:
        case "deed":
            # Coming back to a screen clears what it said last: a refusal has to come after that.
            cockpit.call_after_refresh(cockpit.do, name)
        case "service":
            cockpit.show_service(TargetId.parse(name))
        case "release":
            cockpit.show_release(name)
        case "flag":
            row, _, column = name.partition(":")
            cockpit.steering.go(Place("flags", key=row, column=int(column)))
        case "theme":
            cockpit.call_after_refresh(wearing.wear, cockpit, name)
