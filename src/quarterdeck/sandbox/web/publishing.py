"""Publishing: where a slot is deployed to, and with which credentials. `az webapp show` reads the FTP address,
`az webapp deploy` whether passwords are allowed (they are not: it takes a bearer token then)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import quoteattr

from quarterdeck.sandbox.web import render
from quarterdeck.sandbox.web.addressing import find, on_site_and_slot
from quarterdeck.sandbox.wire import Request, Response, Route
from quarterdeck.sandbox.world.sites import Site, Slot
from quarterdeck.sandbox.world.world import World


class PublishingService:
    """publishxml and basicPublishingCredentialsPolicies; deployments take a bearer token, no password."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield from on_site_and_slot("POST", "/publishxml", self.profile)
        yield from on_site_and_slot("GET", "/basicPublishingCredentialsPolicies", self.list_policies)
        for method in _POLICIES:
            yield from on_site_and_slot("GET", f"/basicPublishingCredentialsPolicies/{method}", self.policy)

    async def profile(self, request: Request) -> Response:
        """The profile as XML: zip deployment to the sandbox, and the FTP address the service would give."""
        site, slot = find(self._world, request)
        below = "" if slot.is_production else f"/slots/{slot.name}"
        addresses = {
            "ZipDeploy": f"{request.base_url.partition('://')[2]}/scm/{site.name}{below}",
            "FTP": f"ftps://{slot.host.replace('.', '.ftp.', 1)}/site/wwwroot",
        }
        profiles = "".join(
            f"<publishProfile profileName={quoteattr(f'{site.name} - {method}')} publishMethod={quoteattr(method)} "
            f'publishUrl={quoteattr(url)} userName={quoteattr(f"${site.name}")} userPWD="" />'
            for method, url in addresses.items()
        )
        body = f"<publishData>{profiles}</publishData>".encode()
        return Response(200, body, {"Content-Type": "application/xml"})

    async def list_policies(self, request: Request) -> Response:
        """Whether passwords may be used, by way of publishing."""
        site, slot = find(self._world, request)
        return Response(body={"value": [self._policy(site, slot, method) for method in _POLICIES], "nextLink": None})

    async def policy(self, request: Request) -> Response:
        """Whether passwords may be used for one way of publishing."""
        site, slot = find(self._world, request)
        return Response(body=self._policy(site, slot, request.path.rstrip("/").rpartition("/")[2].lower()))

    def _policy(self, site: Site, slot: Slot, method: str) -> dict[str, Any]:
        own = render.envelope(self._world, site, slot)
        return {
            "id": f"{own['id']}/basicPublishingCredentialsPolicies/{method}",
            "name": method,
            "type": f"{own['type']}/basicPublishingCredentialsPolicies",
            "location": own["location"],
            "properties": {"allow": False},
        }


_POLICIES = ("ftp", "scm")
