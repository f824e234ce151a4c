"""Classic releases, in our nouns. Shapes: Microsoft's published examples of the Release interface.

A release is a run; its stages (environments) are the parts. Each person or group that is asked before a stage or after
it has an approval of its own: one wait is told for all of them, with the id of the one that we would give.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunPart, RunState
from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure_pipelines.api import Document, minutes, part, parts, text, whole
from quarterdeck.providers.azure_pipelines.builds import moment
from quarterdeck.providers.azure_pipelines.people import id_of, name_of
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.run_action import Decision
from quarterdeck.release.run_survey import Review

INTERVENTION = "intervention:"
"""What the id of a wait for a manual intervention begins with; that of an approval is its number."""

_STATES: Mapping[str, RunState] = {
    "inProgress": "running",
    "queued": "queued",
    "scheduled": "queued",
    "succeeded": "succeeded",
    "partiallySucceeded": "succeeded",
    "rejected": "failed",
    "canceled": "cancelled",
    "notStarted": "skipped",
    "undefined": "unknown",
}
_DECISIONS: Mapping[str, Decision] = {"approved": "approve", "rejected": "reject"}
_WHEN = {"preDeploy": ("preDeployApprovals", "preApprovalsSnapshot", "{}"),
         "postDeploy": ("postDeployApprovals", "postApprovalsSnapshot", "what comes after {}")}  # fmt: skip
_GATES = (("preDeploymentGates", "before"), ("postDeploymentGates", "after"))


def release_of(document: Document, host: str, me: str, interventions: Sequence[Document] = ()) -> PipelineRun:
    """A release with what it waits for. `me` is the id of our identity. Raises ProviderError (garbage)."""
    number = document.get("id")
    if not isinstance(number, int):
        raise ProviderError("garbage", f"{host} spoke of a release without an id", "check url")
    stages = stages_of(document)
    waits = tuple(_waits(stages, me, interventions))
    state = _state(document, stages, waits)
    source = part(next(iter(parts(document, "artifacts")), {}), "definitionReference")
    ended = [moment(_last(stage).get("lastModifiedOn")) for stage in stages]
    times = [one for one in ended if one is not None]
    return PipelineRun(
        id=str(number),
        name=text(part(document, "releaseDefinition"), "name", 100),
        number=text(document, "name", 60) or str(number),
        state=state,
        title=text(document, "description"),
        ref=text(part(source, "branch"), "name", 100).removeprefix("refs/heads/"),
        commit=text(part(source, "sourceVersion"), "id", 64),
        actor=name_of(part(document, "createdBy")),
        event=text(document, "reason", 40),
        created_at=moment(document.get("createdOn")),
        started_at=moment(document.get("createdOn")),
        ended_at=max(times, default=None) if state not in ("waiting", "running", "queued") else None,
        url=text(part(document, "_links", "web"), "href", 300),
        attempt=max((attempt_of(stage) for stage in stages), default=1),
        status=text(document, "status", 40),
        waits=waits,
        parts=tuple(_part(stage) for stage in stages),
    )


def stages_of(document: Document) -> list[Document]:
    """The stages of a release in their order."""
    return sorted(parts(document, "environments"), key=lambda stage: whole(stage, "rank"))


def attempt_of(stage: Document) -> int:
    """How often it has been deployed; 1 if it hasn't been."""
    return max((whole(step, "attempt", 1) for step in parts(stage, "deploySteps")), default=1)


def reviews_of(document: Document, interventions: Sequence[Document]) -> Iterator[Review]:
    """What was decided about a release, oldest first."""
    said = [
        (str(one.get("modifiedOn") or ""), _id(one), one, stage, part(one, "approvedBy"))
        for stage in stages_of(document)
        for key, _, _ in _WHEN.values()
        for one in parts(stage, key)
        if one.get("isAutomated") is not True
    ]
    said += [
        (str(one.get("modifiedOn") or ""), f"{INTERVENTION}{_id(one)}", one, part(one, "releaseEnvironment"),
         part(one, "approver"))
        for one in interventions
    ]  # fmt: skip
    for _, wait, one, stage, by in sorted(said, key=lambda it: it[:2]):
        if decision := _DECISIONS.get(str(one.get("status"))):
            yield Review(wait, decision, text(stage, "name", 100), name_of(by), text(one, "comments", 300))


def _state(document: Document, stages: Sequence[Document], waits: Sequence[PendingApproval]) -> RunState:
    if document.get("status") == "abandoned":
        return "cancelled"
    states = {_STATES.get(str(stage.get("status")), "unknown") for stage in stages}
    order: tuple[RunState, ...] = ("running", "queued", "failed", "cancelled", "succeeded", "unknown")
    return "waiting" if waits else next((state for state in order if state in states), "skipped")


def _waits(stages: Sequence[Document], me: str, interventions: Sequence[Document]) -> Iterator[PendingApproval]:
    for stage in stages:
        for kind in _WHEN:
            yield from _approval(stage, kind, me)
        yield from _gates(stage)
    for one in interventions:
        if one.get("status") == "pending":
            name = text(part(one, "releaseEnvironment"), "name", 100)
            yield PendingApproval(
                id=f"{INTERVENTION}{_id(one)}",
                environment=name,
                kind="input",
                blocks=f"the rest of {name}",
                since=moment(one.get("createdOn")),
                note=text(one, "instructions"),
            )


def _approval(stage: Document, kind: str, me: str) -> Iterator[PendingApproval]:
    key, snapshot, blocks = _WHEN[kind]
    asked = [one for one in parts(stage, key) if one.get("isAutomated") is not True]
    attempt = max((whole(one, "attempt", 1) for one in asked), default=1)
    now = [one for one in asked if whole(one, "attempt", 1) == attempt]
    pending = [one for one in now if one.get("status") == "pending"]
    if not pending:
        return
    ours = next((one for one in pending if me and id_of(part(one, "approver")) == me), None)
    group = next((one for one in pending if part(one, "approver").get("isContainer") is True), None)
    options, name = part(stage, snapshot, "approvalOptions"), text(stage, "name", 100)
    created, limit = moment(pending[0].get("createdOn")), minutes(options, "timeoutInMinutes")
    needed = whole(options, "requiredApproverCount")
    given = tuple(name_of(part(one, "approvedBy")) for one in now if one.get("status") == "approved")
    yield PendingApproval(
        id=_id(ours or group or pending[0]),
        environment=name,
        blocks=blocks.format(name),
        reviewers=tuple(name_of(part(one, "approver")) for one in pending),
        # A group's approval may be ours: Azure DevOps doesn't tell who is in it.
        may_decide=True if ours else None if group or not me else False,
        since=created,
        expires_at=created + limit if created is not None and limit is not None else None,
        given=given,
        needed=needed if needed > 0 else len(now),
        note="" if kind == "preDeploy" else f"{name} is deployed: is it good?",
    )


def _gates(stage: Document) -> Iterator[PendingApproval]:
    for key, when in _GATES:
        gates = part(_last(stage), key)
        if gates.get("status") in ("pending", "inProgress"):
            name = text(stage, "name", 100)
            yield PendingApproval(
                id=f"gates:{_id(gates)}",
                environment=name,
                kind="check",
                blocks=name if when == "before" else f"what comes after {name}",
                since=moment(gates.get("startedOn")),
                note=f"the gates {when} {name}",
            )


def _last(stage: Document) -> Document:
    return max(parts(stage, "deploySteps"), key=lambda step: whole(step, "attempt", 1), default={})


def _part(stage: Document) -> RunPart:
    state = _STATES.get(str(stage.get("status")), "unknown")
    asked = any(one.get("status") == "pending" for key, _, _ in _WHEN.values() for one in parts(stage, key))
    last = _last(stage)
    return RunPart(
        text(stage, "name", 100),
        "waiting" if asked else state,
        moment(last.get("queuedOn")),
        moment(last.get("lastModifiedOn")) if state not in ("running", "queued") else None,
    )


def _id(document: Document) -> str:
    return clean(str(document.get("id", "")), 40)
