"""An open connection to CircleCI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.circleci.api import CircleCIManners, Pages
from quarterdeck.providers.circleci.documents import text
from quarterdeck.providers.circleci.pipelines import Pipelines
from quarterdeck.providers.circleci.schema import CircleCIConnection
from quarterdeck.providers.circleci.workflows import Workflows
from quarterdeck.providers.http.credentials import revealed
from quarterdeck.providers.http.keeping import KeptAsking
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.http.schema import options_of
from quarterdeck.release.durations import seconds


class CircleCISession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, rest: Rest, asking: KeptAsking, workflows: Workflows) -> None:
        self._rest = rest
        self._asking = asking
        self._workflows = workflows

    def capability(self, role: Role) -> Capability | None:
        return self._workflows if role == "pipelines" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """The login of the token's owner."""
        user: Any = await self._rest.get("/me")
        return (text(user, "login", 60) if isinstance(user, Mapping) else "") or "?"

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Who the token is. What it may do CircleCI doesn't tell: contexts that are restricted to groups refuse their
        jobs when they begin, and who may approve is found out by approving."""
        try:
            me = await self.identity()
        except ProviderError as error:
            yield f"{self._rest.host} accepts the token", error.trouble
            return
        yield f"{self._rest.host} knows the token as {me}", None

    async def close(self) -> None:
        await self._asking.close()


def open_session(connection: Connection, context: SessionContext) -> CircleCISession:
    """See `quarterdeck.providers.base.Provider.open`."""
    options = options_of(connection, CircleCIConnection)
    token = revealed(options.token, context)
    asking = KeptAsking(
        timeout=seconds(options.timeout),
        ca_file=options.ca_file,
        headers={"Circle-Token": token, "Accept": "application/json"},
        secrets=(token,),
    )
    rest = Rest(asking, options.url, context.clock, context.may_write, CircleCIManners())
    return CircleCISession(rest, asking, Workflows(rest, Pipelines(Pages(rest), context.clock, rest.host)))
