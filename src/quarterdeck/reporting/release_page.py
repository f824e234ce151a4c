"""The report of one release, in the order in which somebody who wasn't there wants to know it."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.release.freshness import stamp
from quarterdeck.release.release_plan import change
from quarterdeck.release.report import Evidence, GateTold, GuardTold, Report, Said, StepTold
from quarterdeck.reporting import saying
from quarterdeck.reporting.document import Block, Document, Facts, Heading, Paragraph, Table, Tone
from quarterdeck.reporting.plots import gate_picture, share_picture, timeline_picture


def release_document(report: Report) -> Document:
    """The whole report."""
    what = "hotfix" if report.hotfix else "release"
    where = f" in {report.environment}" if report.environment else ""
    title = f"Report of the {what} {report.title}{where}"
    still = ", while it still runs: more will follow" if report.open else ""
    about = (
        f"From the journal of {report.fleet or 'the fleet'}, told {stamp(report.made_at)}{still}. All times are UTC."
    )
    return Document(title, about, tuple(_blocks(report)))


_VIA = {"cli": "(on the command line)", "cockpit": "(in the cockpit)"}


def _blocks(report: Report) -> Iterator[Block]:
    yield Paragraph(report.standing, _tone(report))
    yield from _asked(report)
    yield from _reached(report)
    yield from _time(report)
    yield from _steps(report)
    yield from _gates(report)
    yield from _people(report)
    yield from _trouble(report)
    yield from _plan(report)
    yield from _journal(report)


def _tone(report: Report) -> Tone:
    if report.open:
        return "warning"
    return "good" if report.ending == "succeeded" else "bad"


def _asked(report: Report) -> Iterator[Block]:
    asked = report.asked
    yield Facts(
        (
            ("Asked by", " ".join(filter(None, (asked.by, _VIA.get(asked.via, ""))))),
            ("Why", asked.reason or "no reason was given"),
            ("Fixes", report.fix),
            ("Signed in as", ", ".join(asked.identities)),
            ("Command", asked.command),
            ("Release", report.id),
            ("Proposed", stamp(asked.at)),
            ("Started", stamp(report.started_at)),
            ("Stopped" if report.open else "Ended", "" if report.ended_at is None else stamp(report.ended_at)),
        )
    )
    rows = tuple((one.target, change(one.previous, one.version), one.strategy) for one in report.moved)
    if rows:
        yield Heading("What went where")
        yield Table(("Service", "Version", "Strategy"), rows)


def _reached(report: Report) -> Iterator[Block]:
    if not report.shares:
        return
    until = max([report.started_at, *(one.until for one in report.stretches)])
    yield Heading("Users over time")
    yield share_picture(report.shares, report.started_at, until)
    yield Table(
        ("When", "Share of new clients", "Service"),
        tuple(
            (saying.clock(point.at, report.started_at), saying.percent(point.value or 0), share.target)
            for share in report.shares
            for point in share.points
        ),
    )


def _time(report: Report) -> Iterator[Block]:
    durations = report.durations
    yield Heading("Where the time went")
    if report.stretches:
        yield timeline_picture(report)
    spent = [
        (phase[0].upper() + phase[1:], f"{saying.lasted(seconds)} ({100 * seconds / durations.total:.0f}%)")
        for phase, seconds in durations.phases
        if seconds and durations.total
    ]
    yield Facts(
        (
            ("From the proposal to the first users", saying.lasted(durations.first_users) or "none had it"),
            ("From the proposal to the end for all (lead)", saying.lasted(durations.lead)),
            ("From the start to " + ("now" if report.open else "the end"), saying.lasted(durations.total)),
            *spent,
        )
    )


def _steps(report: Report) -> Iterator[Block]:
    yield Heading("Steps")
    yield Table(
        ("Step", "What", "State", "Began", "Took", "What came of it"),
        tuple(row for step in report.steps for row in _step_rows(report, step)),
        ("Began", "Took"),
    )


def _step_rows(report: Report, step: StepTold) -> Iterator[tuple[str, ...]]:
    where = f"{step.target}: " if len(report.moved) > 1 else ""
    what = where + step.summary + (f" (after {', '.join(step.needs)})" if step.needs else "")
    if not step.attempts:
        yield step.id, what, "still to come" if report.open else "never begun", "", "", ""
    for number, one in enumerate(step.attempts):
        took = saying.lasted(None if one.ended is None else one.ended - one.began)
        name = step.id if not number else f"{step.id} again"
        began = saying.clock(one.began, report.started_at)
        details = [one.detail, f"operation {one.operation}" if one.operation else ""]
        if one.went_back is not None:
            by = f" by operation {one.undo}" if one.undo else ""
            details.append(f"taken back at {saying.clock(one.went_back, report.started_at)}{by}")
        yield name, what, saying.OUTCOMES[one.outcome], began, took, "; ".join(filter(None, details))


def _gates(report: Report) -> Iterator[Block]:
    if not report.gates:
        return
    yield Heading("Gates")
    for gate in report.gates:
        where = "asked all the way" if gate.step == "*" else f"step {gate.step}"
        yield Heading(f"{gate.gate}, {where}" + (", in shadow: it decided nothing" if gate.shadow else ""), 3)
        yield Facts((("Rule", gate.rule), ("Verdicts", _verdicts(gate))))
        if gate.samples:
            yield gate_picture(gate)
        said = tuple(
            (
                saying.clock(one.at, report.started_at),
                saying.number(one.value),
                saying.VERDICTS[one.verdict],
                one.detail,
            )
            for one in gate.samples
            if one.verdict != "pass"
        )
        if said:
            yield Table(("When", "Value", "Verdict", "What the source said"), said)


def _verdicts(gate: GateTold) -> str:
    if not gate.samples:
        return "it was never asked"
    counted = {word: sum(one.verdict == name for one in gate.samples) for name, word in saying.VERDICTS.items()}
    return ", ".join(f"{count} {word}" for word, count in counted.items() if count)


def _people(report: Report) -> Iterator[Block]:
    near = report.started_at
    if report.approvals:
        yield Heading("Approvals")
    for one in report.approvals:
        yield Heading(f"{one.name}, step {one.step}", 3)
        waited = None if one.asked_at is None or one.settled_at is None else one.settled_at - one.asked_at
        yield Facts(
            (
                ("Takes", one.rule),
                ("Asked for", saying.clock(one.asked_at, near)),
                ("Outcome", one.outcome + (f", after {saying.lasted(waited)}" if waited is not None else "")),
            )
        )
        rows = tuple(
            (
                word.by,
                {"approve": "✓ approved", "reject": "✗ REJECTED"}[word.verdict],
                saying.clock(word.at, near)
                + (f", from {stamp(word.effective_at)}" if word.effective_at > word.at else ""),
                word.reason or "no reason was given",
            )
            for word in one.words
        )
        if rows:
            yield Table(("Who", "Said", "When", "Why"), rows)
    yield from _said("What people told it", report.orders, near)
    yield from _said("Rules that were set aside", report.overrides, near)
    if report.hotfix:
        yield Heading("Left out by the hotfix")
        if report.left_out:
            yield Table(
                ("What", "By authority of"),
                tuple((one.what, ", ".join(one.authority) or "nobody has to allow it") for one in report.left_out),
                ("By authority of",),
            )
        else:
            yield Paragraph("Nothing.")
        if report.kept:
            yield Facts(tuple(("Kept", sentence) for sentence in report.kept))
    if report.debts:
        yield Heading("Debts")
        yield Table(
            ("What is owed", "State", "Evidence"),
            tuple(
                (
                    one.text,
                    "still owed" if one.paid_at is None else f"paid by {one.paid_by} {stamp(one.paid_at)}",
                    one.evidence,
                )
                for one in report.debts
            ),
            ("Evidence",),
        )


def _said(title: str, said: tuple[Said, ...], near: float) -> Iterator[Block]:
    if said:
        yield Heading(title)
        yield Table(
            ("When", "Who", "What", "Why"),
            tuple((saying.clock(one.at, near), one.by, one.what, one.reason) for one in said),
        )


def _trouble(report: Report) -> Iterator[Block]:
    near = report.started_at
    yield from _said("Alarms", report.alarms, near)
    yield from _said("Notes", report.notes, near)
    if report.ways_back:
        yield Heading("The way back that was taken")
        yield Table(
            ("When", "On whose word", "Why", "Steps taken back, in this order", "Took"),
            tuple(
                (
                    saying.clock(one.at, near),
                    one.by,
                    one.why,
                    (", ".join(one.steps) or "none: nothing was done") + (f"; paused after {one.to}" if one.to else ""),
                    saying.lasted(None if one.ended is None else one.ended - one.at),
                )
                for one in report.ways_back
            ),
            ("Steps taken back, in this order", "Took"),
        )
    if report.guards:
        yield Heading("What stood guard meanwhile")
        yield Table(
            ("What", "Where", "Who", "Why", "Since", "Until"), tuple(map(_guard_row, report.guards)), ("Since", "Until")
        )
    if report.endings:
        yield Heading("How it ended")
        rows = tuple(
            (
                saying.clock(one.at, near),
                one.ending.replace("_", " "),
                one.detail,
                f"took: {', '.join(one.choices)}" if one.choices else "",
            )
            for one in report.endings
        )
        yield Table(("When", "Ending", "Why", "Answers"), rows)


def _guard_row(one: GuardTold) -> tuple[str, ...]:
    where = "everything" if one.scope == "*" else one.scope
    if one.lifted_at is not None:
        until = f"{stamp(one.lifted_at)}, by {one.lifted_by}"
    else:
        until = "until lifted" if one.until is None else stamp(one.until)
    return one.kind, where, one.by, one.reason, stamp(one.since), until


def _plan(report: Report) -> Iterator[Block]:
    plan = report.plan
    yield Heading("The plan that was said yes to")
    within = (
        ""
        if plan.confirm_within is None
        else f"taken back unless confirmed within {saying.lasted(plan.confirm_within)}"
    )
    most = f"{saying.percent(plan.most_exposed)} of new clients" if plan.most_exposed else ""
    yield Facts(
        (
            ("Who feels it", plan.who_feels_it),
            ("At most on an unfinished version", most),
            ("If a gate fails", {"rollback": "everything is taken back", "pause": "it pauses"}[plan.on_failure]),
            ("Way back", plan.way_back),
            ("Lost on the way back", plan.lost),
            ("Way back until", plan.until),
            ("Confirmation", within),
            ("Gave way to it", ", ".join(plan.supersedes)),
        )
    )
    if plan.risks:
        rows = tuple((one.severity.upper(), one.text, one.remedy) for one in plan.risks)
        yield Table(("Risk", "What could go wrong", "What to do about it"), rows)


def _journal(report: Report) -> Iterator[Block]:
    yield Heading("The journal")
    yield from _evidence(report.evidence)
    yield Table(
        ("Line", "When", "What", "Who", "What it says"),
        tuple(
            (str(one.seq), saying.clock(one.at, report.started_at), one.kind, one.by, one.text) for one in report.lines
        ),
    )


def _evidence(evidence: Evidence) -> Iterator[Block]:
    if evidence.faults:
        yield Paragraph("THE JOURNAL IS NOT WHAT WAS WRITTEN: this report can't be relied on.", "bad")
        yield Facts(tuple(("Fault", fault) for fault in evidence.faults[:20]))
    else:
        yield Paragraph(
            "The journal is intact: its hash chain was checked when this was told, and no line was edited, lost or put "
            "in between. Compare the hashes with ones noted elsewhere to rule out a journal that was written anew.",
            "good",
        )
    names = (("First line", evidence.first), ("Last line", evidence.last), ("Journal's end", evidence.head))
    yield Facts(tuple((name, f"{link.seq}, {stamp(link.at)}, SHA-256 {link.hash}") for name, link in names))
