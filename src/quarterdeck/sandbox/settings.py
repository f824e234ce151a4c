"""How a sandbox is to be served."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What `serve` needs to know.

    Attributes:
        host: a loopback address, or localhost.
        port: 0 takes a free one.
        tls: serve https with a certificate made for the occasion.
        tls_folder: where the certificate and its key go; a private temporary folder when None.
        seed: of the world's chance; that of the world file when None.
        scale: so many sites more, each with a staging slot.
        latency_ms: added to every answer.
        faults: a JSON file with a list of faults; see `faults`.
        world: a JSON file that says what exists; see `world.document`. contoso-shop when None.
        fleet: a JSON file with a fleet, as `fleet.codec` writes it: a world in which all of it exists.
        announce: a file that gets the line of stdout and the `pid`, while the sandbox runs.
        idle_seconds: end when no request came for that long; 0 never ends by itself.

    Raises:
        ValueError: for a host that is not loopback, or a number out of range.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tls: bool = False
    tls_folder: Path | None = None
    seed: int | None = None
    scale: int = 0
    latency_ms: float = 0.0
    faults: Path | None = None
    world: Path | None = None
    fleet: Path | None = None
    announce: Path | None = None
    idle_seconds: float = 0.0

    def __post_init__(self) -> None:
        if not _is_loopback(self.host):
            raise ValueError(
                f"the sandbox has no locks and listens on loopback only, not on {self.host}: "
                "use 127.0.0.1, ::1 or localhost"
            )
        if not 0 <= self.port <= 65535:
            raise ValueError(f"a port is a number from 0 to 65535, not {self.port}")
        if self.world and self.fleet:
            raise ValueError("a sandbox is built from a world or from a fleet, not from both")
        for name in ("scale", "latency_ms", "idle_seconds"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} cannot be negative or endless")


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
