"""What in a picture needs a person, most urgent first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import Knowledge, age
from quarterdeck.release.picture import Attention, AttentionState, Cell, OperationView, RunnerView
from quarterdeck.release.standing_view import InboxItem, InboxKind

_ORDER: tuple[AttentionState, ...] = (
    "confirm", "needs operator", "no runner", "configuration", "trouble", "gate", "unhealthy", "preview", "drift",
    "stale", "debt",
)  # fmt: skip
_OF_INBOX: Mapping[InboxKind, AttentionState] = {
    "confirm": "confirm", "needs you": "needs operator", "failing": "gate", "undecided": "gate", "debt": "debt",
}  # fmt: skip
"""What in the inbox is more than an ordinary question: those are counted, not called out."""


def attention(
    cells: Iterable[Attention],
    operations: Sequence[OperationView],
    flag_troubles: Sequence[tuple[TargetId, Knowledge]],
    runner: RunnerView,
    published: bool,
    waiting: Sequence[InboxItem] = (),
) -> tuple[Attention, ...]:
    """The list, sorted by urgency, in the order of the fleet within one.

    `cells` is what `attention_of` says of each; `published`: there is a fleet at all.
    """
    found: list[Attention] = [
        Attention("needs operator", clean(str(view.target), 100), f"{view.verb}: {view.step}", view.target, view.id)
        for view in operations
        if view.state == "needs_operator" and view.open
    ]
    found.extend(
        Attention(
            _OF_INBOX[item.kind], item.title, item.waits, item.target,
            since=item.age, hint=item.twin, release=item.release,
        )
        for item in waiting
        if item.kind in _OF_INBOX
    )  # fmt: skip
    if published and not runner.alive:
        found.append(Attention("no runner", "", "nothing is being watched or carried out"))
    if runner.problem:
        found.append(Attention("configuration", "", runner.problem, hint="mend the file: it is read again by itself"))
    found.extend(cells)
    for target, known in flag_troubles:
        found.extend(_trouble(known, target, target))
    return tuple(sorted(found, key=lambda item: _ORDER.index(item.state)))


def _trouble(known: Knowledge, place: TargetId, about: TargetId) -> Iterator[Attention]:
    if known.trouble is not None:
        message, hint = known.trouble.message, known.trouble.hint
        yield Attention("trouble", clean(str(place), 100), message, about, since=known.trouble_age, hint=hint)


NOTIFY = "notify"
"""How the subjects begin under which the store keeps how hooks are: `notify NAME`."""


def unheard(observations: Mapping[str, Observation], now: float) -> Iterator[Attention]:
    """The hooks that can't be told anything at the moment."""
    for subject, known in observations.items():
        if known.trouble is not None and subject.startswith(f"{NOTIFY} "):
            since = age(now - known.trouble_since) if known.trouble_since is not None else ""
            text, hint = clean(known.trouble.message, 400), clean(known.trouble.hint, 200)
            yield Attention("trouble", clean(subject, 100), text, since=since, hint=hint)


def attention_of(cell: Cell) -> Iterator[Attention]:
    """What of a cell needs a person."""
    where = clean(str(cell.target), 100)
    places = [*((r.target, r.known) for r in cell.regions), *((s.target, s.known) for s in cell.splits)]
    # One fault in front of many places (a sign-in that ran out) is one thing to look at, not one per place.
    for target, known in {k.trouble.message: (t, k) for t, k in reversed(places) if k.trouble}.values():
        yield from _trouble(known, target, cell.target)
    for region in cell.regions:
        live = region.live
        if live is not None and (live.health == "unhealthy" or not live.running):
            word = "unhealthy" if live.running else "stopped"
            yield Attention("unhealthy", clean(str(region.target), 100), f"{live.name} is {word}", cell.target)
    for split in cell.splits:
        for share in split.shares:
            if share.enabled and share.share > 0 and share.health == "unhealthy":
                text = f"{share.name} is {share.status or 'unhealthy'} and gets {share.share:g}%"
                yield Attention("unhealthy", where, text, cell.target)
    for target, lost in (*((r.target, r.drift) for r in cell.regions), *((s.target, s.drift) for s in cell.splits)):
        if lost:
            yield Attention("drift", clean(str(target), 100), lost, cell.target)
    if cell.operation is not None or cell.release is not None:
        return  # it is on its way
    if cell.preview:
        yield Attention("preview", where, f"a swap from {cell.preview} is prepared: complete or cancel it", cell.target)
    if len(cell.versions) > 1:
        yield Attention("drift", where, "regions serve " + " and ".join(v or "?" for v in cell.versions), cell.target)
    if cell.known.state == "stale":
        yield Attention("stale", where, f"last read {cell.known.age} ago", cell.target)
