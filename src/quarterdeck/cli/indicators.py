"""What is measured of one service: the latest values, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quarterdeck.cli.passages import section, wrapped
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.freshness import age
from quarterdeck.release.indicator import Measured, measured
from quarterdeck.store.base import Store


def indicator_lines(store: Store, target: TargetId, now: float) -> Iterator[str]:
    """For people: one line for each; nothing if it has none."""
    yield from section("measured", (line for one in _of(store, target) for line in _told(one, now)))


def _told(one: Measured, now: float) -> Iterator[str]:
    last = one.last
    region = f"@{one.target.region}" if one.target.region else ""
    value = "-" if last is None or last.value is None else f"{last.value:.3g} {clean(one.indicator.unit, 8)}".rstrip()
    seen = "" if last is None else age(now - last.at)
    when = {"": "", "now": "  just now"}.get(seen, f"  {seen} ago")
    source = clean(one.indicator.question.connection, 40)
    why = f"  {last.trouble}" if last is not None and last.trouble else ""
    yield from wrapped(f"{one.indicator.name}{region}  {value}  {one.state(now)}{when}  {source}{why}", "  ")


def indicators_json(store: Store, target: TargetId, now: float) -> Sequence[Mapping[str, Any]]:
    """For programs: the latest of each. `value` is null where there is none, and `trouble` says why; `state` is one of
    `good`, `too high`, `too low`, `not judged`, `no data`, `old`, `never`."""
    return [_as_json(one, now) for one in _of(store, target)]


def _as_json(one: Measured, now: float) -> Mapping[str, Any]:
    scale, last = one.indicator.scale, one.last
    return {
        "name": one.indicator.name,
        "target": str(one.target),
        "value": None if last is None else last.value,
        "unit": one.indicator.unit,
        "state": one.state(now),
        "measured_at": None if last is None else last.at,
        "trouble": None if last is None else last.trouble or None,
        "source": one.indicator.question.connection,
        "bad_above": scale.bad_above,
        "bad_below": scale.bad_below,
    }


def _of(store: Store, target: TargetId) -> Sequence[Measured]:
    return measured(target, store.fleet() or Fleet(""), store.rules(), store.series(str(target)))
