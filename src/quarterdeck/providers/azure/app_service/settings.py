"""Which settings move with the content at a swap and which stick to their slot. Pure; names only, never values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.release.plan import SettingMove


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the settings of one kind (`app setting`, `connection string`) on both sides, and the sticky ones."""

    kind: str
    source: frozenset[str]
    destination: frozenset[str]
    sticky: frozenset[str]

    @property
    def without_twin(self) -> tuple[str, ...]:
        """Sticky settings that only one side has: the content meets a slot where the setting is missing."""
        lowered = {name.lower() for name in self.sticky}
        on_one_side = {name for name in self.source ^ self.destination if name.lower() in lowered}
        return tuple(sorted(on_one_side, key=str.lower))


def moves(kinds: Iterable[Names], differences: Iterable[Mapping[str, Any]]) -> tuple[SettingMove, ...]:
    """Every setting of both sides, and the general settings that App Service says would change (`slotsdiffs`)."""
    found = [_move(names, name) for names in kinds for name in sorted(names.source | names.destination, key=str.lower)]
    general = [row for row in differences if str(row.get("settingType") or "").lower() == "general"]
    found += [
        SettingMove(clean(str(row.get("settingName"))), "general", True, clean(str(row.get("description") or "")))
        for row in general
    ]
    return tuple(found)


def _move(names: Names, name: str) -> SettingMove:
    sticky = name.lower() in {known.lower() for known in names.sticky}
    where = ""
    if name not in names.source:
        where = "only in the destination"
    elif name not in names.destination:
        where = "only in the source"
    return SettingMove(clean(name), names.kind, not sticky, where)
