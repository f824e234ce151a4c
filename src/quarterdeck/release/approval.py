"""Approvals: who may say yes to what, and what has been said."""

from __future__ import annotations

from typing import Literal

from quarterdeck.records import dataclass


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What an approval takes. Times in seconds.

    Attributes:
        required: how many different people must approve.
        groups: who may; one member of any of them counts. () means anybody.
        self_approval: whether whoever started the release may approve it.
        expires_after: without an outcome for so long it counts as rejected (None: never).
        skippable_by: groups on whose authority a hotfix may skip it ((): nobody may).
        note: what to look at before saying yes, for people.
    """

    name: str
    required: int = 1
    groups: tuple[str, ...] = ()
    self_approval: bool = False
    expires_after: float | None = None
    skippable_by: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's word. `effective_at` may lie ahead: approved now, for later."""

    by: str
    at: float
    verdict: Literal["approve", "reject"]
    reason: str = ""
    effective_at: float = 0
