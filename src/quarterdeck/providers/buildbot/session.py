"""An open connection to Buildbot."""

from __future__ import annotations

from collections.abc import AsyncIterator

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.buildbot.api import Buildbot, BuildbotManners
from quarterdeck.providers.buildbot.builders import Builders
from quarterdeck.providers.buildbot.schema import BuildbotConnection
from quarterdeck.providers.http.credentials import revealed
from quarterdeck.providers.http.keeping import KeptAsking
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.http.schema import options_of
from quarterdeck.release.durations import seconds


class BuildbotSession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, api: Buildbot, asking: KeptAsking, builders: Builders) -> None:
        self._api = api
        self._asking = asking
        self._builders = builders

    def capability(self, role: Role) -> Capability | None:
        return self._builders if role == "pipelines" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """The name that we are signed in with."""
        return (await self._api.whoami())[0] or "nobody: not signed in"

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Which Buildbot it is, and who we are there. It doesn't tell what a user may do."""
        try:
            user, version = await self._api.whoami()
        except ProviderError as error:
            yield f"{self._api.host} answers", error.trouble
            return
        whom = f"knows us as {user}" if user else "is only watched: nobody is signed in"
        yield f"Buildbot {version} at {self._api.host} {whom}", None

    async def close(self) -> None:
        await self._asking.close()


def open_session(connection: Connection, context: SessionContext) -> BuildbotSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    options = options_of(connection, BuildbotConnection)
    password = revealed(options.password, context) if options.password is not None else ""
    asking = KeptAsking(timeout=seconds(options.timeout), ca_file=options.ca_file, secrets=(password,))
    manners = BuildbotManners()
    rest = Rest(asking, options.url, context.clock, context.may_write, manners)
    api = Buildbot(rest, asking, manners, options.url, (options.user or "", password))
    return BuildbotSession(api, asking, Builders(api, options.url))
