"""What really happened in the world, in order. Tests judge a release engine by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quarterdeck.sandbox.world.clock import WorldClock, utc


@dataclass(frozen=True, slots=True)
class Happening:
    """One effect. `kind` is a dotted name (`swap.finished`), `subject` the lower-cased thing it happened to."""

    number: int
    time: float
    kind: str
    subject: str
    details: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The form the control interface gives out."""
        return {
            "number": self.number,
            "time": utc(self.time),
            "kind": self.kind,
            "subject": self.subject,
            "details": dict(self.details),
        }


class WorldLog:
    """Append-only."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._happenings: list[Happening] = []

    def add(self, kind: str, subject: str, /, *, at: float | None = None, **details: Any) -> None:
        """Note an effect; `at` is its world time when it is not now (an effect found late)."""
        moment = self._clock.now() if at is None else at
        self._happenings.append(Happening(len(self._happenings) + 1, moment, kind, subject.lower(), details))

    def begin(self) -> None:
        """Forget how the world was built: what happens in it is noted from now on."""
        self._happenings.clear()

    def __iter__(self) -> Iterator[Happening]:
        return iter(self._happenings)

    def __len__(self) -> int:
        return len(self._happenings)

    def of(self, kind: str, subject: str = "") -> list[Happening]:
        """Happenings whose kind is `kind` or begins with `kind.`; all subjects when `subject` is empty."""
        return [
            happening
            for happening in self._happenings
            if (happening.kind == kind or happening.kind.startswith(f"{kind}."))
            and subject.lower() in ("", happening.subject)
        ]
