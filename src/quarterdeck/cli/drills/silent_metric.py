"""A canary whose metrics have gone silent: the gate says no data, and the new version is bad."""

from __future__ import annotations

from quarterdeck.cli.drills.drill import Drill, Facts, Pattern, Seen
from quarterdeck.cli.drills.stage import Stage
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.release_plan import Wish

_SITE = "contoso-payments"


def _set_up(stage: Stage) -> Facts:
    stage.world.tell("faults", {"kind": "silence", "site": _SITE})
    before = stage.seen()
    release = stage.release(Wish((TargetId("production", "payments"),)), "Friday's release")

    def bakes() -> bool | None:
        found = stage.fleet.store.release(release)
        return True if found is not None and found.current is not None and found.current.id == "2" else None

    stage.until(bakes)
    return {
        "target": "production/payments",
        "release": release,
        "old": before.version(_SITE),
        "new": str(before.slot(_SITE, "staging")["build"]["version"]),
    }


def _missing(seen: Seen, facts: Facts) -> str:
    if seen.version(_SITE) != facts["old"]:
        return f"all users of payments have {seen.version(_SITE)}"
    if seen.share(_SITE, "staging"):
        return f"{seen.share(_SITE, 'staging'):.0%} of new clients still get {facts['new']}"
    return seen.half_done()


DRILL = Drill(
    name="silent-metric",
    title="a canary that nobody measures",
    story=(
        "A canary gives payments {new} to a quarter of new clients, under a gate.",
        "The gate is neither red nor green. Support has forty tickets: failed payments.",
        "Get the users back to {old}.",
    ),
    set_up=_set_up,
    missing=_missing,
    right=r"qd release abort <target>|qd release undo <target>",
    wrong=(
        Pattern(r"qd release promote <target>", "no data is not a pass: that gives the bad version to more users"),
        Pattern(r"qd release (skip|abandon|confirm) <target>", "that leaves users on the bad version"),
        Pattern(r"qd release (pause|resume) <target>", "a pause keeps the share where it is: users go on failing"),
    ),
    hints=(
        "What does the gate say, and since when? Screen 4, or `qd drill do gates`.",
        "No data means that nobody knows; the tickets do. A release takes back itself what it did.",
        "qd drill do release abort production/payments",
    ),
    path=(
        ("gates", "see that the gate has no data: it can't fail"),
        ("release abort production/payments", "all new clients get the old version again, and that is read back"),
    ),
    lesson="No data is neither good nor bad. When users say it is bad, take it back first and mend the metric later.",
    par=60,
)
