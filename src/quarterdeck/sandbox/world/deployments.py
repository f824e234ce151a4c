"""How a build came into a slot."""

from __future__ import annotations

from dataclasses import dataclass

from quarterdeck.sandbox.world.builds import Build

BUILDING, FAILED, SUCCEEDED = 1, 3, 4
"""Kudu's numbers for the state of a deployment."""


@dataclass(slots=True)
class Deployment:
    """One deployment of one build. Times in UNIX seconds of the world; `finished` may lie ahead."""

    id: str
    build: Build
    message: str
    author: str
    deployer: str
    started: float
    finished: float
    failed: bool = False
    active: bool = False

    def status(self, now: float) -> int:
        """Kudu's number for its state."""
        if now < self.finished:
            return BUILDING
        return FAILED if self.failed else SUCCEEDED
