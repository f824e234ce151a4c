"""Changes that were delivered to users, and what became of them, from the journal: what releases are measured by. Pure.

A delivery is a release that gives a service another version, or a swap on its own. Flags and shares of traffic that
nobody released anything with move no version, and are none; nor is putting a version into a slot that users don't
reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.redaction import visible
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, replace
from quarterdeck.release.action import Rollback, Swap
from quarterdeck.release.operation import Ending
from quarterdeck.release.plan import Plan
from quarterdeck.release.release_plan import ReleasePlan, Run, Write

KINDS = (
    "release.planned",
    "release.started",
    "release.step_started",
    "release.step_failed",
    "release.recovering",
    "release.ended",
    "plan.made",
    "operation.started",
    "operation.ended",
    "step.intended",
)
"""How the kinds of lines begin that are needed."""

Kind = Literal["release", "hotfix", "swap", "rollback"]
Fate = Literal["succeeded", "nothing changed", "rolled back", "abandoned", "running"]


class Entry(Protocol):
    """A line of the journal."""

    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery, or (`rollback`) one that was asked for to undo another.

    Attributes:
        services: without regions.
        asked_at, ended_at: when it was proposed (else begun), and when it ended for good.
        changed: a write or a program of it was begun, so users may have felt it.
        troubled_at: when it first failed, went back, or needed an operator; None if it never did.
        remedy: what was done about it after it had succeeded: "hotfix ID" or "rollback ID"; "" nothing.
        remedy_asked, remedied: when that was asked for, and when it had succeeded (None: it hasn't).
        why: what went wrong, in words.
    """

    id: str
    kind: Kind
    title: str
    services: tuple[TargetId, ...]
    asked_at: float
    ended_at: float | None = None
    fate: Fate = "running"
    changed: bool = False
    troubled_at: float | None = None
    why: str = ""
    remedy: str = ""
    remedy_asked: float | None = None
    remedied: float | None = None

    @property
    def failed(self) -> bool:
        """Whether it counts as a failed change: something of it was changed, and it went back, needed an operator, or
        was put right by a hotfix or a rollback later."""
        broke = self.fate in ("rolled back", "abandoned") or self.troubled_at is not None
        return bool(self.remedy) or (self.changed and broke)

    @property
    def delivered(self) -> bool:
        """Whether it gave users a version."""
        return self.fate == "succeeded" and self.kind != "rollback"


def deliveries(entries: Iterable[Entry]) -> tuple[Delivery, ...]:
    """All deliveries and rollbacks of a journal in the order in which they were asked for.

    Raises:
        ValueError: a line isn't what its kind says.
    """
    asked: dict[str, float] = {}
    found: dict[str, Delivery] = {}
    changing: dict[str, frozenset[str]] = {}
    undoes: dict[str, str] = {}
    belongs: dict[str, str] = {}
    for entry in entries:
        body, name = entry.body, entry.operation
        match entry.kind:
            case "release.planned" | "plan.made":
                asked[name] = entry.at
            case "release.started":
                plan = from_json(ReleasePlan, body.get("plan"))
                changing[name] = frozenset(s.id for s in plan.steps if isinstance(s.work, Write | Run))
                if (begun := _released(plan, asked.get(name, entry.at))) is not None:
                    found[name] = replace(begun, id=name)
            case "operation.started":
                belongs[name] = str(body.get("release") or name)
                if not body.get("release"):
                    made = from_json(Plan, body.get("plan"))
                    undoes[name] = made.undoes
                    if (alone := _alone(made, asked.get(name, entry.at))) is not None:
                        found[name] = replace(alone, id=name)
            case _ if name in found:
                found[name] = _further(found[name], entry, changing.get(name, frozenset()))
    remedies = {belongs.get(what, what): name for name, what in undoes.items() if what}
    return tuple(_put_right(sorted(found.values(), key=lambda one: one.asked_at), remedies))


def _released(plan: ReleasePlan, at: float) -> Delivery | None:
    services = tuple(dict.fromkeys(member.target.whole for member in plan.members if member.version))
    if isinstance(plan.wish.action, Rollback):
        return Delivery(plan.id, "rollback", visible(plan.title), (plan.wish.action.target.whole,), at)
    if not services:
        return None
    return Delivery(plan.id, "hotfix" if plan.wish.hotfix else "release", visible(plan.title), services, at)


def _alone(plan: Plan, at: float) -> Delivery | None:
    match plan.action:
        case Swap(target, mode="swap" | "complete"):
            return Delivery(plan.id, "swap", visible(plan.command.removeprefix("qd ")), (target.whole,), at)
        case Rollback(target):
            return Delivery(plan.id, "rollback", visible(plan.command.removeprefix("qd ")), (target.whole,), at)
    return None


def _further(was: Delivery, entry: Entry, changing: frozenset[str]) -> Delivery:
    body = entry.body
    match entry.kind:
        case "release.step_started":
            return replace(was, changed=was.changed or str(body.get("step")) in changing)
        case "step.intended":
            return replace(was, changed=True)
        case "release.step_failed":
            return _troubled(was, entry.at, str(body.get("detail", "")))
        case "release.recovering":
            return _troubled(was, entry.at, str(body.get("why", "")))
        case "release.ended" | "operation.ended":
            return _ended(was, entry.at, body)
    return was


def _troubled(was: Delivery, at: float, why: str) -> Delivery:
    return replace(was, troubled_at=was.troubled_at or at, why=was.why or visible(why, 200))


def _ended(was: Delivery, at: float, body: Mapping[str, Any]) -> Delivery:
    ending: Ending = body["ending"]
    detail = str(body.get("detail", ""))
    if body.get("choices"):
        return replace(_troubled(was, at, detail), ended_at=None, fate="running")
    if ending == "succeeded":
        return replace(was, ended_at=at, fate="succeeded")
    if ending == "failed":  # an ending that was checked by reading back: nothing was changed
        return replace(was, ended_at=at, fate="nothing changed", changed=False, why=visible(detail, 200))
    return replace(
        _troubled(was, at, detail), ended_at=at, fate="rolled back" if ending == "rolled_back" else "abandoned"
    )


def _put_right(known: list[Delivery], remedies: Mapping[str, str]) -> Iterator[Delivery]:
    """Each delivery with what was done about it later, if anything was.

    A rollback says what it undoes. A hotfix, and a rollback that doesn't say, is about the last delivery of its service
    before it.
    """
    by_id = {one.id: one for one in known}
    plain = set(remedies.values())
    for number, one in enumerate(known):
        named = by_id.get(remedies.get(one.id, ""))
        remedy = named or _later(known, number, plain)
        if one.delivered and remedy is not None:
            done = remedy.ended_at if remedy.fate == "succeeded" else None
            told = f"{remedy.kind} {remedy.id}"
            yield replace(one, remedy=told, remedy_asked=remedy.asked_at, remedied=done, why=one.why or remedy.title)
        else:
            yield one


def _later(known: list[Delivery], number: int, plain: set[str]) -> Delivery | None:
    """The next remedy of its service before its next release; those in `plain` say themselves what they are for."""
    one = known[number]
    for place in range(number + 1, len(known)):
        other = known[place]
        if not set(other.services) & set(one.services) or one.ended_at is None or other.asked_at < one.ended_at:
            continue
        if other.kind == "hotfix" or (other.kind == "rollback" and other.id not in plain):
            return other
        if other.delivered:
            return None
    return None
