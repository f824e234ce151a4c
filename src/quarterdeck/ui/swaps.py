"""The swaps that make sense for a service as it is now. Pure, so that viewers without a screen can offer them too."""

from __future__ import annotations

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap, SwapMode
from quarterdeck.release.picture import Cell


def swaps_of(cell: Cell) -> list[tuple[Swap, str, str]]:
    """What to ask for, its name, what it does."""
    places = [cell.target]
    if len(cell.regions) > 1:
        places += [region.target for region in cell.regions]
    sources = list(dict.fromkeys(slot.name for region in cell.regions for slot in region.slots if not slot.live))
    found = []
    for place in places:
        where = f" in {place.region}" if place.region else " in all regions" if len(cell.regions) > 1 else ""
        prepared = [
            slot.preview_from
            for region in cell.regions
            for slot in region.slots
            if slot.preview_from and place in (region.target, cell.target)
        ]
        if prepared:
            source = prepared[0]
            found.append(
                (_swap(place, source, "complete"), f"complete{where}", f"users move to what {source} prepared")
            )
            found.append((_swap(place, source, "cancel"), f"cancel the preview{where}", "users stay where they are"))
            continue
        for source in sources or [""]:
            name = source or "staging"
            found.append((_swap(place, source, "swap"), f"swap {name}{where}", "warm up, then users move to it"))
            found.append((_swap(place, source, "preview"), f"preview {name}{where}", "prepare only; users stay"))
    return found


def _swap(target: TargetId, source: str, mode: SwapMode) -> Swap:
    return Swap(target, "" if source == "staging" else source, "", mode)
