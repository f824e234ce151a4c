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


# --- five hosts -------------------------------------------------------------------------------------------------------
_HOSTS = {
    "web": Address("github", {"repository": "contoso/web", "workflow": "deploy.yml"}),
    "apps": Address("devops", {"project": "Shop", "pipeline": "deploy"}),
    "billing": Address("devops", {"project": "Shop", "release_definition": "Billing"}),
    "api": Address("jenkins", {"job": "shop/api"}),
    "mobile": Address("circle", {"project": "gh/contoso/mobile", "workflow": "release"}),
    "nightly": Address("buildbot", {"builder": "nightly"}),
}
MIXED = replace(
    FLEET,
    places=(*FLEET.places, *(Place("pipelines", TargetId("", name, pipeline=True), at) for name, at in _HOSTS.items())),
    pipelines=tuple(Pipeline(name, environments={"Live": "production", "live": "production"}) for name in _HOSTS),
)


def _waiting(host: str, number: int, minutes: int, *waits: PendingApproval, **more: object) -> PipelineRun:
    since = NOW - 60 * minutes
    url = f"https://{host}.example/runs/{number}"
    about = {"state": "waiting", "status": "waiting", "url": url, **more}
    return run(number, created_at=since, started_at=since, ended_at=None, waits=waits, **about)


def _of(minutes: int, key: str, environment: str, **more: object) -> PendingApproval:
    return replace(PendingApproval(key, environment, since=NOW - 60 * minutes), **more)  # type: ignore[arg-type]


_TWO = _of(
    90, "a1", "Live", blocks="stage Live: environment live", reviewers=("Ben", "Chen", "[Shop]\\Release Managers"),
    may_decide=True, expires_at=NOW + 3 * 3600, given=("Ana",), needed=2, note="Check the error budget first",
)  # fmt: skip
_LOCK = _of(
    8,
    "c1",
    "Live",
    kind="lock",
    blocks="stage Live: environment live",
    expires_at=NOW + 86400,
    note="held by deploy #211",
)
_HOURS = _of(30, "c2", "Live", kind="check", blocks="stage Live", note="Business Hours: 09:00 to 17:00, Berlin")
_FORM = _of(55, "i1", "Region", kind="input", blocks="the rest of Region", note="Which region?", asks=("REGION",))
_THEIRS = _of(25, "w1", "live", reviewers=("team:payments",), may_decide=False, blocks="deploy", expires_at=NOW + 9e5)
_TIMER = _of(4, "w2", "eu", kind="timer", opens_at=NOW + 660, expires_at=NOW + 9e5, blocks="deploy-eu")
_HOLD = _of(120, "j1", "hold-production", blocks="deploy-production, notify")
_BUILDS = _of(3, "locks", "", kind="lock", blocks="its build", note="waits for the lock of the staging database")
_CLASSIC = _of(
    200, "71", "Live", reviewers=("[Shop]\\Sre",), blocks="Live", expires_at=NOW + 1500, note="Live: is it good?"
)
_BY_HAND = _of(
    15,
    "m9",
    "Live",
    kind="input",
    blocks="the rest of Live",
    note="Look at the dashboards for ten minutes, then resume",
)

WAITS: dict[str, tuple[PipelineRun, ...]] = {
    "web": (
        run(310, state="running", status="in_progress", created_at=NOW - 600, started_at=NOW - 600, ended_at=None),
        _waiting("web", 309, 30, _THEIRS, title="Checkout in two columns", actor="dora"),
        _waiting("web", 308, 45, _TIMER, title="Smaller pictures", ref="eu"),
        _waiting("web", 307, 70, _of(70, "w3", "live", reviewers=("ana",), may_decide=True, blocks="deploy",
                                     expires_at=NOW + 8e5), title="Fewer cookies", actor="ben"),
    ),
    "apps": (
        _waiting("apps", 212, 95, _TWO, _HOURS, title="Take orders twice as fast", actor="chen"),
        _waiting("apps", 213, 10, _LOCK, title="Log less", ref="release/7"),
    ),
    "billing": (
        _waiting("billing", 40, 210, _CLASSIC, title="", ref="", commit="", actor="Ben", event="manual"),
        _waiting("billing", 41, 20, _BY_HAND, title="VAT of 2027", ref="", commit="", actor="Ana", event="manual"),
    ),
    "api": (
        _waiting("api", 17, 60, _FORM, title="", commit="", ref="", actor="ben"),
        _waiting("api", 16, 80, _of(80, "i2", "Production", kind="input", blocks="the rest of Production",
                                    note="Roll it out?"), title="", commit="", ref="", actor="ana"),
    ),
    "mobile": (_waiting("mobile", 88, 125, _HOLD, title="Dark mode [beta]", actor="eve", ref="main"),),
    "nightly": (
        _waiting("nightly", 5, 3, _BUILDS, state="queued", title="forced by ben", commit="", ref="", actor="ben"),
    ),
}  # fmt: skip
"""Twelve things that runs wait for, of which four ask nobody."""


def mixed(scene: Scene) -> Scene:
    """A fleet whose pipelines live on five hosts."""
    readings = {f"pipelines/pipeline:{name}": RunsReading(runs) for name, runs in WAITS.items()}
    scene.publish(MIXED, {**READINGS, **readings})
    return scene
