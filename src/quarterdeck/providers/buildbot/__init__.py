"""Buildbot as a host of pipelines: its builders, and what was asked of them.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

BUILDBOT = "buildbot"


class BuildbotProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (BUILDBOT,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.buildbot import schema

        return {"connection": schema.BuildbotConnection, "pipelines": schema.BuilderAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.buildbot.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """Raises ProviderError (misconfigured): a sandbox serves no Buildbot."""
        message = f"connection {connection.name}: the sandbox serves no Buildbot"
        raise ProviderError("misconfigured", message, "leave its pipelines out of what runs in a sandbox")


provider: Provider = BuildbotProvider()
