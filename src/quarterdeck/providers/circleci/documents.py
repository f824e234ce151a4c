"""CircleCI's JSON, in our nouns. Shapes: the published description of API v2 (Pipeline, Workflow, Job).

A pipeline is what a push or an order sets off; it has workflows, and a run here is one of these by its name:
`412.release` is the workflow `release` of pipeline 412. Run again it is another workflow of that name in the same
pipeline, which makes it another attempt of the same run.

Everything a person may have named is cleaned here; a document that isn't what it should be is garbage, never a crash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunPart, RunState
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.run_survey import Review

Document = Mapping[str, Any]

ON_HOLD = "on_hold"

_WORKFLOW: Mapping[str, RunState] = {
    "success": "succeeded",
    "running": "running",
    "not_run": "skipped",
    "failed": "failed",
    "error": "failed",
    "failing": "running",
    ON_HOLD: "waiting",
    "canceled": "cancelled",
    "unauthorized": "failed",
}
_JOB: Mapping[str, RunState] = {
    "success": "succeeded",
    "running": "running",
    "not_run": "skipped",
    "failed": "failed",
    "retried": "failed",
    "queued": "queued",
    "not_running": "queued",
    "infrastructure_fail": "failed",
    "timedout": "failed",
    ON_HOLD: "waiting",
    "terminated-unknown": "failed",
    "blocked": "queued",
    "canceled": "cancelled",
    "unauthorized": "failed",
}
_PIPELINE: Mapping[str, RunState] = {
    "created": "queued",
    "setup-pending": "queued",
    "setup": "queued",
    "pending": "queued",
    "errored": "failed",
}


def items(body: Any, host: str) -> Sequence[Document]:
    """A page of a list. Raises ProviderError (garbage)."""
    found = body.get("items") if isinstance(body, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(one, Mapping) and one.get("id") for one in found):
        message = f"{host} didn't answer as CircleCI does"
        raise ProviderError("garbage", message, "check url: is that CircleCI's API v2?")
    return found


def number_of(pipeline: Document, host: str) -> int:
    """A pipeline's number in its project. Raises ProviderError (garbage)."""
    number = pipeline.get("number")
    if not isinstance(number, int):
        raise ProviderError("garbage", f"{host} spoke of a pipeline without a number", "check url")
    return number


def branch_of(pipeline: Document) -> str:
    """What a pipeline runs on: a branch, or a tag."""
    vcs = _inside(pipeline, "vcs")
    return text(vcs, "branch", 100) or text(vcs, "tag", 100)


def run_id(number: int, workflow: str = "") -> str:
    """What a run is called: without a slash, as that ends the name of a run, and without what a shell would take for
    something else."""
    return f"{number}.{quote(workflow, safe='')}" if workflow else str(number)


def parts_of(run: str) -> tuple[str, str]:
    """The number of a pipeline and the name of its workflow ("" if it has none). Raises ProviderError (not_found)."""
    number, _, workflow = run.partition(".")
    if not number.isdecimal():
        message = f"{clean(run, 60)!r} is no run of CircleCI"
        raise ProviderError("not_found", message, "a run is called NUMBER.WORKFLOW: see qd pipelines")
    return number, unquote(workflow)


def runs_of(pipeline: Document, workflows: Sequence[Document], host: str) -> list[PipelineRun]:
    """The runs of a pipeline: its newest workflow of each name, without their jobs; itself where it has none."""
    if not workflows:
        return [without_workflow(pipeline, host)]
    by_name: dict[str, list[Document]] = {}
    for workflow in sorted(workflows, key=lambda one: moment(one.get("created_at")) or 0.0):
        by_name.setdefault(text(workflow, "name", 100), []).append(workflow)
    return [_run(pipeline, attempts[-1], len(attempts), host) for attempts in by_name.values()]


def newest_of(workflows: Sequence[Document], name: str) -> Document | None:
    """The last attempt of a workflow."""
    named = [one for one in workflows if text(one, "name", 100) == name]
    return max(named, key=lambda one: moment(one.get("created_at")) or 0.0, default=None)


def without_workflow(pipeline: Document, host: str) -> PipelineRun:
    """A pipeline as a run: it is being set up, its configuration is wrong, or what is meant is the whole of it."""
    number = number_of(pipeline, host)
    errors = pipeline.get("errors")
    wrong = [text(one, "message") for one in errors if isinstance(one, Mapping)] if isinstance(errors, list) else []
    trigger, vcs = _inside(pipeline, "trigger"), _inside(pipeline, "vcs")
    state: RunState = "failed" if wrong else _PIPELINE.get(text(pipeline, "state", 40), "unknown")
    return PipelineRun(
        id=str(number),
        name="",
        number=str(number),
        state=state,
        title="; ".join(wrong) or text(_inside(vcs, "commit"), "subject"),
        ref=branch_of(pipeline),
        commit=text(vcs, "revision", 64),
        actor=text(_inside(trigger, "actor"), "login", 60),
        event=text(trigger, "type", 40),
        created_at=moment(pipeline.get("created_at")),
        status=text(pipeline, "state", 40),
    )


def part_of(job: Document) -> RunPart:
    """A job."""
    state = _JOB.get(text(job, "status", 40), "unknown")
    return RunPart(text(job, "name", 100), state, moment(job.get("started_at")), moment(job.get("stopped_at")))


def waits_of(jobs: Sequence[Document]) -> tuple[PendingApproval, ...]:
    """The approval jobs that are on hold. CircleCI names nobody who may approve: whoever may write to the project."""
    return tuple(_wait(job, jobs) for job in jobs if is_on_hold(job))


def is_on_hold(job: Document) -> bool:
    """Whether a job waits for somebody's approval."""
    return job.get("type") == "approval" and job.get("status") == ON_HOLD


def review_of(job: Document) -> tuple[Review, str] | None:
    """What was said about an approval job, and the id of who said it. Who cancels its workflow rejects it."""
    if job.get("type") != "approval":
        return None
    identity, name = text(job, "id", 60), text(job, "name", 100)
    if job.get("approved_by") or job.get("status") == "success":
        return Review(identity, "approve", name), text(job, "approved_by", 60)
    if job.get("status") == "canceled":
        return Review(identity, "reject", name), text(job, "canceled_by", 60)
    return None


def moment(said: Any) -> float | None:
    """A time as CircleCI writes it, in UNIX seconds."""
    try:
        return datetime.fromisoformat(str(said)).timestamp() if said else None
    except (ValueError, OverflowError):
        return None


def text(document: Document, key: str, limit: int = 200) -> str:
    """A text in a document, clean; "" if it isn't there."""
    value = document.get(key)
    return clean(value, limit) if isinstance(value, str) else ""


def _run(pipeline: Document, workflow: Document, attempt: int, host: str) -> PipelineRun:
    whole, name = without_workflow(pipeline, host), text(workflow, "name", 100)
    status = text(workflow, "status", 40)
    state = _WORKFLOW.get(status, "unknown")
    began, ended = moment(workflow.get("created_at")), moment(workflow.get("stopped_at"))
    return PipelineRun(
        id=run_id(int(whole.number), name),
        name=name,
        number=whole.number,
        state=state,
        title=whole.title,
        ref=whole.ref,
        commit=whole.commit,
        actor=whole.actor,
        event=whole.event,
        created_at=began or whole.created_at,
        started_at=began,
        ended_at=None if state in ("running", "waiting") else ended,
        url=f"https://app.circleci.com/workflow/{quote(text(workflow, 'id', 60))}" if "circleci.com" in host else "",
        attempt=attempt,
        status=status,
    )


def _wait(job: Document, jobs: Sequence[Document]) -> PendingApproval:
    identity = text(job, "id", 60)
    ready = [moment(one.get("stopped_at")) for one in jobs if one.get("id") in (job.get("dependencies") or ())]
    since = moment(job.get("started_at")) or max((when for when in ready if when is not None), default=None)
    blocks = [text(one, "name", 100) for one in jobs if identity in (one.get("dependencies") or ())]
    return PendingApproval(
        id=identity,
        environment=text(job, "name", 100),
        kind="approval",
        blocks=", ".join(blocks),
        since=since,
    )


def _inside(document: Document, key: str) -> Document:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}
