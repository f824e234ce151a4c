"""One inbox: everything that waits for a person or a gate, the most urgent first. Pure."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from quarterdeck.records import replace
from quarterdeck.release.standing_view import DebtView, InboxItem, InboxKind

if TYPE_CHECKING:
    from quarterdeck.release.release_view import AskedView, MeasureView, ReleaseView, StepView

_ORDER: tuple[InboxKind, ...] = (
    "confirm", "needs you", "failing", "undecided", "approval", "pause", "hindered", "gate", "by itself", "debt",
)  # fmt: skip
NEEDS_A_PERSON: tuple[InboxKind, ...] = ("confirm", "needs you", "undecided", "approval", "pause", "debt")


def inbox(
    releases: Sequence[ReleaseView], debts: Sequence[DebtView], runs: Iterable[InboxItem] = ()
) -> tuple[InboxItem, ...]:
    """What waits, ours and that of pipelines together. Within one kind what runs out first comes first, then in the
    order of the releases and runs."""
    found = [item for release in releases if release.open for item in _of_release(release)]
    found += [_debt(debt) for debt in debts]
    found += runs
    return tuple(sorted(found, key=lambda item: (_ORDER.index(item.kind), math.inf if item.due is None else item.due)))


def _of_release(release: ReleaseView) -> Iterator[InboxItem]:
    match release.state:
        case "confirming":
            twin = f"qd release confirm {release.id}"
            yield _item(release, "confirm", expires=release.left, blocks="what was done stays", twin=twin)
        case "needs operator":
            twin = " | ".join(f"qd release {_order(order)} {release.id}" for order in release.choices)
            yield _item(release, "needs you", blocks="nothing more is written until somebody answers", twin=twin)
        case "hindered":
            yield replace(_item(release, "hindered", expires=release.left, blocks=_then(release)), age=_stood(release))
        case "paused":
            twin = f"qd release resume {release.id}"
            yield _item(release, "pause", blocks=_then(release), who="anybody who may write", twin=twin)
    step = release.current
    if step is not None and step.state == "running" and release.state in ("running", "waiting", "paused"):
        yield from _of_step(release, step)
    yield from _of_background(release)


def _stood(release: ReleaseView) -> str:
    """How long it has stood where it stands: since its last step was through."""
    through = [step.age for step in release.steps if step.state in ("done", "skipped")]
    return through[-1] if through else release.age


def _of_step(release: ReleaseView, step: StepView) -> Iterator[InboxItem]:
    twin = f"qd release promote {release.id}"
    if step.asked is not None:
        yield _approval(release, step, step.asked)
    elif step.kind == "pause" and release.state == "waiting":
        yield _item(release, "pause", step, blocks=_after(release, step), who="anybody who may write", twin=twin)
    elif step.measures:
        yield _gates(release, step.measures, step.id, _after(release, step), step, twin)


def _of_background(release: ReleaseView) -> Iterator[InboxItem]:
    """The background analysis needs a word only when it isn't passing."""
    if any(one.verdict not in (None, "pass") and not one.shadow for one in release.background):
        then = "it is taken back" if release.on_failure == "rollback" else "it pauses"
        yield _gates(release, release.background, "*", f"the whole release: {then} if this fails", None, "")


def _gates(
    release: ReleaseView, measures: Sequence[MeasureView], key: str, blocks: str, step: StepView | None, twin: str
) -> InboxItem:
    deciding = [one for one in measures if not one.shadow]
    kind: InboxKind = "gate"
    if any(one.verdict == "fail" for one in deciding):
        kind = "failing"
    elif any(one.judged == "undecided" for one in deciding):
        kind = "undecided"  # no data by itself needs nobody as long as there is a next sample
    return InboxItem(
        key=f"{release.id}/{key}/gates",
        kind=kind,
        title=release.title,
        waits=step.summary if step is not None else "background analysis",
        target=release.targets[0] if release.targets else None,
        release=release.id,
        step=step.id if step is not None else "",
        age=step.age if step is not None else release.age,
        expires=release.left if step is not None else "",
        next_in=next((one.next_in for one in measures if one.next_in), ""),
        blocks=blocks,
        who="the gates decide; promoting sets them aside",
        evidence=tuple(evidence(one) for one in measures),
        warnings=release.warnings,
        twin=twin,
    )


def evidence(one: MeasureView) -> str:
    """A gate's last answer in one line."""
    word = {"pass": "pass", "fail": "FAIL", "no_data": "no data", "stale": "stale", None: "not asked yet"}[one.verdict]
    value = f" {one.value}" if one.value else ""
    wanted = f" (wants {one.wanted})" if one.wanted else ""
    since = "" if not one.age else ", just now" if one.age == "now" else f", {one.age} ago"
    detail = f": {one.detail}" if one.detail and (one.telling or one.verdict != "pass") else ""
    shadow = "shadow " if one.shadow else ""
    return f"{shadow}{one.gate}{value}: {word}{wanted}, {one.count}{since}{detail}"


def _approval(release: ReleaseView, step: StepView, asked: AskedView) -> InboxItem:
    said = [
        f"{one.by} {'approved' if one.verdict == 'approve' else 'rejected'} {_ago(one.age)}"
        + (f", counts in {one.later}" if one.later else "")
        + (f": {one.reason}" if one.reason else "")
        for one in asked.words
    ]
    return InboxItem(
        key=f"{release.id}/{step.id}",
        kind="approval",
        title=release.title,
        waits=f"approval {asked.rule}: {asked.missing} of {asked.required} missing",
        target=step.target,
        release=release.id,
        step=step.id,
        age=step.age,
        expires=asked.expires,
        due=asked.until,
        so_far=f"{asked.required - asked.missing} of {asked.required} said yes" if asked.required > 1 else "",
        blocks=_after(release, step),
        who=asked.who,
        evidence=tuple(filter(None, (asked.note, *said, *_measured_before(release, step), *_noted(release)))),
        warnings=release.warnings,
        twin=f"qd approve {shlex.quote(f'{release.id}/{step.id}')}",
    )


def _measured_before(release: ReleaseView, step: StepView) -> Iterator[str]:
    """What the gates said last before people are asked, and what those say that are asked all the time."""
    before = [one for one in release.steps[: release.steps.index(step)] if one.measures and one.state == "done"]
    measured = before[-1].measures if before else ()
    names = {one.gate for one in measured}
    yield from (evidence(one) for one in (*measured, *(one for one in release.background if one.gate not in names)))


def _debt(debt: DebtView) -> InboxItem:
    return InboxItem(
        key=debt.id,
        kind="debt",
        title=f"hotfix of {debt.target.name}",
        waits=f"{debt.kind}: {debt.text}",
        target=debt.target,
        age=debt.age,
        blocks="nothing; it stays here until somebody pays it, with evidence",
        who="anybody who may write",
        evidence=(f"left by {debt.by} in release {debt.release}",),
        twin=f"qd hotfix pay {debt.id} --evidence TEXT",
    )


def _item(
    release: ReleaseView,
    kind: InboxKind,
    step: StepView | None = None,
    *,
    blocks: str = "",
    expires: str = "",
    who: str = "",
    twin: str = "",
) -> InboxItem:
    step = step or release.current
    return InboxItem(
        key=f"{release.id}/{kind}",
        kind=kind,
        title=release.title,
        waits=release.waits,
        target=release.targets[0] if release.targets else None,
        release=release.id,
        step=step.id if step is not None else "",
        age=step.age if step is not None and step.age else release.age,
        expires=expires,
        blocks=blocks,
        who=who,
        evidence=tuple(_noted(release)),
        warnings=release.warnings,
        twin=twin,
    )


def _noted(release: ReleaseView) -> Iterator[str]:
    return (f"{one.severity}: {one.text}" for one in release.notes[-3:])


def _order(order: str) -> str:
    return {"promote_full": "promote --full"}.get(order, order)


def _then(release: ReleaseView) -> str:
    step = release.current
    return f"step {step.id}: {step.summary}" if step is not None else "the end of the release"


def _after(release: ReleaseView, step: StepView) -> str:
    at = release.steps.index(step)
    following = release.steps[at + 1] if at + 1 < len(release.steps) else None
    return f"step {following.id}: {following.summary}" if following is not None else "the end of the release"


def _ago(since: str) -> str:
    return "just now" if since == "now" else f"{since} ago"
