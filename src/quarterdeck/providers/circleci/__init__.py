"""CircleCI as a host of pipelines: circleci.com, and CircleCI server.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

CIRCLECI = "circleci"


class CircleCIProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (CIRCLECI,)
    lacking = "CircleCI"
    instead = "try it with a project that nobody needs"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.circleci import schema

        return {"connection": schema.CircleCIConnection, "pipelines": schema.ProjectAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.circleci.session import open_session

        return open_session(connection, context)


provider: Provider = CircleCIProvider()
