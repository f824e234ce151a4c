"""An HTTP server on loopback that says what a test wants, whole or in halves, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers import registry
from quarterdeck.providers.base import Evidence, ProviderError, Session, SessionContext
from quarterdeck.release.gate import GateSpec

SECRET = "s3cr3t-t0ken"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def params(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode())


Say = Callable[[Asked], bytes]
"""What the server sends, headers and all."""


@dataclass
class Loopback:
    url: str
    asked: list[Asked] = field(default_factory=list)


def says(body: Any, status: int = 200, kind: str = "application/json", **headers: str) -> bytes:
    """A whole answer."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = {"Content-Type": kind, "Content-Length": str(len(content)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + content


@asynccontextmanager
async def listening(say: Say, tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    """Serve while the block runs. An empty answer cuts the line; b"..." without an end leaves it open for ever."""
    found = Loopback("")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *rest = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = first.split(" ")
            asked = Asked(method, target, headers, body)
            found.asked.append(asked)
            answer = say(asked)
            if answer == b"...":
                await reader.read()
            writer.write(answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    found.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield found
    finally:
        server.close()


def session(provider: str, **options: str) -> Session:
    """A session of a provider, as the runner opens it."""

    def secret(reference: str) -> str:
        if reference != "${env:TOKEN}":
            raise ProviderError("misconfigured", f"nothing behind {reference}")
        return SECRET + "\n"

    connection = Connection("metrics", provider, options)
    return registry.load(provider).open(connection, SessionContext(SystemClock(), lambda _: None, secret))


async def evidence(of: Session, kind: Any, **options: str) -> Evidence:
    """What a session's source says to a gate. Raises ProviderError."""
    source = of.gates()
    assert source is not None
    return await source.measure(GateSpec("gate", kind, options=options))


async def trouble(of: Session, kind: Any, **options: str) -> Trouble:
    """Why a session's source has no evidence."""
    try:
        found = await evidence(of, kind, **options)
    except ProviderError as error:
        return error.trouble
    raise AssertionError(f"it has: {found}")
