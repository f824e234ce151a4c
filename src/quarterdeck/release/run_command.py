"""Words about pipelines as an operator types them, to an action: the inverse of `run_action.words_of`."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.fleet.pipelines import RUN_PREFIX, RunName
from quarterdeck.fleet.targets import PIPELINE_PREFIX, TargetId
from quarterdeck.release.options import only_word, take_option, take_options
from quarterdeck.release.run_action import DecideRun, Decision, RunOrder, StartRun, SteerRun

FORMS: Mapping[str, str] = {
    "run": "run PIPELINE [--ref REF] [--input NAME=VALUE ...] | run (cancel | rerun [--failed]) run:PIPELINE/RUN",
    "approve": "approve run:PIPELINE/RUN[/ENVIRONMENT] [--reason TEXT]",
    "reject": "reject run:PIPELINE/RUN[/ENVIRONMENT] --reason TEXT",
}
_STEERING: Mapping[str, RunOrder] = {"cancel": "cancel", "rerun": "rerun"}


def names_a_run(words: list[str]) -> bool:
    """Whether a decision is about a pipeline's run, and not about a release."""
    return any(word.startswith(RUN_PREFIX) for word in words)


def read_decision(decision: Decision, words: list[str]) -> DecideRun:
    """Read the words after `approve` or `reject`. Raises ValueError."""
    comment = take_option(words, "--reason")
    run = RunName.parse(only_word(words, "the run"))
    if decision == "reject" and not comment:
        raise ValueError("rejecting needs --reason TEXT")
    return DecideRun(pipeline(run.pipeline), run.run, decision, run.environment, comment)


def read_run(words: list[str]) -> StartRun | SteerRun:
    """Read the words after `run`. Raises ValueError."""
    failed, words = "--failed" in words, [word for word in words if word != "--failed"]
    order = _STEERING.get(words[0]) if words else None
    if order is not None and names_a_run(words):
        run = RunName.parse(only_word(words[1:], "the run"))
        if failed and order != "rerun":
            raise ValueError("--failed goes with rerun")
        return SteerRun(pipeline(run.pipeline), run.run, "rerun_failed" if failed else order)
    if failed:
        raise ValueError("--failed goes with rerun")
    ref = take_option(words, "--ref")
    inputs = dict(_pair(word) for word in take_options(words, "--input"))
    return StartRun(pipeline(only_word(words, "the pipeline")), ref, inputs)


def pipeline(name: str) -> TargetId:
    """A pipeline by its name, with `pipeline:` before it or without. Raises ValueError."""
    return TargetId.parse(PIPELINE_PREFIX + name.removeprefix(PIPELINE_PREFIX))


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise ValueError(f"{word!r} is not NAME=VALUE")
    return name, value
