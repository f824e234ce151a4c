"""YAML pipelines as a host of runs.

None of these writes takes a key that would make it safe to repeat, so each is known by what only it can have changed:

- A decision changes an approval that is pending; one that isn't is refused (400), so the second of two has no effect.
- A run that is started is known by its mark, where the pipeline has a template parameter for that; else the next run
  of the same account is taken for ours.
- Cancelling a run twice is cancelling it once.
- What is run again has stages with a higher attempt than before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import quote

from quarterdeck.fleet.pipelines import PipelineRun
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address
from quarterdeck.providers.azure_pipelines.api import Document, below, one, part, parts, text, versioned
from quarterdeck.providers.azure_pipelines.approvals import decided_by, reviews_of
from quarterdeck.providers.azure_pipelines.builds import definition_of, run_of
from quarterdeck.providers.azure_pipelines.definitions import Definitions
from quarterdeck.providers.azure_pipelines.people import Ourselves, id_of
from quarterdeck.providers.azure_pipelines.variables import about_groups
from quarterdeck.providers.azure_pipelines.watching import MOST_RUNS, Seen, Watching
from quarterdeck.providers.base import (
    InDoubt,
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
from quarterdeck.release.plan import Risk, Step
from quarterdeck.release.run_settlement import settle_cancel, settle_decision, settle_rerun, settle_start
from quarterdeck.release.run_survey import Review

LOOK_AGAIN = 3.0
"""Seconds between looks at a run that is being cancelled."""

OURS = "(ours)"
"""Stands for our account among those that started runs: it may be shown under several names."""

_CANCELLING = "cancelling"
"""A receipt's token: there is something to look at until the run has ended."""

_BY_HAND = "manual"
"""The reason of builds that somebody started by hand or by an interface."""

_VARIABLE = "variables."
_SKIP = "stagesToSkip"
_APPROVALS = ("api-version", "7.1-preview.1")


class Yaml:
    """Decides, starts, cancels and repeats runs of YAML pipelines."""

    def __init__(self, api: Rest, definitions: Definitions, watching: Watching, ourselves: Ourselves) -> None:
        self._api = api
        self._definitions = definitions
        self._watching = watching
        self._ourselves = ourselves

    async def survey_run(self, address: Address, run: str) -> RunSurvey:
        project = address.parts["project"]
        number = await self._number(address)
        seen, others = await asyncio.gather(
            self._run(address, number, run),
            self._watching.builds(project, [number], (("$top", str(MOST_RUNS)),), watching=False),
        )
        reviews = await self._reviews(project, seen)
        facts = {"stages": [[stage.ref, stage.attempt] for stage in seen.stages]}
        newest = tuple(run_of(other, self._api.host) for other in others)
        return RunSurvey(seen.run, reviews, newest, facts)

    async def survey_pipeline(self, address: Address) -> PipelineSurvey:
        parts_, project = address.parts, address.parts["project"]
        number = await self._number(address)
        seen, definition, groups = await asyncio.gather(
            self._watching.runs(project, [number], parts_.get("branch", ""), watching=False),
            self._api.get(below(project, f"build/definitions/{quote(number, safe='')}"), versioned()),
            about_groups(self._api, project, parts_.get("variable_groups", "")),
        )
        usual = _short(text(part(definition, "repository"), "defaultBranch", 200))
        ref = parts_.get("ref") or parts_.get("branch") or usual
        if not ref:
            message = f"{self._api.host} didn't name the default branch of {clean(parts_['pipeline'], 60)}"
            raise ProviderError("garbage", message, "name a ref")
        newest = max((int(one.run.id) for one in seen), default=0)
        risks = groups
        if (state := text(definition, "queueStatus", 20)) not in ("", "enabled"):
            said = f"the pipeline is {state}: a run won't begin"
            risks = (Risk("danger", "disabled", said, "enable it first"), *groups)
        runs = tuple(one.run for one in seen)
        marked = parts_.get("correlation_parameter", "")
        return PipelineSurvey(ref, str(newest), runs, marked, {"number": number}, risks)

    async def send(self, step: Step) -> Receipt:
        project, change = step.address.parts["project"], step.change
        match step.verb:
            case "decide_run":
                return await self._decide(step)
            case "start_run":
                return await self._start(step)
            case "cancel_run":
                path = below(project, f"build/builds/{change['run']}")
                await self._api.write("PATCH", path, {"status": "cancelling"}, params=versioned())
                return Receipt(str(change["run"]), _CANCELLING)
            case "rerun_run":
                await self._again(step)
                return Receipt(str(change["run"]))
        raise Refused("misconfigured", f"Azure Pipelines can't {step.verb}")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """A run that is being cancelled ends when its jobs have noticed; everything else is complete at once."""
        if step.verb != "cancel_run":
            return Progress("finished")
        run = run_of(await self._build(step.address, str(step.change["run"])), self._api.host)
        return Progress("running", f"the run is {run.status}", LOOK_AGAIN) if run.open else Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        address, project = step.address, step.address.parts["project"]
        if step.verb == "start_run":
            return await self._settle_start(step)
        run = str(step.change["run"])
        if step.verb == "cancel_run":
            found = run_of(await self._build(address, run), self._api.host)
            return settle_cancel(step, replace(found, attempt=int(step.change["attempt"])))
        seen = await self._run(address, await self._number(address), run)
        if step.verb == "rerun_run":
            return settle_rerun(step, _tried_again(step, seen))
        wait = str(step.change["wait"])
        known = await self._watching.approvals(project, [wait], watching=False)
        document = known.get(wait, {})
        if document.get("status") == "pending" and not decided_by(document, await self._ourselves.id()):
            # Where it takes several people, somebody else's yes is not ours.
            return Settlement("not_done", "it still waits for the decision", {"state": seen.run.state})
        return settle_decision(step, seen.run, await self._reviews(project, seen))

    async def _decide(self, step: Step) -> Receipt:
        """By the approval's id: approvals that come up meanwhile aren't given along."""
        change = step.change
        status = "approved" if change["decision"] == "approve" else "rejected"
        document = [{"approvalId": change["wait"], "status": status, "comment": change["comment"]}]
        path = below(step.address.parts["project"], "pipelines/approvals")
        answer = await self._api.write("PATCH", path, document, params=(_APPROVALS,))
        self._expect(answer, lambda body: any(text(it, "id").lower() == change["wait"] for it in parts(body, "value")))
        return Receipt(str(change["run"]))

    async def _start(self, step: Step) -> Receipt:
        """The answer says which run began; it is known by reading all the same."""
        ref, inputs = str(step.change["ref"]), dict(step.change["inputs"])
        name = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
        document: dict[str, object] = {"resources": {"repositories": {"self": {"refName": name}}}}
        variables = {name: value for name, value in inputs.items() if name.startswith(_VARIABLE)}
        skipped = [one.strip() for one in str(inputs.get(_SKIP, "")).split(",") if one.strip()]
        given = {name: value for name, value in inputs.items() if name not in variables and name != _SKIP}
        if given:
            document["templateParameters"] = given
        if variables:
            document["variables"] = {name[len(_VARIABLE) :]: {"value": value} for name, value in variables.items()}
        if skipped:
            document["stagesToSkip"] = skipped
        number = await self._definitions.planned(step)
        path = below(step.address.parts["project"], f"pipelines/{quote(number, safe='')}/runs")
        answer = await self._api.write("POST", path, document, params=versioned())
        self._expect(answer, lambda body: "id" in body)
        return Receipt(str(self._api.json_of(answer)["id"]))

    async def _again(self, step: Step) -> None:
        """What failed: the build as a whole knows that. All of it: from its first stage on, which the others follow."""
        project, run = step.address.parts["project"], step.change["run"]
        if step.change["failed_only"]:
            params = versioned((("retry", "true"),))
            await self._api.write("PATCH", below(project, f"build/builds/{run}"), {}, params=params)
            return
        stages = [ref for ref, _ in step.change.get("stages", ())]
        if not stages:
            message = f"not sent: run {run} has no stage that could be run again"
            raise Refused("misconfigured", message, "start a new run: qd run PIPELINE")
        document = {"state": "retry", "forceRetryAllJobs": True, "retryDependencies": True}
        path = below(project, f"build/builds/{run}/stages/{quote(stages[0], safe='')}")
        await self._api.write("PATCH", path, document, params=versioned())

    async def _settle_start(self, step: Step) -> Settlement:
        address, newest = step.address, int(step.before["newest"])
        project, number = address.parts["project"], str(step.change["number"])
        found = await self._watching.builds(project, [number], (("$top", str(MOST_RUNS)),), watching=False)
        later = [document for document in found if int(document.get("id", 0)) > newest]
        me = await self._ourselves.id()
        runs = [self._attributed(document, me) for document in later]
        if step.change["mark"]:
            runs = [await self._marked(project, number, run) for run in runs]
        else:
            runs = [run for run in runs if run.event == _BY_HAND]
        return settle_start(step, runs, OURS)

    def _attributed(self, document: Document, me: str) -> PipelineRun:
        run = run_of(document, self._api.host)
        return replace(run, actor=OURS) if id_of(part(document, "requestedFor")) == me else run

    async def _marked(self, project: str, number: str, run: PipelineRun) -> PipelineRun:
        """A run whose title shows the parameters that it was started with: one of them may be our mark."""
        body = await self._api.get(below(project, f"pipelines/{number}/runs/{run.id}"), versioned())
        given = part(body, "templateParameters")
        return replace(run, title=" ".join(str(value) for value in given.values()))

    async def _run(self, address: Address, number: str, run: str) -> Seen:
        document = await self._build(address, run)
        if definition_of(document) != number:
            raise ProviderError("not_found", f"run {run} is one of another pipeline", "qd pipelines lists them")
        project = address.parts["project"]
        seen = Seen(run_of(document, self._api.host), number)
        seen = await self._watching.with_stages(project, seen, watching=False)
        if not seen.run.open:
            return seen
        rivals = await self._watching.waiting(project, [seen], watching=False)
        return rivals[0]

    async def _build(self, address: Address, run: str) -> Document:
        if not run.isdecimal():
            raise ProviderError("not_found", f"{clean(run, 40)!r} is not the id of a run", "qd pipelines lists them")
        body = await self._api.get(below(address.parts["project"], f"build/builds/{run}"), versioned())
        return one(body, self._api.host)

    async def _reviews(self, project: str, seen: Seen) -> tuple[Review, ...]:
        asked = {number: stage for stage in seen.stages for number in stage.approvals}
        known = await self._watching.approvals(project, list(asked), watching=False)
        return tuple(review for number, document in known.items() for review in reviews_of(document, asked[number]))

    async def _number(self, address: Address) -> str:
        return await self._definitions.number(address.parts["project"], address.parts["pipeline"], watching=False)

    def _expect(self, answer: Answer, holds: Callable[[Document], bool]) -> None:
        """Raises InDoubt if the answer isn't one of Azure DevOps'."""
        body = self._api.json_of(answer)
        if not isinstance(body, Mapping) or not holds(body):
            message = f"{self._api.host} answered {answer.status}, and not as Azure DevOps does"
            raise InDoubt("garbage", message, "a proxy or a sign-in page may stand in between")


def _tried_again(step: Step, seen: Seen) -> PipelineRun:
    """A run whose attempt counts from the plan on: stages count their attempts each for itself."""
    then: Mapping[str, int] = dict(step.change.get("stages", ()))
    more = max((stage.attempt - then.get(stage.ref, 0) for stage in seen.stages if stage.ref in then), default=0)
    return replace(seen.run, attempt=int(step.before["attempt"]) + max(0, more))


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/")
