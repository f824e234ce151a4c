"""An open connection to LaunchDarkly."""

from __future__ import annotations

from collections.abc import AsyncIterator

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.http.credentials import revealed
from quarterdeck.providers.http.keeping import KeptAsking
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.http.schema import options_of
from quarterdeck.providers.launchdarkly import api
from quarterdeck.providers.launchdarkly.flags import LaunchDarklyFlags
from quarterdeck.providers.launchdarkly.schema import LaunchDarklyConnection
from quarterdeck.release.durations import seconds


class LaunchDarklySession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, rest: Rest, asking: KeptAsking) -> None:
        self._rest = rest
        self._asking = asking
        self._flags = LaunchDarklyFlags(rest)

    def capability(self, role: Role) -> Capability | None:
        return self._flags if role == "flags" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """As LaunchDarkly's audit log names whoever writes with this token."""
        return self._rest.tellable(api.who(await self._rest.get(api.CALLER)))

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Who the token is."""
        try:
            name = await self.identity()
        except ProviderError as error:
            yield f"{self._rest.host} accepts the token", error.trouble
            return
        yield f"LaunchDarkly at {self._rest.host} knows the token as {name}", None

    async def close(self) -> None:
        await self._asking.close()


def open_session(connection: Connection, context: SessionContext) -> LaunchDarklySession:
    """See `quarterdeck.providers.base.Provider.open`."""
    options = options_of(connection, LaunchDarklyConnection)
    token = revealed(options.token, context)
    asking = KeptAsking(
        timeout=seconds(options.timeout),
        ca_file=options.ca_file,
        # As it is, without a scheme: LaunchDarkly's overview, "Authentication using request header".
        headers={"Authorization": token},
        secrets=(token,),
    )
    manners = api.LaunchDarklyManners()
    return LaunchDarklySession(Rest(asking, options.url, context.clock, context.may_write, manners), asking)
