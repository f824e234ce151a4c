"""STUB: the hotfix lane; its owner replaces it."""

from __future__ import annotations

from quarterdeck.release.guards import Debt
from quarterdeck.release.rollout import Release


def debts_of(release: Release) -> tuple[Debt, ...]:
    """Nothing is owed."""
    return ()
