"""What a cloud says about itself: /metadata/endpoints, in the three shapes that clients ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from quarterdeck.sandbox.wire import Request, Response, Route

CLOUD = "QuarterdeckSandbox"


class CloudMetadataService:
    """Discovery; needs no token."""

    def routes(self) -> Iterable[Route]:
        """One route; the api-version decides the shape."""
        return [Route("GET", "/metadata/endpoints", self.endpoints, "identity")]

    async def endpoints(self, request: Request) -> Response:
        """2015-01-01: Azure Stack's object; 2022-09-01 and later: the cloud; between: a list of clouds."""
        version = request.argument("api-version", "2015-01-01")
        if version < "2018":
            return Response(body=_stack(request.base_url))
        cloud = _cloud(request.base_url)
        return Response(body=cloud if version >= "2022-09-01" else [cloud])


def _stack(base: str) -> dict[str, Any]:
    return {
        "galleryEndpoint": f"{base}/",
        "graphEndpoint": f"{base}/",
        "portalEndpoint": f"{base}/",
        "authentication": {"loginEndpoint": f"{base}/", "audiences": [base]},
    }


def _cloud(base: str) -> dict[str, Any]:
    host = base.partition("://")[2]
    return {
        "name": CLOUD,
        "portal": f"{base}/",
        "authentication": {
            "loginEndpoint": f"{base}/",
            "audiences": [base],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": f"{base}/",
        "graph": f"{base}/",
        "graphAudience": f"{base}/",
        "microsoftGraphResourceId": f"{base}/",
        "gallery": f"{base}/",
        "media": base,
        "batch": base,
        "sqlManagement": f"{base}/",
        "vmImageAliasDoc": f"{base}/",
        "activeDirectoryDataLake": f"{base}/",
        "ossrDbmsResourceId": base,
        "logAnalyticsResourceId": base,
        "appInsightsResourceId": base,
        "appServiceResourceId": base,
        "synapseAnalyticsResourceId": base,
        "attestationResourceId": base,
        "suffixes": {
            "storage": "core.windows.net",
            "keyVaultDns": "vault.azure.net",
            "sqlServerHostname": "database.windows.net",
            "acrLoginServer": "azurecr.io",
            "appConfiguration": host,
        },
    }
