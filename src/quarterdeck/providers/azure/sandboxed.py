"""A connection of a real fleet, pointed at a sandbox that speaks Azure's protocols on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.azure import APP_CONFIGURATION
from quarterdeck.providers.base import ProviderError

CLIENT_ID = "quarterdeck"
"""Who we are in a sandbox. Its sign-in takes any secret, and this one is good for nothing anywhere else."""


def sandboxed(connection: Connection, announcement: Mapping[str, Any]) -> Connection:
    """The same connection with the sandbox's endpoints, subscription and credential; nothing real is left in it.

    Raises:
        ProviderError: misconfigured, if the sandbox doesn't serve TLS: Azure's clients send no token without.
    """
    if not str(announcement["arm"]).startswith("https://"):
        raise ProviderError("misconfigured", "the sandbox doesn't serve TLS", "start it with --tls")
    options = {
        "cloud.resource_manager": str(announcement["arm"]),
        "cloud.authority": str(announcement["authority"]),
        "tenant": str(announcement["tenant"]),
        "ca_file": str(announcement["ca_file"]),
    }
    if connection.provider != APP_CONFIGURATION:
        return replace(connection, options={**options, **_sign_in(), "subscription": str(announcement["subscription"])})
    store = announcement["app_configuration"]
    if "connection_string" in connection.options:
        return replace(connection, options={**options, "connection_string": str(store["connection_string"])})
    return replace(connection, options={**options, **_sign_in(), "endpoint": str(store["endpoint"])})


def _sign_in() -> dict[str, str]:
    return {"credential": "client_secret", "client_id": CLIENT_ID, "client_secret": "any"}
