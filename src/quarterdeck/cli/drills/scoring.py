"""What somebody made of a drill: from the journal to times, moves and points. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from quarterdeck.cli.drills.drill import Drill, Facts
from quarterdeck.cli.drills.stage import COLLEAGUE
from quarterdeck.cli.twins import twin
from quarterdeck.store.base import Event

TAKEN_OVER = "(a runner takes over)"
"""The command of a move that a runner makes by being started."""

WRONG_MOVE = 15
HINT = 10
SLOW = 10.0
"""So many seconds over par cost a point, as far as `MOST_FOR_TIME`."""
MOST_FOR_TIME = 30

_LOOKS = frozenset({"plan.made", "release.planned"})
_ENDS = frozenset({"operation.ended", "release.ended"})
_ACTS = ("operation.", "operator.", "release.")
"""Beginnings of the kinds of events that change something where they happen; guards only keep others from doing so."""


@dataclass(frozen=True, slots=True)
class Move:
    """Something that was done: seconds after the beginning, as a command; `why` it was wrong."""

    after: float
    command: str
    verdict: Literal["right", "wrong", "neutral"]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """How it went. Times are seconds after the beginning, None for what hasn't happened.

    Attributes:
        detected: something was planned or done about what the trouble is about.
        acted: the first right move.
        recovered: everything was as it has to be.
        hints: how many were asked for.
        missing: what isn't as it has to be.
        failed: how many requests of users failed until everything was recovered, or until now.
    """

    detected: float | None
    acted: float | None
    recovered: float | None
    moves: tuple[Move, ...]
    hints: int
    missing: str
    points: int
    failed: float = 0

    @property
    def wrong(self) -> int:
        """How many moves were wrong."""
        return sum(move.verdict == "wrong" for move in self.moves)


def score(drill: Drill, facts: Facts, events: Sequence[Event], began: float, hints: int, missing: str) -> Score:
    """Judge what stands in the journal since a drill began. `missing`: what isn't as it has to be now, "" if all is."""
    made = tuple(_moves(drill, facts, events, began))
    ended = [event.at - began for event in events if event.kind in _ENDS]
    recovered = None if missing else (ended[-1] if ended else 0.0)
    first = next((event.at - began for event in events if _is_about(event, facts)), None)
    acted = next((move.after for move in made if move.verdict == "right"), None)
    wrong = sum(move.verdict == "wrong" for move in made)
    points = 0
    if recovered is not None:
        slow = min(MOST_FOR_TIME, int(max(0.0, recovered - drill.par) / SLOW))
        points = max(0, 100 - WRONG_MOVE * wrong - HINT * hints - slow)
    return Score(first, acted, recovered, made, hints, missing, points)


def _moves(drill: Drill, facts: Facts, events: Sequence[Event], began: float) -> Iterator[Move]:
    for event in events:
        command = _command(event)
        if not command:
            continue
        why = _why_wrong(drill, facts, event, command)
        right = re.search(_filled(drill.right, facts), command)
        yield Move(event.at - began, command, "wrong" if why else "right" if right else "neutral", why)


def _command(event: Event) -> str:
    if event.kind == "operation.adopted":
        return TAKEN_OVER
    return "" if event.actor == COLLEAGUE and event.kind != "operator.chose" else twin(event)


def _why_wrong(drill: Drill, facts: Facts, event: Event, command: str) -> str:
    for pattern in drill.wrong:
        if re.search(_filled(pattern.command, facts), command):
            return pattern.why
    whole = event.target.partition("@")[0]
    if event.kind.startswith(_ACTS) and whole not in (facts["target"], facts.get("also")):
        return f"{whole} was well"
    return ""


def _is_about(event: Event, facts: Facts) -> bool:
    """Whether somebody has noticed where the trouble is."""
    about = event.target.partition("@")[0] in (facts["target"], facts.get("also"))
    if event.kind in _LOOKS:
        return about and event.actor != COLLEAGUE
    return about and bool(_command(event))


def _filled(pattern: str, facts: Facts) -> str:
    """A pattern with `<name>` in it replaced by that fact, taken literally."""
    return re.sub(r"<(\w+)>", lambda found: re.escape(facts[found[1]]), pattern)
