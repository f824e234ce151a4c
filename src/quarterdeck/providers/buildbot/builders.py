"""Buildbot as a PipelineHost.

A round asks five questions, however many builders there are: builders, their newest requests, those that are open, and
the sets and builds of these; and one more for the steps of each build under way. Buildbot sends no ETag.

It knows no approvals: a build that waits does so for a worker or a lock. There is no idempotency key; a build that we
have started is known by a mark in the reason that it was forced for. Requests for the same are joined by default: then
ours ends as skipped, and another one does the work, which is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import PipelineRun, RunsReading
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import (
    Observed,
    PipelineSurvey,
    Progress,
    ProviderError,
    Receipt,
    Refused,
    RunSurvey,
    Settlement,
)
from quarterdeck.providers.buildbot.api import Buildbot, Document
from quarterdeck.providers.buildbot.documents import Books, number, parts_of, text
from quarterdeck.providers.buildbot.ledger import MOST_RUNS, Ledger, field_names
from quarterdeck.release.plan import Step
from quarterdeck.release.run_settlement import settle_cancel, settle_rerun, settle_start
from quarterdeck.release.run_survey import RunLimits, StartLimits

MOST_DETAILS = 15
"""Builds under way whose steps are read in a round."""

LOOK_AGAIN = 2.0
"""Seconds between looks at a build that is being stopped."""

LIMITS = RunLimits(orders=("cancel", "rerun"), instead="Buildbot repeats builds as a whole: leave --failed out")

USUAL = "its usual branch"
"""What a build is of where nobody says."""

_OURS = frozenset({"username", "reason", "priority", "branch", "project", "repository", "revision"})
"""Parameters of a ForceScheduler that aren't inputs of the build's own."""


class Builders:
    """See `quarterdeck.providers.base.PipelineHost`."""

    source = "buildbot"

    def __init__(self, api: Buildbot, url: str) -> None:
        self._api = api
        self._ledger = Ledger(api)
        self._url = url

    async def observe(self, places: Sequence[Place]) -> Observed:
        """The newest builds of each builder, and all that are open."""
        try:
            known = await self._ledger.builders(watching=True)
            ours = {name: known[name] for place in places if (name := place.address.parts["builder"]) in known}
            books, read = await self._ledger.watched(sorted(ours.values())) if ours else (Books({}, {}, {}), set())
            found: dict[str, Reading | Trouble] = {}
            for place in places:
                name = place.address.parts["builder"]
                if name not in ours:
                    found[place.subject] = self._ledger.missing(name, known).trouble
                elif ours[name] in read:
                    found[place.subject] = RunsReading(tuple(_shown(books.runs(ours[name], self._url))))
            return await self._with_steps(found, books)
        except ProviderError as error:
            return {place.subject: error.trouble for place in places}

    async def permitted(self, address: Address) -> bool | None:
        """None: Buildbot tells nobody what a user may do."""
        await self._ledger.builder(address)
        return None

    async def survey_run(self, address: Address, run: str) -> RunSurvey:
        builder = await self._ledger.builder(address)
        found, others = await asyncio.gather(self._read(builder, run), self._ledger.of_builder(builder))
        return RunSurvey(found[0], others=tuple(others.runs(builder, self._url)), limits=LIMITS)

    async def survey_pipeline(self, address: Address) -> PipelineSurvey:
        builder = await self._ledger.builder(address)
        scheduler = await self._scheduler(address)
        runs = (await self._ledger.of_builder(builder)).runs(builder, self._url)
        takes = field_names(scheduler)
        return PipelineSurvey(
            ref=address.parts.get("branch") or USUAL,
            newest=max((run.id for run in runs), key=int, default="0"),
            runs=tuple(runs),
            correlation="reason" if "reason" in takes else "",
            facts={"builder": builder, "scheduler": str(scheduler["name"])},
            limits=StartLimits(refs="branch" in takes, inputs=tuple(sorted(takes - _OURS)), marks=False),
        )

    async def send(self, step: Step) -> Receipt:
        """An order. What is asked for is looked up right before: rebuilding and stopping mean the newest attempt."""
        match step.verb:
            case "start_run":
                return await self._force(step)
            case "cancel_run":
                await self._stop(step)
                return Receipt(str(step.change["run"]), "stopping")
            case "rerun_run":
                books = await self._fresh(step)
                build = books.last_build(int(step.change["run"]))
                if build is None:
                    raise Refused("provider_error", "not sent: it never became a build", "start another one: qd run")
                await self._api.order(f"builds/{number(build, 'buildid')}", "rebuild", {})
                return Receipt(str(step.change["run"]))
        raise Refused("misconfigured", f"Buildbot can't {step.verb}")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """A build that is being stopped ends when its steps have; everything else is complete at once."""
        if step.verb == "cancel_run":
            run, _ = await self._run(step)
            if run.open:
                return Progress("running", f"the build is {run.state}", LOOK_AGAIN)
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        if step.verb == "start_run":
            builder = await self._ledger.builder(step.address)
            runs = (await self._ledger.of_builder(builder)).runs(builder, self._url)
            return settle_start(step, [replace(run, ref="") for run in runs], "")
        run, _ = await self._run(step)
        return settle_cancel(step, run) if step.verb == "cancel_run" else settle_rerun(step, run)

    async def _force(self, step: Step) -> Receipt:
        ref = str(step.change["ref"])
        branch = {} if ref == USUAL else {"branch": ref}
        params = {**dict(step.change["inputs"]), **branch, "builderid": str(step.change["builder"])}
        path = f"forceschedulers/{quote(str(step.change['scheduler']), safe='')}"
        result = await self._api.order(path, "force", params)
        # [buildset, {builder: request}]; of another kind it is no proof of anything, and settling reads anyway
        requests = result[1] if isinstance(result, list) and len(result) == 2 else None
        return Receipt(str(next(iter(requests.values()), "")) if isinstance(requests, dict) else "")

    async def _stop(self, step: Step) -> None:
        books = await self._fresh(step)
        root = int(step.change["run"])
        request, build = books.last_request(root), books.last_build(root)
        reason = {"reason": "cancelled by an operator"}
        if build is not None and number(build, "buildrequestid") == request:
            await self._api.order(f"builds/{number(build, 'buildid')}", "stop", reason)
        else:
            await self._api.order(f"buildrequests/{request}", "cancel", reason)

    async def _fresh(self, step: Step) -> Books:
        """The run as it is now. Raises Refused where that can't be read, or it is another attempt than was planned."""
        try:
            run, books = await self._run(step)
        except ProviderError as error:
            raise error.before_sending() from None
        if run.attempt != int(step.change["attempt"]):
            raise Refused("provider_error", f"not sent: it was begun again, attempt {run.attempt}", "plan again")
        return books

    async def _run(self, step: Step) -> tuple[PipelineRun, Books]:
        return await self._read(await self._ledger.builder(step.address), str(step.change["run"]))

    async def _read(self, builder: int, run: str) -> tuple[PipelineRun, Books]:
        books = await self._ledger.of_run(builder, run)
        (found,) = books.runs(builder, self._url)
        build = books.last_build(int(found.id))
        steps = await self._ledger.steps(number(build, "buildid")) if build else ()
        return replace(found, parts=tuple(parts_of(steps))), books

    async def _scheduler(self, address: Address) -> Document:
        name, wanted = address.parts["builder"], address.parts.get("scheduler", "")
        able = await self._ledger.schedulers(name)
        found = [one for one in able if not wanted or one.get("name") == wanted]
        if len(found) == 1:
            return found[0]
        names = ", ".join(sorted(text(one, "name", 60) for one in able))
        if found:
            raise ProviderError("misconfigured", f"several can start {name}: {names}", "name one: `scheduler:`")
        message = f"no ForceScheduler{f' {wanted}' if wanted else ''} starts {name}"
        raise ProviderError("misconfigured", message, f"there are: {names}" if names else "add one to the master")

    async def _with_steps(self, found: dict[str, Reading | Trouble], books: Books) -> Observed:
        """The same, with the steps of builds under way. A fault here costs the steps only."""
        under_way = [
            (subject, run, build)
            for subject, reading in found.items()
            if isinstance(reading, RunsReading)
            for run in reading.runs
            if run.open and (build := books.last_build(int(run.id))) is not None
        ][:MOST_DETAILS]

        async def read(build: Document) -> Sequence[Document]:
            try:
                return await self._ledger.steps(number(build, "buildid"), watching=True)
            except ProviderError:
                return ()

        each = await asyncio.gather(*(read(build) for _, _, build in under_way))
        for (subject, run, _), steps in zip(under_way, each, strict=True):
            reading = found[subject]
            if isinstance(reading, RunsReading):
                told = replace(run, parts=tuple(parts_of(steps)))
                found[subject] = RunsReading(tuple(told if one.id == run.id else one for one in reading.runs))
        return found


def _shown(runs: Sequence[PipelineRun]) -> list[PipelineRun]:
    return [run for place, run in enumerate(runs) if run.open or place < MOST_RUNS]
