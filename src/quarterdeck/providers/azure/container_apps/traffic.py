"""A container app as a TrafficRouter, between its revisions or between its labels."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure import operations
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.container_apps.splits import (
    LIMITS,
    Between,
    require_divisible,
    risks,
    traffic_reading,
    unfit,
    wanted_entries,
)
from quarterdeck.providers.azure.container_apps.watching import AppsWatch, key_of
from quarterdeck.providers.azure.container_apps.writing import permitted, write
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, TrafficSurvey
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_shares
from quarterdeck.release.splitting import would_be_unsafe


class ContainerAppTraffic:
    """The weights of the container apps of one subscription."""

    source = "azure container apps"

    def __init__(self, arm: Arm, watch: AppsWatch, between: Between) -> None:
        self._arm = arm
        self._watch = watch
        self._between = between

    async def observe(self, places: Sequence[Place]) -> Observed:
        """All apps by Resource Graph, their revisions in turns."""
        found = await self._watch.many({key_of(place.address) for place in places})
        seen = {place.subject: found[key_of(place.address)] for place in places}
        return {
            subject: one if isinstance(one, Trouble) else traffic_reading(*one, self._between)
            for subject, one in seen.items()
        }

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        app, revisions = await self._watch.fresh(address)
        require_divisible(app)
        return TrafficSurvey(traffic_reading(app, revisions, self._between), LIMITS, (*risks(app, revisions),))

    async def permitted(self, address: Address) -> bool | None:
        return await permitted(self._arm, self._watch, address)

    async def send(self, step: Step) -> Receipt:
        """Read the split, and if it is still the one that was planned for, write the whole list.

        Sent twice it is the same list. Nothing is sent where the split is as wanted already, where somebody has
        changed it, or where traffic would go to a revision that can't serve.
        """
        if step.verb != "set_shares":
            raise Refused("misconfigured", f"a container app's weights are written together, not by {step.verb}")
        try:
            app, revisions = await self._watch.fresh(step.address)
            require_divisible(app)
        except ProviderError as error:
            raise error.before_sending() from None
        now = traffic_reading(app, revisions, self._between)
        settled = settle_shares(step, now)
        if settled.state == "done":
            return Receipt()
        if settled.state == "changed_by_other":
            raise Refused("provider_error", f"somebody changed the traffic of {app.name} since then", "plan again")
        if unsafe := would_be_unsafe(step, now):
            raise Refused("provider_error", f"nothing was sent: {unsafe}")
        try:
            entries = wanted_entries(app, step.change["shares"], self._between)
        except ValueError as error:
            raise Refused("misconfigured", f"{app.name}: {error}", "plan again") from None
        if why := unfit(app, entries, revisions):
            raise Refused("provider_error", f"nothing was sent: {why}", "plan again")
        return await write(self._arm, self._watch, step.address, app, entries)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return await operations.look(self._arm, "progress of the traffic's change", receipt)

    async def settle(self, step: Step) -> Settlement:
        """The list decides, once the service has put it into force: until then, and if it fails, the list is only
        what somebody wishes."""
        app, revisions = await self._watch.fresh(step.address)
        settled = settle_shares(step, traffic_reading(app, revisions, self._between))
        return operations.in_force(app.busy, app.state, settled)
