"""The Bridge: services down, environments across."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.release.picture import Cell, EnvironmentView, OperationView, Picture, Split
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, Word, fit, join, line
from quarterdeck.ui.widgets.grid import Column, GridRow


def columns(environments: Sequence[EnvironmentView]) -> list[Column]:
    """The service's name, then one column per environment; a protected one says so."""
    return [Column("SERVICE"), *(Column(_title(env), selectable=True, least=16) for env in environments)]


def rows(picture: Picture) -> list[GridRow]:
    """One row per service; its key is the service's name."""
    return [
        GridRow(row.service, (line((row.service, "title")), *(cell_line(cell) for cell in row.cells)))
        for row in picture.rows
    ]


def cell_line(cell: Cell | None) -> Line:
    """A cell in one line: mark, what serves, where it goes, state, shares."""
    if cell is None:
        return line(("-", "dim"))
    mark, word, colour = marks.CELL[cell.state]
    versions = "/".join(version or "?" for version in cell.versions)
    if cell.state == "unread":
        return line((f"{mark} {word}", colour))
    parts: Line = ((f"{mark} ", colour), (versions or "traffic only", "text"))
    operation = cell.operation
    if operation is not None:
        leads = f" -> {cell.target_version}" if cell.target_version else f" {marks.what(operation)}"
        parts = (*parts, (leads, "moving"), (f" {operation.progress}", "moving"))
    if word:
        parts = (*parts, (f" {word}", colour))
    if cell.state == "stale" or (cell.state == "trouble" and cell.known.trouble_age):
        parts = (*parts, (f" {cell.known.age if cell.state == 'stale' else cell.known.trouble_age}", colour))
    elif cell.known.state == "stale":
        parts = (*parts, (f" old {cell.known.age}", "attention"))
    if shares := shares_in_short(cell.splits):
        parts = (*parts, (f" {shares}", "bar"))
    return parts


def shares_in_short(splits: Sequence[Split]) -> str:
    """Shares that are worth a word: what a slot besides the live one gets, and endpoints that aren't equal."""
    told = []
    for split in splits:
        shares = [share.share if share.enabled else 0 for share in split.shares]
        if split.between == "slots":
            told += [f"{s.name} {marks.percent(s.share)}" for s in split.shares[1:] if s.share > 0]
        elif len(set(shares)) > 1:
            told.append("/".join(f"{round(share, 1):g}" for share in shares) + "%")
    return " ".join(dict.fromkeys(told))


def attention_line(picture: Picture) -> Line:
    """What needs a person and what runs; else what happened last."""
    parts: list[Line] = []
    if picture.attention:
        first, more = picture.attention[0], len(picture.attention) - 1
        colour: Word = "attention" if first.state in ("preview", "drift", "stale") else "danger"
        words = [first.state.upper(), first.where, first.text]
        parts.append(line(("▲ " + " ".join(word for word in words if word), colour)))
        if more:
            parts.insert(0, line((f"{more + 1} things want a look", "attention")))
    running = [one for one in picture.operations if one.state == "running"]
    if running:
        others = f" and {len(running) - 1} more" if len(running) > 1 else ""
        parts.insert(0, line((f"▸ {_in_brief(running[0])}{others}", "moving")))
    if not parts:
        parts.append(_quiet(picture))
    return (("  ", "text"), *join(parts, " · "))


def detail_line(picture: Picture, cell: Cell | None) -> Line:
    """Everything about the cell under the cursor that one line holds."""
    if cell is None:
        return BLANK
    told: list[Line] = [line((str(cell.target), "title"))]
    if cell.operation is not None:
        told.append(line((_in_brief(cell.operation), "moving")))
    elif cell.preview:
        told.append(line((f"a swap from {cell.preview} is prepared", "attention")))
    if cell.known.trouble is not None:
        told.append(line((cell.known.trouble.message, "danger")))
    told.append(marks.of_knowledge(cell.known))
    return (("  ", "text"), *join(told, " · "))


def recent_lines(picture: Picture, most: int) -> list[Line]:
    """What happened last, newest first: at most so many lines, none if there is nothing to tell."""
    if most < 3 or not picture.operations:
        return []
    lines: list[Line] = [BLANK, line(("LAST OPERATIONS", "heading"))]
    for one in picture.operations[: most - 2]:
        reason = f"  {one.reason}" if one.reason else ""
        told = f"{marks.what(one):<9} {marks.name(one.target)}  by {one.actor}{reason}"
        lines.append((*fit(line(f"{one.age:>5}  ", marks.of_operation(one)), 22), (told, "text")))
    return lines


def _title(env: EnvironmentView) -> str:
    return env.name.upper() + (" (protected)" if env.protected else "")


def _in_brief(operation: OperationView) -> str:
    target = marks.name(operation.target)
    step = operation.step.partition(": ")[2] if operation.step.startswith(target) else operation.step
    return f"{marks.what(operation)} {target} {operation.progress} {step}".rstrip()


def _quiet(picture: Picture) -> Line:
    if not picture.fleet:
        return line(("waiting for a runner to read the configuration", "attention"))
    last = next((one for one in picture.operations if not one.open), None)
    calm = line(("● nothing needs you", "ok"))
    if last is None:
        return calm
    age = "just now" if last.age == "now" else f"{last.age} ago"
    told = (
        f"last: {marks.what(last)} {marks.name(last.target)} by {last.actor}, {marks.of_operation(last)[0][2:]} {age}"
    )
    return join([calm, line((told, "dim"))], " · ")
