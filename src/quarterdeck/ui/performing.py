"""From the id of a deed to what does it. Loaded with the first key: the first frame doesn't wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from quarterdeck.ui import doing, guarding, releasing
from quarterdeck.ui.actions import Where, deeds_at, why_not
from quarterdeck.ui.trail import Place

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


def perform(cockpit: Cockpit, deed_id: str) -> None:
    """Do a deed where the cockpit is, or say why it can't be done now.

    Whatever asks for a deed (key, palette, help, command line, Enter) comes through here, so that nothing is allowed
    one way and refused another.
    """
    deck = cockpit.deck()
    deed = next((one for one in deeds_at(deck.WHERE) if one.id == deed_id), None) if deck is not None else None
    if deck is None or deed is None:
        return
    if reason := why_not(deed, deck.situation()):
        cockpit.say(reason)
        return
    target = deck.target()
    if handler := deck.handlers().get(deed_id):
        handler()
    elif deed_id in doing.ON_TARGETS and target is not None:
        doing.ON_TARGETS[deed_id](cockpit, target)
    elif deed_id in _PLAIN:
        _PLAIN[deed_id](cockpit)


def _to(where: Where) -> Callable[[Cockpit], None]:
    return lambda cockpit: cockpit.steering.go(Place(where))


def _to_service(cockpit: Cockpit) -> None:
    target = cockpit.target()
    if target is not None and not cockpit.deck_in_front("service"):
        cockpit.show_service(target)


def _to_releases(cockpit: Cockpit) -> None:
    """The list, with the cursor on the release that was under the cursor."""
    release = cockpit.release()
    cockpit.steering.go(Place("releases", key="" if release is None else release.id))


def _refresh(cockpit: Cockpit) -> None:
    if cockpit.attempt(cockpit.asker.refresh):
        cockpit.say("asked the runner to read everything again")


def _find(cockpit: Cockpit) -> None:
    deck = cockpit.deck()
    if deck is not None:
        deck.find()


def _help(cockpit: Cockpit) -> None:
    from quarterdeck.ui.pages.frame import help_lines
    from quarterdeck.ui.screens import catalogue

    deck = cockpit.deck()
    if deck is not None:
        situation = deck.situation()
        cockpit.push_screen(catalogue.reader("Help", lambda cells: help_lines(situation, cells)))


def _attention(cockpit: Cockpit) -> None:
    from quarterdeck.ui.pages.attention import attention_lines
    from quarterdeck.ui.screens import catalogue

    title = "What wants a look"
    cockpit.push_screen(catalogue.reader(title, lambda cells: attention_lines(cockpit.picture, cells)))


_PLAIN: Mapping[str, Callable[[Cockpit], object]] = {
    "command": doing.command,
    "refresh": _refresh,
    "filter": _find,
    "conn": guarding.conn,
    "guard": guarding.guard,
    "pay": guarding.pay,
    "abort": releasing.abort,
    "help": _help,
    "attention": _attention,
    "bridge": _to("bridge"),
    "service": _to_service,
    "releases": _to_releases,
    "gates": _to("gates"),
    "flags": _to("flags"),
    "to-flags": _to("flags"),
    "log": _to("log"),
    "past": lambda cockpit: cockpit.steering.past(),
    "future": lambda cockpit: cockpit.steering.future(),
    "back": lambda cockpit: cockpit.steering.up(),
    "quit": lambda cockpit: cockpit.leave(),
    "leave-now": lambda cockpit: cockpit.leave(),
    "suspend": lambda cockpit: cockpit.action_suspend_process(),
}
"""By deed, what does it wherever the cursor is."""
