"""`qd pipelines [NAME]`: runs, and what they wait for, as last read."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from quarterdeck.cli import output
from quarterdeck.cli.connected import connected
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.passages import answer_lines, wrapped
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunName, RunsReading, origin
from quarterdeck.fleet.topology import Place
from quarterdeck.release.pipeline_view import PipelineView, RunView
from quarterdeck.release.run_command import pipeline as named

SHOWN = 10
"""Runs of a pipeline that are printed, beside those that wait; --json has all that are known."""


def configure(parser: ArgumentParser) -> None:
    """Which pipeline."""
    parser.add_argument("pipeline", nargs="?", metavar="NAME", help="one pipeline; all of them without")
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Print the runs."""
    wanted = invocation.arguments.pipeline
    with connected(invocation) as fleet:
        seen = fleet.picture()
        published, observations = fleet.store.fleet(), fleet.store.observations()
    known = [one.target.name for one in seen.pipelines]
    if wanted is not None:
        wanted = _name(wanted)
        if wanted not in known:
            hint = f"there are: {', '.join(known)}" if known else "none is declared: `pipelines:` does it"
            raise CommandError(ExitCode.USAGE, f"there is no pipeline {wanted!r}", hint)
    if invocation.json:
        places = [place for place in (published.places if published else ()) if place.role == "pipelines"]
        shown = [place for place in places if wanted in (None, place.target.name)]
        documents = [pipeline_json(place, observations.get(place.subject)) for place in shown]
        output.document("pipelines", {"pipelines": documents})
        return ExitCode.DONE
    views = [one for one in seen.pipelines if wanted in (None, one.target.name)]
    for view in views:
        output.data("\n".join(pipeline_lines(view)))
    if not views:
        output.data("no pipeline is declared")
    return ExitCode.DONE


def pipeline_lines(view: PipelineView) -> Iterator[str]:
    """A pipeline: where it is, how old that is, and its runs."""
    known = view.known
    age = f"read {known.age} ago" if known.age not in ("", "now") else "read just now" if known.age else "never read"
    yield f"{view.target.name}  {view.where}  {age}"
    if known.trouble is not None:
        yield from wrapped(f"! {known.trouble.message}", "  ")
        if known.trouble.hint:
            yield from wrapped(known.trouble.hint, "    -> ")
    shown = [run for index, run in enumerate(view.runs) if run.decisions or index < SHOWN]
    for run_ in shown:
        yield from run_lines(run_)
    if not view.runs and known.trouble is None:
        yield "  no runs"


def run_lines(view: RunView) -> Iterator[str]:
    """A run: its state, what it is about, what it waits for, and how to answer that."""
    when = f"for {view.age}" if view.open and view.age not in ("", "now") else f"{view.age} ago"
    when = "just now" if view.age == "now" else when
    attempt = f"  attempt {view.attempt}" if view.attempt > 1 else ""
    yield from wrapped(f"#{view.number}  {view.state}  {when}{attempt}  {view.title}", "  ", hang=4)
    code = origin(view.commit, view.ref)
    yield from wrapped("  ".join(one for one in (code, view.actor, view.key) if one), "      ")
    for wait in view.waits:
        since = f"  for {wait.age}" if wait.age not in ("", "now") else ""
        yield from wrapped(f"waits for {wait.text}{since}", "      ")
        if wait.so_far:
            yield from wrapped(f"so far: {wait.so_far}", "      ")
        if wait.who:
            yield from wrapped(f"who may: {wait.who}", "      ")
        if wait.note:
            yield from wrapped(f"note: {wait.note}", "      ")
        if wait.for_people:
            yield from answer_lines(wait.by_hand, "      ")
    if view.superseded:
        yield from wrapped(f"WARNING: {view.superseded}", "      ! ")


def pipeline_json(place: Place, seen: Observation | None) -> Mapping[str, Any]:
    """A pipeline with every run that is known; times in UNIX seconds."""
    name, trouble = place.target.name, seen.trouble if seen else None
    reading = seen.reading if seen else None
    return {
        "name": name,
        "connection": place.address.connection,
        "address": dict(place.address.parts),
        "source": seen.source if seen else "",
        "observed_at": seen.observed_at if seen else None,
        "trouble": None
        if trouble is None
        else {"code": trouble.code, "message": trouble.message, "hint": trouble.hint},
        "runs": [_run(name, one) for one in (reading.runs if isinstance(reading, RunsReading) else ())],
    }


def _run(pipeline: str, one: PipelineRun) -> Mapping[str, Any]:
    return {
        "run": str(RunName(pipeline, one.id)),
        "id": one.id,
        "number": one.number,
        "attempt": one.attempt,
        "state": one.state,
        "status": one.status,
        "title": one.title,
        "ref": one.ref,
        "commit": one.commit,
        "actor": one.actor,
        "event": one.event,
        "created_at": one.created_at,
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "url": one.url,
        "parts": [
            {"name": part.name, "state": part.state, "started_at": part.started_at, "ended_at": part.ended_at}
            for part in one.parts
        ],
        "waits": [_wait(pipeline, one, wait) for wait in one.waits],
    }


def _wait(pipeline: str, run: PipelineRun, wait: PendingApproval) -> Mapping[str, Any]:
    return {
        "wait": str(RunName(pipeline, run.id, run.name_of(wait))),
        "kind": wait.kind,
        "needs_a_person": wait.for_people,
        "environment": wait.environment,
        "blocks": wait.blocks,
        "reviewers": list(wait.reviewers),
        "may_decide": wait.may_decide,
        "since": wait.since,
        "expires_at": wait.expires_at,
        "opens_at": wait.opens_at,
        "given": list(wait.given),
        "needed": wait.needed,
        "note": wait.note,
    }


def _name(text: str) -> str:
    try:
        return named(text).name
    except ValueError as error:
        raise CommandError(ExitCode.USAGE, str(error), "qd pipelines lists them") from error
