"""Classic releases as runs of a pipeline.

Requests of a round: one list of releases per definition, one of the pending approvals per project, the interventions
of each release under way, and whatever waits and is older than the list.

None of these writes takes a key that would make it safe to repeat, so each is known by what only it can have changed:
an approval or intervention that isn't pending is refused; a release that we begin has a mark in its description; what
is deployed again has one attempt more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import PipelineRun, RunsReading
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure_pipelines.api import (
    Document,
    below,
    everything,
    items,
    one,
    part,
    versioned,
)
from quarterdeck.providers.azure_pipelines.definitions import Definitions
from quarterdeck.providers.azure_pipelines.people import Ourselves
from quarterdeck.providers.azure_pipelines.releases import (
    INTERVENTION,
    attempt_of,
    release_of,
    reviews_of,
    stages_of,
)
from quarterdeck.providers.azure_pipelines.variables import about_groups
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
from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.rest import Rest
from quarterdeck.release.plan import Step
from quarterdeck.release.run_action import RunOrder
from quarterdeck.release.run_settlement import settle_cancel, settle_decision, settle_rerun, settle_start
from quarterdeck.release.run_survey import RunLimits, StartLimits

MOST_RELEASES = 10
"""Shown of a definition, beside those that wait. Each is long: it holds its stages with all their tasks."""

LATEST = "the latest artifacts"
"""What a new release takes: it can't be told a branch."""

BY_ONES = "a stage at a time: on the release's page"

DESCRIPTION = "description"
"""The input that carries our mark: every release has one."""

_EXPANDED = ("$expand", "environments,approvals")
_APPROVALS = ("api-version", "7.1")
_UNDER_WAY = ("inProgress", "queued", "scheduled")
_FAILED = ("rejected", "canceled", "partiallySucceeded")


class Classic:
    """Reads classic releases, decides, begins, ends and repeats them."""

    def __init__(self, api: Rest, main: Rest, definitions: Definitions, ourselves: Ourselves) -> None:
        """`api` answers for releases, `main` for all else; they may be one host."""
        self._api = api
        self._main = main
        self._definitions = definitions
        self._ourselves = ourselves

    async def observe(self, places: Sequence[Place]) -> Observed:
        """The newest releases of each definition, and those that wait."""
        waiting: dict[str, asyncio.Task[list[Document]]] = {}
        async with asyncio.TaskGroup() as group:
            for project in {place.address.parts["project"] for place in places}:
                waiting[project] = group.create_task(self._pending(project))
            found = {
                place.subject: group.create_task(self._observed(place.address, waiting[place.address.parts["project"]]))
                for place in places
            }
        return {subject: task.result() for subject, task in found.items()}

    async def survey_run(self, address: Address, run: str) -> RunSurvey:
        document, interventions = await self._release(address, run)
        others = await self._list(address, watching=False)
        me = await self._ourselves.id()
        facts = {"stages": [[stage.get("id"), attempt_of(stage), stage.get("status")] for stage in stages_of(document)]}
        return RunSurvey(
            release_of(document, self._api.host, me, interventions),
            tuple(reviews_of(document, interventions)),
            tuple(release_of(other, self._api.host, me) for other in others),
            facts,
            RunLimits(_orders(document), instead=BY_ONES),
        )

    async def survey_pipeline(self, address: Address) -> PipelineSurvey:
        groups, me = address.parts.get("variable_groups", ""), await self._ourselves.id()
        number = await self._number(address)
        documents, risks = await asyncio.gather(
            self._of(address, number, watching=False), about_groups(self._main, address.parts["project"], groups)
        )
        runs = tuple(release_of(document, self._api.host, me) for document in documents)
        newest = max((int(run.id) for run in runs), default=0)
        limits = StartLimits(refs=False)
        return PipelineSurvey(LATEST, str(newest), runs, DESCRIPTION, {"number": number}, risks, limits)

    async def send(self, step: Step) -> Receipt:
        project, change = step.address.parts["project"], step.change
        match step.verb:
            case "decide_run":
                return await self._decide(step)
            case "start_run":
                return await self._start(step)
            case "cancel_run":
                stage = _first(step, _UNDER_WAY)
                await self._set(project, str(change["run"]), stage, "canceled")
                return Receipt(str(change["run"]))
            case "rerun_run":
                again = _first(step, _FAILED if change["failed_only"] else (*_FAILED, "succeeded"))
                await self._set(project, str(change["run"]), again, "inProgress")
                return Receipt(str(change["run"]))
        raise Refused("misconfigured", f"classic releases can't {step.verb}")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """Complete with their answers, as far as anybody can see."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        address, me = step.address, await self._ourselves.id()
        if step.verb == "start_run":
            documents = await self._of(address, str(step.change["number"]), watching=False)
            return settle_start(step, [release_of(found, self._api.host, me) for found in documents], "")
        document, interventions = await self._release(address, str(step.change["run"]))
        run = release_of(document, self._api.host, me, interventions)
        match step.verb:
            case "decide_run":
                return settle_decision(step, run, tuple(reviews_of(document, interventions)))
            case "cancel_run":
                return settle_cancel(step, replace(run, attempt=int(step.change["attempt"])))
        return settle_rerun(step, _tried_again(step, run, document))

    async def _decide(self, step: Step) -> Receipt:
        project, change, wait = step.address.parts["project"], step.change, str(step.change["wait"])
        status = "approved" if change["decision"] == "approve" else "rejected"
        if wait.startswith(INTERVENTION):
            number = wait.removeprefix(INTERVENTION)
            path = below(project, f"release/releases/{change['run']}/manualinterventions/{number}")
            answer = await self._api.write("PATCH", path, _said(status, "comment", change), params=versioned())
        else:
            number, path = wait, below(project, f"release/approvals/{wait}")
            answer = await self._api.write("PATCH", path, _said(status, "comments", change), params=(_APPROVALS,))
        self._expect(answer, int(number))
        return Receipt(str(change["run"]))

    async def _start(self, step: Step) -> Receipt:
        """The answer says which release began; it is known by reading all the same."""
        inputs = dict(step.change["inputs"])
        document: dict[str, Any] = {
            "definitionId": int(await self._definitions.planned(step)),
            "description": inputs.pop(DESCRIPTION, ""),
            "reason": "manual",
        }
        if inputs:
            document["variables"] = {name: {"value": value} for name, value in inputs.items()}
        path = below(step.address.parts["project"], "release/releases")
        answer = await self._api.write("POST", path, document, params=versioned())
        self._expect(answer, None)
        return Receipt(str(self._api.json_of(answer)["id"]))

    async def _set(self, project: str, run: str, stage: str, status: str) -> None:
        path = below(project, f"release/releases/{run}/environments/{stage}")
        await self._api.write("PATCH", path, {"status": status}, params=versioned())

    async def _observed(self, address: Address, waiting: asyncio.Task[list[Document]]) -> Reading | Trouble:
        try:
            number, me = await self._number(address, watching=True), await self._me()
            documents = {found["id"]: found for found in await self._list(address, watching=True)}
            about = [found for found in await waiting if str(part(found, "releaseDefinition").get("id")) == number]
            older = {part(found, "release").get("id") for found in about} - set(documents)
            for document in await asyncio.gather(*(self._one(address, str(run), watching=True) for run in older)):
                documents[document["id"]] = document
            runs = [
                await self._with_interventions(address, documents[run], me) for run in sorted(documents, reverse=True)
            ]
        except ProviderError as error:
            return error.trouble
        return RunsReading(tuple(runs))

    async def _with_interventions(self, address: Address, document: Document, me: str) -> PipelineRun:
        run = release_of(document, self._api.host, me)
        if run.state != "running":
            return run
        return release_of(document, self._api.host, me, await self._interventions(address, run.id, watching=True))

    async def _pending(self, project: str) -> list[Document]:
        """Pending approvals of a project, however old. A fault of this is that of each list beside it."""
        params = (("statusFilter", "pending"), ("top", "500"), _APPROVALS)
        try:
            return await everything(self._api, below(project, "release/approvals"), params, watching=True)
        except ProviderError:
            return []

    async def _list(self, address: Address, *, watching: bool) -> list[Document]:
        return await self._of(address, await self._number(address, watching=watching), watching=watching)

    async def _of(self, address: Address, number: str, *, watching: bool) -> list[Document]:
        params = versioned((("definitionId", number), ("$top", str(MOST_RELEASES)), _EXPANDED))
        body = await self._api.get(below(_project(address), "release/releases"), params, watching=watching)
        return [one(document, self._api.host) for document in items(body, self._api.host)]

    async def _release(self, address: Address, run: str) -> tuple[Document, list[Document]]:
        if not run.isdecimal():
            message = f"{clean(run, 40)!r} is not the id of a release"
            raise ProviderError("not_found", message, "qd pipelines lists them")
        document, number = await self._one(address, run, watching=False), await self._number(address)
        if str(part(document, "releaseDefinition").get("id")) != number:
            message = f"release {run} is one of another definition"
            raise ProviderError("not_found", message, "qd pipelines lists them")
        return document, await self._interventions(address, run, watching=False)

    async def _one(self, address: Address, run: str, *, watching: bool) -> Document:
        path = below(_project(address), f"release/releases/{run}")
        return one(await self._api.get(path, versioned((_EXPANDED,)), watching=watching), self._api.host)

    async def _interventions(self, address: Address, run: str, *, watching: bool) -> list[Document]:
        path = below(_project(address), f"release/releases/{run}/manualinterventions")
        return list(items(await self._api.get(path, versioned(), watching=watching), self._api.host))

    async def _number(self, address: Address, *, watching: bool = False) -> str:
        return await self._definitions.number(_project(address), _name(address), watching=watching)

    async def _me(self) -> str:
        try:
            return await self._ourselves.id()
        except ProviderError:
            return ""

    def _expect(self, answer: Answer, number: int | None) -> None:
        """Raises InDoubt if the answer isn't one of Azure DevOps' about what we wrote to."""
        body = self._api.json_of(answer)
        if not isinstance(body, Mapping) or not isinstance(body.get("id"), int) or number not in (None, body["id"]):
            message = f"{self._api.host} answered {answer.status}, and not as Azure DevOps does"
            raise InDoubt("garbage", message, "a proxy or a sign-in page may stand in between")


def _said(status: str, key: str, change: Mapping[str, Any]) -> dict[str, str]:
    return {"status": status, key: str(change["comment"])}


def _orders(document: Document) -> tuple[RunOrder, ...]:
    """What can be done with one write: each stage is ended by itself, and deployed again by itself."""
    standing = [str(stage.get("status")) for stage in stages_of(document)]
    under_way = sum(one in _UNDER_WAY for one in standing)
    return ("rerun", "rerun_failed") if under_way > 1 else ("cancel", "rerun", "rerun_failed")


def _first(step: Step, states: tuple[str, ...]) -> str:
    found = [str(number) for number, _, status in step.change.get("stages", ()) if status in states]
    if not found:
        message = f"no stage of release {step.change['run']} can be deployed again"
        raise Refused("misconfigured", message, "deploy one on the release's page")
    return found[0]


def _tried_again(step: Step, run: PipelineRun, document: Document) -> PipelineRun:
    """A release whose attempt counts from the plan on: stages count theirs each for itself."""
    then = {str(number): int(attempt) for number, attempt, _ in step.change.get("stages", ())}
    more = [attempt_of(stage) - then.get(str(stage.get("id")), attempt_of(stage)) for stage in stages_of(document)]
    return replace(run, attempt=int(step.before["attempt"]) + max([0, *more]))


def _project(address: Address) -> str:
    return address.parts["project"]


def _name(address: Address) -> str:
    return address.parts["release_definition"]
