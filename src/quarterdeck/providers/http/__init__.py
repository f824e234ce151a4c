"""Plain HTTP as evidence for gates: probes of a site, and numbers in the JSON answers of any REST interface.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext

HTTP = "http"

SANDBOX = "sandbox"
"""The option that keeps every request in a sandbox: its URL, which answers for the hosts of the fleet ("" for none).
No configuration can set it: the model of a connection doesn't know the key."""


class HttpProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (HTTP,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.http import schema

        return {"connection": schema.HttpConnection, "gates": schema.HttpGate}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.http.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """The same URL, asked of the sandbox and of nobody else; no credential is left in it."""
        options = {SANDBOX: str(announcement.get("web") or "")}
        options |= {"url": connection.options["url"]} if "url" in connection.options else {}
        options |= {"ca_file": str(announcement["ca_file"])} if announcement.get("ca_file") else {}
        return replace(connection, options=options)


provider: Provider = HttpProvider()
