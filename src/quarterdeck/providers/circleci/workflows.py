"""CircleCI as a PipelineHost.

Requests of a round: one list of pipelines per project and branch, the workflows of what is under way or not known yet
(see `pipelines`), and the jobs of each workflow under way.

There is no idempotency key. An approval names the request that it answers, which is open only once; that a pipeline is
ours is known by its number, who set it off, and its branch; a workflow that was run again by there being one more.
CircleCI knows no rejection of an approval: to cancel its workflow is what ends it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import PipelineRun, RunsReading
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import (
    InDoubt,
    Observed,
    PipelineSurvey,
    Progress,
    ProviderError,
    Receipt,
    Refused,
    RunSurvey,
    Settlement,
)
from quarterdeck.providers.circleci.documents import (
    Document,
    is_on_hold,
    newest_of,
    number_of,
    part_of,
    parts_of,
    review_of,
    run_id,
    runs_of,
    text,
    waits_of,
    without_workflow,
)
from quarterdeck.providers.circleci.pipelines import Pipelines
from quarterdeck.providers.http.rest import Rest
from quarterdeck.release.plan import Step
from quarterdeck.release.run_settlement import settle_cancel, settle_decision, settle_rerun, settle_start
from quarterdeck.release.run_survey import Review, RunLimits, StartLimits

MOST_DETAILS = 15
"""Workflows under way of one project whose jobs are read in a round."""

LOOK_AGAIN = 3.0
"""Seconds between looks at a workflow that is being cancelled."""

LIMITS = RunLimits(
    rejecting="rejected: it cancels the whole workflow, as CircleCI has no other no",
    ends_all=True,
    keeps_comments=False,
)

Read = list[tuple[Document, Sequence[Document]]]
"""Pipelines with their workflows."""

Details = tuple[PipelineRun, str, list[Document]]
"""A run with its jobs and waits, the id of its workflow ("" if it has none), and its jobs as they were told."""


class Workflows:
    """See `quarterdeck.providers.base.PipelineHost`."""

    source = "circleci"

    def __init__(self, rest: Rest, pipelines: Pipelines) -> None:
        self._rest = rest
        self._pipelines = pipelines
        self._logins: dict[str, str] = {}

    async def observe(self, places: Sequence[Place]) -> Observed:
        """The newest workflows of each project, and what those under way wait for."""
        lists = {_listed(place.address) for place in places}
        async with asyncio.TaskGroup() as group:
            read = {one: group.create_task(self._watched(*one)) for one in lists}
            found = {place.subject: group.create_task(self._observed(place.address, read)) for place in places}
        return {subject: task.result() for subject, task in found.items()}

    async def permitted(self, address: Address) -> bool | None:
        """None: CircleCI doesn't tell what a token may do."""
        await self._project(address)
        return None

    async def survey_run(self, address: Address, run: str) -> RunSurvey:
        details, listed = await asyncio.gather(self._details(address, run), self._pipelines.newest(*_listed(address)))
        found, workflow, jobs = details
        others = [without_workflow(one, self._rest.host) for one in listed]
        others = [one for one in others if one.number != found.number]
        return RunSurvey(found, await self._reviews(jobs), (found, *others), {"workflow": workflow}, LIMITS)

    async def survey_pipeline(self, address: Address) -> PipelineSurvey:
        project, runs = await asyncio.gather(self._project(address), self._newest(address))
        inside = project.get("vcs_info")
        usual = text(inside, "default_branch", 100) if isinstance(inside, Mapping) else ""
        ref = address.parts.get("ref") or address.parts.get("branch") or usual
        if not ref:
            raise ProviderError("garbage", f"{self._rest.host} didn't name the default branch", "name a ref")
        newest = max((int(run.id) for run in runs), default=0)
        return PipelineSurvey(ref, str(newest), tuple(runs), limits=StartLimits(marks=False))

    async def send(self, step: Step) -> Receipt:
        change = step.change
        match step.verb:
            case "decide_run":
                return await self._decide(step)
            case "start_run":
                return await self._start(step)
            case "cancel_run":
                await self._rest.write("POST", f"/workflow/{_workflow(step)}/cancel")
                return Receipt(str(change["workflow"]), "cancelling")
            case "rerun_run":
                document = {"from_failed": True} if change["failed_only"] else {}
                answer = await self._rest.write("POST", f"/workflow/{_workflow(step)}/rerun", document)
                return Receipt(self._named(self._rest.json_of(answer), "workflow_id"))
        raise Refused("misconfigured", f"CircleCI can't {step.verb}")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """CircleCI accepts orders (202) and carries them out a moment later."""
        if step.verb == "start_run":
            return Progress("finished")
        run, _, jobs = await self._details(step.address, str(step.change["run"]))
        if step.verb == "cancel_run" or step.change.get("decision") == "reject":
            return Progress("running", f"the workflow is {run.state}", LOOK_AGAIN) if run.open else Progress("finished")
        if step.verb == "rerun_run":
            begun = run.attempt > int(step.change["attempt"])
            return Progress("finished") if begun else Progress("running", "it begins again", LOOK_AGAIN)
        held = any(text(job, "id", 60) == step.change["wait"] and is_on_hold(job) for job in jobs)
        return Progress("running", "CircleCI has accepted it", LOOK_AGAIN) if held else Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        if step.verb == "start_run":
            runs, me = await asyncio.gather(self._newest(step.address), self._rest.get("/me"))
            return settle_start(step, runs, text(me, "login", 60) if isinstance(me, Mapping) else "")
        run, _, jobs = await self._details(step.address, str(step.change["run"]))
        if step.verb == "decide_run":
            return settle_decision(step, run, await self._reviews(jobs))
        return settle_cancel(step, run) if step.verb == "cancel_run" else settle_rerun(step, run)

    async def _decide(self, step: Step) -> Receipt:
        """Approve, or cancel the workflow, if it still waits for that. Raises Refused or InDoubt."""
        workflow, wait = str(step.change["workflow"]), str(step.change["wait"])
        try:
            jobs = await self._pipelines.jobs(workflow)
        except ProviderError as error:
            raise error.before_sending() from None
        job = next((one for one in jobs if text(one, "id", 60) == wait), None)
        if job is None or not is_on_hold(job):
            message = "not sent: the workflow doesn't wait for this any more"
            raise Refused("provider_error", message, "qd pipelines shows what it waits for")
        if step.change["decision"] == "reject":
            await self._rest.write("POST", f"/workflow/{quote(workflow)}/cancel")
            return Receipt(workflow, "cancelling")
        request = quote(text(job, "approval_request_id", 60) or wait)
        await self._rest.write("POST", f"/workflow/{quote(workflow)}/approve/{request}")
        return Receipt(workflow, "approving")

    async def _start(self, step: Step) -> Receipt:
        """Raises Refused or InDoubt."""
        parts, ref = step.address.parts, str(step.change["ref"])
        document: dict[str, Any] = {"parameters": {key: _typed(value) for key, value in step.change["inputs"].items()}}
        path = f"/project/{quote(parts['project'])}/pipeline"
        if definition := parts.get("definition"):
            path += "/run"
            document |= {"definition_id": definition, "config": {"branch": ref}, "checkout": {"branch": ref}}
        else:
            document["branch"] = ref
        answer = await self._rest.write("POST", path, document)
        return Receipt(self._named(self._rest.json_of(answer), "id"))

    def _named(self, body: Any, key: str) -> str:
        """An id in the answer to a write. Raises InDoubt."""
        if not isinstance(body, Mapping) or not isinstance(body.get(key), str):
            message = f"{self._rest.host} didn't answer as CircleCI does"
            raise InDoubt("garbage", message, "a proxy or a sign-in page may stand in between")
        return text(body, key, 60)

    async def _watched(self, project: str, branch: str) -> Read | Trouble:
        try:
            return await self._pipelines.watched(project, branch)
        except ProviderError as error:
            return error.trouble

    async def _observed(
        self, address: Address, read: Mapping[tuple[str, str], asyncio.Task[Read | Trouble]]
    ) -> Reading | Trouble:
        listed = await read[_listed(address)]
        if isinstance(listed, Trouble):
            return listed
        try:
            runs = [
                (run, text(newest_of(workflows, run.name) or {}, "id", 60))
                for pipeline, workflows in listed
                for run in runs_of(pipeline, workflows, self._rest.host)
                if _wanted(address, run.name)
            ]
            under_way = [(run, workflow) for run, workflow in runs if run.open and workflow][:MOST_DETAILS]
            told = await asyncio.gather(*(self._with_jobs(run, of, watching=True) for run, of in under_way))
        except ProviderError as error:
            return error.trouble
        known = {run.id: run for run, _ in told}
        return RunsReading(tuple(known.get(run.id, run) for run, _ in runs))

    async def _details(self, address: Address, run: str) -> Details:
        """A run read afresh. Raises ProviderError."""
        number, name = parts_of(run)
        path = f"/project/{quote(address.parts['project'])}/pipeline/{number}"
        pipeline: Any = await self._rest.get(path)
        if not isinstance(pipeline, Mapping) or str(number_of(pipeline, self._rest.host)) != number:
            raise ProviderError("garbage", f"{self._rest.host} didn't answer as CircleCI does", "check url")
        if not name:
            return without_workflow(pipeline, self._rest.host), "", []
        workflows = await self._pipelines.workflows(pipeline)
        workflow = newest_of(workflows, name)
        if workflow is None or not _wanted(address, name):
            message = f"pipeline {number} has no workflow {clean(name, 60)} that belongs here"
            raise ProviderError("not_found", message, "qd pipelines lists them")
        wanted = run_id(int(number), name)
        found = next(one for one in runs_of(pipeline, workflows, self._rest.host) if one.id == wanted)
        found, jobs = await self._with_jobs(found, text(workflow, "id", 60), watching=False)
        return found, text(workflow, "id", 60), jobs

    async def _with_jobs(
        self, run: PipelineRun, workflow: str, *, watching: bool
    ) -> tuple[PipelineRun, list[Document]]:
        jobs = await self._pipelines.jobs(workflow, watching=watching)
        waits = waits_of(jobs) if run.open else ()
        state = "waiting" if waits and run.state == "running" else run.state
        return replace(run, state=state, parts=tuple(part_of(job) for job in jobs), waits=waits), jobs

    async def _reviews(self, jobs: Sequence[Document]) -> tuple[Review, ...]:
        """What was said about approval jobs, by whom."""
        said = [one for one in (review_of(job) for job in jobs) if one is not None]
        names = await asyncio.gather(*(self._login(who) for _, who in said))
        return tuple(replace(review, by=name) for (review, _), name in zip(said, names, strict=True))

    async def _login(self, user: str) -> str:
        """The name behind an id; the id itself where the token may not see it."""
        if not user:
            return ""
        if user not in self._logins:
            try:
                found = await self._rest.get(f"/user/{quote(user, safe='')}")
            except ProviderError as error:
                if error.trouble.code not in ("not_found", "forbidden"):
                    raise
                found = {}
            self._logins[user] = (text(found, "login", 60) if isinstance(found, Mapping) else "") or user
        return self._logins[user]

    async def _project(self, address: Address) -> Document:
        found: Any = await self._rest.get(f"/project/{quote(address.parts['project'])}")
        if not isinstance(found, Mapping):
            raise ProviderError("garbage", f"{self._rest.host} didn't answer as CircleCI does", "check url")
        return found

    async def _newest(self, address: Address) -> list[PipelineRun]:
        """The newest pipelines on any branch, each as a whole."""
        found = await self._pipelines.newest(address.parts["project"])
        return [without_workflow(one, self._rest.host) for one in found]


def _listed(address: Address) -> tuple[str, str]:
    """Which list of pipelines an address is a part of."""
    return address.parts["project"], address.parts.get("branch", "")


def _workflow(step: Step) -> str:
    """Which workflow a step is about, as URLs have it. Raises Refused."""
    if not step.change["workflow"]:
        raise Refused("provider_error", "not sent: this pipeline has no workflow", "qd pipelines shows what it has")
    return quote(str(step.change["workflow"]), safe="")


def _wanted(address: Address, workflow: str) -> bool:
    return address.parts.get("workflow") in (None, "", workflow) or not workflow


def _typed(value: str) -> bool | int | str:
    """A parameter as CircleCI wants it, which refuses a text for a boolean or an integer: `true`, `false` and whole
    numbers are what they look like, and what stands in double quotes is a text."""
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, bool | int | str) else value
