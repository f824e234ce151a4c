"""Reloads that took back what had been set.

What is set over the runtime API lives in the memory of one process. A reload starts another one with the weights and
the maps of its files: a canary at 25% is at 0% again, and nobody is told. `show info` has another Pid then. A reload
that failed (a broken configuration) leaves the old process as it was: same Pid, nothing lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from quarterdeck.clock import Clock
from quarterdeck.providers.haproxy.answers import Process

REMEMBERED = 3600.0
"""Seconds for which a loss is told, unless it is mended before."""

Weights = Mapping[tuple[str, str], int]
"""By backend and server."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What one process had, and the one that took its place hasn't. `was` and `now` differ for each of `was`."""

    at: float
    was: Weights
    now: Weights


@dataclass(slots=True)
class _Seen:
    pid: int
    weights: Weights
    losses: list[Loss] = field(default_factory=list)
    values: dict[tuple[str, str], str] = field(default_factory=dict)
    lost_values: dict[tuple[str, str], tuple[float, str, str]] = field(default_factory=dict)
    pids: dict[tuple[str, str], int] = field(default_factory=dict)


class Reloads:
    """Remembers what was seen of each instance, for as long as this session is open."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._decided: dict[str, float] = {}

    def note(self, host: str, process: Process) -> None:
        """Take in what an instance is now."""
        weights = {(b.name, s.name): s.weight for b in process.backends.values() for s in b.servers}
        seen = self._seen.get(host)
        if seen is None:
            self._seen[host] = _Seen(process.pid, weights)
            return
        if seen.pid != process.pid:
            was = {key: old for key, old in seen.weights.items() if key in weights and weights[key] != old}
            if was:
                seen.losses.append(Loss(self._clock.now(), was, {key: weights[key] for key in was}))
        seen.pid, seen.weights = process.pid, weights

    def decided(self, what: str) -> None:
        """Somebody has just said how a backend, or an entry of a map, is to be: what was lost before is settled."""
        self._decided[what] = self._clock.now()

    def note_entry(self, host: str, map_name: str, key: str, value: str) -> None:
        """Take in what an instance has under a key; after `note` of the same round."""
        seen = self._seen.get(host)
        if seen is None:
            return
        where = (map_name, key)
        before, pid = seen.values.get(where), seen.pids.get(where)
        if before is not None and before != value:
            if pid != seen.pid:
                seen.lost_values[where] = (self._clock.now(), before, value)
            else:
                seen.lost_values.pop(where, None)
        seen.values[where], seen.pids[where] = value, seen.pid

    def of_backend(self, backend: str) -> str:
        """What a reload took from a backend, as a sentence; "" if nothing, or if the weights were set since."""
        for host, seen in self._seen.items():
            for loss in reversed(seen.losses):
                mine = {key: old for key, old in loss.was.items() if key[0] == backend}
                stands = mine and all(seen.weights.get(key) == loss.now[key] for key in mine)
                if stands and self._is_news(backend, loss.at):
                    told = ", ".join(f"{name} {old} -> {loss.now[_, name]}" for (_, name), old in mine.items())
                    return f"a reload took back {told} (at {host})"
        return ""

    def of_entry(self, map_name: str, key: str) -> str:
        """What a reload took from an entry of a map, as a sentence; "" if nothing."""
        for host, seen in self._seen.items():
            found = seen.lost_values.get((map_name, key))
            if found and self._is_news(key, found[0]):
                return f"a reload took back the swap: {key} {found[1]} -> {found[2]} (at {host})"
        return ""

    def _is_news(self, what: str, lost_at: float) -> bool:
        now = self._clock.now()
        return now - lost_at < REMEMBERED and lost_at > self._decided.get(what, 0.0)
