"""What resolvers still believe: a change of weights reaches users only as cached answers run out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

_KEPT = 1000
"""Notes that a history keeps."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A DNS answer.

    Attributes:
        code: NOERROR, NODATA (the name exists but nothing can be returned) or NXDOMAIN.
        targets: host names or addresses, the one a client uses first.
        ttl: seconds it may be kept.
    """

    code: str
    targets: tuple[str, ...] = ()
    ttl: int = 0


class ResolverCache:
    """One recursive resolver: it asks at most once per name and time to live."""

    def __init__(self, ask: Callable[[str], Answer]) -> None:
        self._ask = ask
        self._kept: dict[str, tuple[float, Answer]] = {}

    def resolve(self, name: str, now: float) -> Answer:
        """The kept answer while it lives, else a fresh one. Refusals (no targets) are not kept."""
        until, answer = self._kept.get(name.lower(), (0.0, Answer("")))
        if now < until:
            return answer
        answer = self._ask(name)
        if answer.targets:
            self._kept[name.lower()] = (now + answer.ttl, answer)
        return answer


@dataclass(frozen=True, slots=True)
class _Period:
    start: float
    ttl: int
    shares: Mapping[str, float]


class ShareHistory:
    """The shares a profile has answered with, and from them the shares that users really get.

    With many resolvers that each ask again when their answer runs out, the answer that one of them holds now was
    given at a moment spread evenly over the last TTL. So the effective share is the mean of the answered shares
    over that window: after a change it moves from old to new in a straight line and arrives after one TTL of the
    old answers. (Exact while the TTL stays; an approximation for two changes within one TTL of a new TTL.)
    """

    def __init__(self) -> None:
        self._periods: list[_Period] = []

    def note(self, now: float, ttl: int, shares: Mapping[str, float]) -> None:
        """From `now` on, answers have these shares and live `ttl` seconds."""
        if self._periods and (self._periods[-1].ttl, self._periods[-1].shares) == (ttl, shares):
            return
        self._periods.append(_Period(now, ttl, dict(shares)))
        del self._periods[:-_KEPT]

    def names(self) -> set[str]:
        """Everything that ever had a share."""
        return {name for period in self._periods for name in period.shares}

    def boundaries(self) -> list[float]:
        """Moments after which the effective shares follow another line."""
        return [moment for period in self._periods for moment in (period.start, period.start + period.ttl)]

    def effective(self, at: float) -> dict[str, float]:
        """What users get at that time, in the unit of the noted shares; less than the whole where no answer was given.

        Before the first note, and for moments long gone, it is what the oldest kept note says.
        """
        periods = [period for period in self._periods if period.start <= at] or self._periods[:1]
        ends = [period.start for period in periods[1:]]
        result: dict[str, float] = {}
        rest = 1.0
        for number, period in enumerate(periods):
            if number < len(ends):
                since = at - period.ttl if number == 0 else max(period.start, at - period.ttl)
                living = max(0.0, ends[number] - since) / period.ttl if period.ttl else 0.0
                weight = min(rest, living)
            else:
                weight = rest
            rest -= weight
            for name, share in period.shares.items():
                if weight > 0:
                    result[name] = result.get(name, 0.0) + share * weight
        return result
