"""What clients asked. Bodies and tokens are never kept, only a digest."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from typing import Any

from quarterdeck.sandbox.wire import Request
from quarterdeck.sandbox.world.clock import WorldClock, utc

KEPT = 50_000
"""How many requests are remembered; older ones are forgotten first."""


class RequestLog:
    """The requests that came in, newest last, without the control interface's own."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, request: Request, status: int | None, fault: str) -> None:
        """Note a request; `status` is None when the connection was cut instead of answered."""
        self._count += 1
        self._entries.append(
            {
                "number": self._count,
                "time": utc(self._clock.now()),
                "method": request.method,
                "path": request.path,
                "query": {name: value for name, value in request.query.items() if len(name) > 1},
                "status": status,
                "principal": request.principal,
                "command": request.headers.get("commandname", ""),
                "client_request_id": request.headers.get("x-ms-client-request-id", ""),
                "user_agent": request.headers.get("user-agent", ""),
                "body_sha256": hashlib.sha256(request.body).hexdigest() if request.body else "",
                "fault": fault,
            }
        )

    def clear(self) -> None:
        """Forget them all; numbers go on."""
        self._entries.clear()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._entries)

    def __len__(self) -> int:
        return self._count
