"""A service in an environment: slots, traffic, what happened last, the way back, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.freshness import Knowledge, about, age
from quarterdeck.release.operation import Operation
from quarterdeck.release.paint import view_operation
from quarterdeck.release.picture import Cell, Region, Share, SlotView, Split
from quarterdeck.release.plan import Fuse
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.ui.pages import marks, releases
from quarterdeck.ui.pages.cells import cell_line
from quarterdeck.ui.pages.plan import fuse_lines
from quarterdeck.ui.spans import BLANK, Line, fit, line, spread, width, wrap

_BAR = 20
_OPERATIONS = 5


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known about a target beyond its places: the way back as it is now, and who still meets the old side."""

    fuse: Fuse
    drains: tuple[str, ...] = ()


def service_lines(
    cell: Cell, operations: Sequence[Operation], outlook: Outlook, now: float, cells: int, *, protected: bool
) -> list[Line]:
    """The whole page. `operations` are those on this target, newest first."""
    badge = line(("  PROTECTED", "protected")) if protected else ()
    lines: list[Line] = [(*line((str(cell.target), "title")), *badge, ("   ", "text"), *cell_line(cell)), BLANK]
    if cell.release is not None:
        lines += _release(cell.release, cells)
    for region in cell.regions:
        lines += _region(region, cells)
    intended = _intended(cell, operations)
    for split in cell.splits:
        lines += _split(split, intended, cells)
    lines += _drains(outlook, cells)
    lines += _way_back(outlook, cells)
    lines += _history(operations, now, cells)
    return lines


def _release(release: ReleaseView, cells: int) -> Iterator[Line]:
    """The release that has this service: how far its rings are, what it waits for, what its gates say."""
    yield line(("RELEASE", "heading"), ("  p promote, A abort, Enter opens it", "dim"))
    yield from releases.head_lines(release, cells)
    if release.rings:
        told = "  ".join(f"{ring} {marks.RELEASE_STEP[state][0]}" for ring, state in release.rings)
        yield from wrap(told, cells, first=fit(line(("RINGS", "heading")), 11))
    current = release.current
    yield from releases.measures_lines((*(current.measures if current else ()), *release.background), cells)
    if current is not None and current.asked is not None:
        yield from releases.asked_lines(current.asked, cells)
    for text in release.truth:
        yield from wrap(text, cells, first=fit(line(("OBSERVED", "heading")), 11))
    yield BLANK


def _drains(outlook: Outlook, cells: int) -> Iterator[Line]:
    if outlook.drains:
        yield line(("STILL DRAINING", "heading"), ("  clients that new ones aren't sent to any more", "dim"))
        for text in outlook.drains:
            yield from wrap(clean(text, 400), cells, first=line("  ", ("▸ ", "moving")))
        yield BLANK


def _way_back(outlook: Outlook, cells: int) -> Iterator[Line]:
    yield line(("WAY BACK", "heading"), ("  as far as is known now; a plan reads afresh", "dim"))
    yield from fuse_lines(outlook.fuse, cells)
    yield BLANK


def _region(region: Region, cells: int) -> Iterator[Line]:
    head = line(("SLOTS", "heading"), f"  {region.name}" if region.name else "")
    yield spread(head, marks.of_knowledge(region.known), cells)
    yield from _trouble(region.known, cells)
    names = max((len(slot.name) for slot in region.slots), default=0)
    versions = max((len(slot.version) for slot in region.slots), default=0)
    for slot in region.slots:
        yield from _slot(slot, region.known, min(names, 20), min(versions, 24), cells)
    yield BLANK


def _slot(slot: SlotView, known: Knowledge, name_cells: int, version_cells: int, cells: int) -> Iterator[Line]:
    who = line(("▸ " if slot.live else "  ", "ok"), (slot.name, "title" if slot.live else "text"))
    version = line((slot.version or "(no build)", "text" if slot.version else "dim"))
    told = [
        *fit(who, name_cells + 4),
        *fit(version, max(version_cells, 10) + 2),
        marks.of_running(slot, known),
    ]
    if slot.live:
        told.append(("  users are here", "dim"))
    if slot.deployed:
        told.append((f"  deployed {slot.deployed} ago" if slot.deployed != "now" else "  deployed just now", "dim"))
    yield tuple(told)
    indent = line(" " * (name_cells + 4))
    facts = [fact for fact in (slot.host, f"build {slot.build}" if slot.build else "") if fact]
    together = "  ".join(facts)
    for fact in [together] if together and width(indent) + len(together) <= cells else facts:
        yield from wrap(fact, cells, first=indent, word="dim")
    if slot.live and slot.last_swap:
        yield from wrap(f"last swap {slot.last_swap}", cells, first=indent, word="dim")
    if slot.preview_from:
        text = f"◆ a swap from {slot.preview_from} is prepared: complete or cancel it"
        yield from wrap(text, cells, first=indent, word="attention")
    if slot.auto_swap_to:
        yield from wrap(f"▲ swaps by itself into {slot.auto_swap_to}", cells, first=indent, word="attention")
    if slot.operation:
        yield from wrap(f"▸ the provider is busy here: {slot.operation}", cells, first=indent, word="moving")


def _split(split: Split, intended: Mapping[str, str], cells: int) -> Iterator[Line]:
    where = f" in {split.target.region}" if split.target.region else ""
    head = line(("TRAFFIC", "heading"), f"  between {split.between}{where}")
    yield spread(head, marks.of_knowledge(split.known), cells)
    lag = f"clients stay where they are for {about(split.lag)}" if split.lag else ""
    facts = [fact for fact in (split.method, split.status, lag) if fact]
    if facts:
        yield from wrap(", ".join(facts), cells, first=line("  "), word="dim")
    yield from _trouble(split.known, cells)
    names = min(max((len(share.name) for share in split.shares), default=0), 24)
    for share in split.shares:
        yield _share(share, split.known, intended.get(share.name.lower(), ""), names)
    yield BLANK


def _share(share: Share, known: Knowledge, intended: str, name_cells: int) -> Line:
    told: Line = (
        *fit(line(f"  {share.name}"), name_cells + 4),
        *fit(line(f"{marks.percent(share.share):>7} "), 8),
        *marks.bar(share.share, _BAR),
        ("  ", "text"),
        marks.health(share.health, known) if share.enabled else ("○ switched off", "attention"),
    )
    if share.status:
        told = (*told, (f" {share.status}", "dim"))
    if share.weight:
        told = (*told, (f"  weight {share.weight:g}", "dim"))
    return (*told, (f"  -> {intended}", "moving")) if intended else told


def _intended(cell: Cell, operations: Sequence[Operation]) -> Mapping[str, str]:
    """Where the operation under way leads each destination: what the plan's last word on it is."""
    running = next((one for one in operations if cell.operation is not None and one.id == cell.operation.id), None)
    wanted: dict[str, str] = {}
    for step in running.plan.steps if running is not None else ():
        if step.verb == "set_shares":
            shares = step.after.get("shares", {})
            wanted |= {str(name).lower(): marks.percent(float(share)) for name, share in shares.items()}
        elif step.verb == "set_destination":
            weight = f"weight {float(step.after['weight']):g}" if step.after.get("enabled", True) else "off"
            wanted[str(step.change.get("destination", "")).lower()] = weight
    return wanted


def _history(operations: Sequence[Operation], now: float, cells: int) -> Iterator[Line]:
    yield line(("LAST OPERATIONS", "heading"))
    if not operations:
        yield line(("  none in the journal", "dim"))
    for operation in operations[:_OPERATIONS]:
        view = view_operation(operation, now)
        state = marks.of_operation(view)
        told = f"{age(now - operation.started_at):>4}  {marks.what(view)} by {view.actor}"
        told += f", because: {view.reason}" if view.reason else ""
        yield from wrap(told, cells, first=fit(line("  ", state), 28))
        if view.undone_by:
            yield line(" " * 28, ("it was rolled back later", "dim"))


def _trouble(known: Knowledge, cells: int) -> Iterator[Line]:
    trouble = known.trouble
    if trouble is not None:
        yield from wrap(trouble.message, cells, first=line("  ", ("✗ ", "danger")), word="danger")
        if trouble.hint:
            yield from wrap(trouble.hint, cells, first=line("    "), word="dim")
