"""One subscription behind Azure Resource Manager: its credential and Microsoft's clients, made at first use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from azure.core.credentials_async import AsyncTokenCredential

from quarterdeck.fleet.text import clean as printable
from quarterdeck.providers.azure.clouds import Cloud
from quarterdeck.providers.azure.credentials import credential_for, who
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.azure.schema import ArmConnection
from quarterdeck.providers.azure.transport import Pool
from quarterdeck.providers.base import ProviderError, SessionContext

if TYPE_CHECKING:
    from azure.core.rest import AsyncHttpResponse
    from azure.mgmt.resourcegraph.aio import ResourceGraphClient
    from azure.mgmt.trafficmanager.aio import TrafficManagerManagementClient
    from azure.mgmt.web.aio import WebSiteManagementClient

    from quarterdeck.providers.azure.plain import Plain


MOST_PAGES = 500
"""Of one list. The longest that a subscription allows has a few dozen."""


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

    @cached_property
    def plain(self) -> Plain:
        """Everything for which no SDK is needed."""
        from quarterdeck.providers.azure.plain import Plain

        return Plain(self.cloud, self.credential, self._pool)

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
            raise error.before_sending() from None
        self.context.may_write()

    async def get(self, path: str, api_version: str) -> Any:
        """GET a path; its JSON.

        Raises:
            azure.core.exceptions.HttpResponseError: for any answer but 2xx.
        """
        return (await self.plain.send("GET", path, api_version)).json()

    async def everything(self, path: str, api_version: str) -> list[Mapping[str, Any]]:
        """Everything that a list holds, page after page.

        Raises:
            azure.core.exceptions.HttpResponseError: for any answer but 2xx.
            ProviderError: garbage; it leads elsewhere, or has no end.
        """
        page = await self.get(path, api_version)
        found = [*page["value"]]
        read = {""}
        while further := str(page.get("nextLink") or ""):
            if further in read or len(read) >= MOST_PAGES:
                raise ProviderError("garbage", "a list without end", "ask again later")
            read.add(further)
            page = await self.get(self.our_own(further), "")
            found += page["value"]
        return found

    async def put(self, path: str, api_version: str, body: Any) -> AsyncHttpResponse:
        """PUT to a path; sent exactly once.

        Raises:
            azure.core.exceptions.HttpResponseError: for any answer but 2xx.
        """
        return await self.plain.send("PUT", path, api_version, body)

    async def patch(self, path: str, api_version: str, body: Any) -> AsyncHttpResponse:
        """PATCH a path; sent exactly once.

        Raises:
            azure.core.exceptions.HttpResponseError: for any answer but 2xx.
        """
        return await self.plain.send("PATCH", path, api_version, body)

    def our_own(self, url: str) -> str:
        """A URL that the service gave us, if our token may go there: to the management plane, or a region of it.

        Raises:
            ProviderError: garbage, when it leads elsewhere.
        """
        home, there = urlsplit(self.cloud.resource_manager), urlsplit(url)
        # The service writes its port at times (a published example has ":443"), and that is the same place.
        known = _place(there) == _place(home) or (there.hostname or "").endswith(f".{home.hostname}")
        if there.scheme != home.scheme or not known or "@" in there.netloc:
            raise ProviderError("garbage", f"an answer leads to {printable(there.netloc)}, not to {home.netloc}")
        return url

    async def close(self) -> None:
        """Close what was opened."""
        opened = self.__dict__
        for name in ("web", "graph", "traffic_manager", "plain", "credential", "_pool"):
            if name in opened:
                await opened[name].close()

    def _client_options(self) -> dict[str, Any]:
        return {
            "base_url": self.cloud.resource_manager,
            "credential_scopes": [self.cloud.scope],
            **self._pool.client_options(),
        }


def _place(url: SplitResult) -> tuple[str | None, int | None]:
    return url.hostname, url.port or {"https": 443, "http": 80}.get(url.scheme)
