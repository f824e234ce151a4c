"""Releases in every state, written into the store as the runner writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.ui.scenes import CHECKOUT, NOW, Scene

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Shift, Swap
from quarterdeck.release.approval import ApprovalRule, Decision
from quarterdeck.release.gate import GateSpec, Measurement, Sample, Verdict
from quarterdeck.release.guards import Debt, Hold
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
    Work,
    Write,
    wish_line,
)
from quarterdeck.release.rollout import opening
from quarterdeck.release.rules import Route, Rulebook, Window
from quarterdeck.release.strategy import BakeStep, DeployStep, Strategy, SwapStep, WeightStep
from quarterdeck.store.base import Draft

PAYMENTS = TargetId("production", "payments")

ERROR_RATE = GateSpec(
    "error-rate", "metric", "metrics", success="result < 0.01", interval=30, count=5, failure_limit=1
)  # fmt: skip
LATENCY = GateSpec("latency", "metric", "metrics", success="result < 300", interval=30, count=3)
SRE = ApprovalRule("sre", required=2, groups=("sre",), expires_after=86_400, note="look at the error budget first")

RULES = Rulebook(
    strategies=(
        Strategy("careful", (DeployStep(), WeightStep({"": 5}), BakeStep(600, ("error-rate",)), SwapStep())),
        Strategy("blue-green", (SwapStep("preview"), SwapStep("complete"))),
    ),
    gates=(ERROR_RATE, LATENCY),
    approvals=(SRE,),
    routes=(Route(CHECKOUT, "blue-green", needs=()), Route(PAYMENTS, "careful")),
    groups={"sre": ("ana", "ben", "cem")},
    windows=(
        Window("weekend", environments=("production",), since=NOW + 8040, until=NOW + 200_000, reason="nobody is here"),
    ),
)


def step(
    number: int, work: Work, summary: str, ring: str = "", *, target: TargetId = CHECKOUT, exposure: float | None = None
) -> ReleaseStep:
    needs = (str(number - 1),) if number > 1 else ()
    return ReleaseStep(str(number), target, work, summary, needs, ring, exposure=exposure)


CANARY = (
    step(1, Write(Shift(CHECKOUT, {"staging": 5})), "send 5% of new clients to 2.15.0", "canary", exposure=5),
    step(2, Observe(("error-rate",), 600), "bake 10 min under error-rate", "canary"),
    step(3, Write(Shift(CHECKOUT, {"staging": 25})), "send 25% of new clients to 2.15.0", "early", exposure=25),
    step(4, Observe(("error-rate", "latency"), 600), "bake 10 min under error-rate, latency", "early"),
    step(5, Ask("sre"), "approval: sre", "broad"),
    step(6, Write(Swap(CHECKOUT)), "swap staging into production", "broad", exposure=100),
    step(7, Pause(900), "wait 15 min", "broad"),
)


def release_plan(release: str = "k7f2", **more: Any) -> ReleasePlan:
    """A canary with something in every section."""
    wish = Wish((CHECKOUT,), strategy="careful")
    whole = ReleasePlan(
        id=release,
        request="r9",
        wish=wish,
        members=(Member(CHECKOUT, "2.15.0", "2.14.3", "careful"),),
        steps=CANARY,
        gates=(ERROR_RATE, LATENCY),
        approvals=(SRE,),
        risks=(
            Risk("warning", "pinned", "who has a routing cookie stays where it is for up to an hour after a step back"),
            Risk("info", "one-by-one", "regions are swapped one after the other"),
        ),
        fuse=Fuse(True, "traffic back to 2.14.3", 5, "", "somebody deploys to staging"),
        who_feels_it="5% of new clients of checkout, then 25%, then everybody",
        exposure=100,
        command=wish_line(wish),
        type_to_confirm="production",
        made_at=NOW,
        expires_at=NOW + 300,
    )
    return replace(whole, **more)


class Voyage:
    """One release's way through the journal."""

    def __init__(
        self, scene: Scene, plan: ReleasePlan | None = None, *, ago: float = 1500, actor: str = "ana@jump1",
        reason: str = "release day",
    ) -> None:  # fmt: skip
        self.scene, self.plan = scene, plan or release_plan()
        self.note("started", ago=ago, actor=actor, **opening(self.plan, reason, {}))

    def note(self, kind: str, *, ago: float = 0, actor: str = "runner@jump1", **body: Any) -> Voyage:
        draft = Draft(f"release.{kind}", actor, self.plan.id, str(self.plan.members[0].target), to_json(body))
        self.scene.record(draft, ago=ago)
        return self

    def done(self, *steps: str, ago: float = 1400, detail: str = "read back") -> Voyage:
        for one in steps:
            self.note("step_started", ago=ago + 5, step=one, operation=self._operation(one))
            self.note("step_done", ago=ago, step=one, detail=detail)
        return self

    def begun(self, one: str, *, ago: float = 60, until: float | None = None, detail: str = "") -> Voyage:
        return self.note("step_started", ago=ago, step=one, operation=self._operation(one), until=until, detail=detail)

    def sampled(self, one: str, *, ago: float = 12, **gates: tuple[Verdict, float | None]) -> Voyage:
        """`gates`: verdict and value by gate, dashes as underscores."""
        told = {"fail": "above the limit", "no_data": "the query found no series", "stale": "last value 9 min old"}
        sample = Sample(
            NOW - ago,
            tuple(
                Measurement(name.replace("_", "-"), verdict, value, told.get(verdict, ""))
                for name, (verdict, value) in gates.items()
            ),
        )
        return self.note("sampled", ago=ago, step=one, sample=sample)

    def decided(self, one: str, by: str, verdict: str = "approve", reason: str = "", *, ago: float = 40) -> Voyage:
        decision = Decision(by, NOW - ago, verdict, reason)  # type: ignore[arg-type]
        return self.note("decided", ago=ago, actor=by, step=one, decision=decision)

    def _operation(self, one: str) -> str:
        found = self.plan.step(one)
        return f"op-{self.plan.id}-{one}" if found is not None and isinstance(found.work, Write) else ""


def baking(scene: Scene) -> Voyage:
    """A canary at 25%, in the middle of its second bake; one gate is well, the other has no data yet."""
    voyage = Voyage(scene).done("1", "2", "3", ago=900)
    voyage.begun("4", ago=228, until=NOW + 372)
    voyage.sampled("4", ago=72, error_rate=("pass", 0.0042), latency=("no_data", None))
    voyage.sampled("4", ago=42, error_rate=("pass", 0.0038), latency=("stale", 212))
    return voyage.sampled("4", ago=12, error_rate=("pass", 0.0041), latency=("pass", 231))


def waiting(scene: Scene) -> Voyage:
    """It waits for two of the watch; one has said yes."""
    voyage = Voyage(scene).done("1", "2", "3", "4", ago=900)
    voyage.sampled("4", ago=910, error_rate=("pass", 0.0041), latency=("pass", 231))
    voyage.begun("5", ago=1260)
    return voyage.decided("5", "ben@jump2", reason="graphs are flat")


def recovering(scene: Scene) -> Voyage:
    """The error rate failed at 25%, and traffic goes back."""
    voyage = Voyage(scene).done("1", "2", "3", ago=400)
    voyage.begun("4", ago=200, until=NOW + 400)
    voyage.sampled("4", ago=90, error_rate=("pass", 0.0091), latency=("pass", 244))
    voyage.sampled("4", ago=60, error_rate=("fail", 0.031), latency=("pass", 251))
    voyage.sampled("4", ago=30, error_rate=("fail", 0.046), latency=("stale", 251))
    voyage.note("step_failed", ago=30, step="4", detail="error-rate is 0.046, should be below 0.01: 2 failed, 1 may")
    voyage.note("recovering", ago=29, why="gate error-rate failed in step 4: 0.046", steps=["3", "1"], to="")
    voyage.note("step_undoing", ago=28, step="3", operation="op-back-3")
    voyage.note("step_undone", ago=10, step="3", detail="read back: staging gets 5%")
    return voyage.note("step_undoing", ago=9, step="1", operation="op-back-1")


def rolled_back(scene: Scene) -> Voyage:
    """The same, over."""
    voyage = recovering(scene).note("step_undone", ago=5, step="1", detail="read back: staging gets nothing")
    detail = "gate error-rate failed in step 4; all steps were taken back"
    return voyage.note("ended", ago=4, ending="rolled_back", detail=detail, choices=[])


def stuck(scene: Scene) -> Voyage:
    """A write is in doubt, and nobody but a person can tell."""
    voyage = (
        Voyage(scene).done("1", "2", "3", ago=400).begun("4", ago=300).note("step_done", ago=200, step="4", detail="")
    )
    voyage.begun("5", ago=200).decided("5", "ben@jump2").decided("5", "cem@jump3")
    voyage.note("step_done", ago=30, step="5", detail="approved by ben and cem").begun("6", ago=29)
    voyage.note("step_failed", ago=20, step="6", detail="northeurope was swapped, westeurope is in doubt")
    return voyage.note(
        "ended", ago=20, ending="needs_operator", detail="step 6 is half done: westeurope is in doubt",
        choices=["retry", "skip", "abort", "abandon"],
    )  # fmt: skip


def hotfix(scene: Scene) -> Voyage:
    """A fix on its way, with debts of the one before."""
    path = HotfixPath(
        "a1b2c3d",
        (
            Skipped("gate", "latency", ("sre",), "gate latency is not asked (by authority of sre)"),
            Skipped("environment", "staging", ("sre",), "staging is left out (by authority of sre)"),
        ),
        ("gate error-rate stays: nobody may skip it",),
    )
    wish = Wish((PAYMENTS,), "4.0.2", hotfix=True, ref="a1b2c3d")
    steps = (
        step(1, Write(Swap(PAYMENTS)), "swap staging into production", target=PAYMENTS, exposure=100),
        step(2, Observe(("error-rate",), 300), "bake 5 min under error-rate", target=PAYMENTS),
    )
    plan = release_plan(
        "h5x1", wish=wish, members=(Member(PAYMENTS, "4.0.2", "4.0.0", "hotfix"),), steps=steps, gates=(ERROR_RATE,),
        approvals=(), hotfix=path, command=wish_line(wish), exposure=100,
        overrides=("production is frozen by ben@jump2: quarter's end",),
    )  # fmt: skip
    owe(scene, Debt("d1", "merge_back", CHECKOUT, "merge 77ab12 back into main", "h4", "ana@jump1", NOW - 90_000))
    owe(scene, Debt("d2", "skipped_gate", CHECKOUT, "run gate latency for 2.14.3", "h4", "ana@jump1", NOW - 90_000))
    voyage = Voyage(scene, plan, ago=140, reason="payments fail for eu cards").done("1", ago=60)
    voyage.begun("2", ago=55, until=NOW + 245)
    return voyage.sampled("2", ago=20, error_rate=("pass", 0.002))


def confirming(scene: Scene) -> Voyage:
    """All is done, and taken back unless somebody confirms."""
    plan = release_plan(
        "c0nf", steps=(step(1, Write(Swap(CHECKOUT)), "swap staging into production", exposure=100),), gates=()
    )
    return Voyage(scene, plan, ago=300).done("1", ago=48).note("confirming", ago=48, until=NOW + 252)


def owe(scene: Scene, debt: Debt) -> None:
    scene.record(Draft("debt.owed", debt.by, debt.release, "", to_json({"debt": debt})))


def place(scene: Scene, hold: Hold) -> None:
    scene.record(Draft("hold.placed", hold.by, "", "", to_json({"hold": hold})))


def frozen(scene: Scene) -> Voyage:
    """Production is frozen, and a release can't go on; the conn is somebody else's."""
    voyage = Voyage(scene).done("1", "2", ago=700)
    scene.record(
        Draft("conn.taken", "ben@jump2", "", "", {"scope": "production", "reason": "quarter's end", "from": ""})
    )
    place(scene, Hold("f1", "freeze", "production", "ben@jump2", "quarter's end", NOW - 600, NOW + 5400))
    place(scene, Hold("s1", "stop", "*", "cem@jump3", "database is slow", NOW - 60))
    return voyage


def govern(scene: Scene, rules: Rulebook = RULES) -> None:
    scene.store.put_rules(rules, scene.lease)


def past(scene: Scene) -> None:
    """Two releases of yesterday."""
    for number, (ending, detail) in enumerate(
        (("succeeded", "every step is through"), ("failed", "refused by policy"))
    ):
        ago = 90_000 - number * 4000
        plan = release_plan(f"p{number}", steps=CANARY[:2])
        voyage = Voyage(scene, plan, ago=ago, actor="ben@jump2", reason="")
        if ending == "succeeded":
            voyage.done("1", "2", ago=ago - 900)
        voyage.note("ended", ago=ago - 1000, ending=ending, detail=detail, choices=[])


SCENES: Mapping[str, Callable[[Scene], Voyage]] = {
    "baking": baking, "waiting": waiting, "recovering": recovering, "rolled-back": rolled_back, "stuck": stuck,
    "hotfix": hotfix, "frozen": frozen, "confirming": confirming,
}  # fmt: skip


def sail(scene: Scene, name: str) -> None:
    """A fleet, its rules, its past, and one release in the named state."""
    scene.publish()
    govern(scene)
    past(scene)
    SCENES[name](scene)
