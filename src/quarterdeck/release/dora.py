"""The four measures that DORA's research compares teams by, as far as a journal can tell them. Pure.

Terms after https://dora.dev/guides/dora-metrics-four-keys/ (deployment frequency, change lead time, change fail rate,
failed deployment recovery time). What this journal can't know is said in `DEFINITIONS`; what too few cases would make
up isn't told as a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from quarterdeck.records import dataclass
from quarterdeck.release.deliveries import Delivery, Fate

DAY = 86_400.0
LEAST_FOR_A_MEDIAN, LEAST_FOR_A_TAIL, LEAST_FOR_A_RATE, LEAST_FOR_A_FREQUENCY = 3, 10, 5, 3
"""As many cases are needed before a median, a 90th percentile, a rate of failures, a frequency is told."""

DEFINITIONS: Mapping[str, str] = {
    "deployment frequency": "Releases, hotfixes and swaps on their own that succeeded and gave users another version, "
    "per day of the period. Flags and shares of traffic alone are not counted.",
    "lead time": "From the proposal in Quarterdeck until the release had succeeded for all its users. It begins later "
    "than DORA's change lead time, which begins at the commit: the journal doesn't know when that was.",
    "change failure rate": "Of the changes that ended and had begun to change something, those that were rolled back, "
    "failed on the way or needed an operator, or whose service then needed a hotfix or a rollback before its next "
    "release.",
    "time to restore": "From the first sign of failure (a step or gate that failed, an operator who was needed, or the "
    "request for the hotfix or rollback) until what was done about it had succeeded. How long users suffered before "
    "anybody noticed, the journal doesn't know.",
}
"""What each measure counts here, for people."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of time, in seconds; what too few cases can't tell is None."""

    cases: int
    median: float | None
    tail: float | None

    @classmethod
    def of(cls, lengths: Sequence[float]) -> Lengths:
        """The median, and what nine of ten stay within."""
        ordered = sorted(lengths)
        return cls(
            len(ordered),
            median(ordered) if len(ordered) >= LEAST_FOR_A_MEDIAN else None,
            ordered[-(-9 * len(ordered) // 10) - 1] if len(ordered) >= LEAST_FOR_A_TAIL else None,
        )


@dataclass(frozen=True, slots=True)
class Measures:
    """The four, of one part of the fleet.

    Attributes:
        per_day: deployments a day; None for too few, and in a period of less than a day.
        stopped: changes that ended before anything was changed: neither deployed nor failed.
        changes, failed: those that ended in the period and had changed something, and those of them that failed.
        failure_rate: percent of them; None for too few.
        unrestored: failed ones that nobody has put right, as far as the journal says.
    """

    part: str
    deployments: int
    per_day: float | None
    lead: Lengths
    stopped: int
    changes: int
    failed: int
    failure_rate: float | None
    restore: Lengths
    unrestored: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed change: what, when the first sign was, how long until it was put right (None: it isn't), why, and what
    was done about it."""

    id: str
    title: str
    at: float
    restored_in: float | None
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A delivery on the timeline, at its end."""

    service: str
    at: float
    kind: str
    title: str
    fate: Fate
    failed: bool


@dataclass(frozen=True, slots=True)
class Dora:
    """The measures of a period from `since` to `until`, over all first, then by environment or service."""

    fleet: str
    part: str
    since: float
    until: float
    measures: tuple[Measures, ...]
    failures: tuple[Failure, ...]
    timeline: tuple[Mark, ...]


def measured(known: Sequence[Delivery], fleet: str, environment: str, service: str, since: float, until: float) -> Dora:
    """The measures of everything that ended in a period, of an environment or a service ("" for all)."""
    part = "/".join(filter(None, (environment, service)))
    mine = [
        one
        for one in known
        if one.ended_at is not None
        and since <= one.ended_at <= until
        and any(environment in ("", s.environment) and service in ("", s.name) for s in one.services)
    ]
    days = (until - since) / DAY
    return Dora(
        fleet,
        part,
        since,
        until,
        tuple(_measures(name, some, days) for name, some in _parts(part or "all", mine, environment, service)),
        tuple(_failures(mine)),
        tuple(_marks(mine, environment, service)),
    )


def _parts(
    whole: str, mine: Sequence[Delivery], environment: str, service: str
) -> Iterator[tuple[str, Sequence[Delivery]]]:
    """The whole, and where there are several, what it is made of: environments, or services of the one."""
    yield whole, mine
    below = {_below(s.environment, s.name, environment) for one in mine for s in one.services}
    if service or (not environment and len(below) < 2):
        return
    for name in sorted(below):
        some = [one for one in mine if any(_below(s.environment, s.name, environment) == name for s in one.services)]
        if not environment or name.startswith(f"{environment}/"):
            yield name, some


def _below(environment: str, service: str, scope: str) -> str:
    return f"{environment}/{service}" if scope else environment


def _measures(part: str, some: Sequence[Delivery], days: float) -> Measures:
    delivered = [one for one in some if one.delivered]
    changes = [one for one in some if one.kind != "rollback" and (one.changed or one.delivered)]
    failed = [one for one in changes if one.failed]
    times = [restored_in(one) for one in failed]
    return Measures(
        part,
        len(delivered),
        len(delivered) / days if days >= 1 and len(delivered) >= LEAST_FOR_A_FREQUENCY else None,
        Lengths.of([one.ended_at - one.asked_at for one in delivered if one.ended_at is not None]),
        sum(one.kind != "rollback" and not (one.changed or one.delivered) for one in some),
        len(changes),
        len(failed),
        100 * len(failed) / len(changes) if len(changes) >= LEAST_FOR_A_RATE else None,
        Lengths.of([time for time in times if time is not None]),
        sum(time is None for time in times),
    )


def _sign(one: Delivery) -> float | None:
    """When it was first known that it had failed."""
    return one.troubled_at if one.troubled_at is not None else one.remedy_asked


def restored_in(one: Delivery) -> float | None:
    """Seconds from the first sign of failure until it was put right; None if it isn't, or nobody knows."""
    sign = _sign(one)
    itself = one.ended_at if one.fate in ("rolled back", "succeeded") else None
    done = one.remedied if one.remedy else itself
    return None if sign is None or done is None else max(0.0, done - sign)


def _failures(mine: Sequence[Delivery]) -> Iterator[Failure]:
    for one in mine:
        if one.kind != "rollback" and one.failed:
            done = one.remedy or {"rolled back": "rolled back", "succeeded": "put right on the way"}.get(one.fate, "")
            yield Failure(
                one.id, one.title, _sign(one) or one.asked_at, restored_in(one), one.why, done or "nothing yet"
            )


def _marks(mine: Sequence[Delivery], environment: str, service: str) -> Iterator[Mark]:
    for one in mine:
        for target in one.services:
            if environment in ("", target.environment) and service in ("", target.name) and one.ended_at is not None:
                yield Mark(str(target), one.ended_at, one.kind, one.title, one.fate, one.failed)
