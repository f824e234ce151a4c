"""HAProxy over its runtime API: shares of traffic by the weights of servers, blue and green backends by a map.

Importing this package opens nothing and imports no model: only a runner needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

HAPROXY = "haproxy"


class HAProxyProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (HAPROXY,)
    lacking = "HAProxy"
    instead = "start a HAProxy of your own with a `stats socket`"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.haproxy import schema

        return {
            "connection": schema.HAProxyConnection,
            "traffic": schema.BackendAddress,
            "slots": schema.MapAddress,
        }

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.haproxy.session import open_session

        return open_session(connection, context)


provider: Provider = HAProxyProvider()
