"""Azure Pipelines over the world's projects: builds, timelines, approvals, checks, runs, variable groups.

Statuses and messages are those of Microsoft's documentation where it has them; see `wire` for signing in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from quarterdeck.sandbox.devops import rendering
from quarterdeck.sandbox.devops.wire import BASE, PROJECT, Answer, Asked, answering, listed, missing, project
from quarterdeck.sandbox.wire import Refusal, Response, Route
from quarterdeck.sandbox.world.workflows import Job, ProtectedEnvironment, Repository, Reviewed, Run, Workflow
from quarterdeck.sandbox.world.world import World

Waiting = tuple[Run, Job, ProtectedEnvironment]

_MOST = 1000
_GROUPS = "variablegroups"


class DevOpsService:
    """The routes below /devops/ORGANIZATION."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        below: list[tuple[str, str, Answer]] = [
            ("GET", f"{BASE}/_apis/connectionData", self.connection),
            ("GET", f"{PROJECT}/build/definitions", self.definitions),
            ("GET", f"{PROJECT}/build/definitions/{{definition}}", self.definition),
            ("GET", f"{PROJECT}/build/builds", self.builds),
            ("GET", f"{PROJECT}/build/builds/{{build}}", self.build),
            ("GET", f"{PROJECT}/build/builds/{{build}}/timeline", self.timeline),
            ("PATCH", f"{PROJECT}/build/builds/{{build}}", self.change),
            ("PATCH", f"{PROJECT}/build/builds/{{build}}/stages/{{stage}}", self.stage),
            ("GET", f"{PROJECT}/pipelines/approvals", self.approvals),
            ("PATCH", f"{PROJECT}/pipelines/approvals", self.decide),
            ("GET", f"{PROJECT}/pipelines/checks/runs/{{suite}}", self.suite),
            ("GET", f"{PROJECT}/pipelines/checks/configurations/{{configuration}}", self.configuration),
            ("GET", f"{PROJECT}/pipelines/{{pipeline}}/runs/{{build}}", self.run),
            ("POST", f"{PROJECT}/pipelines/{{pipeline}}/runs", self.start),
            ("GET", f"{PROJECT}/distributedtask/{_GROUPS}", self.groups),
        ]
        for method, path, answer in below:
            yield Route(method, path, answering(self._world, answer), "devops")

    # --- reading -----------------------------------------------------------------------------------------------------
    def connection(self, asked: Asked) -> Response:
        """Whose token it is."""
        login = asked.account.login
        account = {"Account": {"$type": "System.String", "$value": login}}
        user = {"id": rendering.identity_id(login), "providerDisplayName": login, "properties": account}
        return Response(200, {"authenticatedUser": user, "authorizedUser": user, "deploymentType": "hosted"})

    def definitions(self, asked: Asked) -> Response:
        """Pipelines, by name."""
        repo, name = project(self._world, asked), asked.argument("name")
        found = [one for one in repo.workflows if not name or one.name.lower() == name.lower()]
        return listed([rendering.definition(repo, one) for one in found])

    def definition(self, asked: Asked) -> Response:
        """One pipeline."""
        repo = project(self._world, asked)
        return Response(200, rendering.definition(repo, self._workflow(repo, asked.parameter("definition"))))

    def builds(self, asked: Asked) -> Response:
        """Builds, the newest first; so many at a time, with a token for what follows."""
        repo = project(self._world, asked)
        found = list(self._chosen(repo, asked))
        first, size = int(asked.argument("continuationToken", "0")), min(int(asked.argument("$top", "100")), _MOST)
        shown = found[first : first + size]
        answer = listed([rendering.build(repo, one, asked.url) for one in shown])
        if first + size >= len(found):
            return answer
        return Response(200, answer.body, {"x-ms-continuationtoken": str(first + size)})

    def build(self, asked: Asked) -> Response:
        """One build."""
        repo, run = self._run(asked)
        return Response(200, rendering.build(repo, run, asked.url))

    def run(self, asked: Asked) -> Response:
        """One run of a pipeline."""
        repo, run = self._run(asked)
        return Response(200, rendering.run(repo, run, asked.url))

    def timeline(self, asked: Asked) -> Response:
        """What a build does."""
        repo, run = self._run(asked)
        return Response(200, rendering.timeline(repo, run))

    def approvals(self, asked: Asked) -> Response:
        """Approvals, by id or by state."""
        repo = project(self._world, asked)
        ids, state = asked.argument("approvalIds"), asked.argument("state")
        wanted = set(ids.split(",")) if ids else None
        documents = [
            rendering.approval(repo, *waits, asked.account, asked.url)
            for waits in self._asked_for(repo)
            if wanted is None or rendering.approval_id(waits[0], waits[1]) in wanted
        ]
        return listed([one for one in documents if not state or one["status"] == state])

    def suite(self, asked: Asked) -> Response:
        """The checks before a stage."""
        repo, wanted = project(self._world, asked), asked.parameter("suite")
        for run, job, environment in self._protected(repo):
            if rendering.suite_id(run, job) == wanted:
                return Response(200, rendering.suite(run, job, environment, asked.url))
        raise missing("CheckSuite", f"Check suite {wanted} does not exist.")

    def configuration(self, asked: Asked) -> Response:
        """A check."""
        repo, wanted = project(self._world, asked), asked.parameter("configuration")
        for environment in repo.environments.values():
            for kind in (rendering.APPROVAL, rendering.TASK, rendering.LOCK):
                if str(rendering.configuration_id(environment, kind)) == wanted:
                    return Response(200, rendering.configuration(environment, kind, asked.url))
        raise missing("CheckConfiguration", f"Check configuration {wanted} does not exist.")

    def groups(self, asked: Asked) -> Response:
        """Variable groups, by name."""
        repo, name = project(self._world, asked), asked.argument("groupName")
        found = {key: value for key, value in repo.variables.items() if not name or key.lower() == name.lower()}
        return listed([rendering.variable_group(key, value) for key, value in found.items()])

    # --- writing -----------------------------------------------------------------------------------------------------
    def decide(self, asked: Asked) -> Response:
        """Approve or reject."""
        repo, body = project(self._world, asked), asked.request.json()
        if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
            raise Refusal(
                400, "VssPropertyValidationException", "Value cannot be null. Parameter name: updateParameters"
            )
        return listed([self._decided(repo, asked, one) for one in body])

    def start(self, asked: Asked) -> Response:
        """Begin a run."""
        repo, body = project(self._world, asked), asked.request.json()
        workflow = self._workflow(repo, asked.parameter("pipeline"))
        inputs = {**(body.get("templateParameters") or {}), **_values(body.get("variables") or {})}
        if unknown := [name for name in inputs if name not in workflow.inputs]:
            message = f"/{workflow.file}: Unexpected parameter '{unknown[0]}'"
            raise Refusal(400, "PipelineValidationException", message)
        if not workflow.enabled:
            message = f"TF1200042: The pipeline {workflow.name} is disabled."
            raise Refusal(400, "DefinitionDisabledException", message)
        ref = ((body.get("resources") or {}).get("repositories") or {}).get("self", {}).get("refName") or repo.branch
        branch = ref.removeprefix("refs/heads/")
        run = self._world.pipelines.start(repo, workflow, branch, asked.account.login, inputs, "workflow_dispatch")
        return Response(200, rendering.run(repo, run, asked.url))

    def change(self, asked: Asked) -> Response:
        """End a build, or run again what failed of it."""
        repo, run = self._run(asked)
        if asked.argument("retry").lower() == "true":
            self._again(repo, run, asked, failed_only=True)
        elif asked.request.json().get("status") == "cancelling":
            if run.status == "completed":
                raise Refusal(400, "BuildStatusInvalidChangeException", f"Build {run.id} is already completed.")
            self._world.pipelines.cancel(repo, run)
        else:
            raise Refusal(400, "InvalidBuildException", "Nothing that can be changed was given.")
        return Response(200, rendering.build(repo, run, asked.url))

    def stage(self, asked: Asked) -> Response:
        """Run a stage again, and what comes after it."""
        repo, run = self._run(asked)
        first = run.jobs[0]
        if asked.parameter("stage") != rendering.stage_ref(first) or asked.request.json().get("state") != "retry":
            raise Refusal(400, "InvalidStageException", "This sandbox runs again from the first stage on.")
        self._again(repo, run, asked, failed_only=False)
        return Response(200)

    def _again(self, repo: Repository, run: Run, asked: Asked, *, failed_only: bool) -> None:
        if run.status != "completed":
            raise Refusal(409, "BuildRetryException", f"Build {run.id} is still in progress.")
        if failed_only and run.conclusion == "success":
            raise Refusal(409, "BuildRetryException", f"Build {run.id} has nothing that can be retried.")
        self._world.pipelines.rerun(repo, run, asked.account.login, failed_only=failed_only)

    def _decided(self, repo: Repository, asked: Asked, one: dict[str, str]) -> dict[str, object]:
        wanted, state = one.get("approvalId", ""), one.get("status", "")
        found = next((it for it in self._asked_for(repo) if rendering.approval_id(it[0], it[1]) == wanted), None)
        if found is None:
            raise missing("Approval", f"Approval {wanted} does not exist.")
        run, job, environment = found
        if state not in ("approved", "rejected"):
            raise Refusal(400, "VssPropertyValidationException", f"The status {state} can't be set.")
        login = asked.account.login
        document = rendering.approval(repo, run, job, environment, asked.account, asked.url)
        done = any(review.by == login for review in run.yes_to(environment.name))
        if document["status"] != "pending" or done:
            message = f"Approval {wanted} is already in a completed state: {document['status']}."
            raise Refusal(400, "ApprovalUpdateException", message)
        if "update" not in document["permissions"]:
            raise Refusal(
                403, "ApprovalUnauthorizedException", f"{login} isn't authorized to update approval {wanted}."
            )
        reviewed = Reviewed(
            environment, "approved" if state == "approved" else "rejected", login, one.get("comment", "")
        )
        self._world.pipelines.review(repo, run, environment, reviewed)
        return rendering.approval(repo, run, job, environment, asked.account, asked.url)

    def _chosen(self, repo: Repository, asked: Asked) -> Iterator[Run]:
        definitions, ids = asked.argument("definitions"), asked.argument("buildIds")
        statuses, branch = asked.argument("statusFilter"), asked.argument("branchName").removeprefix("refs/heads/")
        each, seen = int(asked.argument("maxBuildsPerDefinition", str(_MOST))), dict[int, int]()
        for run in reversed(repo.runs):
            if definitions and str(run.workflow.id) not in definitions.split(","):
                continue
            if ids and str(run.id) not in ids.split(","):
                continue
            if statuses and rendering.build(repo, run, "")["status"] not in statuses.split(","):
                continue
            if branch and run.branch != branch:
                continue
            seen[run.workflow.id] = seen.get(run.workflow.id, 0) + 1
            if seen[run.workflow.id] <= each:
                yield run

    def _protected(self, repo: Repository) -> Iterator[Waiting]:
        for run in repo.runs:
            for job in run.jobs:
                environment = repo.environments.get(job.plan.environment)
                if environment is not None and environment.protects:
                    yield run, job, environment

    def _asked_for(self, repo: Repository) -> Iterator[Waiting]:
        """Stages before which people are asked, or have been."""
        return (one for one in self._protected(repo) if one[2].reviewers and one[1].status != "queued")

    def _workflow(self, repo: Repository, number: str) -> Workflow:
        found = next((one for one in repo.workflows if str(one.id) == number), None)
        if found is None:
            raise missing("Definition", f"The requested build definition {number} could not be found.")
        return found

    def _run(self, asked: Asked) -> tuple[Repository, Run]:
        repo, number = project(self._world, asked), asked.parameter("build")
        found = repo.run(number)
        if found is None:
            raise missing("Build", f"The requested build {number} could not be found.")
        return repo, found


def _values(variables: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: str(one.get("value", "")) for name, one in variables.items()}
