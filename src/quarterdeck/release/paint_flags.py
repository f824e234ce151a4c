"""From what was seen of flags to their part of the picture. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.fleet.readings import FlagReading, FlagsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import Knowledge, age
from quarterdeck.release.picture import AudienceView, FlagCell, FlagRow, OperationView
from quarterdeck.release.seen import NAME, Seen


def view_flags(seen: Seen, running: Mapping[TargetId, OperationView]) -> tuple[FlagRow, ...]:
    """Every flag of a fleet by environment, in the order of their names."""
    table: dict[str, dict[str, list[FlagCell]]] = {}
    for environment in seen.fleet.environments:
        for place in seen.places("flags", TargetId(environment.name, "flags")):
            reading = seen.reading(place)
            known = seen.known(place)
            for flag in reading.flags if isinstance(reading, FlagsReading) else ():
                cell = _flag(flag, environment.name, known, running, seen.now)
                table.setdefault(flag.name, {}).setdefault(environment.name, []).append(cell)
    return tuple(
        FlagRow(clean(name, NAME), tuple(tuple(cells.get(env.name, ())) for env in seen.fleet.environments))
        for name, cells in sorted(table.items())
    )


def _flag(
    flag: FlagReading, environment: str, known: Knowledge, running: Mapping[TargetId, OperationView], now: float
) -> FlagCell:
    target = TargetId(environment, flag.name, flag=True)
    return FlagCell(
        target=target,
        label=flag.label,
        enabled=flag.enabled,
        percent=flag.percent,
        audience=tuple(AudienceView(clean(ring.group, 40), ring.percent) for ring in flag.audience),
        other_rules=tuple(clean(rule, 60) for rule in flag.other_rules),
        locked=flag.locked,
        description=clean(flag.description, 200),
        modified="" if flag.modified_at is None else age(now - flag.modified_at),
        known=known,
        operation=running.get(target),
        modified_at=flag.modified_at,
    )
