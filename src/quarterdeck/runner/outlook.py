"""What a release's next move depends on outside of the release itself."""

from __future__ import annotations

from quarterdeck.release.hindrance import hindrance
from quarterdeck.release.moves import Outside
from quarterdeck.release.rollout import Release
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
        why, until = self._hindrance(release, now)
        return Outside(found, why, until, self._rules.groups_of, self._programs.of(release.id))

    def _hindrance(self, release: Release, now: float) -> tuple[str, float | None]:
        others, guards = self._store.releases(open_only=True), self._store.guards()
        return hindrance(release, releases=others, guards=guards, rules=self._rules, now=now)
