"""An open connection to Unleash."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.http.credentials import revealed
from quarterdeck.providers.http.keeping import KeptAsking
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.http.schema import options_of
from quarterdeck.providers.unleash import api
from quarterdeck.providers.unleash.flags import UnleashFlags
from quarterdeck.providers.unleash.schema import UnleashConnection
from quarterdeck.release.durations import seconds

NOBODY = "an admin API token"


class UnleashSession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, rest: Rest, asking: KeptAsking) -> None:
        self._rest = rest
        self._asking = asking
        self._flags = UnleashFlags(rest)

    def capability(self, role: Role) -> Capability | None:
        return self._flags if role == "flags" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """As Unleash's event log names whoever writes with this token."""
        name, nobody = api.who(await self._rest.get(api.USER))
        name = clean(self._rest.tellable(name), 60)
        return f"{name} ({NOBODY}: it names nobody)" if nobody else name

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Who the token is, whether Unleash will know who did what, and whether it takes changes now."""
        try:
            said = await self._rest.get(api.USER)
            server = await self._rest.get(api.SERVER)
        except ProviderError as error:
            yield f"{self._rest.host} accepts the token", error.trouble
            return
        about = server if isinstance(server, Mapping) else {}
        product = clean(f"Unleash {about.get('version') or '?'} ({about.get('environment') or '?'})", 60)
        name, nobody = api.who(said)
        name = clean(self._rest.tellable(name), 60)
        yield f"{product} at {self._rest.host} knows the token as {name}", None
        if nobody:
            told = f"it is {NOBODY}: Unleash logs whatever anybody does with it as {name}; {api.TOKEN_HINT}"
            yield told, None
        if about.get("maintenanceMode") is True:
            hint = "end it in Unleash, under Admin settings, Maintenance"
            yield "it takes changes", Trouble("provider_error", "Unleash is in maintenance mode", hint)

    async def close(self) -> None:
        await self._asking.close()


def open_session(connection: Connection, context: SessionContext) -> UnleashSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    options = options_of(connection, UnleashConnection)
    token = revealed(options.token, context)
    asking = KeptAsking(
        timeout=seconds(options.timeout),
        ca_file=options.ca_file,
        # As it is, without a scheme: Unleash's documentation, "API tokens and client keys".
        headers={"Authorization": token},
        secrets=(token,),
    )
    return UnleashSession(Rest(asking, options.url, context.clock, context.may_write, api.UnleashManners()), asking)
