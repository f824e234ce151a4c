"""`qd history --at` and `--compare`: the fleet as the journal knew it at a moment, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quarterdeck.cli import output
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.times import clock
from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.text import clean
from quarterdeck.release.past import Difference, Fact, Subject, spoken
from quarterdeck.store.base import Store
from quarterdeck.store.hindsight import AsOf, Hindsight


def show(store: Store, moment: float, invocation: Invocation) -> ExitCode:
    """Print everything the journal knows of a moment."""
    then = _as_of(Hindsight(store), moment)
    if invocation.json:
        output.document("past", _document(then))
    else:
        for line in _lines(then):
            output.data(line)
    return ExitCode.DONE


def compare(store: Store, moments: Sequence[float], invocation: Invocation) -> ExitCode:
    """Print what isn't the same at two moments; the earlier one counts as before."""
    look = Hindsight(store)
    before, after = (_as_of(look, moment) for moment in sorted(moments))
    compared = look.compare(before, after)
    if invocation.json:
        found = [_difference(one) for one in compared.found]
        sides = {"before": _where(before), "after": _where(after)}
        output.document("comparison", {**sides, "differences": found, "whole": compared.whole})
        return ExitCode.DONE
    output.data(f"from {clock(before.at)} (line {before.seq}) to {clock(after.at)} (line {after.seq})")
    for one in compared.found:
        who = f"  by {clean(one.by)}" if one.by else ""
        when = f"  {clock(one.at)}" if one.at else ""
        told = f"{clean(one.before) or 'unknown'} -> {clean(one.after) or 'unknown'}"
        output.data(f"{clean(one.where)}  {clean(one.what)}: {told}{who}{when}")
    if not compared.found:
        output.data("nothing that the journal knows of differs")
    if not compared.whole:
        output.complain("so much began and ended between that only the first of it is told")
    return ExitCode.DONE


def _as_of(look: Hindsight, moment: float) -> AsOf:
    return look.at(look.line_at(moment), moment)


def _where(then: AsOf) -> Mapping[str, Any]:
    return {"at": then.at, "seq": then.seq}


def _lines(then: AsOf) -> Iterator[str]:
    yield f"as it was at {clock(then.at)}, after line {then.seq} of the journal; what isn't listed is unknown"
    for (target, what), fact in sorted(then.facts.items(), key=lambda one: one[0]):
        yield f"{clean(str(target))}  {what}: {spoken(fact) or 'unknown'}  ({_how(fact)})"
    for release in then.releases:
        state = (release.ending or ("paused" if release.paused else "running")).replace("_", " ")
        yield f"release {release.id}  {clean(release.plan.title)} in {release.plan.environment}: {state}"
    for operation in then.operations:
        state = (operation.ending or "running").replace("_", " ")
        yield f"operation {operation.id}  {clean(operation.plan.command)}: {state}  by {clean(operation.actor)}"
    for conn in then.guards.conns:
        yield f"conn  {conn.scope}: {clean(conn.holder)} since {clock(conn.since)}"
    for hold in then.guards.active(then.at):
        yield f"{hold.kind}  {hold.scope}: by {clean(hold.by)} since {clock(hold.since)}: {clean(hold.reason)}"
    for debt in then.guards.owed:
        yield f"debt  {clean(str(debt.target))}: {clean(debt.text)}"


def _how(fact: Fact) -> str:
    match fact.how:
        case "set":
            return f"set by {clean(fact.by)} at {clock(fact.since)}"
        case "moving":
            return f"being changed by {clean(fact.by)} since {clock(fact.since)}"
        case "lost":
            return f"changed by somebody else by {clock(fact.since)}"
        case _:
            return f"found so at {clock(fact.seen)}"


def _document(then: AsOf) -> Mapping[str, Any]:
    return {
        **_where(then),
        "facts": [_fact(subject, fact) for subject, fact in sorted(then.facts.items(), key=lambda one: one[0])],
        "releases": [
            {"id": one.id, "title": one.plan.title, "environment": one.plan.environment, "ending": one.ending}
            for one in then.releases
        ],
        "operations": [
            {"id": one.id, "command": one.plan.command, "actor": one.actor, "ending": one.ending}
            for one in then.operations
        ],
        "conns": to_json(then.guards.conns),
        "holds": to_json(then.guards.active(then.at)),
        "debts": to_json(then.guards.owed),
    }


def _fact(subject: Subject, fact: Fact) -> Mapping[str, Any]:
    target, what = subject
    return {
        "target": str(target), "what": what, "value": fact.value or None, "towards": fact.towards or None,
        "how": fact.how, "since": fact.since, "seen": fact.seen, "by": fact.by or None,
        "operation": fact.operation or None,
    }  # fmt: skip


def _difference(one: Difference) -> Mapping[str, Any]:
    return {
        "where": one.where, "what": one.what, "before": one.before or None, "after": one.after or None,
        "by": one.by or None, "at": one.at or None,
    }  # fmt: skip
