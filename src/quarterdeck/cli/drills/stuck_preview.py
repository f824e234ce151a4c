"""A swap with preview that somebody prepared and left: the slot is blocked, and what is in it must not go live."""

from __future__ import annotations

from quarterdeck.cli.drills.drill import Drill, Facts, Pattern, Seen
from quarterdeck.cli.drills.stage import Stage
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap

_SITE = "contoso-payments"


def _set_up(stage: Stage) -> Facts:
    before = stage.seen()
    prepared = stage.carry_out(Swap(TargetId("production", "payments"), mode="preview"), "Friday's release")
    stage.ended(prepared)
    return {
        "target": "production/payments",
        "old": before.version(_SITE),
        "new": str(before.slot(_SITE, "staging")["build"]["version"]),
    }


def _missing(seen: Seen, facts: Facts) -> str:
    if seen.version(_SITE) != facts["old"]:
        return f"users of payments have {seen.version(_SITE)}, which loses payments"
    if any(seen.slot(_SITE, name)["preview_from"] for name in ("production", "staging")):
        return "the swap is still prepared: nobody can use the slot"
    return seen.half_done()


DRILL = Drill(
    name="stuck-preview",
    title="a prepared swap that nobody finished",
    story=(
        "Bo prepared the swap of payments {new} with a preview, and went on leave.",
        "Support found out: {new} loses one payment in six. Users must not get it.",
        "Free the slot for the fix, and keep users on {old}.",
    ),
    set_up=_set_up,
    missing=_missing,
    right=r"qd swap <target> .*--cancel",
    wrong=(
        Pattern(r"qd swap <target> .*--complete", "completing gives the bad version to everybody"),
        Pattern(r"qd release start <target>", "a release would ship the bad version"),
        Pattern(r"qd deploy <target>", "deploying into a prepared slot goes live with the swap"),
    ),
    hints=(
        "What does the cockpit say about production/payments? `!` shows everything that wants a look.",
        "A swap with preview has two ways to end: complete it, or cancel it.",
        "qd drill do swap production/payments --cancel",
    ),
    path=(
        ("status production/payments", "see what is prepared, and where"),
        ("swap production/payments --cancel", "the slot gets its own settings back; no user notices"),
    ),
    lesson="A prepared swap blocks the slot until somebody completes or cancels it; cancelling is never felt by users.",
    par=60,
)
