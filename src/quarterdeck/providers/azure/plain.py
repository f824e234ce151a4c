"""Requests to Azure Resource Manager for which a whole SDK would be too much: Microsoft's own pipeline, without models.

Container Apps, Front Door and Cloud Services need one write and two reads each. Their SDKs would be three more
packages to install and import; sign-in, its challenges, redirects, retries and errors are those of azure-core either
way.
"""

from __future__ import annotations

from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline.policies import (
    AsyncRedirectPolicy,
    HeadersPolicy,
    ProxyPolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.core import AsyncARMPipelineClient
from azure.mgmt.core.policies import AsyncARMChallengeAuthenticationPolicy

from quarterdeck.providers.azure.clouds import Cloud
from quarterdeck.providers.azure.transport import ApiAnswersOnly, Pool, RetryReads


class Plain:
    """One pipeline to the management plane of a cloud. Make it inside the running event loop."""

    def __init__(self, cloud: Cloud, credential: AsyncTokenCredential, pool: Pool) -> None:
        options = pool.client_options()
        self._base = cloud.resource_manager
        self._client: AsyncARMPipelineClient[HttpRequest, AsyncHttpResponse] = AsyncARMPipelineClient(
            base_url=cloud.resource_manager,
            transport=options["transport"],
            policies=[
                ApiAnswersOnly(),
                RequestIdPolicy(),
                HeadersPolicy(),
                UserAgentPolicy(user_agent=options["user_agent"]),
                ProxyPolicy(),
                AsyncRedirectPolicy(permit_redirects=options["permit_redirects"]),
                RetryReads(),
                AsyncARMChallengeAuthenticationPolicy(credential, cloud.scope),
            ],
        )

    async def send(self, method: str, url: str, api_version: str = "", body: Any = None) -> AsyncHttpResponse:
        """The answer to one request. `url` is a path, or whole, as the service gave it.

        Raises:
            azure.core.exceptions.HttpResponseError: for any answer but 2xx.
        """
        whole = url if "://" in url else f"{self._base}{url}"
        parameters = {"api-version": api_version} if api_version else {}
        request = HttpRequest(method, whole, params=parameters, json=body)
        response = await self._client.send_request(request)
        response.raise_for_status()
        return response

    async def close(self) -> None:
        """Close the pipeline; the connections are the pool's."""
        await self._client.close()
