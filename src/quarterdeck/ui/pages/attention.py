"""What needs a person: the most urgent in one line, all of it in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.release.inbox import NEEDS_A_PERSON
from quarterdeck.release.picture import Attention, Picture
from quarterdeck.ui.keymap import STANDARD, Keymap
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, Word, join, line, wrap

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseView
    from quarterdeck.release.standing_view import InboxItem, InboxKind

_MILD = ("preview", "drift", "stale", "debt")
_ORDINARY: tuple[InboxKind, ...] = ("approval", "pause", "hindered")
"""What waits without being called out: everything else of the inbox that concerns a person is attention already."""


def attention_line(picture: Picture, keys: Keymap = STANDARD) -> Line:
    """What needs a person and what runs; else what happened last. `keys`: what the keys that show it are called."""
    parts: list[Line] = []
    if picture.attention:
        first, many = picture.attention[0], len(picture.attention)
        if many > 1:
            parts.append(line((f"{many} things want a look: {keys.shown('attention')}", "attention")))
        words = (first.state.upper(), first.where, _since(first), first.text)
        parts.append(line(("▲ " + " ".join(word for word in words if word), _colour(first))))
    running = [one for one in picture.operations if one.state == "running"]
    if running and not any(one.open for one in picture.releases):
        others = f" and {len(running) - 1} more" if len(running) > 1 else ""
        parts.insert(0, line((f"▸ {marks.in_brief(running[0])}{others}", "moving")))
    parts = [*_of_releases(picture, keys), *parts]
    if not parts:
        parts.append(_quiet(picture))
    return (("  ", "text"), *join(parts, " · "))


def _of_releases(picture: Picture, keys: Keymap) -> list[Line]:
    """How many gates wait for people, what is under way, and what holds releases up or is about to."""
    parts: list[Line] = []
    waiting = sum(item.kind in NEEDS_A_PERSON and item.kind != "debt" for item in picture.inbox)
    if waiting:
        parts.append(
            line((f"◆ {waiting} gate{'s need' if waiting > 1 else ' needs'} you: {keys.shown('gates')}", "attention"))
        )
    open_ = [one for one in picture.releases if one.open]
    if len(open_) == 1:
        state, word = marks.RELEASE[open_[0].state]
        parts.append(line((f"{state[0]} {open_[0].title} {open_[0].short}", word)))
    elif open_:
        parts.append(line((f"▸ {len(open_)} releases", "moving")))
    guards = picture.guards
    stops = [hold for hold in guards.holds if hold.kind in ("stop", "freeze")]
    closed = [closure for closure in guards.closures if closure.holds]
    if any(hold.kind == "stop" for hold in stops):
        parts.append(line(("■ LINE STOPPED", "danger")))
    if frozen := [hold.left for hold in stops if hold.kind == "freeze"] + [closure.left for closure in closed]:
        parts.append(line((f"■ frozen {frozen[0]}".rstrip(), "attention")))
    elif guards.closures:
        parts.append(line((f"freeze in {guards.closures[0].left}", "dim")))
    return parts


def attention_lines(picture: Picture, cells: int) -> list[Line]:
    """Everything that needs a person, whole, most urgent first; what waits for an ordinary answer comes last."""
    if not picture.fleet:
        return [_quiet(picture)]
    lines: list[Line] = []
    for item in picture.attention:
        state = line((f"▲ {item.state.upper()}", _colour(item)), (f" {item.where} {_since(item)}".rstrip(), "title"))
        lines += [state, *wrap(item.text, cells, first=line("  "))]
        if item.hint:
            lines += wrap(item.hint, cells, first=line("  ", ("What to do: ", "heading")))
        lines.append(BLANK)
    for waiting in picture.inbox:
        if waiting.kind in _ORDINARY:
            lines += [*_waiting_lines(waiting, cells), BLANK]
    return lines[:-1] or [line(("● nothing needs you", "ok"))]


def _waiting_lines(item: InboxItem, cells: int) -> list[Line]:
    since = f" for {item.age}" if item.age not in ("", "now") else ""
    left = f", {item.expires} left" if item.expires else ""
    lines = [line(marks.INBOX[item.kind], (f" {item.title}{since}{left}", "title"))]
    for text in (item.waits, *item.warnings):
        lines += wrap(text, cells, first=line("  "))
    return lines + (wrap(item.twin, cells, first=line("  ", ("What to do: ", "heading"))) if item.twin else [])


def _colour(item: Attention) -> Word:
    return "attention" if item.state in _MILD else "danger"


def _since(item: Attention) -> str:
    return f"for {item.since}" if item.since not in ("", "now") else ""


def _quiet(picture: Picture) -> Line:
    if not picture.fleet:
        return line(("waiting for a runner to read the configuration", "attention"))
    last = next((one for one in picture.operations if not one.open), None)
    released = max((one for one in picture.releases if one.ended_at is not None), key=_ended_at, default=None)
    calm = line(("● nothing needs you", "ok"))
    if released is not None and (last is None or (last.ended_at or 0) <= _ended_at(released)):
        told = f"last: release {released.title} {marks.RELEASE[released.state][0][2:]} {marks.ago(released.age)}"
        return join([calm, line((told, "dim"))], " · ")
    if last is None:
        return calm
    age = "just now" if last.age == "now" else f"{last.age} ago"
    told = (
        f"last: {marks.what(last)} {marks.name(last.target)} by {last.actor}, {marks.of_operation(last)[0][2:]} {age}"
    )
    return join([calm, line((told, "dim"))], " · ")


def _ended_at(release: ReleaseView) -> float:
    return release.ended_at or 0
