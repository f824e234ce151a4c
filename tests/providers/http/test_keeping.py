"""Reads share a connection, writes don't, and one that the server has closed is opened anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from quarterdeck.providers.http.asking import Question
from quarterdeck.providers.http.keeping import KeptAsking

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Server:
    """Counts connections, and keeps each open for as many answers as it is told."""

    answers: int
    url: str = ""
    asked: list[int] = field(default_factory=list)
    """By request, the number of the connection that it came on."""
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        for _ in range(self.answers):
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            self.asked.append(number)
            writer.write(ANSWER)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(answers: int) -> AsyncIterator[Server]:
    found = Server(answers)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.close()


async def test_reads_share_a_connection_and_a_write_has_its_own() -> None:
    async with listening(answers=10) as server:
        asking = KeptAsking(timeout=5)
        for method in ("GET", "GET", "POST", "GET"):
            await asking.read(Question(method, server.url))
        await asking.close()
    assert server.asked == [1, 1, 2, 1]


async def test_a_connection_that_the_server_has_closed_costs_no_answer() -> None:
    async with listening(answers=1) as server:
        asking = KeptAsking(timeout=5)
        for _ in range(3):
            assert (await asking.read(Question("GET", server.url))).status == 200
        await asking.close()
        await asking.close()
    assert server.asked == [1, 2, 3]
