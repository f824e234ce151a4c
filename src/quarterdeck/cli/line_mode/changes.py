"""From an old picture and a new one to what changed, a line each. Pure.

What people and the runner do stands in the journal, and `journal.py` tells it; this is what the systems themselves do:
versions, traffic, flags, health, and what begins or ceases to want a look. Ages and clocks make no lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.freshness import stamp
from quarterdeck.release.picture import Attention, AttentionState, Cell, FlagCell, Picture, Region, SlotView, Split
from quarterdeck.release.standing_view import InboxItem, InboxKind

What = Literal["versions", "slot", "traffic", "flag", "run", "look", "calm", "waits"]
"""look: something begins to want a look; calm: it no longer does; waits: a release waits for somebody's word."""

_TEXT_IS_THE_THING: frozenset[AttentionState] = frozenset({"unhealthy", "drift", "configuration"})
"""What is told apart by its text; the texts of the others hold clocks and ages, or vary from try to try."""

ASKS: frozenset[InboxKind] = frozenset({"approval", "pause", "hindered"})
"""What waits without being wrong; the rest of the inbox wants a look anyway."""

_PARTS = ("step ", "release step ", "release sampled")
"""What happens within something whose line has said who does it, and its id."""

_TOLD_AT_FIRST = 50
"""Of more services than these nobody wants to hear one by one what users have."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened: when (UNIX seconds), what, where ("" if that is nowhere), in words.

    `operation` is the id of the operation or release concerned, `actor` whoever did it, "" for nobody.
    """

    at: float
    what: str
    where: str
    words: str
    operation: str = ""
    actor: str = ""

    def line(self) -> str:
        """Time, what, where and the words: always one line, for its texts are cleaned."""
        head = " ".join(word for word in (stamp(self.at), self.what, self.where) if word)
        whose = () if self.what.startswith(_PARTS) else (self.actor and f"by {self.actor}", self.operation)
        told = "; ".join(word for word in (self.words, *whose) if word)
        return f"{head}: {told}" if told else head


def standing(now: Picture) -> Iterator[Change]:
    """What whoever begins to watch has to know: what users have, unless that is a long list, what wants a look, what
    waits. As if nothing had been before."""
    blank = Picture(now.at, "", (), (), (), (), (), (), now.runner)
    many = len(_cells(now)) > _TOLD_AT_FIRST
    told = ("look", "waits") if many else ("versions", "look", "waits")
    yield from (one for one in changes(blank, now) if one.what in told)


def changes(before: Picture, after: Picture) -> Iterator[Change]:
    """What differs between two pictures of a fleet."""
    at = after.at
    cells = _cells(before)
    for target, cell in _cells(after).items():
        yield from _of_cell(at, cells.get(target), cell)
    flags = _flags(before)
    for name, flag in _flags(after).items():
        if (words := _flag(flag)) != _flag(flags.get(name)):
            yield Change(at, "flag", name, words)
    for name in flags.keys() - _flags(after).keys():
        yield Change(at, "flag", name, "is gone")
    yield from _of_runs(before, after)
    yield from _of_attention(before, after)
    known = {item.key for item in before.inbox}
    for item in after.inbox:
        if item.key not in known and item.kind in ASKS:
            yield Change(at, "waits", str(item.target or ""), waiting(item), item.release or item.run)


def _cells(picture: Picture) -> Mapping[str, Cell]:
    return {str(cell.target): cell for row in picture.rows for cell in row.cells if cell is not None}


def _flags(picture: Picture) -> Mapping[str, FlagCell]:
    found = (flag for row in picture.flags for cell in row.cells for flag in cell)
    return {
        clean(f"{flag.target.environment}/{flag.target.name}" + (f" label {flag.label}" if flag.label else "")): flag
        for flag in found
    }


def _of_cell(at: float, before: Cell | None, after: Cell) -> Iterator[Change]:
    where = str(after.target)
    if (words := _versions(after)) != (_versions(before) if before else ""):
        yield Change(at, "versions", where, words)
    regions = {region.target: region for region in before.regions} if before else {}
    for region in after.regions:
        yield from _of_region(at, regions.get(region.target), region)
    splits = {split.target: split for split in before.splits} if before else {}
    for split in after.splits:
        words = _shares(split)
        if words and words != _shares(splits.get(split.target)):
            yield Change(at, "traffic", str(split.target), words)


def _versions(cell: Cell) -> str:
    named = [version or "unknown" for version in cell.versions]
    return f"users have {' and '.join(named)}" if named else ""


def _of_region(at: float, before: Region | None, after: Region) -> Iterator[Change]:
    known = {slot.name: slot for slot in before.slots} if before else {}
    for slot in after.slots:
        if (words := _slot(slot)) != _slot(known.get(slot.name)):
            yield Change(at, "slot", str(after.target), words)


def _slot(slot: SlotView | None) -> str:
    if slot is None:
        return ""
    words = [f"{slot.name} holds {slot.version or 'an unknown version'}"]
    words += [] if slot.running else ["it is stopped"]
    words += [f"it is {slot.health}"] if slot.running and slot.health != "unknown" else []
    words += [f"a swap from {slot.preview_from} is prepared in it"] if slot.preview_from else []
    return ", ".join(words)


def _shares(split: Split | None) -> str:
    if split is None:
        return ""
    told = (f"{one.name} {one.share:.4g}%" + ("" if one.enabled else " disabled") for one in split.shares)
    return ", ".join(told)


def _flag(flag: FlagCell | None) -> str:
    if flag is None:
        return ""
    words = ["on" if flag.enabled else "off"]
    words += [] if flag.percent is None else [f"for {flag.percent:g}% of everybody"]
    words += [f"for {ring.percent:g}% of {ring.group}" for ring in flag.audience]
    words += ["locked"] if flag.locked else []
    return ", ".join(words)


def _of_runs(before: Picture, after: Picture) -> Iterator[Change]:
    known = {run.key: run for pipeline in before.pipelines for run in pipeline.runs}
    for pipeline in after.pipelines:
        for run in pipeline.runs:
            was = known.get(run.key)
            if was is None or (was.state, was.attempt) != (run.state, run.attempt):
                yield Change(after.at, "run", run.name, f"{run.state}: {run.title}", run.key)


def _of_attention(before: Picture, after: Picture) -> Iterator[Change]:
    old = {_key(item): item for item in before.attention}
    new = {_key(item): item for item in after.attention}
    for key, item in new.items():
        if key not in old:
            words = f"{item.state.upper()}: {item.text}" + (f"; what to do: {item.hint}" if item.hint else "")
            yield Change(after.at, "look", item.where, words, item.operation or item.release)
    for key, item in old.items():
        if key not in new:
            yield Change(after.at, "calm", item.where, f"no longer {item.state}", item.operation or item.release)


def _key(item: Attention) -> tuple[str, ...]:
    text = item.text if item.state in _TEXT_IS_THE_THING else ""
    return item.state, item.where, item.operation, item.release, text


def waiting(item: InboxItem) -> str:
    """What waits for somebody's word, and how to say it."""
    return f"{item.title}: {item.waits}" + (f"; answer with: {item.twin}" if item.twin else "")
