"""What stands between us and the emulator: it counts what is asked, and can answer, or keep silent, in its place."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs

import httpx
from aiohttp import web

XML = "text/xml"


@dataclass(frozen=True)
class Told:
    """An answer in the emulator's place. `lost`: nothing comes back, after the emulator has done it or before."""

    status: int = 200
    body: str = ""
    kind: str = XML
    lost: Literal["", "after", "before"] = ""


@dataclass(frozen=True)
class Asked:
    operation: str
    body: str
    agent: str

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body).items()}


def refusal(code: str, message: str = "no", status: int = 400) -> Told:
    """As the query services and Route 53 say no (their API references, "Common Errors")."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return Told(status, f"<ErrorResponse>{error}<RequestId>42</RequestId></ErrorResponse>")


@dataclass
class Wire:
    """`answers` by operation: each is given once, the last one for ever if it is in `always`."""

    behind: str
    client: httpx.AsyncClient
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    once: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    always: dict[str, Told] = field(default_factory=dict)
    silent: asyncio.Event | None = None

    def counted(self) -> Counter[str]:
        """How often each operation was asked for, and forget it."""
        found = Counter(one.operation for one in self.asked)
        self.asked.clear()
        return found

    def of(self, operation: str) -> list[Asked]:
        return [one for one in self.asked if one.operation == operation]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        operation = _operation(request, body.decode())
        self.asked.append(Asked(operation, body.decode(), request.headers.get("User-Agent", "")))
        if self.silent is not None:
            await self.silent.wait()
        queue = self.once[operation]
        told = queue.pop(0) if queue else self.always.get(operation)
        if told is None or told.lost == "after":
            forwarded = await self._forward(request, body)
            if told is None:
                return forwarded
        if told.lost:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(status=told.status, text=told.body, content_type=told.kind)

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        kept = {
            name: request.headers[name]
            for name in ("Authorization", "Content-Type", "X-Amz-Date")
            if name in request.headers
        }
        url = f"{self.behind}{request.path_qs}"
        answer = await self.client.request(request.method, url, content=body, headers=kept)
        headers = {name: value for name, value in answer.headers.items() if name.startswith("x-amzn")}
        kind = answer.headers["content-type"].split(";")[0]
        return web.Response(status=answer.status_code, body=answer.content, content_type=kind, headers=headers)


def _operation(request: web.Request, body: str) -> str:
    path = request.path
    if path == "/":
        return parse_qs(body).get("Action", ["?"])[0]
    if "/rrset" in path:
        return "ChangeResourceRecordSets" if request.method == "POST" else "ListResourceRecordSets"
    if "/change/" in path:
        return "GetChange"
    return "GetHealthCheckStatus" if path.endswith("/status") else "ListHealthChecks"


@asynccontextmanager
async def wire_to(behind: str) -> AsyncIterator[Wire]:
    """A wire on a port of its own."""
    client = httpx.AsyncClient(verify=False)  # there is no TLS on loopback, and loading certificates takes time
    wire = Wire(behind, client)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", wire._take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        wire.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield wire
    finally:
        await runner.cleanup()
        await client.aclose()
