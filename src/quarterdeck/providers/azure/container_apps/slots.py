"""Labels of a container app as a SlotHost: a swap lets two labels trade revisions, in one write.

Container Apps keep no record of swaps, and need none: the write names both revisions, so the list alone tells whether
it has happened, and writing it twice is the same swap, not one back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure import operations
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.container_apps.documents import App
from quarterdeck.providers.azure.container_apps.labels import labelled, risks, slot_reading, slots_reading, traded
from quarterdeck.providers.azure.container_apps.splits import require_divisible, unfit
from quarterdeck.providers.azure.container_apps.watching import AppsWatch, Seen, key_of
from quarterdeck.providers.azure.container_apps.writing import permitted, write
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, SwapSurvey
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement


class ContainerAppLabels:
    """The labels of the container apps of one subscription."""

    source = "azure resource graph"

    def __init__(self, arm: Arm, watch: AppsWatch) -> None:
        self._arm = arm
        self._watch = watch

    async def observe(self, places: Sequence[Place]) -> Observed:
        """All apps by Resource Graph, their revisions in turns."""
        found = await self._watch.many({key_of(place.address) for place in places})
        return {place.subject: _told(found[key_of(place.address)]) for place in places}

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        app, revisions = await self._watch.fresh(address)
        require_divisible(app)
        one, other = labelled(app, source), labelled(app, destination)
        return SwapSurvey(
            slot_reading(app, one, revisions),
            slot_reading(app, other, revisions),
            risks=tuple(risks(app, one, other)),
        )

    async def permitted(self, address: Address) -> bool | None:
        return await permitted(self._arm, self._watch, address)

    async def send(self, step: Step) -> Receipt:
        """Read both labels, and if they are still at the revisions that were planned for, write the list in which they
        have traded them. Nothing is sent if they have done so already, or if the revision that users would get can't
        serve."""
        if step.verb != "swap":
            raise Refused("misconfigured", f"labels of a container app can't {step.verb}: they have no preview")
        source, destination = str(step.change["source"]), str(step.change["destination"])
        try:
            app, revisions = await self._watch.fresh(step.address)
            require_divisible(app)
            now, entries = _at(app, source, destination), traded(app, source, destination)
        except ProviderError as error:
            raise error.before_sending() from None
        if now == _facts(step.after):
            return Receipt()
        if now != _facts(step.before):
            told = f"{source} is at {now['source_build']}, {destination} at {now['destination_build']}"
            raise Refused("provider_error", f"somebody moved the labels since the plan was made: {told}", "plan again")
        if why := unfit(app, entries, revisions):
            raise Refused("provider_error", f"nothing was sent: {why}", "plan again")
        return await write(self._arm, self._watch, step.address, app, entries)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return await operations.look(self._arm, "progress of the swap", receipt)

    async def settle(self, step: Step) -> Settlement:
        """Where both labels are decides, once the service has put it into force."""
        app, _ = await self._watch.fresh(step.address)
        source, destination = str(step.change["source"]), str(step.change["destination"])
        try:
            now = _at(app, source, destination)
        except ProviderError as error:
            return Settlement("changed_by_other", error.trouble.message)
        told = f"{source} is at {now['source_build']}, {destination} at {now['destination_build']}"
        if now == _facts(step.after):
            return operations.in_force(app.busy, app.state, Settlement("done", told, now))
        if now == _facts(step.before):
            return operations.in_force(app.busy, app.state, Settlement("not_done", told, now))
        return Settlement("changed_by_other", told, now)


def _told(found: Seen | Trouble) -> Reading | Trouble:
    if isinstance(found, Trouble):
        return found
    try:
        return slots_reading(*found)
    except ProviderError as error:
        return error.trouble


def _at(app: App, source: str, destination: str) -> dict[str, str]:
    """Where both labels are, as the facts of a step have it. Raises ProviderError if one is gone."""
    return {
        "source_build": labelled(app, source).revision,
        "destination_build": labelled(app, destination).revision,
    }


def _facts(facts: Mapping[str, object]) -> dict[str, str]:
    return {name: str(facts[name]) for name in ("source_build", "destination_build")}
