"""Lines of the journal about a release, and all that belongs to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.guards import Guards
from quarterdeck.release.hotfix import debts_of
from quarterdeck.release.operation import Ending
from quarterdeck.release.release_plan import ReleasePlan
from quarterdeck.release.rollout import ITSELF as ITSELF
from quarterdeck.release.rollout import Order, Release, ReleaseEventKind
from quarterdeck.store.base import Draft


def subject(plan: ReleasePlan) -> str:
    """What the lines of a release are about: its first service, or what its first step changes."""
    targets = [member.target for member in plan.members] or [step.target for step in plan.steps]
    return str(targets[0]) if targets else ""


def line(release: Release, kind: ReleaseEventKind, body: Mapping[str, Any], actor: str = ITSELF) -> Draft:
    """One line about a release; `actor` is who did it."""
    return Draft(kind, actor, release.id, subject(release.plan), body)


def closing(
    release: Release,
    ending: Ending,
    detail: str,
    choices: Sequence[Order],
    guards: Guards,
    actor: str = ITSELF,
) -> list[Draft]:
    """The lines of a release's end. One that waits for an operator (it has choices) keeps what it holds."""
    body = {"ending": ending, "detail": detail, "choices": list(choices)}
    drafts = [line(release, "release.ended", body, actor)]
    if choices:
        return drafts
    drafts += [
        Draft("hold.lifted", actor, release.id, subject(release.plan), {"id": hold.id, "reason": f"{ending}"})
        for hold in guards.holds
        if hold.release == release.id and hold.kind == "hotfix"
    ]
    if release.plan.hotfix and ending in ("succeeded", "needs_operator"):
        drafts += [
            Draft("debt.owed", actor, release.id, str(debt.target), {"debt": to_json(debt)})
            for debt in debts_of(release)
        ]
    return drafts
