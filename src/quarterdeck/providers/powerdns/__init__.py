"""PowerDNS over its HTTP API: shares of clients by a Lua record that answers with one of several addresses.

Importing this package opens nothing and imports no model: only a runner needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

POWERDNS = "powerdns"


class PowerDNSProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (POWERDNS,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.powerdns import schema

        return {"connection": schema.PowerDNSConnection, "traffic": schema.RecordAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.powerdns.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """There is no PowerDNS in the sandbox: a real one is there in a second, and a pretended one proves nothing.

        Raises:
            ProviderError: misconfigured, always.
        """
        raise ProviderError(
            "misconfigured",
            "the sandbox has no PowerDNS",
            "start a PowerDNS of your own with its `api` on, and leave --sandbox out",
        )


provider: Provider = PowerDNSProvider()
