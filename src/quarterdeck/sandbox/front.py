"""The sites themselves: what a client gets that calls one by its name.

Any request whose Host is a site's or a slot's own name, or a name of Traffic Manager's, is answered here, whatever
its path, by the build that serves it. What is physics, and what isn't:

- App Service routes a new client by the ramp-up rules and pins it with the cookie `x-ms-routing-name` (`self` for
  production); `?x-ms-routing-name=` pins as well, and a slot called by its own name is never routed. The cookie comes
  only from a production slot that has rules.
- A request fails (500) as often as the build's error rate says; a slot that is starting answers 503, a stopped one
  403. `/healthz` and the slot's healthCheckPath fail only where Traffic Manager's own probes do: from an error rate
  of one half on.
- It takes as long as the build takes, in world time; a stepped world doesn't wait.
- A name of Traffic Manager's is looked up for the caller, who sends `x-resolver: NAME` to be served by a resolver that
  keeps its answers for their time to live. Without it the name server is asked afresh. Where DNS names nobody the
  connection is cut: there would have been none.
- Every answer says which build it came from: `x-version`, `x-slot`, `x-site`, and the body as JSON.
- These requests are nobody's: they change no share and no metric. The chance they draw is their own, so that asking
  doesn't change what happens in the world. Redirects to HTTPS are left out.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from quarterdeck.sandbox.outcome import Outcome, Severed
from quarterdeck.sandbox.wire import Request, Response
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.dns_cache import Answer, ResolverCache
from quarterdeck.sandbox.world.probing import FAILING, slot_at
from quarterdeck.sandbox.world.profile import DNS_SUFFIX
from quarterdeck.sandbox.world.sites import Site, Slot
from quarterdeck.sandbox.world.world import World

ROUTING = "x-ms-routing-name"
SELF = "self"
HEALTH = "/healthz"


class FrontEnd:
    """Answers as the platform's front ends do."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.forget()

    def forget(self) -> None:
        """Begin again: resolvers have nothing in their caches."""
        self._chance = random.Random(self._world.seed)  # noqa: S311 - repeatable on purpose
        self._resolvers: dict[str, ResolverCache] = {}

    def serves(self, request: Request) -> bool:
        """Whether the request is for a site and not for the sandbox's own interfaces."""
        return _host(request).endswith((f".{self._world.sites.suffix}", f".{DNS_SUFFIX}"))

    async def answer(self, request: Request) -> Outcome:
        """What a client gets."""
        host = _host(request)
        if host.endswith(f".{DNS_SUFFIX}"):
            found = self._resolved(host, request.headers.get("x-resolver", ""))
            if not found:
                return Severed()
            host = found
        at = slot_at(self._world.sites, host)
        if at is None:
            return Response(404, b"404 Web Site not found.", {"Content-Type": "text/plain"})
        site, called = at
        slot = self._routed(site, request) if called.is_production else called
        if slot is None:
            return Response(404, b"404 Web Site not found.", {"Content-Type": "text/plain"})
        return await self._served(site, slot, request, pin=called.is_production and bool(_rules(called)))

    def _resolved(self, name: str, resolver: str) -> str:
        """The host that DNS names; "" when it names nobody."""
        if not resolver:
            answer = self._asked(name)
        else:
            cache = self._resolvers.setdefault(resolver, ResolverCache(self._asked))
            answer = cache.resolve(name, self._world.clock.now())
        return answer.targets[0].lower() if answer.targets else ""

    def _asked(self, name: str) -> Answer:
        profiles = self._world.profiles
        profile = profiles.named(name)
        shares = profiles.dns.target_shares(profile) if profile and profile.enabled else {}
        if profile is None or not shares:
            return Answer("NXDOMAIN")
        target = self._chance.choices(list(shares), list(shares.values()))[0]
        return Answer("NOERROR", (target,), profile.ttl)

    def _routed(self, site: Site, request: Request) -> Slot | None:
        wanted = request.argument(ROUTING) or _cookie(request)
        if wanted:
            slot = site.production if wanted.lower() == SELF else site.slot(wanted)
            # The cookie of a slot that is gone is that of a new client.
            if slot is not None:
                return slot
        weights = site.weights()
        return site.slot(self._chance.choices(list(weights), list(weights.values()))[0])

    async def _served(self, site: Site, slot: Slot, request: Request, *, pin: bool) -> Response:
        clock, serving = self._world.clock, slot.serving(self._world.clock.now())
        headers = {"x-version": serving.version, "x-slot": slot.name, "x-site": site.name}
        if pin:
            value = SELF if slot.is_production else slot.name
            headers["Set-Cookie"] = (
                f"{ROUTING}={value}; Max-Age={self._world.physics.cookie:.0f}; Path=/; HttpOnly; Domain={slot.host}"
            )
        if serving.condition == "stopped":
            return Response(403, b"Error 403 - This web app is stopped.", {"Content-Type": "text/html", **headers})
        if serving.condition == "starting":
            return Response(503, b"The service is unavailable.", {"Content-Type": "text/html", **headers})
        await _take(serving.latency_ms / 1000, clock)
        if request.path in (HEALTH, slot.config.get("healthCheckPath")):
            fails = serving.error_rate >= FAILING
        else:
            fails = self._chance.random() < serving.error_rate
        body: dict[str, Any] = {"site": site.name, "slot": slot.name, "version": serving.version, "path": request.path}
        return Response(500 if fails else 200, {**body, "ok": not fails}, headers)


async def _take(seconds: float, clock: WorldClock) -> None:
    if clock.speed:
        await asyncio.sleep(seconds / clock.speed)


def _host(request: Request) -> str:
    return request.headers.get("host", "").partition(":")[0].lower().rstrip(".")


def _rules(slot: Slot) -> list[Mapping[str, Any]]:
    return (slot.config.get("experiments") or {}).get("rampUpRules") or []


def _cookie(request: Request) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(ROUTING)
    except CookieError:
        return ""
    return found.value if found else ""
