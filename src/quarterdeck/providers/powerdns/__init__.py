"""PowerDNS over its HTTP API: shares of clients by a Lua record that answers with one of several addresses.

Importing this package opens nothing and imports no model: only a runner needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

POWERDNS = "powerdns"


class PowerDNSProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (POWERDNS,)
    lacking = "PowerDNS"
    instead = "start a PowerDNS of your own with its `api` on"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.powerdns import schema

        return {"connection": schema.PowerDNSConnection, "traffic": schema.RecordAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.powerdns.session import open_session

        return open_session(connection, context)


provider: Provider = PowerDNSProvider()
