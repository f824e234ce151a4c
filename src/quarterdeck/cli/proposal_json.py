"""A proposed release as JSON for programs, schema 1. Times are UNIX seconds (UTC), lengths of time are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.fleet.codec import to_json
from quarterdeck.records import asdict
from quarterdeck.release.action import command_line
from quarterdeck.release.release_plan import (
    Ask,
    HotfixPath,
    Member,
    Observe,
    Pause,
    ReleasePlan,
    ReleaseStep,
    Run,
    Write,
)


def proposal_json(plan: ReleasePlan) -> Mapping[str, Any]:
    """`type_to_confirm` is null where a plain yes is enough; `way_back` says whether and how it can be undone."""
    return {
        "id": plan.id,
        "digest": plan.digest,
        "title": plan.title,
        "environment": plan.environment,
        "command": plan.command,
        "members": [member_json(member) for member in plan.members],
        "steps": [step_json(step) for step in plan.steps],
        "gates": [to_json(gate) for gate in plan.gates],
        "approvals": [to_json(rule) for rule in plan.approvals],
        "background": list(plan.background),
        "on_failure": plan.on_failure,
        "confirm_within": plan.confirm_within,
        "pause_limit": plan.pause_limit,
        "risks": [asdict(risk) for risk in plan.risks],
        "way_back": asdict(plan.fuse),
        "who_feels_it": plan.who_feels_it,
        "exposure": plan.exposure,
        "hotfix": plan.hotfix and hotfix_json(plan.hotfix),
        "supersedes": list(plan.supersedes),
        "overrides": list(plan.overrides),
        "type_to_confirm": plan.type_to_confirm or None,
        "made_at": plan.made_at,
        "expires_at": plan.expires_at,
    }


def member_json(member: Member) -> Mapping[str, Any]:
    """One service: null for what isn't known."""
    return {
        "target": str(member.target),
        "version": member.version or None,
        "previous": member.previous or None,
        "strategy": member.strategy or None,
    }


def step_json(step: ReleaseStep) -> Mapping[str, Any]:
    """One step; `kind` is `write`, `pause`, `observe`, `ask` or `run`, and has keys of its own."""
    return {
        "id": step.id,
        "target": str(step.target),
        "summary": step.summary,
        "needs": list(step.needs),
        "ring": step.ring or None,
        "phase": step.phase or None,
        "exposure": step.exposure,
        **_work(step),
    }


def _work(step: ReleaseStep) -> Mapping[str, Any]:
    match step.work:
        case Write(action, tolerance, expects, undoes):
            command = {"command": command_line(action), "undoes": undoes or None}
            return {"kind": "write", **command, "tolerance": tolerance, "expects": expects or None}
        case Pause(seconds):
            return {"kind": "pause", "seconds": seconds}
        case Observe(gates, seconds):
            return {"kind": "observe", "gates": list(gates), "seconds": seconds}
        case Ask(rule):
            return {"kind": "ask", "approval": rule}
        case Run(command, timeout, repeatable, undo):
            words = {"command": list(command), "undo": list(undo)}
            return {"kind": "run", **words, "timeout": timeout, "repeatable": repeatable}


def hotfix_json(path: HotfixPath) -> Mapping[str, Any]:
    """What is left out of the regular way, and what isn't."""
    skipped = [{**asdict(one), "authority": list(one.authority)} for one in path.skipped]
    return {"ref": path.ref, "skipped": skipped, "kept": list(path.kept)}
