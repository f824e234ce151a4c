"""A release's lines as a journal holds them, with times that a test gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Shift, Swap
from quarterdeck.release.approval import ApprovalRule, Decision
from quarterdeck.release.gate import GateSpec, Measurement, Sample, Verdict
from quarterdeck.release.release_plan import (
    Ask,
    Member,
    Observe,
    Pause,
    ReleasePlan,
    ReleaseStep,
    Wish,
    Write,
)
from quarterdeck.release.report import Evidence, Link, Report
from quarterdeck.release.retelling import retell
from quarterdeck.release.rollout import ITSELF, opening

CHECKOUT = TargetId("production", "checkout")
ERRORS = GateSpec("errors", "metric", success="result < 0.01", interval=30, count=2)
NO_EVIDENCE = Evidence((), 0, Link(0, 0, ""), Link(0, 0, ""), Link(0, 0, ""))
ANA, BO = "ana@jump", "bo@jump"


def plan(**more: Any) -> ReleasePlan:
    values: dict[str, Any] = {
        "id": "r1",
        "request": "q1",
        "wish": Wish((CHECKOUT,)),
        "members": (Member(CHECKOUT, "2.0", "1.0", "careful"),),
        "steps": (
            ReleaseStep("1", CHECKOUT, Write(Shift(CHECKOUT, {"staging": 5})), "5%", (), exposure=5),
            ReleaseStep("2", CHECKOUT, Observe(("errors",), 600), "bake 10m", ("1",)),
            ReleaseStep("3", CHECKOUT, Ask("sre"), "approval sre", ("2",)),
            ReleaseStep("4", CHECKOUT, Pause(), "pause", ("3",)),
            ReleaseStep("5", CHECKOUT, Write(Swap(CHECKOUT)), "swap", ("4",), exposure=100),
        ),
        "gates": (ERRORS,),
        "approvals": (ApprovalRule("sre", 1, ("sre",)),),
        "command": "qd release start production/checkout",
    }
    return ReleasePlan(**{**values, **more})


@dataclass
class Line:
    seq: int
    at: float
    kind: str
    actor: str
    operation: str
    body: Mapping[str, Any]


@dataclass
class Diary:
    """The lines of one release; times are given."""

    plan: ReleasePlan = field(default_factory=plan)
    lines: list[Line] = field(default_factory=list)
    around: list[Line] = field(default_factory=list)

    def __call__(self, at: float, kind: str, by: str = ITSELF, **body: Any) -> Diary:
        self.lines.append(Line(len(self.lines) + 1, at, kind, by, "r1", to_json(body)))
        return self

    def start(self, reason: str = "release day") -> Diary:
        self(90, "release.planned", ANA, plan="r1", via="cli")
        return self(100, "release.started", ANA, **opening(self.plan, reason, {"az": "ana@contoso"}))

    def step(self, name: str, began: float, ended: float | None = None, detail: str = "read back") -> Diary:
        self(began, "release.step_started", step=name, operation=f"op{name}" if name in ("1", "5") else "")
        return self if ended is None else self(ended, "release.step_done", step=name, detail=detail)

    def sample(self, at: float, verdict: Verdict, value: float | None) -> Diary:
        sample = Sample(at, (Measurement("errors", verdict, value, "said so"),))
        return self(at, "release.sampled", step="2", sample=sample)

    def end(self, at: float, ending: str, detail: str = "", choices: tuple[str, ...] = ()) -> Diary:
        return self(at, "release.ended", ending=ending, detail=detail, choices=choices)

    def told(self, now: float = 9999) -> Report:
        return retell(self.lines, self.around, "shop", now, NO_EVIDENCE)


def finished() -> Diary:
    """Straight to its end: ten seconds of writing, ten minutes of baking, five of a person, one of a pause."""
    diary = Diary().start().step("1", 100, 105).step("2", 105).sample(405, "pass", 0.001)
    diary(705, "release.step_done", step="2", detail="held")
    diary.step("3", 705)
    diary(1000, "release.decided", BO, step="3", decision=Decision(BO, 1000, "approve", "graphs are flat"))
    diary(1005, "release.step_done", step="3", detail="approved by bo@jump").step("4", 1005)
    diary(1065, "release.ordered", ANA, order="promote", step="4", reason="looks well")
    diary(1065, "release.step_done", step="4", detail="promoted").step("5", 1070, 1075)
    return diary.end(1075, "succeeded", "all steps are done")
