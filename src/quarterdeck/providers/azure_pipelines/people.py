"""Who is meant by an identity of Azure DevOps, and whose credential ours is."""

from __future__ import annotations

import asyncio

from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure_pipelines.api import Document, part, text
from quarterdeck.providers.http.rest import Rest


def name_of(identity: Document) -> str:
    """A person's sign-in name, else what they are called; `team:NAME` for a group."""
    shown = text(identity, "displayName", 60)
    if identity.get("isContainer") is True:
        return f"team:{shown.rpartition(chr(92))[2]}"  # `[project]\NAME`
    return text(identity, "uniqueName", 60) or shown


def id_of(identity: Document) -> str:
    """The identity's id; "" if it has none."""
    return text(identity, "id", 64).lower()


class Ourselves:
    """Whose credential it is; asked once."""

    def __init__(self, api: Rest) -> None:
        self._api = api
        self._user: Document | None = None
        self._one_at_a_time = asyncio.Lock()

    async def id(self) -> str:
        """The id of our identity. Raises ProviderError."""
        return id_of(await self._read())

    async def name(self) -> str:
        """The sign-in name. Raises ProviderError."""
        user = await self._read()
        account = part(user, "properties", "Account").get("$value")
        name = account if isinstance(account, str) else user.get("providerDisplayName")
        return clean(str(name or "?"), 60)

    async def _read(self) -> Document:
        async with self._one_at_a_time:
            if self._user is None:
                body = await self._api.get("/_apis/connectionData")
                self._user = part(body, "authenticatedUser")
            return self._user
