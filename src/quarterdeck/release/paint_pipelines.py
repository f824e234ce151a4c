"""From what was seen of pipelines to their part of the picture. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunName, RunPart, RunsReading, WaitKind, origin
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.release.freshness import Knowledge, age, knowledge, left, length
from quarterdeck.release.picture import OperationView
from quarterdeck.release.pipeline_view import PartView, PipelineView, RunView, WaitView
from quarterdeck.release.standing_view import InboxItem

_NAME = 60
_COMMIT = 8
"""As many digits of a commit are shown."""


def view_pipelines(
    fleet: Fleet, observations: Mapping[str, Observation], operations: Sequence[OperationView], now: float
) -> tuple[PipelineView, ...]:
    """Every pipeline of a fleet, in its order."""
    places = [place for place in fleet.places if place.role == "pipelines"]
    return tuple(_pipeline(fleet, place, observations.get(place.subject), operations, now) for place in places)


def troubles(pipelines: Sequence[PipelineView]) -> tuple[tuple[TargetId, Knowledge], ...]:
    """Pipelines that can't be read."""
    return tuple((one.target, one.known) for one in pipelines if one.known.trouble is not None)


def waiting_runs(pipelines: Sequence[PipelineView]) -> Iterator[InboxItem]:
    """What runs of pipelines wait for, and not just for a machine."""
    for pipeline in pipelines:
        for run in pipeline.runs:
            for wait in run.waits:
                yield _item(run, wait, pipeline.known)


def _item(run: RunView, wait: WaitView, known: Knowledge) -> InboxItem:
    evidence = [_about(run)]
    evidence += [wait.note] if wait.note and wait.for_people else []
    evidence += [f"a timer holds it for {wait.opens} more"] if wait.opens and wait.for_people else []
    warnings = [run.superseded] if run.superseded else []
    tags = ["older"] if run.superseded else []
    tags += ["not ours"] if wait.for_people and wait.may_decide is False else []
    if known.state != "fresh":
        warnings.append(f"last read {known.age or 'never'} ago: it may be decided already")
    return InboxItem(
        key=wait.key,
        kind="approval" if wait.for_people else "by itself",
        title=run.name,
        waits=wait.text if wait.for_people or not wait.note else f"{wait.text}: {wait.note}",
        target=wait.target,
        run=run.key,
        age=wait.age,
        expires=wait.expires,
        due=wait.until,
        blocks=wait.blocks,
        who=wait.who,
        evidence=tuple(filter(None, evidence)),
        warnings=tuple(warnings),
        twin=wait.by_hand,
        so_far=wait.so_far,
        tags=tuple(tags),
        link="" if run.url in wait.by_hand else run.url,
    )


def _about(run: RunView) -> str:
    """Which code, in the host's words; where it has none, who began it."""
    code = origin(run.commit, run.ref, run.actor)
    if run.title:
        return f"{run.title} ({code})" if code else run.title
    return code if run.commit or run.ref or not run.actor else f"begun by {run.actor}"


def _pipeline(
    fleet: Fleet, place: Place, seen: Observation | None, operations: Sequence[OperationView], now: float
) -> PipelineView:
    reading = seen.reading if seen is not None else None
    runs = reading.runs if isinstance(reading, RunsReading) else ()
    about = [one for one in operations if one.open and one.target.pipeline and one.target.name == place.target.name]
    views = [_run(fleet, place.target, run, runs, about, now) for run in runs]
    views.sort(key=lambda run: not run.decisions)  # otherwise as they come: the newest first
    where = " ".join(value for name, value in place.address.parts.items() if name in _WHERE and value)
    return PipelineView(
        target=place.target,
        where=clean(where, _NAME),
        known=knowledge(seen, now),
        runs=tuple(views),
    )


_WHERE = ("repository", "organization", "project", "workflow", "pipeline", "release_definition", "job", "branch")
"""Parts of an address that people know a pipeline by, whatever its host."""


def _run(
    fleet: Fleet,
    pipeline: TargetId,
    run: PipelineRun,
    others: Sequence[PipelineRun],
    operations: Sequence[OperationView],
    now: float,
) -> RunView:
    key = str(RunName(pipeline.name, run.id))
    waits = tuple(_wait(fleet, pipeline, run, wait, now) for wait in run.waits)
    began = run.started_at or run.created_at
    since = run.created_at if run.open else run.ended_at or run.created_at
    return RunView(
        key=clean(key, 200),
        id=run.id,
        target=pipeline,
        number=clean(run.number or run.id, 40),
        state=run.state,
        open=run.open,
        title=clean(run.title, 120),
        ref=clean(run.ref, _NAME),
        commit=clean(run.commit, 64)[:_COMMIT],
        actor=clean(run.actor, 40),
        event=clean(run.event, 40),
        age="" if since is None else age(now - since),
        took="" if began is None or run.ended_at is None else length(run.ended_at - began),
        url=clean(run.url, 300),
        attempt=run.attempt,
        waits_for=_waits_for(run, now),
        superseded=_superseded(run, others),
        waits=waits,
        parts=tuple(_part(part, now) for part in run.parts),
        operation=next((one.id for one in operations if key in one.command), ""),
    )


def _waits_for(run: PipelineRun, now: float) -> str:
    if run.waits:
        return ", ".join(_text(wait, clean(wait.environment, 40), now) for wait in run.waits)
    if run.state == "queued":
        return "a machine"
    running = [clean(part.name, 40) for part in run.parts if part.state == "running"]
    return f"{', '.join(running)}" if running else ""


def _superseded(run: PipelineRun, others: Sequence[PipelineRun]) -> str:
    """A newer run of the same branch makes an approval of this one bring older code."""
    if not run.waits:
        return ""
    newer = [one for one in others if one.ref == run.ref and (one.created_at or 0) > (run.created_at or 0)]
    alive = [one for one in newer if one.state not in ("cancelled", "skipped")]
    if not alive:
        return ""
    where = f" on {run.ref}" if run.ref else ""
    return clean(f"#{alive[0].number}{where} is newer and {alive[0].state}: this one brings older code", 160)


def _wait(fleet: Fleet, pipeline: TargetId, run: PipelineRun, wait: PendingApproval, now: float) -> WaitView:
    ours = fleet.environment_of(pipeline.name, wait.environment)
    theirs = clean(wait.environment, 40)
    return WaitView(
        key=clean(str(RunName(pipeline.name, run.id, run.name_of(wait))), 200),
        kind=wait.kind,
        for_people=wait.for_people,
        environment=theirs,
        asks=run.name_of(wait),
        target=TargetId(ours, pipeline.name, pipeline=True),
        text=_text(wait, f"{theirs} ({ours})" if ours.lower() not in ("", theirs.lower()) else theirs, now),
        blocks=clean(wait.blocks, 120),
        who=_who(wait),
        may_decide=wait.may_decide,
        age="" if wait.since is None else age(now - wait.since),
        expires="" if wait.expires_at is None else left(wait.expires_at - now),
        opens="" if wait.opens_at is None or wait.opens_at <= now else left(wait.opens_at - now),
        note=clean(wait.note, 200),
        until=wait.expires_at,
        so_far=_so_far(wait),
        form=bool(wait.asks),
        url=clean(run.url, 300),
    )


def _text(wait: PendingApproval, environment: str, now: float) -> str:
    about = f" for {environment}" if environment else ""
    match wait.kind:
        case "approval":
            so_far = f" ({len(wait.given)} of {wait.needed})" if wait.needed > 1 else ""
            return f"approval{about}{so_far}"
        case "input":
            return f"an answer{about}"
        case "timer":
            return f"its timer{about}" + (f", {left(wait.opens_at - now)}" if wait.opens_at is not None else "")
        case "check":
            return f"a check{about}"
        case "lock":
            return f"another run{about}"


def _so_far(wait: PendingApproval) -> str:
    """Who has said yes and who hasn't."""
    if wait.needed < 2 and not wait.given:
        return ""
    given, missing = clean(", ".join(wait.given), 120), [one for one in wait.reviewers if one not in wait.given]
    return (
        f"{len(wait.given)} of {wait.needed} said yes"
        + (f": {given}" if given else "")
        + (f"; not yet: {clean(', '.join(missing), 120)}" if missing else "")
    )


_BY_ITSELF: Mapping[WaitKind, str] = {
    "timer": "nobody: it goes on when its time has come",
    "check": "nobody from here: what checks it decides",
    "lock": "nobody: it goes on when the other run lets go",
}


def _who(wait: PendingApproval) -> str:
    if not wait.for_people:
        return _BY_ITSELF[wait.kind]
    who = clean(", ".join(wait.reviewers), 120)
    ours = {
        None: "the host doesn't say whether the runner's credentials may",
        True: "the runner's credentials may",
        False: "the runner's credentials may NOT",
    }[wait.may_decide]
    return f"{who}; {ours}" if who else ours


def _part(part: RunPart, now: float) -> PartView:
    took = ""
    if part.started_at is not None:
        took = age(now - part.started_at) if part.ended_at is None else length(part.ended_at - part.started_at)
    return PartView(clean(part.name, 80), part.state, took)
