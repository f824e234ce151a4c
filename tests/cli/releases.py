"""Releases as a runner would have written them, for the tests of the command line."""

from __future__ import annotations

import time
from typing import Any

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Shift, Swap
from quarterdeck.release.approval import ApprovalRule, Decision
from quarterdeck.release.gate import GateSpec, Measurement, Sample
from quarterdeck.release.plan import Fuse, Risk
from quarterdeck.release.release_plan import (
    Ask,
    HotfixPath,
    Member,
    Observe,
    Pause,
    ReleasePlan,
    ReleaseStep,
    Skipped,
    Wish,
    Write,
)
from quarterdeck.release.rollout import opening
from quarterdeck.release.rules import Rulebook, Window
from quarterdeck.store.base import Draft, Lease
from quarterdeck.store.sqlite import SqliteStore

CHECKOUT = TargetId("production", "checkout")
ERRORS = GateSpec("error-rate", "metric", success="result < 0.01", interval=30, count=5, failure_limit=1)
SRE = ApprovalRule("sre", 1, ("sre",), expires_after=86400, note="look at the error budget")
RULES = Rulebook(
    groups={"sre": ("bo", "cy")},
    windows=(Window("year-end", environments=("production",), since=2e9, until=2e9 + 86400, reason="nobody is there"),),
    train=("staging", "production"),
)


def canary(**changes: Any) -> ReleasePlan:
    """5%, baked under a gate, approved, swapped."""
    at = time.time()
    values: dict[str, Any] = {
        "id": "0199aa01",
        "request": "request1",
        "wish": Wish((CHECKOUT,)),
        "members": (Member(CHECKOUT, "2.15.0", "2.14.3", "careful"),),
        "steps": (
            ReleaseStep("1", CHECKOUT, Write(Shift(CHECKOUT, {"staging": 5})), "5% to staging"),
            ReleaseStep("2", CHECKOUT, Observe(("error-rate",), 600), "bake 10m under error-rate", ("1",)),
            ReleaseStep("3", CHECKOUT, Ask("sre"), "approval sre", ("2",)),
            ReleaseStep("4", CHECKOUT, Pause(), "pause until promoted", ("3",)),
            ReleaseStep("5", CHECKOUT, Write(Swap(CHECKOUT)), "swap staging into production", ("4",)),
        ),
        "gates": (ERRORS,),
        "approvals": (SRE,),
        "risks": (Risk("danger", "supersession", "this ships 2.15.0 over 2.16.0", "make sure that is meant"),),
        "fuse": Fuse(True, "traffic back, then swap back", 90, lost="nothing"),
        "who_feels_it": "everybody who shops",
        "exposure": 5.0,
        "command": "qd release start production/checkout",
        "type_to_confirm": "production",
        "made_at": at,
        "expires_at": at + 300,
    }
    return ReleasePlan(**{**values, **changes})


def hotfix(**changes: Any) -> ReleasePlan:
    """One swap, and what it left out."""
    path = HotfixPath(
        "abc123",
        (Skipped("bake", "error-rate", ("sre",), "the bake of 10m is left out"),),
        ("approval sre stays: asked",),
    )
    wish = Wish((CHECKOUT,), hotfix=True, ref="abc123")
    steps = (ReleaseStep("1", CHECKOUT, Write(Swap(CHECKOUT)), "swap staging into production"),)
    return canary(**{"id": "0199bb02", "wish": wish, "steps": steps, "hotfix": path, **changes})


class Log:
    """Writes the events of one release, as the runner would."""

    def __init__(self, store: SqliteStore, lease: Lease, plan: ReleasePlan) -> None:
        self._store = store
        self._lease = lease
        self.plan = plan

    def __call__(self, kind: str, actor: str = "runner", **body: Any) -> None:
        draft = Draft(f"release.{kind}", actor, self.plan.id, str(CHECKOUT), body)
        self._store.record((draft,), self._lease, time.time())

    def start(self, actor: str = "ana@jump") -> Log:
        self("started", actor, **opening(self.plan, "ship it", {}))
        return self

    def done(self, *steps: str) -> Log:
        for step in steps:
            self("step_started", step=step, operation=f"op{step}")
            self("step_done", step=step, detail="read back")
        return self

    def finished(self, step: str) -> Log:
        self("step_done", step=step, detail="read back")
        return self

    def running(self, step: str, *, lasts: float | None = None) -> Log:
        self("step_started", step=step, until=None if lasts is None else time.time() + lasts)
        return self

    def sampled(self, step: str, verdict: Any, value: float | None, detail: str = "") -> Log:
        sample = Sample(time.time(), (Measurement("error-rate", verdict, value, detail),))
        self("sampled", step=step, sample=to_json(sample))
        return self

    def decided(self, step: str, by: str, verdict: Any = "approve", reason: str = "") -> Log:
        decision = Decision(by, time.time(), verdict, reason)
        self("decided", by, step=step, decision=to_json(decision))
        return self

    def ended(self, ending: str, detail: str = "", choices: tuple[str, ...] = ()) -> Log:
        self("ended", ending=ending, detail=detail, choices=list(choices))
        return self
