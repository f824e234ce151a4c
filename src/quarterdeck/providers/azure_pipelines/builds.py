"""Builds and timelines, in our nouns. Shapes: Microsoft's contracts of builds and timelines, version 7.2.

A YAML run is a build; what it does stands in its timeline: stages, their phases and jobs, and before a stage the
checkpoint with the checks that it waits for. Everything a person may have named is cleaned here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from quarterdeck.fleet.pipelines import PipelineRun, RunPart, RunState
from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure_pipelines.api import Document, part, parts, text, whole
from quarterdeck.providers.azure_pipelines.people import name_of
from quarterdeck.providers.base import ProviderError

OPEN_BUILDS = "notStarted,inProgress,postponed,cancelling"
"""States of builds that haven't ended."""

_STATUS: Mapping[str, RunState] = {
    "notStarted": "queued",
    "postponed": "queued",
    "inProgress": "running",
    "cancelling": "running",
}
_RESULT: Mapping[str, RunState] = {
    "succeeded": "succeeded",
    "partiallySucceeded": "succeeded",
    "succeededWithIssues": "succeeded",
    "failed": "failed",
    "abandoned": "failed",
    "canceled": "cancelled",
    "skipped": "skipped",
}
_HEADS = "refs/heads/"
_APPROVAL = "Checkpoint.Approval"


@dataclass(frozen=True, slots=True)
class Check:
    """A check that a stage waits for: a record of the timeline. `kind` as `Approval`, `TaskCheck`, `Authorization`."""

    id: str
    kind: str
    name: str
    suite: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a run.

    Attributes:
        ref: the name that its YAML gives it.
        checks: those that hold it now.
        approvals: the ids of all that it waited for, or waits for.
        asks: the name of a task in it at which somebody has to look, "" for none.
    """

    name: str
    ref: str
    order: int
    state: RunState
    attempt: int
    started_at: float | None = None
    ended_at: float | None = None
    checks: tuple[Check, ...] = ()
    jobs: tuple[RunPart, ...] = ()
    approvals: tuple[str, ...] = ()
    asks: str = ""

    @property
    def called(self) -> str:
        """Its name; what has none is called by the name in its YAML."""
        return self.name or self.ref


def run_of(document: Document, host: str) -> PipelineRun:
    """A build as a run, without its stages. Raises ProviderError (garbage)."""
    number = document.get("id")
    if not isinstance(number, int):
        raise ProviderError("garbage", f"{host} spoke of a build without an id", "check url")
    status, result = text(document, "status"), text(document, "result")
    state = _RESULT.get(result, "unknown") if status == "completed" else _STATUS.get(status, "unknown")
    about, build = part(document, "triggerInfo"), text(document, "buildNumber", 60)
    return PipelineRun(
        id=str(number),
        name=text(part(document, "definition"), "name", 100),
        number=build or str(number),
        state=state,
        title=text(about, "ci.message") or text(about, "pr.title"),
        ref=text(document, "sourceBranch", 100).removeprefix(_HEADS),
        commit=text(document, "sourceVersion", 64),
        actor=name_of(part(document, "requestedFor")),
        event=text(document, "reason", 40),
        created_at=moment(document.get("queueTime")),
        started_at=moment(document.get("startTime")),
        ended_at=moment(document.get("finishTime")) if status == "completed" else None,
        url=text(part(document, "_links", "web"), "href", 300),
        status=result or status,
    )


def definition_of(document: Document) -> str:
    """The number of the pipeline that a build is one of."""
    return clean(str(part(document, "definition").get("id", "")), 40)


def stages_of(timeline: Any) -> tuple[Stage, ...]:
    """The stages of a timeline in their order. A pipeline without stages has one, without a name of its own."""
    records = parts(timeline, "records") if isinstance(timeline, Mapping) else ()
    children: dict[str, list[Document]] = {}
    for record in records:
        children.setdefault(str(record.get("parentId") or ""), []).append(record)
    found = [_stage(record, children) for record in records if record.get("type") == "Stage"]
    return tuple(sorted(found, key=lambda stage: stage.order))


def with_stages(run: PipelineRun, stages: Sequence[Stage]) -> PipelineRun:
    """A run with its stages as parts, and the jobs of those where they tell more."""
    told = [one for stage in stages for one in _parts(stage)]
    return replace(run, parts=tuple(told), attempt=max((stage.attempt for stage in stages), default=1))


def moment(written: Any) -> float | None:
    """A time as Azure DevOps writes it (UTC, up to seven digits of a second), in UNIX seconds."""
    if not isinstance(written, str):
        return None
    whole, dot, rest = written.partition(".")
    shortened = f"{whole}{dot}{rest.rstrip('Z')[:6]}{'Z' if rest.endswith('Z') else ''}" if dot else written
    try:
        found = datetime.fromisoformat(shortened)
    except (ValueError, OverflowError):
        return None
    return found.timestamp() if found.tzinfo and found.year > 1 else None


def _stage(record: Document, children: Mapping[str, Sequence[Document]]) -> Stage:
    below = tuple(_below(str(record.get("id")), children))
    jobs = [one for one in below if one.get("type") == "Job"]
    checks = tuple(_checks(below))
    state = _state(record)
    name = text(record, "name", 100)
    return Stage(
        name="" if name == "__default" else name,
        ref=text(record, "identifier", 100) or text(record, "refName", 100) or name,
        order=whole(record, "order"),
        state="waiting" if checks and state in ("queued", "running") else state,
        attempt=max(1, whole(record, "attempt")),
        started_at=moment(record.get("startTime")),
        ended_at=moment(record.get("finishTime")),
        checks=checks,
        jobs=tuple(_job(one) for one in sorted(jobs, key=lambda one: whole(one, "order"))),
        approvals=tuple(text(one, "id", 64).lower() for one in below if one.get("type") == _APPROVAL),
        asks=next((text(one, "name", 100) for one in below if _asks(one)), ""),
    )


def _checks(below: Sequence[Document]) -> Iterator[Check]:
    for record in below:
        kind = str(record.get("type") or "")
        if kind.startswith("Checkpoint.") and record.get("state") == "inProgress":
            yield Check(
                id=text(record, "id", 64).lower(),
                kind=kind.partition(".")[2],
                name=text(record, "name", 100),
                suite=str(record.get("parentId") or ""),
            )


def _asks(record: Document) -> bool:
    """Whether it is a task at which a person is to look before the stage goes on. It has no interface to answer it."""
    task = text(part(record, "task"), "name").lower()
    return record.get("type") == "Task" and record.get("state") == "inProgress" and task == "manualvalidation"


def _below(above: str, children: Mapping[str, Sequence[Document]]) -> Iterator[Document]:
    for record in children.get(above, ()):
        yield record
        yield from _below(str(record.get("id")), children)


def _parts(stage: Stage) -> Iterator[RunPart]:
    jobs, name = stage.jobs, stage.name
    if name or not jobs:
        yield RunPart(name or "run", stage.state, stage.started_at, stage.ended_at)
    if len(jobs) > 1 or not name:
        yield from (replace(job, name=f"{name} / {job.name}" if name else job.name) for job in jobs)


def _job(record: Document) -> RunPart:
    state = _state(record)
    ended = moment(record.get("finishTime"))
    return RunPart(text(record, "name", 100), state, moment(record.get("startTime")), ended)


def _state(record: Document) -> RunState:
    match record.get("state"):
        case "pending":
            return "queued"
        case "inProgress":
            return "running"
        case "completed":
            return _RESULT.get(text(record, "result"), "unknown")
    return "unknown"
