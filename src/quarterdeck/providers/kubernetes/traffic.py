"""What divides clients in a cluster: canaries of Argo Rollouts and routes of the Gateway API, told apart by address."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import Observed, Progress, Receipt, TrafficSurvey
from quarterdeck.providers.kubernetes.canaries import Canaries
from quarterdeck.providers.kubernetes.gateway import Routes
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement


class Traffic:
    """The TrafficRouter of one cluster."""

    source = "kubernetes"

    def __init__(self, canaries: Canaries, routes: Routes) -> None:
        self._canaries = canaries
        self._routes = routes

    async def observe(self, places: Sequence[Place]) -> Observed:
        """Both kinds side by side."""
        rollouts = [place for place in places if "rollout" in place.address.parts]
        routes = [place for place in places if "rollout" not in place.address.parts]
        one, other = await asyncio.gather(self._canaries.observe(rollouts), self._routes.observe(routes))
        return {**one, **other}

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        return await self._of(address).survey_traffic(address)

    async def permitted(self, address: Address) -> bool | None:
        return await self._of(address).permitted(address)

    async def send(self, step: Step) -> Receipt:
        return await self._of(step.address).send(step)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return await self._of(step.address).poll(step, receipt)

    async def settle(self, step: Step) -> Settlement:
        return await self._of(step.address).settle(step)

    def _of(self, address: Address) -> Canaries | Routes:
        return self._canaries if "rollout" in address.parts else self._routes
