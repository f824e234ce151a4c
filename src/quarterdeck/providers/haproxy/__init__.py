"""HAProxy over its runtime API: shares of traffic by the weights of servers, blue and green backends by a map.

Importing this package opens nothing and imports no model: only a runner needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

HAPROXY = "haproxy"


class HAProxyProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (HAPROXY,)

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

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """There is no HAProxy in the sandbox: a real one is installed in seconds, and a pretended one proves nothing.

        Raises:
            ProviderError: misconfigured, always.
        """
        raise ProviderError(
            "misconfigured",
            "the sandbox has no HAProxy",
            "start a HAProxy of your own with a `stats socket`, and leave --sandbox out",
        )


provider: Provider = HAProxyProvider()
