"""Going from one screen to another: never more than a few on top of each other, and every way back is remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from quarterdeck.fleet.targets import TargetId
from quarterdeck.ui.deeds import Where
from quarterdeck.ui.screens import catalogue
from quarterdeck.ui.screens.bridge import Bridge
from quarterdeck.ui.screens.deck import Deck
from quarterdeck.ui.trail import Place, Trail

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit

_MADE: Mapping[Where, Callable[[Place], Deck]] = {
    "service": lambda place: catalogue.service(TargetId.parse(place.about)),
    "releases": lambda place: catalogue.releases(place.key),
    "release": lambda place: catalogue.release(place.about),
    "gates": lambda _: catalogue.gates(),
    "flags": lambda _: catalogue.flags(),
    "pipelines": lambda _: catalogue.pipelines(),
    "log": lambda _: catalogue.log(),
}


class Steering:
    """Moves a cockpit between its screens."""

    def __init__(self, cockpit: Cockpit) -> None:
        self._cockpit = cockpit
        self._trail = Trail()

    def go(self, place: Place) -> None:
        """Show a place; nothing happens if it is in front already."""
        here = self._here()
        if here is None or here.same_screen(place):
            return
        self._trail.leave(here)
        self._show(place)

    def past(self) -> None:
        """The place before this one."""
        self._retrace(self._trail.back, "there is no place before this one")

    def future(self) -> None:
        """The place from which `past` came."""
        self._retrace(self._trail.forward, "there is no place after this one")

    def up(self) -> None:
        """Esc: what the screen has open, else the screen below."""
        deck = self._cockpit.deck()
        if deck is None or deck.back():
            return
        if isinstance(deck, Bridge) and self._cockpit.tour is not None:
            self._cockpit.tour.end()
            return
        if isinstance(deck, Bridge):
            self._cockpit.say(f"this is the first screen; {self._cockpit.keys.shown('quit')} leaves the cockpit")
            return
        self._trail.leave(deck.place())
        self._cockpit.pop_screen()

    def begin_at(self, text: str) -> None:
        """Show the `ENV/SERVICE` that the cockpit was started with."""
        try:
            target = TargetId.parse(text)
        except ValueError as error:
            self._cockpit.say(str(error))
            return
        bridge = self._cockpit.screen
        if isinstance(bridge, Bridge):
            bridge.point_at(target)
        if self._cockpit.picture.cell(target) is not None:
            self.go(Place("service", str(target.whole)))

    def _retrace(self, step: Callable[[Place], Place | None], otherwise: str) -> None:
        here = self._here()
        place = step(here) if here is not None else None
        if place is None:
            self._cockpit.say(otherwise)
        else:
            self._show(place)

    def _here(self) -> Place | None:
        deck = self._cockpit.deck()
        return None if deck is None else deck.place()

    def _show(self, place: Place) -> None:
        stays = place.where == "release" and self._cockpit.deck_in_front("releases", "gates")
        if not stays:
            self._to_bridge()
        if place.where != "bridge":
            self._cockpit.push_screen(_MADE[place.where](place))
        deck = self._cockpit.screen
        if isinstance(deck, Deck):
            deck.arrive(place)

    def _to_bridge(self) -> None:
        cockpit = self._cockpit
        while len(cockpit.screen_stack) > 1 and not isinstance(cockpit.screen, Bridge):
            cockpit.pop_screen()
