"""A plan, whole, in the order in which a tired person needs it; and a refusal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import about
from quarterdeck.release.plan import Effect, Fuse, Plan, Refusal, Risk
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.telling import Told
from quarterdeck.ui.spans import BLANK, Line, Span, fit, line, width, wrap

if TYPE_CHECKING:
    from quarterdeck.release.release_plan import ReleasePlan

_GRAVEST_FIRST = ("danger", "warning", "info")
_SHORTEST_COUNTDOWN = 60.0

_Change: TypeAlias = tuple[str, str, str]
"""What, before, after."""


NO_WAY_BACK: Mapping[str, Span] = {
    "gone": ("✗ no way back: ", "danger"),
    "needless": ("○ nothing to take back: ", "dim"),
    "later": ("◆ not now: ", "attention"),
}
"""Why there is none, by `Fuse.lack`."""


def told_of(plan: Plan, cells: int) -> Told:
    """Everything about a plan in lines of at most `cells`."""
    last = (way_back_lines(plan.fuse, cells), command_lines(plan.command, cells))
    first = (_effects(plan, cells), who_lines(plan.who_feels_it, cells), risk_lines(plan.risks, cells))
    more = (_settings(plan, cells), _steps(plan, cells))
    return Told([*map(list, (*first, *last))], [*map(list, more)])


def deadline(expires_at: float, now: float) -> Line:
    """Until when it may be confirmed, in steps that change seldom."""
    left = expires_at - now
    if left <= 0:
        return line(("✗ this plan has expired, and nothing was changed: plan again", "danger"))
    until = f"good until {marks.clock_time(expires_at)}"
    if left < _SHORTEST_COUNTDOWN:
        return line((f"▲ {until}: less than a minute left", "attention"))
    return line((until, "dim"))


def must_be_typed(plan: Plan | ReleasePlan) -> str:
    """What has to be typed before it may be confirmed; "" if a plain yes will do."""
    if plan.type_to_confirm:
        return plan.type_to_confirm
    return "yes" if any(risk.severity == "danger" for risk in plan.risks) else ""


def refusal_lines(refusal: Refusal, cells: int) -> list[Line]:
    """Why there is no plan, and what to do about it."""
    if refusal.code == "unchanged":
        lines = [line(("✓ nothing to do", "ok")), BLANK]
    else:
        lines = [line(("✗ refused", "danger"), (f"  ({refusal.code}; nothing was changed)", "dim")), BLANK]
    lines += wrap(clean(refusal.message, 1000), cells)
    if refusal.hint:
        lines += [BLANK, *wrap(clean(refusal.hint, 1000), cells, first=line(("What to do: ", "heading")))]
    return lines


def fuse_lines(fuse: Fuse, cells: int) -> Iterator[Line]:
    """The way back: how, how long, what is lost, until when."""
    if not fuse.possible:
        yield from wrap(clean(fuse.how, 400), cells, first=line("  ", NO_WAY_BACK[fuse.lack]))
        return
    took = f", {about(fuse.seconds)}" if fuse.seconds is not None else ""
    yield from wrap(clean(fuse.how, 400) + took, cells, first=line(("  ✓ ", "ok")))
    if fuse.lost:
        yield from wrap(clean(fuse.lost, 400), cells, first=line(("    lost: ", "attention")))
    if fuse.until:
        yield from wrap(clean(fuse.until, 400), cells, first=line(("    until: ", "heading")))


def way_back_lines(fuse: Fuse, cells: int) -> Iterator[Line]:
    """The way back under its heading."""
    yield line(("WAY BACK", "heading"))
    yield from fuse_lines(fuse, cells)


def command_lines(command: str, cells: int) -> Iterator[Line]:
    """The headless twin: behind its heading, or below it where it would be broken there."""
    heading, twin = line(("SAME BY HAND", "heading"), (" (C copies it)", "dim")), clean(command, 600)
    if twin and width(heading) + 2 + len(twin) <= cells:
        yield (*heading, ("  ", "text"), (twin, "text"))
    elif twin:
        yield heading
        yield from wrap(twin, cells, first=line("  "))


def effect_lines(effects: Sequence[Effect], cells: int) -> Iterator[Line]:
    """From what to what, by place; places where the same changes are told together."""
    wide = min(max((width(line(clean(effect.what, 60))) for effect in effects), default=0), 40)
    for places, changes in _together(effects):
        yield from wrap(places, cells, first=line("  "), word="title")
        for what, before, after in changes:
            first = (*line("    "), *fit(line(what), wide), *line("  "))
            yield from wrap(f"{before or '(none)'}  ->  {after or '(none)'}", cells, first=first)


def _together(effects: Sequence[Effect]) -> Iterator[tuple[str, list[_Change]]]:
    """Places and their changes; `shop@west, @north` where the same changes in both."""
    by_place: dict[str, list[_Change]] = {}
    for effect in effects:
        change = (clean(effect.what, 60), clean(effect.before, 300), clean(effect.after, 300))
        by_place.setdefault(clean(effect.where, 100), []).append(change)
    places: dict[tuple[_Change, ...], list[str]] = {}
    for place, changes in by_place.items():
        places.setdefault(tuple(changes), []).append(place)
    for same, names in places.items():
        whole, shown = "", []
        for name in names:
            service, at, region = name.partition("@")
            shown.append(f"@{region}" if at and service == whole else name)
            whole = service
        yield ", ".join(shown), list(same)


def _effects(plan: Plan, cells: int) -> Iterator[Line]:
    yield what_changes("WHAT CHANGES", plan.action.target.environment, plan.type_to_confirm)
    if not plan.effects:
        yield line(("  nothing", "attention"))
    yield from effect_lines(plan.effects, cells)


def what_changes(heading: str, environment: str, protected: str) -> Line:
    """The heading, and where it is; `protected` as `Plan.type_to_confirm`."""
    if protected:
        return line((heading, "heading"), " in ", (f"{clean(protected, 60)}  PROTECTED", "protected"))
    return line((heading, "heading"), f" in {clean(environment, 60)}" if environment else "")


def who_lines(who_feels_it: str, cells: int) -> Iterator[Line]:
    """Who feels it."""
    if who_feels_it:
        yield from wrap(clean(who_feels_it, 600), cells, first=line(("WHO FEELS IT  ", "heading")))


def risk_lines(risks: Sequence[Risk], cells: int) -> Iterator[Line]:
    """What could go wrong, the gravest first."""
    if not risks:
        return
    yield line(("WHAT COULD GO WRONG", "heading"))
    for risk in gravest_first(risks):
        yield from wrap(clean(risk.text, 600), cells, first=line("  ", marks.SEVERITY[risk.severity], " "))
        if risk.remedy:
            yield from wrap(clean(risk.remedy, 600), cells, first=line(" " * 10, ("remedy: ", "heading")), word="dim")


def gravest_first(risks: Sequence[Risk]) -> list[Risk]:
    """Risks in the order in which they are told."""
    return sorted(risks, key=lambda risk: _GRAVEST_FIRST.index(risk.severity))


def _settings(plan: Plan, cells: int) -> Iterator[Line]:
    if not plan.settings:
        return
    moving = [setting for setting in plan.settings if setting.moves]
    sticking = [setting for setting in plan.settings if not setting.moves]
    yield line(("SETTINGS", "heading"), f"  {len(moving)} move with the build, {len(sticking)} stay with their slot")
    for settings, word in ((moving, "moves"), (sticking, "stays")):
        for setting in settings:
            note = f": {clean(setting.note, 200)}" if setting.note else ""
            text = f"{clean(setting.name, 100)} ({clean(setting.kind, 40)}){note}"
            yield from wrap(text, cells, first=line(f"  {word} "))


def _steps(plan: Plan, cells: int) -> Iterator[Line]:
    yield line(("STEPS", "heading"))
    for step in plan.steps:
        yield from wrap(clean(step.summary, 300), cells, first=line(f"  {step.id}. "))
