"""The picture as text for people, within 80 columns where names allow it. Everything shown is cleaned already."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from quarterdeck.cli.standing_text import standing_lines
from quarterdeck.cli.times import clock
from quarterdeck.release.freshness import Knowledge
from quarterdeck.release.picture import Cell, FlagCell, OperationView, Picture, Region, SlotView, Split

WIDTH = 80


def picture_lines(picture: Picture) -> Iterator[str]:
    """What needs attention, what moves, then every environment with its services and flags."""
    runner = "" if picture.runner.alive else "   no runner: nothing is being watched"
    yield f"{picture.fleet or '(fleet not read yet)'}   {clock(picture.at)}{runner}"
    for item in picture.attention:
        if item.state == "debt":
            continue  # told below, with its id
        yield from _wrapped(f"! {item.state}: {item.where + ': ' if item.where else ''}{item.text}", "  ")
    for view in picture.operations:
        if view.open:
            yield from _wrapped(f"> {operation_line(view)}", "  ")
    yield from standing_lines(picture)
    for index, environment in enumerate(picture.environments):
        yield ""
        yield environment.name + (" (protected)" if environment.protected else "")
        for row in picture.rows:
            cell = row.cells[index]
            if cell is not None:
                yield from _service(row.service, cell)
        flags = [flag for line in picture.flags for flag in line.cells[index]]
        if flags:
            yield "  flags"
            yield from (f"    {flag_line(flag)}" for flag in flags)


def operation_line(view: OperationView) -> str:
    """One operation in one line: id, what, where, how far, who, why."""
    why = f': "{view.reason}"' if view.reason else ""
    ended = "" if view.ended_at is None else f" {view.age} ago" if view.age != "now" else " just now"
    return f"{view.id}  {view.verb} {view.target}  {view.state} {view.progress}{ended}  {view.step}  {view.actor}{why}"


def flag_line(flag: FlagCell) -> str:
    """One flag in one line."""
    words = [flag.target.name, "on" if flag.enabled else "off"]
    if flag.label:
        words.insert(1, f"[{flag.label}]")
    if flag.percent is not None:
        words.append(f"{flag.percent:g}%")
    words += [f"{ring.group}={ring.percent:g}%" for ring in flag.audience]
    words += [f"+{rule}" for rule in flag.other_rules]
    words += ["locked"] if flag.locked else []
    words += ["changing"] if flag.operation else []
    return "  ".join([*words, *_doubt(flag.known)])


def _service(name: str, cell: Cell) -> Iterator[str]:
    versions = " / ".join(version or "?" for version in cell.versions) or "-"
    towards = f" -> {cell.target_version}" if cell.target_version else ""
    state = [cell.state] if cell.state != "unknown" else []
    yield "  " + "  ".join([name, versions + towards, *state, *_doubt(cell.known)])
    for region in cell.regions:
        yield from _region(region)
    for split in cell.splits:
        yield from _split(split)


def _region(region: Region) -> Iterator[str]:
    slots = "   ".join(_slot(slot) for slot in region.slots) or "not read yet"
    yield from _wrapped(f"{region.name or 'slots'}: {slots}", "    ")
    yield from _trouble(region.known)


def _slot(slot: SlotView) -> str:
    words = [slot.name, slot.version or slot.build or "?"]
    if not slot.running:
        words.append("stopped")
    elif slot.health != "unknown":  # Many systems don't tell; then there is nothing to say.
        words.append(slot.health)
    if slot.preview_from:
        words.append(f"(prepared from {slot.preview_from})")
    return " ".join(words)


def _split(split: Split) -> Iterator[str]:
    shares = "  ".join(
        f"{share.name} {share.share:.4g}%" + ("" if share.enabled else " disabled") for share in split.shares
    )
    where = f"@{split.target.region}" if split.target.region else ""
    yield from _wrapped(f"traffic{where} between {split.between}: {shares or 'not read yet'}", "    ")
    yield from _trouble(split.known)


def _trouble(known: Knowledge) -> Iterator[str]:
    if known.trouble is not None:
        since = f" (for {known.trouble_age})" if known.trouble_age not in ("", "now") else ""
        yield from _wrapped(f"{known.trouble.code}{since}: {known.trouble.message}", "      ! ")
        if known.trouble.hint:
            yield from _wrapped(known.trouble.hint, "        ")


def _doubt(known: Knowledge) -> list[str]:
    """How old the knowledge is, where that matters."""
    if known.state == "never":
        return ["(not read yet)"]
    if known.state == "trouble":
        return [{"": "(never read)", "now": "(last read just now)"}.get(known.age, f"(last read {known.age} ago)")]
    return [f"({known.age} old)"] if known.age != "now" else []


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * (len(indent) + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
