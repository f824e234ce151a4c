"""Where services run, place by place: what users reach, what stands by, who gets which share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from quarterdeck.release.picture import Cell, Region, Row, Share, Split
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, fit, join, line, spread

_WIDE = 120
"""Cells from which there is room for what is rather nice to know."""
_BAR = 20


def standing_by(regions: Sequence[Region], splits: Sequence[Split]) -> str:
    """Slots beside the live one that hold another build or get traffic: `staging 2.15.0 10%`, "" if none does."""
    told: dict[str, dict[str, None]] = {}
    for region in regions:
        live = region.live
        for slot in region.slots:
            if not slot.live and slot.version and live is not None and slot.version != live.version:
                told.setdefault(slot.name, {})[slot.version] = None
    shares: dict[str, dict[str, None]] = {}
    for split in splits:
        for share in split.shares[1:] if split.between == "slots" else ():
            if share.share > 0:
                shares.setdefault(share.name, {})[marks.percent(share.share)] = None
    words = (
        " ".join((name, *filter(None, ("/".join(told.get(name, ())), "/".join(shares.get(name, ()))))))
        for name in {**told, **shares}
    )
    return ", ".join(words)


def places_lines(rows: Sequence[Row], cells: int) -> list[Line]:
    """One line for each place of these services, under a heading; none if there are no places."""
    found = [cell for row in rows for cell in row.cells if cell is not None]
    targets = [place.target for cell in found for place in cell.regions]
    targets += [split.target for cell in found for split in _endpoints(cell)]
    if not targets:
        return []
    indent = min(max(cell_len(marks.name(target)) for target in targets), max(20, cells // 2)) + 4
    return [BLANK, line(("PLACES", "heading")), *(row for cell in found for row in _of_cell(cell, indent, cells))]


def count(row: Row) -> int:
    """How many lines a service's places take."""
    return sum(len(cell.regions) + len(_endpoints(cell)) for cell in row.cells if cell is not None)


def _of_cell(cell: Cell, indent: int, cells: int) -> Iterator[Line]:
    for region in cell.regions:
        here = [split for split in cell.splits if split.between == "slots" and split.target == region.target]
        parts: list[Line] = []
        if region.live is not None:
            parts.append(line((region.live.version or region.live.build or "(no build)", "title")))
            if region.known.state == "fresh":  # what it was when it was last read is no news
                parts.append(line(marks.of_slot(region)))
            if beside := standing_by([region], here):
                parts.append(line((beside, "moving")))
        yield _place(region, join(parts, "  "), indent, cells)
    for split in _endpoints(cell):
        shares = [_share(share, bar=cells >= _WIDE) for share in split.shares]
        yield _place(split, join(shares, "  "), indent, cells)


def _place(place: Region | Split, told: Line, indent: int, cells: int) -> Line:
    left = (*fit(line(f"  {marks.name(place.target)}"), indent), *told)
    known = marks.of_knowledge(place.known) if cells >= _WIDE else marks.of_doubt(place.known)
    return spread(left, (*line("  "), *known), cells)


def _share(share: Share, *, bar: bool) -> Line:
    told = line(share.name, (f" {marks.percent(share.share) if share.enabled else 'off'}", "bar"))
    return (*told, *line(" "), *marks.bar(share.share, _BAR)) if bar else told


def _endpoints(cell: Cell) -> Sequence[Split]:
    return [split for split in cell.splits if split.between == "endpoints"]
