"""How a refusal looks on each plane."""

from __future__ import annotations

from typing import Any

from quarterdeck.sandbox.wire import Plane, Refusal, Response


def render(plane: Plane, refusal: Refusal) -> Response:
    """The answer that carries a refusal, in the envelope its plane uses."""
    body = refusal.body if refusal.body is not None else _ENVELOPES[plane](refusal)
    return Response(refusal.status, body, refusal.headers)


def _arm(refusal: Refusal) -> dict[str, Any]:
    return {"error": {"code": refusal.code, "message": refusal.message}}


def _oauth(refusal: Refusal) -> dict[str, Any]:
    return {"error": refusal.code, "error_description": refusal.message}


def _problem(refusal: Refusal) -> dict[str, Any]:
    return {"type": "about:blank", "title": refusal.code, "status": refusal.status, "detail": refusal.message}


_ENVELOPES = {"arm": _arm, "control": _arm, "identity": _oauth, "data": _problem}
