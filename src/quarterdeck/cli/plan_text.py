"""A plan as text for a terminal of 80 columns: everything that an operator must know before saying yes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from quarterdeck.cli.passages import fuse_lines, risk_lines, section, wrapped
from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import about
from quarterdeck.release.plan import Effect, Plan, SettingMove


def plan_lines(plan: Plan, now: float) -> Iterator[str]:
    """The plan, line by line: effects, who feels it, settings, risks, steps, the way back, command and expiry."""
    yield f"plan {plan.id}"
    yield from section("changes", _effects(plan.effects))
    if plan.who_feels_it:
        yield from section("who feels it", wrapped(plan.who_feels_it, "  "))
    yield from section("settings", _settings(plan.settings))
    yield from section("risks", risk_lines(plan.risks))
    yield from section(
        "steps",
        (line for step in plan.steps for line in wrapped(f"{step.id}. {step.summary}", "  ", hang=3)),
    )
    yield from section("way back", fuse_lines(plan.fuse))
    yield from section("command", wrapped(plan.command, "  ", limit=1000))
    if plan.type_to_confirm:
        yield ""
        yield f"{clean(plan.type_to_confirm)} is protected: its name must be typed to confirm"
    left = plan.expires_at - now
    yield f"valid for {about(left)}" if left > 0 else "EXPIRED: plan again"


def _effects(effects: Iterable[Effect]) -> Iterator[str]:
    where = ""
    for effect in effects:
        if effect.where != where:
            where = effect.where
            yield from wrapped(where, "  ")
        yield from wrapped(f"{effect.what}: {effect.before or '(nothing)'} -> {effect.after or '(nothing)'}", "    ")


def _settings(settings: tuple[SettingMove, ...]) -> Iterator[str]:
    for moves, title in ((True, "move with the build"), (False, "stick to their slot")):
        names = [f"{s.name} ({s.note})" if s.note else s.name for s in settings if s.moves is moves]
        if names:
            yield from wrapped(f"{title}: {', '.join(names)}", "  ", limit=2000)
