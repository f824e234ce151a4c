"""What an operator asks of pipelines: decide what a run waits for, start one, cancel one, run one again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from quarterdeck.fleet.pipelines import RunName
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, field

Decision = Literal["approve", "reject"]
RunOrder = Literal["cancel", "rerun", "rerun_failed"]


@dataclass(frozen=True, slots=True)
class DecideRun:
    """Yes or no to what a run waits for.

    `run` is the host's id. `environment` is the host's name of what is decided about ("" where the run waits for one
    decision only). `comment` is told to the host.
    """

    target: TargetId
    run: str
    decision: Decision
    environment: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class StartRun:
    """Begin a run of a pipeline. `ref` "" means the one that the pipeline usually runs on."""

    target: TargetId
    ref: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SteerRun:
    """End a run, or run it again: all of it, or what failed and what depends on that."""

    target: TargetId
    run: str
    order: RunOrder


RunAction = DecideRun | StartRun | SteerRun


def stops_something(action: RunAction) -> bool:
    """Whether it keeps a change from users, as turning a flag off does: no freeze stops that."""
    match action:
        case DecideRun(decision=decision):
            return decision == "reject"
        case SteerRun(order=order):
            return order == "cancel"
    return False


def says_no(action: object) -> bool:
    """Whether it is a no to what a run waits for: users keep what they have, so that no name has to be typed."""
    return isinstance(action, DecideRun) and action.decision == "reject"


def words_of(action: RunAction) -> list[str]:
    """The words that are typed after `qd`."""
    name = action.target.name
    match action:
        case DecideRun(_, run, decision, environment, comment):
            return [decision, str(RunName(name, run, environment)), *(["--reason", comment] if comment else [])]
        case StartRun(_, ref, inputs):
            given = [word for key, value in inputs.items() for word in ("--input", f"{key}={value}")]
            return ["run", name, *(["--ref", ref] if ref else []), *given]
        case SteerRun(_, run, order):
            verb, *failed = order.split("_")
            return ["run", verb, str(RunName(name, run)), *(["--failed"] if failed else [])]
