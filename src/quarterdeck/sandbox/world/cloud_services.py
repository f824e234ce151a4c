"""Pairs of cloud services (extended support) as things in the world; a VIP swap lets two trade their addresses."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World

SlotType = Literal["Production", "Staging"]


class NotSwappable(ValueError):
    """A service that has nobody to swap with, or an address that there isn't."""


class SwapUnderWay(Exception):
    """The platform is still at the swap before."""


@dataclass(slots=True)
class CloudService:
    """One service; `partner` is the name of the one it swaps with, in the same group ("" none). `trouble` is why the
    next swap will fail; `stopped` how many of its `instances` don't run."""

    group: str
    name: str
    location: str
    slot: SlotType = "Production"
    partner: str = ""
    version: str = ""
    instances: int = 2
    stopped: int = 0
    state: str = "Succeeded"
    trouble: str = ""


@dataclass(slots=True)
class VipSwap:
    """One swap under way or past; `error` says why it failed."""

    id: str
    finished: bool = False
    error: str = ""


@dataclass(slots=True)
class CloudServices:
    """All cloud services of the subscription."""

    world: World
    _services: dict[tuple[str, str], CloudService] = field(default_factory=dict)
    _swaps: dict[str, VipSwap] = field(default_factory=dict)

    def __iter__(self) -> Iterator[CloudService]:
        return iter([self._services[key] for key in sorted(self._services)])

    def find(self, group: str, name: str) -> CloudService | None:
        """The service of that name in that group."""
        return self._services.get((group.lower(), name.lower()))

    def swapping(self, name: str) -> VipSwap | None:
        """The swap of that id."""
        return self._swaps.get(name.lower())

    def swap(self, service: CloudService, wanted: str) -> VipSwap | None:
        """Begin to give a service the address that is wanted, and its partner the other; None if it has it already.

        Raises:
            NotSwappable: it has no partner, or there is no such address.
            SwapUnderWay: the pair is being swapped.
        """
        partner = self.find(service.group, service.partner)
        if partner is None or wanted not in ("Production", "Staging"):
            raise NotSwappable(f"The cloud service '{service.name}' can't be swapped into '{wanted}'.")
        if "Updating" in (service.state, partner.state):
            raise SwapUnderWay(f"Another operation is in progress on the cloud service '{service.name}'.")
        if service.slot == wanted:
            return None
        swap = VipSwap(str(uuid.UUID(int=self.world.random.getrandbits(128), version=4)))
        self._swaps[swap.id] = swap
        service.state = partner.state = "Updating"
        self.world.log.add("vip.swapping", service.name, partner=partner.name)
        moment = self.world.clock.now() + self.world.physics.provision
        self.world.agenda.at(moment, lambda at: self._end(swap, service, partner, at))
        return swap

    def load(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Put services into the world, as the world's document has them.

        Raises:
            ValueError: saying what is wrong with one.
        """
        for document in documents:
            try:
                service = CloudService(**document)
            except TypeError as error:
                raise ValueError(f"a cloud service: {error}") from None
            self.world.sites.add_group(service.group, service.location)
            self._services[service.group.lower(), service.name.lower()] = service

    def _end(self, swap: VipSwap, service: CloudService, partner: CloudService, at: float) -> None:
        service.state = partner.state = "Succeeded"
        swap.finished, swap.error, service.trouble = True, service.trouble, ""
        if not swap.error:
            service.slot, partner.slot = partner.slot, service.slot
        self.world.log.add("vip.failed" if swap.error else "vip.swapped", service.name, at=at, partner=partner.name)
