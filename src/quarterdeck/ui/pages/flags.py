"""Flags by environment, and everything about one of them."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.flag_story import FlagStory, settled, states
from quarterdeck.release.picture import EnvironmentView, FlagCell, FlagRow, Picture
from quarterdeck.ui.fields import seek
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.accents import word_of
from quarterdeck.ui.spans import BLANK, Line, join, line, plain, wrap
from quarterdeck.ui.widgets.grid import Column, GridRow

Shown = Literal["all", "on", "differing", "settled", "held"]
Sort = Literal["name", "changed"]
FIELDS = ("on", "off", "label")
GRAMMAR = "all of these words; on:ENV off:ENV label:TEXT; !word leaves out; -f fuzzy"


@dataclass(frozen=True, slots=True)
class FlagView:
    """Which flags are shown, and in which order. `differing`: not the same in all environments that have them;
    `settled`: long the same for everybody; `held`: a release has them for itself."""

    shown: Shown = "all"
    sort: Sort = "name"


SHOWN: Mapping[Shown, str] = {
    "all": "all flags",
    "on": "only flags that are on somewhere",
    "differing": "only flags that differ between environments",
    "settled": "only flags that can be removed: long the same for all",
    "held": "only flags that a release has for itself",
}
SORTED: Mapping[Sort, str] = {"name": "by name", "changed": "last changed first"}


def columns(environments: Sequence[EnvironmentView]) -> list[Column]:
    """The flag's name, then one column per environment."""
    titles = [env.name.upper() + (" (protected)" if env.protected else "") for env in environments]
    each = zip(environments, titles, strict=True)
    return [
        Column("FLAG", least=16),
        *(Column(title, selectable=True, least=14, word=word_of(env)) for env, title in each),
    ]


def rows(
    picture: Picture,
    view: FlagView,
    letters: str = "",
    marked: Container[TargetId] = (),
) -> list[GridRow]:
    """One row per flag that is shown; its key is its place in the picture: names may look alike once cleaned."""
    wanted = seek(letters, FIELDS)
    found = []
    for at, row in enumerate(picture.flags):
        if not _shown(row, view.shown, picture):
            continue
        cells = (line((row.name, "title")), *(cell_line(one, _held(one, picture), marked) for one in row.cells))
        if not wanted or wanted.matches(_fields(row, picture), lambda: " ".join(map(plain, cells))):  # noqa: B023
            found.append((row, GridRow(str(at), cells)))
    if view.sort == "changed":
        found.sort(key=lambda one: -_changed_at(one[0]))
    return [grid_row for _, grid_row in found]


def _fields(row: FlagRow, picture: Picture) -> Mapping[str, str]:
    """Where it is on and off, and under which labels."""
    named = list(zip(picture.environments, row.cells, strict=True))
    return {
        "on": " ".join(env.name for env, labels in named if any(one.enabled for one in labels)),
        "off": " ".join(env.name for env, labels in named if any(not one.enabled for one in labels)),
        "label": " ".join(one.label for labels in row.cells for one in labels),
    }


def _held(labels: Sequence[FlagCell], picture: Picture) -> str:
    release = picture.release_of(labels[0].target) if labels else None
    return "" if release is None else release.title


def _shown(row: FlagRow, shown: Shown, picture: Picture) -> bool:
    cells = [one for labels in row.cells for one in labels]
    match shown:
        case "on":
            return any(one.enabled for one in cells)
        case "differing":
            return len(set(states(row.cells))) > 1
        case "settled":
            return bool(cells) and all(settled(one, picture.at) for one in cells)
        case "held":
            return any(picture.release_of(one.target) for one in cells)
        case _:
            return True


def _changed_at(row: FlagRow) -> float:
    return max((one.modified_at or 0.0 for labels in row.cells for one in labels), default=0.0)


def told_line(view: FlagView, hidden: int, marked: int, letters: str, key_of: Callable[[str], str]) -> Line:
    """What is marked, hidden and how it is sorted; blank if there is nothing to tell. `key_of` tells a deed's key."""
    parts: list[Line] = []
    if marked:
        parts.append(
            line(
                (f"■ {marked} marked", "key"),
                f": {key_of('flag')} {key_of('undo')} act on all, {key_of('back')} unmarks",
            )
        )
    if view.shown != "all":
        parts.append(line((f"{SHOWN[view.shown].partition(':')[0]}; {key_of('view')} shows others", "attention")))
    if letters:
        parts.append(line((f"like {clean(letters, 60)!r}; {key_of('back')} shows all", "attention")))
    if hidden and (view.shown != "all" or letters):
        parts.append(line((f"{hidden} hidden", "attention")))
    if view.sort != "name":
        parts.append(line((SORTED[view.sort], "dim")))
    return (("  ", "text"), *join(parts, " · ")) if parts else BLANK


def cell_line(cells: Sequence[FlagCell], held: str = "", marked: Container[TargetId] = ()) -> Line:
    """A flag in an environment: on or off, for whom; how many other labels there are.

    `held`: what the release ships that has it for itself.
    """
    if not cells:
        return line(("-", "dim"))
    flag = cells[0]
    chosen: Line = (("■ ", "key"),) if flag.target in marked else ()
    parts = line(*chosen, ("● on", "ok") if flag.enabled else ("○ off", "dim"))
    if flag.enabled and flag.audience:
        parts = (*parts, (" " + " ".join(f"{a.group}={marks.percent(a.percent)}" for a in flag.audience), "bar"))
    if flag.enabled and flag.percent is not None:
        parts = (*parts, (f" {'others=' if flag.audience else ''}{marks.percent(flag.percent)}", "bar"))
    if flag.operation is not None:
        parts = (*parts, (f" ▸ {flag.operation.progress}", "moving"))
    if held:
        parts = (*parts, (f" ◆ held by {held}", "attention"))
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


def detail_line(flag: FlagCell | None, told: FlagStory | None) -> Line:
    """What else about the flag under the cursor must be known at once, in one line."""
    if flag is None or told is None:
        return BLANK
    parts = [line((clean(flag.target.name, 60), "title"), f" in {flag.target.environment}")]
    if flag.known.trouble is not None:
        parts.append(line((flag.known.trouble.message, "danger")))
    if told.held:
        parts.append(line((told.held, "attention")))
    if told.danger:
        parts.append(line((f"▲ {told.danger}", "attention")))
    if flag.other_rules:
        parts.append(line(("also: " + ", ".join(flag.other_rules), "attention")))
    if told.settled:
        parts.append(line((told.settled, "dim")))
    if flag.description:
        parts.append(line((flag.description, "text")))
    if flag.modified:
        parts.append(line((f"changed {marks.ago(flag.modified)}", "dim")))
    parts.append(marks.of_knowledge(flag.known))
    return (("  ", "text"), *join(parts, " · "))


def story_lines(flag: FlagCell, told: FlagStory, cells: int) -> list[Line]:
    """Everything about the flag under the cursor: who sees it, who would notice, who changed it, the way back."""
    label = f"  label {clean(flag.label, 40)}" if flag.label else "  no label" if told.labels else ""
    state, word = ("● on", "ok") if flag.enabled else ("○ off", "dim")
    lines: list[Line] = [
        line((clean(flag.target.name, 80), "title"), f" in {flag.target.environment}  ", (state, word), (label, "dim"))  # type: ignore[arg-type]
    ]
    if told.held:
        lines += wrap(told.held, cells, first=line(("◆ ", "attention")), word="attention")
    if told.danger:
        lines += wrap(told.danger, cells, first=line(("▲ ", "danger")), word="danger")
    for text in told.labels:
        lines += _labelled("ALSO", text, cells)
    lines += _labelled(
        "SEEN BY", told.reach + (f"; also decided by {', '.join(flag.other_rules)}" if flag.other_rules else ""), cells
    )
    lines += _labelled("IF OFF", told.off, cells)
    lines += _labelled("IF ON", told.on, cells)
    lines += _labelled("READ BY", told.readers, cells)
    lines += _labelled(
        "SET BY", f"{', '.join(told.set_by)}: the next such release sets it again" if told.set_by else "", cells
    )
    lines += _labelled("CHANGED", told.changed, cells)
    lines += _labelled("WAY BACK", told.way_back, cells)
    lines += _labelled("SETTLED", f"{told.settled}: it can be removed from the code" if told.settled else "", cells)
    lines += _labelled("WHAT", flag.description, cells)
    known = line((f"{'SOURCE':<10} ", "heading"), *marks.of_knowledge(flag.known))
    return [*lines, known]


def _labelled(label: str, text: str, cells: int) -> list[Line]:
    return wrap(text, cells, first=line((f"{label:<10} ", "heading"))) if text else []
