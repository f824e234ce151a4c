"""`qd release promote | pause | resume | abort | retry | skip | undo | confirm | abandon`: orders to a release."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from quarterdeck.cli import confirming, output, wishing
from quarterdeck.cli.connected import Watched, connected, existing_store
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.release_finding import find_open_release
from quarterdeck.cli.release_following import WELL, follow_release
from quarterdeck.cli.release_json import release_json
from quarterdeck.cli.release_text import release_line
from quarterdeck.cli.release_views import next_words, order_words, view_of
from quarterdeck.cli.requesting import answer_to
from quarterdeck.records import dataclass
from quarterdeck.release.policy import name_to_type
from quarterdeck.release.rollout import Order, Release
from quarterdeck.store.base import Store


@dataclass(frozen=True, slots=True)
class _Deed:
    """An order as it is typed: what its help says, and whether it makes things safer (so that a plain yes will do)."""

    order: Order
    help: str
    safer: bool = False
    waits: bool = False
    wanted: frozenset[str] = WELL


_BACK = frozenset({"rolled_back", "failed"})
"""How an abort ends well: all was taken back, or nothing had been changed."""

_DEEDS = (
    _Deed("promote", "end the pause, bake or analysis it is in; --full: leave out all that are to come"),
    _Deed("pause", "begin no new step", safer=True),
    _Deed("resume", "go on after a pause"),
    _Deed("abort", "take everything back that was done, and wait for it", safer=True, waits=True, wanted=_BACK),
    _Deed("retry", "try the step that failed again"),
    _Deed("skip", "leave out the step that failed"),
    _Deed("undo", "take back what was done after a step, and pause there"),
    _Deed("confirm", "keep what would be taken back otherwise"),
    _Deed("abandon", "end it as it stands, with all that is half-done"),
)


def configure_orders(deeds: Any, configure_id: Callable[[ArgumentParser], None]) -> None:
    """A parser for each order."""
    for deed in _DEEDS:
        parser = deeds.add_parser(deed.order, help=deed.help)
        configure_id(parser)
        if deed.order == "promote":
            parser.add_argument("--full", action="store_true", help="no more pauses, bakes and analyses")
        if deed.order == "undo":
            parser.add_argument("--to", required=True, metavar="STEP", help="the last step that is kept")
        confirming.configure(parser)
        wishing.configure_override(parser)
        wishing.configure_waiting(parser, default="lines" if deed.waits else "")
        parser.set_defaults(run=_run_of(deed))


def _run_of(deed: _Deed) -> Callable[[Invocation], ExitCode]:
    return lambda invocation: _tell(invocation, deed)


def _tell(invocation: Invocation, deed: _Deed) -> ExitCode:
    invocation.require_writing()
    given = invocation.arguments
    with existing_store(invocation) as store:
        release = find_open_release(store, given.release)
        step = _step(store, release, deed, given.to if deed.order == "undo" else "")
        question = _question(store, release, deed)
        _show(store, release, deed)
    order: Order = "promote_full" if deed.order == "promote" and given.full else deed.order
    confirming.typed_confirmation(question, given)
    with connected(invocation) as fleet:
        newest = fleet.store.events(limit=1, newest_first=True)
        asked = fleet.asker.order(release.id, order, given.reason, step=step, override=given.override)
        answer = answer_to(fleet, asked)
        patience = wishing.patience_of(given, deed.wanted)
        if patience is not None:
            after = newest[0].seq if newest else 0
            return follow_release(fleet, release.id, patience, after=after, json=invocation.json)
        _told(fleet, release.id, answer.said or f"{order_words(order)}: written down", json=invocation.json)
    return ExitCode.DONE


def _step(store: Store, release: Release, deed: _Deed, to: str) -> str:
    """The step that the order is about: the one to go back to, or the one that is shown."""
    if deed.order != "undo":
        if release.recovery is not None and release.paused is not None:
            return ""  # gone back to a step, it stands between two
        return release.current.id if release.current is not None else ""
    if release.plan.step(to) is None:
        known = ", ".join(step.id for step in release.plan.steps)
        raise CommandError(ExitCode.USAGE, f"release {release.id} has no step {to!r}", f"it has {known}")
    return to


def _question(store: Store, release: Release, deed: _Deed) -> confirming.Question:
    fleet = store.fleet()
    if deed.safer or fleet is None:
        return confirming.Question()
    return confirming.Question(name_to_type(fleet.environments, release.plan.environment))


def _show(store: Store, release: Release, deed: _Deed) -> None:
    """What the order would meet, before anybody says yes."""
    view = view_of(store, release, time.time())
    output.narrate("\n".join(release_line(view)))
    output.narrate(f"{deed.order}: {deed.help}")


def _told(fleet: Watched, release_id: str, said: str, *, json: bool) -> None:
    release = fleet.store.release(release_id)
    if release is None:
        return
    if json:
        output.document("release", {"release": release_json(fleet.store, release)})
    else:
        output.data(said)
    if words := next_words(view_of(fleet.store, release, time.time())):
        output.narrate(words)
