"""`qd approve ID[/STEP]` and `qd reject ID[/STEP]`: a person's word on what a release or a pipeline's run waits for."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Literal

from quarterdeck.cli import confirming, output, wishing
from quarterdeck.cli.actions import carry_out
from quarterdeck.cli.connected import connected, existing_store
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.release_finding import find_open_release
from quarterdeck.cli.release_json import release_json
from quarterdeck.cli.release_text import release_lines
from quarterdeck.cli.release_views import next_words, view_of
from quarterdeck.cli.requesting import answer_to
from quarterdeck.cli.times import ahead_argument, shown
from quarterdeck.fleet.pipelines import RUN_PREFIX
from quarterdeck.release.release_plan import Ask
from quarterdeck.release.rollout import Release
from quarterdeck.release.run_action import DecideRun, Decision
from quarterdeck.release.run_command import read_decision
from quarterdeck.store.base import Store


def configure_approve(parser: ArgumentParser) -> None:
    """What is approved, and from when on."""
    _configure_what(parser)
    parser.add_argument(
        "--after", type=ahead_argument, metavar="TIME", help="yes, but only from then on: 2h, 22:00, 2026-12-01T08:00Z"
    )
    confirming.configure(parser)
    _configure_run(parser)
    parser.set_defaults(run=approve)


def configure_reject(parser: ArgumentParser) -> None:
    """What is rejected, and why."""
    _configure_what(parser)
    parser.add_argument("--yes", action="store_true", help="a no needs no second question; taken for symmetry")
    confirming.reason(parser, required=True)
    _configure_run(parser)
    parser.set_defaults(run=reject)


def _configure_what(parser: ArgumentParser) -> None:
    parser.add_argument(
        "release",
        metavar="ID[/STEP]",
        help="a release by its id, the beginning of it, or ENV/SERVICE; the step, if not the one that waits; or a run "
        "of a pipeline, run:PIPELINE/RUN[/ENVIRONMENT]",
    )


def _configure_run(parser: ArgumentParser) -> None:
    """What is meant for runs of pipelines only."""
    wishing.configure_override(parser)
    parser.add_argument("--detach", action="store_true", help="for a run: return as soon as it has started")


def approve(invocation: Invocation) -> ExitCode:
    """Say yes, having been shown the whole release with all that was measured."""
    given = invocation.arguments
    invocation.require_writing()
    if given.release.startswith(RUN_PREFIX):
        return _approve_run(invocation)
    with existing_store(invocation) as store:
        release, step = find_asked(store, given.release)
        output.narrate("\n".join(release_lines(view_of(store, release, time.time()))))
    confirming.typed_confirmation(confirming.Question(), given)
    later = "" if given.after is None else f", counts from {shown(given.after)}"
    return _decide(invocation, release, step, "approve", given.after or 0, f"approved{later}")


def reject(invocation: Invocation) -> ExitCode:
    """Say no."""
    invocation.require_writing()
    if invocation.arguments.release.startswith(RUN_PREFIX):
        # A no needs no second question: nothing gets to users by it.
        return carry_out(invocation, _of_run(invocation, "reject"), lambda made: made.type_to_confirm)
    with existing_store(invocation) as store:
        release, step = find_asked(store, invocation.arguments.release)
    return _decide(invocation, release, step, "reject", 0, "rejected")


def _approve_run(invocation: Invocation) -> ExitCode:
    given = invocation.arguments
    if given.after is not None:
        message = "a run of a pipeline can't be approved in advance"
        raise CommandError(ExitCode.USAGE, message, "leave --after out: the host takes a yes for now")
    action = _of_run(invocation, "approve")
    return carry_out(invocation, action, lambda made: confirming.typed_confirmation(made, given))


def _of_run(invocation: Invocation, decision: Decision) -> DecideRun:
    words = [invocation.arguments.release]
    words += ["--reason", invocation.arguments.reason] if invocation.arguments.reason else []
    try:
        return read_decision(decision, words)
    except ValueError as error:
        raise CommandError(ExitCode.USAGE, str(error), "qd pipelines lists the runs") from error


def _decide(
    invocation: Invocation,
    release: Release,
    step: str,
    verdict: Literal["approve", "reject"],
    effective_at: float,
    said: str,
) -> ExitCode:
    with connected(invocation) as fleet:
        reason = invocation.arguments.reason
        asked = fleet.asker.decide(release.id, verdict, reason, step=step, effective_at=effective_at)
        answer = answer_to(fleet, asked)
        after = fleet.store.release(release.id) or release
        if invocation.json:
            output.document("release", {"release": release_json(fleet.store, after)})
        else:
            output.data(answer.said or f"{said}: step {step} of release {release.id}")
        if words := next_words(view_of(fleet.store, after, time.time())):
            output.narrate(words)
    return ExitCode.DONE


def find_asked(store: Store, wanted: str) -> tuple[Release, str]:
    """The release and the approval step that `ID`, `ENV/SERVICE`, `ID/STEP` or `ENV/SERVICE/STEP` mean.

    Raises:
        CommandError: there is none, or it asks nobody.
    """
    name, step = _split(wanted)
    release = find_open_release(store, name)
    asking = [one.id for one in release.plan.steps if isinstance(one.work, Ask)]
    if step:
        if step not in asking:
            message = f"step {step!r} of release {release.id} asks nobody"
            raise CommandError(ExitCode.USAGE, message, f"those that do: {', '.join(asking) or 'none'}")
        return release, step
    current = release.current
    if current is not None and current.id in asking and release.standing(current.id).state == "running":
        return release, current.id
    view = view_of(store, release, time.time())
    hint = next_words(view) or f"see it: qd release show {release.id}"
    raise CommandError(ExitCode.FAILED, f"release {release.id} waits for no approval now: {view.waits}", hint)


def _split(wanted: str) -> tuple[str, str]:
    """A step comes after the last slash: of an id's only one, or of a target's second."""
    name, slash, step = wanted.rpartition("/")
    if slash and step.isdecimal():
        return name, step
    return wanted, ""
