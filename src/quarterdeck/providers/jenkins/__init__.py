"""Jenkins as a host of pipelines: its jobs, their builds, and the input steps that builds wait at.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

JENKINS = "jenkins"


class JenkinsProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (JENKINS,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.jenkins import schema

        return {"connection": schema.JenkinsConnection, "pipelines": schema.JobAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.jenkins.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """Raises ProviderError (misconfigured): a sandbox serves no Jenkins."""
        message = f"connection {connection.name}: the sandbox serves no Jenkins"
        raise ProviderError("misconfigured", message, "leave its pipelines out of what runs in a sandbox")


provider: Provider = JenkinsProvider()
