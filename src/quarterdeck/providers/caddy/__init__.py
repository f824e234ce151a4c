"""Caddy over its admin API: shares of requests by the weights of a reverse proxy's upstreams.

Importing this package opens nothing and imports no model: only a runner needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

CADDY = "caddy"


class CaddyProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (CADDY,)
    lacking = "Caddy"
    instead = "start a Caddy of your own with an `admin` endpoint"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.caddy import schema

        return {"connection": schema.CaddyConnection, "traffic": schema.HandlerAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.caddy.session import open_session

        return open_session(connection, context)


provider: Provider = CaddyProvider()
