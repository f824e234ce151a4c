"""The publish profile: where a slot is deployed to. `az webapp show` reads it for the FTP address."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from quarterdeck.sandbox.web.addressing import find, on_site_and_slot
from quarterdeck.sandbox.wire import Request, Response, Route
from quarterdeck.sandbox.world.world import World


class PublishingService:
    """publishxml. Its passwords are empty: deployments to the sandbox take a bearer token."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield from on_site_and_slot("POST", "/publishxml", self.profile)

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
