"""A real HAProxy in a folder of its own, real backends that say their names, and clients that count who answered.

Nothing listens on a port that was guessed: HAProxy is reached over Unix sockets, the backends have the ports that the
system gave them.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.servers import Server, needs, program

needs_haproxy = needs("haproxy")

PATIENCE = 10.0
"""Seconds until what should come within milliseconds counts as never coming."""


@dataclass
class Backends:
    """HTTP servers that answer with their own name; `failing` says of which the how-manieth answer is an error."""

    ports: dict[str, int] = field(default_factory=dict)
    servers: dict[str, asyncio.Server] = field(default_factory=dict)
    lines: dict[str, dict[asyncio.Task[object], asyncio.StreamWriter]] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)

    async def start(self, name: str) -> int:
        good, bad = (
            f"HTTP/1.1 {status}\r\nContent-Length: {len(name)}\r\n\r\n{name}".encode()
            for status in ("200 OK", "500 Internal Server Error")
        )
        requests = count(1)
        open_lines = self.lines.setdefault(name, {})

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            mine = asyncio.current_task()
            assert mine is not None
            open_lines[mine] = writer
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    every = self.failing.get(name, 0)
                    writer.write(bad if every and next(requests) % every == 0 else good)
                    await writer.drain()
            writer.close()
            del open_lines[mine]

        self.servers[name] = await asyncio.start_server(serve, "127.0.0.1", self.ports.get(name, 0))
        self.ports[name] = self.servers[name].sockets[0].getsockname()[1]
        return self.ports[name]

    def stop(self, name: str) -> None:
        self.servers.pop(name).close()
        for writer in self.lines[name].values():
            writer.transport.abort()

    async def end(self) -> None:
        for name in list(self.servers):
            self.stop(name)
        while tasks := [task for its in self.lines.values() for task in its]:
            await asyncio.wait(tasks)


class Balancer:
    """One HAProxy as a master with a worker, as packages run it."""

    def __init__(self, folder: Path, body: str, *, sockets: str = "") -> None:
        self.folder = folder
        self.body = body
        self._sockets = sockets
        config = folder / "haproxy.cfg"
        command = [str(program("haproxy")), "-W", "-S", self._master, "-f", str(config)]
        self._server = Server(command, cwd=folder, ready=self._is_up, patience=PATIENCE)

    @property
    def socket(self) -> str:
        return str(self.folder / "admin.sock")

    @property
    def _master(self) -> str:
        return str(self.folder / "master.sock")

    @property
    def front(self) -> str:
        return str(self.folder / "front.sock")

    @property
    def state_file(self) -> Path:
        return self.folder / "server-state"

    @property
    def map(self) -> Path:
        return self.folder / "live.map"

    def write(self, body: str | None = None) -> None:
        self.body = self.body if body is None else body
        (self.folder / "haproxy.cfg").write_text(
            f"global\n  stats socket {self.socket} mode 600 level admin expose-fd listeners\n{self._sockets}"
            f"  server-state-file {self.state_file}\n"
            "defaults\n  mode http\n  timeout connect 2s\n  timeout client 10s\n  timeout server 10s\n"
            "  load-server-state-from-file global\n  default-server inter 50ms rise 1 fall 1\n"
            f"{self.body.format(front=self.front, map=self.map)}"
        )

    def start(self) -> None:
        self.write()
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def reload(self, body: str | None = None) -> None:
        """As `systemctl reload` does; back when another process answers."""
        before = self.pid()
        self._signal_reload(body)
        self._server.wait_for(lambda: self.pid() not in ("", before) and self._is_up())

    def reload_in_vain(self, body: str) -> None:
        """With a configuration that is wrong; back when the master has said so."""
        self._signal_reload(body)
        self._server.wait_for(lambda: "Loading failure" in self._server.log())

    def say(self, *commands: str) -> str:
        """As somebody at a shell does."""
        return _said(self.socket, ";".join(commands))

    def weight(self, server: str) -> int:
        return int(self.say(f"get weight {server}").split()[0])

    def pid(self) -> str:
        try:
            found = re.search(r"^Pid: (\d+)", self.say("show info"), re.MULTILINE)
        except OSError:  # between two processes
            return ""
        return found[1] if found else ""

    async def until(self, command: str, pattern: str) -> None:
        """Until an answer matches; backends in this loop go on meanwhile."""
        async with asyncio.timeout(PATIENCE):
            while not re.search(pattern, self.say(command), re.MULTILINE):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.005)

    def _is_up(self) -> bool:
        """Whether the worker answers, and the master heeds signals (it has none while it starts)."""
        with suppress(OSError):
            return "worker" in _said(self._master, "show proc") and bool(self.pid())
        return False

    def _signal_reload(self, body: str | None) -> None:
        self.write(body)
        os.kill(self._server.pid, signal.SIGUSR2)


def _said(path: str, commands: str) -> str:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(PATIENCE)
        line.connect(path)
        line.sendall(commands.encode() + b"\n")
        line.shutdown(socket.SHUT_WR)  # a master goes on listening otherwise
        answer = b""
        while part := line.recv(1 << 16):
            answer += part
    return answer.decode()


@asynccontextmanager
async def backends(*names: str) -> AsyncIterator[Backends]:
    found = Backends()
    try:
        for name in names:
            await found.start(name)
        yield found
    finally:
        await found.end()


async def split(front: str, requests: int, host: str = "shop.example") -> Counter[str]:
    """Who answered so many requests, one after the other on one connection, as from one client that stays."""
    question = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    answered: Counter[str] = Counter()
    reader, writer = await asyncio.open_unix_connection(front)
    try:
        for _ in range(requests):
            writer.write(question)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = re.search(r"content-length: (\d+)", head)
            status = head.split(" ", 2)[1]
            body = (await reader.readexactly(int(length[1]))).decode() if length else ""
            answered[body if status == "200" else status] += 1
    finally:
        writer.close()
    return answered


def servers(ports: dict[str, int], weights: dict[str, int], more: str = "check") -> str:
    return "".join(f"  server {name} 127.0.0.1:{ports[name]} weight {w} {more}\n" for name, w in weights.items())


def app(ports: dict[str, int], weights: dict[str, int], balance: str = "roundrobin") -> str:
    """A frontend with one backend."""
    front = "frontend f\n  bind unix@{front}\n  default_backend app\n"
    return f"{front}backend app\n  balance {balance}\n{servers(ports, weights)}"


def blue_green(ports: dict[str, int], names: Sequence[str] = ("blue", "green")) -> str:
    """A frontend that a map switches between two backends."""
    front = "frontend f\n  bind unix@{front}\n  use_backend %[req.hdr(host),lower,map({map})]\n"
    return front + "".join(f"backend {name}\n{servers(ports, {name: 1})}" for name in names)
