"""Restarts that took back what had been set.

What is set over the admin API is in the config that runs. Caddy saves it, but a restart begins with its file again
unless it is `caddy run --resume`: a canary at 25% is at 0% then, and nobody is told. The process is another one, which
its metrics tell. A `caddy reload` does the same, and looks like any other change of the config: it isn't found out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from quarterdeck.clock import Clock
from quarterdeck.providers.caddy.handlers import Handler

REMEMBERED = 3600.0
"""Seconds for which a loss is told, unless the weights are set before."""

Weights = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Loss:
    at: float
    now: Weights
    told: str


class Restarts:
    """Remembers what was seen of each handler, for as long as this session is open."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, Weights]] = {}
        self._losses: dict[str, _Loss] = {}

    def took(self, key: str, handler: Handler, started: float | None) -> str:
        """Take in what a handler has now, in the process that was started then (in seconds of the epoch; None if that
        isn't known). What a restart took from it, as a sentence; "" if nothing, or if weights were set since."""
        if started is None:
            return ""
        weights = dict(zip(handler.dials, handler.weights, strict=True))
        before = self._seen.get(key)
        self._seen[key] = (started, weights)
        if before and before[0] != started and before[1] != weights and before[1].keys() == weights.keys():
            names = dict(zip(handler.dials, handler.names, strict=True))
            told = ", ".join(f"{names[dial]} {old} -> {weights[dial]}" for dial, old in before[1].items())
            self._losses[key] = _Loss(self._clock.now(), weights, f"a restart took back the weights: {told}")
        loss = self._losses.get(key)
        if loss is None or loss.now != weights or self._clock.now() - loss.at >= REMEMBERED:
            self._losses.pop(key, None)
            return ""
        return loss.told
