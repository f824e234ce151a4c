"""What stops releases, as JSON for programs, schema 1. Times are UNIX seconds (UTC), lengths of time are seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.records import asdict
from quarterdeck.release.guards import Guards, Hold
from quarterdeck.release.rules import Rulebook


def freezes_json(rules: Rulebook, guards: Guards, environments: Sequence[str], now: float) -> Mapping[str, Any]:
    """`environments` with what closes them now, what will next, and `next_open`, the next legal moment by the
    configured windows (null: none within a year); the declared `holds`; the configured `windows`."""
    from quarterdeck.release.calendar import closures, next_open, upcoming

    def environment(name: str) -> Mapping[str, Any]:
        coming = upcoming(rules.windows, name, now)
        return {
            "name": name,
            "closures": [asdict(one) for one in closures(rules.windows, name, now)],
            "upcoming": None if coming is None else asdict(coming),
            "next_open": next_open(rules.windows, name, now),
            "holds": [hold.id for hold in guards.active(now) if hold.scope in ("*", name)],
        }

    return {
        "environments": [environment(name) for name in environments],
        "holds": [hold_json(hold) for hold in guards.active(now)],
        "windows": [
            {**asdict(one), "environments": list(one.environments)} for one in rules.windows if one.kind != "named"
        ],
    }


def hold_json(hold: Hold) -> Mapping[str, Any]:
    """`until` is null if it holds until it is lifted; `release` null if a person placed it."""
    return {**asdict(hold), "release": hold.release or None}
