"""Unleash as a flag store: each environment of a project is a place.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

UNLEASH = "unleash"


class UnleashProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (UNLEASH,)
    lacking = "Unleash"
    instead = "start an Unleash of your own (it needs a PostgreSQL)"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.unleash import schema

        return {"connection": schema.UnleashConnection, "flags": schema.EnvironmentAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.unleash.session import open_session

        return open_session(connection, context)


provider: Provider = UnleashProvider()
