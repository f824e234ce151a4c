"""Bad days on the wire, by rule.

A rule says which requests it strikes and what then goes wrong. As JSON, in a fault file (a list of rules) or
through the control interface:

    name         shown in the request log; the kind when left out
    kind         latency | status | drop | hang | garbage | html | half | redirect | challenge
    method       regular expression for the method; all when left out
    path         regular expression searched in the raw path and query; all when left out
    plane        arm | data | identity | github | devops; all but control when left out (control is never struck)
    happens      true when the effect of the request takes place although the client does not learn of it
    status, code, message, retry_after     of the answer (kind status)
    seconds      how long the answer is held back (any kind; hang: until the connection is cut, ten minutes when left
                 out)
    skip         so many matching requests pass first
    count        so many are struck, then the rule is spent; without end when left out
    probability  of striking a matching request, 0 to 1, drawn from the world's seeded chance
    start, stop  seconds after the rule was added, in world time, between which it is in force

One kind is about metrics: silence, with metric and site (regular expressions; all when left out), start and stop.
Their samples don't come in meanwhile, and nothing says that the series have ended (see `world.silence`).

One is about deployments: deploy_fails, with site (regular expression), skip and count.

Two kinds are about swaps instead of requests, see `world.swaptrouble`: swap_fails and swap_hangs, with site (regular
expression), phase (1 to 6), skip and count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quarterdeck.sandbox.outcome import Outcome, Severed
from quarterdeck.sandbox.refusals import render
from quarterdeck.sandbox.wire import Plane, Refusal, Request, Response
from quarterdeck.sandbox.world.deploytrouble import DeployTrouble
from quarterdeck.sandbox.world.silence import Silence
from quarterdeck.sandbox.world.strictness import check, check_pattern
from quarterdeck.sandbox.world.swaptrouble import Trouble
from quarterdeck.sandbox.world.world import World

LOGIN_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in to your account</title></head>"
    b"<body><form method=post action=/login>Please sign in</form></body></html>\n"
)

CLAIMS = "eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiY3AxIn19fQ=="
"""The claims of Microsoft's own example of a challenge (Entra documentation, claims challenges)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule; see the module for the meaning of each field."""

    kind: str
    name: str = ""
    method: str = ""
    path: str = ""
    plane: str = ""
    happens: bool = False
    status: int = 500
    code: str = ""
    message: str = "A fault of the sandbox, set on purpose."
    retry_after: float | None = None
    seconds: float = 0.0
    skip: int = 0
    count: int | None = None
    probability: float = 1.0
    start: float = 0.0
    stop: float | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Fault:
        """Read a rule.

        Raises:
            ValueError: naming what is unknown, missing or malformed.
        """
        check(document, cls, "a fault")
        kind = document.get("kind")
        if kind not in _KINDS:
            raise ValueError(f"a fault's kind is one of {', '.join(sorted(_KINDS))}, not {kind!r}")
        if document.get("plane", "") not in ("", "arm", "data", "identity", "github", "devops"):
            raise ValueError(f"a fault's plane is arm, data, identity, github or devops, not {document['plane']!r}")
        if not 200 <= document.get("status", 500) <= 599:
            raise ValueError(f"a fault's status is a number from 200 to 599, not {document['status']}")
        for name in ("method", "path"):
            check_pattern(document, name, "a fault")
        return cls(**{"name": kind, "seconds": _HELD.get(kind, 0.0), **document})

    def as_json(self) -> dict[str, Any]:
        """The rule as it can be read again."""
        return asdict(self)

    @property
    def lets_it_happen(self) -> bool:
        """Whether the request reaches its service at all."""
        return self.happens or self.kind in ("latency", "half")

    def matches(self, request: Request, plane: Plane) -> bool:
        """Whether it is about such a request."""
        return (
            plane != "control"
            and self.plane in ("", plane)
            and bool(re.search(self.method, request.method, re.IGNORECASE))
            and bool(re.search(self.path, request.target, re.IGNORECASE))
        )

    def outcome(self, request: Request, response: Response | None, plane: Plane) -> Outcome:
        """What the client gets; `response` is the true answer when the request was let through."""
        if self.kind == "status":
            return render(plane, self._refusal(plane))
        return _OUTCOMES[self.kind](self, request, response)

    def _refusal(self, plane: Plane) -> Refusal:
        code = self.code or _CODES.get(self.status, "InternalServerError")
        wait: dict[str, str] = {}
        if self.retry_after is not None:
            # App Configuration asks in milliseconds, ARM in seconds.
            in_data = {"retry-after-ms": f"{self.retry_after * 1000:.0f}"}
            wait = in_data if plane == "data" else {"Retry-After": f"{self.retry_after:g}"}
        return Refusal(self.status, code, self.message, wait)


def _true_answer(fault: Fault, request: Request, response: Response | None) -> Outcome:
    return response or Response()


def _cut(fault: Fault, request: Request, response: Response | None) -> Outcome:
    return Severed()


def _half(fault: Fault, request: Request, response: Response | None) -> Outcome:
    return Severed(response)


def _garbage(fault: Fault, request: Request, response: Response | None) -> Outcome:
    return Response(200, b'{"value": [\x00\xff oops', {"Content-Type": "application/json"})


def _html(fault: Fault, request: Request, response: Response | None) -> Outcome:
    return Response(200, LOGIN_PAGE, {"Content-Type": "text/html; charset=utf-8"})


def _redirect(fault: Fault, request: Request, response: Response | None) -> Outcome:
    return Response(302, LOGIN_PAGE, {"Location": f"{request.base_url}/login", "Content-Type": "text/html"})


def _challenge(fault: Fault, request: Request, response: Response | None) -> Outcome:
    header = (
        f'Bearer realm="", authorization_uri="{request.base_url}/common/oauth2/authorize", '
        f'error="insufficient_claims", claims="{CLAIMS}"'
    )
    body = {"error": {"code": "InvalidAuthenticationToken", "message": "Continuous access evaluation."}}
    return Response(401, body, {"WWW-Authenticate": header})


_OUTCOMES: dict[str, Callable[[Fault, Request, Response | None], Outcome]] = {
    "latency": _true_answer,
    "drop": _cut,
    "hang": _cut,
    "half": _half,
    "garbage": _garbage,
    "html": _html,
    "redirect": _redirect,
    "challenge": _challenge,
}

_HELD = {"hang": 600.0}

_KINDS = {"status", *_OUTCOMES}

_CODES = {
    401: "InvalidAuthenticationToken",
    403: "AuthorizationFailed",
    409: "Conflict",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


@dataclass(slots=True)
class _Standing:
    """A rule in force: when it was added, how many requests matched, how many were struck."""

    fault: Fault
    added: float
    matched: int = 0
    struck: int = 0


class Faults:
    """The rules in force. The first one that strikes a request decides."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._standing: list[_Standing] = []

    def add(self, document: Mapping[str, Any]) -> None:
        """Put a rule in force from now on.

        Raises:
            ValueError: naming what is wrong with it.
        """
        if not isinstance(document, Mapping):
            raise ValueError("a fault is an object")
        if document.get("kind") == "silence":
            self._world.telemetry.silence(Silence.from_json(document, self._world.clock.now()))
        elif document.get("kind") == "deploy_fails":
            self._world.lifecycle.troubles.append(DeployTrouble.from_json(document))
        elif str(document.get("kind", "")).startswith("swap_"):
            self._world.swaps.troubles.add(Trouble.from_json(document))
        else:
            self._standing.append(_Standing(Fault.from_json(document), self._world.clock.now()))

    def clear(self) -> None:
        """Lift all rules."""
        self._standing.clear()
        self._world.swaps.troubles.clear()
        self._world.lifecycle.troubles.clear()
        self._world.telemetry.end_silences()

    def strike(self, request: Request, plane: Plane) -> Fault | None:
        """The rule that strikes this request, counted; None when it is spared."""
        for standing in self._standing:
            fault = standing.fault
            age = self._world.clock.now() - standing.added
            if age < fault.start or (fault.stop is not None and age >= fault.stop):
                continue
            if not fault.matches(request, plane):
                continue
            standing.matched += 1
            if standing.matched <= fault.skip or standing.struck == fault.count:
                continue
            if fault.probability < 1 and self._world.random.random() >= fault.probability:
                continue
            standing.struck += 1
            return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """Every rule with how often it matched and struck."""
        rules = [
            standing.fault.as_json() | {"matched": standing.matched, "struck": standing.struck}
            for standing in self._standing
        ]
        deploys = [trouble.as_json() for trouble in self._world.lifecycle.troubles]
        return rules + deploys + self._world.telemetry.silences_as_json() + self._world.swaps.troubles.as_json()
