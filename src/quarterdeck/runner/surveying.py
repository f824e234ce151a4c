"""What planning reads of the world: one question at a time, each with an answer or a reason why there is none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Fleet, Place, Role
from quarterdeck.providers.base import BuildHost, FlagStore, PipelineHost, ProviderError, SlotHost, TrafficRouter
from quarterdeck.release.lagging import behind
from quarterdeck.release.plan import Refusal, RefusalCode, Step
from quarterdeck.release.run_survey import PipelineSurvey, RunSurvey
from quarterdeck.release.settlement import Settlement
from quarterdeck.release.survey import DeploySurvey, FlagSurvey, SwapSurvey, TrafficSurvey
from quarterdeck.runner.ports import Connections
from quarterdeck.store.base import Store

AGAIN_AFTER = (0.5, 1.0, 1.5)
"""Seconds to wait before something that lags is read again; then there is no plan for now."""
_LATEST = 10
"""Operations on one target among which the last change is looked for."""

T = TypeVar("T")
Lagging = TypeVar("Lagging", SwapSurvey, TrafficSurvey, FlagSurvey)
AnySurvey = SwapSurvey | TrafficSurvey | FlagSurvey | DeploySurvey

_CODES: dict[str, RefusalCode] = {
    "unauthenticated": "denied",
    "forbidden": "denied",
    "not_found": "impossible",
    "misconfigured": "usage",
}
"""What a trouble means for a plan; every other one means that the place can't be read."""


class NoPlan(Exception):
    """A plan isn't possible.

    Attributes:
        refusal: why.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Surveyor:
    """Asks the providers. All of it raises NoPlan where a place can't be read, unless it says otherwise.

    What is read must show what was written and read back a moment ago: a reading that lags is taken again.
    """

    def __init__(self, fleet: Fleet, connections: Connections, store: Store, clock: Clock) -> None:
        self._fleet = fleet
        self._connections = connections
        self._store = store
        self._clock = clock

    async def slots(self, target: TargetId, address: Address, source: str, destination: str) -> SwapSurvey:
        """Two slots, as a swap would find them."""

        async def read() -> SwapSurvey:
            host = self._connections.capability(address.connection, "slots")
            if not isinstance(host, SlotHost):
                raise ProviderError("misconfigured", f"connection {address.connection} has no slots that swap")
            return await host.survey_swap(address, source, destination)

        return await self._caught_up(target, address, read)

    async def builds(self, target: TargetId, address: Address, slot: str) -> DeploySurvey:
        """A slot, as a deployment would find it."""

        async def read() -> DeploySurvey:
            host = self._connections.capability(address.connection, "slots")
            if not isinstance(host, BuildHost):
                raise ProviderError("misconfigured", f"connection {address.connection} has no slots to deploy to")
            return await host.survey_deploy(address, slot)

        return await _answered(target, read)

    async def traffic(self, target: TargetId, address: Address, role: Role) -> TrafficSurvey:
        """How a router divides new clients."""
        return await self._caught_up(target, address, lambda: self._split(address, role))

    async def flag(self, target: TargetId, address: Address, name: str, label: str) -> FlagSurvey:
        """A flag, as it is set."""

        async def read() -> FlagSurvey:
            flags = self._connections.capability(address.connection, "flags")
            if not isinstance(flags, FlagStore):
                raise ProviderError("misconfigured", f"connection {address.connection} has no flags")
            return await flags.survey_flag(address, name, label)

        return await self._caught_up(target, address, read)

    async def run(self, target: TargetId, address: Address, run: str) -> RunSurvey:
        """A run of a pipeline, with all it waits for."""
        return await _answered(target, lambda: self._host(address).survey_run(address, run))

    async def pipeline(self, target: TargetId, address: Address) -> PipelineSurvey:
        """A pipeline, as a new run would find it."""
        return await _answered(target, lambda: self._host(address).survey_pipeline(address))

    async def of(self, step: Step) -> AnySurvey:
        """What taking a step back would find."""
        target, address, change = step.target, step.address, step.change
        match step.verb:
            case "deploy":
                return await self.builds(target, address, str(change["slot"]))
            case "set_flag":
                return await self.flag(target, address, str(change["name"]), str(change["label"]))
            case "set_shares" | "set_destination":
                return await self.traffic(target, address, step.role)
            case _:
                return await self.slots(target, address, str(change["source"]), str(change["destination"]))

    async def settlement(self, step: Step) -> Settlement:
        """Whether a step of a plan is done, not done, or overtaken."""
        capability = self._connections.capability
        return await _answered(step.target, lambda: capability(step.address.connection, step.role).settle(step))

    async def traffic_between_slots(self, target: TargetId) -> TrafficReading | None:
        """The split between the slots of a site. What it tells is a warning, so trouble with it stops nothing."""
        for place in self._fleet.places_of(target, "slot_traffic"):
            try:
                return (await self._split(place.address, place.role)).reading
            except ProviderError:
                return None
        return None

    async def may_write(self, place: Place) -> None:
        """A provider that doesn't tell what is permitted is no obstacle: it will say no to the write itself."""
        try:
            capability = self._connections.capability(place.address.connection, place.role)
            permitted = await capability.permitted(place.address)
        except ProviderError:
            return
        if permitted is False:
            hint = f"ask for the right to change {place.role.replace('_', ' ')} there, or use other credentials"
            raise NoPlan(Refusal("denied", f"these credentials may not change {place.target}", hint))

    async def _caught_up(self, target: TargetId, address: Address, read: Callable[[], Awaitable[Lagging]]) -> Lagging:
        """What is there, once it shows what was verified before."""
        for pause in (*AGAIN_AFTER, None):
            survey = await _answered(target, read)
            operations = self._store.operations(target=str(target.whole), limit=_LATEST)
            unseen = behind(survey, address, operations, self._clock.now())
            if not unseen:
                return survey
            if pause is not None:
                await self._clock.sleep(pause)
        text = f"{target} is still told as it was before its last change: {unseen}"
        raise NoPlan(Refusal("unsettled", text, "ask again in a moment"))

    def _host(self, address: Address) -> PipelineHost:
        host = self._connections.capability(address.connection, "pipelines")
        if not isinstance(host, PipelineHost):
            raise ProviderError("misconfigured", f"connection {address.connection} has no pipelines")
        return host

    async def _split(self, address: Address, role: Role) -> TrafficSurvey:
        router = self._connections.capability(address.connection, role)
        if not isinstance(router, TrafficRouter):
            raise ProviderError("misconfigured", f"connection {address.connection} doesn't divide traffic")
        return await router.survey_traffic(address)


async def _answered(target: TargetId, question: Callable[[], Awaitable[T]]) -> T:
    try:
        return await question()
    except ProviderError as error:
        raise NoPlan(refused(target, error.trouble)) from error


def refused(target: TargetId, trouble: Trouble) -> Refusal:
    """A place's trouble, as the reason why there is no plan."""
    return Refusal(_CODES.get(trouble.code, "unreadable"), f"{target}: {trouble.message}", trouble.hint)
