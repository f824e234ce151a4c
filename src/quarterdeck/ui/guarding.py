"""From a key to a word about what stands guard: the conn, freezes, locks, the line, debts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.records import replace
from quarterdeck.release.clearance import spoken
from quarterdeck.release.durations import seconds
from quarterdeck.release.guards import person
from quarterdeck.release.release_command import Guard
from quarterdeck.release.standing_view import InboxItem
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import Request
from quarterdeck.ui.pages import gates as pages
from quarterdeck.ui.screens.order import Question
from quarterdeck.ui.screens.small import Menu, Prompt
from quarterdeck.ui.spans import BLANK, Line, line, wrap
from quarterdeck.ui.widgets.choices import Option

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit

_NEEDS_REASON = "a reason is needed: everybody who is stopped by it reads it"


def conn(cockpit: Cockpit) -> None:
    """Take, offer or give up the conn of what is under the cursor."""
    me = person(cockpit.settings.actor)
    held = {one.scope: one for one in cockpit.picture.guards.conns}
    deeds: list[tuple[Guard, str, str]] = []
    for scope in _scopes(cockpit):
        one = held.get(scope)
        if one is None:
            deeds.append((Guard("take", scope), f"take {spoken(scope)}", "nobody has it"))
        elif person(one.holder) == me:
            deeds.append((Guard("give", scope), f"give up {spoken(scope)}", f"you have it since {one.age}"))
            deeds.append(
                (Guard("offer", scope), f"offer {spoken(scope)}", "to somebody who may take it without a reason")
            )
        else:
            told = f"{one.holder} has it" + (f", offered to {one.offered_to}" if one.offered_to else "")
            deeds.append((Guard("take", scope), f"take {spoken(scope)}", told))
    _menu(cockpit, "The conn: who is in control", deeds)


def guard(cockpit: Cockpit) -> None:
    """Freeze, lock, stop the line where the cursor is; lift what is in force."""
    deeds = [
        (Guard("lift", id=one.id), f"lift the {one.kind} of {spoken(one.scope)}", f"by {one.by}: {one.reason}")
        for one in cockpit.picture.guards.holds
    ]
    scopes = _scopes(cockpit)
    free = "no release there; going back stays free"
    deeds += [(Guard("freeze", scope), f"freeze {spoken(scope)}", free) for scope in scopes]
    deeds += [(Guard("lock", scope), f"lock {spoken(scope)}", "only you release there") for scope in scopes]
    deeds.append((Guard("stop", "*"), "stop the line", "nothing begins, what runs pauses"))
    _menu(cockpit, "What stands guard", deeds)


def pay(cockpit: Cockpit) -> None:
    """Pay the debt under the cursor."""
    deck = cockpit.deck()
    item = deck.item() if deck is not None else None
    if item is not None:
        ask(cockpit, Guard("pay", id=item.key), item)


def ask(cockpit: Cockpit, deed: Guard, item: InboxItem | None = None) -> None:
    """What is still missing, then a yes."""
    if deed.deed == "lift" and not deed.id:
        stops = [one.id for one in cockpit.picture.guards.holds if one.kind == "stop"]
        if len(stops) != 1:
            lists = f"it is stopped more than once: {cockpit.keys.shown('guard')} lists what to lift"
            cockpit.say(lists if stops else "the line isn't stopped")
            return
        deed = replace(deed, id=stops[0])
    if deed.deed == "offer" and not deed.to:
        _ask_whom(cockpit, deed)
    elif deed.deed in ("freeze", "lock") and deed.seconds is None and not deed.reason:
        _ask_how_long(cockpit, deed)
    else:
        _ask_consent(cockpit, deed, item)


def _ask_consent(cockpit: Cockpit, deed: Guard, item: InboxItem | None = None) -> None:
    now = cockpit.settings.clock.now()

    def submit(asker: Asker, reason: str, _: str) -> Request:
        reason = reason or deed.reason
        match deed.deed:
            case "take" | "give":
                return asker.guard(deed.deed, reason, scope=deed.scope)
            case "offer":
                return asker.guard(deed.deed, reason, scope=deed.scope, to=deed.to)
            case "lift" | "pay":
                return asker.guard(deed.deed, reason, id=deed.id)
            case "freeze" | "lock" | "stop":
                until = None if deed.seconds is None else now + deed.seconds
                return asker.guard(deed.deed, reason, scope=deed.scope, until=until)

    def lines(cells: int) -> list[Line]:
        told = [*wrap(_EFFECTS[deed.deed], cells, word="title"), BLANK]
        told += pages.item_lines(item, cells) if item is not None else pages.guard_lines(cockpit.picture.guards, cells)
        return told or [line(("nothing stands guard yet", "dim"))]

    cockpit.consent(
        Question(
            title=f"{_VERBS[deed.deed].lower()} {spoken(deed.scope) if deed.scope else deed.id}",
            lines=lines,
            verb=_VERBS[deed.deed],
            submit=submit,
            needs_reason="" if deed.reason else _needs_reason(cockpit, deed),
        )
    )


_EFFECTS = {
    "take": "You are in control there; everybody else watches until you give it up or they take it, with a reason.",
    "give": "Nobody is in control there any more.",
    "offer": "They may take the conn without a reason. Until then it stays yours.",
    "freeze": "Nobody releases there while it lasts. Going back stays free.",
    "lock": "Only you release there while it lasts. Going back stays free.",
    "stop": "Nothing begins anywhere it covers, and running releases pause before their next step. "
    "Going back stays free.",
    "lift": "What it stopped may go on.",
    "pay": "It leaves the list of debts; what you type is kept as the evidence.",
}
_VERBS = {
    "take": "Take the conn",
    "give": "Give it up",
    "offer": "Offer the conn",
    "freeze": "Freeze",
    "lock": "Lock",
    "stop": "Stop the line",
    "lift": "Lift",
    "pay": "Pay",
}


def _needs_reason(cockpit: Cockpit, deed: Guard) -> str:
    me = person(cockpit.settings.actor)
    guards = cockpit.picture.guards
    match deed.deed:
        case "take":
            held = next((one for one in guards.conns if one.scope == deed.scope), None)
            if held is None or person(held.holder) == me or person(held.offered_to) == me:
                return ""
            return f"{held.holder} has the conn: taking it needs a reason"
        case "lift":
            hold = next((one for one in guards.holds if one.id == deed.id), None)
            return (
                "" if hold is not None and person(hold.by) == me else "somebody else placed it: type why it is lifted"
            )
        case "pay":
            return "type the evidence: a link, a commit, what was run"
        case "freeze" | "lock" | "stop":
            return _NEEDS_REASON
    return ""


def _ask_whom(cockpit: Cockpit, deed: Guard) -> None:
    def given(who: str | None) -> None:
        if who is not None:
            _ask_consent(cockpit, replace(deed, to=who.strip()))

    told = ["who may take it: user@host, or just the user"]
    cockpit.push_screen(Prompt(f"Offer the conn of {spoken(deed.scope)}", told, "", _wrong_person), given)


def _ask_how_long(cockpit: Cockpit, deed: Guard) -> None:
    def given(text: str | None) -> None:
        if text is not None:
            _ask_consent(cockpit, replace(deed, seconds=seconds(text) if text.strip() else None))

    told = ["30m, 2h, 1d; empty: until somebody lifts it"]
    title = f"{_VERBS[deed.deed]} {spoken(deed.scope)} for how long?"
    cockpit.push_screen(Prompt(title, told, "", _wrong_length), given)


def _wrong_person(text: str) -> str:
    return "" if len(text.split()) == 1 else "one name: user or user@host"


def _wrong_length(text: str) -> str:
    try:
        return "" if not text.strip() or seconds(text) > 0 else "longer than nothing"
    except ValueError as error:
        return str(error)


def _scopes(cockpit: Cockpit) -> list[str]:
    """What is under the cursor, its environment, everything."""
    target = cockpit.target()
    if target is None:
        return [*(env.name for env in cockpit.picture.environments), "*"]
    own = [] if target.flag else [f"{target.environment}/{target.name}"]
    return [*own, target.environment, "*"]


def _menu(cockpit: Cockpit, title: str, deeds: list[tuple[Guard, str, str]]) -> None:
    options = [Option(str(i), label, told) for i, (_, label, told) in enumerate(deeds)]

    def chosen(key: str | None) -> None:
        if key is not None:
            ask(cockpit, deeds[int(key)][0])

    cockpit.push_screen(Menu(title, options), chosen)
