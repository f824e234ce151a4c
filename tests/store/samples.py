"""Plans, drafts and requests to put into a store."""

from __future__ import annotations

from typing import Any

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address
from quarterdeck.release.action import Swap
from quarterdeck.release.plan import Effect, Plan, Step
from quarterdeck.store.base import Draft, Request


def plan(plan_id: str = "p1", target: str = "production/checkout", undoes: str = "") -> Plan:
    where = TargetId.parse(target)
    address = Address("azure", {"resource_group": "shop", "site": "checkout"})
    step = Step("1", "swap", "slots", where, address, "swap staging and production", before={"build": "a"})
    effect = Effect(target, "build", "2.14.3", "2.15.0")
    return Plan(plan_id, "r1", Swap(where, "staging", "production"), (step,), (effect,), undoes=undoes)


def started(operation: str, made: Plan | None = None, actor: str = "ana", reason: str = "why not") -> Draft:
    made = made or plan()
    target = str(made.action.target)
    return Draft("operation.started", actor, operation, target, {"plan": made, "reason": reason})


def step_event(kind: str, operation: str, **body: Any) -> Draft:
    return Draft(f"step.{kind}", "runner", operation, "production/checkout", {"step": "1", **body})


def ended(operation: str, ending: str = "succeeded", choices: tuple[str, ...] = ()) -> Draft:
    body = {"ending": ending, "detail": "so it went", "choices": choices}
    return Draft("operation.ended", "runner", operation, "production/checkout", body)


def request(request_id: str, key: str = "", kind: Any = "refresh") -> Request:
    return Request(request_id, key or request_id, kind, {"target": ""}, "ana@jump", at=1)
