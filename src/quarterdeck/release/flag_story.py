"""What is to be known of a flag in an environment before anybody touches it. Pure; all texts are cleaned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet
from quarterdeck.records import dataclass, replace
from quarterdeck.release.flag import exposure
from quarterdeck.release.flag_use import given_out, readers
from quarterdeck.release.freshness import age
from quarterdeck.release.operation import Operation
from quarterdeck.release.picture import FlagCell
from quarterdeck.release.rollback import done_steps
from quarterdeck.release.rules import Rulebook

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseView

SETTLED_AFTER = 30 * 86_400.0
"""Seconds without a change after which a flag that is the same for everybody has done its work: it can be removed."""


@dataclass(frozen=True, slots=True)
class FlagStory:
    """What is known.

    Attributes:
        reach: who sees it on now.
        changed: who changed it last from here and what it was before; "" if the operations at hand don't tell.
        way_back: what would set it back; "" where nothing is known to go back to.
        held: the release that has it for itself, "" if none has.
        readers: what may read it. No configuration says which services do, so that all of the environment may.
        set_by: rings and strategies whose next release sets it again.
        labels: the same flag under other labels, one sentence each.
        danger: why these labels may surprise; "" if there are none.
        settled: that it has long been the same for everybody; "" if it hasn't.
        off, on: who would notice if it were switched off, or on with the percentages that it has.
    """

    reach: str
    changed: str = ""
    way_back: str = ""
    held: str = ""
    readers: str = ""
    set_by: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    danger: str = ""
    settled: str = ""
    off: str = ""
    on: str = ""


def story(
    flag: FlagCell,
    under_labels: Sequence[FlagCell],
    operations: Sequence[Operation],
    release: ReleaseView | None,
    fleet: Fleet | None,
    rules: Rulebook,
    now: float,
) -> FlagStory:
    """Tell it.

    Args:
        under_labels: the same flag of this environment under every label, itself among them.
        operations: those at hand, newest first.
        release: the open release that has the flag for itself, if one has.
    """
    others = [one for one in under_labels if one.label != flag.label]
    last, before = _last_change(flag, operations)
    share = reached(flag)
    return FlagStory(
        reach=exposure(_facts(flag)),
        changed=_changed(flag, last, before, now),
        way_back="" if before is None else f"u sets it back: {exposure(before)}",
        held="" if release is None else f"held by {release.title} ({release.short}): it sets this flag itself",
        readers="" if fleet is None else readers(flag.target, fleet),
        set_by=() if fleet is None else tuple(given_out(flag.target, fleet, rules)),
        labels=tuple(f"{_label(one)}: {exposure(_facts(one))}" for one in others),
        danger=_danger(flag, others),
        settled=settled(flag, now),
        off=f"{_users(flag, share)} no longer see it" if flag.enabled else "nobody notices: it is off",
        on=_once_on(flag),
    )


def settled(flag: FlagCell, now: float) -> str:
    """That a flag has long been the same for everybody, "" if it hasn't, or nobody knows since when."""
    at = flag.modified_at
    if at is None or now - at < SETTLED_AFTER:
        return ""
    if flag.enabled and (flag.other_rules or flag.audience or reached(flag) != 100):
        return ""
    return f"{'on' if flag.enabled else 'off'} for everybody and unchanged for {age(now - at)}"


def reached(flag: FlagCell) -> float:
    """Percent of the users outside named groups that see it on."""
    if not flag.enabled:
        return 0.0
    return flag.percent if flag.percent is not None else 0.0 if flag.audience else 100.0


def _once_on(flag: FlagCell) -> str:
    """What switching it on does: its percentages stay what they are."""
    if flag.enabled:
        return "nobody notices: it is on" + ("" if reached(flag) == 100 else "; its percentages say for whom")
    once_on = replace(flag, enabled=True)
    share = reached(once_on)
    if not share and not any(one.percent for one in flag.audience):
        return "nobody sees it yet: its percentages are 0%"
    return f"{_users(once_on, share)} see it"


def _facts(flag: FlagCell) -> dict[str, Any]:
    audience = {one.group: one.percent for one in flag.audience}
    return {"enabled": flag.enabled, "percent": flag.percent, "audience": audience}


def _last_change(flag: FlagCell, operations: Sequence[Operation]) -> tuple[Operation | None, dict[str, Any] | None]:
    """The last operation that changed it under this label, and what it was before."""
    for operation in operations:
        for step in reversed(done_steps(operation, flag.target)):
            if str(step.change.get("label", "")) == flag.label:
                known = {"enabled", "percent", "audience"} <= step.before.keys()
                return operation, dict(step.before) if known else None
    return None, None


_SLACK = 120.0
"""Seconds by which a flag store's clock and ours may differ."""


def _changed(flag: FlagCell, last: Operation | None, before: dict[str, Any] | None, now: float) -> str:
    if last is None:
        return f"{_ago(flag.modified)}, as the flag store says; not from here lately" if flag.modified else ""
    ended = last.ended_at or last.started_at
    was = f"; was {exposure(before)}" if before is not None else ""
    told = f"{_ago(age(now - ended))} by {clean(last.actor, 60)} ({clean(last.plan.command, 80)}){was}"
    if flag.modified_at is not None and flag.modified_at > ended + _SLACK:
        return f"{_ago(flag.modified)} by somebody else, not from here; before that {told}"
    return told


def _ago(text: str) -> str:
    return "just now" if text == "now" else f"{text} ago"


def _danger(flag: FlagCell, others: Sequence[FlagCell]) -> str:
    if not others:
        return ""
    named = ", ".join(one.label for one in others if one.label)
    if not flag.label:
        return f"without a label it is also read wherever nothing else wins: {clean(named, 100)} may shadow it"
    if any(not one.label for one in others):
        return "the same flag without a label exists: an application that loads both may see that one"
    return f"the same flag has other labels ({clean(named, 100)}): check which one the application loads"


def _label(flag: FlagCell) -> str:
    return f"label {clean(flag.label, 40)}" if flag.label else "no label"


def _users(flag: FlagCell, share: float) -> str:
    """Who sees it on: groups by name, and how many of all others."""
    groups = [f"{one.group} ({one.percent:g}%)" for one in flag.audience]
    others = [f"about {share:g}% of the {'other ' if groups else ''}users"] if share or not groups else []
    return " and ".join([*groups, *others])


def states(cells: Sequence[Sequence[FlagCell]]) -> Iterator[tuple[bool, float]]:
    """Whether a flag is on and for how many, environment by environment, where it exists."""
    for labels in cells:
        if labels:
            yield labels[0].enabled, reached(labels[0])
