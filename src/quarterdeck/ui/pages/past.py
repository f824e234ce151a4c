"""The fleet as it was: what the journal knows of a moment, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.guards import person
from quarterdeck.release.past import NO_PREVIEW, SERVING, Difference, Fact, Subject, spoken
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, Span, Word, fit, line, width, wrap

if TYPE_CHECKING:
    from quarterdeck.store.hindsight import AsOf, Comparison

_NAMES = 14
_LEAST = 16
"""Cells of a column below which environments stand below each other."""
UNKNOWN: Span = ("? unknown", "dim")
_MOST_ENDED = 6


def title_line(then: AsOf, newest: int) -> Line:
    """What nobody must overlook: that this isn't now."""
    when = marks.date_time(then.at) if then.seq else "the beginning"
    where = f"line {then.seq} of {newest}" if then.seq else "before the first line"
    return line((f"AS IT WAS AT {when}", "attention"), (f"  {where}", "dim"))


def past_lines(then: AsOf, fleet: Fleet | None, cells: int) -> list[Line]:
    """Everything the journal knows of that moment."""
    lines: list[Line] = []
    if then.event is not None:
        event = then.event
        told = f"last: {event.kind} {clean(event.target, 60)} by {clean(person(event.actor), 30)}"
        lines += wrap(f"{told} at {marks.clock_time(event.at)}", cells, word="dim")
    told = (
        "Only what the journal knows: ? is what nobody here had read or changed by then. Nothing can be changed here."
    )
    lines += [*wrap(told, cells, word="dim"), BLANK]
    lines += _table(then, fleet, cells) if fleet is not None else []
    lines += _section("KNOWN OF SERVICES", _facts(then, cells, flags=False))
    lines += _section("FLAGS", _facts(then, cells, flags=True))
    lines += _section("RELEASES", _releases(then))
    lines += _section("OPERATIONS", _operations(then))
    lines += _section("ON GUARD", _guards(then, cells))
    return lines


def _section(title: str, found: Iterator[Line]) -> list[Line]:
    lines = list(found)
    return [BLANK, line((title, "heading")), *lines] if lines else []


# --- services by environments ---------------------------------------------------------------------------------------
def _table(then: AsOf, fleet: Fleet, cells: int) -> list[Line]:
    """What served in each place, in columns; where columns would be too narrow, a line for each place."""
    places = dict.fromkeys(place.target.whole for place in fleet.places if place.role == "slots")
    environments = [env for env in fleet.environments if any(target.environment == env.name for target in places)]
    each = (cells - _NAMES) // max(1, len(environments))
    serving = _serving(then.facts, fleet.swap_destination)
    if each < _LEAST:
        return [
            line((f"{clean(str(target), 60)}  ", "title"), *_cell(serving.get(target, ()), cells)) for target in places
        ]
    head = fit(line(("SERVICE", "heading")), _NAMES)
    for env in environments:
        head = (*head, *fit(line((env.name.upper(), "heading")), each))
    lines = [head]
    for service in dict.fromkeys(target.name for target in places):
        row = fit(line((clean(service, 60), "title")), _NAMES - 1)
        for env in environments:
            target = TargetId(env.name, service)
            cell = _cell(serving.get(target, ()), each - 1) if target in places else line(("-", "dim"))
            row = (*row, (" ", "text"), *fit(cell, each - 1))
        lines.append(row)
    return lines


def _serving(facts: Mapping[Subject, Fact], slot: str) -> Mapping[TargetId, Sequence[Fact]]:
    """What is known of what users reach, by service; each of its regions has a word. What was last read counts."""
    found: dict[TargetId, list[Fact]] = {}
    for (target, what), fact in facts.items():
        if what == f"build in {slot}":
            found.setdefault(target.whole, []).append(fact)
    for (target, what), fact in facts.items():
        if what == SERVING and fact.seen > max((one.seen for one in found.get(target, ())), default=float("-inf")):
            found[target] = [fact]
    return found


def _cell(facts: Sequence[Fact], cells: int) -> Line:
    """Mark, what served and, where there is room, when that was seen last."""
    if not facts:
        return line(UNKNOWN)
    mark, word = _of_facts(facts)
    told = line((f"{mark} ", word), "/".join(dict.fromkeys(spoken(fact) or "?" for fact in facts)))
    seen = line((f" {marks.clock_minute(max(fact.seen for fact in facts))}", "dim"))
    return (*told, *seen) if width(told) + width(seen) <= cells else told


def _of_facts(facts: Sequence[Fact]) -> Span:
    ways = {fact.how for fact in facts}
    if "lost" in ways:
        return ("▲", "attention")
    if "moving" in ways:
        return ("▸", "moving")
    return ("●", "ok") if ways == {"set"} else ("○", "text")


# --- one line each ----------------------------------------------------------------------------------------------
def _facts(then: AsOf, cells: int, *, flags: bool) -> Iterator[Line]:
    """Every fact with how it is known, by target."""
    facts = sorted((one for one in then.facts.items() if one[0][0].flag == flags), key=lambda one: one[0])
    told = [one for one in facts if one[1].value != NO_PREVIEW]
    for target, found in groupby(told, lambda one: one[0][0]):
        yield line((clean(str(target), 100), "title"))
        for (_, what), fact in found:
            mark, word = _of_facts([fact])
            first = line("  ", *fit(line(what), min(28, cells // 3)), (f" {mark} ", word))
            yield from wrap(f"{spoken(fact) or 'unknown'}  {known(fact)}", cells, first=first)


def known(fact: Fact) -> str:
    """How a fact is known: who set it when, or when it was found so."""
    at = marks.clock_time(fact.since)
    match fact.how:
        case "set":
            return f"set by {person(fact.by)} at {at}"
        case "moving":
            return f"being changed by {person(fact.by)} since {at}"
        case "lost":
            return f"changed by somebody else by {at}"
        case _:
            seen = f", last at {marks.clock_time(fact.seen)}" if fact.seen != fact.since else ""
            return f"found so at {at}{seen}"


def _releases(then: AsOf) -> Iterator[Line]:
    ended = 0
    for one in then.releases:
        if not one.open and (ended := ended + 1) > _MOST_ENDED:
            continue
        through = sum(one.standing(step.id).state in ("done", "skipped") for step in one.plan.steps)
        word = one.ending.replace("_", " ") if one.ending else "paused" if one.paused else "running"
        told = f" {one.plan.title} in {one.plan.environment}  {through}/{len(one.plan.steps)}  by {person(one.actor)}"
        began = f"since {marks.clock_minute(one.started_at)}"
        yield line(
            (f"{_MARKS.get(word, '▸')} {word:<14}", _WORDS.get(word) or "moving"),
            clean(told, 200),
            (f" {began}", "dim"),
        )


def _operations(then: AsOf) -> Iterator[Line]:
    ended = 0
    for one in then.operations:
        if not one.open and (ended := ended + 1) > _MOST_ENDED:
            continue
        state, word = marks.OPERATION[one.ending or "running"]
        when = marks.clock_minute(one.ended_at or one.started_at)
        command = one.plan.command.removeprefix("qd ")
        yield line(
            (f"{state.partition(',')[0]:<16}", word),
            clean(f" {command}  by {person(one.actor)}", 200),
            (f" {when}", "dim"),
        )


_MARKS = {"succeeded": "✓", "failed": "✗", "needs operator": "▲", "rolled back": "○", "paused": "◆"}
_WORDS: Mapping[str, Word] = {
    "succeeded": "ok",
    "failed": "danger",
    "needs operator": "danger",
    "rolled back": "attention",
    "paused": "attention",
}


def _guards(then: AsOf, cells: int) -> Iterator[Line]:
    for conn in then.guards.conns:
        told = f"of {_scope(conn.scope)} had {clean(conn.holder, 60)} since {marks.clock_minute(conn.since)}"
        yield from wrap(told, cells, first=line(("conn    ", "heading")))
    for hold in then.guards.active(then.at):
        since = marks.clock_minute(hold.since)
        told = f"{_scope(hold.scope)} by {clean(hold.by, 60)} since {since}: {clean(hold.reason, 200)}"
        yield from wrap(told, cells, first=line((f"{hold.kind:<8}", "danger")))
    for debt in then.guards.owed:
        yield from wrap(
            f"{clean(str(debt.target), 60)}: {clean(debt.text, 200)}", cells, first=line(("debt    ", "attention"))
        )


def _scope(of: str) -> str:
    return "everything" if of == "*" else clean(of, 60)


# --- two moments ------------------------------------------------------------------------------------------------
def compared_title(compared: Comparison) -> Line:
    """From when to when."""
    before, after = compared.before, compared.after
    start = marks.date_time(before.at) if before.seq else "the beginning"
    return line((f"FROM {start} TO {marks.date_time(after.at)}", "attention"))


def compared_lines(compared: Comparison, cells: int) -> list[Line]:
    """What differs, by where; by whom and when, as far as the journal knows."""
    lines: list[Line] = []
    if not compared.whole:
        lines += wrap("So much began and ended between that only the first of it is told.", cells, word="attention")
    if not compared.found:
        return [*lines, line(("nothing that the journal knows of differs", "ok"))]
    for where, found in groupby(compared.found, lambda one: one.where):
        lines.append(line((clean(where, 100), "title")))
        for one in found:
            lines += _difference(one, cells)
    return lines


def _difference(one: Difference, cells: int) -> list[Line]:
    before, after = (clean(text, 200) or "unknown" for text in (one.before, one.after))
    told = after if not one.before and one.what.partition(" ")[0] in _BEGINNING else f"{before} -> {after}"
    who = f"by {clean(person(one.by), 40)} " if one.by else ""
    when = f"at {marks.clock_time(one.at)}" if one.at else ""
    if not one.by and one.what.partition(" ")[0] in ("build", "serving", "share", "weight", "flag", "preview"):
        when = f"found so {when}" if when else ""
    return wrap(f"{clean(one.what, 200)}: {told}  {who}{when}".rstrip(), cells, first=line("  "))


_BEGINNING = ("release", "operation", "freeze", "lock", "stop", "hotfix", "automation", "debt")
"""Things that weren't there before, rather than unknown."""
