"""What stands guard at the moment: who has the conn, what is frozen, locked or held, what is owed. Folded from events.

A scope is `*` (everything), an environment, or `ENV/SERVICE`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, replace

HoldKind = Literal["freeze", "lock", "stop", "hotfix", "automation"]
"""freeze: nobody releases there. lock: only whoever placed it does. stop: the line is stopped, whatever runs pauses
too. hotfix: the regular train waits for a hotfix. automation: what could undo a rollback has been held."""

GuardEventKind = Literal[
    "conn.taken",
    "conn.offered",
    "conn.given",
    "hold.placed",
    "hold.lifted",
    "debt.owed",
    "debt.paid",
    "guard.overridden",
]
"""The body of each event (`actor` and time are the event's own):

- conn.taken: {"scope", "reason", "from"} (from: who had it, "" nobody). conn.offered: {"scope", "to"}.
  conn.given: {"scope"} (nobody has it any more).
- hold.placed: {"hold": Hold as JSON}. hold.lifted: {"id", "reason"}.
- debt.owed: {"debt": Debt as JSON}. debt.paid: {"id", "evidence"}.
- guard.overridden: {"what", "reason", "about"} (what: the sentence that was overridden; about: release or plan id).
"""


@dataclass(frozen=True, slots=True)
class Conn:
    """Who is in control of a scope; everybody else watches. `offered_to` may take it without a reason."""

    scope: str
    holder: str
    since: float
    reason: str = ""
    offered_to: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that stops releases. `until` None: until it is lifted. `release`: whose hold it is, "" a person's."""

    id: str
    kind: HoldKind
    scope: str
    by: str
    reason: str
    since: float
    until: float | None = None
    release: str = ""


DebtKind = Literal["merge_back", "skipped_gate", "skipped_approval", "skipped_bake", "skipped_environment"]


@dataclass(frozen=True, slots=True)
class Debt:
    """What a hotfix left to be done. It stays until it is paid."""

    id: str
    kind: DebtKind
    target: TargetId
    text: str
    release: str
    by: str
    since: float
    paid_at: float | None = None
    paid_by: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """A rule that somebody set aside, and why. Kept for ever."""

    at: float
    by: str
    what: str
    reason: str
    about: str


@dataclass(frozen=True, slots=True)
class Guards:
    """All of it. Holds that have run out stay here until lifted; ask `active`."""

    conns: tuple[Conn, ...] = ()
    holds: tuple[Hold, ...] = ()
    debts: tuple[Debt, ...] = ()
    overrides: tuple[Override, ...] = ()

    def active(self, now: float) -> tuple[Hold, ...]:
        """The holds that are in force."""
        return tuple(hold for hold in self.holds if hold.until is None or now < hold.until)

    @property
    def owed(self) -> tuple[Debt, ...]:
        """The debts that aren't paid."""
        return tuple(debt for debt in self.debts if debt.paid_at is None)


def person(actor: str) -> str:
    """Who an actor is, wherever they sit: `ana@jump-1` and `Ana@jump-2` are one person."""
    return actor.partition("@")[0].strip().casefold()


MOST_OVERRIDES = 200
"""As many are shown; the journal has all."""


def covers(scope: str, target: TargetId) -> bool:
    """Whether a scope holds for a target. A flag belongs to its environment only."""
    if scope in ("*", target.environment):
        return True
    return not target.flag and scope == f"{target.environment}/{target.name}"


def advance(guards: Guards, kind: str, actor: str, body: Mapping[str, Any], at: float) -> Guards:
    """The guards after one more event. Events of other kinds change nothing.

    Raises:
        ValueError: the body isn't what `GuardEventKind` says.
    """
    match kind:
        case "conn.taken":
            others = tuple(conn for conn in guards.conns if conn.scope != body["scope"])
            taken = Conn(str(body["scope"]), actor, at, str(body.get("reason", "")))
            return replace(guards, conns=(*others, taken))
        case "conn.offered":
            to = str(body["to"])
            offered = (replace(c, offered_to=to) if c.scope == body["scope"] else c for c in guards.conns)
            return replace(guards, conns=tuple(offered))
        case "conn.given":
            return replace(guards, conns=tuple(conn for conn in guards.conns if conn.scope != body["scope"]))
        case "hold.placed":
            hold = from_json(Hold, body["hold"])
            return replace(guards, holds=(*(one for one in guards.holds if one.id != hold.id), hold))
        case "hold.lifted":
            return replace(guards, holds=tuple(hold for hold in guards.holds if hold.id != body["id"]))
        case "debt.owed":
            debt = from_json(Debt, body["debt"])
            return replace(guards, debts=(*(one for one in guards.debts if one.id != debt.id), debt))
        case "debt.paid":
            evidence = str(body.get("evidence", ""))
            paid = (
                replace(debt, paid_at=at, paid_by=actor, evidence=evidence) if debt.id == body["id"] else debt
                for debt in guards.debts
            )
            return replace(guards, debts=tuple(paid))
        case "guard.overridden":
            noted = Override(at, actor, str(body["what"]), str(body["reason"]), str(body.get("about", "")))
            return replace(guards, overrides=(*guards.overrides, noted)[-MOST_OVERRIDES:])
    return guards
