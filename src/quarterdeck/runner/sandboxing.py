"""The sandbox of a fleet: one for all commands and viewers of a configuration, started when it is needed.

It announces itself in a file of the fleet's sandbox folder, and ends by itself when nobody has used it for a while.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from quarterdeck.paths import fleet_dir, private_dir
from quarterdeck.runner.detached import Detached, reap

IDLE_SECONDS = 900
"""How long a sandbox stays without a request."""

PATIENCE = 20.0
ANSWER_SECONDS = 2.0

Announcement = Mapping[str, Any]


class SandboxDied(Exception):
    """No sandbox could be started; the text says why."""


def ensure_sandbox(config: Path) -> Announcement:
    """The announcement of the fleet's sandbox; started if it doesn't run, with all of the fleet in it.

    Raises:
        ConfigError: the configuration is wrong.
        SandboxDied: it couldn't begin.
        OSError: the state folder can't be used.
    """
    folder = private_dir(fleet_dir(config, sandbox=True))
    with _alone(folder):
        return running(config) or _start(config, folder)


def running(config: Path) -> Announcement | None:
    """The announcement of the fleet's sandbox if it runs and answers, else None."""
    try:
        announcement: Announcement = json.loads(_announcement_file(config).read_text())
        alive = sandbox_lives(announcement) and _ask(announcement, "GET", "faults")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # there is none, or what a sandbox that was killed left half-written
    return announcement if alive else None


def sandbox_lives(announcement: Announcement) -> bool:
    """Whether the process of an announcement still exists."""
    reap()
    try:
        os.kill(int(announcement["pid"]), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, ValueError, KeyError):
        return False
    return True


def reset_sandbox(config: Path) -> bool:
    """Put the fleet's sandbox back to how it began; False if none runs."""
    found = running(config)
    return found is not None and _ask(found, "POST", "reset")


def stop_sandbox(config: Path) -> bool:
    """End the fleet's sandbox, and wait until it has ended; False if none ran."""
    found = running(config)
    if found is None:
        return False
    _ask(found, "POST", "stop")
    return _within(PATIENCE, lambda: not _announcement_file(config).exists())


def _start(config: Path, folder: Path) -> Announcement:
    from quarterdeck.fleet.codec import to_json
    from quarterdeck.runner.configuration import Configuration

    fleet = folder / "sandbox-fleet.json"
    fleet.write_text(json.dumps(to_json(Configuration(config).fleet)))
    announced = _announcement_file(config)
    announced.unlink(missing_ok=True)
    # Azure's clients send no token over plain HTTP.
    arguments = ["--tls", "--tls-folder", str(folder), "--fleet", str(fleet)]
    arguments += ["--announce", str(announced), "--idle", str(IDLE_SECONDS)]
    sandbox = Detached("quarterdeck.sandbox", arguments, folder / "sandbox.out")
    _within(PATIENCE, lambda: announced.exists() or sandbox.exit_code() is not None)
    if not announced.exists():
        raise SandboxDied(f"the sandbox can't be started: {sandbox.said() or f'no word in {PATIENCE:g} s'}")
    announcement: Announcement = json.loads(announced.read_text())
    return announcement


def _announcement_file(config: Path) -> Path:
    return fleet_dir(config, sandbox=True) / "sandbox.json"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other starters waiting while the block runs."""
    handle = os.open(folder / "sandbox.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _ask(announcement: Announcement, method: str, what: str) -> bool:
    """Whether the sandbox's control interface says yes."""
    url = urlsplit(f"{announcement['control']}/{what}")
    with suppress(OSError, http.client.HTTPException):
        trusted = ssl.create_default_context(cafile=announcement["ca_file"])
        connection = http.client.HTTPSConnection(url.hostname or "", url.port, timeout=ANSWER_SECONDS, context=trusted)
        try:
            connection.request(method, url.path, body=b"{}" if method == "POST" else None)
            return connection.getresponse().status == 200
        finally:
            connection.close()
    return False


def _within(seconds: float, come_true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if come_true():
            return True
        time.sleep(0.02)
    return come_true()
