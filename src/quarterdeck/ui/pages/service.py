"""A service in an environment, whole: what moves and waits, how it does, slots, traffic, the way back, flags, and what
happened last. The most important first, for a terminal of 24 lines shows a third of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.freshness import Knowledge, age, length
from quarterdeck.release.indicator import Measured
from quarterdeck.release.operation import Operation
from quarterdeck.release.paint import view_operation
from quarterdeck.release.picture import Cell, FlagCell, Region, SlotView
from quarterdeck.release.plan import Fuse
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.release.standing_view import InboxItem
from quarterdeck.ui.pages import graphs, marks, releases
from quarterdeck.ui.pages.cells import cell_line
from quarterdeck.ui.pages.flags import cell_line as flag_line
from quarterdeck.ui.pages.indicators import events_of, indicator_lines
from quarterdeck.ui.pages.plan import fuse_lines
from quarterdeck.ui.pages.traffic import intended_of, last_moved, observed_of, split_lines
from quarterdeck.ui.pages.trouble import trouble_lines
from quarterdeck.ui.spans import BLANK, Line, Span, fit, line, spread, width, wrap

_OPERATIONS = 8
_TWO_COLUMNS = 150
"""Cells from which two columns have room."""
_BETWEEN: Line = (("  │ ", "dim"),)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known about a target beyond its places: the way back as it is now, and who still meets the old side."""

    fuse: Fuse
    drains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceView:
    """All that the page tells.

    Attributes:
        operations: those on this target, newest first.
        measured: its indicators. series: everything that was measured of it, what probes observed as well.
        probes: how many of them one observation takes.
        waiting: what of the inbox is about it. flags: those that concern it, under each label.
    """

    cell: Cell
    operations: Sequence[Operation]
    outlook: Outlook
    now: float
    protected: bool = False
    measured: Sequence[Measured] = ()
    series: Mapping[SeriesId, Sequence[Point]] | None = None
    probes: int = 0
    waiting: Sequence[InboxItem] = ()
    flags: Sequence[Sequence[FlagCell]] = ()


def service_lines(view: ServiceView, cells: int) -> list[Line]:
    """The whole page; in two columns where there is room."""
    cell = view.cell
    badge = line(("  PROTECTED", "protected")) if view.protected else ()
    lines: list[Line] = [(*line((marks.name(cell.target), "title")), *badge, ("   ", "text"), *cell_line(cell)), BLANK]
    if cells < _TWO_COLUMNS:
        return [*lines, *_now(view, cells), *_places(view, cells), *_later(view, cells)]
    each = (cells - width(_BETWEEN)) // 2
    left = [*_places(view, each)]
    right = [*_now(view, each), *_later(view, each)]
    pairs = zip_longest(left, right, fillvalue=BLANK)
    return [*lines, *((*fit(one, each), *_BETWEEN, *other) for one, other in pairs)]


def _now(view: ServiceView, cells: int) -> Iterator[Line]:
    """What moves, what waits, and how it does."""
    cell = view.cell
    if cell.release is not None:
        yield from _release(cell.release, view.now, cells)
    yield from _waiting(view, cells)
    events = events_of([view_operation(one, view.now) for one in view.operations])
    shown = list(indicator_lines(view.measured, events, view.now, cells))
    yield from [*shown, BLANK] if shown else []
    if cell.release is not None:
        yield from _gates(cell.release, cells)


def _places(view: ServiceView, cells: int) -> Iterator[Line]:
    """Where it runs, and who gets which share."""
    cell = view.cell
    for region in cell.regions:
        yield from _region(region, cells)
    intended = intended_of(view.operations, cell.operation.id if cell.operation is not None else "")
    for split in cell.splits:
        observed = observed_of(view.series or {}, split.target, view.probes, last_moved(view.operations))
        yield from split_lines(split, intended, observed, view.now, cells)
    yield from _drains(view.outlook, cells)


def _later(view: ServiceView, cells: int) -> Iterator[Line]:
    """The way back, the flags, and what happened."""
    yield from _way_back(view.outlook, cells)
    yield from _flags(view.flags, cells)
    yield from _history(view.operations, view.now, cells)


def _release(release: ReleaseView, now: float, cells: int) -> Iterator[Line]:
    """The release that has this service: how far it and its rings are, and what it waits for."""
    yield line(("RELEASE", "heading"), ("  p promote, A abort, Enter opens it", "dim"))
    yield from releases.head_lines(release, cells)
    yield from releases.graphs_lines(release, now, cells)
    current = release.current
    if current is not None and current.asked is not None:
        yield from releases.asked_lines(current.asked, cells)
    yield BLANK


def _gates(release: ReleaseView, cells: int) -> Iterator[Line]:
    """What the gates of its release say, and what its probes observed."""
    current = release.current
    measures = (*(current.measures if current else ()), *release.background)
    if not measures and not release.truth:
        return
    yield line(("GATES", "heading"), ("  of the step under way, and those that are asked all the time", "dim"))
    yield from releases.measures_lines(measures, cells)
    for text in release.truth:
        yield from wrap(text, cells, first=fit(line(("OBSERVED", "heading")), graphs.LABEL))
    yield BLANK


def _waiting(view: ServiceView, cells: int) -> Iterator[Line]:
    """What of the inbox is about this service, and isn't told with its release."""
    release = view.cell.release
    items = [one for one in view.waiting if release is None or one.release != release.id]
    if not items:
        return
    yield line(("WAITS", "heading"), ("  4 has all that waits", "dim"))
    for item in items:
        expires = f", expires in {item.expires}" if item.expires else ""
        since = f"  {marks.ago(item.age)}" if item.age else ""
        first = fit(line("  ", marks.INBOX[item.kind]), 16)
        yield from wrap(f"{item.title}: {item.waits}{expires}{since}", cells, first=first)
    yield BLANK


def _flags(flags: Sequence[Sequence[FlagCell]], cells: int) -> Iterator[Line]:
    if not flags:
        return
    yield line(("FLAGS", "heading"), ("  that concern it; 5 has all", "dim"))
    names = min(max(len(clean(labels[0].target.name, 40)) for labels in flags), 28)
    for labels in flags:
        name = fit(line("  ", (clean(labels[0].target.name, 40), "title")), names + 4)
        yield fit((*name, *flag_line(labels)), cells)
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
    yield from trouble_lines(region.known, cells)
    names = max((len(slot.name) for slot in region.slots), default=0)
    versions = max((len(slot.version) for slot in region.slots), default=0)
    for slot in region.slots:
        yield from _slot(slot, region.known, min(names, 20), min(versions, 24), cells)
    yield BLANK


def _slot(slot: SlotView, known: Knowledge, name_cells: int, version_cells: int, cells: int) -> Iterator[Line]:
    who = line(("▸ " if slot.live else "  ", "ok"), (slot.name, "title" if slot.live else "text"))
    unknown = "(unknown)" if slot.build else "(no build)"
    version = line((slot.version or unknown, "text" if slot.version else "dim"))
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


def _history(operations: Sequence[Operation], now: float, cells: int) -> Iterator[Line]:
    """The last operations as a timeline, the newest first."""
    yield line(("LAST OPERATIONS", "heading"))
    if not operations:
        yield line(("  none in the journal", "dim"))
    for operation in operations[:_OPERATIONS]:
        view = view_operation(operation, now)
        told = f"{marks.what(view)} by {view.actor}"
        told += f", because: {view.reason}" if view.reason else ""
        told += f"; it took {length(view.ended_at - view.started_at)}" if view.ended_at is not None else ""
        told += "; it was rolled back later" if view.undone_by else ""
        rail: Span = (f"  │ {age(now - operation.started_at):>4}  ", "dim")
        yield from wrap(told, cells, first=line(rail, marks.of_operation(view), "  "))
