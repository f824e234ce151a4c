"""An open connection to Azure DevOps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.azure_pipelines import SANDBOX_TOKEN
from quarterdeck.providers.azure_pipelines.api import AT_ONCE, DevOpsManners, release_url
from quarterdeck.providers.azure_pipelines.checks import Checks
from quarterdeck.providers.azure_pipelines.classic import Classic
from quarterdeck.providers.azure_pipelines.definitions import Definitions
from quarterdeck.providers.azure_pipelines.people import Ourselves
from quarterdeck.providers.azure_pipelines.pipelines import Pipelines
from quarterdeck.providers.azure_pipelines.schema import DevOpsConnection
from quarterdeck.providers.azure_pipelines.signing import BasicAsking, EntraAsking
from quarterdeck.providers.azure_pipelines.watching import Watching
from quarterdeck.providers.azure_pipelines.yaml import Yaml
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.http.credentials import revealed
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.http.schema import options_of
from quarterdeck.release.durations import seconds


class DevOpsSession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(
        self, api: Rest, asking: BasicAsking | EntraAsking, ourselves: Ourselves, pipelines: Pipelines
    ) -> None:
        self._api = api
        self._asking = asking
        self._ourselves = ourselves
        self._pipelines = pipelines

    def capability(self, role: Role) -> Capability | None:
        return self._pipelines if role == "pipelines" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """The sign-in name."""
        return await self._ourselves.name()

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Who the credential is. What it may do Azure DevOps tells only by doing it."""
        try:
            name = await self._ourselves.name()
        except ProviderError as error:
            yield f"{self._api.host} accepts the credential", error.trouble
            return
        yield f"{self._api.host} knows the credential as {name}", None

    async def close(self) -> None:
        await self._asking.close()


def open_session(connection: Connection, context: SessionContext) -> DevOpsSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    inside = connection.options.get(SANDBOX_TOKEN)
    if inside:
        own = {key: value for key, value in connection.options.items() if key != SANDBOX_TOKEN}
        connection = replace(connection, options={**own, "token": inside})
    options = options_of(connection, DevOpsConnection)
    timeout, ca_file = seconds(options.timeout), options.ca_file
    asking: BasicAsking | EntraAsking
    if options.credential is not None:
        asking = EntraAsking(options.credential, context.clock, timeout=timeout, ca_file=ca_file)
    else:
        token = inside or (revealed(options.token, context) if options.token is not None else "")
        asking = BasicAsking(token, timeout=timeout, ca_file=ca_file)
    api = Rest(asking, options.url, context.clock, context.may_write, DevOpsManners(), at_once=AT_ONCE)
    ourselves = Ourselves(api)
    definitions = Definitions(api, context.clock, "build/definitions", "pipeline")
    watching = Watching(api, definitions, Checks(api, context.clock), ourselves, options.url)
    yaml = Yaml(api, definitions, watching, ourselves)
    there = options.release_url or release_url(options.url)
    releases = Rest(asking, there, context.clock, context.may_write, DevOpsManners(), at_once=AT_ONCE)
    named = Definitions(releases, context.clock, "release/definitions", "release definition")
    classic = Classic(releases, api, named, ourselves)
    return DevOpsSession(api, asking, ourselves, Pipelines(watching, yaml, classic))
