"""One HTTP exchange as the sandbox's services see it, apart from the server library that carries it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Plane = Literal["arm", "data", "identity", "github", "devops", "control"]
"""Whose manners apply: ARM's (api-version, bearer token, throttling, error envelope), a data plane's own,
an identity endpoint's, GitHub's, Azure DevOps', or the sandbox's control interface (never subject to faults)."""


@dataclass(frozen=True, slots=True)
class Request:
    """What came in.

    Attributes:
        method: upper case.
        target: raw path and query exactly as sent (what an HMAC signs).
        path: raw path without the query, percent-encoding kept.
        parameters: values of the `{name}` parts of the route, decoded, letter case as sent.
        query: decoded; names as sent (use `argument` to ignore letter case). The last of equal names wins.
        headers: names in lower case.
        base_url: scheme and authority the client used, for building absolute links.
        principal: who the bearer token names; "" when the plane does not authenticate that way.
    """

    method: str
    target: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    base_url: str = ""
    principal: str = ""

    def json(self) -> Any:
        """The body as JSON; {} for an empty body.

        Raises:
            Refusal: 400 when it is not JSON.
        """
        try:
            return json.loads(self.body) if self.body else {}
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "InvalidRequestContent", f"The request content was invalid: {error}") from error

    def argument(self, name: str, default: str = "") -> str:
        """A query argument, its name compared without letter case."""
        return next((value for key, value in self.query.items() if key.lower() == name.lower()), default)


@dataclass(frozen=True, slots=True)
class Response:
    """What goes out. `body` is JSON-able data, raw bytes, or None for an empty body."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """A service says no. The plane decides how that looks on the wire, unless `body` already says it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})
        self.body = body


Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path template such as `/subscriptions/{subscription}/providers/Microsoft.Web/sites`.

    Literal parts match without letter case; a `{name}` part matches one segment, `{name+}` the rest of the path.
    """

    method: str
    template: str
    handler: Handler
    plane: Plane = "arm"


class Service(Protocol):
    """A part of the sandbox that answers some routes."""

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        ...
