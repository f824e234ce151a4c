"""Two backends of HAProxy as a SlotHost: a swap is one `set map`, and new requests go to the other one.

In HAProxy's configuration stands something like

    use_backend %[req.hdr(host),field(1,:),lower,map(/etc/haproxy/live.map)]

and `live.map` holds `shop.example.com shop-blue`. Changing a value is one command, so no request finds the map half
changed (management guide, `set map`); requests under way end where they began. The value written is absolute, the name
of a backend: sent twice it is the same swap, not one back. There is no compare-and-set: as with weights, each write
reads right before it.

There is no preview: HAProxy keeps no settings per side that could be applied ahead of the swap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, SwapSurvey
from quarterdeck.providers.haproxy.answers import Process
from quarterdeck.providers.haproxy.instances import LEVELS_THAT_WRITE, Instances, views
from quarterdeck.providers.haproxy.maps import (
    PRODUCTION,
    STAGING,
    Side,
    Switch,
    live_of,
    risks,
    slot_reading,
    slots_reading,
    switch_of,
)
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement

SWAP_SECONDS = 1.0
"""A swap takes as long as an answer of the runtime API, which is well below a second."""


class BlueGreen:
    """The switches between two backends that one connection reaches."""

    source = "haproxy runtime api"

    def __init__(self, instances: Instances) -> None:
        self._instances = instances

    async def observe(self, places: Sequence[Place]) -> Observed:
        """One line of commands for each instance, and one for each map."""
        try:
            processes = await self._instances.processes()
        except ProviderError as error:
            return {place.subject: error.trouble for place in places}
        return {place.subject: await self._seen(processes, place.address) for place in places}

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        if (source.lower(), destination.lower()) != (STAGING, PRODUCTION):
            message = f"{source} can't go into {destination}: a swap brings {STAGING} into {PRODUCTION}"
            raise ProviderError("not_found", message, f"the backend that isn't live is {STAGING}")
        switch = switch_of(address)
        live, waiting = await self._sides(await self._instances.processes(), switch)
        return SwapSurvey(
            slot_reading(STAGING, waiting),
            slot_reading(PRODUCTION, live),
            risks=tuple(risks(switch, waiting)),
            seconds=SWAP_SECONDS,
            facts={"live": waiting.name},
        )

    async def permitted(self, address: Address) -> bool | None:
        """Whether all sockets have level admin. Lower ones take `set map` too in some releases (2.6.12 does)."""
        return True if set((await self._instances.levels()).values()) <= LEVELS_THAT_WRITE else None

    async def send(self, step: Step) -> Receipt:
        """Name the other backend in the map of each instance that doesn't have it there yet."""
        if step.verb != "swap":
            raise Refused("misconfigured", f"HAProxy can't {step.verb}: it has no preview")
        switch, wanted, before = switch_of(step.address), _wanted(step), str(step.before["destination_build"])
        try:
            processes = await self._instances.processes()
            entries = await self._instances.maps(switch.map)
            side = Side(tuple(views(processes, wanted).values()))
        except ProviderError as error:
            raise error.before_sending() from None
        if not side.serves:
            raise Refused("provider_error", f"nothing was sent: {wanted} has no server that is up")
        for host, its in entries.items():
            if (now := its.get(switch.key)) not in (before, wanted):
                message = f"{host}: somebody changed {switch.key} since the plan was made (now {now or 'gone'})"
                raise Refused("provider_error", message, "plan again")
        command = f"set map {switch.map} {switch.key} {wanted}"
        await self._instances.write(
            {host: () if its.get(switch.key) == wanted else (command,) for host, its in entries.items()}
        )
        self._instances.reloads.decided(switch.key)
        return Receipt()

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """An entry is in force with the answer."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        """The entry decides alone: it is written at once, so nothing can be under way."""
        switch, wanted, before = switch_of(step.address), _wanted(step), str(step.before["destination_build"])
        now = {host: its.get(switch.key, "") for host, its in (await self._entries(switch)).items()}
        if all(live == wanted for live in now.values()):
            return Settlement("done", f"{switch.key} leads to {wanted}", now)
        if all(live == before for live in now.values()):
            return Settlement("not_done", f"{switch.key} leads to {before}, as before", now)
        told = ", ".join(f"{host} to {live or 'nothing'}" for host, live in now.items())
        return Settlement("changed_by_other", f"{switch.key} leads {told}", now)

    async def _seen(self, processes: Mapping[str, Process], address: Address) -> Reading | Trouble:
        try:
            switch = switch_of(address)
            live, waiting = await self._sides(processes, switch)
        except ProviderError as error:
            return error.trouble
        return slots_reading(live, waiting, self._instances.reloads.of_entry(switch.map, switch.key))

    async def _sides(self, processes: Mapping[str, Process], switch: Switch) -> tuple[Side, Side]:
        """The live one and the other. Raises ProviderError."""
        live = live_of(switch, await self._entries(switch))
        versions = await self._versions(switch)
        one, other = (
            Side(tuple(views(processes, name).values()), versions.get(name, "")) for name in (live, switch.other(live))
        )
        return one, other

    async def _entries(self, switch: Switch) -> dict[str, dict[str, str]]:
        """The map on each instance, remembered in case a reload loses it."""
        entries = await self._instances.maps(switch.map)
        for host, its in entries.items():
            self._instances.reloads.note_entry(host, switch.map, switch.key, its.get(switch.key, ""))
        return entries

    async def _versions(self, switch: Switch) -> dict[str, str]:
        """By backend; one that instances disagree about is unknown."""
        if not switch.versions:
            return {}
        first, *others = (await self._instances.maps(switch.versions)).values()
        return {name: text for name, text in first.items() if all(its.get(name) == text for its in others)}


def _wanted(step: Step) -> str:
    return str(step.after["destination_build"])
