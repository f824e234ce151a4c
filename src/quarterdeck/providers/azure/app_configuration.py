"""One App Configuration store: its credential or key, and Microsoft's client, made at first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.credentials_async import AsyncTokenCredential

from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure.clouds import Cloud
from quarterdeck.providers.azure.credentials import credential_for, revealed, who
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.azure.schema import AppConfigurationConnection
from quarterdeck.providers.azure.transport import Pool
from quarterdeck.providers.base import ProviderError, SessionContext

if TYPE_CHECKING:
    from azure.appconfiguration.aio import AzureAppConfigurationClient

FLAG_KEYS = ".appconfig.featureflag/"
"""What the keys of feature flags begin with."""


class Store:
    """A store. Every client is imported and made when it is first asked for, inside the event loop."""

    def __init__(self, options: AppConfigurationConnection, cloud: Cloud, context: SessionContext) -> None:
        self._options = options
        self._cloud = cloud
        self._context = context

    @cached_property
    def client(self) -> AzureAppConfigurationClient:
        """The client; one for the whole session, because it remembers the tokens that let it read its own writes.

        Raises:
            ProviderError: misconfigured, the connection string isn't one or its secret can't be had.
        """
        from azure.appconfiguration.aio import AzureAppConfigurationClient

        options = self._client_options()
        if self._options.connection_string is None:
            audience = self._audience()
            known = {"audience": audience} if audience else {}
            return AzureAppConfigurationClient(self._options.endpoint or "", self._credential, **known, **options)
        try:
            return AzureAppConfigurationClient.from_connection_string(self._connection_string, **options)
        except ValueError:
            raise ProviderError(
                "misconfigured",
                "connection_string isn't one",
                "its form is Endpoint=https://…;Id=…;Secret=…",
            ) from None

    @property
    def host(self) -> str:
        """The name of the store's host, "" if the connection string doesn't hold one."""
        endpoint = self._options.endpoint or self._part("Endpoint")
        return clean(urlsplit(endpoint).netloc)

    async def identity(self) -> str:
        """Whom the credential says we are; for a connection string, the id of its access key.

        Raises:
            ProviderError: not signed in.
        """
        with reading("sign-in"):
            if self._options.connection_string is not None:
                return f"access key {clean(self._part('Id'))}"
            scope = f"{self._audience()}/.default" if self._audience() else self._cloud.app_configuration_scope
            token = await self._credential.get_token(scope)
            return who(token.token)

    async def token_for_a_write(self) -> None:
        """Have a token before a write leaves. Raises Refused if there is none, or if this process may not write."""
        try:
            await self.identity()
        except ProviderError as error:
            raise error.before_sending() from None
        self._context.may_write()

    async def look(self) -> None:
        """Read the first flag, if there is one. Raises what the SDK raises."""
        async for _ in self.client.list_configuration_settings(key_filter=f"{FLAG_KEYS}*", fields=["key"]):
            return

    async def close(self) -> None:
        """Close what was opened."""
        opened = self.__dict__
        for name in ("client", "_credential", "_pool"):
            if name in opened:
                await opened[name].close()

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self._options.ca_file)

    @cached_property
    def _credential(self) -> AsyncTokenCredential:
        return credential_for(self._options, self._cloud, self._pool, self._context)

    @cached_property
    def _connection_string(self) -> str:
        return revealed(self._options.connection_string, self._context)

    def _part(self, name: str) -> str:
        parts = dict(part.partition("=")[::2] for part in self._connection_string.split(";"))
        return parts.get(name, "")

    def _audience(self) -> str:
        """Named in the connection's cloud, or the SDK's own business: it knows the hosts of the three clouds."""
        return self._cloud.app_configuration_audience if self._cloud.name == "custom" else ""

    def _client_options(self) -> dict[str, Any]:
        options = self._pool.client_options()
        # This client sets per_call_policies itself, and takes no second list.
        options["per_retry_policies"] = options.pop("per_call_policies")
        return options
