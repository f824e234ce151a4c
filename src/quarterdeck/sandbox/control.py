"""The sandbox's control interface: read, reset, break, and let time pass. JSON over HTTP, no token, never struck
by faults or latency. Errors are `{"error": {"code", "message"}}`.

    GET    /control/state          world time, sites with slots, builds, weights, previews, running swaps, last swaps
    POST   /control/reset          everything as at the start
    POST   /control/stop           end the process
    GET    /control/log            what really happened; ?kind=swap&subject=checkout&after=NUMBER
    GET    /control/requests       what clients asked; ?after=NUMBER
    GET    /control/traffic        what clients got; ?since=UNIX&until=UNIX, the last 60 world seconds when left out
    POST   /control/builds         {"site", "slot", "build": {...} | "version"}: push a build into a slot, as a
                                   pipeline would; answers with the deployment's id
    POST   /control/behaviour      {"version" | "image", error_rate, latency_ms, ...}: how a build behaves from now on,
                                   wherever it is; see `world.builds`
    GET    /control/faults         rules in force, with how often they struck
    POST   /control/faults         one rule or a list, see `faults`
    DELETE /control/faults         lift all rules and let hung swaps go on
    POST   /control/clock/advance  {"seconds"}: let world time pass
    GET    /control/alerts         rules
    POST   /control/alerts         one rule more, or another in the place of the one of that name; see `world.alerting`
    DELETE /control/alerts/{name}  one rule less
    GET    /control/principals     role assignments
    POST   /control/principals     {"principal" ("*": everyone), "scope", "role"}
    POST   /control/tokens/revoke  make every token issued so far worthless
    POST   /control/tokens/lifetime  {"seconds"}: of tokens issued from now on
    POST   /control/throttle       {"reads"|"writes"|"deletes": {"size", "per_second"} or null for no limit}
    GET    /control/device-codes   user codes that wait
    POST   /control/device-codes   {"user_code", "user"}: sign in; an empty user declines
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from quarterdeck.sandbox.throttling import ARM_LIMITS, Kind, Limit
from quarterdeck.sandbox.wire import Handler, Refusal, Request, Response, Route
from quarterdeck.sandbox.world.alerting import AlertRule
from quarterdeck.sandbox.world.builds import Build
from quarterdeck.sandbox.world.clock import utc
from quarterdeck.sandbox.world.sites import PRODUCTION
from quarterdeck.sandbox.world.snapshot import snapshot

if TYPE_CHECKING:
    from quarterdeck.sandbox.assembly import Sandbox

_WINDOW = 60.0


class ControlService:
    """The control plane."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._world = sandbox.world

    def routes(self) -> Iterable[Route]:
        """Every route of the module's table."""
        table: list[tuple[str, str, Handler]] = [
            ("GET", "state", self.state),
            ("POST", "reset", self.reset),
            ("POST", "stop", self.stop),
            ("GET", "log", self.log),
            ("GET", "requests", self.requests),
            ("GET", "traffic", self.traffic),
            ("POST", "builds", self.push_build),
            ("POST", "behaviour", self.behave),
            ("GET", "faults", self.faults),
            ("POST", "faults", self.add_faults),
            ("DELETE", "faults", self.clear_faults),
            ("POST", "clock/advance", self.advance),
            ("GET", "alerts", self.alert_rules),
            ("POST", "alerts", self.put_alert_rule),
            ("DELETE", "alerts/{name}", self.remove_alert_rule),
            ("GET", "principals", self.principals),
            ("POST", "principals", self.assign),
            ("POST", "tokens/revoke", self.revoke_tokens),
            ("POST", "tokens/lifetime", self.token_lifetime),
            ("POST", "throttle", self.throttle),
            ("GET", "device-codes", self.device_codes),
            ("POST", "device-codes", self.answer_device_code),
        ]
        return [Route(method, f"/control/{name}", handler, "control") for method, name, handler in table]

    async def state(self, request: Request) -> Response:
        """How the world is."""
        return Response(body=snapshot(self._world))

    async def reset(self, request: Request) -> Response:
        """Begin again."""
        self._sandbox.reset()
        return Response(body={"reset": True})

    async def stop(self, request: Request) -> Response:
        """End the process, after this answer."""
        self._sandbox.stop()
        return Response(body={"stopping": True})

    async def log(self, request: Request) -> Response:
        """What really happened."""
        after = _number(request, "after", 0)
        happenings = self._world.log
        kind, subject = request.argument("kind"), request.argument("subject")
        chosen = happenings.of(kind, subject) if kind else list(happenings)
        value = [one.as_json() for one in chosen if one.number > after and subject.lower() in ("", one.subject)]
        return Response(body={"value": value})

    async def requests(self, request: Request) -> Response:
        """What clients asked."""
        after = _number(request, "after", 0)
        return Response(body={"value": [one for one in self._sandbox.requests if one["number"] > after]})

    async def traffic(self, request: Request) -> Response:
        """What clients got."""
        now = self._world.clock.now()
        until = _number(request, "until", now)
        since = _number(request, "since", until - _WINDOW)
        if since >= until:
            raise Refusal(400, "BadRequest", "since has to lie before until.")
        rows = self._world.clients.window(since, until)
        return Response(body={"since": utc(since), "until": utc(until), "value": [row.as_json() for row in rows]})

    async def push_build(self, request: Request) -> Response:
        """Deploy a build."""
        body = _object(request)
        site = self._world.sites.named(str(body.get("site", "")))
        slot = site.slot(str(body.get("slot", PRODUCTION))) if site else None
        if site is None or slot is None:
            raise Refusal(404, "NotFound", f"There is no slot {body.get('slot', PRODUCTION)} of {body.get('site')}.")
        given = body.get("build")
        if isinstance(given, str):
            builds = self._world.sites.builds
            build = builds.of_image(given) if ":" in given else builds.of_version(given)
        else:
            build = _told(lambda: Build.from_json(given if isinstance(given, Mapping) else {}))
            self._world.sites.builds.add(build)
        deployment = self._world.lifecycle.deploy(site, slot, build, message=str(body.get("message", "")))
        return Response(body={"deployment": deployment.id, "finished": utc(deployment.finished)})

    async def behave(self, request: Request) -> Response:
        """A build goes bad, or well again."""
        body = _object(request)
        image, version = str(body.get("image", "")), str(body.get("version", ""))
        if not image and not version:
            raise Refusal(400, "BadRequest", "Which build? version or image.")
        given = {name: value for name, value in body.items() if name not in ("image", "version")}
        labels = _told(lambda: self._world.lifecycle.behave(image, version, given))
        return Response(body={"slots": labels})

    async def faults(self, request: Request) -> Response:
        """Rules in force."""
        return Response(body={"value": self._sandbox.faults.as_json()})

    async def add_faults(self, request: Request) -> Response:
        """More rules."""
        given = request.json()
        for document in given if isinstance(given, list) else [given]:
            _told(lambda document=document: self._sandbox.faults.add(document))
        return await self.faults(request)

    async def clear_faults(self, request: Request) -> Response:
        """No rules any more."""
        self._sandbox.faults.clear()
        return Response(body={"released": self._world.swaps.release()})

    async def advance(self, request: Request) -> Response:
        """Time passes."""
        seconds = _object(request).get("seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise Refusal(400, "BadRequest", "seconds is a number.")
        _told(lambda: self._world.advance(seconds))
        return Response(body={"now": utc(self._world.clock.now())})

    async def alert_rules(self, request: Request) -> Response:
        """Rules in force."""
        return Response(body={"value": [rule.as_json() for rule in self._world.alerting.rules]})

    async def put_alert_rule(self, request: Request) -> Response:
        """One more, or another."""
        self._world.alerting.put(_told(lambda: AlertRule.from_json(_object(request))))
        return await self.alert_rules(request)

    async def remove_alert_rule(self, request: Request) -> Response:
        """One less."""
        if not self._world.alerting.remove(request.parameters["name"]):
            raise Refusal(404, "NotFound", f"There is no alert rule {request.parameters['name']}.")
        return await self.alert_rules(request)

    async def principals(self, request: Request) -> Response:
        """Role assignments."""
        return Response(body={"value": self._world.authorization.as_json()})

    async def assign(self, request: Request) -> Response:
        """One more role assignment."""
        body = _object(request)
        _told(
            lambda: self._world.authorization.assign(
                str(body.get("principal", "*")), str(body.get("scope", "")), str(body.get("role", ""))
            )
        )
        return await self.principals(request)

    async def revoke_tokens(self, request: Request) -> Response:
        """Nobody is signed in any more."""
        self._sandbox.tokens.revoke_all()
        return Response(body={"revoked": True})

    async def token_lifetime(self, request: Request) -> Response:
        """How long new tokens are good for."""
        seconds = _object(request).get("seconds")
        if not isinstance(seconds, int | float) or seconds <= 0:
            raise Refusal(400, "BadRequest", "seconds is a number above 0.")
        self._sandbox.tokens.lifetime = seconds
        return Response(body={"seconds": seconds})

    async def throttle(self, request: Request) -> Response:
        """Other buckets."""
        limits: dict[Kind, Limit] = dict(self._sandbox.throttle.limits)
        given = _object(request)
        for kind in ARM_LIMITS:
            if kind not in given:
                continue
            limit = given[kind]
            if limit is None:
                limits.pop(kind, None)
            else:
                limits[kind] = _told(lambda limit=limit: Limit(float(limit["size"]), float(limit["per_second"])))
        self._sandbox.throttle.change(limits)
        return Response(body={kind: {"size": one.size, "per_second": one.per_second} for kind, one in limits.items()})

    async def device_codes(self, request: Request) -> Response:
        """Codes that wait."""
        return Response(body={"value": self._sandbox.device_codes.waiting()})

    async def answer_device_code(self, request: Request) -> Response:
        """Grant or decline."""
        body = _object(request)
        if not self._sandbox.device_codes.settle(str(body.get("user_code", "")), str(body.get("user", ""))):
            raise Refusal(404, "NotFound", "That user code is not known.")
        return Response(body={"settled": True})


def _object(request: Request) -> dict[str, Any]:
    body = request.json()
    if not isinstance(body, dict):
        raise Refusal(400, "BadRequest", "An object was expected.")
    return body


def _number(request: Request, name: str, default: float) -> float:
    text = request.argument(name)
    try:
        return float(text) if text else default
    except ValueError:
        raise Refusal(400, "BadRequest", f"{name} is a number.") from None


def _told(action: Any) -> Any:
    """What the action gives, with what it finds wrong told to the client."""
    try:
        return action()
    except (ValueError, TypeError, KeyError) as error:
        raise Refusal(400, "BadRequest", str(error)) from error
