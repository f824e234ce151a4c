"""A backend of HAProxy as a TrafficRouter between its servers.

HAProxy has no compare-and-set: of two clients that write, the last wins (measured with 2.6.12; the management guide
knows no condition either). So each write reads right before it, on every instance, and goes nowhere unless each holds
what the plan has seen, or already what is wanted. Values are absolute (`weight 10`, never `weight 10%`: that is a part
of the weight in the configuration, and nothing at all where that is 0), so that a write repeated changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, TrafficSurvey
from quarterdeck.providers.haproxy.answers import Backend, Process, Server
from quarterdeck.providers.haproxy.instances import LEVELS_THAT_WRITE, Instances, views
from quarterdeck.providers.haproxy.splits import (
    LIMITS,
    Views,
    require_divisible,
    risks,
    server_facts,
    traffic_reading,
)
from quarterdeck.release.plan import Facts, Step
from quarterdeck.release.settlement import TOLERANCE, Settlement, settle_destination
from quarterdeck.release.splitting import would_be_unsafe


class Servers:
    """The servers of the backends that one connection reaches."""

    source = "haproxy runtime api"

    def __init__(self, instances: Instances) -> None:
        self._instances = instances

    async def observe(self, places: Sequence[Place]) -> Observed:
        """One line of commands for each instance, however many backends there are."""
        try:
            processes = await self._instances.processes()
        except ProviderError as error:
            return {place.subject: error.trouble for place in places}
        return {place.subject: self._seen(processes, _backend(place.address)) for place in places}

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        name = _backend(address)
        found = await self._views(name)
        for backend in found.values():
            require_divisible(name, backend)
        return TrafficSurvey(traffic_reading(found, self._instances.reloads.of_backend(name)), LIMITS, (*risks(found),))

    async def permitted(self, address: Address) -> bool | None:
        """Whether all sockets have level admin: HAProxy knows no finer rights."""
        return set((await self._instances.levels()).values()) <= LEVELS_THAT_WRITE

    async def send(self, step: Step) -> Receipt:
        """Set weight and state of one server on each instance that doesn't have them yet.

        Switching off is `drain`: new clients go elsewhere, old ones may end what they began.
        """
        if step.verb != "set_destination":
            raise Refused("misconfigured", f"a backend of HAProxy can't {step.verb}")
        name = _backend(step.address)
        await self._instances.require_admin()
        try:
            found = await self._views(name)
        except ProviderError as error:
            raise error.before_sending() from None
        _require_as_planned(step, found)
        if unsafe := would_be_unsafe(step, traffic_reading(found)):
            raise Refused("provider_error", f"nothing was sent: {unsafe}")
        plans = {host: tuple(_commands(name, step, backend)) for host, backend in found.items()}
        await self._instances.write(plans)
        self._instances.reloads.decided(name)
        return Receipt()

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """A weight is in force with the answer."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        return settled(step, await self._views(_backend(step.address)))

    async def _views(self, backend: str) -> dict[str, Backend]:
        return views(await self._instances.processes(), backend)

    def _seen(self, processes: Mapping[str, Process], backend: str) -> Reading | Trouble:
        try:
            return traffic_reading(views(processes, backend), self._instances.reloads.of_backend(backend))
        except ProviderError as error:
            return error.trouble


def settled(step: Step, found: Views) -> Settlement:
    """Settle set_destination over all instances: done when all have it, not done when all are as before."""
    name = str(step.change["destination"])
    servers = {host: backend.server(name) for host, backend in found.items()}
    done = [host for host, server in servers.items() if server and _is(server, step.after)]
    if len(done) < len(servers) and done and all(s and (h in done or _is(s, step.before)) for h, s in servers.items()):
        left = ", ".join(host for host in servers if host not in done)
        evidence: Facts = {"done": ", ".join(done), "not_done": left}
        return Settlement("changed_by_other", f"half done: {', '.join(done)} has it, {left} hasn't", evidence)
    return settle_destination(step, traffic_reading(found))


def _require_as_planned(step: Step, found: Views) -> None:
    """Raises Refused where an instance holds neither what the plan has seen nor what it wants."""
    name, weight = str(step.change["destination"]), float(step.change["weight"])
    if not weight.is_integer() or not 0 <= weight <= LIMITS.largest:
        raise Refused("misconfigured", f"{weight:g} is no weight: HAProxy takes 0 to {LIMITS.largest}", "plan again")
    if settle_destination(step, traffic_reading(found)).state in ("done", "not_done"):
        return
    for host, backend in found.items():
        server = backend.server(name)
        if server is None:
            raise Refused("not_found", f"{host} has no server {backend.name}/{name}")
        if not _is(server, step.before) and not _is(server, step.after):
            now = f"weight {server.weight}, {server.status}"
            message = f"{host}: somebody changed {backend.name}/{name} since the plan was made (now {now})"
            raise Refused("provider_error", message, "plan again")


def _commands(backend: str, step: Step, now: Backend) -> list[str]:
    """What brings one instance there. The weight goes first: a server that is switched on has the right one already."""
    name, enabled = str(step.change["destination"]), bool(step.change["enabled"])
    server, weight = now.server(name), round(float(step.change["weight"]))
    if server is None or _is(server, step.after):
        return []
    commands = [f"set server {backend}/{name} weight {weight}"] if weight != server.weight else []
    if enabled != server.ready:
        commands.append(f"set server {backend}/{name} state {'ready' if enabled else 'drain'}")
    return commands


def _is(server: Server, facts: Facts) -> bool:
    mine = server_facts(server)
    return mine["enabled"] == facts["enabled"] and abs(server.weight - float(facts["weight"])) < TOLERANCE


def _backend(address: Address) -> str:
    return address.parts["backend"]
