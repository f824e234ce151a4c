"""Pipelines as they usually look, and as they look on bad days."""

from __future__ import annotations

from dataclasses import replace

from tests.ui.scenes import FLEET, NOW, READINGS, Scene

from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunPart, RunsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Pipeline, Place

DEPLOY = TargetId("", "deploy", pipeline=True)
INFRA = TargetId("", "infra", pipeline=True)
PIPED = replace(
    FLEET,
    places=(
        *FLEET.places,
        Place("pipelines", DEPLOY, Address("github", {"repository": "contoso/shop", "workflow": "deploy.yml"})),
        Place("pipelines", INFRA, Address("github", {"repository": "contoso/infra", "workflow": ""})),
    ),
    pipelines=(Pipeline("deploy", environments={"live": "production"}), Pipeline("infra")),
)

LIVE = PendingApproval(
    "77",
    "live",
    blocks="deploy to production",
    reviewers=("ana", "team:sre"),
    may_decide=True,
    since=NOW - 1500,
    expires_at=NOW + 29 * 86400,
)
DATA = PendingApproval("78", "data", "approval", "migrate", ("ben",), False, NOW - 300, opens_at=NOW + 420)
TIMER = PendingApproval("79", "staging", "timer", since=NOW - 60, opens_at=NOW + 240)


def run(number: int, **more: object) -> PipelineRun:
    """A run of `deploy` that went well; `more` is what is different."""
    known = PipelineRun(
        id=str(9000 + number),
        name="Deploy",
        number=str(number),
        state="succeeded",
        title="Round taxes per line, not per basket",
        ref="main",
        commit="3f1c0a52be77",
        actor="ben",
        event="push",
        created_at=NOW - 86400 + number * 600,
        started_at=NOW - 86400 + number * 600,
        ended_at=NOW - 86400 + number * 600 + 200,
        url=f"https://github.com/contoso/shop/actions/runs/{9000 + number}",
        status="success",
    )
    return replace(known, **more)  # type: ignore[arg-type]


PARTS = (
    RunPart("build", "succeeded", NOW - 1700, NOW - 1660),
    RunPart("test", "succeeded", NOW - 1660, NOW - 1585),
    RunPart("deploy to production", "waiting"),
)
WAITING = run(
    142, state="waiting", status="waiting", title="Ask the bank only once", actor="chen", created_at=NOW - 1800,
    started_at=NOW - 1800, ended_at=None, waits=(LIVE,), parts=PARTS,
)  # fmt: skip
HALF_WAY = (RunPart("build", "succeeded", NOW - 66, NOW - 26), RunPart("test", "running", NOW - 26))
RUNNING = run(
    143, state="running", status="in_progress", title="Log less while probing", created_at=NOW - 70,
    started_at=NOW - 70, ended_at=None, parts=HALF_WAY,
)  # fmt: skip
FAILED = run(141, state="failed", status="failure", title="Update dependencies", attempt=2, created_at=NOW - 7200)
RUNS = RunsReading((RUNNING, WAITING, FAILED, run(140), run(139, state="cancelled", status="cancelled")))


def piped(scene: Scene, runs: RunsReading = RUNS) -> Scene:
    """A fleet with two pipelines; nothing ran in the second."""
    readings = {**READINGS, "pipelines/pipeline:deploy": runs, "pipelines/pipeline:infra": RunsReading(())}
    scene.publish(PIPED, readings)
    return scene
