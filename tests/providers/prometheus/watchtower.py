"""A real Prometheus and a real Alertmanager, and something for them to watch. Both look five times a second."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers import free_port, program, running

OFTEN = "200ms"


@dataclass
class Shop:
    """An exporter: counters of requests by version and status, that grow by `traffic` with each look at them."""

    port: int
    traffic: dict[tuple[str, str], int] = field(default_factory=dict)
    _total: Counter[tuple[str, str]] = field(default_factory=Counter)
    _server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    def close(self) -> None:
        """Dead, as after a crash: nobody listens."""
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            self._total.update(self.traffic)
            lines = [f'http_requests_total{{version="{v}",code="{c}"}} {n}\n' for (v, c), n in self._total.items()]
            body = "# TYPE http_requests_total counter\n" + "".join(lines)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{head}Connection: close\r\n\r\n{body}".encode())
            await writer.drain()
        writer.close()


@asynccontextmanager
async def shop(port: int) -> AsyncIterator[Shop]:
    found = Shop(port)
    await found.open()
    try:
        yield found
    finally:
        found.close()


@contextmanager
def prometheus(
    folder: Path, targets: Mapping[str, int], rules: Sequence[Mapping[str, Any]] = (), alertmanager: str = ""
) -> Iterator[str]:
    """Its URL. `targets` are ports of loopback by the label `service`. A file in JSON is one in YAML, too."""
    port = free_port()
    watched = [{"targets": [f"127.0.0.1:{its}"], "labels": {"service": name}} for name, its in targets.items()]
    document: dict[str, Any] = {
        "global": {"scrape_interval": OFTEN, "scrape_timeout": OFTEN, "evaluation_interval": OFTEN},
        "scrape_configs": [{"job_name": "shop", "static_configs": watched}],
        "rule_files": ["rules.yml"],
    }
    if alertmanager:
        peers = [{"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}]
        document["alerting"] = {"alertmanagers": peers}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(json.dumps(document))
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "shop", "rules": list(rules)}]}))
    command: list[str | Path] = [
        program("prometheus"),
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",
        "--log.level=warn",
    ]
    with running(command, cwd=folder, ready=lambda: _ready(port)):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    """Its URL. It tells nobody."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "am.yml").write_text(json.dumps({"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}))
    command: list[str | Path] = [
        program("prometheus-alertmanager"),
        "--config.file=am.yml",
        "--storage.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    with running(command, cwd=folder, ready=lambda: _ready(port)):
        yield f"http://127.0.0.1:{port}"


def _ready(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1) as answer:
        return bool(answer.status == 200)
    return False
