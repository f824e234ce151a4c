"""From the id of a deed to what does it. Loaded with the first key: the first frame doesn't wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from quarterdeck.ui import doing, guarding, releasing
from quarterdeck.ui.actions import Deed, Situation, Where, deeds_at, why_not
from quarterdeck.ui.trail import Place

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit
    from quarterdeck.ui.screens.deck import Deck


def perform(cockpit: Cockpit, deed_id: str) -> object:
    """Do a deed where the cockpit is, or say why it can't be done now. Something to await if it takes a moment.

    Whatever asks for a deed (key, palette, help, command line, Enter) comes through here, so that nothing is allowed
    one way and refused another.
    """
    deck = cockpit.deck()
    deed = next((one for one in deeds_at(deck.WHERE) if one.id == deed_id), None) if deck is not None else None
    if deck is None or deed is None:
        return None
    now = deck.situation()
    if now.marked and deed.hazard and deed.id in doing.ON_TARGETS:
        _on_marked(cockpit, deed, now)
        return None
    if reason := why_not(deed, now):
        cockpit.say(reason)
        return None
    target = deck.target()
    if handler := deck.handlers().get(deed_id):
        return handler()
    if deed_id in doing.ON_TARGETS and target is not None:
        return doing.ON_TARGETS[deed_id](cockpit, target)
    if deed_id in _PLAIN:
        return _PLAIN[deed_id](cockpit)
    cockpit.say(f"{deed.label} can't be done here yet")
    return None


def _on_marked(cockpit: Cockpit, deed: Deed, now: Situation) -> None:
    """To everything that is marked, or to nothing: never to the one under the cursor instead."""
    from quarterdeck.ui.bulk import asking

    if asking.acts_on_marked(deed):
        asking.ask(cockpit, deed, now)
    else:
        unmark = cockpit.keys.shown("back")
        cockpit.say(f"{deed.label} is done to one at a time: {unmark} lets go of the {len(now.marked)} marked first")


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


def _on_deck(do: Callable[[Deck], object]) -> Callable[[Cockpit], object]:
    def on_deck(cockpit: Cockpit) -> object:
        deck = cockpit.deck()
        return None if deck is None else do(deck)

    return on_deck


def _look_up(what: Literal["palette", "keys", "themes"]) -> Callable[[Cockpit], object]:
    def look_up(cockpit: Cockpit) -> object:
        from quarterdeck.ui import looking_up

        return getattr(looking_up, what)(cockpit)

    return look_up


async def _copy(cockpit: Cockpit) -> None:
    from quarterdeck.ui import taking_away

    deck = cockpit.deck()
    await taking_away.copy(cockpit, deck.copyable() if deck is not None else "")


def _dump(cockpit: Cockpit) -> None:
    from quarterdeck.ui import taking_away

    taking_away.dump(cockpit)


def _attention(cockpit: Cockpit) -> None:
    from quarterdeck.ui.pages.attention import attention_lines
    from quarterdeck.ui.screens import catalogue

    title = "What wants a look"
    cockpit.push_screen(catalogue.reader(title, lambda cells: attention_lines(cockpit.picture, cells)))


_PLAIN: Mapping[str, Callable[[Cockpit], object]] = {
    "command": _on_deck(lambda deck: deck.command()),
    "refresh": _refresh,
    "filter": _on_deck(lambda deck: deck.find()),
    "conn": guarding.conn,
    "guard": guarding.guard,
    "pay": guarding.pay,
    "abort": releasing.abort,
    "help": _look_up("keys"),
    "palette": _look_up("palette"),
    "theme": _look_up("themes"),
    "attention": _attention,
    "copy": _copy,
    "dump": _dump,
    "bridge": _to("bridge"),
    "service": _to_service,
    "releases": _to_releases,
    "gates": _to("gates"),
    "flags": _to("flags"),
    "to-flags": _to("flags"),
    "pipelines": _to("pipelines"),
    "log": _to("log"),
    "past": lambda cockpit: cockpit.steering.past(),
    "future": lambda cockpit: cockpit.steering.future(),
    "back": lambda cockpit: cockpit.steering.up(),
    "quit": lambda cockpit: cockpit.leave(),
    "leave-now": lambda cockpit: cockpit.leave(),
    "suspend": lambda cockpit: cockpit.action_suspend_process(),
}
"""By deed, what does it wherever the cursor is."""
