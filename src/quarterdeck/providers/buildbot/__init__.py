"""Buildbot as a host of pipelines: its builders, and what was asked of them.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

BUILDBOT = "buildbot"


class BuildbotProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (BUILDBOT,)
    lacking = "Buildbot"
    instead = "start a Buildbot of your own"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.buildbot import schema

        return {"connection": schema.BuildbotConnection, "pipelines": schema.BuilderAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.buildbot.session import open_session

        return open_session(connection, context)


provider: Provider = BuildbotProvider()
