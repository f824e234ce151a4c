"""Deals with requests that change what stands guard: the conn, freezes, locks, the line, holds, debts."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.clearance import spoken, typed
from quarterdeck.release.freshness import moment
from quarterdeck.release.guards import Conn, Hold, HoldKind, person
from quarterdeck.release.plan import Refusal, RefusalCode
from quarterdeck.release.policy import refuse_late, refuse_writing
from quarterdeck.runner.journal import Journal
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, Request, Store

LONGEST_HOLD = 366 * 86_400.0
"""Seconds; a later end is surely a slip of the keyboard."""

_PLACED: Mapping[str, tuple[HoldKind, str]] = {
    "freeze": ("freeze", "{scope} is frozen"),
    "lock": ("lock", "{scope} is locked: only you release there"),
    "stop": ("stop", "the line of {scope} is stopped: nothing begins, running releases pause before their next step"),
    "hold": ("automation", "releases of {scope} are held"),
}


class No(Exception):
    """A deed isn't done.

    Attributes:
        refusal: why.
    """

    def __init__(self, message: str, hint: str = "", code: RefusalCode = "usage") -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message, hint)


class Warden:
    """Changes what stands guard. Each deed and its answer are one record: nothing is half done, nothing done twice."""

    def __init__(self, fleet: Fleet, store: Store, journal: Journal, clock: Clock) -> None:
        self._fleet = fleet
        self._store = store
        self._journal = journal
        self._clock = clock

    def deal(self, request: Request) -> Refusal | None:
        """Do what a guard request asks for and answer it, or say why not; a refusal is left to the caller to record.

        Raises:
            LeaseLost, StoreError: nothing was written.
        """
        if refusal := refuse_writing(request.read_only) or refuse_late(request.at, self._clock.now()):
            return refusal
        deeds: Mapping[str, Callable[[Request], tuple[Sequence[Draft], str]]] = {
            "take": self._take,
            "offer": self._offer,
            "give": self._give,
            "freeze": self._place,
            "lock": self._place,
            "stop": self._place,
            "hold": self._place,
            "lift": self._lift,
            "pay": self._pay,
        }
        deed = str(request.body.get("deed", ""))
        if deed not in deeds:
            return Refusal("usage", f"there is no deed {clean(deed)!r}", f"there are: {', '.join(deeds)}")
        try:
            drafts, said = deeds[deed](request)
        except No as no:
            return no.refusal
        self._journal.write(drafts, answer=Answer(request.id, self._clock.now(), said=said))
        return None

    # --- the conn ----------------------------------------------------------------------------------------------------
    def _take(self, request: Request) -> tuple[Sequence[Draft], str]:
        """Taking a scope takes all that lies in it; what lies around it stays with whoever has it."""
        scope, me = self._scope(request), person(request.actor)
        conns = self._store.guards().conns
        inside = [conn for conn in conns if _within(conn.scope, scope)]
        around = [conn for conn in conns if conn.scope != scope and _within(scope, conn.scope)]
        had = inside or sorted(around, key=lambda conn: -len(conn.scope))[:1]
        mine = next((conn for conn in had if person(conn.holder) == me and _within(scope, conn.scope)), None)
        if mine and all(person(conn.holder) == me for conn in inside):
            return (), f"you have had the conn of {spoken(mine.scope)} since {moment(mine.since)}"
        others = [conn for conn in had if person(conn.holder) != me]
        unasked = [conn for conn in others if not conn.offered_to or person(conn.offered_to) != me]
        reason = clean(request.reason, 500)
        if unasked and not reason:
            text = "; ".join(f"{c.holder} has the conn of {spoken(c.scope)} since {moment(c.since)}" for c in unasked)
            raise No(text, f"to take it from them: qd conn take {typed(scope)} --reason TEXT", "policy")
        before = ", ".join(dict.fromkeys(conn.holder for conn in others))
        given = [_draft(request, "conn.given", c.scope, {"scope": c.scope}) for c in inside if c.scope != scope]
        taken = _draft(request, "conn.taken", scope, {"scope": scope, "reason": reason, "from": before})
        return (*given, taken), f"you have the conn of {spoken(scope)}" + (f", taken from {before}" if before else "")

    def _offer(self, request: Request) -> tuple[Sequence[Draft], str]:
        scope, to = self._scope(request), clean(str(request.body.get("to") or ""), 100)
        if not to:
            raise No("the conn is offered to nobody", f"name somebody: qd conn offer {typed(scope)} --to WHO")
        conn = self._own_conn(request, scope)
        if person(to) == person(conn.holder):
            raise No(f"{conn.holder} has it already", "offer it to somebody else")
        said = f"{to} may take the conn of {spoken(scope)}; until then it is yours"
        return (_draft(request, "conn.offered", scope, {"scope": scope, "to": to}),), said

    def _give(self, request: Request) -> tuple[Sequence[Draft], str]:
        scope = self._scope(request)
        self._own_conn(request, scope)
        return (_draft(request, "conn.given", scope, {"scope": scope}),), f"nobody has the conn of {spoken(scope)} now"

    def _own_conn(self, request: Request, scope: str) -> Conn:
        conns = self._store.guards().conns
        conn = next((one for one in conns if one.scope == scope), None)
        if conn is None:
            held = ", ".join(f"{spoken(one.scope)} ({one.holder})" for one in conns) or "nowhere"
            raise No(f"nobody has the conn of {spoken(scope)}", f"it is held: {held}")
        if person(conn.holder) != person(request.actor):
            hint = f"take it first: qd conn take {typed(scope)} --reason TEXT"
            raise No(f"{conn.holder} has the conn of {spoken(scope)}, not you", hint, "policy")
        return conn

    # --- holds -------------------------------------------------------------------------------------------------------
    def _place(self, request: Request) -> tuple[Sequence[Draft], str]:
        """A hold of the same kind on the same scope is changed, not doubled: a freeze in force can be edited."""
        deed = str(request.body["deed"])
        kind, text = _PLACED[deed]
        scope, until, reason = self._scope(request), self._until(request), clean(request.reason, 500)
        if not reason:
            raise No(f"no reason given for the {deed}", "say why, for whoever meets it: --reason TEXT")
        if kind == "automation" and until is None:
            raise No("a hold of automation must end by itself", "say when: --for 2h or --until TIME")
        now, guards = self._clock.now(), self._store.guards()
        same = next(
            (one for one in guards.active(now) if (one.kind, one.scope, one.release) == (kind, scope, "")), None
        )
        if same and kind == "lock" and person(same.by) != person(request.actor):
            text = f"{spoken(scope)} is locked by {same.by} since {moment(same.since)}: {same.reason}"
            raise No(text, f"ask them, or lift it: qd unlock {same.id} --reason TEXT", "policy")
        known = {one.id for one in guards.holds}
        hold = Hold(
            id=same.id if same else _short_id(request.id, known),
            kind=kind,
            scope=scope,
            by=request.actor,
            reason=reason,
            since=same.since if same else now,
            until=until,
        )
        ends = "until it is lifted" if until is None else f"until {moment(until)}"
        said = f"{text.format(scope=spoken(scope))}, {ends} ({hold.id}{', changed' if same else ''})"
        return (_draft(request, "hold.placed", scope, {"hold": to_json(hold)}),), said

    def _lift(self, request: Request) -> tuple[Sequence[Draft], str]:
        held, wanted = self._store.guards().holds, str(request.body.get("id") or "")
        hold = next((one for one in held if one.id == wanted), None)
        if hold is None:
            known = ", ".join(f"{one.id} ({one.kind} of {spoken(one.scope)})" for one in held) or "none"
            raise No(f"there is no hold {clean(wanted)!r}", f"there are: {known}")
        reason = clean(request.reason, 500)
        if not reason and (hold.release or person(hold.by) != person(request.actor)):
            text = f"{hold.by} placed it {moment(hold.since)}: {hold.reason}"
            raise No(text, "to lift what somebody else has placed give a reason: --reason TEXT", "policy")
        body = {"id": hold.id, "reason": reason}
        return (
            _draft(request, "hold.lifted", hold.scope, body),
        ), f"the {_word(hold.kind)} of {spoken(hold.scope)} is lifted"

    def _until(self, request: Request) -> float | None:
        until, now = request.body.get("until"), self._clock.now()
        if until is None:
            return None
        if isinstance(until, bool) or not isinstance(until, int | float) or not math.isfinite(until) or until < 0:
            raise No(f"{clean(str(until))!r} is not a time", "a time is a number of seconds since 1970")
        if until <= now:
            raise No(f"{moment(until)} is in the past", "name a time to come")
        if until > now + LONGEST_HOLD:
            raise No("that is more than a year away", "leave the end out to hold until it is lifted")
        return float(until)

    # --- debts -------------------------------------------------------------------------------------------------------
    def _pay(self, request: Request) -> tuple[Sequence[Draft], str]:
        debts, wanted = self._store.guards().debts, str(request.body.get("id") or "")
        debt = next((one for one in debts if one.id == wanted), None)
        if debt is None:
            known = ", ".join(one.id for one in debts if one.paid_at is None) or "none"
            raise No(f"there is no debt {clean(wanted)!r}", f"there are: {known}")
        if debt.paid_at is not None:
            return (), f"{debt.paid_by} paid it {moment(debt.paid_at)}: {debt.evidence}"
        evidence = clean(request.reason, 500)
        if not evidence:
            hint = f"qd hotfix pay {debt.id} --evidence TEXT"
            raise No(f"no evidence that this is done: {debt.text}", f"say where it can be seen: {hint}")
        body = {"id": debt.id, "evidence": evidence}
        draft = Draft("debt.paid", request.actor, debt.release, str(debt.target), body)
        return (draft,), f"paid: {debt.text}"

    def _scope(self, request: Request) -> str:
        """The scope that is meant. Raises No for one that this fleet doesn't have."""
        scope = str(request.body.get("scope") or "")
        environments = [environment.name for environment in self._fleet.environments]
        if scope == "*" or scope in environments:
            return scope
        hint = f"a scope is all, an environment ({', '.join(environments)}), or ENV/SERVICE"
        try:
            target = TargetId.parse(scope)
        except ValueError:
            raise No(f"there is no {clean(scope)!r} in {self._fleet.name}", hint) from None
        if target.flag:
            raise No(f"a flag can't be held alone: {target}", f"its environment can: {target.environment}")
        if target.region:
            raise No(f"a region can't be held alone: {target}", f"its service can: {target.whole}")
        services = dict.fromkeys(
            str(place.target.whole) for place in self._fleet.places if place.role not in ("flags", "pipelines")
        )
        if scope not in services:
            raise No(f"the configuration knows no {target}", f"there are: {', '.join(services)}")
        return scope


def _word(kind: HoldKind) -> str:
    return {"stop": "stop of the line", "hotfix": "hotfix's hold", "automation": "hold"}.get(kind, kind)


def _within(inner: str, outer: str) -> bool:
    """Whether all that one scope holds for, another holds for too."""
    return outer == "*" or inner == outer or inner.startswith(f"{outer}/")


def _draft(request: Request, kind: str, scope: str, body: Mapping[str, Any]) -> Draft:
    return Draft(kind, request.actor, "", "" if scope == "*" else scope, body)


def _short_id(request: str, known: set[str]) -> str:
    """Short enough to type, the same whenever the same request is dealt with, and nobody else's."""
    digest = hashlib.sha256(request.encode()).hexdigest()
    return next(digest[:length] for length in range(5, len(digest)) if digest[:length] not in known)
