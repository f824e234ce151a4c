"""`qd history`: the journal, filtered, as lines or JSON; what was, what differs, and whether anybody edited it."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from quarterdeck.cli import output
from quarterdeck.cli.connected import existing_store
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.release_finding import find_release
from quarterdeck.cli.times import clock, moment_argument
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.operation import Operation
from quarterdeck.release.rollout import Release
from quarterdeck.release.telling import told
from quarterdeck.store.base import Event, Store
from quarterdeck.store.exporting import document

_PAGE = 1000
_HANG = 7
"""Columns that the number takes: on a terminal, what doesn't fit goes on below the rest."""


def configure(parser: ArgumentParser) -> None:
    """Filters."""
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--verify", action="store_true", help="check the hash chain instead of printing it")
    instead.add_argument(
        "--commands", action="store_true", help="what people did, as lines that do it again; each asks before it acts"
    )
    instead.add_argument(
        "--at", type=moment_argument, metavar="MOMENT", help="the fleet as the journal knew it then: 10m, 14:02, a date"
    )
    instead.add_argument(
        "--compare",
        nargs=2,
        type=moment_argument,
        metavar="MOMENT",
        help="what differs between two moments, for example 14:02 now",
    )
    about = "only what was done to ENV/SERVICE (all its regions), or flag:ENV/NAME"
    parser.add_argument("about", nargs="?", type=_target, metavar="TARGET", help=about)
    parser.add_argument("--target", type=_target, metavar="TARGET", help="the same")
    parser.add_argument("--actor", default="", metavar="USER@HOST", help="only what this actor did")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--operation", default="", metavar="ID", help="only this operation")
    which.add_argument(
        "--release", default="", metavar="ID", help="only this release, with its operations and what it set aside"
    )
    parser.add_argument(
        "--since",
        type=moment_argument,
        default=0.0,
        metavar="TIME",
        help="2026-05-01, 2026-05-01T14:00Z, or 90m, 2h, 7d ago",
    )
    parser.add_argument("--until", type=moment_argument, metavar="TIME", help="nothing that came later")
    parser.add_argument("--limit", type=_count, default=0, metavar="N", help="only the last N of these lines")
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Print the journal, or verify it."""
    given = invocation.arguments
    with existing_store(invocation) as store:
        if given.at is not None or given.compare:
            from quarterdeck.cli import history_past

            if given.compare:
                return history_past.compare(store, given.compare, invocation)
            return history_past.show(store, given.at, invocation)
        return _verify(store, invocation) if given.verify else _print(store, invocation)


def _verify(store: Store, invocation: Invocation) -> ExitCode:
    faults = store.verify()
    if invocation.json:
        found = [{"seq": fault.seq, "message": clean(fault.message)} for fault in faults]
        output.document("verification", {"intact": not faults, "faults": found})
    elif not faults:
        newest = store.events(limit=1, newest_first=True)
        output.data(f"intact: {newest[0].seq if newest else 0} events, none edited, lost or put in between")
    else:
        for fault in faults:
            output.data(f"event {fault.seq}: {clean(fault.message)}")
        output.complain(f"the journal is not what was written: {len(faults)} faults")
    return ExitCode.FAILED if faults else ExitCode.DONE


def _print(store: Store, invocation: Invocation) -> ExitCode:
    given = invocation.arguments
    events = _matching(store, given)
    if given.release:
        events = _of_release(find_release(store, given.release), events)
    if given.limit:
        events = iter(deque(events, given.limit))
    if given.commands:
        return _commands(events, invocation)
    if invocation.json:
        output.document("history", {"events": [document(event) for event in events]})
    else:
        named = StepNames(store)
        for event in events:
            output.running(event_line(event, named.of(event)), _HANG, aside=False)
    return ExitCode.DONE


def _commands(events: Iterator[Event], invocation: Invocation) -> ExitCode:
    from quarterdeck.cli.twins import twin

    done = [(event, line) for event in events if (line := twin(event))]
    if invocation.json:
        found = [{"at": event.at, "actor": clean(event.actor), "command": line} for event, line in done]
        output.document("commands", {"commands": found})
    else:
        for event, line in done:
            output.data(f"# {clock(event.at)}  {clean(event.actor)}\n{line}")
    return ExitCode.DONE


def _matching(store: Store, wanted: argparse.Namespace) -> Iterator[Event]:
    after, target = 0, wanted.about or wanted.target or ""
    which = {"operation": wanted.operation, "target": target, "actor": wanted.actor}
    while page := store.events(after=after, since=wanted.since, until=wanted.until, limit=_PAGE, **which):
        yield from page
        after = page[-1].seq


def _of_release(release: Release, events: Iterator[Event]) -> Iterator[Event]:
    """What belongs to a release: its own events, those of its operations, what it set aside, held and left owing."""
    mine = {release.id}
    for event in events:
        if event.kind == "operation.started" and event.body.get("release") == release.id:
            mine.add(event.operation)
        if event.operation in mine or release.id in _about(event.body):
            yield event


def _about(body: Mapping[str, Any]) -> tuple[Any, ...]:
    return (body.get("about"), (body.get("hold") or {}).get("release"), (body.get("debt") or {}).get("release"))


class StepNames:
    """What the steps of releases and operations do, by id; each is read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Mapping[str, str]] = {}

    def of(self, event: Event) -> Mapping[str, str]:
        """What the steps do that an event may name."""
        if event.operation not in self._known:
            self._known[event.operation] = self._read(event)
        return self._known[event.operation]

    def _read(self, event: Event) -> Mapping[str, str]:
        found: Release | Operation | None
        match event.kind.partition(".")[0]:
            case "release":
                found = self._store.release(event.operation)
            case "step" | "operation":
                found = self._store.operation(event.operation)
            case _:
                return {}
        return {} if found is None else step_names(found)


def step_names(of: Release | Operation) -> Mapping[str, str]:
    """What each step of a release or an operation does, by its id."""
    return {step.id: step.summary for step in of.plan.steps}


def event_line(event: Event, steps: Mapping[str, str] | None = None) -> str:
    """One event in one line: number, time, kind, operation, target, who, and what it says."""
    words = [f"{event.seq:>5}", clock(event.at), f"{event.kind:<20}"]
    words += [clean(word) for word in (event.operation, event.target, event.actor) if word]
    return "  ".join([*words, told(event.kind, event.body, steps)]).rstrip()


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lines")
    return int(text)


def _target(text: str) -> str:
    try:
        return str(TargetId.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
