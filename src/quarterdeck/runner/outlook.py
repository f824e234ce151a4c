"""What a release's next move depends on outside of the release itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from quarterdeck.release.clearance import clear, next_write
from quarterdeck.release.conducting import exposed
from quarterdeck.release.moves import Outside
from quarterdeck.release.release_plan import ReleaseStep
from quarterdeck.release.rollout import Release, Standing
from quarterdeck.release.rules import Rulebook
from quarterdeck.runner.programs import Programs
from quarterdeck.store.base import Store


class Outlook:
    """Reads it together. Only reads, and no system."""

    def __init__(self, store: Store, rules: Rulebook, programs: Programs) -> None:
        self._store = store
        self._rules = rules
        self._programs = programs

    def of(self, release: Release, now: float) -> Outside:
        """What a decision about this release needs to know now. Raises StoreError."""
        ids = {name for one in release.steps.values() for name in (one.operation, one.undo) if name}
        found = {name: operation for name in sorted(ids) if (operation := self._store.operation(name))}
        hindrance, until = self._hindrance(release, now)
        return Outside(found, hindrance, until, self._rules.groups_of, self._programs.of(release.id))

    def _hindrance(self, release: Release, now: float) -> tuple[str, float | None]:
        """Why the next step that changes something may not begin now, and until when."""
        step, what = release.current, next_write(release)
        if step is None or what is None:
            return "", None
        others = self._store.releases(open_only=True)
        cleared = clear(what, guards=self._store.guards(), rules=self._rules, releases=others, now=now)
        if cleared.refusal:
            return cleared.refusal.message, cleared.until
        return self._over_budget(release, step, others), None

    def _over_budget(self, release: Release, step: ReleaseStep, others: Sequence[Release]) -> str:
        """Whether this step would bring more users onto unfinished versions than the environment allows at a time.

        The budget is about releases at the same time: one that is alone goes on, its plan has told what it exposes.
        """
        environment = release.plan.environment
        budget = self._rules.exposure.get(environment)
        if budget is None:
            return ""
        taken = [
            (one, share)
            for one in others
            if one.id != release.id and one.plan.environment == environment and (share := exposed(one)) > 0
        ]
        after = exposed(replace(release, steps={**release.steps, step.id: Standing("done")}))
        total = after + sum(share for _, share in taken)
        if not taken or after <= exposed(release) or total <= budget:
            return ""
        with_whom = ", ".join(f"{one.plan.title} {share:.4g}%" for one, share in taken)
        return (
            f"{environment} allows {budget:g}% of clients on unfinished versions; with {with_whom} this step would "
            f"make it {total:.4g}%"
        )
