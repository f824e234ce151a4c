"""App Service as a SlotHost and a BuildHost."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure.app_service.deploying import Deploying
from quarterdeck.providers.azure.app_service.directory import Directory
from quarterdeck.providers.azure.app_service.reading import SiteReader
from quarterdeck.providers.azure.app_service.surveying import survey
from quarterdeck.providers.azure.app_service.swapping import Swapping
from quarterdeck.providers.azure.app_service.versions import Versions
from quarterdeck.providers.azure.app_service.watching import SitesWatch, Spot
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.permissions import may
from quarterdeck.providers.base import DeploySurvey, Observed, Progress, Receipt, SwapSurvey
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement

CLOSE_SECONDS = 300.0
"""How long after a write of ours a site is read directly: Resource Graph lags by seconds to minutes."""


class AppServiceSlots:
    """Deployment slots of the sites of one subscription."""

    source = "azure resource graph"

    def __init__(self, arm: Arm, directory: Directory) -> None:
        self._arm = arm
        self._versions = Versions(arm.context.clock)
        self._watch = SitesWatch(arm, directory, self._versions)
        self._swapping = Swapping(arm, self._versions)
        self._deploying = Deploying(arm, self._versions)
        self._close: dict[str, float] = {}

    async def observe(self, places: Sequence[Place]) -> Observed:
        """All sites by Resource Graph, in a question for some hundreds; those just written to, directly."""
        spots = {place.subject: Spot.of(place.address) for place in places}
        now = self._arm.context.clock.monotonic()
        self._close = {key: until for key, until in self._close.items() if until > now}
        found = await self._watch.read(spots.values(), self._close)
        return {subject: found[spot.key] for subject, spot in spots.items()}

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        spot = Spot.of(address)
        reader = SiteReader(self._arm, spot.resource_group, spot.site)
        return await survey(reader, self._versions, spot.site, spot.version, source, destination)

    async def survey_deploy(self, address: Address, slot: str) -> DeploySurvey:
        return await self._deploying.survey(address, slot)

    async def permitted(self, address: Address) -> bool | None:
        spot = Spot.of(address)
        scope = (
            f"/subscriptions/{self._arm.subscription}/resourceGroups/{spot.resource_group}"
            f"/providers/Microsoft.Web/sites/{spot.site}"
        )
        return await may(self._arm, scope, "Microsoft.Web/sites/slots/slotsswap/action")

    async def send(self, step: Step) -> Receipt:
        self._stay_close(step)
        return await self._writes(step).send(step)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        self._stay_close(step)
        return await self._writes(step).poll(step, receipt)

    async def settle(self, step: Step) -> Settlement:
        self._stay_close(step)
        return await self._writes(step).settle(step)

    def _writes(self, step: Step) -> Swapping | Deploying:
        return self._deploying if step.verb == "deploy" else self._swapping

    def _stay_close(self, step: Step) -> None:
        self._close[Spot.of(step.address).key] = self._arm.context.clock.monotonic() + CLOSE_SECONDS
