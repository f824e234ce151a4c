"""Requests and answers of a sandbox, written down as they pass and held against the published specifications."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.sandbox import conformance

from quarterdeck.sandbox.application import Application
from quarterdeck.sandbox.outcome import Outcome
from quarterdeck.sandbox.wire import Request, Response

_SPECIFIED = (
    "/kv",
    "/keys",
    "/labels",
    "/locks",
    "/revisions",
    "/snapshots",
    "/operations",
    "/providers",
    "/subscriptions",
    "/tenants",
)


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; bodies are JSON data or None."""

    method: str
    target: str
    request_body: Any
    status: int
    body: Any
    fault: str = ""

    def violations(self) -> list[str]:
        """What does not agree with the specification.

        A request that was refused with 400 may be wrong, and so may an answer that a fault made; App Service's own
        error envelope is not the specified one.
        """
        excused: tuple[str, ...] = ("request", "query") if self.status == 400 else ()
        if self.fault:
            excused += ("response",)
        if self.status >= 400 and "/providers/microsoft.web/" in self.target.lower():
            excused += ("response",)
        found = conformance.violations(self.method, self.target, self.status, self.body, request_body=self.request_body)
        return [line for line in found if not line.startswith(excused)]


class Recorder:
    """Stands between the server and the application."""

    def __init__(self, application: Application) -> None:
        self.exchanges: list[Exchange] = []
        self._log = application.requests
        self._answer = application.answer
        application.answer = self.answer  # type: ignore[method-assign]

    async def answer(self, request: Request) -> Outcome:
        """Pass the request on, and keep what came of it."""
        outcome = await self._answer(request)
        if isinstance(outcome, Response) and request.path.startswith(_SPECIFIED) and not _is_xml(outcome):
            fault = list(self._log)[-1]["fault"]
            self.exchanges.append(
                Exchange(
                    request.method, request.target, _json(request.body), outcome.status, _json(outcome.body), fault
                )
            )
        return outcome

    def violations(self) -> list[str]:
        """Every violation of every exchange so far."""
        return [
            f"{exchange.method} {exchange.target} -> {exchange.status}: {line}"
            for exchange in self.exchanges
            if _is_judged(exchange)
            for line in exchange.violations()
        ]


def _is_xml(response: Response) -> bool:
    return response.headers.get("Content-Type") == "application/xml"


def _is_judged(exchange: Exchange) -> bool:
    """Whether the operation is one of those whose specification is at hand; selected fields may lack required ones."""
    path = exchange.target.partition("?")[0]
    if "select=" in exchange.target.lower() or exchange.status in (304, 412):
        return False
    return conformance.find(exchange.method, path) is not None


def _json(body: Any) -> Any:
    if not isinstance(body, bytes):
        return body
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None
