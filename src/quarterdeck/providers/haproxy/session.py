"""An open connection to HAProxy. Nothing is kept open: each question has a connection of its own."""

from __future__ import annotations

import getpass
import ipaddress
from collections.abc import AsyncIterator, Mapping

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.haproxy.answers import Process
from quarterdeck.providers.haproxy.blue_green import BlueGreen
from quarterdeck.providers.haproxy.instances import ADMIN_HINT, LEVELS_THAT_WRITE, Instances
from quarterdeck.providers.haproxy.reloads import Reloads
from quarterdeck.providers.haproxy.router import Servers
from quarterdeck.providers.haproxy.runtime import Runtime, endpoint_of
from quarterdeck.providers.haproxy.schema import HAProxyConnection
from quarterdeck.providers.http.schema import options_of
from quarterdeck.release.durations import seconds

MOST_TOLD = 3
"""As many differences are named; a fleet may have thousands of servers."""


class HAProxySession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self._capabilities: Mapping[Role, Capability] = {"traffic": Servers(instances), "slots": BlueGreen(instances)}

    def capability(self, role: Role) -> Capability | None:
        return self._capabilities.get(role)

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """HAProxy knows nobody by name: whoever may open the socket is whoever runs this program."""
        try:
            return f"local user {getpass.getuser()}"
        except (OSError, KeyError):  # a user id without a name
            return "local user"

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Whether each instance answers and takes changes, and what a reload of it would take back now."""
        try:
            processes = await self._instances.processes()
            levels = await self._instances.levels()
        except ProviderError as error:
            yield "every load balancer answers", error.trouble
            return
        for runtime in self._instances.runtimes:
            process, level = processes[runtime.name], levels[runtime.name]
            yield f"HAProxy {process.version} at {runtime.name} answers, level {level}", _level(level)
            if _is_open(runtime):
                told = f"{runtime.name} is open to the network: whoever reaches it commands this load balancer"
                yield told, None
            yield f"{runtime.name}: {_before_a_reload(process)}", None

    async def close(self) -> None:
        """Nothing is open."""


def open_session(connection: Connection, context: SessionContext) -> HAProxySession:
    """See `quarterdeck.providers.base.Provider.open`."""
    options = options_of(connection, HAProxyConnection)
    runtimes = [Runtime(endpoint_of(text), seconds(options.timeout)) for text in options.socket]
    return HAProxySession(Instances(runtimes, Reloads(context.clock), context.may_write))


def _level(level: str) -> Trouble | None:
    if level in LEVELS_THAT_WRITE:
        return None
    return Trouble("forbidden", "it may be watched, but weights can't be changed", ADMIN_HINT)


def _is_open(runtime: Runtime) -> bool:
    endpoint = runtime.endpoint
    if endpoint.path or endpoint.host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(endpoint.host).is_loopback
    except ValueError:
        return True


def _before_a_reload(process: Process) -> str:
    """What would be lost; whether a server-state-file is configured the runtime API doesn't tell."""
    lost = [
        f"{backend.name}/{server.name} {server.weight} -> {server.initial}"
        for backend in process.backends.values()
        for server in backend.servers
        if server.weight != server.initial
    ]
    advice = "dump `show servers state` into its server-state-file before each reload"
    if not lost:
        return f"weights are those of its configuration; {advice}, so that a canary outlives it"
    more = f" and {len(lost) - MOST_TOLD} more" if len(lost) > MOST_TOLD else ""
    return f"a reload now would set {', '.join(lost[:MOST_TOLD])}{more}; {advice}"
