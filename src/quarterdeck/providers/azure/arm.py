"""One subscription behind Azure Resource Manager: its credential and Microsoft's clients, made at first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.rest import HttpRequest

from quarterdeck.providers.azure.clouds import Cloud
from quarterdeck.providers.azure.credentials import credential_for, who
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.azure.schema import ArmConnection
from quarterdeck.providers.azure.transport import Pool
from quarterdeck.providers.base import ProviderError, Refused, SessionContext

if TYPE_CHECKING:
    from azure.mgmt.resourcegraph.aio import ResourceGraphClient
    from azure.mgmt.trafficmanager.aio import TrafficManagerManagementClient
    from azure.mgmt.web.aio import WebSiteManagementClient


class Arm:
    """The management plane. Every client is imported and made when it is first asked for, inside the event loop."""

    def __init__(self, options: ArmConnection, cloud: Cloud, context: SessionContext) -> None:
        self.cloud = cloud
        self.subscription = options.subscription
        self.context = context
        self._options = options

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self._options.ca_file)

    @cached_property
    def credential(self) -> AsyncTokenCredential:
        """The credential; the first token is asked for when a request needs it."""
        return credential_for(self._options, self.cloud, self._pool, self.context)

    @cached_property
    def web(self) -> WebSiteManagementClient:
        """App Service."""
        from azure.mgmt.web.aio import WebSiteManagementClient

        return WebSiteManagementClient(self.credential, self.subscription, **self._client_options())

    @cached_property
    def graph(self) -> ResourceGraphClient:
        """Resource Graph, which answers for many resources at once and lags behind by seconds to minutes."""
        from azure.mgmt.resourcegraph.aio import ResourceGraphClient

        return ResourceGraphClient(self.credential, **self._client_options())

    @cached_property
    def traffic_manager(self) -> TrafficManagerManagementClient:
        """Traffic Manager."""
        from azure.mgmt.trafficmanager.aio import TrafficManagerManagementClient

        return TrafficManagerManagementClient(self.credential, self.subscription, **self._client_options())

    async def sign_in(self) -> str:
        """Get a token, from memory if there is a good one; returns whose it is.

        Raises:
            ProviderError: not signed in, or the sign-in service can't be reached.
        """
        with reading("sign-in"):
            token = await self.credential.get_token(self.cloud.scope)
        return who(token.token)

    async def token_for_a_write(self) -> None:
        """Have a token before a write leaves, so that what goes wrong with signing in is never in doubt.

        Raises:
            Refused: there is none, or this process may not write any more.
        """
        try:
            await self.sign_in()
        except ProviderError as error:
            raise Refused(error.trouble.code, error.trouble.message, error.trouble.hint) from None
        self.context.may_write()

    async def get(self, path: str, api_version: str) -> Any:
        """GET a path for which Microsoft's clients here have no operation (subscriptions, permissions).

        Raises:
            azure.core.exceptions.HttpResponseError: for any answer but 2xx.
        """
        request = HttpRequest("GET", f"{self.cloud.resource_manager}{path}", params={"api-version": api_version})
        response = await self.web.send_request(request)
        response.raise_for_status()
        return response.json()

    async def put(self, path: str, api_version: str, body: Any) -> Any:
        """PUT to a path for which Microsoft's clients here have no operation that takes a body; sent exactly once.

        Raises:
            azure.core.exceptions.HttpResponseError: for any answer but 2xx.
        """
        url = f"{self.cloud.resource_manager}{path}"
        request = HttpRequest("PUT", url, params={"api-version": api_version}, json=body)
        response = await self.web.send_request(request, retry_total=0)
        response.raise_for_status()
        return response.json() if response.content else None

    async def close(self) -> None:
        """Close what was opened."""
        opened = self.__dict__
        for name in ("web", "graph", "traffic_manager", "credential", "_pool"):
            if name in opened:
                await opened[name].close()

    def _client_options(self) -> dict[str, Any]:
        return {
            "base_url": self.cloud.resource_manager,
            "credential_scopes": [self.cloud.scope],
            **self._pool.client_options(),
        }
