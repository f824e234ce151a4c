"""Who may have a plan made and carried out, and under which conditions."""

from __future__ import annotations

from quarterdeck.fleet.topology import Environment
from quarterdeck.release.freshness import about
from quarterdeck.release.plan import Plan, Refusal
from quarterdeck.release.release_plan import ReleasePlan

PLAN_LIFE = 300.0
"""Seconds for which a plan may be confirmed: what it was made from gets old."""


def name_to_type(environments: tuple[Environment, ...], environment: str) -> str:
    """What has to be typed before something changes in this environment; "" if a plain yes will do."""
    return next((e.name for e in environments if e.name == environment and e.protected), "")


def refuse_writing(read_only: bool) -> Refusal | None:
    """A viewer that was started read-only gets nothing written, whatever it asks for."""
    if not read_only:
        return None
    return Refusal("policy", "this viewer is read-only", "start it without --read-only")


def refuse_late(asked_at: float, now: float) -> Refusal | None:
    """An answer that waited for a runner for longer than a plan lives was given to another state of things."""
    if now - asked_at < PLAN_LIFE:
        return None
    return Refusal("stale", f"this was asked {about(now - asked_at)} ago, and nobody was there to do it", "look again")


def refuse_confirmation(plan: Plan | ReleasePlan, digest: str, typed: str, now: float) -> Refusal | None:
    """Whether this yes is a yes to exactly this plan, in time, by somebody who knows where they are."""
    if digest != plan.digest:
        return Refusal("stale", f"plan {plan.id} is not the one that was shown", "look at the plan again")
    if now >= plan.expires_at:
        age = about(now - plan.made_at)
        return Refusal("stale", f"plan {plan.id} was made {age} ago and has expired", "plan again")
    if plan.type_to_confirm and typed != plan.type_to_confirm:
        given = f"{typed!r} was typed" if typed else "nothing was typed"
        return Refusal(
            "policy", f"{plan.type_to_confirm} is protected: its name must be typed; {given}", "type it exactly"
        )
    return None
