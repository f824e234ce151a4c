"""How a refusal looks on each plane."""

from __future__ import annotations

import re
from typing import Any

from quarterdeck.sandbox.wire import Plane, Refusal, Response


def render(plane: Plane, refusal: Refusal) -> Response:
    """The answer that carries a refusal, in the envelope its plane uses."""
    if refusal.body is not None:
        return Response(refusal.status, refusal.body, refusal.headers)
    media = {"Content-Type": "application/problem+json; charset=utf-8"} if plane == "data" else {}
    return Response(refusal.status, _ENVELOPES[plane](refusal), {**media, **refusal.headers})


def _arm(refusal: Refusal) -> dict[str, Any]:
    return {"error": {"code": refusal.code, "message": refusal.message}}


def _oauth(refusal: Refusal) -> dict[str, Any]:
    return {"error": refusal.code, "error_description": refusal.message}


def _problem(refusal: Refusal) -> dict[str, Any]:
    """App Configuration's; its error types are the codes with hyphens, as in `too-many-requests`."""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", refusal.code).lower()
    return {
        "type": f"https://azconfig.io/errors/{kind}",
        "title": refusal.code,
        "detail": refusal.message,
        "status": refusal.status,
    }


def _github(refusal: Refusal) -> dict[str, Any]:
    """GitHub's, with the page that explains."""
    return {
        "message": refusal.message,
        "documentation_url": "https://docs.github.com/rest",
        "status": str(refusal.status),
    }


def _devops(refusal: Refusal) -> dict[str, Any]:
    """Azure DevOps', as its interfaces wrap exceptions."""
    return {
        "$id": "1",
        "innerException": None,
        "message": refusal.message,
        "typeName": f"Microsoft.TeamFoundation.{refusal.code}, Microsoft.TeamFoundation",
        "typeKey": refusal.code,
        "errorCode": 0,
        "eventId": 3000,
    }


_ENVELOPES = {
    "arm": _arm,
    "control": _arm,
    "identity": _oauth,
    "data": _problem,
    "github": _github,
    "devops": _devops,
}
