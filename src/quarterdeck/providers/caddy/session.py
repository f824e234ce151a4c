"""An open connection to a Caddy."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.caddy.api import Admin, CaddyManners
from quarterdeck.providers.caddy.handlers import weighted_in
from quarterdeck.providers.caddy.restarts import Restarts
from quarterdeck.providers.caddy.router import Upstreams
from quarterdeck.providers.caddy.schema import DEFAULT_URL, CaddyConnection
from quarterdeck.providers.http.asking import is_on_this_machine
from quarterdeck.providers.http.credentials import Credential
from quarterdeck.providers.http.keeping import KeptAsking
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.http.schema import options_of
from quarterdeck.release.durations import seconds


class CaddySession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, admin: Admin, asking: KeptAsking, upstreams: Upstreams, *, who: str, exposed: bool) -> None:
        self._admin = admin
        self._asking = asking
        self._who = who
        self._exposed = exposed
        self._upstreams = upstreams

    def capability(self, role: Role) -> Capability | None:
        return self._upstreams if role == "traffic" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """Caddy knows nobody by name: whoever reaches its endpoint is whoever runs this program."""
        if self._who:
            return self._who
        try:
            return f"local user {getpass.getuser()}"
        except (OSError, KeyError):  # a user id without a name
            return "local user"

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Whether it answers, what there is to divide, and what becomes of changes."""
        try:
            config = await self._admin.config()
        except ProviderError as error:
            yield f"Caddy at {self._admin.host} answers", error.trouble
            return
        found = weighted_in(config)
        yield f"Caddy at {self._admin.host} answers; reverse proxies that divide by weights: {found}", None
        if self._exposed:
            yield f"{self._admin.host} is open to the network: whoever reaches it commands this Caddy", None

    async def close(self) -> None:
        await self._asking.close()


def open_session(connection: Connection, context: SessionContext) -> CaddySession:
    """See `quarterdeck.providers.base.Provider.open`."""
    options = options_of(connection, CaddyConnection)
    credential = Credential(options, context)
    asking = KeptAsking(
        timeout=seconds(options.timeout),
        ca_file=options.ca_file,
        headers=credential.headers,
        secrets=credential.secrets,
        socket=options.socket,
    )
    url = options.url or DEFAULT_URL
    rest = Rest(asking, url, context.clock, context.may_write, CaddyManners(options.origin))
    exposed = options.socket is None and not credential.who and not is_on_this_machine(url)
    admin = Admin(rest)
    upstreams = Upstreams(admin, Restarts(context.clock))
    return CaddySession(admin, asking, upstreams, who=credential.who, exposed=exposed)
