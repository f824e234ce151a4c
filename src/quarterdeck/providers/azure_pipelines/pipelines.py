"""Azure Pipelines as a PipelineHost: YAML pipelines and classic releases side by side, each by its own interface."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure_pipelines.classic import Classic
from quarterdeck.providers.azure_pipelines.watching import Watching
from quarterdeck.providers.azure_pipelines.yaml import Yaml
from quarterdeck.providers.base import Observed, PipelineSurvey, Progress, Receipt, RunSurvey, Settlement
from quarterdeck.release.plan import Step


class Pipelines:
    """See `quarterdeck.providers.base.PipelineHost`."""

    source = "azure pipelines"

    def __init__(self, watching: Watching, yaml: Yaml, classic: Classic) -> None:
        self._watching = watching
        self._yaml = yaml
        self._classic = classic

    async def observe(self, places: Sequence[Place]) -> Observed:
        releases = [place for place in places if _is_classic(place.address)]
        runs = [place for place in places if not _is_classic(place.address)]
        one, other = await asyncio.gather(self._watching.observe(runs), self._classic.observe(releases))
        return {**one, **other}

    async def permitted(self, address: Address) -> bool | None:
        """Azure DevOps tells only by doing it; of an approval it does, see `approvals`."""
        return None

    async def survey_run(self, address: Address, run: str) -> RunSurvey:
        return await self._of(address).survey_run(address, run)

    async def survey_pipeline(self, address: Address) -> PipelineSurvey:
        return await self._of(address).survey_pipeline(address)

    async def send(self, step: Step) -> Receipt:
        return await self._of(step.address).send(step)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return await self._of(step.address).poll(step, receipt)

    async def settle(self, step: Step) -> Settlement:
        return await self._of(step.address).settle(step)

    def _of(self, address: Address) -> Yaml | Classic:
        return self._classic if _is_classic(address) else self._yaml


def _is_classic(address: Address) -> bool:
    return "release_definition" in address.parts
