"""Signing in: the credentials of azure-identity, chosen by a connection's options."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DeviceCodeCredential
from azure.identity import aio as identity
from pydantic import SecretStr

from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure.clouds import Cloud
from quarterdeck.providers.azure.schema import AppConfigurationConnection, ArmConnection
from quarterdeck.providers.azure.transport import Pool
from quarterdeck.providers.base import SessionContext

_ONE_MORE_TRY = {"retry_total": 1}
"""At once (azure-core waits before the second repetition only). A read that fails for want of a token is repeated
itself, and that multiplies: azure-identity's own patience made a refused port a matter of 9 s."""

SignIn = ArmConnection | AppConfigurationConnection


def credential_for(options: SignIn, cloud: Cloud, pool: Pool, context: SessionContext) -> AsyncTokenCredential:
    """The credential that a connection asks for. Does no I/O.

    Raises:
        ProviderError: a referenced secret can't be had, or an option doesn't fit.
    """
    return _BUILDERS[options.credential](options, cloud, pool, context)


def who(token: str) -> str:
    """Whom an access token was issued to: a user's principal name, else an application's or object's id.

    Read from the token's own claims (Microsoft's documentation, access token claims reference); the signature is
    the service's business. "unknown" for a token that isn't a JWT.
    """
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return "unknown"
    if not isinstance(claims, Mapping):
        return "unknown"
    for claim in ("upn", "preferred_username", "unique_name", "app_displayname", "appid", "azp", "oid"):
        if claims.get(claim):
            return clean(str(claims[claim]))
    return "unknown"


class DeviceCode:
    """azure-identity has the device code flow only in its blocking form: this runs it in a thread.

    Clients that ask at the same time share one sign-in, and one that gives up doesn't end it: somebody may be typing
    the code at that moment.
    """

    def __init__(self, tell: Callable[[str], None], **options: Any) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._one_at_a_time = asyncio.Lock()
        self._under_way: dict[str, asyncio.Task[Any]] = {}
        self._inner = DeviceCodeCredential(prompt_callback=self._prompt, **options)

    def _prompt(self, url: str, code: str, until: datetime) -> None:
        line = f"To sign in, open {clean(url)} and enter the code {clean(code)} before {until:%H:%M} UTC."
        self._loop.call_soon_threadsafe(self._tell, line)

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        token: AccessToken = await self._shared(self._inner.get_token, *scopes, **options)
        return token

    async def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        token: AccessTokenInfo = await self._shared(self._inner.get_token_info, *scopes, options=options)
        return token

    async def _shared(self, ask: Callable[..., Any], *scopes: str, **options: Any) -> Any:
        key = repr((ask.__name__, scopes, options))
        task = self._under_way.get(key)
        if task is None or task.done():
            task = self._under_way[key] = asyncio.create_task(self._in_a_thread(partial(ask, *scopes, **options)))
            task.add_done_callback(_look_at)
        return await asyncio.shield(task)

    async def _in_a_thread(self, ask: Callable[[], Any]) -> Any:
        async with self._one_at_a_time:
            return await asyncio.to_thread(ask)

    async def close(self) -> None:
        self._inner.close()

    async def __aenter__(self) -> DeviceCode:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self.close()


def _look_at(task: asyncio.Task[Any]) -> None:
    """A sign-in that failed when nobody waited for it any more is nobody's error."""
    if not task.cancelled():
        task.exception()


def _common(options: SignIn, cloud: Cloud, pool: Pool) -> dict[str, Any]:
    return {
        "authority": cloud.authority,
        "disable_instance_discovery": not cloud.known_authority,
        "transport": pool.transport(),
        **_ONE_MORE_TRY,
    }


def _blocking(options: SignIn, cloud: Cloud) -> dict[str, Any]:
    verify = {"connection_verify": str(options.ca_file)} if options.ca_file else {}
    return {"authority": cloud.authority, "disable_instance_discovery": not cloud.known_authority, **verify}


def _path(path: Path | None) -> str | None:
    return str(path) if path else None


def _named(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _default(options: SignIn, cloud: Cloud, pool: Pool, context: SessionContext) -> AsyncTokenCredential:
    ids = _named(managed_identity_client_id=options.client_id, workload_identity_tenant_id=options.tenant)
    return identity.DefaultAzureCredential(**_common(options, cloud, pool), **ids)


def _cli(options: SignIn, cloud: Cloud, pool: Pool, context: SessionContext) -> AsyncTokenCredential:
    return identity.AzureCliCredential(tenant_id=options.tenant or "")


def _device_code(options: SignIn, cloud: Cloud, pool: Pool, context: SessionContext) -> AsyncTokenCredential:
    ids = _named(tenant_id=options.tenant, client_id=options.client_id)
    return DeviceCode(context.tell, **_blocking(options, cloud), **ids)


def _managed_identity(options: SignIn, cloud: Cloud, pool: Pool, context: SessionContext) -> AsyncTokenCredential:
    return identity.ManagedIdentityCredential(client_id=options.client_id, transport=pool.transport())


def _workload_identity(options: SignIn, cloud: Cloud, pool: Pool, context: SessionContext) -> AsyncTokenCredential:
    ids = _named(tenant_id=options.tenant, client_id=options.client_id, token_file_path=_path(options.token_file))
    try:
        return identity.WorkloadIdentityCredential(**_common(options, cloud, pool), **ids)
    except ValueError as error:
        raise ClientAuthenticationError(message=str(error)) from None


def _environment(options: SignIn, cloud: Cloud, pool: Pool, context: SessionContext) -> AsyncTokenCredential:
    return identity.EnvironmentCredential(**_common(options, cloud, pool))


def _certificate(options: SignIn, cloud: Cloud, pool: Pool, context: SessionContext) -> AsyncTokenCredential:
    password = revealed(options.certificate_password, context)
    try:
        return identity.CertificateCredential(
            options.tenant or "",
            options.client_id or "",
            _path(options.certificate_path),
            password=password or None,
            **_common(options, cloud, pool),
        )
    except (OSError, ValueError, TypeError) as error:
        raise ClientAuthenticationError(message=f"certificate_path: {error}") from None


def _client_secret(options: SignIn, cloud: Cloud, pool: Pool, context: SessionContext) -> AsyncTokenCredential:
    secret = revealed(options.client_secret, context)
    return identity.ClientSecretCredential(
        options.tenant or "", options.client_id or "", secret, **_common(options, cloud, pool)
    )


def revealed(secret: SecretStr | None, context: SessionContext) -> str:
    """The value behind a reference such as `${env:NAME}`; what is no reference stands for itself (a sandbox's).

    Raises:
        ProviderError: misconfigured, there is nothing behind the reference.
    """
    text = secret.get_secret_value() if secret else ""
    return context.secret(text) if text.startswith("${") else text


_BUILDERS: Mapping[str, Callable[[SignIn, Cloud, Pool, SessionContext], AsyncTokenCredential]] = {
    "default": _default,
    "cli": _cli,
    "device_code": _device_code,
    "managed_identity": _managed_identity,
    "workload_identity": _workload_identity,
    "environment": _environment,
    "certificate": _certificate,
    "client_secret": _client_secret,
}
