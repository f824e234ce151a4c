"""Jenkins as a host of pipelines: its jobs, their builds, and the input steps that builds wait at.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

JENKINS = "jenkins"


class JenkinsProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (JENKINS,)
    lacking = "Jenkins"
    instead = "start a Jenkins of your own"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.jenkins import schema

        return {"connection": schema.JenkinsConnection, "pipelines": schema.JobAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.jenkins.session import open_session

        return open_session(connection, context)


provider: Provider = JenkinsProvider()
