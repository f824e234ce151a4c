"""What people's words on an approval amount to, and who may say one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from quarterdeck.records import dataclass
from quarterdeck.release.approval import ApprovalRule, Decision
from quarterdeck.release.guards import person
from quarterdeck.release.plan import Refusal


@dataclass(frozen=True, slots=True)
class Approval:
    """Where an approval stands.

    Attributes:
        state: `deferred`: enough have approved, but for later (`until`).
        why: one line for people.
        missing: how many more people have to approve.
        until: waiting: when it expires; deferred: when it takes effect; else None.
    """

    state: Literal["waiting", "approved", "deferred", "rejected", "expired"]
    why: str
    missing: int
    until: float | None = None


def standing(
    rule: ApprovalRule,
    decisions: Sequence[Decision],
    *,
    starter: str,
    asked_at: float,
    now: float,
    groups_of: Callable[[str], frozenset[str]],
) -> Approval:
    """Where it stands at a moment.

    Each person's last word counts, whichever machine it came from, and only the word of who may say one: whoever has
    left the group meanwhile counts no more. One rejection ends it, even when enough others approved. `decisions` stand
    in the order of the journal.
    """
    expires = None if rule.expires_after is None else asked_at + rule.expires_after
    words = _last_words(one for one in decisions if expires is None or one.at <= expires)
    rejections = [one for one in words.values() if one.verdict == "reject" and _entitled(rule, one.by, groups_of)]
    if rejections:
        first = min(rejections, key=lambda one: (one.at, one.by))
        return Approval("rejected", f"{first.by} rejected" + (f": {first.reason}" if first.reason else ""), 0)
    approvals = [
        one for one in words.values() if one.verdict == "approve" and _counts(rule, one.by, starter, groups_of)
    ]
    effective = sorted(max(one.at, one.effective_at) for one in approvals)
    needed = max(rule.required, 1)
    if len(effective) >= needed and (expires is None or effective[needed - 1] <= expires):
        by = ", ".join(sorted(one.by for one in approvals))
        if effective[needed - 1] <= now:
            return Approval("approved", f"approved by {by}", 0)
        return Approval("deferred", f"approved by {by}, for later", 0, effective[needed - 1])
    missing = max(needed - len(effective), 0)
    if expires is not None and now >= expires:
        return Approval("expired", f"nobody decided in time: {len(effective)} of {needed} approved", missing)
    return Approval("waiting", f"{len(effective)} of {needed} approved; {_who_may(rule)}", missing, expires)


def refuse_decision(
    rule: ApprovalRule,
    decisions: Sequence[Decision],
    decision: Decision,
    *,
    starter: str,
    groups_of: Callable[[str], frozenset[str]],
) -> Refusal | None:
    """Why somebody may not say this; None if they may."""
    if not _entitled(rule, decision.by, groups_of):
        message = f"{decision.by} is in none of the groups that decide on {rule.name}: {', '.join(rule.groups)}"
        return Refusal("policy", message, _who_may(rule))
    if decision.verdict == "approve" and not _counts(rule, decision.by, starter, groups_of):
        message = f"{decision.by} started this release, and {rule.name} takes nobody's own approval"
        return Refusal("policy", message, f"{_who_may(rule)}, but not {person(starter)}")
    if decision.verdict == "reject" and not decision.reason.strip():
        return Refusal("usage", f"rejecting {rule.name} needs a reason", "say why: it is what people will read later")
    said = _last_words(decisions).get(person(decision.by))
    if said is not None and (said.verdict, said.effective_at) == (decision.verdict, decision.effective_at):
        done = "approved" if said.verdict == "approve" else "rejected"
        return Refusal("unchanged", f"{said.by} has {done} it already")
    return None


def _last_words(decisions: Iterable[Decision]) -> Mapping[str, Decision]:
    """The last decision of each person, by person: the last in the journal, for a clock may have been set back."""
    return {person(one.by): one for one in decisions}


def _entitled(rule: ApprovalRule, who: str, groups_of: Callable[[str], frozenset[str]]) -> bool:
    return not rule.groups or bool(groups_of(who) & set(rule.groups))


def _counts(rule: ApprovalRule, who: str, starter: str, groups_of: Callable[[str], frozenset[str]]) -> bool:
    """Whether an approval by somebody counts."""
    return _entitled(rule, who, groups_of) and (rule.self_approval or person(who) != person(starter))


def _who_may(rule: ApprovalRule) -> str:
    return f"anybody of {' or '.join(rule.groups)} may decide" if rule.groups else "anybody may decide"
