"""A swap of two regions of which the second was answered with 409: half of the users have the new version."""

from __future__ import annotations

from quarterdeck.cli.drills.drill import Drill, Facts, Pattern, Seen
from quarterdeck.cli.drills.stage import Stage
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap


def _set_up(stage: Stage) -> Facts:
    service = stage.random.choice(("checkout", "cart"))
    west, north = f"contoso-{service}-weu", f"contoso-{service}-neu"
    before = stage.seen()
    conflict = {
        "kind": "status",
        "name": "409 on the swap",
        "status": 409,
        "code": "Conflict",
        "message": "Cannot modify this site because another operation is in progress.",
        "method": "POST",
        "path": f"{north}/.*slotsswap",
    }
    stage.world.tell("faults", conflict)
    operation = stage.carry_out(Swap(TargetId("production", service)), "Friday's release")
    stage.ended(operation)
    stage.world.heal()
    return {
        "target": f"production/{service}",
        "service": service,
        "west": west,
        "north": north,
        "operation": operation,
        "old": before.version(west),
        "new": str(before.slot(west, "staging")["build"]["version"]),
    }


def _missing(seen: Seen, facts: Facts) -> str:
    if unfinished := seen.half_done():
        return unfinished
    west, north = seen.version(facts["west"]), seen.version(facts["north"])
    return "" if west == north else f"users in westeurope have {west}, in northeurope {north}"


DRILL = Drill(
    name="conflict",
    title="a swap that met a 409 half-way",
    story=(
        "Bo swapped {service} in both regions; northeurope answered 409, a conflict.",
        "Half of the users have {new} now, half {old}. Both versions are good.",
        "Bring both regions to the same one, with nothing left half-done.",
    ),
    set_up=_set_up,
    missing=_missing,
    right=r"qd operation <operation> --choose (retry|undo)|qd swap <target>|qd rollback <target>",
    wrong=(
        Pattern(r"qd operation <operation> --choose (abandon|skip)", "that leaves the regions apart for good"),
        Pattern(r"qd release start <target>", "a release can't begin on something half-done"),
    ),
    hints=(
        "What became of bo's operation? `qd drill do operation` lists them.",
        "It waits for an answer. Whatever held the site is over by now.",
        "qd drill do operation {operation} --choose retry",
    ),
    path=(
        ("operation", "see which operation needs somebody, and what it may be told"),
        ("operation {operation} --choose retry", "only the region that failed is swapped"),
    ),
    lesson="An operation that needs you holds its place until it is answered: answer it, don't work around it.",
    par=90,
)
