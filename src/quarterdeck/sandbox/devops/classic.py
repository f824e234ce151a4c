"""Classic releases over the world's: definitions, releases, approvals, manual interventions.

Shapes: Microsoft's published examples of the Release interface. It answers at the same address as everything else, as
on Azure DevOps Server; Azure DevOps Services have the host vsrm.dev.azure.com for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from quarterdeck.sandbox.devops.rendering import Document, person, when
from quarterdeck.sandbox.devops.wire import PROJECT, Answer, Asked, answering, listed, missing, project
from quarterdeck.sandbox.wire import Refusal, Response, Route
from quarterdeck.sandbox.world.releases import Asked as Inquiry
from quarterdeck.sandbox.world.releases import Definition, Release, Stage
from quarterdeck.sandbox.world.world import World

Question = tuple[Release, Stage, Inquiry]


class ClassicService:
    """The routes below PROJECT/_apis/release."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        one = f"{PROJECT}/release/releases/{{release}}"
        below: list[tuple[str, str, Answer]] = [
            ("GET", f"{PROJECT}/release/definitions", self.definitions),
            ("GET", f"{PROJECT}/release/releases", self.releases),
            ("POST", f"{PROJECT}/release/releases", self.create),
            ("GET", one, self.release),
            ("PATCH", f"{one}/environments/{{environment}}", self.change),
            ("GET", f"{one}/manualinterventions", self.interventions),
            ("PATCH", f"{one}/manualinterventions/{{number}}", self.intervene),
            ("GET", f"{PROJECT}/release/approvals", self.approvals),
            ("PATCH", f"{PROJECT}/release/approvals/{{number}}", self.approve),
        ]
        for method, path, answer in below:
            yield Route(method, path, answering(self._world, answer), "devops")

    def definitions(self, asked: Asked) -> Response:
        """Release definitions."""
        found = self._world.releases.definitions(project(self._world, asked).name)
        return listed([{"id": one.id, "name": one.name, "path": "\\"} for one in found])

    def releases(self, asked: Asked) -> Response:
        """Releases of a definition, the newest first."""
        wanted, most = asked.argument("definitionId"), int(asked.argument("$top", "50"))
        found = [one for one in reversed(self._all(asked)) if not wanted or str(one.definition.id) == wanted]
        return listed([_release(one, asked.url) for one in found[:most]])

    def release(self, asked: Asked) -> Response:
        """One release."""
        return Response(200, _release(self._release(asked), asked.url))

    def create(self, asked: Asked) -> Response:
        """Begin a release."""
        body, repo = asked.request.json(), project(self._world, asked)
        known = self._world.releases.definitions(repo.name)
        definition = next((one for one in known if one.id == body.get("definitionId")), None)
        if definition is None:
            raise missing(
                "ReleaseDefinition", f"VS402881: Release definition {body.get('definitionId')} does not exist."
            )
        title = str(body.get("description") or "")
        return Response(200, _release(self._world.releases.create(definition, title, asked.account.login), asked.url))

    def change(self, asked: Asked) -> Response:
        """Deploy a stage again, or end it."""
        release, status = self._release(asked), asked.request.json().get("status")
        stage = next((one for one in release.stages if str(one.id) == asked.parameter("environment")), None)
        if stage is None:
            raise missing("ReleaseEnvironment", "VS402883: There is no such stage.")
        under_way = stage.status == "inProgress"
        if status == "inProgress" and not under_way:
            self._world.releases.deploy(release, stage, self._world.clock.now())
        elif status == "canceled" and under_way:
            self._world.releases.cancel(stage)
        else:
            message = f"VS402925: The status of {stage.plan.name} can't be changed from {stage.status} to {status}."
            raise Refusal(400, "InvalidRequestException", message)
        return Response(200, _environment(release, stage, asked.url))

    def approvals(self, asked: Asked) -> Response:
        """Approvals, by status."""
        wanted = asked.argument("statusFilter", "pending")
        questions = (one for one in self._questions(asked) if one[2].kind and one[2].status == wanted)
        return listed([_approval(*one, asked.url) for one in questions])

    def approve(self, asked: Asked) -> Response:
        """Answer an approval."""
        release, stage, question = self._question(asked, approval=True)
        return Response(200, _approval(*self._answered(asked, release, stage, question, "comments"), asked.url))

    def interventions(self, asked: Asked) -> Response:
        """The manual interventions of a release."""
        release = self._release(asked)
        found = [(release, stage, one) for stage in release.stages for one in stage.asked if one.kind is None]
        return listed([_intervention(*one) for one in found])

    def intervene(self, asked: Asked) -> Response:
        """Resume or reject."""
        release, stage, question = self._question(asked, approval=False)
        return Response(200, _intervention(*self._answered(asked, release, stage, question, "comment")))

    def _answered(self, asked: Asked, release: Release, stage: Stage, question: Inquiry, key: str) -> Question:
        body, account = asked.request.json(), asked.account
        if body.get("status") not in ("approved", "rejected"):
            raise Refusal(400, "InvalidRequestException", f"The status {body.get('status')} can't be set.")
        if question.status != "pending":
            message = (
                f"VS402904: The approval {question.id} is already {question.status} by {question.by or 'the system'}."
            )
            raise Refusal(400, "InvalidRequestException", message)
        group = question.approver.startswith("team:") and question.approver.removeprefix("team:") in account.teams
        if question.approver and question.approver != account.login and not group:
            raise Refusal(403, "ApprovalUnauthorizedException", f"VS402907: {account.login} is not an approver.")
        yes = body["status"] == "approved"
        self._world.releases.answer(release, stage, question, account.login, str(body.get(key) or ""), yes=yes)
        return release, stage, question

    def _all(self, asked: Asked) -> list[Release]:
        return self._world.releases.of(project(self._world, asked).name)

    def _release(self, asked: Asked) -> Release:
        found = next((one for one in self._all(asked) if str(one.id) == asked.parameter("release")), None)
        if found is None:
            raise missing("Release", f"VS402874: Release with ID {asked.parameter('release')} does not exist.")
        return found

    def _questions(self, asked: Asked) -> Iterator[Question]:
        for release in self._all(asked):
            for stage in release.stages:
                yield from ((release, stage, one) for one in stage.asked)

    def _question(self, asked: Asked, *, approval: bool) -> Question:
        for found in self._questions(asked):
            if str(found[2].id) == asked.parameter("number") and (found[2].kind is not None) == approval:
                return found
        raise missing("ReleaseManagementObject", f"VS402903: {asked.parameter('number')} does not exist.")


def _name(release: Release) -> str:
    return f"Release-{release.number}"


def _release(one: Release, url: str) -> Document:
    return {
        "id": one.id,
        "name": _name(one),
        "status": "active",
        "createdOn": when(one.created),
        "modifiedOn": when(one.created),
        "createdBy": person(one.actor),
        "environments": [_environment(one, stage, url) for stage in one.stages],
        "artifacts": [],
        "releaseDefinition": _definition(one.definition),
        "description": one.title,
        "reason": "manual",
        "url": f"{url}/_apis/Release/releases/{one.id}",
        "_links": {"web": {"href": f"{url}/_release?releaseId={one.id}&_a=release-summary"}},
    }


def _environment(release: Release, one: Stage, url: str) -> Document:
    def asked(kind: str) -> list[Document]:
        return [_approval(release, one, it, url) for it in one.asked if it.kind == kind]

    options = {"requiredApproverCount": 0, "timeoutInMinutes": round(one.plan.limit_minutes)}
    steps: list[Document] = [{"deploymentId": one.id * 100 + n, "attempt": n} for n in range(1, one.attempt + 1)]
    if steps:
        steps[-1] |= {"queuedOn": when(one.started), "lastModifiedOn": when(one.ended or one.started)}
    return {
        "id": one.id,
        "releaseId": release.id,
        "name": one.plan.name,
        "status": one.status,
        "rank": 1 + release.stages.index(one),
        "preDeployApprovals": asked("preDeploy"),
        "postDeployApprovals": asked("postDeploy"),
        "preApprovalsSnapshot": {"approvals": [], "approvalOptions": options},
        "postApprovalsSnapshot": {"approvals": [], "approvalOptions": options},
        "deploySteps": steps,
        "release": {"id": release.id, "name": _name(release)},
        "releaseDefinition": _definition(release.definition),
    }


def _approval(release: Release, stage: Stage, one: Inquiry, url: str) -> Document:
    found: Document = {
        "id": one.id,
        "revision": 1,
        "approver": person(one.approver),
        "approvalType": one.kind,
        "createdOn": when(one.created),
        "modifiedOn": when(one.changed or one.created),
        "status": one.status,
        "comments": one.comment,
        "isAutomated": False,
        "attempt": one.attempt,
        "rank": 1,
        "release": {"id": release.id, "name": _name(release)},
        "releaseDefinition": _definition(release.definition),
        "releaseEnvironment": {"id": stage.id, "name": stage.plan.name},
        "url": f"{url}/_apis/Release/approvals/{one.id}",
    }
    return {**found, "approvedBy": person(one.by)} if one.by else found


def _intervention(release: Release, stage: Stage, one: Inquiry) -> dict[str, Any]:
    return {
        "id": one.id,
        "status": one.status,
        "approver": person(one.by) if one.by else None,
        "comments": one.comment,
        "instructions": stage.plan.asks,
        "name": "Manual Intervention",
        "createdOn": when(one.created),
        "modifiedOn": when(one.changed or one.created),
        "release": {"id": release.id, "name": _name(release)},
        "releaseDefinition": {"id": release.definition.id, "name": release.definition.name},
        "releaseEnvironment": {"id": stage.id, "name": stage.plan.name},
    }


def _definition(one: Definition) -> Document:
    return {"id": one.id, "name": one.name, "path": "\\"}
