"""Rules of HTTPRoutes as a TrafficRouter between their backends.

All weights of a rule are written at once, by a JSON patch that names the version which was read right before: once the
route has changed it is refused with 409 and had no effect. It sets the weights that differ and leaves every other field
alone, other rules among them. Values are absolute, and the condition fails when it is sent twice. A dry run before it
would tell nothing more: what admission doesn't take, it refuses as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, TrafficSurvey
from quarterdeck.providers.kubernetes.cluster import JSON, Cluster
from quarterdeck.providers.kubernetes.ownership import taken_back
from quarterdeck.providers.kubernetes.reading import ByNamespace
from quarterdeck.providers.kubernetes.routes import (
    GROUP,
    LIMITS,
    RESOURCE,
    Rule,
    patch_of,
    reading_of,
    risks_of,
    rule_of,
)
from quarterdeck.providers.shares import is_due, refused
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_shares


class Routes:
    """The routes of one cluster."""

    source = "gateway api"

    def __init__(self, cluster: Cluster, clock: Clock) -> None:
        self._cluster = cluster
        self._objects = ByNamespace(cluster, clock, GROUP, "v1", RESOURCE)

    async def observe(self, places: Sequence[Place]) -> Observed:
        """One list for each namespace."""
        names = {place.subject: place.address.parts["route"] for place in places}
        lists = await self._objects.lists(places, names)
        seen: dict[str, Reading | Trouble] = {}
        for place in places:
            found = lists.get(namespace := place.address.parts["namespace"])
            if isinstance(found, Trouble):
                seen[place.subject] = found
            elif found is not None:
                name = names[place.subject]
                missing = self._objects.missing(namespace, name)
                seen[place.subject] = _seen(found[name], place.address) if name in found else missing
        return seen

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        document, rule = await self._fresh(address)
        risks = (*risks_of(document), *taken_back(document["metadata"], "this route"))
        return TrafficSurvey(reading_of(document, rule), LIMITS, risks)

    async def permitted(self, address: Address) -> bool | None:
        return await self._cluster.may("patch", GROUP, RESOURCE, address.parts["namespace"], address.parts["route"])

    async def send(self, step: Step) -> Receipt:
        """Set the weights of a rule."""
        try:
            document, rule = await self._fresh(step.address)
        except ProviderError as error:
            raise refused(error) from None
        if not is_due(step, reading_of(document, rule)):
            return Receipt()
        try:
            patch = patch_of(document, rule, step.change["shares"])
        except ValueError as error:
            raise Refused("misconfigured", f"nothing was sent: {error}", "plan again") from None
        path = self._objects.path(step.address.parts["namespace"], step.address.parts["route"])
        await self._cluster.patch(path, JSON, patch)
        return Receipt()

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """The declaration is changed with the answer; its gateway follows within moments, and says so in the status."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        return settle_shares(step, reading_of(*await self._fresh(step.address)))

    async def _fresh(self, address: Address) -> tuple[Mapping[str, Any], Rule]:
        document = await self._objects.get(address.parts["namespace"], address.parts["route"])
        return document, rule_of(document, address.parts.get("rule", ""))


def _seen(document: Mapping[str, Any], address: Address) -> Reading | Trouble:
    try:
        return reading_of(document, rule_of(document, address.parts.get("rule", "")))
    except ProviderError as error:
        return error.trouble
