"""A server that listens at a Unix socket is asked through it, and is told by its path."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from quarterdeck.providers.http.asking import Asking, Question, Unanswered
from quarterdeck.providers.http.keeping import KeptAsking

QUESTION = Question("GET", "http://localhost/config/")


async def test_reads_and_writes_go_through_the_socket_and_no_is_told_with_its_path(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status = "200 OK" if head.startswith("GET") else "412 Precondition Failed"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()

    path = tmp_path / "admin.sock"
    server = await asyncio.start_unix_server(serve, path)
    asking = KeptAsking(timeout=5, socket=path)
    assert (await asking.read(QUESTION)).body == b"{}"
    write = Question("PATCH", QUESTION.url, document=[1])
    with pytest.raises(Exception, match="somebody else changed it") as caught:
        asking.good(await asking.ask(write), write)
    assert str(path) in str(caught.value)
    await asking.close()
    server.close()


async def test_a_socket_that_isnt_there_is_told_as_that_and_nothing_was_sent(tmp_path: Path) -> None:
    with pytest.raises(Unanswered) as caught:
        await Asking(timeout=5, socket=tmp_path / "gone.sock").ask(QUESTION)
    assert caught.value.unsent
    assert caught.value.trouble.code == "unreachable"
    assert "there is no socket" in caught.value.trouble.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every socket")
async def test_a_socket_that_we_may_not_open_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "admin.sock"
    server = await asyncio.start_unix_server(lambda *_: None, path)
    path.chmod(0)
    with pytest.raises(Unanswered) as caught:
        await Asking(timeout=5, socket=path).ask(QUESTION)
    assert caught.value.trouble.code == "forbidden"
    server.close()
