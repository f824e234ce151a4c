"""LaunchDarkly as a flag store: each environment of a project is a place.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

LAUNCHDARKLY = "launchdarkly"


class LaunchDarklyProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (LAUNCHDARKLY,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.launchdarkly import schema

        return {"connection": schema.LaunchDarklyConnection, "flags": schema.EnvironmentAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.launchdarkly.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """There is no LaunchDarkly in the sandbox: it is a service, and can't be had.

        Raises:
            ProviderError: misconfigured, always.
        """
        raise ProviderError(
            "misconfigured",
            "the sandbox has no LaunchDarkly",
            "try it with a project of your own for that, and leave --sandbox out",
        )


provider: Provider = LaunchDarklyProvider()
