"""A flag that was switched off under a label that production doesn't read."""

from __future__ import annotations

import json

from quarterdeck.cli.drills.drill import Drill, Facts, Pattern, Seen
from quarterdeck.cli.drills.stage import Stage
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import FlagChange


def _set_up(stage: Stage) -> Facts:
    flag = stage.random.choice(("FastCart", "NewCheckout"))
    operation = stage.carry_out(
        FlagChange(TargetId("staging", flag, flag=True), "staging", enabled=False), "it breaks carts, off with it"
    )
    stage.ended(operation)
    return {"target": f"flag:production/{flag}", "also": f"flag:staging/{flag}", "flag": flag}


def _missing(seen: Seen, facts: Facts) -> str:
    if _on(seen, facts["flag"], "production"):
        return f"production still has {facts['flag']} on: its users still meet the trouble"
    if not _on(seen, facts["flag"], "staging"):
        return f"staging still has {facts['flag']} off, where it was switched by mistake"
    return seen.half_done()


def _on(seen: Seen, flag: str, label: str) -> bool:
    found = (one for one in seen.world["configuration"] if one["key"].endswith(f"/{flag}") and one["label"] == label)
    return bool(json.loads(next(found)["value"])["enabled"])


DRILL = Drill(
    name="wrong-label",
    title="a flag switched off under the wrong label",
    story=(
        "{flag} breaks carts in production. Ten minutes ago Bo said: it is off.",
        "Tickets go on coming. Each environment reads the flag under its own label.",
        "Make it off for production's users, and every other environment as it was.",
    ),
    set_up=_set_up,
    missing=_missing,
    right=r"qd flag off production/<flag>|qd rollback <also>|qd flag on staging/<flag>",
    wrong=(
        Pattern(r"qd flag on production/<flag>", "it is on there, and that is the trouble"),
        Pattern(r"qd flag off staging/<flag>", "nobody in production reads that label"),
        Pattern(r"qd flag rollout \S+ production/<flag>", "fewer users, but some of them still meet the trouble"),
    ),
    hints=(
        "What did bo do, and where? `qd drill do history --commands`.",
        "`qd drill do flag list`: under which label is it off, under which on?",
        "qd drill do flag off production/{flag}   and then   qd drill do rollback flag:staging/{flag}",
    ),
    path=(
        ("flag list", "the flag in both environments, with its labels"),
        ("flag off production/{flag}", "what bo meant"),
        ("rollback flag:staging/{flag}", "what bo did"),
    ),
    lesson="A flag that was switched is not off until the environment that users are in says so. Read it back there.",
    par=75,
)
