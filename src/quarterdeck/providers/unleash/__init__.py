"""Unleash as a flag store: each environment of a project is a place.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

UNLEASH = "unleash"


class UnleashProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (UNLEASH,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.unleash import schema

        return {"connection": schema.UnleashConnection, "flags": schema.EnvironmentAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.unleash.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """There is no Unleash in the sandbox: its server can be had, and a pretended one would hide its edges.

        Raises:
            ProviderError: misconfigured, always.
        """
        raise ProviderError(
            "misconfigured",
            "the sandbox has no Unleash",
            "start an Unleash of your own (it needs a PostgreSQL), and leave --sandbox out",
        )


provider: Provider = UnleashProvider()
