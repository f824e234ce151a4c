"""What stands around every screen: the head line and the footer."""

from __future__ import annotations

from quarterdeck.release.guards import person
from quarterdeck.release.picture import Picture
from quarterdeck.release.standing_view import ConnView
from quarterdeck.ui.actions import Deed, Situation, Where, deeds_at, possible
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.accents import find, word_of
from quarterdeck.ui.spans import Line, join, line, spread, width

TITLES: dict[Where, str] = {
    "bridge": "1 Bridge",
    "service": "2 Service",
    "releases": "3 Releases",
    "release": "3 Release",
    "gates": "4 Gates",
    "flags": "5 Flags",
    "pipelines": "6 Pipelines",
    "log": "7 Log",
}


def head_line(
    picture: Picture, where: Where, read_only: bool, cells: int, conn: ConnView | None = None, environment: str = ""
) -> Line:
    """Fleet and screen on the left; who has the conn, runner, connections and the time on the right.

    `environment`: the one that the whole screen is about, whose accent it wears; "" if it is about several.
    """
    about = find(picture.environments, environment)
    worn = word_of(about) if about is not None else "heading"
    parts = [line((picture.fleet or "no fleet yet", "title")), line((TITLES[where], worn))]
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
    blocked = {deed.id for deed in deeds if not possible(deed, now)}
    shown = [deed for deed in deeds if deed.footer == "always" or deed.id not in blocked]
    gives_way = [deed for deed in shown if deed.footer == "when roomy"]
    gives_way += [deed for deed in shown if deed.id in blocked]

    def told(between: str) -> Line:
        return (
            *line(" "),
            *join((_key(deed, now.keys.shown(deed), blocked=deed.id in blocked) for deed in shown), between),
        )

    while width(told(" ")) > cells and gives_way:
        shown.remove(gives_way.pop())
    roomy = told("  ")
    return roomy if width(roomy) <= cells else told(" ")


def _key(deed: Deed, key: str, *, blocked: bool) -> Line:
    if blocked:
        return line((f"({key} {deed.label})", "dim"))
    return line((key, "key"), (f" {deed.label}", "text"))


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
