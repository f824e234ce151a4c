"""What all of Azure DevOps' interfaces share: who asks, and how a no looks.

Of a token that isn't good GET and POST make a page to sign in, with status 203; anything else gets 401 (issues of
Microsoft's own samples, and measured by many). A token is sent as the password of Basic, or as a bearer token.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

from quarterdeck.sandbox.wire import Handler, Refusal, Request, Response
from quarterdeck.sandbox.world.workflows import Account, Repository
from quarterdeck.sandbox.world.world import World

BASE = "/devops/{organization}"
PROJECT = f"{BASE}/{{project}}/_apis"

_SIGN_IN = b"<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head></html>"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of somebody who may make it."""

    request: Request
    account: Account

    def parameter(self, name: str) -> str:
        return self.request.parameters[name]

    def argument(self, name: str, default: str = "") -> str:
        return self.request.argument(name, default)

    @property
    def url(self) -> str:
        """Where the project is."""
        known = self.request.parameters
        return f"{self.request.base_url}/devops/{known['organization']}/{known.get('project', '')}".rstrip("/")


Answer = Callable[[Asked], Response]


def answering(world: World, answer: Answer) -> Handler:
    """A handler that answers those who have a token."""

    async def handler(request: Request) -> Response:
        account = _account(world, request)
        if account is None:
            if request.method in ("GET", "POST"):
                return Response(203, _SIGN_IN, {"Content-Type": "text/html; charset=utf-8"})
            raise Refusal(401, "UnauthorizedRequestException", "TF400813: The user '' is not authorized.")
        if request.method != "GET" and "repo" not in account.scopes:
            message = (
                f"Access denied. {account.login} needs the following permission(s) to perform this action: Queue builds"
            )
            raise Refusal(403, "AccessDeniedException", message)
        return answer(Asked(request, account))

    return handler


def listed(found: list[dict[str, object]]) -> Response:
    """Several of something."""
    return Response(200, {"count": len(found), "value": found})


def missing(kind: str, message: str) -> Refusal:
    """Nothing of that name or number."""
    return Refusal(404, f"{kind}NotFoundException", message)


def project(world: World, asked: Asked) -> Repository:
    """The project of a request. Raises Refusal."""
    known = asked.request.parameters
    found = world.pipelines.repository(f"{known['organization']}/{known['project']}")
    if found is None or not asked.account.scopes:
        message = f"TF200016: The following project does not exist: {known['project']}."
        raise Refusal(404, "ProjectDoesNotExistWithNameException", message)
    return found


def _account(world: World, request: Request) -> Account | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    token = value.strip()
    if scheme.lower() == "basic":
        try:
            token = base64.b64decode(token).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    elif scheme.lower() != "bearer":
        return None
    return world.pipelines.accounts.get(token)
