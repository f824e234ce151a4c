"""A door before a host on loopback: what comes through reaches the host as it was, unless a rule strikes.

Stands where a proxy, a load balancer or a tired server stands in earnest, whatever the host behind it is.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import ClientSession, ClientTimeout, web
from yarl import URL

Kind = Literal["answer", "fall"]
_HOP = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-encoding", "accept-encoding"})


@dataclass
class Strike:
    """What happens to requests of a method, at most `count` times.

    Attributes:
        kind: `answer`: with status, body and headers; `fall`: the line is cut and nobody listens any more.
        happens: whether the host gets the request all the same.
        first: what is done before.
    """

    method: str
    kind: Kind = "answer"
    status: int = 200
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    happens: bool = False
    count: float = 1
    first: Callable[[], None] = lambda: None


@dataclass
class Door:
    """`url` is where to knock; `strikes` the rules in force."""

    behind: str
    client: ClientSession
    url: str = ""
    strikes: list[Strike] = field(default_factory=list)
    struck: int = 0
    fallen: bool = False
    _runner: web.AppRunner | None = None
    _kept: socket.socket | None = None

    async def open(self) -> None:
        """Listen, at the same place as before if there was one."""
        if self._kept is not None:
            self._kept.close()
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._knock)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", URL(self.url).port or 0 if self.url else 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.fallen = False

    async def shut(self) -> None:
        """Nobody listens any more; the port stays taken, so that nobody else moves in."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()
            self._kept = socket.socket()
            self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._kept.bind(("127.0.0.1", URL(self.url).port or 0))

    async def tide(self) -> None:
        """Whoever fell is back."""
        if self.fallen:
            await self.shut()
            await self.open()

    async def _knock(self, request: web.Request) -> web.StreamResponse:
        strike = next((one for one in self.strikes if one.method in ("", request.method) and one.count > 0), None)
        if self.fallen:
            return self._cut(request)
        if strike is None:
            return await self._through(request)
        strike.count -= 1
        self.struck += 1
        strike.first()
        if strike.happens:
            await self._through(request)
        if strike.kind == "fall":
            self.fallen = True
            return self._cut(request)
        return web.Response(
            status=strike.status, text=strike.body, content_type="application/json", headers=strike.headers
        )

    def _cut(self, request: web.Request) -> web.StreamResponse:
        assert request.transport
        request.transport.abort()
        return web.Response()

    async def _through(self, request: web.Request) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        where = URL(self.behind + request.raw_path, encoded=True)
        async with self.client.request(
            request.method, where, data=await request.read(), headers=headers, allow_redirects=False
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


@asynccontextmanager
async def door(behind: str) -> AsyncIterator[Door]:
    """A door before `http://HOST:PORT` while the block runs."""
    async with ClientSession(timeout=ClientTimeout(10)) as client:
        made = Door(behind, client)
        await made.open()
        try:
            yield made
        finally:
            await made.shut()
            if made._kept is not None:
                made._kept.close()
