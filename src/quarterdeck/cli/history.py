"""`qd history`: the journal, filtered, as lines or JSON; and whether anybody edited it."""

from __future__ import annotations

import argparse
import re
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from quarterdeck.cli import output
from quarterdeck.cli.connected import existing_store
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.status_text import clock
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.store.base import Event, Store

_PAGE = 1000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_TOLD = ("command", "step", "ending", "choice", "detail", "message", "by", "reference", "reason")
"""Keys of an event's body that are for people, in the order in which they are shown."""
_NAMED = {"step": "step", "by": "by", "reference": "reference", "reason": "reason:"}
"""Those that need a word before them to be understood."""
_SEALED = "token"
"""The key of what is needed to go on polling: encrypted, and nobody else's business."""


def configure(parser: ArgumentParser) -> None:
    """Filters."""
    parser.add_argument("--verify", action="store_true", help="check the hash chain instead of printing it")
    parser.add_argument("--target", type=_target, help="ENV/SERVICE (all its regions) or flag:ENV/NAME")
    parser.add_argument("--actor", default="", metavar="USER@HOST", help="only what this actor did")
    parser.add_argument("--operation", default="", metavar="ID", help="only this operation")
    parser.add_argument(
        "--since", type=_moment, default=0.0, metavar="TIME", help="2026-05-01, 2026-05-01T14:00Z, or 90m, 2h, 7d ago"
    )
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Print the journal, or verify it."""
    with existing_store(invocation) as store:
        return _verify(store, invocation) if invocation.arguments.verify else _print(store, invocation)


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
    events = _matching(store, invocation.arguments)
    if invocation.json:
        output.document("history", {"events": [_event_json(event) for event in events]})
    else:
        for event in events:
            output.data(event_line(event))
    return ExitCode.DONE


def _matching(store: Store, wanted: argparse.Namespace) -> Iterator[Event]:
    after = 0
    while page := store.events(
        after=after, operation=wanted.operation, target=wanted.target or "", actor=wanted.actor, limit=_PAGE
    ):
        yield from (event for event in page if event.at >= wanted.since)
        after = page[-1].seq


def event_line(event: Event) -> str:
    """One event in one line: number, time, kind, operation, target, who, and what it says."""
    words = [f"{event.seq:>5}", clock(event.at), f"{event.kind:<20}"]
    words += [clean(word) for word in (event.operation, event.target, event.actor) if word]
    return "  ".join([*words, told(event)]).rstrip()


def told(event: Event) -> str:
    """What an event says, apart from who, where and when."""
    parts = [(_NAMED.get(key, ""), event.body.get(key)) for key in _TOLD]
    identities = event.body.get("identities") or {}
    parts += [(f"signed in to {clean(connection)} as", who) for connection, who in identities.items()]
    return "; ".join(f"{name} {clean(str(value))}".strip() for name, value in parts if value)


def _event_json(event: Event) -> Mapping[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at,
        "kind": event.kind,
        "actor": event.actor,
        "operation": event.operation or None,
        "target": event.target or None,
        "body": {key: value for key, value in event.body.items() if key != _SEALED},
        "previous": event.previous,
        "hash": event.hash,
    }


def _target(text: str) -> str:
    try:
        return str(TargetId.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _moment(text: str) -> float:
    if ago := re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text):
        return time.time() - float(ago[1]) * _UNITS[ago[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 2026-05-01T14:00Z, or 2h") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
