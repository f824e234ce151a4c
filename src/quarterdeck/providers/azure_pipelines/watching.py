"""What is seen of YAML pipelines, with as few requests as the interface allows.

Requests of a round, for each project and branch: one list of the newest builds of all its pipelines (a hundred
pipelines a request), one of those that haven't ended, one of the approvals that are pending; then a timeline for each
run under way, and for each checkpoint that holds one, once, its checks. The names of pipelines are read once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunsReading
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Place
from quarterdeck.providers.azure_pipelines.api import Document, below, everything, in_the_cloud, text, versioned
from quarterdeck.providers.azure_pipelines.approvals import (
    Setting,
    wait_for_a_machine,
    wait_for_an_answer,
    wait_for_people,
)
from quarterdeck.providers.azure_pipelines.builds import (
    OPEN_BUILDS,
    Check,
    Stage,
    definition_of,
    run_of,
    stages_of,
    with_stages,
)
from quarterdeck.providers.azure_pipelines.checks import Checks
from quarterdeck.providers.azure_pipelines.definitions import Definitions
from quarterdeck.providers.azure_pipelines.people import Ourselves
from quarterdeck.providers.base import Observed, ProviderError
from quarterdeck.providers.http.rest import Params, Rest

MOST_RUNS = 20
"""Runs shown of a pipeline, beside those that are under way; of many pipelines `FEWEST_RUNS`."""

MOST_IN_ALL = 500
"""Builds in one answer, each of some thousand bytes: of many pipelines fewer runs are shown of each."""

FEWEST_RUNS = 5

MOST_DETAILS = 15
"""Runs under way of one pipeline whose timelines are read in a round."""

MOST_AT_ONCE = 100
"""Pipelines that are asked for in one request: a URL has an end."""

_STEPS = "steps"


@dataclass(frozen=True, slots=True)
class Seen:
    """A run with its stages; `trouble` is why those can't be told, which is that of its pipeline alone."""

    run: PipelineRun
    definition: str
    stages: tuple[Stage, ...] = ()
    trouble: Trouble | None = None


class Watching:
    """Reads the runs of YAML pipelines."""

    def __init__(self, api: Rest, definitions: Definitions, checks: Checks, ourselves: Ourselves, url: str) -> None:
        self._api = api
        self._definitions = definitions
        self._checks = checks
        self._ourselves = ourselves
        # Which run an approval belongs to is told from 7.2 on; Azure DevOps Server doesn't know that yet.
        self._version = ("api-version", "7.2-preview.2" if in_the_cloud(url) else "7.1-preview.1")
        self._expand = f"{_STEPS},permissions"

    async def observe(self, places: Sequence[Place]) -> Observed:
        """The newest runs of each pipeline, and those that haven't ended."""
        groups: dict[tuple[str, str], list[Place]] = {}
        for place in places:
            parts = place.address.parts
            groups.setdefault((parts["project"], parts.get("branch", "")), []).append(place)
        found: dict[str, Reading | Trouble] = {}
        for observed in await asyncio.gather(*(self._round(*key, group) for key, group in groups.items())):
            found |= observed
        return found

    async def runs(self, project: str, numbers: Sequence[str], branch: str, *, watching: bool) -> list[Seen]:
        """The newest runs of these pipelines and all that haven't ended, newest first; those in full."""
        documents: dict[int, Document] = {}
        each = max(FEWEST_RUNS, min(MOST_RUNS, MOST_IN_ALL // max(1, min(len(numbers), MOST_AT_ONCE))))
        lists = [(("maxBuildsPerDefinition", str(each)),), (("statusFilter", OPEN_BUILDS),)]
        chunks = [numbers[at : at + MOST_AT_ONCE] for at in range(0, len(numbers), MOST_AT_ONCE)]
        questions = [(chunk, (*own, *_of(branch))) for chunk in chunks for own in lists]
        asked = [self.builds(project, *question, watching=watching) for question in questions]
        for answer in await asyncio.gather(*asked):
            documents |= {one["id"]: one for one in answer if isinstance(one.get("id"), int)}
        seen = [Seen(run_of(documents[at], self._api.host), definition_of(documents[at])) for at in sorted(documents)]
        seen.reverse()
        chosen = [one for number in numbers for one in _under_way(seen, number)]
        told = await asyncio.gather(*(self._told(project, one, watching=watching) for one in chosen))
        complete = {one.run.id: one for one in await self.waiting(project, told, watching=watching)}
        return [complete.get(one.run.id, one) for one in seen]

    async def builds(self, project: str, numbers: Sequence[str], own: Params, *, watching: bool) -> list[Document]:
        """Builds of pipelines, newest first. Raises ProviderError."""
        params = (("definitions", ",".join(numbers)), ("queryOrder", "queueTimeDescending"), *own)
        params = params if "$top" in dict(own) else (*params, ("$top", str(MOST_IN_ALL)))
        return await everything(self._api, below(project, "build/builds"), params, watching=watching)

    async def _told(self, project: str, one: Seen, *, watching: bool) -> Seen:
        """With its stages, or with why not. A run that somebody deletes meanwhile has none."""
        try:
            return await self.with_stages(project, one, watching=watching)
        except ProviderError as error:
            return one if error.trouble.code == "not_found" else replace(one, trouble=error.trouble)

    async def with_stages(self, project: str, one: Seen, *, watching: bool) -> Seen:
        """With what it does; a run that hasn't begun has no timeline yet (204)."""
        path = below(project, f"build/builds/{quote(one.run.id, safe='')}/timeline")
        answer = await self._api.fetch(path, versioned(), watching=watching)
        stages = stages_of(answer.json(self._api.host)) if answer.body.strip() else ()
        return Seen(with_stages(one.run, stages), one.definition, stages)

    async def waiting(self, project: str, seen: Sequence[Seen], *, watching: bool) -> list[Seen]:
        """Runs with what they wait for."""
        held = [(stage, check) for one in seen for stage in one.stages for check in stage.checks]
        if not held:
            return [_with(one, ()) for one in seen]
        wanted = [check.id for _, check in held if check.kind == "Approval"]
        settings, approvals, me = await asyncio.gather(
            self._checks.settings(project, [check.suite for _, check in held], watching=watching),
            self.pending(project, wanted, watching=watching),
            self._me(),
        )
        return [_with(one, _waits(one, seen, approvals, settings, me)) for one in seen]

    async def pending(self, project: str, wanted: Sequence[str], *, watching: bool) -> Mapping[str, Document]:
        """Approvals by id: all that are pending, and of the others (deferred ones) those that are wanted."""
        if not wanted:
            return {}
        found = await self._expanded(project, (("state", "pending"), ("top", "1000")), watching=watching)
        known = {text(one, "id", 64).lower(): one for one in found}
        rest = [one for one in wanted if one not in known]
        return {**known, **await self.approvals(project, rest, watching=watching)}

    async def approvals(self, project: str, ids: Sequence[str], *, watching: bool) -> Mapping[str, Document]:
        """Approvals by id, whatever has become of them. Raises ProviderError."""
        if not ids:
            return {}
        found = await self._expanded(project, (("approvalIds", ",".join(ids)),), watching=watching)
        return {text(one, "id", 64).lower(): one for one in found}

    async def _expanded(self, project: str, params: Params, *, watching: bool) -> list[Document]:
        """Approvals with their steps, and with our rights where a server tells them along with those: its contract
        names the two as one choice each."""
        path = below(project, "pipelines/approvals")
        own = (*params, ("$expand", self._expand), self._version)
        try:
            return await everything(self._api, path, own, watching=watching)
        except ProviderError as error:
            if error.trouble.code != "provider_error" or self._expand == _STEPS:
                raise
        found = await everything(self._api, path, (*params, ("$expand", _STEPS), self._version), watching=watching)
        self._expand = _STEPS
        return found

    async def _round(self, project: str, branch: str, places: Sequence[Place]) -> Mapping[str, Reading | Trouble]:
        found: dict[str, Reading | Trouble] = {}
        numbers: dict[str, str] = {}
        for place in places:
            try:
                name = place.address.parts["pipeline"]
                numbers[place.subject] = await self._definitions.number(project, name, watching=True)
            except ProviderError as error:
                found[place.subject] = error.trouble
        try:
            seen = await self.runs(project, sorted(set(numbers.values())), branch, watching=True)
        except ProviderError as error:
            return {**found, **dict.fromkeys(numbers, error.trouble)}
        for subject, number in numbers.items():
            own = [one for one in seen if one.definition == number]
            trouble = next((one.trouble for one in own if one.trouble is not None), None)
            found[subject] = trouble or RunsReading(tuple(one.run for one in own))
        return found

    async def _me(self) -> str:
        try:
            return await self._ourselves.id()
        except ProviderError:
            return ""  # who may decide is then told as far as the approval itself does


def _of(branch: str) -> Params:
    if not branch:
        return ()
    return (("branchName", branch if branch.startswith("refs/") else f"refs/heads/{branch}"),)


def _under_way(seen: Sequence[Seen], number: str) -> list[Seen]:
    begun = [one for one in seen if one.definition == number and one.run.state == "running"]
    return begun[:MOST_DETAILS]


def _with(one: Seen, waits: tuple[PendingApproval, ...]) -> Seen:
    asks = tuple(wait_for_an_answer(stage) for stage in one.stages if stage.asks)
    waits = (*waits, *asks)
    return replace(one, run=replace(one.run, waits=waits, state="waiting" if waits else one.run.state))


def _waits(
    one: Seen,
    others: Sequence[Seen],
    approvals: Mapping[str, Document],
    settings: Mapping[str, Setting],
    me: str,
) -> tuple[PendingApproval, ...]:
    found: list[PendingApproval] = []
    for stage in one.stages:
        for check in stage.checks:
            setting = settings.get(check.id, Setting())
            document: Any = approvals.get(check.id)
            if check.kind == "Approval" and document is not None:
                found.append(wait_for_people(document, stage, setting, me))
            elif check.kind != "Approval":
                found.append(wait_for_a_machine(check, stage, setting, _holder(one, stage, check, others)))
    return tuple(found)


def _holder(one: Seen, stage: Stage, check: Check, others: Sequence[Seen]) -> PipelineRun | None:
    """The run that changes now what a stage waits for, as far as our pipelines tell: that of a stage of that name."""
    if "lock" not in check.kind.lower():
        return None
    busy = [
        (other, its)
        for other in others
        if other.run.id != one.run.id
        for its in other.stages
        if its.state == "running" and its.called == stage.called
    ]
    busy.sort(key=lambda pair: pair[0].definition != one.definition)
    return busy[0][0].run if busy else None
