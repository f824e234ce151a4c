"""How a build came into a slot."""

from __future__ import annotations

from dataclasses import dataclass

from quarterdeck.sandbox.world.builds import Build


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
        """Kudu's number: 1 building, 3 failed, 4 succeeded."""
        if now < self.finished:
            return 1
        return 3 if self.failed else 4
