"""Caddy over its admin API: shares of requests by the weights of a reverse proxy's upstreams.

Importing this package opens nothing and imports no model: only a runner needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

CADDY = "caddy"


class CaddyProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (CADDY,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.caddy import schema

        return {"connection": schema.CaddyConnection, "traffic": schema.HandlerAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.caddy.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """There is no Caddy in the sandbox: a real one is there in a second, and a pretended one proves nothing.

        Raises:
            ProviderError: misconfigured, always.
        """
        raise ProviderError(
            "misconfigured",
            "the sandbox has no Caddy",
            "start a Caddy of your own with an `admin` endpoint, and leave --sandbox out",
        )


provider: Provider = CaddyProvider()
