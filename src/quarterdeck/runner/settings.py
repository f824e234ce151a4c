"""How a runner is to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """What a runner needs to know. All times in seconds.

    Attributes:
        store: the store's file.
        config: the configuration.
        sandbox: point every connection at the fleet's sandbox.
        when_taken: what to do while another runner is in charge: stand by to take over, or leave at once.
        interval: between two looks at the same place.
        timeout: how long one look may take.
        idle_after: how long to stay when nobody watches and nothing runs.
        grace: how long running operations may go on after a signal to stop.
        lease_ttl: how long the lease holds without being renewed.
    """

    store: Path
    config: Path
    sandbox: bool = False
    when_taken: Literal["leave", "stand by"] = "leave"
    interval: float = 10
    timeout: float = 30
    idle_after: float = 60
    grace: float = 5
    lease_ttl: float = 10
