"""Azure Pipelines as a PipelineHost: YAML pipelines and classic releases side by side, each by its own interface."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure_pipelines.watching import Watching
from quarterdeck.providers.azure_pipelines.yaml import Yaml
from quarterdeck.providers.base import Observed, PipelineSurvey, Progress, Receipt, RunSurvey, Settlement
from quarterdeck.release.plan import Step


class Pipelines:
    """See `quarterdeck.providers.base.PipelineHost`."""

    source = "azure pipelines"

    def __init__(self, watching: Watching, yaml: Yaml) -> None:
        self._watching = watching
        self._yaml = yaml

    async def observe(self, places: Sequence[Place]) -> Observed:
        return await self._watching.observe(places)

    async def permitted(self, address: Address) -> bool | None:
        """Azure DevOps tells only by doing it; of an approval it does, see `approvals`."""
        return None

    async def survey_run(self, address: Address, run: str) -> RunSurvey:
        return await self._yaml.survey_run(address, run)

    async def survey_pipeline(self, address: Address) -> PipelineSurvey:
        return await self._yaml.survey_pipeline(address)

    async def send(self, step: Step) -> Receipt:
        return await self._yaml.send(step)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return await self._yaml.poll(step, receipt)

    async def settle(self, step: Step) -> Settlement:
        return await self._yaml.settle(step)
