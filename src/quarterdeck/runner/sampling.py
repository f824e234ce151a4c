"""STUB: asks gates; its owner replaces it. Nobody answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from quarterdeck.clock import Clock
from quarterdeck.release.gate import GateSpec, Measurement, Sample
from quarterdeck.release.rules import Rulebook
from quarterdeck.runner.ports import Connections


class Sampler:
    """All gates of a sample at once."""

    def __init__(self, connections: Connections, rules: Callable[[], Rulebook], truth: object, clock: Clock) -> None:
        self._clock = clock

    async def sample(self, gates: Sequence[GateSpec], names: Mapping[str, str]) -> Sample:
        """No data."""
        return Sample(
            self._clock.now(), tuple(Measurement(gate.name, "no_data", detail="nobody is asked yet") for gate in gates)
        )
