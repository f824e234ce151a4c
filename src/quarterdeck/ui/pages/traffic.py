"""Shares of new clients: what was set, what the provider reports, and what probes observed, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release.freshness import about, age
from quarterdeck.release.indicator import OBSERVED
from quarterdeck.release.operation import Operation
from quarterdeck.release.picture import Share, Split
from quarterdeck.release.truth import interval
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.trouble import trouble_lines
from quarterdeck.ui.spans import BLANK, Line, Span, fit, line, spread, width, wrap

_BAR, _SHORT_BAR = 20, 10
_ROOM = 100
"""Cells from which the long bar has room beside three numbers."""
_NEAR = 0.5
"""Percentage points that are rounding, not disagreement."""


@dataclass(frozen=True, slots=True)
class Intended:
    """What somebody set a destination to.

    Attributes:
        share: percent of new clients; None where a weight was set, which alone says no share.
        told: the same in words.
        at: when it was set; None while that is still under way.
    """

    share: float | None
    told: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What probes saw: the last share of each destination, by its name in small letters, and how many were sent."""

    shares: Mapping[str, Point]
    probes: int


def intended_of(operations: Sequence[Operation], running: str) -> Mapping[str, Intended]:
    """What each destination was set to last, by the operation that is `running` or the last one that set any.

    Whatever else moves builds between slots ends what was set before, as far as anybody can tell.
    """
    wanted: dict[str, Intended] = {}
    for operation in operations:
        if operation.id == running:
            wanted = {**_set_by(operation, None), **wanted}
        elif operation.ending == "succeeded" and not operation.undone_by:
            wanted = {**_set_by(operation, operation.ended_at), **wanted}
            if any(step.role == "slots" for step in operation.plan.steps):
                break
    return wanted


def _set_by(operation: Operation, at: float | None) -> Mapping[str, Intended]:
    wanted: dict[str, Intended] = {}
    for step in operation.plan.steps:
        if step.verb == "set_shares":
            for name, share in step.after.get("shares", {}).items():
                wanted[str(name).lower()] = Intended(float(share), marks.percent(float(share)), at)
        elif step.verb == "set_destination":
            weight = f"weight {float(step.after['weight']):g}" if step.after.get("enabled", True) else "off"
            wanted[str(step.change.get("destination", "")).lower()] = Intended(None, weight, at)
    return wanted


def last_moved(operations: Sequence[Operation]) -> float:
    """When shares were last set or builds last moved between slots (UNIX seconds), 0 if the operations know no time."""
    moving = (
        one for one in operations if any(step.role in ("slots", "slot_traffic", "traffic") for step in one.plan.steps)
    )
    return max((one.ended_at for one in moving if one.ended_at is not None), default=0.0)


def observed_of(
    series: Mapping[SeriesId, Sequence[Point]], target: TargetId, probes: int, since: float = 0.0
) -> Observed:
    """What probes saw of a router's target, of itself, else of the service as a whole; nothing from before `since`."""
    for subject in (str(target), str(target.whole)):
        found = {
            key.indicator.removeprefix(OBSERVED).lower(): points[-1]
            for key, points in series.items()
            if key.subject == subject and key.indicator.startswith(OBSERVED) and points and points[-1].at >= since
        }
        if found:
            return Observed(found, probes)
    return Observed({}, probes)


def split_lines(
    split: Split, intended: Mapping[str, Intended], observed: Observed, now: float, cells: int
) -> Iterator[Line]:
    """One router: what it divides, what is known of it, a row for each destination, and in words where they differ."""
    where = f" in {split.target.region}" if split.target.region else ""
    head = line(("TRAFFIC", "heading"), f"  between {split.between}{where}")
    yield spread(head, marks.of_knowledge(split.known), cells)
    lag = f"clients stay where they are for {about(split.lag)}" if split.lag else ""
    facts = [fact for fact in (split.method, split.status, lag) if fact]
    if facts:
        yield from wrap(", ".join(facts), cells, first=line("  "), word="dim")
    yield from trouble_lines(split.known, cells)
    yield from _table(split, intended, _that_count(observed, intended), cells)
    for share in split.shares:
        wanted, probed = intended.get(share.name.lower()), _that_count(observed, intended).get(share.name.lower())
        for text in _disagreements(share, wanted, probed, observed.probes, now):
            yield from wrap(f"{share.name}: {text}", cells, first=line("  ", ("▲ ", "attention")), word="attention")
    yield BLANK


def _that_count(observed: Observed, intended: Mapping[str, Intended]) -> Mapping[str, Point]:
    """What was observed before the shares were set isn't what users get now."""
    return {name: one for name, one in observed.shares.items() if _still_counts(one, intended.get(name))}


def _still_counts(observed: Point, intended: Intended | None) -> bool:
    return observed.value is not None and (intended is None or intended.at is None or observed.at >= intended.at)


def _table(split: Split, intended: Mapping[str, Intended], seen: Mapping[str, Point], cells: int) -> Iterator[Line]:
    """A row for each destination; with a title for each column once somebody says more than the provider."""
    mine = {share.name.lower() for share in split.shares}
    set_here, seen_here = bool(mine & intended.keys()), bool(mine & seen.keys())
    names = min(max((len(share.name) for share in split.shares), default=0), 24)
    if set_here or seen_here:
        titles = ("set", "reported", *(("observed",) if seen_here else ()))
        yield line((" " * (names + 4) + "".join(f"{title:>10}" for title in titles), "dim"))
    for share in split.shares:
        wanted, probed = intended.get(share.name.lower()), seen.get(share.name.lower())
        told: Line = fit(line(f"  {share.name}"), names + 4)
        if set_here or seen_here:
            under_way = wanted is not None and wanted.at is None
            told = (*told, (f"{wanted.told if wanted else '-':>10}", "moving" if under_way else "text"))
        told = (*told, (f"{marks.percent(share.share):>10}", "text"))
        if seen_here:
            told = (*told, (f"{'-' if probed is None or probed.value is None else f'{probed.value:.0f}%':>10}", "text"))
        bar = marks.bar(share.share, _SHORT_BAR if seen_here and cells < _ROOM else _BAR)
        health: Span = marks.health(share.health, split.known) if share.enabled else ("○ switched off", "attention")
        told = (*told, (" ", "text"), *bar, ("  ", "text"), health)
        for more in (f" {share.status}" if share.status else "", f"  weight {share.weight:g}" if share.weight else ""):
            if width(told) + len(more) <= cells:
                told = (*told, (more, "dim"))
        yield told


def _disagreements(
    share: Share, wanted: Intended | None, probed: Point | None, probes: int, now: float
) -> Iterator[str]:
    """In words: who says something else than whom."""
    if (
        wanted is not None
        and wanted.share is not None
        and wanted.at is not None
        and (abs(share.share - wanted.share) > _NEAR)
    ):
        since = marks.ago(age(now - wanted.at))
        yield f"set to {wanted.told} {since}, but {marks.percent(share.share)} is reported"
    if probed is None or probed.value is None:
        return
    said = share.share if wanted is None or wanted.share is None else wanted.share
    low, high = _chance(round(probed.value * probes / 100), probes)
    off = max(low - said, said - high, 0.0)
    when = marks.ago(age(now - probed.at))
    if off >= _NEAR:
        what = "set" if wanted is not None and wanted.share is not None else "reported"
        yield (
            f"{probed.value:.0f}% of {probes} probes came here {when}, {marks.percent(said)} is {what}: "
            f"{off:.0f} points more than chance explains"
        )


@lru_cache(maxsize=256)
def _chance(seen: int, asked: int) -> tuple[float, float]:
    return interval(min(seen, asked), asked)
