"""GitHub's REST interface over the world's repositories: runs, jobs, pending deployments, dispatch, cancel, rerun.

As GitHub does (its REST documentation): a bearer token or 401; 404 for what a token may not see; 403 for what it may
not do, with the permission that it lacks; ETags on what is read, and 304 that costs nothing; so many requests an hour
and account, told in every answer, then 403.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from quarterdeck.sandbox.github import rendering
from quarterdeck.sandbox.wire import Handler, Refusal, Request, Response, Route
from quarterdeck.sandbox.world.workflows import Account, ProtectedEnvironment, Repository, Reviewed, Run, Workflow
from quarterdeck.sandbox.world.world import World

HOUR = 3600.0

_STATES = ("approved", "rejected")


@dataclass(slots=True)
class _Meter:
    """How many requests an account has made since its hour began."""

    began: float
    used: int = 0


Answer = Callable[["_Asked"], Response]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request of somebody who may make it."""

    request: Request
    account: Account

    def parameter(self, name: str) -> str:
        return self.request.parameters[name]


class GitHubService:
    """The routes below /repos and /user."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._meters: dict[str, _Meter] = {}

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield Route("GET", "/user", self._answering(self.user), "github")
        below: list[tuple[str, str, Answer]] = [
            ("GET", "", self.repository),
            ("GET", "/actions/workflows/{workflow}", self.workflow),
            ("GET", "/actions/runs", self.runs),
            ("GET", "/actions/workflows/{workflow}/runs", self.runs),
            ("GET", "/actions/runs/{run}", self.run),
            ("GET", "/actions/runs/{run}/jobs", self.jobs),
            ("GET", "/actions/runs/{run}/pending_deployments", self.pending),
            ("GET", "/actions/runs/{run}/approvals", self.approvals),
            ("GET", "/deployments", self.deployments),
            ("GET", "/deployments/{deployment}/statuses", self.statuses),
            ("POST", "/actions/runs/{run}/pending_deployments", self.review),
            ("POST", "/actions/runs/{run}/cancel", self.cancel),
            ("POST", "/actions/runs/{run}/rerun", self.rerun),
            ("POST", "/actions/runs/{run}/rerun-failed-jobs", self.rerun),
            ("POST", "/actions/workflows/{workflow}/dispatches", self.dispatch),
        ]
        for method, path, answer in below:
            yield Route(method, f"/repos/{{owner}}/{{repo}}{path}", self._answering(answer), "github")

    # --- reading -----------------------------------------------------------------------------------------------------
    def user(self, asked: _Asked) -> Response:
        """Whose token it is."""
        return Response(200, rendering.user(asked.account.login))

    def repository(self, asked: _Asked) -> Response:
        """A repository."""
        repo = self._repository(asked)
        may = "repo" in asked.account.scopes
        return Response(200, rendering.repository(repo, asked.request.base_url, may_push=may))

    def workflow(self, asked: _Asked) -> Response:
        """A workflow."""
        repo = self._repository(asked)
        return Response(200, rendering.workflow(repo, self._workflow(repo, asked), asked.request.base_url))

    def runs(self, asked: _Asked) -> Response:
        """Runs, the newest first; filtered by status, branch, event and workflow."""
        repo, request = self._repository(asked), asked.request
        found = list(reversed(repo.runs))
        if "workflow" in request.parameters:
            wanted = self._workflow(repo, asked)
            found = [one for one in found if one.workflow is wanted]
        if status := request.argument("status"):
            found = [one for one in found if status in (one.status, one.conclusion)]
        if branch := request.argument("branch"):
            found = [one for one in found if one.branch == branch]
        if event := request.argument("event"):
            found = [one for one in found if one.event == event]
        page, size = int(request.argument("page", "1")), min(int(request.argument("per_page", "30")), 100)
        shown = found[(page - 1) * size : page * size]
        documents = [rendering.run(repo, one, request.base_url) for one in shown]
        return Response(200, {"total_count": len(found), "workflow_runs": documents})

    def run(self, asked: _Asked) -> Response:
        """One run."""
        repo, run = self._run(asked)
        return Response(200, rendering.run(repo, run, asked.request.base_url))

    def jobs(self, asked: _Asked) -> Response:
        """The jobs of its last attempt."""
        repo, run = self._run(asked)
        documents = [rendering.job(repo, run, one, asked.request.base_url) for one in run.jobs]
        return Response(200, {"total_count": len(documents), "jobs": documents})

    def pending(self, asked: _Asked) -> Response:
        """What it waits for."""
        repo, run = self._run(asked)
        waits = self._world.pipelines.pending(repo, run)
        url = asked.request.base_url
        return Response(200, [] if waits is None else [rendering.pending(repo, run, waits, asked.account, url)])

    def approvals(self, asked: _Asked) -> Response:
        """What has been decided."""
        repo, run = self._run(asked)
        return Response(200, [rendering.review(repo, one, asked.request.base_url) for one in run.reviews])

    def deployments(self, asked: _Asked) -> Response:
        """What was brought into environments, the newest first; filtered by environment."""
        repo, request = self._repository(asked), asked.request
        wanted, size = request.argument("environment"), min(int(request.argument("per_page", "30")), 100)
        found = [
            rendering.deployment(repo, run, ProtectedEnvironment(0, job.plan.environment), request.base_url)
            for run in reversed(repo.runs)
            for job in run.jobs
            if job.started is not None and job.plan.environment and wanted in ("", None, job.plan.environment)
        ]
        return Response(200, found[:size])

    def statuses(self, asked: _Asked) -> Response:
        """How one stands."""
        repo, number = self._repository(asked), asked.request.parameters["deployment"]
        for run in repo.runs:
            for job in run.jobs:
                if str(job.id) == number and job.plan.environment:
                    return Response(200, [rendering.deployment_status(repo, run, job, asked.request.base_url)])
        raise Refusal(404, "NotFound", "Not Found")

    # --- writing -----------------------------------------------------------------------------------------------------
    def review(self, asked: _Asked) -> Response:
        """Approve or reject pending deployments."""
        repo, run = self._run(asked)
        body = asked.request.json()
        ids, state, comment = (body.get(key) for key in ("environment_ids", "state", "comment"))
        if not isinstance(ids, list) or state not in _STATES or not isinstance(comment, str):
            raise Refusal(422, "Invalid", "Invalid request. environment_ids, state and comment are needed.")
        waits = self._world.pipelines.pending(repo, run)
        if waits is None or waits.id not in ids or (waits.name in run.approved and state == "approved"):
            raise Refusal(422, "Invalid", "There are no pending deployment requests for these environments.")
        if not asked.account.reviews(waits):
            raise Refusal(403, "Forbidden", "The user isn't a required reviewer of this environment.")
        reviewed = Reviewed(waits, state, asked.account.login, comment)
        self._world.pipelines.review(repo, run, waits, reviewed)
        return Response(200, [rendering.deployment(repo, run, waits, asked.request.base_url)])

    def dispatch(self, asked: _Asked) -> Response:
        """Start a run by hand."""
        repo = self._repository(asked, to_write=True)
        workflow = self._workflow(repo, asked)
        body = asked.request.json()
        ref, inputs = body.get("ref"), body.get("inputs") or {}
        if not isinstance(ref, str) or not ref:
            raise Refusal(422, "Invalid", 'Invalid request. "ref" wasn\'t supplied.')
        if unknown := [name for name in inputs if name not in workflow.inputs]:
            raise Refusal(422, "Invalid", f"Unexpected inputs provided: {json.dumps(unknown)}")
        if not workflow.enabled:
            raise Refusal(422, "Invalid", "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
        login = asked.account.login
        run = self._world.pipelines.start(repo, workflow, ref, login, inputs, "workflow_dispatch")
        if not body.get("return_run_details"):
            return Response(204)
        shown = rendering.run(repo, run, asked.request.base_url)
        return Response(200, {"workflow_run_id": run.id, "run_url": shown["url"], "html_url": shown["html_url"]})

    def cancel(self, asked: _Asked) -> Response:
        """End a run."""
        repo, run = self._run(asked, to_write=True)
        if run.status == "completed":
            raise Refusal(409, "Conflict", "Cannot cancel a workflow run that is completed.")
        self._world.pipelines.cancel(repo, run)
        return Response(202, {})

    def rerun(self, asked: _Asked) -> Response:
        """Run again what has ended."""
        repo, run = self._run(asked, to_write=True)
        if run.status != "completed":
            raise Refusal(403, "Forbidden", "This workflow is already running")
        failed_only = asked.request.path.endswith("rerun-failed-jobs")
        self._world.pipelines.rerun(repo, run, asked.account.login, failed_only=failed_only)
        return Response(201, {})

    # --- manners -----------------------------------------------------------------------------------------------------
    def _answering(self, answer: Answer) -> Handler:
        async def handler(request: Request) -> Response:
            account = self._account(request)
            limits = self._charge(account)
            try:
                response = answer(_Asked(request, account))
            except Refusal as refusal:
                refusal.headers.update(limits)
                raise
            if request.method == "GET":
                response = self._conditional(request, response, account, limits)
            headers = {**limits, "X-OAuth-Scopes": ", ".join(account.scopes), **response.headers}
            return replace(response, headers=headers)

        return handler

    def _account(self, request: Request) -> Account:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        account = self._world.pipelines.accounts.get(token.strip())
        if scheme.lower() not in ("bearer", "token") or account is None:
            raise Refusal(401, "Unauthorized", "Bad credentials" if token else "Requires authentication")
        return account

    def _charge(self, account: Account) -> dict[str, str]:
        now = self._world.clock.now()
        meter = self._meters.setdefault(account.login, _Meter(now))
        if now >= meter.began + HOUR:
            meter.began, meter.used = now, 0
        meter.used += 1
        headers = self._limits(meter)
        if meter.used > self._world.pipelines.hourly_limit:
            raise Refusal(403, "Forbidden", f"API rate limit exceeded for user {account.login}.", headers)
        return headers

    def _limits(self, meter: _Meter) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self._world.pipelines.hourly_limit),
            "X-RateLimit-Remaining": str(max(0, self._world.pipelines.hourly_limit - meter.used)),
            "X-RateLimit-Used": str(meter.used),
            "X-RateLimit-Reset": f"{meter.began + HOUR:.0f}",
            "X-RateLimit-Resource": "core",
        }

    def _conditional(
        self, request: Request, response: Response, account: Account, limits: Mapping[str, str]
    ) -> Response:
        digest = hashlib.sha256(json.dumps(response.body, sort_keys=True).encode()).hexdigest()
        etag = f'W/"{digest}"'
        if request.headers.get("if-none-match") != etag:
            return replace(response, headers={**response.headers, "ETag": etag})
        meter = self._meters[account.login]
        meter.used -= 1
        return Response(304, None, {"ETag": etag, **limits, **self._limits(meter)})

    def _repository(self, asked: _Asked, *, to_write: bool = False) -> Repository:
        found = self._world.pipelines.repository(f"{asked.parameter('owner')}/{asked.parameter('repo')}")
        if found is None or not asked.account.scopes:
            raise Refusal(404, "NotFound", "Not Found")
        if to_write and "repo" not in asked.account.scopes:
            needs = {"X-Accepted-OAuth-Scopes": "repo", "X-Accepted-GitHub-Permissions": "actions=write"}
            raise Refusal(403, "Forbidden", "Resource not accessible by personal access token", needs)
        return found

    def _workflow(self, repo: Repository, asked: _Asked) -> Workflow:
        found = repo.workflow(asked.parameter("workflow"))
        if found is None:
            raise Refusal(404, "NotFound", "Not Found")
        return found

    def _run(self, asked: _Asked, *, to_write: bool = False) -> tuple[Repository, Run]:
        repo = self._repository(asked, to_write=to_write)
        found = repo.run(asked.parameter("run"))
        if found is None:
            raise Refusal(404, "NotFound", "Not Found")
        return repo, found
