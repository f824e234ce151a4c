"""A runner at work in the sandbox: a confirmed flip on its way to the wire, what the engine adds to a swap.

The flip's budget is 60 ms where `python -c pass` took 23 ms. That a swap has ended may be known one interval between
two looks at it later than it has.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tests.benchmarks.commands import NOTHING, python_doing_nothing
from tests.benchmarks.figures import Effort, Figure, in_turns, median, milliseconds
from tests.benchmarks.runners import runner_of
from tests.runner.crew import Crew, until

from quarterdeck.fleet.readings import FlagsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.paths import shared_dir
from quarterdeck.release.action import FlagChange, Swap

SERVICE = TargetId("staging", "checkout")


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    with runner_of(shared_dir("sample-configs") / "contoso-shop.yaml") as crew:
        seen = until(lambda: crew.store.observations().get("flags/staging/flags"), "the flags are read")
        assert isinstance(seen.reading, FlagsReading)
        flag = TargetId("staging", seen.reading.flags[0].name, flag=True)
        flipped, nothing = in_turns(effort.rounds, lambda: _flip(crew, flag), python_doing_nothing)
        late, interval = _swap(crew)
    flip = "confirmed flip taken by the flag store"
    yield median(flip, milliseconds(flipped), "ms", NOTHING, milliseconds(nothing), times=60 / 23)
    yield Figure("end of a swap until it is known", late, "s", "between its last two looks", interval, times=1)


def _flip(crew: Crew, flag: TargetId) -> float:
    """Seconds from the yes until the flag store had taken the write: more than until it was sent."""
    reading = crew.store.observations()["flags/staging/flags"].reading
    assert isinstance(reading, FlagsReading)
    enabled = next(one.enabled for one in reading.flags if one.name == flag.name)
    plan = crew.answer(crew.asker().plan(FlagChange(flag, enabled=not enabled), "benchmark")).plan
    assert plan is not None
    began = time.time()
    operation = crew.answer(crew.asker().confirm(plan, plan.type_to_confirm, "benchmark")).operation
    assert crew.ended(operation).ending == "succeeded"
    accepted = next(event for event in crew.store.events(operation=operation) if event.kind == "step.accepted")
    return accepted.at - began


def _swap(crew: Crew) -> tuple[float, float]:
    """Seconds from the end of a swap in the world to the end of its operation, and between the last two looks at it."""
    operation = crew.ended(crew.begin(Swap(SERVICE, "staging", "production")))
    assert operation.ending == "succeeded"
    assert operation.ended_at is not None
    (finished,) = crew.sandbox("GET", "log?kind=swap.finished")["value"]
    asked = crew.sandbox("GET", "requests")["value"]
    looks = [_moment(one["time"]) for one in asked if "operationresults" in one["path"].lower()]
    return operation.ended_at - _moment(finished["time"]), looks[-1] - looks[-2]


def _moment(text: str) -> float:
    """UNIX seconds of a time as Azure writes it."""
    return datetime.fromisoformat(text).timestamp()
