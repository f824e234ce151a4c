"""GitHub Actions as a PipelineHost.

Requests of a round: one list of runs per pipeline, one of the runs that wait per repository, and for each run that is
under way its jobs and, if it waits, its pending deployments. All are conditional, so that what hasn't changed is free.
"""

from __future__ import annotations

import asyncio
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
    RunSurvey,
    Settlement,
)
from quarterdeck.providers.github.deployments import standing
from quarterdeck.providers.github.documents import items, part_of, reviews_of, run_of, with_waits
from quarterdeck.providers.http.rest import Params, Rest
from quarterdeck.release.plan import Risk, Step
from quarterdeck.release.run_settlement import settle_cancel, settle_decision, settle_rerun, settle_start

MOST_RUNS = 30
"""Runs shown of a pipeline, beside those that wait."""

MOST_DETAILS = 15
"""Runs under way of one pipeline whose jobs are read in a round."""

LOOK_AGAIN = 3.0
"""Seconds between looks at a run that is being cancelled."""


_CANCELLING = "cancelling"
"""A receipt's token: there is something to look at until the run has ended."""

Documents = Sequence[Mapping[str, Any]]


class Workflows:
    """See `quarterdeck.providers.base.PipelineHost`."""

    source = "github actions"

    def __init__(self, api: Rest, *, tells_run: bool) -> None:
        """`tells_run`: whether a dispatch may be asked to say which run it began; see `api.tells_run`."""
        self._api = api
        self._tells_run = tells_run

    async def observe(self, places: Sequence[Place]) -> Observed:
        """The newest runs of each pipeline, and those that wait."""
        waiting: dict[str, asyncio.Task[Documents]] = {}
        async with asyncio.TaskGroup() as group:
            for repository in {_repository(place.address) for place in places}:
                waiting[repository] = group.create_task(self._waiting(repository))
            found = {
                place.subject: group.create_task(self._observed(place.address, waiting[_repository(place.address)]))
                for place in places
            }
        return {subject: task.result() for subject, task in found.items()}

    async def permitted(self, address: Address) -> bool | None:
        """Whether the token may push, which is what starting and approving takes; None where GitHub doesn't tell."""
        repository = await self._api.get(_repository(address))
        rights = repository.get("permissions") if isinstance(repository, Mapping) else None
        if isinstance(repository, Mapping) and repository.get("archived") is True:
            return False
        may = rights.get("push") if isinstance(rights, Mapping) else None
        return may if isinstance(may, bool) else None

    async def survey_run(self, address: Address, run: str) -> RunSurvey:
        found, reviews, others = await asyncio.gather(
            self._run(address, run), self._reviews(address, run), self._list(address, watching=False)
        )
        there = await asyncio.gather(*(standing(self._api, _repository(address), w.environment) for w in found.waits))
        waits = tuple(replace(wait, note=note) for wait, note in zip(found.waits, there, strict=True))
        return RunSurvey(replace(found, waits=waits), reviews, tuple(others))

    async def survey_pipeline(self, address: Address) -> PipelineSurvey:
        workflow = address.parts.get("workflow", "")
        if not workflow:
            message = f"{address.parts['repository']}: which workflow is to run?"
            raise ProviderError("misconfigured", message, "declare the pipeline with `workflow: FILE.yml`")
        runs, repository, known = await asyncio.gather(
            self._list(address, watching=False),
            self._api.get(_repository(address)),
            self._api.get(f"{_repository(address)}/actions/workflows/{quote(workflow)}"),
        )
        usual = repository.get("default_branch") if isinstance(repository, Mapping) else ""
        ref = address.parts.get("ref") or address.parts.get("branch") or clean(str(usual or ""), 100)
        if not ref:
            raise ProviderError("garbage", f"{self._api.host} didn't name the default branch", "name a ref")
        newest = max((int(run.id) for run in await self._dispatched(address)), default=0)
        state = known.get("state") if isinstance(known, Mapping) else ""
        risks: tuple[Risk, ...] = ()
        if state != "active":
            text = f"the workflow is {clean(str(state), 40)}: GitHub will refuse to run it"
            risks = (Risk("danger", "disabled", text, "enable it first"),)
        return PipelineSurvey(ref, str(newest), tuple(runs), address.parts.get("correlation_input", ""), risks=risks)

    async def send(self, step: Step) -> Receipt:
        base, change = _repository(step.address), step.change
        match step.verb:
            case "decide_run":
                # By its id: environments that begin to wait meanwhile aren't decided along.
                document = {
                    "environment_ids": [int(change["wait"])],
                    "state": "approved" if change["decision"] == "approve" else "rejected",
                    "comment": change["comment"],
                }
                answer = await self._api.write(
                    "POST", f"{base}/actions/runs/{change['run']}/pending_deployments", document
                )
                self._expect_list(answer)
                return Receipt(str(change["run"]))
            case "start_run":
                return await self._dispatch(step)
            case "cancel_run":
                await self._api.write("POST", f"{base}/actions/runs/{change['run']}/cancel")
                return Receipt(str(change["run"]), _CANCELLING)
            case "rerun_run":
                verb = "rerun-failed-jobs" if change["failed_only"] else "rerun"
                await self._api.write("POST", f"{base}/actions/runs/{change['run']}/{verb}")
                return Receipt(str(change["run"]))
        raise ProviderError("misconfigured", f"GitHub Actions can't {step.verb}")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """A run that is being cancelled ends when its jobs have noticed; everything else is complete at once."""
        if step.verb != "cancel_run":
            return Progress("finished")
        run = run_of(await self._api.get(self._run_path(step.address, str(step.change["run"]))), self._api.host)
        return Progress("running", f"the run is {run.state}", LOOK_AGAIN) if run.open else Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        address = step.address
        if step.verb == "start_run":
            return settle_start(step, await self._dispatched(address), await self._login())
        run = str(step.change["run"])
        if step.verb == "decide_run":
            return settle_decision(step, *await asyncio.gather(self._run(address, run), self._reviews(address, run)))
        found = run_of(await self._api.get(self._run_path(address, run)), self._api.host)
        return settle_cancel(step, found) if step.verb == "cancel_run" else settle_rerun(step, found)

    async def _dispatch(self, step: Step) -> Receipt:
        """GitHub says which run it began where it can; it is known by reading all the same."""
        base, workflow = _repository(step.address), quote(step.address.parts["workflow"])
        document = {"ref": step.change["ref"], "inputs": dict(step.change["inputs"])}
        if self._tells_run:
            document["return_run_details"] = True
        answer = await self._api.write("POST", f"{base}/actions/workflows/{workflow}/dispatches", document)
        if answer.status == 204:
            return Receipt()
        try:
            run = answer.json(self._api.host)["workflow_run_id"]
        except (ProviderError, KeyError, TypeError):
            message = f"{self._api.host} answered {answer.status}, and not as GitHub does"
            raise InDoubt("garbage", message, "a proxy or a sign-in page may stand in between") from None
        return Receipt(str(run))

    def _expect_list(self, answer: Any) -> None:
        """An approval is answered with the deployments that it lets go on. Raises InDoubt."""
        try:
            items(answer.json(self._api.host), "", self._api.host)
        except ProviderError as error:
            raise InDoubt(error.trouble.code, error.trouble.message, error.trouble.hint) from None

    async def _observed(self, address: Address, waiting: asyncio.Task[Documents]) -> Reading | Trouble:
        try:
            runs = {run.id: run for run in await self._list(address, watching=True)}
            for document in await waiting:
                if _belongs(document, address):
                    run = run_of(document, self._api.host)
                    runs.setdefault(run.id, run)
            newest = sorted(runs.values(), key=lambda run: -int(run.id))
            under_way = [run for run in newest if run.open]
            detailed = under_way[:MOST_DETAILS]
            told = await asyncio.gather(*(self._detailed(address, run, watching=True) for run in detailed))
        except ProviderError as error:
            return error.trouble
        known = {run.id: run for run in told}
        return RunsReading(tuple(known.get(run.id, run) for run in newest))

    async def _waiting(self, repository: str) -> Documents:
        """Runs that wait, however old. A fault of this is that of each pipeline that looks at the result."""
        params = (("status", "waiting"), ("per_page", "50"))
        try:
            return await self._documents(f"{repository}/actions/runs", params, watching=True)
        except ProviderError:
            return ()  # the list of runs says what is wrong, on the row of each pipeline

    async def _list(self, address: Address, *, watching: bool) -> list[PipelineRun]:
        params = [("per_page", str(MOST_RUNS))]
        params += [("branch", address.parts["branch"])] if address.parts.get("branch") else []
        documents = await self._documents(_runs_path(address), params, watching=watching)
        return [run_of(document, self._api.host) for document in documents]

    async def _dispatched(self, address: Address) -> list[PipelineRun]:
        """Runs that somebody started by hand or by an interface, newest first, on any branch."""
        params = (("event", "workflow_dispatch"), ("per_page", str(MOST_RUNS)))
        documents = await self._documents(_runs_path(address), params, watching=False)
        return sorted((run_of(one, self._api.host) for one in documents), key=lambda run: -int(run.id))

    async def _documents(self, path: str, params: Params, *, watching: bool) -> Documents:
        body = await self._api.get(path, params, watching=watching)
        return items(body, "workflow_runs", self._api.host)

    async def _run(self, address: Address, run: str) -> PipelineRun:
        if not run.isdecimal():
            raise ProviderError("not_found", f"{clean(run, 40)!r} is not the id of a run", "qd pipelines lists them")
        document = await self._api.get(self._run_path(address, run))
        if not isinstance(document, Mapping) or not _belongs(document, address):
            raise ProviderError("not_found", f"run {run} is one of another workflow", "qd pipelines lists them")
        return await self._detailed(address, run_of(document, self._api.host), watching=False)

    async def _detailed(self, address: Address, run: PipelineRun, *, watching: bool) -> PipelineRun:
        """With its jobs, and with what it waits for."""
        path = self._run_path(address, run.id)
        jobs = await self._api.get(f"{path}/jobs", (("per_page", "100"),), watching=watching)
        run = replace(run, parts=tuple(part_of(one) for one in items(jobs, "jobs", self._api.host)))
        if run.state != "waiting":
            return run
        pending = await self._api.get(f"{path}/pending_deployments", watching=watching)
        return with_waits(run, items(pending, "", self._api.host))

    async def _reviews(self, address: Address, run: str) -> tuple[Any, ...]:
        body = await self._api.get(f"{self._run_path(address, quote(run, safe=''))}/approvals")
        return tuple(reviews_of(items(body, "", self._api.host)))

    async def _login(self) -> str:
        """Whose runs ours are; "" for tokens that are nobody's (an app's)."""
        try:
            user = await self._api.get("/user")
        except ProviderError as error:
            if error.trouble.code == "forbidden":
                return ""
            raise
        return clean(str(user.get("login") or ""), 60) if isinstance(user, Mapping) else ""

    def _run_path(self, address: Address, run: str) -> str:
        return f"{_repository(address)}/actions/runs/{run}"


def _repository(address: Address) -> str:
    return f"/repos/{address.parts['repository']}"


def _runs_path(address: Address) -> str:
    workflow = address.parts.get("workflow", "")
    return f"{_repository(address)}/actions/" + (f"workflows/{quote(workflow)}/runs" if workflow else "runs")


def _belongs(document: Mapping[str, Any], address: Address) -> bool:
    """Whether a run is one of the workflow and branch that an address names."""
    workflow, branch = address.parts.get("workflow", ""), address.parts.get("branch", "")
    path = str(document.get("path") or "").partition("@")[0]
    named = not workflow or path.endswith(f"/{workflow}") or str(document.get("workflow_id")) == workflow
    return named and (not branch or document.get("head_branch") == branch)
