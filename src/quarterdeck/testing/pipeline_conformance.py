"""What every PipelineHost must do, checked against a live host; see `conformance.py` for how to use it.

Runs can't be put back as they were: give these checks a pipeline that nobody needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from quarterdeck.fleet.pipelines import PipelineRun, RunsReading
from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import InDoubt, PipelineHost, ProviderError
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.run_action import DecideRun, Decision, RunOrder, StartRun, SteerRun
from quarterdeck.release.run_planning import named_wait, plan_decision, plan_start, plan_steer
from quarterdeck.testing.conformance import NotConforming, PassTime, require, require_printable, steps_of, take

MOST_LOOKS = 100
"""Looks at a run before it counts as never getting there."""


async def check_decision(
    host: PipelineHost, place: Place, decision: Decision, pass_time: PassTime = asyncio.sleep
) -> None:
    """The newest run that waits for a person is decided; deciding it once more is no error and changes nothing.

    What a yes asks for that can't be told must be refused by the planner, and is not sent.
    """
    waiting = await _seen(host, place, lambda run: any(wait.for_people for wait in run.waits), pass_time)
    require(waiting.state == "waiting", f"run {waiting.id} waits for a person and is {waiting.state}")
    action = DecideRun(place.target, waiting.id, decision, comment="conformance")
    survey = await host.survey_run(place.address, waiting.id)
    require_printable(survey, f"survey of run {waiting.id}")
    wait = named_wait(action, survey)
    if isinstance(wait, Refusal):
        raise NotConforming(f"run {waiting.id}: the survey doesn't find what was observed: {wait.message}")
    outline = plan_decision(action, place, survey, wait)
    if decision == "approve" and wait.asks:
        require(isinstance(outline, Refusal), f"run {waiting.id} asks for {wait.asks}, and a plain yes was planned")
        return
    steps = steps_of(outline, f"{decision} run {waiting.id}")
    await take(host, steps, pass_time)
    after = await host.survey_run(place.address, waiting.id)
    require(len(after.reviews) > len(survey.reviews), "the decision isn't among the reviews of the run")
    await _require_no_second(host, steps[0], len(after.reviews))
    again = named_wait(action, after)
    require(isinstance(again, Refusal), "what is decided still waits for the same decision")


async def check_run(host: PipelineHost, place: Place, pass_time: PassTime = asyncio.sleep) -> None:
    """A run is started, cancelled and run again. An order that the survey doesn't have must be refused by the planner,
    and is not given."""
    survey = await host.survey_pipeline(place.address)
    require_printable(survey, f"survey of {place.subject}")
    mark = "conformance-1"
    steps = steps_of(plan_start(StartRun(place.target), place, survey, mark), "start of a run")
    await take(host, steps, pass_time)
    known = {run.id for run in survey.runs}
    started = await _seen(host, place, lambda run: run.id not in known, pass_time)
    orders: tuple[RunOrder, ...] = ("cancel", "rerun")
    for order in orders:
        now = await host.survey_run(place.address, started.id)
        outline: Outline | Refusal = plan_steer(SteerRun(place.target, started.id, order), place, now)
        if order not in now.limits.orders:
            require(isinstance(outline, Refusal), f"the survey says that there is no {order}, and one was planned")
            continue
        await take(host, steps_of(outline, order), pass_time)
    last = await host.survey_run(place.address, started.id)
    expected = started.attempt + ("rerun" in last.limits.orders)
    require(last.run.attempt == expected, f"it should be at attempt {expected} and is at {last.run.attempt}")


async def _seen(
    host: PipelineHost, place: Place, wanted: Callable[[PipelineRun], bool], pass_time: PassTime
) -> PipelineRun:
    """The newest run of that kind, as soon as it is observed."""
    for _ in range(MOST_LOOKS):
        reading = (await host.observe([place])).get(place.subject)
        if not isinstance(reading, RunsReading):
            raise NotConforming(f"{place.subject} was read as {reading!r}")
        found = next((run for run in reading.runs if wanted(run)), None)
        if found is not None:
            return found
        await pass_time(1)
    raise NotConforming(f"{place.subject}: no such run was seen in {MOST_LOOKS} looks")


async def _require_no_second(host: PipelineHost, step: Step, decisions: int) -> None:
    """The same decision sent twice: refused, or without effect."""
    try:
        await host.send(step)
    except InDoubt as error:
        raise NotConforming("a decision sent twice is a clear no, or without effect; not in doubt") from error
    except ProviderError:
        pass
    again = await host.survey_run(step.address, str(step.change["run"]))
    require(len(again.reviews) == decisions, "a decision that was sent twice was counted twice")
