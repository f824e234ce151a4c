"""A plan as JSON for programs, schema 1. Times are UNIX seconds (UTC), lengths of time are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.records import asdict
from quarterdeck.release.plan import Plan


def plan_json(plan: Plan) -> Mapping[str, Any]:
    """`type_to_confirm` is null where a plain yes is enough; `way_back` says whether and how it can be undone."""
    return {
        "id": plan.id,
        "digest": plan.digest,
        "target": str(plan.action.target),
        "command": plan.command,
        "steps": [
            {
                "id": step.id,
                "verb": step.verb,
                "target": str(step.target),
                "summary": step.summary,
                "reversible": step.undo is not None,
            }
            for step in plan.steps
        ],
        "effects": [asdict(effect) for effect in plan.effects],
        "settings": [asdict(setting) for setting in plan.settings],
        "risks": [asdict(risk) for risk in plan.risks],
        "way_back": asdict(plan.fuse),
        "who_feels_it": plan.who_feels_it,
        "type_to_confirm": plan.type_to_confirm or None,
        "undoes": plan.undoes or None,
        "made_at": plan.made_at,
        "expires_at": plan.expires_at,
    }
