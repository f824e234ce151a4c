"""What waits and what stands guard, as a viewer shows them. All texts are cleaned.

`release/inbox.py` and `release/paint_guards.py` make them, at one moment; whatever runs down is already a text.
"""

from __future__ import annotations

from typing import Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass

InboxKind = Literal[
    "confirm", "needs you", "failing", "undecided", "approval", "pause", "hindered", "gate", "by itself", "debt"
]
"""What waits, the most urgent first. confirm: it is taken back unless somebody confirms. failing, undecided: a gate
that isn't passing. gate: one that is being asked and is well so far. by itself: a run that a clock, another run or
another system lets go on, and nobody from here."""


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One thing that waits for a person or a gate.

    Attributes:
        key: stays the same from one picture to the next.
        release, step: ids; "" for a debt, whose own id is `key`.
        run: `run:PIPELINE/RUN` where a run of a pipeline waits, else "".
        waits: for what, in one line. blocks: what goes on once it is there. who: who may.
        age: how long it has waited; expires: the time left, "" if it doesn't; due: when that is, where it is known
            exactly (UNIX seconds). so_far: how many of those who are needed have said yes, and who.
        evidence: what is known, a line each. warnings: what a yes would do that one may not expect.
        tags: the same in two words each, for a row.
        twin: the command that answers it. link: the page of its host.
    """

    key: str
    kind: InboxKind
    title: str
    waits: str
    target: TargetId | None = None
    release: str = ""
    step: str = ""
    age: str = ""
    expires: str = ""
    next_in: str = ""
    blocks: str = ""
    who: str = ""
    evidence: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    twin: str = ""
    run: str = ""
    due: float | None = None
    so_far: str = ""
    tags: tuple[str, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class ConnView:
    """Who has the conn of a scope."""

    scope: str
    holder: str
    since: float
    age: str
    reason: str = ""
    offered_to: str = ""


@dataclass(frozen=True, slots=True)
class HoldView:
    """Something that stops releases; `left` the time until it ends by itself, "" if it doesn't."""

    id: str
    kind: str
    scope: str
    by: str
    reason: str
    age: str
    left: str = ""


@dataclass(frozen=True, slots=True)
class ClosureView:
    """A configured window in which nothing is released: it `holds`, or begins when `left` has run down."""

    window: str
    environment: str
    holds: bool
    left: str
    reason: str


@dataclass(frozen=True, slots=True)
class DebtView:
    """What a hotfix left to be done."""

    id: str
    kind: str
    target: TargetId
    text: str
    by: str
    age: str
    release: str


@dataclass(frozen=True, slots=True)
class OverrideView:
    """A rule that somebody set aside."""

    by: str
    age: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class GuardsView:
    """What stands guard."""

    conns: tuple[ConnView, ...] = ()
    holds: tuple[HoldView, ...] = ()
    closures: tuple[ClosureView, ...] = ()
    debts: tuple[DebtView, ...] = ()
    overrides: tuple[OverrideView, ...] = ()

    def conn(self, target: TargetId) -> ConnView | None:
        """Who has the conn that covers a target: the narrowest scope that does."""
        scopes = (f"{target.environment}/{target.name}", target.environment, "*")
        return next((conn for scope in scopes for conn in self.conns if conn.scope == scope), None)
