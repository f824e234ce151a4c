"""The sandbox as a process: build the world, listen, announce, end when told or idle."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.topology import Fleet
from quarterdeck.sandbox.assembly import Running, Sandbox, running
from quarterdeck.sandbox.settings import Settings
from quarterdeck.sandbox.world.contoso import contoso
from quarterdeck.sandbox.world.furniture import many_sites
from quarterdeck.sandbox.world.of_fleet import world_of
from quarterdeck.sandbox.world.workflows import SANDBOX_ACCOUNT
from quarterdeck.sandbox.world.world import World

_LOOK = 1.0
"""Seconds between two looks at the idle time."""


async def serve(settings: Settings) -> None:
    """Serve until told to stop by SIGTERM, SIGINT, the control interface, or for idleness.

    Prints one JSON line on stdout when ready.

    Raises:
        ValueError: a file or a setting is wrong; the message says where and how.
        OSError: the port cannot be had, or a file not be read or written.
    """
    document = _document(settings)
    ended = asyncio.Event()
    faults = _read(settings.faults) if settings.faults else []
    if not isinstance(faults, list):
        raise ValueError(f"{settings.faults}: a fault file is a JSON list of faults")
    try:
        world = World(document=document, seed=settings.seed)
        sandbox = Sandbox(world, latency=settings.latency_ms / 1000, faults=faults, stop=ended.set)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"the sandbox's world or faults are wrong: {error}") from error
    last_request = _Stamp()
    async with running(
        sandbox,
        host=settings.host,
        port=settings.port,
        tls=settings.tls,
        tls_folder=settings.tls_folder,
        on_request=last_request.renew,
    ) as listening:
        _end_on_signals(ended)
        told = announcement(listening)
        with _announced(settings.announce, json.dumps({**told, "pid": os.getpid()})):
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            await _wait(ended, last_request, settings.idle_seconds)


def announcement(listening: Running) -> dict[str, Any]:
    """What a client needs to know about a listening sandbox, as printed when it is ready."""
    world, url = listening.world, listening.url
    return {
        "schema": 1,
        "arm": url,
        "authority": url,
        "app_configuration": {
            "endpoint": url,
            "connection_string": world.configuration.connection_string(url),
        },
        "metrics": url,
        "web": url,
        "github": {"url": url, "token": SANDBOX_ACCOUNT.token},
        "azure_devops": {"url": f"{url}/devops", "token": SANDBOX_ACCOUNT.token},
        "subscription": world.subscription,
        "tenant": world.tenant,
        "ca_file": str(listening.ca_file) if listening.ca_file else None,
        "control": f"{url}/control",
    }


class _Stamp:
    """When the last request came, by the machine's clock."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    def renew(self) -> None:
        self._at = time.monotonic()

    def age(self) -> float:
        return time.monotonic() - self._at


async def _wait(ended: asyncio.Event, last_request: _Stamp, idle_seconds: float) -> None:
    if not idle_seconds:
        await ended.wait()
        return
    look = min(_LOOK, idle_seconds)
    while not ended.is_set() and last_request.age() < idle_seconds:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), look)


def _end_on_signals(ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)


@contextmanager
def _announced(file: Path | None, line: str) -> Iterator[None]:
    """The announcement in a file (0600, complete as soon as it is there) while the block runs."""
    if file is None:
        yield
        return
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(line + "\n")
    draft.replace(file)
    try:
        yield
    finally:
        # Another sandbox may have announced itself in the same place meanwhile.
        with contextlib.suppress(OSError):
            if file.read_text() == line + "\n":
                file.unlink()


def _document(settings: Settings) -> dict[str, Any]:
    if settings.fleet:
        document = world_of(from_json(Fleet, _read(settings.fleet)))
    else:
        document = _read(settings.world) if settings.world else contoso()
    if not isinstance(document, dict):
        raise ValueError(f"{settings.world}: a world file is a JSON object")
    if settings.scale:
        document = {**document, "sites": [*document.get("sites", []), *many_sites(settings.scale)]}
    return document


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
