"""From a request to what goes out: route, faults, the plane's manners, latency, the request log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace

from quarterdeck.sandbox.faults import Fault, Faults
from quarterdeck.sandbox.front import FrontEnd
from quarterdeck.sandbox.manners import ArmManners
from quarterdeck.sandbox.outcome import Outcome, Severed
from quarterdeck.sandbox.refusals import render
from quarterdeck.sandbox.requestlog import RequestLog
from quarterdeck.sandbox.routing import Match, Router
from quarterdeck.sandbox.wire import Plane, Refusal, Request, Service
from quarterdeck.sandbox.world.world import World

_log = logging.getLogger(__name__)


class Application:
    """Answers requests, whatever library carries them.

    Args:
        latency: seconds every answer takes longer, control interface excepted.
    """

    def __init__(
        self,
        world: World,
        services: Iterable[Service],
        manners: ArmManners,
        faults: Faults,
        requests: RequestLog,
        front: FrontEnd,
        latency: float = 0.0,
    ) -> None:
        self.world = world
        self.requests = requests
        self._manners = manners
        self._faults = faults
        self._front = front
        self._latency = latency
        self._router = Router(route for service in services for route in service.routes())

    async def answer(self, request: Request) -> Outcome:
        """What goes out for a request. `request.parameters` is filled in here."""
        self.world.settle()
        for_a_site = self._front.serves(request)
        match = None if for_a_site else self._router.match(request.method, request.path)
        plane = match.route.plane if match else "data" if for_a_site else _plane(request.path)
        request = replace(
            request,
            parameters=match.parameters if match else {},
            principal=self._manners.principal(request),
        )
        if plane == "control":
            return await self._handle(request, match, plane)
        if self._latency:
            await asyncio.sleep(self._latency)
        fault = self._faults.strike(request, plane)
        outcome = await self._struck(request, match, plane, fault) if fault else None
        if outcome is None:
            outcome = await self._handle(request, match, plane)
        sent = outcome.response if isinstance(outcome, Severed) else outcome
        self.requests.add(request, sent.status if sent else None, fault.name if fault else "")
        return outcome

    async def _struck(self, request: Request, match: Match | None, plane: Plane, fault: Fault) -> Outcome | None:
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        outcome = await self._handle(request, match, plane) if fault.lets_it_happen else None
        return outcome if isinstance(outcome, Severed) else fault.outcome(request, outcome, plane)

    async def _handle(self, request: Request, match: Match | None, plane: Plane) -> Outcome:
        handler = match.route.handler if match else None
        try:
            if self._front.serves(request):
                return await self._front.answer(request)
            if plane == "arm":
                return await self._manners.answer(request, handler)
            if handler is None:
                raise Refusal(404, "NotFound", f"Nothing answers {request.method} {request.path}.")
            return await handler(request)
        except Refusal as refusal:
            return render(plane, refusal)
        except Exception:
            _log.exception("the sandbox failed at %s %s", request.method, request.path)
            return render(plane, Refusal(500, "InternalServerError", "The sandbox itself failed; see its log."))


def _plane(path: str) -> Plane:
    lowered = path.lower()
    if lowered.startswith(("/subscriptions", "/providers")):
        return "arm"
    if lowered.startswith("/repos/"):
        return "github"
    if lowered.startswith("/devops/"):
        return "devops"
    return "control" if lowered.startswith("/control/") else "data"
