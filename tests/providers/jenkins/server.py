"""The little Jenkins over HTTP: the remote access API with `tree`, `wfapi` in its published shapes, crumbs.

In a process: `async with serving(world) as server`. Of its own: `python -m tests.providers.jenkins.server`, which
serves `sample()` by the wall clock and prints `{"url": ..., "users": ...}` when it is ready.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from tests.providers.jenkins.wire import (
    CONTEXT,
    WORKFLOW_RUN,
    build_document,
    input_document,
    job_url,
    node_document,
    page,
    run_document,
    trimmed,
)
from tests.providers.jenkins.world import Ask, Build, Job, NotSo, Stage, Work, World


@dataclass
class Fault:
    """What goes wrong with requests like these. `happens`: what was asked is done all the same."""

    kind: str
    method: str = ""
    path: str = ""
    status: int = 500
    happens: bool = False


@dataclass
class Server:
    world: World
    url: str = ""
    wants_crumbs: bool = False
    ticking: bool = False
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refused_for_crumb: int = 0
    _crumbs: dict[str, str] = field(default_factory=dict)

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
        path = request.raw_path.partition("?")[0]
        self.asked.append(f"{request.method} {path.removeprefix(CONTEXT)}")
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
        if fault.kind == "login":
            return web.Response(status=302, headers={"Location": f"{CONTEXT}/login?from=%2F"})
        if fault.kind == "html":
            return web.Response(text="<html><body>Please sign in</body></html>", content_type="text/html")
        if fault.kind == "old refusal":
            return page(200, "This input has been already given")
        return page(fault.status, "Oops!")

    async def _answer(self, request: web.Request, path: str) -> web.StreamResponse:
        user = self._user(request)
        if not user:
            return page(401, "Invalid password/token for user")
        if not path.startswith(CONTEXT + "/"):
            return page(404, "Not Found")
        path = path.removeprefix(CONTEXT)
        if request.method == "POST" and self.wants_crumbs and not self._has_crumb(request):
            self.refused_for_crumb += 1
            return page(403, "No valid crumb was included in the request")
        try:
            if request.method == "POST":
                return await self._post(request, path, user)
            return self._get(request, path, user)
        except NotSo as no:
            headers = {"X-You-Are-Authenticated-As": user, "X-Required-Permission": no.permission}
            return page(no.status, str(no), headers if no.permission else {})

    def _user(self, request: web.Request) -> str:
        kind, _, pair = request.headers.get("Authorization", "").partition(" ")
        name, _, token = base64.b64decode(pair).decode().partition(":") if kind == "Basic" else ("", "", "")
        return name if self.world.users.get(name) == token and token else ""

    def _has_crumb(self, request: web.Request) -> bool:
        session = request.cookies.get("JSESSIONID.1", "")
        return bool(session) and self._crumbs.get(session) == request.headers.get("Jenkins-Crumb")

    def _job(self, path: str, user: str) -> tuple[Job, str]:
        """The job a path is below, and the rest of the path."""
        found = re.match(r"((?:/job/[^/]+)+)(.*)", path)
        name = "/".join(unquote(part) for part in found.group(1).split("/job/")[1:]) if found else ""
        job = self.world.jobs.get(name)
        if not found or job is None or user in job.hidden_from:
            raise NotSo(404, "Not Found")
        return job, found.group(2)

    def _build(self, path: str, user: str) -> tuple[Build, str]:
        job, rest = self._job(path, user)
        number, _, rest = rest.lstrip("/").partition("/")
        build = next((one for one in job.builds if str(one.number) == number), None)
        if build is None:
            raise NotSo(404, "Not Found")
        return build, rest

    async def _post(self, request: web.Request, path: str, user: str) -> web.StreamResponse:
        if found := re.fullmatch(r"(.*)/(build|buildWithParameters)", path):
            job, _ = self._job(found.group(1) + "/", user)
            if found.group(2) == "buildWithParameters" and not job.parameters:
                return page(500, "This build is not parameterized!")
            if found.group(2) == "build" and job.parameters:
                return page(400, "Nothing is submitted")
            form = {key: str(value) for key, value in (await request.post()).items()}
            item = self.world.enqueue(job, user, form)
            return web.Response(status=201, headers={"Location": f"{self.url}/queue/item/{item.id}/"})
        build, rest = self._build(path, user)
        if rest == "stop":
            self.world.stop(build, user)
            return web.Response(status=302, headers={"Location": f"{self.url}{job_url(build.job)}/"})
        if found := re.fullmatch(r"input/([^/]+)/(proceedEmpty|abort)", rest):
            self.world.answer(build, unquote(found.group(1)), user, yes=found.group(2) == "proceedEmpty")
            self.world.advance(0.1)
            return web.Response()
        raise NotSo(404, "Not Found")

    def _get(self, request: web.Request, path: str, user: str) -> web.StreamResponse:
        if re.search(r"/(stop|proceedEmpty|abort|build|buildWithParameters)$", path):
            return page(405, "Form post required")
        if path == "/crumbIssuer/api/json":
            session = f"s{len(self._crumbs)}"
            self._crumbs[session] = f"crumb-of-{session}"
            answer = web.json_response({"crumb": self._crumbs[session], "crumbRequestField": "Jenkins-Crumb"})
            answer.set_cookie("JSESSIONID.1", session, path=CONTEXT, httponly=True)
            return answer
        document = self._document(path, user)
        if "/api/json" in path and request.query.get("tree"):
            document = trimmed(document, request.query["tree"])
        return web.json_response(document, headers={"X-Jenkins": "2.462.3"})

    def _document(self, path: str, user: str) -> Any:
        world = self.world
        if path == "/me/api/json":
            return {"_class": "hudson.model.User", "id": user, "fullName": user.capitalize()}
        if path == "/computer/api/json":
            builds = [build for job in world.jobs.values() for build in job.builds if build.result is None]
            return {"computer": [{"executors": [{"currentExecutable": None}], "oneOffExecutors": [
                {"currentExecutable": {"_class": WORKFLOW_RUN, "url": f"{self.url}{job_url(b.job)}/{b.number}/"}}
                for b in builds
            ]}]}  # fmt: skip
        if found := re.fullmatch(r"/queue/item/(\d+)/api/json", path):
            return self._item(int(found.group(1)))
        if path.endswith("/api/json") and (folder := self._folder(path.removesuffix("/api/json"), user)) is not None:
            return folder
        if path.endswith("/api/json"):
            try:
                build, rest = self._build(path, user)
            except NotSo:
                job, rest = self._job(path, user)
                if rest == "/api/json":
                    return self._job_document(job)
                raise
            if rest == "api/json":
                return build_document(build, self.url)
        build, rest = self._build(path, user)
        if build.job.freestyle:
            raise NotSo(404, "Not Found")
        if rest == "wfapi/describe":
            return run_document(build, world.now)
        if rest == "wfapi/pendingInputActions":
            return [input_document(build, node) for node in build.pending]
        if found := re.fullmatch(r"execution/node/(\d+)/wfapi/(describe|log)", rest):
            return node_document(build, found.group(1), found.group(2), world.now)
        raise NotSo(404, "Not Found")

    def _folder(self, path: str, user: str) -> dict[str, Any] | None:
        """A folder, a multibranch project, or the root."""
        name = "/".join(unquote(part) for part in path.split("/job/")[1:])
        inside = [job for job in self.world.jobs.values() if job.name.startswith(f"{name}/" if name else "")]
        if name in self.world.jobs or not inside:
            return None
        direct = [job for job in inside if "/" not in job.name.removeprefix(f"{name}/" if name else "")]
        seen = [self._job_document(job) for job in direct if user not in job.hidden_from]
        kind = "com.cloudbees.hudson.plugins.folder.Folder" if name else "hudson.model.Hudson"
        root = {} if name else {"quietingDown": self.world.quieting_down, "mode": "NORMAL"}
        return {"_class": kind, "name": name.rpartition("/")[2], "jobs": seen, **root}

    def _job_document(self, job: Job) -> dict[str, Any]:
        definitions = [{"name": name, "type": "StringParameterDefinition"} for name in job.parameters]
        return {
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob",
            "name": job.name.rpartition("/")[2],
            "buildable": not job.disabled,
            "inQueue": any(item.job is job and not item.build for item in self.world.queue),
            "property": [{"parameterDefinitions": definitions}] if definitions else [{}],
            "builds": [build_document(build, self.url) for build in reversed(job.builds)],
        }

    def _item(self, number: int) -> dict[str, Any]:
        item = next((one for one in self.world.queue if one.id == number), None)
        if item is None:
            raise NotSo(404, "Not Found")
        if item.build:
            return {"_class": "hudson.model.Queue$LeftItem", "id": number, "cancelled": False, "why": None,
                    "executable": {"_class": WORKFLOW_RUN, "number": item.build.number}}  # fmt: skip
        if item.cancelled:
            return {"_class": "hudson.model.Queue$LeftItem", "id": number, "cancelled": True, "why": None}
        return {"_class": "hudson.model.Queue$WaitingItem", "id": number, "why": "In the quiet period. Expires soon"}


@asynccontextmanager
async def serving(world: World, **how: Any) -> AsyncIterator[Server]:
    """Serve while the block runs."""
    server = Server(world, **how)
    runner = web.AppRunner(server.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}{CONTEXT}"
    try:
        yield server
    finally:
        await runner.cleanup()


def sample(now: Callable[[], float] = time.time) -> World:
    """A job that waits for an answer before it goes to production."""
    script = (
        Stage("Build", (Work(1),)),
        Stage("Production", (Ask("Roll it out?"), Work(1))),
    )
    world = World({"shop/deploy": Job("shop/deploy", script, ("VERSION", "MARK"))}, now=now() - 60, quiet_seconds=1)
    world.start("shop/deploy", VERSION="2.15.0")
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
