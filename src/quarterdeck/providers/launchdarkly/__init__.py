"""LaunchDarkly as a flag store: each environment of a project is a place.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

LAUNCHDARKLY = "launchdarkly"


class LaunchDarklyProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (LAUNCHDARKLY,)
    lacking = "LaunchDarkly"
    instead = "try it with a project of your own for that"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.launchdarkly import schema

        return {"connection": schema.LaunchDarklyConnection, "flags": schema.EnvironmentAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.launchdarkly.session import open_session

        return open_session(connection, context)


provider: Provider = LaunchDarklyProvider()
