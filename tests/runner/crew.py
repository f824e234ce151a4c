"""Real processes around one fleet: its sandbox, runners, and a viewer's view of the store."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action, Swap
from quarterdeck.release.operation import Operation
from quarterdeck.runner.sandboxing import ensure_sandbox
from quarterdeck.store.answer import Answer
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import Lease, Request, StoreError
from quarterdeck.store.sqlite import SqliteStore

CONFIG = """\
fleet: little-shop
connections:
  azure: {provider: azure, subscription: 00000000-0000-0000-0000-000000000000}
environments:
  production: {}
services:
  checkout:
    production: {slots: {connection: azure, resource_group: shop, site: little-checkout}}
"""
CHECKOUT = TargetId("production", "checkout")
SWAP = Swap(CHECKOUT, "staging", "production")
DEADLINE = 40.0

T = TypeVar("T")


def until(look: Callable[[], T | None], what: str, seconds: float = DEADLINE) -> T:
    """What `look` finds, asked again and again."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None or found is False:
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.02)
    return found


@dataclass
class Crew:
    """One fleet's processes; `dismiss` ends all that were started."""

    config: Path
    path: Path
    store: SqliteStore
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def runner(self, *more: str, lease: float = 10, idle: float = 60) -> subprocess.Popen[bytes]:
        """A runner of this fleet in its sandbox."""
        words = [
            "--store",
            str(self.path),
            "--config",
            str(self.config),
            "--sandbox",
            "--interval",
            "1",
            "--grace",
            "1",
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "quarterdeck.runner", *words, "--lease", str(lease), "--idle", str(idle), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.processes.append(process)
        return process

    def in_charge(self, process: subprocess.Popen[bytes]) -> Lease:
        """Wait until this runner holds the lease."""

        def held() -> Lease | None:
            assert process.poll() is None, process.communicate()[0].decode()
            lease = self.store.lease("runner")
            return lease if lease and lease.info.get("pid") == process.pid else None

        return until(held, "the runner takes the lease")

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Stop it between two of its writes: stopped in the middle of one it keeps the store from everybody."""

        def stopped() -> bool:
            process.send_signal(signal.SIGSTOP)
            try:
                self.asker().refresh()
            except StoreError:
                process.send_signal(signal.SIGCONT)
                return False
            return True

        until(stopped, "a moment at which the runner isn't writing")

    def asker(self) -> Asker:
        return Asker(self.store, "ana@jump", "test", SystemClock(), read_only=False)

    def answer(self, request: Request) -> Answer:
        answer = until(lambda: self.store.answer(request.id), f"an answer to {request.kind}")
        assert answer.refusal is None, answer.refusal
        return answer

    def begin(self, action: Action) -> str:
        """Plan and confirm; the id of the operation."""
        plan = self.answer(self.asker().plan(action, "test")).plan
        assert plan is not None
        return self.answer(self.asker().confirm(plan, plan.type_to_confirm, "test")).operation

    def operation(self, operation_id: str) -> Operation:
        operation = self.store.operation(operation_id)
        assert operation is not None
        return operation

    def ended(self, operation_id: str) -> Operation:
        until(lambda: self.operation(operation_id).ending, "the operation ends")
        return self.operation(operation_id)

    def sandbox(self, method: str, what: str, body: Any = None) -> Any:
        """Ask the sandbox's control interface."""
        announcement = ensure_sandbox(self.config)
        url = urlsplit(f"{announcement['control']}/{what}")
        trusted = ssl.create_default_context(cafile=announcement["ca_file"])
        connection = http.client.HTTPSConnection(url.hostname or "", url.port, context=trusted, timeout=10)
        target = url.path + (f"?{url.query}" if url.query else "")
        connection.request(method, target, body=None if body is None else json.dumps(body))
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 200, text
        return json.loads(text)

    def swaps_asked_for(self) -> int:
        """How many swap requests reached the sandbox."""
        requests = self.sandbox("GET", "requests")["value"]
        return sum(1 for one in requests if one["method"] == "POST" and "slotsswap" in one["path"].lower())

    def swaps_done(self) -> int:
        return len(self.sandbox("GET", "log?kind=swap.finished")["value"])

    def kinds(self, operation_id: str = "") -> list[str]:
        return [event.kind for event in self.store.events(operation=operation_id)]

    def dismiss(self) -> None:
        """End every runner that this fleet still has, those that others started for it as well."""
        for pid in processes("quarterdeck.runner", str(self.path)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.processes:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def processes(module: str, text: str) -> list[int]:
    """Ids of the processes that run a module of ours with a text among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except (OSError, ValueError):
            continue
        if module in words and any(text in word for word in words):
            found.append(int(entry.name))
    return found
