"""Signing in to Azure DevOps: a personal access token as the password of nobody, or a token of Microsoft Entra."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.http.asking import Answer, Question
from quarterdeck.providers.http.keeping import KeptAsking

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""Azure DevOps as an application of Microsoft Entra, in every tenant."""


class BasicAsking(KeptAsking):
    """With a personal access token."""

    def __init__(self, token: str, *, timeout: float, ca_file: Path | None) -> None:
        pair = base64.b64encode(f":{token}".encode()).decode()
        super().__init__(
            timeout=timeout, ca_file=ca_file, headers={"Authorization": f"Basic {pair}"}, secrets=(token, pair)
        )


class EntraAsking(KeptAsking):
    """With what azure-identity gets, and renews, for a user, an application or a machine."""

    def __init__(self, kind: str, *, timeout: float, ca_file: Path | None) -> None:
        super().__init__(timeout=timeout, ca_file=ca_file)
        self._kind = kind
        self._credential: AsyncTokenCredential | None = None

    async def ask(self, question: Question) -> Answer:
        token = await self._token()
        return await super().ask(replace(question, headers={**question.headers, "Authorization": f"Bearer {token}"}))

    async def close(self) -> None:
        credential, self._credential = self._credential, None
        if credential is not None:
            await credential.close()
        await super().close()

    async def _token(self) -> str:
        from azure.core.exceptions import AzureError

        if self._credential is None:
            self._credential = _credential(self._kind)
        try:
            token = (await self._credential.get_token(SCOPE)).token
        except AzureError as error:
            said = clean(str(error).partition("\n")[0], 200)
            hint = "sign in, for example with `az login`, or give a token"
            raise ProviderError("unauthenticated", f"no sign-in to Azure DevOps: {said}", hint) from None
        self._secrets = (token,)
        return token


def _credential(kind: str) -> AsyncTokenCredential:
    from azure.identity import aio

    kinds: dict[str, Any] = {
        "default": aio.DefaultAzureCredential,
        "cli": aio.AzureCliCredential,
        "environment": aio.EnvironmentCredential,
        "managed_identity": aio.ManagedIdentityCredential,
    }
    found: AsyncTokenCredential = kinds[kind]()
    return found
