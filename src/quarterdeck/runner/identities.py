"""Who the credentials prove us to be, for the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from quarterdeck.providers.base import ProviderError
from quarterdeck.release.plan import Refusal
from quarterdeck.runner.ports import Connections

IDENTITY_SECONDS = 10.0
"""How long a yes waits to learn who the credentials say we are."""


async def identities(connections: Connections, names: Iterable[str]) -> Mapping[str, str] | Refusal:
    """By connection. A provider that can't tell is no obstacle; not being signed in is."""
    found = {}
    for name in sorted(set(names)):
        try:
            async with asyncio.timeout(IDENTITY_SECONDS):
                found[name] = await connections.identity(name)
        except TimeoutError:
            found[name] = "not known: no answer in time"
        except ProviderError as error:
            if error.trouble.code == "unauthenticated":
                return Refusal("denied", f"{name}: {error.trouble.message}", error.trouble.hint)
            found[name] = f"not known: {error.trouble.message}"
    return found
