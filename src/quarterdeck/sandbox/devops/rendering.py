"""Azure Pipelines' documents, in the shapes of its published contracts and examples: builds, runs, timelines,
approvals, checks, variable groups.

What the world calls a repository is a project here, a workflow a pipeline, a job a stage with one job of its name.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from quarterdeck.sandbox.world.workflows import (
    Account,
    Job,
    ProtectedEnvironment,
    Repository,
    Reviewed,
    Run,
    Workflow,
)

Document = dict[str, Any]

APPROVAL, LOCK, TASK = "Approval", "ExclusiveLock", "Task Check"
_TYPES = {
    APPROVAL: "8c6f20a7-a545-4486-9777-f762fafe0d4d",
    TASK: "fe1de3ee-a436-41b4-bb20-f6eb4cb879a7",
    LOCK: "2ef31ad6-baa0-403a-8b45-2cbc9b4e5563",
}
_RESULTS = {"success": "succeeded", "failure": "failed", "cancelled": "canceled", "skipped": "skipped"}


def when(moment: float | None) -> str | None:
    """A time as Azure DevOps writes it: UTC, with seven digits of a second."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def identity_id(login: str) -> str:
    """The id of whoever signs in under a name, or of a group."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, login.lower()))


def person(login: str) -> Document:
    """An IdentityRef; of a group for `team:NAME`."""
    team = login.startswith("team:")
    name = f"[contoso]\\{login.removeprefix('team:')}" if team else login
    found: Document = {"displayName": name, "id": identity_id(login), "uniqueName": name, "descriptor": f"aad.{login}"}
    return {**found, "isContainer": True} if team else found


def stage_ref(job: Job) -> str:
    """The name that YAML gives a stage."""
    return re.sub(r"\W", "_", job.plan.name)


def approval_id(run: Run, job: Job) -> str:
    """The id of the approval before a stage; another attempt asks for another one."""
    return _id(run, job, "approval")


def suite_id(run: Run, job: Job) -> str:
    """The id of the checks before a stage."""
    return _id(run, job, "checkpoint")


def configuration_id(environment: ProtectedEnvironment, kind: str) -> int:
    """The id of a check of an environment."""
    return crc32(f"{environment.id}{kind}".encode()) % 10**6


def definition(repo: Repository, one: Workflow) -> Document:
    """A pipeline's definition."""
    return {
        "id": one.id,
        "name": one.name,
        "path": "\\",
        "type": "build",
        "queueStatus": "enabled" if one.enabled else "disabled",
        "process": {"yamlFilename": one.file, "type": 2},
        "repository": {"type": "TfsGit", "name": repo.name, "defaultBranch": f"refs/heads/{repo.branch}"},
        "project": _project(repo),
    }


def build(repo: Repository, one: Run, url: str) -> Document:
    """A build: what is called a run elsewhere."""
    ended = one.status == "completed"
    status = "completed" if ended else "cancelling" if one.cancelling else _under_way(one)
    found: Document = {
        "id": one.id,
        "buildNumber": f"{one.number}",
        "status": status,
        "queueTime": when(one.created),
        "startTime": when(one.started),
        "definition": {"id": one.workflow.id, "name": one.workflow.name, "path": "\\", "type": "build"},
        "project": _project(repo),
        "uri": f"vstfs:///Build/Build/{one.id}",
        "sourceBranch": f"refs/heads/{one.branch}",
        "sourceVersion": one.commit,
        "reason": "manual" if one.event == "workflow_dispatch" else "individualCI",
        "requestedFor": person(one.actor),
        "requestedBy": person(one.actor),
        "lastChangedDate": when(one.changed),
        "triggerInfo": {}
        if one.event == "workflow_dispatch"
        else {"ci.message": one.title, "ci.sourceSha": one.commit},
        "templateParameters": dict(one.inputs),
        "url": f"{url}/_apis/build/Builds/{one.id}",
        "_links": _links(one, url),
    }
    return (
        {**found, "result": _RESULTS[one.conclusion or "success"], "finishTime": when(one.changed)} if ended else found
    )


def run(repo: Repository, one: Run, url: str) -> Document:
    """A run of a pipeline."""
    ended = one.status == "completed"
    found: Document = {
        "id": one.id,
        "name": f"{one.number}",
        "state": "completed" if ended else "canceling" if one.cancelling else "inProgress",
        "createdDate": when(one.created),
        "pipeline": {"id": one.workflow.id, "name": one.workflow.name, "revision": 1, "folder": "\\"},
        "templateParameters": dict(one.inputs),
        "url": f"{url}/_apis/pipelines/{one.workflow.id}/runs/{one.id}",
        "_links": _links(one, url),
    }
    return (
        {**found, "result": _RESULTS[one.conclusion or "success"], "finishedDate": when(one.changed)}
        if ended
        else found
    )


def timeline(repo: Repository, one: Run) -> Document:
    """What a run has done, does and waits for."""
    records = [record for order, job in enumerate(one.jobs, 1) for record in _records(repo, one, job, order)]
    return {"id": _id(one, one.jobs[0], "timeline"), "changeId": round(one.changed), "records": records}


def approval(repo: Repository, one: Run, job: Job, to: ProtectedEnvironment, asks: Account, url: str) -> Document:
    """An approval with its steps, and with what whoever asks may do about it."""
    said = tuple(review for review in one.reviews if review.environment is to and review.attempt == one.attempt)
    blocked = () if to.requester_may else (one.actor,)
    may = asks.reviews(to) and asks.login not in blocked
    status = "rejected" if any(review.state == "rejected" for review in said) else "pending"
    status = "approved" if to.name in one.approved else status
    status = ("timedOut" if one.conclusion == "failure" else "canceled") if _gone(one, status) else status
    return {
        "id": approval_id(one, job),
        "steps": [_step(name, said, one) for name in to.reviewers],
        "status": status,
        "createdOn": when(one.since or one.changed),
        "lastModifiedOn": when(one.changed),
        "executionOrder": "anyOrder",
        "minRequiredApprovers": to.needed,
        "blockedApprovers": [person(login) for login in blocked],
        "instructions": to.instructions,
        "permissions": "view, update" if may else "view",
        "_links": {"self": {"href": f"{url}/_apis/pipelines/approvals/{approval_id(one, job)}"}},
        "pipeline": {
            "owner": {"_links": _links(one, url), "id": one.id, "name": f"{one.number}"},
            "id": str(one.workflow.id),
            "name": one.workflow.name,
        },
    }


def suite(one: Run, job: Job, to: ProtectedEnvironment, url: str) -> Document:
    """The checks before a stage."""
    kinds = [*([APPROVAL] if to.reviewers else []), *([TASK] if to.wait_minutes else []), *([LOCK] if to.lock else [])]
    return {
        "id": suite_id(one, job),
        "status": "running" if job.status == "waiting" else "approved",
        "message": "",
        "checkRuns": [
            {
                "id": approval_id(one, job) if kind == APPROVAL else _id(one, job, kind),
                "createdDate": when(one.since or one.started),
                "status": "running" if job.status == "waiting" else "approved",
                "checkConfigurationRef": {
                    "id": configuration_id(to, kind),
                    "type": {"id": _TYPES[kind], "name": kind},
                    "url": f"{url}/_apis/pipelines/checks/configurations/{configuration_id(to, kind)}",
                    "resource": {"type": "environment", "id": str(to.id)},
                },
            }
            for kind in kinds
        ],
        "context": {"Pipeline": {"Id": str(one.workflow.id), "Owner": {"Id": one.id}}},
    }


def configuration(to: ProtectedEnvironment, kind: str, url: str) -> Document:
    """A check, as somebody has set it up."""
    settings: Document = {"displayName": "Business hours"} if kind == TASK else {}
    if kind == APPROVAL:
        settings = {"instructions": to.instructions, "requesterCannotBeApprover": not to.requester_may}
    return {
        "id": configuration_id(to, kind),
        "timeout": round(to.timeout_minutes),
        "type": {"id": _TYPES[kind], "name": kind},
        "settings": settings,
        "resource": {"type": "environment", "id": str(to.id), "name": to.name},
        "url": f"{url}/_apis/pipelines/checks/configurations/{configuration_id(to, kind)}",
    }


def variable_group(name: str, variables: dict[str, str | None]) -> Document:
    """A variable group; the values of secrets aren't told."""
    return {
        "id": crc32(name.encode()) % 10**4,
        "type": "Vsts",
        "name": name,
        "description": "",
        "variables": {
            key: {"value": None, "isSecret": True} if value is None else {"value": value}
            for key, value in variables.items()
        },
        "modifiedBy": person("ana"),
        "modifiedOn": "2026-09-01T06:35:52.0166667Z",
    }


def _records(repo: Repository, one: Run, job: Job, order: int) -> Iterator[Document]:
    stage = _id(one, job, "stage")
    state = {"completed": "completed", "in_progress": "inProgress"}.get(job.status, "pending")
    timed: Document = {
        "state": state,
        "result": _RESULTS[job.conclusion or "success"] if state == "completed" else None,
        "startTime": when(job.started),
        "finishTime": when(job.ended),
        "attempt": job.attempt,
    }
    name = job.plan.name
    yield {"id": stage, "parentId": None, "type": "Stage", "name": name, "identifier": stage_ref(job), "order": order,
           **timed}  # fmt: skip
    yield {"id": _id(one, job, "job"), "parentId": stage, "type": "Job", "name": name, "identifier": f"{name}.Job",
           "order": 1, **timed}  # fmt: skip
    environment = repo.environments.get(job.plan.environment)
    if environment is None or not environment.protects or job.status == "queued":
        return
    open_state = "inProgress" if job.status == "waiting" else "completed"
    checkpoint = suite_id(one, job)
    yield _record(checkpoint, stage, "Checkpoint", "Checkpoint", open_state)
    if environment.reviewers:
        done = "completed" if environment.name in one.approved else open_state
        yield _record(approval_id(one, job), checkpoint, "Checkpoint.Approval", "Approval", done)
    if environment.wait_minutes:
        yield _record(_id(one, job, TASK), checkpoint, "Checkpoint.TaskCheck", "Business hours", open_state)
    if environment.lock and (job.held or open_state == "completed"):
        yield _record(_id(one, job, LOCK), checkpoint, "Checkpoint.ExclusiveLock", "Exclusive lock", open_state)


def _record(number: str, parent: str, kind: str, name: str, state: str) -> Document:
    result = "succeeded" if state == "completed" else None
    return {
        "id": number,
        "parentId": parent,
        "type": kind,
        "name": name,
        "state": state,
        "result": result,
        "attempt": 1,
    }


def _step(name: str, said: tuple[Reviewed, ...], one: Run) -> Document:
    """A step is whom it was given to, and once it is done who it was: one of a group, perhaps."""
    own = [review for review in said if review.by == name]
    others = [review for review in said if name.startswith("team:") and review.by not in review.environment.reviewers]
    found: Document = {"assignedApprover": person(name), "status": "pending", "order": 1, "comment": "", "history": []}
    found["initiatedOn"] = when(one.since or one.started)
    if own or others:
        done = (own or others)[-1]
        found |= {"actualApprover": person(done.by), "status": done.state, "comment": done.comment}
        found |= {"lastModifiedOn": when(done.at), "lastModifiedBy": person(done.by)}
    return found


def _gone(one: Run, status: str) -> bool:
    return one.status == "completed" and status == "pending"


def _under_way(one: Run) -> str:
    return "notStarted" if one.status == "queued" and one.attempt == 1 else "inProgress"


def _project(repo: Repository) -> Document:
    return {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, repo.name)), "name": repo.name.partition("/")[2]}


def _links(one: Run, url: str) -> Document:
    return {
        "self": {"href": f"{url}/_apis/build/Builds/{one.id}"},
        "web": {"href": f"{url}/_build/results?buildId={one.id}"},
    }


def _id(one: Run, job: Job, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{one.id}/{job.plan.name}/{job.attempt}/{what}"))
