"""A runner that was killed in the middle of a swap: one region is through, nobody goes on."""

from __future__ import annotations

from quarterdeck.cli.drills.drill import Drill, Facts, Pattern, Seen
from quarterdeck.cli.drills.stage import Stage
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap


def _set_up(stage: Stage) -> Facts:
    service = stage.random.choice(("checkout", "cart"))
    west, north = f"contoso-{service}-weu", f"contoso-{service}-neu"
    before = stage.seen()
    operation = stage.carry_out(Swap(TargetId("production", service)), "the fix for the tax rounding")

    def through() -> bool | None:
        stage.world.tell("clock/advance", {"seconds": 1})
        found = stage.fleet.store.operation(operation)
        return True if found is not None and found.step("2").state in ("intended", "accepted") else None

    stage.until(through)
    stage.kill_runner()
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
    for site in (facts["west"], facts["north"]):
        if seen.version(site) != facts["new"]:
            return f"{site} serves {seen.version(site)}: its users don't have the fix"
    return ""


DRILL = Drill(
    name="dead-runner",
    title="a runner that died in the middle of a swap",
    story=(
        "Bo was swapping {service} to {new}, which mends the tax rounding, when the",
        "jump host ran out of memory: the runner was killed, Bo's terminal is gone.",
        "See that all users get {new}, and that nothing is done twice or half-done.",
    ),
    set_up=_set_up,
    missing=_missing,
    right=r"\(a runner takes over\)|qd operation <operation> --choose retry",
    wrong=(
        Pattern(r"qd rollback <target>", "the fix was wanted, and the swap went well"),
        Pattern(r"qd swap <target>", "that swaps the regions that are through back again"),
        Pattern(r"qd operation <operation> --choose (abandon|skip|undo)", "the fix was wanted everywhere"),
    ),
    hints=(
        "Who carries the swap now? `qd drill do runner --status`.",
        "Any command that needs a runner starts one, and it takes over what the last one left.",
        "qd drill do operation {operation} --follow",
    ),
    path=(
        ("operation", "see what was under way; nobody carries it"),
        ("status", "starts a runner: it reads what really happened, and goes on from there"),
        ("operation {operation} --follow", "see it through"),
    ),
    lesson="What was intended is written down before it is sent: a new runner settles it by reading. Let it.",
    par=60,
)
