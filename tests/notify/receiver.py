"""A receiver of webhooks on loopback, which answers as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Receiver:
    """What came in, and how the next ones are answered: raw HTTP, or "" to hang; the last one stays."""

    url: str = ""
    answers: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def titles(self) -> list[str]:
        return [body["title"] for body in self.bodies]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")
        )
        self.headers.append(head)
        self.bodies.append(json.loads(await reader.readexactly(length)))
        self.arrived.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            await reader.read()  # until whoever waits has gone away
        writer.write(answer.encode())
        writer.close()


def http(status: str, *headers: str, body: str = "") -> str:
    """An answer."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines) + f"\r\n\r\n{body}"


@asynccontextmanager
async def receiving(*answers: str) -> AsyncIterator[Receiver]:
    """A receiver that answers so."""
    receiver = Receiver(answers=list(answers or (http("200 OK", body="ok"),)))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/T0/B0/secret-part"
    try:
        yield receiver
    finally:
        server.close()
