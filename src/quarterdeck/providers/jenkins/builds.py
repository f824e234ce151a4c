"""Reading Jenkins' jobs and builds: one by one, a folder at once, and what runs anywhere."""

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
from quarterdeck.fleet.topology import Address
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.jenkins.api import Jenkins, job_path
from quarterdeck.providers.jenkins.documents import (
    BUILD,
    PIPELINE,
    Document,
    belongs,
    documents,
    rejected_by,
    run_of,
    text,
    with_stages,
)
from quarterdeck.providers.jenkins.inputs import Inputs
from quarterdeck.release.run_survey import Review

MOST_RUNS = 20
"""Builds shown of a job, beside those that are under way."""

MOST_DETAILS = 15
"""Builds under way of one job whose stages are read in a round."""

WASTE = 5
"""Times as many jobs in a folder as are wanted of it: Jenkins reads the builds of each from its disk."""

BUILDS = f"builds[{BUILD}]{{0,{MOST_RUNS}}}"
_RUNNING = "computer[executors[currentExecutable[url]],oneOffExecutors[currentExecutable[url]]]"

Folder = dict[str, Document]
"""Jobs with their newest builds, by name as it stands in URLs."""


class Builds:
    """Raises ProviderError wherever something can't be read, unless it says otherwise."""

    def __init__(self, api: Jenkins) -> None:
        self._api = api
        self._wide: set[str] = set()

    async def folder(self, folder: str, wanted: int) -> Folder | Trouble | None:
        """All jobs of a folder with their newest builds; None if each is to be asked on its own: they can't be read
        together, or the folder holds so many others that reading those was seen to be waste."""
        if folder in self._wide:
            return None
        try:
            body = await self._api.get(f"{folder}/api/json", f"jobs[name,{BUILDS}]", watching=True)
            found = {
                quote(str(job.get("name")), safe="", errors="replace"): job
                for job in documents(body, "jobs", self._api.host)
            }
        except ProviderError as error:
            return None if error.trouble.code in ("garbage", "forbidden", "not_found") else error.trouble
        if len(found) > WASTE * wanted:
            self._wide.add(folder)
        return found

    async def running(self) -> list[str]:
        """The URLs of all builds under way. A fault of this hides only what is older than a job's newest builds."""
        try:
            body = await self._api.get("/computer/api/json", _RUNNING, watching=True)
            return [
                str(executor["currentExecutable"].get("url") or "")
                for computer in documents(body, "computer", self._api.host)
                for key in ("executors", "oneOffExecutors")
                for executor in computer.get(key) or ()
                if isinstance(executor, Mapping) and isinstance(executor.get("currentExecutable"), Mapping)
            ]
        except ProviderError:
            return []

    async def observed(
        self,
        address: Address,
        read: Mapping[str, asyncio.Task[Folder | Trouble | None]],
        running: asyncio.Task[list[str]],
    ) -> Reading | Trouble:
        """The newest builds of a job, and all that are under way; what went wrong is told, not raised.

        Args:
            read: the folders that are read at once, by their path.
            running: the URLs of all builds under way.
        """
        path = job_path(address.parts)
        folder, _, name = path.rpartition("/job/")
        try:
            together = await read[folder] if folder in read else None
            if isinstance(together, Trouble):
                return together
            if together is None:
                job = await self.job(address, watching=True)
            elif name in together:
                job = together[name]
            else:
                raise ProviderError("not_found", f"{self.name(address)} isn't there", "check the name of the job")
            found = {str(document.get("number")): document for document in self._builds(job, address)}
            older = {str(number) for url in await running if (number := belongs(url, path)) is not None} - set(found)
            for document in await asyncio.gather(*(self.build(address, one, watching=True) for one in older)):
                found[str(document.get("number"))] = document
            runs = {number: self._run(document, address) for number, document in found.items()}
            newest = sorted(runs.values(), key=lambda run: -int(run.id))
            under_way = [run for run in newest if run.open][:MOST_DETAILS]
            told = await asyncio.gather(*(self._detailed(address, run, found[run.id]) for run in under_way))
        except ProviderError as error:
            return error.trouble
        known = {run.id: run for run in told}
        return RunsReading(tuple(known.get(run.id, run) for run in newest))

    async def _detailed(self, address: Address, run: PipelineRun, document: Document) -> PipelineRun:
        """With its stages, and with what it waits for."""
        status, stages = await self._stages(address, document, watching=True)
        run = with_stages(run, status, stages)
        if run.state != "waiting":
            return run
        inputs = Inputs(self._api, f"{job_path(address.parts)}/{run.id}", watching=True)
        return replace(run, waits=tuple(wait for wait, _ in await inputs.waits(stages)))

    async def surveyed(
        self, address: Address, run: str, *, reviews: bool = True, wanted: str = ""
    ) -> tuple[PipelineRun, tuple[Review, ...], dict[str, str]]:
        """A build with all that was and is asked; the ids of inputs by what waits for them. `wanted` see `Inputs`."""
        document = await self.build(address, run)
        status, stages = await self._stages(address, document, watching=False)
        found = with_stages(self._run(document, address), status, stages)
        inputs = Inputs(self._api, f"{job_path(address.parts)}/{run}", watching=False)
        waits = await inputs.waits(stages) if found.state == "waiting" else ()
        said = await inputs.reviews(stages, document, wanted) if reviews else ()
        return replace(found, waits=tuple(wait for wait, _ in waits)), said, {wait.id: of for wait, of in waits}

    async def unseen(self, address: Address, run: PipelineRun, wait: str) -> tuple[Review, ...]:
        """What was said to an input whose step isn't told: no, if the build has ended by that; yes, if it goes on."""
        who = rejected_by(await self.build(address, run.id))
        if who:
            return (Review(wait, "reject", by=who),)
        return () if run.state == "cancelled" else (Review(wait, "approve"),)

    async def _stages(self, address: Address, document: Document, *, watching: bool) -> tuple[str, Sequence[Document]]:
        """The status of the whole, and the stages; nothing for builds that have none, and where the plugin Pipeline:
        REST API isn't installed."""
        if document.get("_class") != PIPELINE:
            return "", ()
        path = f"{job_path(address.parts)}/{document['number']}/wfapi/describe"
        try:
            found: Any = await self._api.get(path, watching=watching)
        except ProviderError as error:
            if error.trouble.code == "not_found":
                return "", ()
            raise
        stages = documents(found, "stages", self._api.host)
        return text(found, "status", 40), stages

    async def job(self, address: Address, tree: str = BUILDS, *, watching: bool = False) -> Document:
        """A job, with its newest builds."""
        found: Any = await self._api.get(f"{job_path(address.parts)}/api/json", tree, watching=watching)
        if not isinstance(found, Mapping) or not {"_class", "builds"} & found.keys():
            raise ProviderError("garbage", f"{self._api.host} didn't answer as Jenkins does", "check url")
        self._builds(found, address)
        return found

    def _builds(self, job: Document, address: Address) -> Sequence[Document]:
        if "builds" not in job:
            message = f"{self.name(address)} is no job: it holds others"
            raise ProviderError("misconfigured", message, "name one of them; of a multibranch project, give a branch")
        return documents(job, "builds", self._api.host)

    async def build(self, address: Address, run: str, *, watching: bool = False) -> Document:
        """One build, without its stages."""
        if not run.isdecimal():
            raise ProviderError("not_found", f"{clean(run, 40)!r} is not the number of a build", "see qd pipelines")
        try:
            found: Any = await self._api.get(f"{job_path(address.parts)}/{run}/api/json", BUILD, watching=watching)
        except ProviderError as error:
            if error.trouble.code == "not_found":
                message = f"build {run} of {self.name(address)} isn't there (any more)"
                raise ProviderError("not_found", message, "Jenkins may have thrown it away: see qd pipelines") from None
            raise
        if not isinstance(found, Mapping):
            raise ProviderError("garbage", f"{self._api.host} didn't answer as Jenkins does", "check url")
        return found

    def runs(self, job: Document, address: Address) -> list[PipelineRun]:
        """The newest builds of a job that was read, without their stages."""
        return [self._run(document, address) for document in self._builds(job, address)]

    def _run(self, document: Document, address: Address) -> PipelineRun:
        parts = address.parts
        ref, marked = parts.get("branch", ""), parts.get("correlation_input", "")
        return run_of(document, self._api.host, ref=ref, mark_in=marked)

    def name(self, address: Address) -> str:
        """What to call a job."""
        branch = address.parts.get("branch")
        return clean(address.parts["job"] + (f" ({branch})" if branch else ""), 120)


def parameters(job: Document) -> list[str]:
    """The names of a job's parameters. Jenkins drops others without a word."""
    found = job.get("property")
    properties = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    definitions = [one for held in properties for one in held.get("parameterDefinitions") or ()]
    return [text(one, "name", 100) for one in definitions if isinstance(one, Mapping)]
