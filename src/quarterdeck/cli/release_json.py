"""A release as JSON for programs, schema 1. Times are UNIX seconds (UTC), lengths of time are seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from quarterdeck.cli.proposal_json import hotfix_json, member_json, step_json
from quarterdeck.cli.release_views import view_of
from quarterdeck.records import asdict
from quarterdeck.release.gate import Measurement
from quarterdeck.release.release_plan import Observe, ReleaseStep
from quarterdeck.release.rollout import BACKGROUND, Release
from quarterdeck.store.base import Store


def release_json(store: Store, release: Release) -> Mapping[str, Any]:
    """A release with all of its steps.

    `state` is one word (`running`, `waiting` for people, `paused`, `hindered`, `confirming`, `recovering`,
    `needs operator`, or how it ended), `waits` says for what; `ending` is null while it runs; `choices` are what an
    operator may answer; `exposed` is the percent of new clients that its unfinished version gets now.
    """
    plan = release.plan
    view = view_of(store, release, time.time())
    return {
        "id": release.id,
        "title": plan.title,
        "environment": plan.environment,
        "state": view.state,
        "waits": view.waits,
        "open": release.open,
        "ending": release.ending,
        "detail": release.detail,
        "choices": list(release.choices),
        "actor": release.actor,
        "reason": release.reason,
        "command": plan.command,
        "started_at": release.started_at,
        "ended_at": release.ended_at,
        "current": view.current.id if view.current else None,
        "members": [member_json(member) for member in plan.members],
        "steps": [_step(release, step) for step in plan.steps],
        "background": list(_gates(release, BACKGROUND, plan.background)),
        "exposed": view.exposed,
        "exposure": plan.exposure,
        "paused": release.paused and asdict(release.paused),
        "recovery": release.recovery and {**asdict(release.recovery), "steps": list(release.recovery.steps)},
        "confirm_by": release.confirm_by,
        "confirmed_by": release.confirmed_by or None,
        "notes": [asdict(note) for note in release.notes],
        "hotfix": plan.hotfix and hotfix_json(plan.hotfix),
        "supersedes": list(plan.supersedes),
        "overrides": list(plan.overrides),
        "way_back": asdict(plan.fuse),
    }


def _step(release: Release, step: ReleaseStep) -> Mapping[str, Any]:
    standing = release.standing(step.id)
    measured = list(_gates(release, step.id, step.work.gates)) if isinstance(step.work, Observe) else []
    return {
        **step_json(step),
        "state": standing.state,
        "detail": standing.detail,
        "operation": standing.operation or None,
        "undo": standing.undo or None,
        "since": standing.since or None,
        "until": standing.until,
        "measured": measured,
        "decisions": [asdict(one) for one in release.decisions.get(step.id, ())],
    }


def _gates(release: Release, step: str, names: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """How the samples of a step's gates add up; `verdict` is null before the first. What counts no more, because the
    step is to begin again or the release goes back, leaves the last measurement, and counts of 0."""
    for name in names:
        tally = release.tallies.get(f"{step}/{name}")
        last, at = (tally.last, tally.last_at) if tally is not None else _last(release, step, name)
        yield {
            "gate": name,
            "verdict": last.verdict if last else None,
            "value": last.value if last else None,
            "detail": last.detail if last else "",
            "shadow": last.shadow if last else False,
            "at": at if last else None,
            "passed": tally.passed if tally else 0,
            "failed": tally.failed if tally else 0,
            "no_data": tally.no_data if tally else 0,
            "stale": tally.stale if tally else 0,
        }


def _last(release: Release, step: str, gate: str) -> tuple[Measurement | None, float]:
    samples = reversed(release.samples.get(step, ()))
    found = ((one, sample.at) for sample in samples for one in sample.measurements if one.gate == gate)
    return next(found, (None, 0.0))
