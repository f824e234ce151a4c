"""The little Jenkins' documents, as the remote access API and the plugin Pipeline: REST API write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web
from tests.providers.jenkins.world import Ask, Build, Job, Node, NotSo, Running

WORKFLOW_RUN = "org.jenkinsci.plugins.workflow.job.WorkflowRun"
CONTEXT = "/jenkins"


def page(status: int, said: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """One of Jenkins' error pages."""
    text = f"<html><body><h1>Error</h1><p>{said}</p></body></html>"
    return web.Response(status=status, text=text, content_type="text/html", headers=dict(headers or {}))


def job_url(job: Job) -> str:
    return "".join(f"/job/{quote(part, safe='')}" for part in job.name.split("/"))


def build_document(build: Build, url: str) -> dict[str, Any]:
    user_cause = {"_class": "hudson.model.Cause$UserIdCause", "shortDescription": f"Started by user {build.user}",
                  "userId": build.user}  # fmt: skip
    parameters = [{"name": name, "value": value} for name, value in build.parameters.items()]
    revision = {
        "SHA1": f"{build.number:040x}",
        "branch": [{"name": f"refs/remotes/origin/{build.job.branch or 'main'}"}],
    }
    actions: list[dict[str, Any]] = [
        {"_class": "hudson.model.CauseAction", "causes": [user_cause]},
        {},
        {"_class": "hudson.plugins.git.util.BuildData", "lastBuiltRevision": revision},
    ]
    if parameters:
        actions.append({"_class": "hudson.model.ParametersAction", "parameters": parameters})
    if build.interruption and build.result:
        actions.append({"_class": "jenkins.model.InterruptedBuildAction", "causes": [build.interruption]})
    return {
        "_class": "hudson.model.FreeStyleBuild" if build.job.freestyle else WORKFLOW_RUN,
        "number": build.number,
        "queueId": build.queue_id,
        "result": build.result,
        "building": build.result is None,
        "timestamp": int(build.began * 1000),
        "duration": int((build.ended - build.began) * 1000) if build.ended else 0,
        "displayName": f"#{build.number}",
        "description": None,
        "url": f"{url}{job_url(build.job)}/{build.number}/",
        "actions": actions,
    }


def run_document(build: Build, now: float) -> dict[str, Any]:
    base = f"{CONTEXT}{job_url(build.job)}/{build.number}/wfapi"
    links = {"self": {"href": f"{base}/describe"}}
    if build.pending:
        links["pendingInputActions"] = {"href": f"{base}/pendingInputActions"}
    stages = [stage_document(build, stage, now) for stage in build.stages if stage.stage.name]
    status = {None: "IN_PROGRESS", "SUCCESS": "SUCCESS", "FAILURE": "FAILED", "ABORTED": "ABORTED"}[build.result]
    return {
        "_links": links,
        "id": str(build.number),
        "name": f"#{build.number}",
        "status": "PAUSED_PENDING_INPUT" if build.pending else status,
        "startTimeMillis": int(build.began * 1000),
        "endTimeMillis": int((build.ended or now) * 1000),
        "durationMillis": int(((build.ended or now) - build.began) * 1000),
        "stages": stages,
    }


def stage_document(build: Build, stage: Running, now: float) -> dict[str, Any]:
    paused = sum(pause(node, now) for node in stage.nodes)
    href = f"{CONTEXT}{job_url(build.job)}/{build.number}/execution/node/{stage.id}/wfapi/describe"
    return {
        "_links": {"self": {"href": href}},
        "id": stage.id,
        "name": stage.stage.name,
        "execNode": "",
        "status": stage.status,
        "startTimeMillis": int(stage.began * 1000),
        "durationMillis": int(((stage.ended or now) - stage.began) * 1000),
        "pauseDurationMillis": paused,
    }


def pause(node: Node, now: float) -> int:
    return int(((node.ended or now) - node.began) * 1000) + 1 if isinstance(node.step, Ask) else 0


def node_document(build: Build, node_id: str, what: str, now: float) -> dict[str, Any]:
    for stage in build.stages:
        if stage.id == node_id and what == "describe" and stage.stage.name:
            nodes = [atom_document(build, node, now) for node in stage.nodes]
            return {**stage_document(build, stage, now), "stageFlowNodes": nodes}
        for node in stage.nodes:
            if node.id == node_id and what == "log":
                return {"nodeId": node.id, "nodeStatus": "SUCCESS", "length": len(node.log), "hasMore": False,
                        "text": node.log, "consoleUrl": ""}  # fmt: skip
    raise NotSo(404, "Not Found")


def atom_document(build: Build, node: Node, now: float) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": node.id,
        "name": "Wait for interactive input" if isinstance(node.step, Ask) else "Shell Script",
        "execNode": "",
        "status": node.status,
        "startTimeMillis": int(node.began * 1000),
        "durationMillis": int(((node.ended or now) - node.began) * 1000),
        "pauseDurationMillis": pause(node, now),
        "parentNodes": [],
    }
    # The arguments of a step are told where there is one, as its text.
    if isinstance(node.step, Ask) and not (node.step.given_id or node.step.submitter or node.step.asks):
        document["parameterDescription"] = node.step.message
    return document


def input_document(build: Build, node: Node) -> dict[str, Any]:
    assert isinstance(node.step, Ask)
    run = f"{CONTEXT}{job_url(build.job)}/{build.number}"
    definition = {"defaultVal": ""}
    inputs = [{"type": "StringParameterDefinition", "name": name, "definition": definition} for name in node.step.asks]
    return {
        "id": node.step.id,
        "proceedText": "Proceed",
        "message": node.step.message,
        "inputs": inputs,
        "proceedUrl": f"{run}/wfapi/inputSubmit?inputId={node.step.id}",
        "abortUrl": f"{run}/input/{node.step.id}/abort",
        "redirectApprovalUrl": f"{run}/input/",
    }


def trimmed(document: Any, tree: str) -> Any:
    """What a `tree` asks for of a document: names, `name[...]`, `name[...]{from,to}`. `_class` always comes along."""
    wanted, at = _tree(tree, 0)
    if at != len(tree):
        raise NotSo(400, f"tree: {tree[at:]!r} is not understood")
    return _picked(document, wanted)


Wanted = dict[str, tuple[Any, tuple[int, int] | None]]


def _tree(text: str, at: int) -> tuple[Wanted, int]:
    wanted: Wanted = {}
    while at < len(text) and text[at] != "]":
        name = re.compile(r"\w+").match(text, at)
        if name is None:
            raise NotSo(400, f"tree: {text[at:]!r} is not understood")
        at, inner = name.end(), None
        if at < len(text) and text[at] == "[":
            inner, at = _tree(text, at + 1)
            at += 1
        limits = re.compile(r"\{(\d+),(\d+)\}").match(text, at)
        at = limits.end() if limits else at
        wanted[name.group()] = (inner, (int(limits.group(1)), int(limits.group(2))) if limits else None)
        at += text[at : at + 1] == ","
    return wanted, at


def _picked(document: Any, wanted: Wanted | None) -> Any:
    if isinstance(document, list):
        return [_picked(one, wanted) for one in document]
    if not isinstance(document, dict) or wanted is None:
        return {"_class": document.get("_class")} if isinstance(document, dict) else document
    found = {"_class": document["_class"]} if "_class" in document else {}
    for name, (inner, limits) in wanted.items():
        if name in document:
            value = document[name]
            found[name] = _picked(value[limits[0] : limits[1]] if limits else value, inner)
    return found
