"""Readings that lag: right after a write a system may still tell what was there before it.

A plan made from such a reading would write the old value back, as part of something else: a weight that was set and
read back a moment ago would be taken for what is there, and what is worked out from it would be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.fleet.topology import Address
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import (
    Settlement,
    settle_destination,
    settle_flag,
    settle_shares,
    settle_slots,
)
from quarterdeck.release.survey import DeploySurvey, FlagSurvey, SwapSurvey, TrafficSurvey

MOST_LAG = 10.0
"""Seconds after which a reading is believed against what was verified before: whoever sets something back by hand
must not be taken for a system that is slow to tell."""


def behind(
    survey: SwapSurvey | TrafficSurvey | FlagSurvey | DeploySurvey,
    address: Address,
    operations: Sequence[Operation],
    now: float,
) -> str:
    """Which verified write a reading doesn't show yet, in words; "" if it shows all of them.

    Only what is exactly as it was before such a write counts: everything else is somebody's change.
    """
    lately = sorted(_done_lately(operations, address, now), key=lambda done: done[0], reverse=True)
    latest: dict[object, str] = {}
    for at, operation, step in lately:
        found = _settled(step, survey)
        if found is None:
            continue
        subject = _subject(step)
        if subject not in latest:
            latest[subject] = found.state
        if latest[subject] != "done" and found.state in ("not_done", "unclear"):
            return f"{step.summary} was read back {now - at:.1f} s ago by operation {operation.id}"
    return ""


def _done_lately(
    operations: Sequence[Operation], address: Address, now: float
) -> Iterator[tuple[float, Operation, Step]]:
    for operation in operations:
        for plan in (operation.plan, operation.undoing):
            for step in plan.steps if plan is not None else ():
                progress = operation.step(step.id)
                fresh = progress.state == "done" and 0 <= now - progress.since < MOST_LAG
                if fresh and step.address == address:
                    yield progress.since, operation, step


def _subject(step: Step) -> object:
    change = step.change
    return step.role, change.get("destination"), change.get("name"), change.get("label")


def _settled(step: Step, survey: SwapSurvey | TrafficSurvey | FlagSurvey | DeploySurvey) -> Settlement | None:
    """What the reading says about the step; None where it is about something else."""
    change = step.change
    match survey:
        case TrafficSurvey() if step.verb == "set_destination":
            return settle_destination(step, survey.reading)
        case TrafficSurvey() if step.verb == "set_shares":
            return settle_shares(step, survey.reading)
        case FlagSurvey() if step.verb == "set_flag":
            flag = survey.reading
            same = (flag.name, flag.label) == (change["name"], change["label"])
            return settle_flag(step, flag) if same else None
        case SwapSurvey() if step.verb in ("swap", "preview", "complete", "cancel"):
            names = (survey.source.name.lower(), survey.destination.name.lower())
            same = names == (str(change["source"]).lower(), str(change["destination"]).lower())
            return settle_slots(step, survey.source, survey.destination) if same else None
        case _:
            return None
