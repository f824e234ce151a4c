"""Azure Pipelines as a host of pipelines: YAML pipelines and classic releases, of Azure DevOps Services and Server.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

AZURE_PIPELINES = "azure_pipelines"

SANDBOX_TOKEN = "sandbox.token"  # noqa: S105 - good for nothing outside of a sandbox
"""The option that holds the token of a sandbox. No configuration can set it: the model doesn't know the key."""


class AzurePipelinesProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (AZURE_PIPELINES,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.azure_pipelines import schema

        return {"connection": schema.DevOpsConnection, "pipelines": schema.PipelineAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.azure_pipelines.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """The same organization in the sandbox's Azure DevOps; no credential of ours is left in it.

        Raises:
            ProviderError: misconfigured, if the sandbox has none.
        """
        devops = announcement.get("azure_devops")
        if not devops:
            raise ProviderError("misconfigured", "the sandbox serves no Azure DevOps", "start the sandbox again")
        url = f"{devops['url']}/{organization(connection.options.get('url', ''))}"
        options = {"url": url, SANDBOX_TOKEN: str(devops["token"])}
        options |= {"ca_file": str(announcement["ca_file"])} if announcement.get("ca_file") else {}
        return replace(connection, options=options)


def organization(url: str) -> str:
    """The organization or collection that a URL leads to: the end of its path, or the first part of its host."""
    parts = urlsplit(url)
    path = parts.path.strip("/")
    return path.rpartition("/")[2] or (parts.hostname or "").partition(".")[0]


provider: Provider = AzurePipelinesProvider()
