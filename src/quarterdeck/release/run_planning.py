"""From what an operator asks of a pipeline to the one write that does it, or the reason why not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunName, WaitKind, origin
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.records import replace
from quarterdeck.release.freshness import moment
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Effect, Fuse, Refusal, Risk, Step
from quarterdeck.release.run_action import DecideRun, StartRun, SteerRun
from quarterdeck.release.run_survey import PipelineSurvey, RunSurvey

_DONE = {"approve": "approved", "reject": "rejected"}
_ORDERS = {"cancel": "cancelled", "rerun": "run again", "rerun_failed": "run again in part"}
_BY_ITSELF: Mapping[WaitKind, str] = {"timer": "a clock", "check": "another system", "lock": "another run"}
_MARKS = "declare `correlation_input` for it"


def named_wait(action: DecideRun, survey: RunSurvey) -> PendingApproval | Refusal:
    """Which of the things that a run waits for is meant."""
    run = survey.run
    wanted = action.environment.lower()
    waits = [one for one in run.waits if one.for_people]
    fits = [one for one in waits if not wanted or wanted in (one.environment.lower(), one.id.lower())]
    if len(fits) == 1:
        return fits[0]
    what = title(action.target, run)
    if fits:
        names = ", ".join(str(RunName(action.target.name, run.id, run.name_of(one))) for one in fits)
        return Refusal("usage", f"{what} waits for {len(fits)} decisions", f"say which: {names}")
    about = [one for one in survey.reviews if not wanted or wanted in (one.environment.lower(), one.wait.lower())]
    if about and not waits:
        said = about[-1]
        if said.decision == action.decision:
            return Refusal("unchanged", f"{what}: {_DONE[said.decision]} already by {said.by or 'somebody'}")
        stop = f"qd run cancel {RunName(action.target.name, run.id)} stops what it lets go on"
        hint = stop if run.open and said.decision == "approve" and "cancel" in survey.limits.orders else ""
        return Refusal("impossible", f"{what}: {said.by or 'somebody'} has {_DONE[said.decision]} it already", hint)
    if waits:
        known = ", ".join(one.environment or one.id for one in waits)
        return Refusal("usage", f"{what} doesn't wait for {action.environment}", f"it waits for: {known}")
    if run.waits:
        kinds = ", ".join(dict.fromkeys(_BY_ITSELF[one.kind] for one in run.waits))
        return Refusal("impossible", f"{what} waits for no decision, but for {kinds}", _more(run))
    return Refusal("impossible", f"{what} waits for no decision: it is {run.state}", "qd pipelines shows what waits")


def _more(run: PipelineRun) -> str:
    return f"see {clean(run.url, 300)}" if run.url else "qd pipelines shows what waits"


def plan_decision(action: DecideRun, place: Place, survey: RunSurvey, wait: PendingApproval) -> Outline | Refusal:
    """One decision. It can't be taken back: what it lets go on can only be cancelled."""
    run, what = survey.run, title(action.target, survey.run)
    if wait.may_decide is False:
        who = clean(", ".join(wait.reviewers), 120) or "nobody that the host names"
        message = f"{what}: these credentials may not decide about {_where(action, wait)}"
        if wait.given:
            message += f" (any more); {len(wait.given)} of {wait.needed} said yes: {clean(', '.join(wait.given), 120)}"
        return Refusal("denied", message, f"who may: {who}")
    yes = action.decision == "approve"
    if yes and wait.asks:
        asked = clean(", ".join(wait.asks), 120)
        message = f"{what}: {_where(action, wait)} asks for {asked}, which only its host's form can tell"
        return Refusal("impossible", message, f"answer it there: {run.url}" if run.url else "answer it there")
    before = sum(review.wait == wait.id for review in survey.reviews)
    step = Step(
        id="1",
        verb="decide_run",
        role="pipelines",
        target=action.target,
        address=place.address,
        summary=f"{what}: {action.decision} {_where(action, wait)}",
        change={
            **survey.facts, "run": run.id, "attempt": run.attempt, "wait": wait.id, "environment": wait.environment,
            "decision": action.decision, "comment": action.comment,
        },
        before={"reviews": before},
        after={"decision": action.decision},
        repeatable=True,  # only what is pending can be decided: a host refuses the second of two
    )  # fmt: skip
    goes_on = wait.blocks or (f"what it does to {wait.environment}" if wait.environment else "the run")
    since = "" if wait.since is None else f" since {moment(wait.since)}"
    outcome = f"goes on: {goes_on}" if yes else survey.limits.rejecting
    effects = (Effect(what, _where(action, wait), f"waits{since}", outcome),)
    of_yes = (*_about_code(run), *_superseded(run, survey.others), *_of_wait(wait, yes=yes))
    risks = (*(of_yes if yes else _cut_off(run, survey)), *_forgotten(action, survey))
    stop = f"an approval can't be taken back; qd run cancel {RunName(action.target.name, run.id)} stops the rest"
    again = f"a rejection can't be taken back; {_again(action.target, run, survey)} asks again"
    feels = _feels(action, wait, survey)
    return Outline((step,), effects, (), risks, Fuse(False, stop if yes else again), feels)


def plan_start(action: StartRun, place: Place, survey: PipelineSurvey, mark: str) -> Outline | Refusal:
    """One run. `mark` is what tells it from others, as far as the pipeline has an input for that."""
    name, ref = action.target.name, action.ref or survey.ref
    if action.ref and not survey.limits.refs and action.ref != survey.ref:
        return Refusal("usage", f"a run of {name} can't be told what to run on", "leave --ref out")
    strange = [key for key in action.inputs if survey.limits.inputs is not None and key not in survey.limits.inputs]
    if strange:
        known = clean(", ".join(survey.limits.inputs or ()), 200)
        return Refusal("usage", f"{name} takes no input {clean(strange[0], 60)}", f"it takes: {known or 'none'}")
    if survey.correlation in action.inputs:
        return Refusal("usage", f"the input {survey.correlation} of {name} is filled in by itself", "leave it out")
    inputs = {**action.inputs, **({survey.correlation: mark} if survey.correlation else {})}
    told = "".join(f" {key}={clean(value, 60)}" for key, value in action.inputs.items())
    step = Step(
        id="1",
        verb="start_run",
        role="pipelines",
        target=action.target,
        address=place.address,
        summary=f"{name}: start a run on {ref}{told}",
        change={**survey.facts, "ref": ref, "inputs": inputs, "mark": mark if survey.correlation else ""},
        before={"newest": survey.newest},
    )
    risks = [*survey.risks]
    for run in survey.runs:
        if run.open:
            where = f" on {run.ref}" if run.ref else ""
            text = f"{title(action.target, run)} is {run.state}{where}: both will be under way"
            risks.append(Risk("warning", "run-under-way", text, "wait for it, or cancel it"))
    if not survey.correlation:
        text = f"{name} has no input that tells our run from others: after a broken line the newest is taken for ours"
        risks.append(Risk("info", "no-correlation", text, _MARKS if survey.limits.marks else ""))
    effects = (Effect(name, "run", "-", f"a new one on {ref}{told}"),)
    fuse = Fuse(False, "a run can be cancelled; what it has done by then stays")
    return Outline((step,), effects, (), tuple(risks), fuse, "whoever uses what this pipeline changes")


def plan_steer(action: SteerRun, place: Place, survey: RunSurvey) -> Outline | Refusal:
    """Cancel a run, or run it again."""
    run, what = survey.run, title(action.target, survey.run)
    cancel = action.order == "cancel"
    if action.order not in survey.limits.orders:
        message = f"{what} can't be {_ORDERS[action.order]}: its host has no such thing"
        return Refusal("impossible", message, survey.limits.instead)
    if cancel and not run.open:
        return Refusal("unchanged" if run.state == "cancelled" else "impossible", f"{what} has ended: {run.state}")
    if not cancel and run.open:
        return Refusal("impossible", f"{what} is {run.state}: only what has ended can be run again", "cancel it first")
    if action.order == "rerun_failed" and run.state == "succeeded":
        return Refusal("impossible", f"nothing of {what} failed", "leave --failed out to run all of it again")
    again = "all of it again" if action.order == "rerun" else "what failed again"
    step = Step(
        id="1",
        verb="cancel_run" if cancel else "rerun_run",
        role="pipelines",
        target=action.target,
        address=place.address,
        summary=f"{what}: {'cancel it' if cancel else again}",
        change={
            **survey.facts, "run": run.id, "attempt": run.attempt,
            **({} if cancel else {"failed_only": action.order == "rerun_failed"}),
        },
        before={"attempt": run.attempt},
        after={"state": "cancelled"} if cancel else {"attempt": run.attempt + 1},
        repeatable=cancel,
    )  # fmt: skip
    after = "cancelled" if cancel else f"attempt {run.attempt + 1}: {again}"
    effects = (Effect(what, "run", f"{run.state}, attempt {run.attempt}", after),)
    if cancel:
        risk = Risk("warning", "half-done", "what its jobs have done by then stays as it is: it may be half done")
        fuse = Fuse(False, f"it can be run again: {_again(action.target, run, survey)}")
        return Outline((step,), effects, (), (risk,), fuse, "whoever uses what it is changing")
    risks = (*_about_code(run), *_superseded(run, survey.others), *_hazards(run))
    return Outline((step,), effects, (), risks, Fuse(False, "a run can be cancelled; what it has done by then stays"))


def aimed(target: TargetId, environment: str) -> TargetId:
    """A pipeline, where what is done to it changes an environment of ours."""
    return replace(target, environment=environment)


def environment_of(fleet: Fleet, target: TargetId) -> str:
    """Which environment of ours a run changes as a whole, as it is declared."""
    return next((one.environment for one in fleet.pipelines if one.name == target.name), "")


def title(target: TargetId, run: PipelineRun) -> str:
    """A run in a word or two: `deploy #142`."""
    return f"{target.name} #{clean(run.number or run.id, 40)}"


def _again(target: TargetId, run: PipelineRun, survey: RunSurvey) -> str:
    """The words that bring a run once more."""
    if "rerun" in survey.limits.orders:
        return f"qd run rerun {RunName(target.name, run.id)}"
    return f"qd run {target.name}"


def _where(action: DecideRun, wait: PendingApproval) -> str:
    """What is decided about: the host's name for it, and ours where that is another one."""
    theirs, ours = clean(wait.environment, 60), action.target.environment
    return (f"{theirs} ({ours})" if ours.lower() not in ("", theirs.lower()) else theirs) or "the question"


def _feels(action: DecideRun, wait: PendingApproval, survey: RunSurvey) -> str:
    """Who notices a decision. A no keeps users as they are; where it ends all of a run, the rest is gone too."""
    changed = _where(action, wait) if wait.environment else "what this pipeline changes"
    if action.decision == "approve":
        return f"everybody who uses {changed}"
    if survey.limits.ends_all:
        return f"whoever waits for anything that {title(action.target, survey.run)} was still to do: all of it ends"
    return f"nobody who uses {changed}: it stays as it is"


def _about_code(run: PipelineRun) -> Iterator[Risk]:
    """Which code: it is what a person approves, and the title alone doesn't say."""
    code = origin(clean(run.commit, 64)[:8], clean(run.ref, 60), clean(run.actor, 60))
    what = " ".join(one for one in (clean(run.title, 120), f"({code})" if code else "") if one)
    yield Risk("info", "code", what or "the host doesn't say which code it is")


def _superseded(run: PipelineRun, others: Sequence[PipelineRun]) -> Iterator[Risk]:
    newer = [one for one in others if (one.created_at or 0) > (run.created_at or 0) and one.ref == run.ref]
    where = f", on {run.ref}" if run.ref else ""
    if newer and newer[0].state not in ("cancelled", "skipped"):
        text = f"#{newer[0].number} is newer{where}, and {newer[0].state}: this one brings older code"
        yield Risk("warning", "superseded", text, f"see it first: {newer[0].url}" if newer[0].url else "")


def _of_wait(wait: PendingApproval, *, yes: bool) -> Iterator[Risk]:
    if wait.opens_at is not None and yes:
        yield Risk("info", "wait-timer", f"a timer holds it until {moment(wait.opens_at)} all the same")
    if wait.needed > 1:
        have = f" ({', '.join(wait.given)} so far)" if wait.given else ""
        yield Risk("info", "quorum", f"it takes {wait.needed} people{have}")
    if wait.note:
        yield Risk("info", "note", clean(wait.note, 200))


def _cut_off(run: PipelineRun, survey: RunSurvey) -> Iterator[Risk]:
    busy = [part.name for part in run.parts if part.state == "running"]
    if busy and survey.limits.ends_all:
        text = f"a no ends all of the run, and this is under way: {clean(', '.join(busy), 120)}"
        yield Risk("warning", "half-done", text, "let it end first, if half of it would be worse")


def _forgotten(action: DecideRun, survey: RunSurvey) -> Iterator[Risk]:
    if action.comment and not survey.limits.keeps_comments:
        yield Risk("info", "comment", "the host keeps no comments: the reason stands in our history only")


def _hazards(run: PipelineRun) -> Iterator[Risk]:
    done = [part.name for part in run.parts if part.state == "succeeded"]
    if done:
        text = f"what has been done is done again: {clean(', '.join(done), 120)}"
        yield Risk("warning", "done-again", text, "is each of these safe to do twice?")
