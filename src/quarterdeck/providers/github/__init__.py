"""GitHub Actions as a host of pipelines: GitHub itself, GitHub Enterprise Cloud and Server.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

GITHUB = "github"

SANDBOX_TOKEN = "sandbox.token"  # noqa: S105 - good for nothing outside of a sandbox
"""The option that holds the token of a sandbox. No configuration can set it: the model doesn't know the key."""


class GitHubProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (GITHUB,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.github import schema

        return {"connection": schema.GitHubConnection, "pipelines": schema.WorkflowAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.github.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """The same connection with the sandbox's GitHub; no credential of ours is left in it.

        Raises:
            ProviderError: misconfigured, if the sandbox has none.
        """
        github = announcement.get("github")
        if not github:
            raise ProviderError("misconfigured", "the sandbox serves no GitHub", "start the sandbox again")
        options = {"url": str(github["url"]), SANDBOX_TOKEN: str(github["token"])}
        options |= {"ca_file": str(announcement["ca_file"])} if announcement.get("ca_file") else {}
        return replace(connection, options=options)


provider: Provider = GitHubProvider()
