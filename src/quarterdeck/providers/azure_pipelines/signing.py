"""Signing in to Azure DevOps: a personal access token as the password of nobody, or a token of Microsoft Entra."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.clock import Clock
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.http.asking import Answer, Question
from quarterdeck.providers.http.keeping import KeptAsking

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""Azure DevOps as an application of Microsoft Entra, in every tenant."""


EARLY_SECONDS = 300.0
"""Before a token expires, another one is got."""


class BasicAsking(KeptAsking):
    """With a personal access token."""

    def __init__(self, token: str, *, timeout: float, ca_file: Path | None) -> None:
        pair = base64.b64encode(f":{token}".encode()).decode()
        super().__init__(
            timeout=timeout, ca_file=ca_file, headers={"Authorization": f"Basic {pair}"}, secrets=(token, pair)
        )


class EntraAsking(KeptAsking):
    """With what azure-identity gets for a user, an application or a machine. Not all of its credentials remember what
    they got (that of `az` runs a program of a second each time), so a token is kept here while it is good."""

    def __init__(self, kind: str, clock: Clock, *, timeout: float, ca_file: Path | None) -> None:
        super().__init__(timeout=timeout, ca_file=ca_file)
        self._kind = kind
        self._clock = clock
        self._credential: AsyncTokenCredential | None = None
        self._token = ""
        self._good_until = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def ready(self) -> None:
        async with self._one_at_a_time:
            if self._clock.now() >= self._good_until:
                await self._sign_in()

    async def ask(self, question: Question) -> Answer:
        await self.ready()
        signed = {**question.headers, "Authorization": f"Bearer {self._token}"}
        answer = await super().ask(replace(question, headers=signed))
        if answer.status == 401:
            self._good_until = float("-inf")
        return answer

    async def close(self) -> None:
        credential, self._credential = self._credential, None
        if credential is not None:
            await credential.close()
        await super().close()

    async def _sign_in(self) -> None:
        from azure.core.exceptions import AzureError

        if self._credential is None:
            self._credential = _credential(self._kind)
        try:
            found = await self._credential.get_token(SCOPE)
        except AzureError as error:
            said = clean(str(error).partition("\n")[0], 200)
            hint = "sign in, for example with `az login`, or give a token"
            raise ProviderError("unauthenticated", f"no sign-in to Azure DevOps: {said}", hint) from None
        self._secrets = (found.token,)
        self._token, self._good_until = found.token, found.expires_on - EARLY_SECONDS


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
