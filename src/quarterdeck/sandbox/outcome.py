"""What can come of a request: an answer, or a connection that breaks."""

from __future__ import annotations

from dataclasses import dataclass

from quarterdeck.sandbox.wire import Response


@dataclass(frozen=True, slots=True)
class Severed:
    """The connection is cut: at once, or half-way through the body of `response`."""

    response: Response | None = None


Outcome = Response | Severed
