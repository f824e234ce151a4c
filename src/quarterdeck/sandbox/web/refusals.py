"""How App Service says no: its own envelope for its own errors, ARM's for what ARM finds out before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from quarterdeck.sandbox.wire import Handler, Refusal, Request, Response
from quarterdeck.sandbox.world.conflict import SiteConflict

_EXTENDED = {400: "51021", 404: "51004", 409: "59205", 417: "62001", 500: "99999"}


def app_service(status: int, code: str, message: str) -> Refusal:
    """A refusal in App Service's own envelope, top level and with capitals."""
    return Refusal(status, code, message, body=app_service_body(status, code, message))


def app_service_body(status: int, code: str, message: str) -> dict[str, Any]:
    """App Service's own envelope (as logged by users, azure-sdk-for-java 1827)."""
    return {
        "Code": code,
        "Message": message,
        "Target": None,
        "Details": [
            {"Message": message},
            {"Code": code},
            {
                "ErrorEntity": {
                    "ExtendedCode": _EXTENDED.get(status, "99999"),
                    "MessageTemplate": message,
                    "Parameters": [],
                    "Code": code,
                    "Message": message,
                }
            },
        ],
        "Innererror": None,
    }


def not_found(kind: str, name: str, group: str) -> Refusal:
    """ARM's answer for a resource that does not exist."""
    return Refusal(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go "
        "to https://aka.ms/ARMResourceNotFoundFix",
    )


def conflicts_told(handler: Callable[[Request], Awaitable[Response]]) -> Handler:
    """The handler, with the platform's conflicts answered as 409."""

    async def told(request: Request) -> Response:
        try:
            return await handler(request)
        except SiteConflict as conflict:
            raise app_service(409, "Conflict", str(conflict)) from conflict

    return told
