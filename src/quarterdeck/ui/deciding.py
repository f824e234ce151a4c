"""From a key to what is asked of a pipeline: which decision, with which words; what to run; then the plan."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.pipeline_view import RunView, WaitView
from quarterdeck.release.run_action import DecideRun, Decision, RunOrder, StartRun, SteerRun
from quarterdeck.release.run_command import read_run

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


def decide(cockpit: Cockpit, run: RunView, decision: Decision, key: str = "") -> None:
    """Ask about what, then for words to it. `key` names what of the run is meant, "" if nothing does yet."""
    from quarterdeck.ui.screens.small import Menu
    from quarterdeck.ui.widgets.choices import Option

    waits = [wait for wait in run.decisions if key in ("", wait.key)]
    if len(waits) == 1:
        _comment(cockpit, run, waits[0], decision)
        return
    options = [Option(str(i), wait.environment or wait.text, wait.text) for i, wait in enumerate(waits)]

    def chosen(index: str | None) -> None:
        if index is not None:
            _comment(cockpit, run, waits[int(index)], decision)

    cockpit.push_screen(Menu(f"{decision.capitalize()} what? {run.name}", options), chosen)


def _comment(cockpit: Cockpit, run: RunView, wait: WaitView, decision: Decision) -> None:
    from quarterdeck.ui.screens.small import Prompt

    told = [f"{run.name} waits for {wait.text}: {run.title}"]
    told.append(
        "why? it is told to the pipeline's host, if that keeps such words"
        + ("" if decision == "reject" else "; Enter for nothing")
    )

    def given(text: str | None) -> None:
        if text is not None:
            cockpit.plan(DecideRun(run.target, run.id, decision, wait.asks, text.strip()))

    def wrong(text: str) -> str:
        return "" if text.strip() or decision == "approve" else "a rejection needs a reason"

    cockpit.push_screen(Prompt(f"{decision.capitalize()} {wait.environment or wait.text}", told, "", wrong), given)


def start(cockpit: Cockpit, target: TargetId) -> None:
    """On which ref, with which inputs; then the plan."""
    from quarterdeck.ui.screens.small import Prompt

    told = ["[--ref REF] [--input NAME=VALUE ...]; Enter alone runs it on its usual branch"]

    def given(words: str | None) -> None:
        if words is not None:
            action = read_run([target.name, *shlex.split(words)])
            if isinstance(action, StartRun):
                cockpit.plan(action)

    def wrong(words: str) -> str:
        try:
            read_run([target.name, *shlex.split(words)])
        except ValueError as error:
            return str(error)
        return ""

    cockpit.push_screen(Prompt(f"New run of {target.name}", told, "", wrong), given)


def cancel(cockpit: Cockpit, run: RunView) -> None:
    """The plan of a cancellation."""
    cockpit.plan(SteerRun(run.target, run.id, "cancel"))


def again(cockpit: Cockpit, run: RunView) -> None:
    """All of it or what failed, then the plan."""
    from quarterdeck.ui.screens.small import Menu
    from quarterdeck.ui.widgets.choices import Option

    if run.state == "succeeded":
        cockpit.plan(SteerRun(run.target, run.id, "rerun"))
        return
    orders: dict[str, RunOrder] = {"failed": "rerun_failed", "all": "rerun"}
    options = [
        Option("failed", "what failed", "and what depends on that"),
        Option("all", "all of it", "what was done is done again"),
    ]

    def chosen(key: str | None) -> None:
        if key is not None:
            cockpit.plan(SteerRun(run.target, run.id, orders[key]))

    cockpit.push_screen(Menu(f"Run what of {run.name} again?", options), chosen)
