"""A plan, whole, in the order in which a tired person needs it; and a refusal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import about
from quarterdeck.release.plan import Fuse, Plan, Refusal, Risk
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, Span, fit, line, wrap

_GRAVEST_FIRST = ("danger", "warning", "info")
_SHORTEST_COUNTDOWN = 60.0


NO_WAY_BACK: Mapping[str, Span] = {
    "gone": ("✗ no way back: ", "danger"),
    "needless": ("○ nothing to take back: ", "dim"),
    "later": ("◆ not now: ", "attention"),
}
"""Why there is none, by `Fuse.lack`."""


def plan_lines(plan: Plan, cells: int) -> list[Line]:
    """Everything about a plan in lines of at most `cells`."""
    lines: list[Line] = []
    for section in (_effects, _who, _risks, _way_back, _settings, _steps, _command):
        part = list(section(plan, cells))
        if part:
            lines += [*part, BLANK]
    return lines[:-1]


def deadline(expires_at: float, now: float) -> Line:
    """Until when it may be confirmed, in steps that change seldom."""
    left = expires_at - now
    if left <= 0:
        return line(("✗ this plan has expired: close it and ask again", "danger"))
    until = f"good until {marks.clock_time(expires_at)}"
    if left < _SHORTEST_COUNTDOWN:
        return line((f"▲ {until}: less than a minute left", "attention"))
    return line((until, "dim"))


def must_be_typed(plan: Plan) -> str:
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


def command_lines(command: str, cells: int) -> Iterator[Line]:
    """The headless twin."""
    if command:
        yield from wrap(clean(command, 600), cells, first=line(("SAME BY HAND  ", "heading")), word="dim")


def _effects(plan: Plan, cells: int) -> Iterator[Line]:
    yield line(("WHAT CHANGES", "heading"))
    if not plan.effects:
        yield line(("  nothing", "attention"))
    where = ""
    wide = min(max((len(effect.what) for effect in plan.effects), default=0), 40)
    for effect in plan.effects:
        if effect.where != where:
            where = effect.where
            yield line("  ", (clean(where, 100), "title"))
        first = (*line("    "), *fit(line(clean(effect.what, 60)), wide), *line("  "))
        change = f"{clean(effect.before, 300) or '(none)'}  ->  {clean(effect.after, 300) or '(none)'}"
        yield from wrap(change, cells, first=first)


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


def _way_back(plan: Plan, cells: int) -> Iterator[Line]:
    yield line(("WAY BACK", "heading"))
    yield from fuse_lines(plan.fuse, cells)


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


def _command(plan: Plan, cells: int) -> Iterator[Line]:
    yield from command_lines(plan.command, cells)


def _who(plan: Plan, cells: int) -> Iterator[Line]:
    yield from who_lines(plan.who_feels_it, cells)


def _risks(plan: Plan, cells: int) -> Iterator[Line]:
    yield from risk_lines(plan.risks, cells)
