"""Releases, what waits for people and what stands guard, as lines of `qd status`. All of it is cleaned already."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from quarterdeck.release.picture import Picture
from quarterdeck.release.standing_view import ClosureView, DebtView, HoldView, InboxItem, InboxKind

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseView

WIDTH = 80

_TOLD_ELSEWHERE: tuple[InboxKind, ...] = (
    "confirm", "needs you", "failing", "undecided", "debt", "hindered", "gate", "by itself",
)  # fmt: skip
"""What waits and is already said (by what needs attention, by the release itself, or among the debts), and what asks
nobody."""


def standing_lines(picture: Picture) -> Iterator[str]:
    """Open releases, answers that are waited for, who has the conn, what is closed or soon will be, what is owed."""
    for release in picture.releases:
        if release.open:
            yield from _wrapped(f"> {_release(release)}")
    for item in picture.inbox:
        if item.kind not in _TOLD_ELSEWHERE:
            yield from _wrapped(f"? {_waiting(item)}")
    guards = picture.guards
    for conn in guards.conns:
        why = f": {conn.reason}" if conn.reason else ""
        offered = f"; offered to {conn.offered_to}" if conn.offered_to else ""
        yield from _wrapped(f"conn: {conn.holder} has {_spoken(conn.scope)}{_for(conn.age)}{why}{offered}")
    for hold in guards.holds:
        yield from _wrapped(f"* {_hold(hold)}")
    for closure in guards.closures:
        yield from _wrapped(f"* {_closure(closure)}")
    for debt in guards.debts:
        yield from _wrapped(f"$ {_debt(debt)}")


def _release(view: ReleaseView) -> str:
    kind = "hotfix" if view.hotfix else "release"
    waits = f": {view.waits}" if view.waits else ""
    return f"{kind} {view.id}  {view.title}  {view.environment}  {view.state} {view.progress}{waits}  {view.actor}"


def _waiting(item: InboxItem) -> str:
    expires = f"; expires in {item.expires}" if item.expires else ""
    answer = f"; answer: {item.twin}" if item.twin else ""
    return f"{item.title}: {item.waits}{_for(item.age)}{expires}{answer}"


def _hold(hold: HoldView) -> str:
    ends = f", {hold.left} left" if hold.left else ", until it is lifted"
    return f"{hold.kind} of {_spoken(hold.scope)} by {hold.by}{ends}: {hold.reason} ({hold.id})"


def _closure(one: ClosureView) -> str:
    why = f": {one.reason}" if one.reason else ""
    if one.holds:
        return f"{one.environment} is closed by {one.window}{f', {one.left} left' if one.left else ''}{why}"
    return f"{one.environment} closes in {one.left} ({one.window}){why}"


def _debt(debt: DebtView) -> str:
    return f"owed by a hotfix of {debt.target}: {debt.text}{_for(debt.age)} ({debt.id})"


def _spoken(scope: str) -> str:
    from quarterdeck.release.clearance import spoken  # which reads calendars: only where something stands guard

    return spoken(scope)


def _for(age: str) -> str:
    return "" if age in ("", "now") else f" for {age}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
