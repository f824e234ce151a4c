"""What stands in the way of a release's next write: guards and windows, and what the others expose users to already.

The runner holds a release for it, and viewers say why: both ask here. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.records import replace
from quarterdeck.release.clearance import clear, next_write
from quarterdeck.release.exposure import exposed
from quarterdeck.release.guards import Guards
from quarterdeck.release.release_plan import ReleaseStep
from quarterdeck.release.rollout import Release, Standing
from quarterdeck.release.rules import Rulebook


def hindrance(
    release: Release, *, releases: Sequence[Release], guards: Guards, rules: Rulebook, now: float
) -> tuple[str, float | None]:
    """Why the next step that changes something may not begin now ("": it may), and when that ends by itself, if it
    does.

    Args:
        releases: the open ones at least.
    """
    step, what = release.current, next_write(release)
    if step is None or what is None:
        return "", None
    # What was overridden stands in the guards; what has come since hinders it, whatever the wish said.
    cleared = clear(what, guards=guards, rules=rules, releases=releases, now=now)
    if cleared.refusal:
        return cleared.refusal.message, cleared.until
    return _over_budget(release, step, releases, rules), None


def _over_budget(release: Release, step: ReleaseStep, releases: Sequence[Release], rules: Rulebook) -> str:
    """Whether this step would bring more users onto unfinished versions than the environment allows at a time.

    The budget is about releases at the same time: one that is alone goes on, its plan has told what it exposes.
    """
    environment = release.plan.environment
    budget = rules.exposure.get(environment)
    if budget is None:
        return ""
    others = (one for one in releases if one.open and one.id != release.id and one.plan.environment == environment)
    taken = [(one, share) for one in others if (share := exposed(one)) > 0]
    after = exposed(replace(release, steps={**release.steps, step.id: Standing("done")}))
    total = after + sum(share for _, share in taken)
    if not taken or after <= exposed(release) or total <= budget:
        return ""
    with_whom = ", ".join(f"{one.plan.title} {share:.4g}%" for one, share in taken)
    return (
        f"{environment} allows {budget:g}% of clients on unfinished versions; with {with_whom} this step would "
        f"make it {total:.4g}%"
    )
