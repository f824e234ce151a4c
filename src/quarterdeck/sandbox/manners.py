"""What ARM does around every call: ids, bearer token, api-version, throttling, permission, error envelope."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace

from quarterdeck.sandbox.authorization import action_of
from quarterdeck.sandbox.refusals import render
from quarterdeck.sandbox.throttling import Kind, Throttle
from quarterdeck.sandbox.tokens import InvalidTokenError, Tokens
from quarterdeck.sandbox.wire import Handler, Refusal, Request, Response
from quarterdeck.sandbox.world.world import World


class ArmManners:
    """Applies ARM's manners to the handlers of its plane."""

    def __init__(self, world: World, tokens: Tokens, throttle: Throttle) -> None:
        self.world = world
        self.tokens = tokens
        self.throttle = throttle

    def principal(self, request: Request) -> str:
        """The user name or app id of a good bearer token, on any plane; "" without one."""
        try:
            return self._read(request)
        except Refusal:
            return ""

    async def answer(self, request: Request, handler: Handler | None) -> Response:
        """Let the handler answer, after every check; None means that no route exists."""
        common = {"x-ms-request-id": str(uuid.uuid4()), "x-ms-correlation-request-id": _correlation(request)}
        try:
            response = await self._checked(request, handler, common)
        except Refusal as refusal:
            response = render("arm", refusal)
        return replace(response, headers={**_NO_CACHE, **common, **response.headers})

    async def _checked(self, request: Request, handler: Handler | None, common: dict[str, str]) -> Response:
        self._read(request)
        version = request.argument("api-version")
        if not version:
            raise Refusal(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        if not _API_VERSION.fullmatch(version):
            raise Refusal(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")
        kind = _kind(request.method)
        charge = self.throttle.charge(request.principal, kind)
        if charge is not None:
            common.update(dict.fromkeys(_buckets(kind, request.path), str(charge.remaining)))
            if not charge.allowed:
                raise Refusal(
                    429,
                    "SubscriptionRequestsThrottled",
                    f"Number of {kind} for subscription exceeded the limit. Please try again after "
                    f"'{charge.retry_after}' seconds.",
                    {"Retry-After": str(charge.retry_after)},
                )
        if handler is None:
            raise _no_route(request)
        if not _open_to_all(request.path):
            action = action_of(request.method, request.path)
            self.world.authorization.require(request.principal, action, request.path)
        return await handler(request)

    def _read(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._unauthorized(
                request, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
            )
        try:
            claims = self.tokens.read(token.strip())
        except InvalidTokenError as error:
            code = "ExpiredAuthenticationToken" if "expiry" in str(error) else "InvalidAuthenticationToken"
            raise self._unauthorized(request, code, str(error)) from error
        return str(claims.get("upn") or claims.get("appid"))

    def _unauthorized(self, request: Request, code: str, message: str) -> Refusal:
        uri = f"{request.base_url}/{self.tokens.tenant}"
        challenge = f'Bearer authorization_uri="{uri}", error="invalid_token", error_description="{message}"'
        return Refusal(401, code, message, {"WWW-Authenticate": challenge})


_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z]+(\.\d+)?)?", re.ASCII | re.IGNORECASE)
"""Any date will do: which versions there are differs by cloud, and by the age of the client."""

_NO_CACHE: Mapping[str, str] = {
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Expires": "-1",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


def _correlation(request: Request) -> str:
    return request.headers.get("x-ms-correlation-request-id") or str(uuid.uuid4())


def _kind(method: str) -> Kind:
    if method in ("GET", "HEAD"):
        return "reads"
    return "deletes" if method == "DELETE" else "writes"


def _buckets(kind: Kind, path: str) -> tuple[str, ...]:
    """The headers of the buckets a request is charged to, as recordings show them."""
    if kind == "writes" and path.lower().endswith("/list"):
        return ("x-ms-ratelimit-remaining-subscription-resource-requests",)
    return {
        "reads": ("x-ms-ratelimit-remaining-subscription-global-reads",),
        "writes": (
            "x-ms-ratelimit-remaining-subscription-global-writes",
            "x-ms-ratelimit-remaining-subscription-writes",
        ),
        "deletes": ("x-ms-ratelimit-remaining-subscription-deletes",),
    }[kind]


def _open_to_all(path: str) -> bool:
    """Reading one's own permissions, the tenant's subscriptions, and queries that filter by themselves."""
    lowered = path.lower().rstrip("/")
    return lowered.endswith("/providers/microsoft.authorization/permissions") or not lowered.startswith(
        "/subscriptions/"
    )


def _no_route(request: Request) -> Refusal:
    parts = request.path.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if "providers" in lowered:
        rest = parts[lowered.index("providers") + 1 :]
        namespace, kind = rest[0] if rest else "", "/".join(rest[1::2])
        return Refusal(
            404,
            "InvalidResourceType",
            f"The resource type '{kind}' could not be found in the namespace '{namespace}' for api version "
            f"'{request.argument('api-version')}', or it has no operation {request.method}.",
        )
    return Refusal(404, "NotFound", f"No HTTP resource was found that matches '{request.path}'.")
