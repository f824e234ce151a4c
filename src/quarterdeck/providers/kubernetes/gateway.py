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
from quarterdeck.fleet.readings import Reading, TrafficReading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, TrafficSurvey
from quarterdeck.providers.kubernetes.cluster import JSON, Cluster
from quarterdeck.providers.kubernetes.endpoints import ready_in
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
    services_of,
)
from quarterdeck.providers.shares import is_due
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_shares


class Routes:
    """The routes of one cluster."""

    source = "gateway api"

    def __init__(self, cluster: Cluster, clock: Clock) -> None:
        self._cluster = cluster
        self._objects = ByNamespace(cluster, clock, GROUP, "v1", RESOURCE)

    async def observe(self, places: Sequence[Place]) -> Observed:
        """One list for each namespace, and one of the endpoints for each hundred backends."""
        names = {place.subject: place.address.parts["route"] for place in places}
        lists = await self._objects.lists(places, names)
        seen: dict[str, Reading | Trouble] = {}
        for namespace, found in lists.items():
            its = [place for place in places if place.address.parts["namespace"] == namespace]
            if isinstance(found, Trouble):
                seen |= {place.subject: found for place in its}
                continue
            here = {p.subject: found[names[p.subject]] for p in its if names[p.subject] in found}
            missing = {p.subject: self._objects.missing(namespace, names[p.subject]) for p in its}
            seen |= missing | await self._readings(namespace, [p for p in its if p.subject in here], here)
        return seen

    async def _readings(
        self, namespace: str, places: Sequence[Place], documents: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Reading | Trouble]:
        """Of one namespace, by subject, as the documents are."""
        rules: dict[str, Rule] = {}
        seen: dict[str, Reading | Trouble] = {}
        for place in places:
            try:
                rules[place.subject] = rule_of(documents[place.subject], place.address.parts.get("rule", ""))
            except ProviderError as error:
                seen[place.subject] = error.trouble
        services = [service for rule in rules.values() for service in services_of(rule)]
        try:
            ready = await ready_in(self._cluster, namespace, services, watching=True)
        except ProviderError as error:
            return seen | dict.fromkeys(rules, error.trouble)
        return seen | {subject: reading_of(documents[subject], rule, ready) for subject, rule in rules.items()}

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        document, rule = await self._fresh(address)
        risks = (*risks_of(document), *taken_back(document["metadata"], "this route"))
        return TrafficSurvey(await self._reading(address, document, rule), LIMITS, risks)

    async def permitted(self, address: Address) -> bool | None:
        return await self._cluster.may("patch", GROUP, RESOURCE, address.parts["namespace"], address.parts["route"])

    async def send(self, step: Step) -> Receipt:
        """Set the weights of a rule."""
        try:
            document, rule = await self._fresh(step.address)
            reading = await self._reading(step.address, document, rule)
        except ProviderError as error:
            raise error.before_sending() from None
        if not is_due(step, reading):
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
        return settle_shares(step, reading_of(*await self._fresh(step.address), ready={}))

    async def _reading(self, address: Address, document: Mapping[str, Any], rule: Rule) -> TrafficReading:
        ready = await ready_in(self._cluster, address.parts["namespace"], services_of(rule))
        return reading_of(document, rule, ready)

    async def _fresh(self, address: Address) -> tuple[Mapping[str, Any], Rule]:
        document = await self._objects.get(address.parts["namespace"], address.parts["route"])
        return document, rule_of(document, address.parts.get("rule", ""))
