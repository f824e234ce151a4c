"""A proposed release as text for a terminal of 80 columns: everything to know before saying yes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from quarterdeck.cli.passages import fuse_lines, risk_lines, section, wrapped
from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import about, length
from quarterdeck.release.plan import Risk
from quarterdeck.release.release_plan import HotfixPath, Member, Observe, Pause, ReleasePlan, ReleaseStep, change
from quarterdeck.release.release_view import MemberView
from quarterdeck.release.rule_text import approval_words, gate_words


def proposal_lines(plan: ReleasePlan, now: float) -> Iterator[str]:
    """The whole plan: services, what a hotfix leaves out, steps, gates, approvals, risks, who feels it, the way back,
    command and expiry."""
    yield from wrapped(f"{'hotfix' if plan.wish.hotfix else 'release'} {plan.id}: {plan.title}", "")
    yield from section("what", _members(plan))
    if plan.hotfix is not None:
        yield from hotfix_lines(plan.hotfix)
    yield from section("steps", step_graph(plan))
    yield from section("gates", _gates(plan))
    approvals = (line for rule in plan.approvals for line in wrapped(f"{rule.name}: {approval_words(rule)}", "  "))
    yield from section("approvals", approvals)
    yield from section("if a gate fails", _on_failure(plan))
    yield from section("set aside, for ever on record", _each(plan.overrides))
    yield from section("gives way", _each(f"release {one}" for one in plan.supersedes))
    yield from section("risks", risk_lines(sorted(plan.risks, key=_gravest_first)))
    yield from section("who feels it", _who(plan))
    yield from section("way back", fuse_lines(plan.fuse))
    yield from section("command", wrapped(plan.command, "  ", limit=1000))
    if plan.type_to_confirm:
        yield ""
        yield f"{clean(plan.type_to_confirm)} is protected: its name must be typed to confirm"
    left = plan.expires_at - now
    yield f"valid for {about(left)}" if left > 0 else "EXPIRED: ask again"


def hotfix_lines(path: HotfixPath) -> Iterator[str]:
    """The shortest legal path of a fix: what is left out and by whose authority, what is kept and why."""
    yield from section("fixes", wrapped(path.ref or "(no reference given)", "  "))
    skipped = (line for one in path.skipped for line in wrapped(one.sentence, "  "))
    yield from section("left out, and owed afterwards", skipped)
    yield from section("kept", _each(path.kept))


def step_graph(plan: ReleasePlan) -> Iterator[str]:
    """The steps in their order, numbered, with what each needs where that isn't just the one before."""
    phase, previous = "", ""
    width = max((len(step.id) for step in plan.steps), default=1)
    for step in plan.steps:
        if step.phase != phase:
            phase = step.phase
            yield f"  {phase or 'then'}:"
        needs = "" if step.needs == ((previous,) if previous else ()) else _needs(step)
        yield from wrapped(f"{_what(plan, step)}{needs}", f"   {step.id:>{width}}. ", hang=0)
        previous = step.id
    least = sum(step.work.seconds or 0 for step in plan.steps if isinstance(step.work, Pause | Observe))
    if least:
        yield f"  takes {length(least)} at least, beside the writes themselves"


def _what(plan: ReleasePlan, step: ReleaseStep) -> str:
    where = f"{step.target.name}: " if len(plan.members) > 1 else ""
    ring = f" [ring {step.ring}]" if step.ring and step.ring not in step.summary else ""
    return f"{where}{step.summary}{ring}"


def _needs(step: ReleaseStep) -> str:
    return f" (after {', '.join(step.needs)})" if step.needs else " (needs none before it)"


def _members(plan: ReleasePlan) -> Iterator[str]:
    for one in plan.members:
        yield from wrapped(member_words(one), "  ")


def member_words(member: Member | MemberView) -> str:
    """One service: from which version to which (a flag has none), and how."""
    versions = change(member.previous, member.version)
    by = f"by {member.strategy}" if member.strategy else ""
    return "  ".join(part for part in (str(member.target), versions, by) if part)


def _gates(plan: ReleasePlan) -> Iterator[str]:
    for gate in plan.gates:
        always = " (all the way)" if gate.name in plan.background else ""
        yield from wrapped(f"{gate.name}{always}: {gate_words(gate)}", "  ", limit=600)


def _on_failure(plan: ReleasePlan) -> Iterator[str]:
    rolls_back = "everything that was done is taken back, by itself"
    yield f"  {rolls_back if plan.on_failure == 'rollback' else 'it pauses for a person'}"
    if plan.confirm_within is not None:
        text = f"and after the last step: taken back unless confirmed within {length(plan.confirm_within)}"
        yield from wrapped(text, "  ")
    if plan.pause_limit is not None:
        yield from wrapped(f"and a pause that nobody ends within {length(plan.pause_limit)} aborts it", "  ")


def _who(plan: ReleasePlan) -> Iterator[str]:
    if plan.who_feels_it:
        yield from wrapped(plan.who_feels_it, "  ", limit=500)
    if plan.exposure:
        yield f"  at most {plan.exposure:.4g}% of new clients on an unfinished version"


def _each(sentences: Iterable[str]) -> Iterator[str]:
    for sentence in sentences:
        yield from wrapped(sentence, "  ", limit=500)


def _gravest_first(risk: Risk) -> int:
    return ("danger", "warning", "info").index(risk.severity)
