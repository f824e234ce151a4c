"""What stands around every screen: the head line, the footer, the help."""

from __future__ import annotations

from quarterdeck.release.guards import person
from quarterdeck.release.picture import Picture
from quarterdeck.release.standing_view import ConnView
from quarterdeck.ui.actions import LATER, MOVING, Deed, Situation, Where, deeds_at, why_not
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, join, line, spread, width, wrap

_TITLES: dict[Where, str] = {
    "bridge": "1 Bridge",
    "service": "2 Service",
    "releases": "3 Releases",
    "release": "3 Release",
    "gates": "4 Gates",
    "flags": "5 Flags",
    "pipelines": "6 Pipelines",
    "log": "7 Log",
}


def head_line(picture: Picture, where: Where, read_only: bool, cells: int, conn: ConnView | None = None) -> Line:
    """Fleet and screen on the left; who has the conn, runner, connections and the time on the right."""
    parts = [line((picture.fleet or "no fleet yet", "title")), line((_TITLES[where], "heading"))]
    if read_only:
        parts.append(line(("READ-ONLY", "attention")))
    control = (
        [line((f"conn: {person(conn.holder)} since {marks.clock_minute(conn.since)}", "attention"))] if conn else []
    )
    told = [*control, _runner(picture), *_connections(picture), line((marks.clock_minute(picture.at), "dim"))]
    left = (*line(" "), *join(parts, "  "))
    # The time is what a terminal has elsewhere too; how old readings are stands in the cells that are old.
    fewer = (told, told[:-1], [*control, _runner(picture)])
    rights = [(*line("  "), *join(some, "  "), *line(" ")) for some in fewer]
    right = next((some for some in rights if width(left) + width(some) <= cells), rights[1])
    branded = (*line((" Quarterdeck ", "dim")), *left)
    return spread(branded if width(branded) + width(right) <= cells else left, right, cells)


def footer_line(now: Situation, cells: int) -> Line:
    """The keys of a screen; what can't be done at the moment is in brackets, and goes first where room is scarce."""
    deeds = [deed for deed in deeds_at(now.where) if deed.footer != "never"]
    blocked = {deed.id for deed in deeds if why_not(deed, now)}
    shown = [deed for deed in deeds if deed.footer == "always" or deed.id not in blocked]
    gives_way = [deed for deed in shown if deed.footer == "when roomy"]
    gives_way += [deed for deed in shown if deed.id in blocked]

    def told(between: str) -> Line:
        return (*line(" "), *join((_key(deed, blocked=deed.id in blocked) for deed in shown), between))

    while width(told(" ")) > cells and gives_way:
        shown.remove(gives_way.pop())
    roomy = told("  ")
    return roomy if width(roomy) <= cells else told(" ")


def _key(deed: Deed, *, blocked: bool) -> Line:
    if blocked:
        return line((f"({deed.shown} {deed.label})", "dim"))
    return line((deed.shown, "key"), (f" {deed.label}", "text"))


def help_lines(now: Situation, cells: int) -> list[Line]:
    """All keys of a screen, with the reason where one can't be used now and its headless twin."""
    lines: list[Line] = [line(("Keys", "title"), f" on {_TITLES[now.where]}"), BLANK]
    for deed in deeds_at(now.where):
        first = line((f" {deed.shown:>8}  ", "key"))
        text = deed.explanation + (" (asks first)" if deed.hazard else "")
        lines += wrap(text, cells, first=first)
        if reason := why_not(deed, now):
            lines += wrap(f"not now: {reason}", cells, first=line(" " * 11), word="attention")
        if deed.twin:
            lines += wrap(deed.twin, cells, first=line(" " * 11), word="dim")
    lines += [BLANK, line(("Moving", "heading"))]
    for keys, meaning in MOVING:
        lines += wrap(meaning, cells, first=line((f" {keys:>18}  ", "key")))
    lines += [BLANK, line(("Later", "heading"))]
    for key, title in LATER.items():
        lines.append(line((f" {key:>8}  ", "dim"), (f"{title}: comes with a later version", "dim")))
    return lines


def _runner(picture: Picture) -> Line:
    runner = picture.runner
    if runner.alive:
        return line(("● runner", "ok"))
    gone = f" {runner.age}" if runner.age and runner.age != "now" else ""
    return line((f"✗ no runner{gone}", "danger"))


def _connections(picture: Picture) -> list[Line]:
    told = []
    for connection in picture.connections:
        if connection.troubled:
            part = "" if connection.troubled == connection.places else f" {connection.troubled}/{connection.places}"
            told.append(line((f"✗ {connection.name}{part} failing", "danger")))
        else:
            told.append(line((f"{connection.name} {connection.age or 'not read'}", "dim")))
    return told
