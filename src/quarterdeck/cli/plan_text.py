"""A plan as text for a terminal of 80 columns: everything that an operator must know before saying yes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import about
from quarterdeck.release.plan import Effect, Fuse, Plan, Risk, SettingMove, Severity

WIDTH = 80

_MARKS: dict[Severity, str] = {"info": "note", "warning": "WARNING", "danger": "DANGER"}


def plan_lines(plan: Plan, now: float) -> Iterator[str]:
    """The plan, line by line: effects, who feels it, settings, risks, steps, the way back, command and expiry."""
    yield f"plan {plan.id}"
    yield from _section("changes", _effects(plan.effects))
    if plan.who_feels_it:
        yield from _section("who feels it", _wrapped(plan.who_feels_it, "  "))
    yield from _section("settings", _settings(plan.settings))
    yield from _section("risks", _risks(plan.risks))
    yield from _section(
        "steps",
        (line for step in plan.steps for line in _wrapped(f"{step.id}. {step.summary}", "  ", hang=3)),
    )
    yield from _section("way back", _fuse(plan.fuse))
    yield from _section("command", _wrapped(plan.command, "  ", limit=1000))
    if plan.type_to_confirm:
        yield ""
        yield f"{clean(plan.type_to_confirm)} is protected: its name must be typed to confirm"
    left = plan.expires_at - now
    yield f"valid for {about(left)}" if left > 0 else "EXPIRED: plan again"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    body = list(lines)
    if body:
        yield ""
        yield title
        yield from body


def _effects(effects: Iterable[Effect]) -> Iterator[str]:
    where = ""
    for effect in effects:
        if effect.where != where:
            where = effect.where
            yield from _wrapped(where, "  ")
        yield from _wrapped(f"{effect.what}: {effect.before or '(nothing)'} -> {effect.after or '(nothing)'}", "    ")


def _settings(settings: tuple[SettingMove, ...]) -> Iterator[str]:
    for moves, title in ((True, "move with the build"), (False, "stick to their slot")):
        names = [f"{s.name} ({s.note})" if s.note else s.name for s in settings if s.moves is moves]
        if names:
            yield from _wrapped(f"{title}: {', '.join(names)}", "  ", limit=2000)


def _risks(risks: Iterable[Risk]) -> Iterator[str]:
    for risk in risks:
        yield from _wrapped(f"{_MARKS[risk.severity]}: {risk.text}", "  ", limit=500)
        if risk.remedy:
            yield from _wrapped(risk.remedy, "    -> ", limit=500)


def _fuse(fuse: Fuse) -> Iterator[str]:
    takes = f", takes {about(fuse.seconds)}" if fuse.possible and fuse.seconds is not None else ""
    yield from _wrapped(("" if fuse.possible else "NONE: ") + fuse.how + takes, "  ", limit=500)
    if fuse.lost:
        yield from _wrapped(f"lost on the way back: {fuse.lost}", "  ", limit=500)
    if fuse.until:
        yield from _wrapped(f"until: {fuse.until}", "  ", limit=500)


def _wrapped(text: str, indent: str, *, hang: int = 2, limit: int = 300) -> list[str]:
    return textwrap.wrap(
        clean(text, limit),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * (len(indent) + hang),
        break_on_hyphens=False,
    )
