"""The inbox: what waits, one row each, the most urgent first, and one of it in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.release.inbox import NEEDS_A_PERSON
from quarterdeck.release.standing_view import GuardsView, InboxItem
from quarterdeck.ui.fields import seek
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, join, line, wrap
from quarterdeck.ui.widgets.grid import Column, GridRow


def columns(items: Sequence[InboxItem]) -> tuple[Column, ...]:
    """FOR: how long it has waited. LEFT: until it expires or ends by itself. NEXT: until the next sample, where any is
    to come."""
    return (
        Column("WHAT", least=11),
        Column("RELEASE", least=14),
        Column("WAITS FOR", least=22),
        Column("FOR", least=4),
        Column("LEFT", least=5),
        *((Column("NEXT", least=5),) if _sampled(items) else ()),
    )


def _sampled(items: Sequence[InboxItem]) -> bool:
    return any(one.next_in for one in items)


FIELDS = ("kind", "env", "release", "who")
GRAMMAR = "all of these words; kind: env: release: who:; !word leaves out; -f fuzzy"


def matching(items: Sequence[InboxItem], letters: str) -> list[InboxItem]:
    """Those that are like what was typed: in all that is known of them, not only in what a row shows."""
    wanted = seek(letters, FIELDS)
    return [one for one in items if not wanted or wanted.matches(_fields(one), lambda: _all_of(one))]  # noqa: B023


def _fields(one: InboxItem) -> Mapping[str, str]:
    return {
        "kind": one.kind,
        "env": one.target.environment if one.target is not None else "",
        "release": f"{one.title} {one.release} {one.run}",
        "who": one.who,
    }


def _all_of(one: InboxItem) -> str:
    words = (marks.INBOX[one.kind][0], one.title, str(one.target or ""), one.waits, one.blocks, one.who, one.key)
    return " ".join((*words, *one.evidence, *one.warnings))


def told_line(items: Sequence[InboxItem], shown: int, letters: str, back: str, unread: int = 0) -> Line:
    """How much waits for whom, and what runs out first; what is hidden, and the key that shows it again; how many
    pipelines can't be read, so that what waits there isn't known."""
    people = sum(one.kind in NEEDS_A_PERSON for one in items)
    hidden = len(items) - shown
    parts = [line((f"{hidden} without {clean(letters, 60)!r} hidden; {back} shows all", "attention"))] if hidden else []
    parts += [line((f"{unread} pipeline{'s' * (unread > 1)} can't be read", "danger"))] if unread else []
    parts += [line((f"{people} wait{'s' if people == 1 else ''} for people", "attention"))] if people else []
    themselves = sum(one.kind == "by itself" for one in items)
    asked = len(items) - people - themselves
    parts += [line(f"{asked} for gates or a window")] if asked else []
    parts += [line((f"{themselves} by {'itself' if themselves == 1 else 'themselves'}", "dim"))] if themselves else []
    due = [one for one in items if one.due is not None and one.kind in NEEDS_A_PERSON]
    if due:
        first = min(due, key=lambda one: one.due or 0)
        parts.append(line((f"{first.title} runs out first, in {first.expires}", "attention")))
    return (("  ", "text"), *join(parts, " · ")) if parts else BLANK


def rows(items: Sequence[InboxItem]) -> list[GridRow]:
    """One row per thing that waits. What a yes would do that one may not expect comes first: the rest may be cut."""
    sampled = _sampled(items)
    return [
        GridRow(
            one.key,
            (
                line(marks.INBOX[one.kind]),
                line((one.title, "title")),
                line(*((f"▲ {tag} ", "attention") for tag in one.tags), one.waits),
                line((one.age, "dim")),
                line((one.expires or "-", "attention" if one.expires else "dim")),
                *((line((one.next_in or "-", "dim")),) if sampled else ()),
            ),
        )
        for one in items
    ]


def item_lines(item: InboxItem, cells: int) -> list[Line]:
    """One of them: for what it waits, with the evidence, what a yes would do, and who may give it."""
    state, word = marks.INBOX[item.kind]
    where = f"  {marks.name(item.target)}" if item.target is not None else ""
    lines: list[Line] = [line((item.title, "title"), ("  ", "text"), (state, word), (where, "dim"))]
    lines += _labelled("WAITS FOR", item.waits, cells)
    lines += _labelled("SO FAR", item.so_far, cells)
    when = {"": [], "now": ["just begun"]}.get(item.age, [f"for {item.age}"])
    when += [f"{item.expires} left"] if item.expires else []
    when += [f"next sample in {item.next_in}"] if item.next_in else []
    lines += _labelled("SINCE", ", ".join(when), cells)
    for text in item.warnings:
        lines += wrap(text, cells, first=line(("▲ ", "danger")), word="danger")
    lines += _labelled("BLOCKS", item.blocks, cells)
    lines += _labelled("WHO MAY", item.who, cells)
    for number, text in enumerate(item.evidence):
        lines += _labelled("EVIDENCE" if not number else "", text, cells)
    lines += _labelled("BY HAND", item.twin, cells)
    lines += _labelled("LINK", item.link, cells)
    return lines


def guard_lines(guards: GuardsView, cells: int) -> list[Line]:
    """What stands guard: the conn, what holds releases up, what is about to."""
    lines = list(_guards(guards, cells))
    return [line(("ON GUARD", "heading")), *lines] if lines else []


def _guards(guards: GuardsView, cells: int) -> Iterator[Line]:
    for conn in guards.conns:
        offered = f", offered to {conn.offered_to}" if conn.offered_to else ""
        why = f": {conn.reason}" if conn.reason else ""
        told = f"of {scope(conn.scope)} has {conn.holder} since {marks.clock_minute(conn.since)}{offered}{why}"
        yield from wrap(told, cells, first=line("  ", ("conn   ", "heading"), " "))
    for hold in guards.holds:
        ends = f"{hold.left} left" if hold.left else "until it is lifted"
        told = f"{scope(hold.scope)}, {ends}, by {hold.by} {marks.ago(hold.age)}: {hold.reason}  ({hold.id})"
        yield from wrap(told, cells, first=line("  ", (f"{hold.kind:<8}", "danger")))
    for closure in guards.closures:
        when = "holds" if closure.holds else "begins in " + closure.left
        ends = f", {closure.left} left" if closure.holds and closure.left else ""
        told = f"{closure.environment}: {closure.window} {when}{ends}" + (
            f": {closure.reason}" if closure.reason else ""
        )
        yield from wrap(told, cells, first=line("  ", ("window  ", "attention")))
    for one in guards.overrides[:5]:
        told = f"{one.what}, by {one.by} {marks.ago(one.age)}: {one.reason}"
        yield from wrap(told, cells, first=line("  ", ("set aside ", "danger")))


def scope(of: str) -> str:
    """A scope in words."""
    return "everything" if of == "*" else of


def _labelled(label: str, text: str, cells: int) -> list[Line]:
    return wrap(text, cells, first=line((f"{label:<11}", "heading"))) if text else []
