"""Whether a flag has become what a step wants, when that took several requests. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.fleet.readings import FlagReading
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, flag_facts, settle_flag


def settled(step: Step, reading: FlagReading) -> Settlement:
    """Settle set_flag. A flag that has some parts as wanted and the others as before is half done, and told so: users
    may see it that way for long, so nobody may take it for either."""
    settlement = settle_flag(step, reading)
    if settlement.state != "changed_by_other":
        return settlement
    now, before, after = (_parts(facts) for facts in (flag_facts(reading), step.before, step.after))
    changing = [part for part in {**before, **after} if before.get(part) != after.get(part)]
    others = [part for part in now if part not in changing and now[part] != before.get(part)]
    done = [part for part in changing if now.get(part) == after.get(part)]
    left = [part for part in changing if now.get(part) == before.get(part)]
    if others or not done or not left or len(done) + len(left) < len(changing):
        return settlement
    evidence = {"done": ", ".join(done), "not_done": ", ".join(left)}
    detail = f"half done: {_told(done, now)} as wanted, {_told(left, now)} as before; abandon this and plan the rest"
    return Settlement("changed_by_other", detail, evidence)


def _parts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is written by a request of its own."""
    groups = {f"group {group}": percent for group, percent in facts["audience"].items()}
    return {"switch": facts["enabled"], "everybody": facts["percent"], **groups}


def _told(parts: list[str], now: Mapping[str, Any]) -> str:
    def state(part: str) -> str:
        if part == "switch":
            return "on" if now[part] else "off"
        return f"{now.get(part) or 0:g}%"

    return ", ".join(f"{part} {state(part)}" for part in parts)
