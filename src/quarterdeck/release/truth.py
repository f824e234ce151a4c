"""Traffic truth: the shares that probes observe, beside those that were intended and those that the provider reports.

Probes are few, so chance is counted in: an observed share is an interval (Clopper and Pearson's, "The use of confidence
or fiducial limits illustrated in the case of the binomial", 1934: exact, never too narrow). What differs by more than
that interval explains, differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from quarterdeck.records import dataclass

CONFIDENCE = 0.95
"""How often the interval holds the true share."""


@dataclass(frozen=True, slots=True)
class Share:
    """One destination. All in percent of new clients; None where nobody says."""

    name: str
    intended: float | None
    reported: float | None
    seen: int
    asked: int
    low: float
    high: float

    @property
    def observed(self) -> float | None:
        """The share among the probes; None without any."""
        return 100 * self.seen / self.asked if self.asked else None

    def off_by(self, said: float | None) -> float:
        """By how many percentage points a share that somebody said lies outside of what was observed; 0 within."""
        if said is None or not self.asked:
            return 0.0
        return max(self.low - said, said - self.high, 0.0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Intended, reported and observed, side by side.

    Attributes:
        unanswered: probes without an answer that names a destination: neither here nor there.
    """

    shares: tuple[Share, ...]
    asked: int
    unanswered: int = 0

    @property
    def off_by(self) -> float | None:
        """By how many percentage points observed differs from intended, at the worst destination, beyond what chance
        explains; None if too few probes were answered to say anything."""
        if not self.asked or self.unanswered > self.asked:
            return None
        return max((share.off_by(share.intended) for share in self.shares), default=0.0)

    def sentence(self, tolerance: float) -> str:
        """One line: `staging: intended 25, reported 25, observed 11% (11 of 100, so 6 to 19%): off by 6.0 points`."""
        parts = [_told(share) for share in self.shares if share.intended or share.reported or share.seen]
        off = self.off_by
        verdict = "nothing to say" if off is None else "agrees" if off <= tolerance else f"off by {off:.1f} points"
        silent = f"; {self.unanswered} of {self.asked + self.unanswered} told nothing" if self.unanswered else ""
        return f"{'; '.join(parts) or 'nothing observed'}: {verdict}{silent}"


def compare(
    intended: Mapping[str, float], reported: Mapping[str, float], seen: Mapping[str, int], unanswered: int = 0
) -> Comparison:
    """Put the three side by side. Names are compared without letter case.

    Args:
        intended, reported: percent by destination.
        seen: how many probes each destination answered. One that nobody intended or reported is listed as well.
    """
    names = {name.lower(): name for name in (*seen, *reported, *intended)}
    wanted, told, counted = (_lower(one) for one in (intended, reported, seen))
    asked = sum(seen.values())
    shares = []
    for key, name in names.items():
        hits = int(counted.get(key, 0))
        low, high = interval(hits, asked)
        # What isn't named in an intention that adds up to the whole was meant to get nothing.
        default = 0.0 if math.isclose(sum(intended.values()), 100, abs_tol=0.5) else None
        shares.append(Share(name, wanted.get(key, default), told.get(key), hits, asked, low, high))
    return Comparison(tuple(shares), asked, unanswered)


def interval(seen: int, asked: int) -> tuple[float, float]:
    """Between which shares, in percent, the true one lies, when `seen` of `asked` were counted.

    Raises:
        ValueError: if more were seen than asked.
    """
    if not 0 <= seen <= asked:
        raise ValueError(f"{seen} of {asked} can't be")
    if not asked:
        return 0.0, 100.0
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if seen == 0 else _root(lambda p: _at_least(seen, asked, p) - tail)
    high = 1.0 if seen == asked else _root(lambda p: tail - _at_most(seen, asked, p))
    return 100 * low, 100 * high


def _at_least(seen: int, asked: int, p: float) -> float:
    """How likely `seen` or more are."""
    return math.fsum(_likely(k, asked, p) for k in range(seen, asked + 1))


def _at_most(seen: int, asked: int, p: float) -> float:
    """How likely `seen` or fewer are."""
    return math.fsum(_likely(k, asked, p) for k in range(seen + 1))


def _likely(k: int, asked: int, p: float) -> float:
    ways = math.lgamma(asked + 1) - math.lgamma(k + 1) - math.lgamma(asked - k + 1)
    return math.exp(ways + k * math.log(p) + (asked - k) * math.log1p(-p))


def _root(rising: Callable[[float], float]) -> float:
    """Where a function that rises from below 0 to above crosses it, between 0 and 1."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2


def _lower(by_name: Mapping[str, float]) -> dict[str, float]:
    return {name.lower(): value for name, value in by_name.items()}


def _told(share: Share) -> str:
    said = [f"{word} {value:.4g}" for word, value in (("intended", share.intended), ("reported", share.reported))
            if value is not None]  # fmt: skip
    if share.observed is None:
        return f"{share.name}: " + ", ".join([*said, "not observed"])
    chance = f"{share.seen} of {share.asked}, so {share.low:.0f} to {share.high:.0f}%"
    return f"{share.name}: " + ", ".join([*said, f"observed {share.observed:.0f}% ({chance})"])
