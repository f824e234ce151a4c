"""The little CircleCI over HTTP, in the published shapes of API v2.

In a process: `async with serving(world) as server`. Of its own: `python -m tests.providers.circleci.server`, which
serves `sample()` by the wall clock and prints `{"url": ..., "users": ...}` when it is ready.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from tests.providers.circleci.world import Job, JobSpec, NotSo, Pipeline, Project, Workflow, World, stamp

BASE = "/api/v2"


@dataclass
class Fault:
    """What goes wrong with requests like these. `happens`: what was asked is done all the same."""

    kind: str
    method: str = ""
    path: str = ""
    status: int = 500
    happens: bool = False
    retry_after: int = 0


@dataclass
class Server:
    world: World
    url: str = ""
    ticking: bool = False
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def requests(self, method: str = "") -> list[str]:
        """`METHOD path` of all that was asked."""
        return [one for one in self.asked if one.startswith(method)]

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self.ticking:
            self.world.advance(time.time() - self.world.now)
        path = unquote(request.raw_path.partition("?")[0])
        self.asked.append(f"{request.method} {path.removeprefix(BASE)}")
        fault = next((one for one in self.faults if one.method in request.method and one.path in path), None)
        if fault and not fault.happens:
            return self._fault(fault, request)
        answer = await self._answer(request, path)
        return self._fault(fault, request) if fault else answer

    def _fault(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault.kind == "drop":
            assert request.transport
            request.transport.abort()
            return web.Response()
        if fault.kind == "html":
            return web.Response(text="<html><body>Please sign in</body></html>", content_type="text/html")
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
        return web.json_response({"message": "Oops!"}, status=fault.status, headers=headers)

    async def _answer(self, request: web.Request, path: str) -> web.StreamResponse:
        token = request.headers.get("Circle-Token", "")
        user = next((login for login, of in self.world.users.items() if of == token), "")
        if not user:
            return web.json_response({"message": "You must log in first."}, status=401)
        try:
            if request.method == "POST":
                body = await request.json() if request.can_read_body else {}
                return self._post(path.removeprefix(BASE), user, body)
            return web.json_response(self._get(path.removeprefix(BASE), user, request.query))
        except NotSo as no:
            return web.json_response({"message": str(no)}, status=no.status)

    def _project(self, slug: str, user: str) -> Project:
        project = self.world.projects.get(slug)
        if project is None or user in project.hidden_from:
            raise NotSo(404, "Project not found")
        return project

    def _post(self, path: str, user: str, body: dict[str, Any]) -> web.StreamResponse:
        if found := re.fullmatch(r"/workflow/([^/]+)/approve/([^/]+)", path):
            self.world.approve(self.world.workflow(found.group(1), user)[1], found.group(2), user)
        elif found := re.fullmatch(r"/workflow/([^/]+)/cancel", path):
            self.world.cancel(self.world.workflow(found.group(1), user)[1], user)
        elif found := re.fullmatch(r"/workflow/([^/]+)/rerun", path):
            if set(body) - {"from_failed", "jobs", "enable_ssh", "sparse_tree"}:
                raise NotSo(400, "unexpected keys")
            again = self.world.rerun(
                *self.world.workflow(found.group(1), user), user, from_failed=bool(body.get("from_failed"))
            )
            return web.json_response({"workflow_id": again}, status=202)
        elif found := re.fullmatch(r"/project/([^/]+/[^/]+/[^/]+)/pipeline(/run)?", path):
            project = self._project(found.group(1), user)
            if bool(found.group(2)) != project.needs_definition:
                raise NotSo(400, "definition_id is needed" if project.needs_definition else "Not found")
            branch = body["config"]["branch"] if project.needs_definition else body["branch"]
            made = self.world.start(project.slug, user, branch, "api", **body.get("parameters", {}))
            answer = {"id": made.id, "number": made.number, "state": "pending", "created_at": stamp(made.began)}
            return web.json_response(answer, status=201)
        else:
            raise NotSo(404, "Not found")
        return web.json_response({"message": "Accepted."}, status=202)

    def _get(self, path: str, user: str, query: Any) -> Any:
        world = self.world
        if path == "/me":
            return {"id": world.user_id(user), "login": user, "name": user.capitalize()}
        if found := re.fullmatch(r"/user/(.+)", path):
            login = next((one for one in world.users if world.user_id(one) == found.group(1)), "")
            if not login:
                raise NotSo(404, "User not found")
            return {"id": found.group(1), "login": login, "name": login.capitalize()}
        if found := re.fullmatch(r"/project/([^/]+/[^/]+/[^/]+)", path):
            slug = self._project(found.group(1), user).slug
            return {"slug": slug, "name": slug.rpartition("/")[2], "vcs_info": {"default_branch": "main"}}
        if found := re.fullmatch(r"/project/([^/]+/[^/]+/[^/]+)/pipeline", path):
            made = reversed(self._project(found.group(1), user).pipelines)
            listed = [pipeline for pipeline in made if query.get("branch") in (None, pipeline.branch)]
            return self._page([pipeline_document(one) for one in listed], query)
        if found := re.fullmatch(r"/project/([^/]+/[^/]+/[^/]+)/pipeline/(\d+)", path):
            number = int(found.group(2))
            for pipeline in self._project(found.group(1), user).pipelines:
                if pipeline.number == number:
                    return pipeline_document(pipeline)
            raise NotSo(404, "Pipeline not found")
        if found := re.fullmatch(r"/pipeline/([^/]+)/workflow", path):
            for project in world.projects.values():
                for pipeline in project.pipelines:
                    if pipeline.id == found.group(1) and user not in project.hidden_from:
                        documents = [workflow_document(pipeline, one) for one in reversed(pipeline.workflows)]
                        return self._page(documents, query)
            raise NotSo(404, "Pipeline not found")
        if found := re.fullmatch(r"/workflow/([^/]+)/job", path):
            pipeline, workflow = world.workflow(found.group(1), user)
            return self._page([job_document(pipeline, workflow, job) for job in workflow.jobs], query)
        raise NotSo(404, "Not found")

    def _page(self, documents: list[Any], query: Any) -> dict[str, Any]:
        begin = int(query.get("page-token", "0"))
        end = begin + self.world.page
        return {"items": documents[begin:end], "next_page_token": str(end) if end < len(documents) else None}


def pipeline_document(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "id": pipeline.id,
        "number": pipeline.number,
        "project_slug": pipeline.slug,
        "state": "errored" if pipeline.errors else "created",
        "errors": [{"type": "config", "message": message} for message in pipeline.errors],
        "created_at": stamp(pipeline.began),
        "updated_at": stamp(pipeline.began),
        "trigger": {
            "type": pipeline.trigger,
            "received_at": stamp(pipeline.began),
            "actor": {"login": pipeline.login, "avatar_url": None},
        },
        "vcs": {
            "branch": pipeline.branch,
            "revision": f"{pipeline.number:040x}",
            "commit": {"subject": f"Change {pipeline.number}", "body": ""},
        },
    }


def workflow_document(pipeline: Pipeline, workflow: Workflow) -> dict[str, Any]:
    return {
        "id": workflow.id,
        "name": workflow.name,
        "pipeline_id": pipeline.id,
        "pipeline_number": pipeline.number,
        "project_slug": pipeline.slug,
        "status": workflow.status,
        "started_by": workflow.started_by,
        "created_at": stamp(workflow.began),
        "stopped_at": stamp(workflow.ended),
        **({"canceled_by": workflow.canceled_by} if workflow.canceled_by else {}),
    }


def job_document(pipeline: Pipeline, workflow: Workflow, job: Job) -> dict[str, Any]:
    by_name = {one.spec.name: one.id for one in workflow.jobs}
    document: dict[str, Any] = {
        "id": job.id,
        "name": job.spec.name,
        "type": "approval" if job.spec.approval else "build",
        "status": job.status,
        "project_slug": pipeline.slug,
        "dependencies": [by_name[name] for name in job.spec.requires],
        "started_at": stamp(job.began),
        "stopped_at": stamp(job.ended),
    }
    extra = {"approved_by": job.approved_by, "canceled_by": job.canceled_by, "approval_request_id": job.request}
    return document | {key: value for key, value in extra.items() if value}


@asynccontextmanager
async def serving(world: World, **how: Any) -> AsyncIterator[Server]:
    """Serve while the block runs."""
    server = Server(world, **how)
    runner = web.AppRunner(server.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}{BASE}"
    try:
        yield server
    finally:
        await runner.cleanup()


def sample(now: Callable[[], float] = time.time) -> World:
    """A workflow that waits for an approval before it goes to production."""
    jobs = (
        JobSpec("build", seconds=1),
        JobSpec("production", ("build",), approval=True),
        JobSpec("deploy", ("production",)),
    )
    world = World({"gh/contoso/shop": Project("gh/contoso/shop", {"release": jobs})}, now=now() - 60)
    world.start("gh/contoso/shop")
    world.advance(30)
    return world


async def main() -> None:
    """Serve the sample until told to stop."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    async with serving(sample(), ticking=True) as server:
        print(json.dumps({"url": server.url, "users": server.world.users}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
