"""From what stands guard to what a viewer shows of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import age, left
from quarterdeck.release.guards import Guards
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.standing_view import ClosureView, ConnView, DebtView, GuardsView, HoldView, OverrideView

FORESEEN = 24 * 3600.0
"""Seconds ahead within which a window that begins is worth telling."""

_NAME = 60
_OVERRIDES = 20


def view_guards(guards: Guards, rules: Rulebook, environments: Sequence[str], now: float) -> GuardsView:
    """Everything that stands guard at a moment."""
    return GuardsView(
        conns=tuple(
            ConnView(
                clean(one.scope, _NAME), clean(one.holder, _NAME), one.since, age(now - one.since),
                clean(one.reason, 200), clean(one.offered_to, _NAME),
            )
            for one in guards.conns
        ),
        holds=tuple(
            HoldView(
                one.id, one.kind, clean(one.scope, _NAME), clean(one.by, _NAME), clean(one.reason, 200),
                age(now - one.since), "" if one.until is None else left(one.until - now),
            )
            for one in guards.active(now)
        ),
        closures=tuple(_closures(rules, environments, now)),
        debts=tuple(
            DebtView(
                one.id, one.kind.replace("_", " "), one.target, clean(one.text, 300), clean(one.by, _NAME),
                age(now - one.since), one.release,
            )
            for one in guards.owed
        ),
        overrides=tuple(
            OverrideView(clean(one.by, _NAME), age(now - one.at), clean(one.what, 300), clean(one.reason, 200))
            for one in reversed(guards.overrides[-_OVERRIDES:])
        ),
    )  # fmt: skip


def _closures(rules: Rulebook, environments: Sequence[str], now: float) -> Iterator[ClosureView]:
    if not any(window.kind != "named" for window in rules.windows):
        return
    from quarterdeck.release.calendar import closures, upcoming  # reads cron lines; only fleets with windows pay

    for environment in environments:
        shown = clean(environment, _NAME)
        closed = closures(rules.windows, environment, now)
        for one in closed:
            over = "" if one.until is None else left(one.until - now)
            yield ClosureView(clean(one.window, _NAME), shown, True, over, clean(one.reason, 200))
        coming = None if closed else upcoming(rules.windows, environment, now)
        if coming is not None and coming.at - now <= FORESEEN:
            window, reason = clean(coming.closure.window, _NAME), clean(coming.closure.reason, 200)
            yield ClosureView(window, shown, False, left(coming.at - now), reason)
