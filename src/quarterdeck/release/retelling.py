"""A release told from its journal, line by line: what was asked, done, measured, said, taken back, and how it ended.

Nothing here knows more than the lines do. The release itself is folded by `rollout.begin` and `rollout.advance`, the
same that decide what it does next, so a report can't differ from what was done. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.redaction import visible
from quarterdeck.records import dataclass, field
from quarterdeck.release import rollout
from quarterdeck.release.approval import ApprovalRule, Decision
from quarterdeck.release.gate import GateSpec, Sample
from quarterdeck.release.paint_steps import kind_of, scale_of
from quarterdeck.release.plan import Fuse
from quarterdeck.release.release_plan import Ask, ReleasePlan
from quarterdeck.release.report import (
    ApprovalTold,
    Asked,
    Evidence,
    GateTold,
    LeftOut,
    LineTold,
    Moved,
    Planned,
    Report,
    SampleTold,
    StepTold,
    Warned,
    WordTold,
)
from quarterdeck.release.report_course import Course, while_running
from quarterdeck.release.report_people import People
from quarterdeck.release.report_steps import Attempts
from quarterdeck.release.rollout import BACKGROUND, Release
from quarterdeck.release.rule_text import approval_words, gate_words
from quarterdeck.release.telling import told

_QUIET = ("release.sampled", "step.progress")
"""Kinds of lines that are told elsewhere, or say nothing that lasts."""


class Entry(Protocol):
    """A line of the journal, as the store hands it out."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def actor(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


def operations_of(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Ids of the operations that a release's own lines name, in their order."""
    named = (str(one.body.get("operation") or "") for one in entries if one.kind.startswith("release.step_"))
    return tuple(dict.fromkeys(filter(None, named)))


def retell(
    entries: Sequence[Entry],
    around: Sequence[Entry],
    fleet: str,
    now: float,
    evidence: Evidence,
) -> Report:
    """The report of a release.

    Args:
        entries: all lines of the release and of its operations, in order.
        around: the lines of the journal about who guards what (`conn.`, `hold.`), up to its end.
        now: until when a release that still runs is told.

    Raises:
        ValueError: the lines don't hold a release that began.
    """
    story = _Story(now)
    for entry in entries:
        story.read(entry)
    release = story.release
    if release is None:
        raise ValueError("the journal has no beginning of this release")
    plan = release.plan
    until = release.ended_at if release.ended_at is not None and not release.open else now
    course = story.course.closed(until)
    return Report(
        fleet=visible(fleet),
        made_at=now,
        id=release.id,
        title=visible(plan.title),
        environment=visible(plan.environment),
        hotfix=plan.wish.hotfix,
        fix=visible(plan.hotfix.ref) if plan.hotfix else "",
        open=release.open,
        ending=release.ending,
        standing=_standing(release),
        started_at=release.started_at,
        ended_at=release.ended_at,
        asked=story.asked,
        moved=tuple(
            Moved(*map(visible, (one.target, one.previous, one.version, one.strategy))) for one in plan.members
        ),
        plan=_planned(plan),
        steps=tuple(_step(plan, number, story.attempts, release) for number in range(len(plan.steps))),
        gates=tuple(story.gates(plan)),
        approvals=tuple(_approval(release, step.id, step.work.rule, story) for step in plan.steps
                        if isinstance(step.work, Ask)),
        orders=tuple(story.people.orders),
        overrides=tuple(story.people.overrides),
        left_out=_left_out(plan),
        kept=tuple(map(visible, plan.hotfix.kept if plan.hotfix else ())),
        shares=course.shares,
        alarms=tuple(story.people.alarms),
        notes=tuple(story.people.notes),
        guards=tuple(story.people.guards(around, release, until)),
        ways_back=tuple(story.people.ways_back),
        endings=tuple(story.people.endings),
        debts=tuple(story.people.debts.values()),
        durations=course.durations(story.asked.at, release),
        stretches=course.stretches,
        lines=tuple(story.lines),
        evidence=evidence,
    )  # fmt: skip


@dataclass(slots=True)
class _Story:
    """What the lines so far have told."""

    now: float
    release: Release | None = None
    proposed_at: float | None = None
    via: str = ""
    asked: Asked = Asked("", 0, "", "", "", ())
    attempts: Attempts = field(default_factory=Attempts)
    people: People = field(default_factory=People)
    course: Course = field(default_factory=Course)
    samples: dict[tuple[str, str], list[SampleTold]] = field(default_factory=dict)
    decisions: dict[str, list[Decision]] = field(default_factory=dict)
    lines: list[LineTold] = field(default_factory=list)

    def read(self, entry: Entry) -> None:
        if entry.kind == "release.planned":
            self.proposed_at, self.via = entry.at, str(entry.body.get("via", ""))
        elif entry.kind == "release.started":
            self._begin(entry)
        elif self.release is not None and entry.kind.startswith("release."):
            self._advance(self.release, entry)
        self.people.read(entry, self.release)
        if entry.kind not in _QUIET:
            self._note(entry)

    def _begin(self, entry: Entry) -> None:
        release = self.release = rollout.begin(entry.operation, entry.actor, entry.body, entry.at)
        identities = entry.body.get("identities") or {}
        at = entry.at if self.proposed_at is None else self.proposed_at
        self.asked = Asked(
            visible(release.actor),
            at,
            visible(release.reason),
            visible(self.via),
            visible(release.plan.command, 2000),
            tuple(visible(f"{connection}: {who}") for connection, who in identities.items()),
        )
        self.course.read(release, entry.at)

    def _advance(self, was: Release, entry: Entry) -> None:
        release = self.release = rollout.advance(was, entry.kind, entry.actor, entry.body, entry.at)
        if entry.kind == "release.sampled":
            self._sampled(str(entry.body["step"]), from_json(Sample, entry.body["sample"]))
        elif entry.kind == "release.decided":
            decision = from_json(Decision, entry.body["decision"])
            self.decisions.setdefault(str(entry.body["step"]), []).append(decision)
        else:
            self.attempts.read(entry.kind, entry.body, entry.at)
        self.course.read(release, entry.at)

    def _sampled(self, step: str, sample: Sample) -> None:
        for one in sample.measurements:
            told = SampleTold(sample.at, one.verdict, one.value, visible(one.detail, 300))
            before = self.samples.setdefault((step, one.gate), [])
            if one.verdict != "pass" and not one.shadow and (not before or before[-1].verdict != one.verdict):
                self.people.alarm(sample.at, step, visible(one.gate), told)
            before.append(told)

    def _note(self, entry: Entry) -> None:
        names = {step.id: step.summary for step in self.release.plan.steps} if self.release else {}
        about = names if entry.kind.startswith("release.") else {}
        text = visible(told(entry.kind, entry.body, about))
        self.lines.append(
            LineTold(entry.seq, entry.at, entry.kind, visible(entry.actor), visible(entry.operation), text)
        )

    def gates(self, plan: ReleasePlan) -> Iterator[GateTold]:
        """In the order of the plan, what was asked all the time first; and what was asked beside it."""
        asked = [(BACKGROUND, name) for name in plan.background]
        asked += [(step.id, name) for step in plan.steps for name in getattr(step.work, "gates", ())]
        for step, name in dict.fromkeys((*asked, *self.samples)):
            spec = plan.gate(name) or GateSpec(name, "metric")
            wanted = spec.success or (f"not {spec.failure}" if spec.failure else "")
            yield GateTold(
                step,
                visible(name),
                visible(wanted),
                visible(gate_words(spec)),
                spec.shadow,
                scale_of(spec.success),
                tuple(self.samples.get((step, name), ())),
            )


def _left_out(plan: ReleasePlan) -> tuple[LeftOut, ...]:
    skipped = plan.hotfix.skipped if plan.hotfix else ()
    return tuple(LeftOut(visible(one.sentence), tuple(map(visible, one.authority))) for one in skipped)


def _planned(plan: ReleasePlan) -> Planned:
    fuse: Fuse = plan.fuse
    return Planned(
        risks=tuple(Warned(one.severity, visible(one.text), visible(one.remedy)) for one in plan.risks),
        who_feels_it=visible(plan.who_feels_it),
        way_back=visible(fuse.how if fuse.possible else f"none: {fuse.how}"),
        lost=visible(fuse.lost),
        until=visible(fuse.until),
        most_exposed=plan.exposure,
        on_failure=plan.on_failure,
        confirm_within=plan.confirm_within,
        supersedes=tuple(map(visible, plan.supersedes)),
    )


def _step(plan: ReleasePlan, number: int, attempts: Attempts, release: Release) -> StepTold:
    step = plan.steps[number]
    before = (plan.steps[number - 1].id,) if number else ()
    return StepTold(
        step.id,
        visible(step.target),
        kind_of(step),
        while_running(step),
        visible(step.summary),
        visible(step.ring),
        () if step.needs == before else step.needs,
        step.exposure,
        attempts.of(step.id, None if release.open else release.ended_at),
    )


def _approval(release: Release, step: str, name: str, story: _Story) -> ApprovalTold:
    rule = release.plan.approval(name) or ApprovalRule(name)
    tries = story.attempts.of(step, None if release.open else release.ended_at)
    last = tries[-1] if tries else None
    outcome = (
        "never asked for" if last is None else "waiting" if last.outcome == "running" else last.detail or last.outcome
    )
    return ApprovalTold(
        step,
        visible(name),
        visible(approval_words(rule)),
        tries[0].began if tries else None,
        last.ended if last else None,
        outcome,
        tuple(
            WordTold(visible(one.by), one.at, one.verdict, visible(one.reason), max(one.at, one.effective_at))
            for one in story.decisions.get(step, ())
        ),
    )


def _standing(release: Release) -> str:
    """How it ended, each ending in words of its own; where it stands, if it hasn't."""
    detail = visible(release.detail)
    because = f": {detail}" if detail else ""
    match release.ending:
        case "succeeded":
            return f"Succeeded{because}"
        case "failed":
            return f"Failed, and nothing was changed{because}"
        case "rolled_back":
            return f"Rolled back{because}"
        case "needs_operator" if release.choices:
            return f"Still running: it needs an operator{because}"
        case "needs_operator":
            return f"Abandoned by its operator as it stood{because}"
    if release.recovery is not None and release.paused is None:
        return f"Still running: it is being taken back: {visible(release.recovery.why)}"
    if release.paused is not None:
        why = f": {visible(release.paused.reason)}" if release.paused.reason else ""
        return f"Still running: paused by {visible(release.paused.by)}{why}"
    if release.confirm_by is not None and not release.confirmed_by:
        return "Still running: all is done, and taken back unless somebody confirms it"
    step = release.current
    return "Still running" + (f": at step {step.id}, {visible(step.summary)}" if step else "")
