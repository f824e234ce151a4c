"""A release as text for a terminal of 80 columns: where it stands, each step, what was measured, what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from quarterdeck.cli.passages import fuse_lines, section, wrapped
from quarterdeck.cli.proposal_text import member_words
from quarterdeck.cli.release_views import next_words
from quarterdeck.cli.times import clock
from quarterdeck.release.inbox import evidence
from quarterdeck.release.release_view import AskedView, ReleaseView, StepView


def release_line(view: ReleaseView) -> list[str]:
    """One release in a line or two: id, what, state, what it waits for."""
    ended = "" if view.open else f", {_ago(view.age)}"
    kind = "hotfix " if view.hotfix else ""
    head = f"{view.id}  {kind}{view.title}  {view.environment}  {view.state} {view.progress}{ended}  {view.actor}"
    return [*wrapped(head, ""), *wrapped(view.waits, "    ")]


def release_lines(view: ReleaseView) -> Iterator[str]:
    """The release, line by line."""
    yield from _field("release", f"{view.id}  {'hotfix ' if view.hotfix else ''}{view.title}  {view.environment}")
    yield from _field("command", view.command)
    yield from _field("asked by", view.actor + (f": {view.reason}" if view.reason else ""))
    yield from _field("started", clock(view.started_at) + f"  ({view.lasted} ago)" * view.open)
    if view.ended_at is not None:
        yield from _field("stopped" if view.open else "ended", f"{clock(view.ended_at)}  after {view.lasted}")
    yield from _field("state", view.state + (f": {view.waits}" if view.waits else ""))
    if view.exposed is not None:
        most = f" (at most {view.most_exposed:.4g}%)" if view.most_exposed else ""
        yield from _field("exposed", f"{view.exposed:.4g}% of new clients on the unfinished version{most}")
    if view.ref:
        yield from _field("fixes", view.ref)
    yield from section("what", (line for one in view.members for line in wrapped(member_words(one), "  ")))
    yield from section("steps", (line for step in view.steps for line in _step(view, step)))
    measured = (line for one in view.background for line in wrapped(evidence(one), "  ", limit=500))
    yield from section("all the way", measured)
    if view.recovery is not None:
        one = view.recovery
        text = f"{one.done} of {len(one.steps)} taken back, in this order: {', '.join(one.steps)}; {one.why}"
        yield from section("recovery", wrapped(f"{text} ({one.by}, {_ago(one.age)})", "  ", limit=600))
    yield from section("left out", _each(view.skipped))
    yield from section("kept", _each(view.kept))
    yield from section("set aside", _each(view.overrides))
    notes = (
        f"{one.severity if one.severity != 'info' else 'note'}: {one.text} ({_ago(one.age)})" for one in view.notes
    )
    yield from section("notes", _each(notes))
    if view.open:
        yield from section("way back", fuse_lines(view.fuse))
        yield from section("next", _each(filter(None, (next_words(view),))))


def watch_lines(view: ReleaseView) -> Iterator[str]:
    """What changes while somebody watches, short enough for a small terminal: where it stands, each step in a line,
    what is being measured, what it waits to be told."""
    yield from release_line(view)
    if view.exposed is not None:
        yield f"    exposed: {view.exposed:.4g}% of new clients (at most {view.most_exposed:.4g}%)"
    for step in view.steps:
        yield from wrapped(_step_words(view, step), _mark(step), hang=0)
        if step.current:
            yield from _measured(step)
            if step.asked is not None:
                yield from asked_lines(step.asked, "        ")
    for one in view.background:
        yield from wrapped(evidence(one), "  * ", limit=500)
    if view.waits_for_people:
        yield from wrapped(next_words(view), "")


def _field(name: str, text: str) -> Iterator[str]:
    yield from wrapped(text, f"{name:<10} ", hang=0, limit=700)


def _step(view: ReleaseView, step: StepView) -> Iterator[str]:
    yield from wrapped(_step_words(view, step), _mark(step), hang=0)
    if step.detail and step.detail != step.summary:
        yield from wrapped(step.detail, "        ", limit=400)
    if step.operation:
        undone = f"; taken back by {step.undo}" if step.undo else ""
        yield from wrapped(f"operation {step.operation}{undone}", "        ")
    if step.state != "waiting":
        yield from _measured(step)
    if step.asked is not None and (step.state in ("running", "failed", "done") or view.open):
        yield from asked_lines(step.asked, "        ")


def _mark(step: StepView) -> str:
    return f"{'>' if step.current else ' '} {step.id:>2}. "


def _step_words(view: ReleaseView, step: StepView) -> str:
    where = f"{step.target.name}: " if len(view.members) > 1 else ""
    after = f" (after {step.after})" if step.after else ""
    clocked = f"  {step.clock}" if step.clock else ""
    state = "not run" if step.state == "waiting" and not view.open else step.state
    return f"[{state}] {where}{step.summary}{after}{clocked}"


def _measured(step: StepView) -> Iterator[str]:
    for one in step.measures:
        yield from wrapped(evidence(one) + (f"; next in {one.next_in}" if one.next_in else ""), "        ", limit=500)


def asked_lines(asked: AskedView, indent: str) -> Iterator[str]:
    """Who may approve, who did, what is missing."""
    missing = f", {asked.missing} missing" if asked.missing and asked.state == "waiting" else ""
    expires = f"; expires in {asked.expires}" if asked.expires else ""
    yield from wrapped(f"{asked.required} of: {asked.who}{missing}{expires}", indent, limit=500)
    for word in asked.words:
        said = "approved" if word.verdict == "approve" else "REJECTED"
        later = f", counts in {word.later}" if word.later else ""
        yield from wrapped(f"{said} by {word.by} {_ago(word.age)}{later}: {word.reason or 'no reason given'}", indent)
    if asked.note:
        yield from wrapped(asked.note, indent)


def _each(sentences: Iterable[str]) -> Iterator[str]:
    for sentence in sentences:
        yield from wrapped(sentence, "  ", limit=600)


def _ago(age: str) -> str:
    return "just now" if age == "now" else f"{age} ago"
