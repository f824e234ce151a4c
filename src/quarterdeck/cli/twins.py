"""What people did, as the lines that do it again: kept as a record, read aloud, or used as a plan for another day."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.runner.release_lines import ITSELF
from quarterdeck.store.base import Event

Body = Mapping[str, Any]

_LONGEST = 500


def twin(event: Event) -> str:
    """The headless twin of what somebody did; "" for what followed from it by itself.

    A release is named by its target: its id is another one when it is done again.
    """
    if event.actor == ITSELF:
        return ""
    words = _words(event, event.body)
    reason = clean(str(event.body.get("reason") or ""), _LONGEST)
    if not words or not reason or "--reason" in words or event.kind == "conn.offered":
        return words
    return f"{words} --reason {shlex.quote(reason)}"


def _words(event: Event, body: Body) -> str:
    about = shlex.quote(clean(event.target, _LONGEST) or "all")
    match event.kind:
        case "operation.started":
            return "" if body.get("release") else _planned(body)
        case "release.started":
            return _planned(body)
        case "release.ordered":
            return _order(about, str(body.get("order", "")), str(body.get("step", "")))
        case "release.decided":
            return _decision(about, body.get("decision") or {})
        case "operator.chose":
            return f"qd operation {shlex.quote(event.operation)} --choose {shlex.quote(str(body.get('choice', '')))}"
        case "conn.taken" | "conn.given":
            return f"qd conn {'take' if event.kind == 'conn.taken' else 'give'} {about}"
        case "conn.offered":
            return f"qd conn offer {about} --to {shlex.quote(clean(str(body.get('to', '')), _LONGEST))}"
        case "hold.placed":
            return _hold(about, body.get("hold") or {})
        case "hold.lifted":
            return f"qd freeze lift {about}"
    return ""


def _planned(body: Body) -> str:
    return clean(str((body.get("plan") or {}).get("command", "")), _LONGEST)


def _order(about: str, order: str, step: str) -> str:
    match order:
        case "promote_full":
            return f"qd release promote {about} --full"
        case "undo":
            return f"qd release undo {about} --to {shlex.quote(step)}"
    return f"qd release {shlex.quote(order)} {about}"


def _decision(about: str, decision: Body) -> str:
    verb = "approve" if decision.get("verdict") == "approve" else "reject"
    reason = clean(str(decision.get("reason") or ""), _LONGEST)
    return f"qd {verb} {about}" + (f" --reason {shlex.quote(reason)}" if reason else "")


def _hold(about: str, hold: Body) -> str:
    """A hotfix places its own hold itself."""
    verbs = {"freeze": "freeze", "lock": "lock", "stop": "line stop", "automation": "hold"}
    verb = verbs.get(str(hold.get("kind")))
    if verb is None:
        return ""
    length = float(hold["until"]) - float(hold["since"]) if hold.get("until") else 0
    lasts = f" --for {max(1, round(length / 60))}m" if length else ""
    reason = clean(str(hold.get("reason") or ""), _LONGEST)
    return f"qd {verb} {about}{lasts}" + (f" --reason {shlex.quote(reason)}" if reason else "")
