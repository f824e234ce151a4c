"""Jenkins as a PipelineHost.

Requests of a round: one per folder that holds several of the jobs (one per job that is alone in its folder), one of all
that runs on this Jenkins, and for each build under way its stages and, while it is paused, its inputs. Jenkins sends no
ETag, so that what hasn't changed is read again, but not in more requests.

There is no idempotency key. An answer to an input is sent to a step that was found waiting right before, and the step
is known by its node, so that the next input with the same id isn't answered along; a build is known by a parameter that
carries a mark. Jenkins puts builds with the same parameters that wait in its queue together: then two of us get one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

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
from quarterdeck.providers.jenkins.api import Jenkins, job_path
from quarterdeck.providers.jenkins.builds import BUILDS, Builds, parameters
from quarterdeck.providers.jenkins.documents import run_of, text
from quarterdeck.providers.jenkins.inputs import NODELESS
from quarterdeck.release.plan import Risk, Step
from quarterdeck.release.run_settlement import settle_cancel, settle_decision, settle_start
from quarterdeck.release.run_survey import RunLimits, StartLimits

LOOK_AGAIN = 2.0
"""Seconds between looks at a build that is to begin or to end."""

LIMITS = RunLimits(
    orders=("cancel",),
    instead="Jenkins repeats no build: begin another one with the same parameters (qd run)",
    rejecting="rejected: the build is aborted there, unless its pipeline catches that",
    ends_all=True,
    keeps_comments=False,
)

_JOB = f"{BUILDS},buildable,inQueue,property[parameterDefinitions[name,type]]"
_ITEM = re.compile(r"/queue/item/(\d+)")


class Jobs:
    """See `quarterdeck.providers.base.PipelineHost`."""

    source = "jenkins"

    def __init__(self, api: Jenkins) -> None:
        self._api = api
        self._builds = Builds(api)

    async def observe(self, places: Sequence[Place]) -> Observed:
        """The newest builds of each job, and all that are under way."""
        folders: dict[str, set[str]] = {}
        for place in places:
            folder, _, name = job_path(place.address.parts).rpartition("/job/")
            folders.setdefault(folder, set()).add(name)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self._builds.running())
            read = {
                folder: group.create_task(self._builds.folder(folder, len(names)))
                for folder, names in folders.items()
                if len(names) > 1
            }
            found = {
                place.subject: group.create_task(self._builds.observed(place.address, read, running))
                for place in places
            }
        return {subject: task.result() for subject, task in found.items()}

    async def permitted(self, address: Address) -> bool | None:
        """None: Jenkins tells nobody what a user may do with a job."""
        await self._api.get(f"{job_path(address.parts)}/api/json", "name")
        return None

    async def survey_run(self, address: Address, run: str) -> RunSurvey:
        (found, reviews, inputs), job = await asyncio.gather(
            self._builds.surveyed(address, run), self._builds.job(address)
        )
        others = self._builds.runs(job, address)
        return RunSurvey(found, reviews, tuple(others), {"inputs": inputs}, LIMITS)

    async def survey_pipeline(self, address: Address) -> PipelineSurvey:
        job, root = await asyncio.gather(self._builds.job(address, _JOB), self._api.get("/api/json", "quietingDown"))
        runs = self._builds.runs(job, address)
        taken = tuple(parameters(job))
        marked = address.parts.get("correlation_input", "")
        if marked and marked not in taken:
            message = f"{self._builds.name(address)} has no parameter {marked}"
            raise ProviderError("misconfigured", message, "add it to the job, or leave correlation_input out")
        risks = []
        if job.get("buildable") is False:
            text_ = "the job is disabled: Jenkins will refuse to build it"
            risks.append(Risk("danger", "disabled", text_, "enable it first"))
        if isinstance(root, Mapping) and root.get("quietingDown") is True:
            text_ = "Jenkins is about to shut down: it puts builds into its queue and begins none"
            risks.append(Risk("danger", "quieting-down", text_, "wait for it to come back"))
        return PipelineSurvey(
            ref=address.parts.get("branch") or "what its job says",
            newest=max((run.id for run in runs), key=int, default="0"),
            runs=tuple(runs),
            correlation=marked,
            facts={"parameters": bool(taken)},
            risks=tuple(risks),
            limits=StartLimits(refs=False, inputs=taken),
        )

    async def send(self, step: Step) -> Receipt:
        match step.verb:
            case "decide_run":
                return await self._decide(step)
            case "start_run":
                return await self._start(step)
            case "cancel_run":
                run = str(step.change["run"])
                await self._api.post(f"{job_path(step.address.parts)}/{run}/stop")
                return Receipt(run, "stopping")
        raise Refused("misconfigured", f"Jenkins can't {step.verb}")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """A build waits in the queue before it gets a number, and one that is stopped ends when its steps have."""
        if step.verb == "start_run":
            return await self._queued(receipt.reference)
        # Of an input whose step isn't told, a no shows in how the build ends.
        unseen = str(step.change.get("wait", "")).startswith(NODELESS) and step.change.get("decision") == "reject"
        if step.verb == "cancel_run" or unseen:
            document = await self._builds.build(step.address, str(step.change["run"]))
            if document.get("building") is True:
                return Progress("running", "its steps are being ended", LOOK_AGAIN)
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        address = step.address
        if step.verb == "start_run":
            job, me = await asyncio.gather(self._builds.job(address), self._api.get("/me/api/json", "id"))
            runs = [replace(run, ref="") for run in self._builds.runs(job, address)]
            return settle_start(step, runs, text(me, "id", 60) if isinstance(me, Mapping) else "")
        run = str(step.change["run"])
        if step.verb == "cancel_run":
            return settle_cancel(step, run_of(await self._builds.build(address, run), self._api.host))
        wait = str(step.change["wait"])
        found, reviews, inputs = await self._builds.surveyed(address, run, wanted=wait)
        if wait.startswith(NODELESS) and wait not in inputs and not any(one.wait == wait for one in reviews):
            reviews = (*reviews, *await self._builds.unseen(address, found, wait))
        return settle_decision(step, found, reviews)

    async def _decide(self, step: Step) -> Receipt:
        """Answer an input. Raises Refused or InDoubt."""
        run, wait = str(step.change["run"]), str(step.change["wait"])
        path = f"{job_path(step.address.parts)}/{run}"
        try:
            _, _, inputs = await self._builds.surveyed(step.address, run, reviews=False)
        except ProviderError as error:
            raise error.before_sending() from None
        if wait not in inputs or inputs[wait] != step.change["inputs"][wait]:
            message = f"not sent: build {run} doesn't wait for this any more"
            raise Refused("provider_error", message, "qd pipelines shows what it waits for")
        answer = "proceedEmpty" if step.change["decision"] == "approve" else "abort"
        await self._api.post(f"{path}/input/{quote(inputs[wait], safe='')}/{answer}")
        return Receipt(run)

    async def _start(self, step: Step) -> Receipt:
        """Put a build into the queue; its place there is known, and not yet its number. Raises Refused or InDoubt."""
        path, inputs = job_path(step.address.parts), dict(step.change["inputs"])
        # A job that takes parameters gets its defaults for the others by this path only, and one without refuses it.
        order = "buildWithParameters" if step.change["parameters"] else "build"
        answer = await self._api.post(f"{path}/{order}", inputs)
        item = _ITEM.search(answer.headers.get("location", ""))
        if item:
            return Receipt(item.group(1), "queued")
        if answer.status in (302, 303):
            message = f"{self._api.host} took no build of {self._builds.name(step.address)} into its queue"
            raise Refused("provider_error", message, "it may be shutting down, or a plugin of its queue said no")
        raise InDoubt("garbage", f"{self._api.host} answered {answer.status}, and not as Jenkins does", "check url")

    async def _queued(self, item: str) -> Progress:
        if not item.isdecimal():
            return Progress("finished")
        try:
            found = await self._api.get(f"/queue/item/{item}/api/json", "cancelled,why,executable[number]")
        except ProviderError as error:
            if error.trouble.code == "not_found":  # Jenkins forgets items some minutes after they left the queue
                return Progress("finished")
            raise
        executable = found.get("executable") if isinstance(found, Mapping) else None
        if isinstance(executable, Mapping) and executable.get("number"):
            return Progress("finished", f"build {executable['number']}")
        if isinstance(found, Mapping) and found.get("cancelled") is True:
            return Progress("failed", "somebody took it out of Jenkins' queue")
        why = text(found, "why") if isinstance(found, Mapping) else ""
        return Progress("running", f"in Jenkins' queue: {why}" if why else "in Jenkins' queue", LOOK_AGAIN)
