"""How long to wait for the world before a person is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quarterdeck.release.plan import Verb


@dataclass(frozen=True, slots=True)
class Patience:
    """All in seconds, except `sends`.

    Attributes:
        swap: for a write that goes on by itself. Microsoft's documentation allows five warm-up tries of 90 s for each
            instance; users report failures after 23 minutes.
        prompt: for a write that is complete with its answer.
        verify: for reading back what a provider says it has done.
        unreadable: for a place that can't be read before anything is sent.
        sends: how often a repeatable write may be sent.
    """

    swap: float = 1800
    prompt: float = 120
    verify: float = 120
    unreadable: float = 30
    sends: int = 3

    def for_verb(self, verb: Verb) -> float:
        """How long a step of this verb may take."""
        return self.swap if verb in ("swap", "complete", "deploy") else self.prompt


def back_off(longest: float) -> Iterator[float]:
    """Pauses between attempts: one second, then twice as long each time, up to `longest`."""
    pause = min(1.0, longest)
    while True:
        yield pause
        pause = min(pause * 2, longest)
