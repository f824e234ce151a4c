"""Flags by environment."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.release.picture import EnvironmentView, FlagCell, Picture
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, join, line
from quarterdeck.ui.widgets.grid import Column, GridRow


def columns(environments: Sequence[EnvironmentView]) -> list[Column]:
    """The flag's name, then one column per environment."""
    titles = (env.name.upper() + (" (protected)" if env.protected else "") for env in environments)
    return [Column("FLAG", least=16), *(Column(title, selectable=True, least=14) for title in titles)]


def rows(picture: Picture) -> list[GridRow]:
    """One row per flag; its key is its place in the picture, because names may look alike once cleaned."""
    return [
        GridRow(str(i), (line((row.name, "title")), *(cell_line(cells) for cells in row.cells)))
        for i, row in enumerate(picture.flags)
    ]


def cell_line(cells: Sequence[FlagCell]) -> Line:
    """A flag in an environment: on or off, for whom; how many other labels there are."""
    if not cells:
        return line(("-", "dim"))
    flag = cells[0]
    parts = line(("● on", "ok") if flag.enabled else ("○ off", "dim"))
    if flag.enabled and flag.audience:
        parts = (*parts, (" " + " ".join(f"{a.group}={marks.percent(a.percent)}" for a in flag.audience), "bar"))
    if flag.enabled and flag.percent is not None:
        parts = (*parts, (f" {'others=' if flag.audience else ''}{marks.percent(flag.percent)}", "bar"))
    if flag.operation is not None:
        parts = (*parts, (f" ▸ {flag.operation.progress}", "moving"))
    if flag.locked:
        parts = (*parts, (" locked", "attention"))
    if flag.known.state == "trouble":
        parts = (*parts, (f" ✗ trouble {flag.known.trouble_age}", "danger"))
    elif flag.known.state == "stale":
        parts = (*parts, (f" old {flag.known.age}", "attention"))
    # A label that is the environment's own name tells nothing that the column doesn't.
    if flag.label not in ("", flag.target.environment):
        parts = (*parts, (f" [{clean(flag.label, 30)}]", "dim"))
    if len(cells) > 1:
        parts = (*parts, (f" +{len(cells) - 1} label{'s' if len(cells) > 2 else ''}", "attention"))
    return (*parts, (f" {flag.modified}", "dim")) if flag.modified else parts


def detail_line(flag: FlagCell | None) -> Line:
    """Everything else about the flag under the cursor that one line holds."""
    if flag is None:
        return BLANK
    told = [line((clean(flag.target.name, 60), "title"), f" in {flag.target.environment}")]
    if flag.description:
        told.append(line((flag.description, "text")))
    if flag.other_rules:
        told.append(line(("also: " + ", ".join(flag.other_rules), "attention")))
    if flag.modified:
        told.append(line((f"changed {flag.modified} ago" if flag.modified != "now" else "changed just now", "dim")))
    if flag.known.trouble is not None:
        told.append(line((flag.known.trouble.message, "danger")))
    told.append(marks.of_knowledge(flag.known))
    return (("  ", "text"), *join(told, " · "))
