"""What stops releases, as text: declared holds, configured windows, and the next legal moment of each environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.cli.passages import section, wrapped
from quarterdeck.cli.times import shown
from quarterdeck.release.clearance import spoken
from quarterdeck.release.freshness import about, length
from quarterdeck.release.guards import Guards, Hold
from quarterdeck.release.rules import Rulebook, Window


def freeze_lines(rules: Rulebook, guards: Guards, environments: Sequence[str], now: float) -> Iterator[str]:
    """Environment by environment: closed or open, since when, until when; then everything declared and configured."""
    from quarterdeck.release.calendar import closures, next_open, upcoming

    for environment in environments:
        closed = closures(rules.windows, environment, now)
        held = [hold for hold in guards.active(now) if hold.scope in ("*", environment)]
        if not closed and not held:
            coming = upcoming(rules.windows, environment, now)
            soon = "" if coming is None else f"; {_of(coming.closure.window)} begins {_when(coming.at, now)}"
            yield from wrapped(f"{environment}: open{soon}", "")
            continue
        yield from wrapped(f"{environment}: CLOSED", "")
        for one in closed:
            until = "" if one.until is None else f" until {_when(one.until, now)}"
            why = f": {one.reason}" if one.reason else ""
            yield from wrapped(f"{_of(one.window)}{until}{why}", "  ")
        for hold in held:
            yield from wrapped(_hold(hold, now), "  ")
        if not any(hold.until is None for hold in held):
            legal = next_open(rules.windows, environment, max([now, *(hold.until or now for hold in held)]))
            moment = "none within a year" if legal is None else _when(legal, now)
            yield f"  next legal moment: {moment}"
    yield from section("declared", (line for one in guards.active(now) for line in wrapped(_hold(one, now), "  ")))
    windows = (one for one in rules.windows if one.kind != "named")
    yield from section("configured", (line for one in windows for line in wrapped(window_words(one), "  ")))
    yield ""
    yield "going back is free in all of these, unless a window says otherwise"


def _hold(hold: Hold, now: float) -> str:
    until = "until it is lifted" if hold.until is None else f"until {_when(hold.until, now)}"
    release = f" for release {hold.release}" if hold.release else ""
    return f"{hold.id}  {hold.kind} of {spoken(hold.scope)}{release}, {until}, by {hold.by}: {hold.reason}"


def window_words(window: Window) -> str:
    """A configured window: when it begins, how long it lasts, where it holds."""
    does = "freeze" if window.kind == "freeze" else "open only"
    where = ", ".join(window.environments) or "everywhere"
    if window.cron:
        when = f"from `{window.cron}` for {length(window.seconds)} ({window.tz})"
    else:
        when = f"{shown(window.since)} to {shown(window.until)}"
    why = f": {window.reason}" if window.reason else ""
    back = "; forbids going back too" if window.rollback_too else ""
    return f"{window.name or does}: {does}, {where}, {when}{back}{why}"


def _when(at: float, now: float) -> str:
    return f"{shown(at)} (in {about(at - now)})"


def _of(window: str) -> str:
    return window or "a freeze"
