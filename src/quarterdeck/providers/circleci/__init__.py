"""CircleCI as a host of pipelines: circleci.com, and CircleCI server.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

CIRCLECI = "circleci"


class CircleCIProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (CIRCLECI,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.circleci import schema

        return {"connection": schema.CircleCIConnection, "pipelines": schema.ProjectAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.circleci.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """Raises ProviderError (misconfigured): a sandbox serves no CircleCI."""
        message = f"connection {connection.name}: the sandbox serves no CircleCI"
        raise ProviderError("misconfigured", message, "leave its pipelines out of what runs in a sandbox")


provider: Provider = CircleCIProvider()
