"""A time in which monitoring hears nothing: a fault that gates have to notice."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quarterdeck.sandbox.world.strictness import check_pattern


@dataclass(frozen=True, slots=True)
class Silence:
    """A fault of kind `silence`: metrics and sites (regular expressions; all when empty) of which no sample comes in
    for a time. Nothing says that their series have ended: their last values stay for as long as Prometheus looks
    back."""

    metric: str
    site: str
    since: float
    until: float = math.inf

    @classmethod
    def from_json(cls, document: Mapping[str, Any], now: float) -> Silence:
        """Read a fault that is put in force now.

        Raises:
            ValueError: naming what is wrong with it.
        """
        unknown = sorted(set(document) - {"kind", "metric", "site", "start", "stop"})
        if unknown:
            raise ValueError(f"a silence has no {', '.join(unknown)}; it has kind, metric, site, start, stop")
        for name in ("metric", "site"):
            check_pattern(document, name, "a silence")
        start, stop = document.get("start", 0.0), document.get("stop", math.inf)
        if not all(isinstance(moment, int | float) and moment >= 0 for moment in (start, stop)):
            raise ValueError("a silence's start and stop are seconds from now")
        return cls(document.get("metric", ""), document.get("site", ""), now + start, now + stop)

    def as_json(self) -> dict[str, Any]:
        """For the control interface; times are UNIX seconds."""
        until = None if self.until == math.inf else self.until
        return {"kind": "silence", "metric": self.metric, "site": self.site, "since": self.since, "until": until}

    def covers(self, metric: str, site: str) -> bool:
        """Whether it is about such a series at all."""
        return bool(re.search(self.metric, metric)) and bool(re.search(self.site, site, re.IGNORECASE))
