"""Swapping slots: swap, preview, cancel, differences, and the operation to poll."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import quote

from quarterdeck.sandbox.paging import paged
from quarterdeck.sandbox.web import render
from quarterdeck.sandbox.web.addressing import find, on_site_and_slot
from quarterdeck.sandbox.web.differences import differences
from quarterdeck.sandbox.web.refusals import app_service, not_found
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.sites import Site, Slot
from quarterdeck.sandbox.world.swapping import Swap
from quarterdeck.sandbox.world.world import World

_PAGE = 1000
_TICKS_TO_EPOCH = 621_355_968_000_000_000


class SwapsService:
    """slotsswap, applySlotConfig, resetSlotConfig, slotsdiffs, operationresults."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._certificate = _noise(b"certificate", 1950)
        self._polls = 0

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield from on_site_and_slot("POST", "/slotsswap", self.swap)
        yield from on_site_and_slot("POST", "/applySlotConfig", self.preview)
        yield from on_site_and_slot("POST", "/resetSlotConfig", self.cancel)
        yield from on_site_and_slot("POST", "/slotsdiffs", self.differences)
        yield from on_site_and_slot("GET", "/operationresults/{operation}", self.result)

    async def swap(self, request: Request) -> Response:
        """Begin a swap, or complete a preview: 202, a Location and nothing else."""
        site, source = find(self._world, request)
        target = self._target(request, site, source)
        swap = self._world.swaps.begin(site, source, target)
        return self._accepted(request, swap, {"ETag": render.etag(target)})

    async def preview(self, request: Request) -> Response:
        """Apply the target's sticky settings to the slot in the path, and stop there."""
        site, source = find(self._world, request)
        self._world.swaps.preview(site, source, self._target(request, site, source))
        return Response(200)

    async def cancel(self, request: Request) -> Response:
        """Cancel the preview whose target is the slot in the path; 200 also when there is none."""
        self._world.swaps.cancel(*find(self._world, request))
        return Response(200)

    async def differences(self, request: Request) -> Response:
        """What a swap of the slot in the path with the target would change."""
        site, source = find(self._world, request)
        target = self._target(request, site, source)
        rows = differences(self._world, site, source, target)
        return paged(request, rows, lambda row: row, _PAGE)

    async def result(self, request: Request) -> Response:
        """202 with a new Location while it runs; then the source slot, or the error the swap ended with."""
        site, source = find(self._world, request)
        swap = self._world.swaps.find(request.parameters["operation"])
        if swap is None or swap.site is not site or swap.source is not source:
            raise not_found("Microsoft.Web/sites/operationresults", request.parameters["operation"], site.group)
        if not hmac.compare_digest(request.argument("h"), self._hash(request.path, request.argument("t"))):
            raise Refusal(403, "InvalidOperationUrl", "The URL of the operation was changed or is incomplete.")
        if swap.finished is None:
            return self._accepted(request, swap, {})
        if swap.failure is not None:
            raise app_service(swap.failure.status, swap.failure.code, swap.failure.message)
        return Response(body=render.site_body(self._world, site, source))

    def _target(self, request: Request, site: Site, source: Slot) -> Slot:
        body = request.json()
        name = body.get("targetSlot") if isinstance(body, dict) else None
        if not isinstance(name, str) or not name:
            raise app_service(400, "BadRequest", "The parameter targetSlot is required.")
        if not isinstance(body.get("preserveVnet"), bool):
            raise app_service(400, "BadRequest", "The parameter preserveVnet is required.")
        target = site.slot(name)
        if target is None:
            raise not_found("Microsoft.Web/sites", f"{site.name}/slots/{name}", site.group)
        if target is source:
            raise app_service(400, "BadRequest", f"Cannot swap the slot '{name}' with itself.")
        return target

    def _accepted(self, request: Request, swap: Swap, more: dict[str, str]) -> Response:
        self._polls += 1
        owner = render.slot_id(self._world, swap.site, swap.source)
        path = f"{owner}/operationresults/{swap.id}"
        ticks = str(int(self._world.clock.now() * 10_000_000) + _TICKS_TO_EPOCH + self._polls)
        signature = _noise(f"{swap.id}{ticks}".encode(), 256)
        location = (
            f"{request.base_url}{path}?api-version={quote(request.argument('api-version'))}"
            f"&t={ticks}&c={self._certificate}&s={signature}&h={self._hash(path, ticks)}"
        )
        headers = {"Location": location, **more}
        if self._world.physics.poll_after is not None:
            headers["Retry-After"] = str(self._world.physics.poll_after)
        return Response(202, None, headers)

    def _hash(self, path: str, ticks: str) -> str:
        return _encode(hashlib.sha256(f"{path.lower()}?{ticks}".encode()).digest())


def _noise(seed: bytes, length: int) -> str:
    """Bytes that look random and are the same in every run, as URL-safe text of 4/3 the length."""
    return _encode(hashlib.shake_256(seed).digest(length))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
