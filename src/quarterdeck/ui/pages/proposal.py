"""The plan of a release, whole, in the order in which a tired person needs it."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import left, length
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.release_plan import Ask, Observe, Pause, ReleasePlan, ReleaseStep, Run, Write, change
from quarterdeck.release.traffic_gates import in_words
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.plan import command_lines, risk_lines, way_back_lines, what_changes, who_lines
from quarterdeck.ui.pages.telling import Told
from quarterdeck.ui.spans import Line, line, wrap


def told_of(plan: ReleasePlan, cells: int) -> Told:
    """Everything about a release's plan in lines of at most `cells`."""
    last = (way_back_lines(plan.fuse, cells), command_lines(plan.command, cells))
    first = (section(plan, cells) for section in (_members, _who, _risks, _hotfix))
    more = (_steps(plan, cells), _gates(plan, cells))
    return Told([*map(list, (*first, *last))], [*map(list, more)])


def _members(plan: ReleasePlan, cells: int) -> Iterator[Line]:
    yield what_changes("WHAT SHIPS", plan.environment, plan.type_to_confirm)
    for one in plan.members:
        told = change(clean(one.previous, 60), clean(one.version, 60))
        told += f"  by {clean(one.strategy, 60)}" if one.strategy else ""
        yield from wrap(told, cells, first=line("  ", (marks.name(one.target), "title"), "  "))
    if plan.exposure:
        told = f"{marks.percent(plan.exposure)} of new clients, at most, are on it before it is through"
        yield from wrap(told, cells, first=line("  "))
    for release in plan.supersedes:
        yield from wrap(
            f"release {release} gives way: it has changed nothing yet", cells, first=line(("  ▲ ", "danger"))
        )


def _who(plan: ReleasePlan, cells: int) -> Iterator[Line]:
    yield from who_lines(plan.who_feels_it, cells)


def _risks(plan: ReleasePlan, cells: int) -> Iterator[Line]:
    yield from risk_lines(plan.risks, cells)
    if plan.overrides:
        yield line(("SET ASIDE", "heading"), "  in your name, with your reason, kept for ever")
    for text in plan.overrides:
        yield from wrap(clean(text, 400), cells, first=line(("  ▲ ", "danger")))


def _hotfix(plan: ReleasePlan, cells: int) -> Iterator[Line]:
    if plan.hotfix is None:
        return
    yield line(("SHORTEST LEGAL PATH", "heading"), f"  of {clean(plan.hotfix.ref, 60) or '?'}")
    for one in plan.hotfix.skipped:
        yield from wrap(clean(one.sentence, 400), cells, first=line("  ", ("○ skipped ", "attention")))
    for text in plan.hotfix.kept:
        yield from wrap(clean(text, 300), cells, first=line("  ", ("✓ kept    ", "ok")))
    if plan.hotfix.skipped:
        yield line(("  what is skipped stays on the Bridge as a debt until it is paid", "dim"))


def _steps(plan: ReleasePlan, cells: int) -> Iterator[Line]:
    after = {"rollback": "taken back by itself if a gate fails", "pause": "pauses if a gate fails"}[plan.on_failure]
    yield line(("STEPS", "heading"), (f"  {after}", "dim"))
    phase, before = "", ""
    for step in plan.steps:
        if step.phase != phase:
            phase = step.phase
            yield line(("  " + phase.upper(), "heading"))
        yield from wrap(_what(step, before, plan), cells, first=line((f"  {step.id:>2}. ", "dim")))
        before = step.id
    if plan.confirm_within is not None:
        told = f"then somebody must confirm within {left(plan.confirm_within)}, or everything is taken back"
        yield from wrap(told, cells, first=line("      "), word="attention")


def _what(step: ReleaseStep, before: str, plan: ReleasePlan) -> str:
    several = len(plan.members) > 1
    told = (f"{clean(step.target.name, 60)}: " if several else "") + clean(step.summary, 200)
    match step.work:
        case Pause(seconds=None):
            told += " (until somebody promotes it)"
        case Ask(rule=rule):
            told += _who_may(plan, rule)
        case Observe() | Pause() | Write() | Run():
            pass
    told += f"  [{clean(step.ring, 40)}]" if step.ring else ""
    needs = ", ".join(step.needs)
    return told + (f"  after {needs}" if step.needs and needs != before else "")


def _who_may(plan: ReleasePlan, name: str) -> str:
    rule = plan.approval(name)
    if rule is None:
        return ""
    groups = " or ".join(clean(group, 40) for group in rule.groups) or "anybody"
    return f" ({rule.required} of {groups}" + ("" if rule.self_approval else ", not you") + ")"


def _gates(plan: ReleasePlan, cells: int) -> Iterator[Line]:
    if not plan.gates:
        return
    yield line(("GATES", "heading"), ("  no data is neither pass nor fail", "dim"))
    for gate in plan.gates:
        name = clean(gate.name, 40) + (" (all the time)" if gate.name in plan.background else "")
        yield from wrap(_gate(gate), cells, first=line("  ", (name, "title"), "  "))


def _gate(gate: GateSpec) -> str:
    if gate.kind == "traffic":
        return in_words(gate)
    wants = clean(gate.success or f"not {gate.failure}", 80)
    limits = f"{gate.count} must pass, {gate.failure_limit or 'none'} may fail, asked every {length(gate.interval)}"
    same = gate.on_no_data == gate.on_stale
    doubt = f"no data or stale: {gate.on_stale}" if same else f"no data: {gate.on_no_data}, stale: {gate.on_stale}"
    return ("shadow, decides nothing: " if gate.shadow else "") + f"{wants}; {limits}; {doubt}"
