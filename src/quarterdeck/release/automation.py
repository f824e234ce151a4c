"""What could undo a rollback: everything that acts by itself on the same target, and what can be done about each.

A rollback that holds is worth more than a quick one. Our own runner honours a hold; what other systems do can only be
told, with the way to stop it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from quarterdeck.fleet.readings import SlotReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release.guards import Guards, covers
from quarterdeck.release.plan import Risk
from quarterdeck.release.rollout import Release


@dataclass(frozen=True, slots=True)
class Automation:
    """Something that may move a target by itself.

    Attributes:
        held: whether our own hold keeps it from acting.
        remedy: what to do about it.
    """

    code: Literal["auto-swap", "deploy-source", "ramp-step", "release"]
    text: str
    remedy: str
    held: bool = False


def in_slots(target: TargetId, slots: Iterable[SlotReading]) -> Iterator[Automation]:
    """What a site does by itself."""
    for slot in slots:
        if slot.auto_swap_to:
            text = f"{target}: auto swap: a deployment to {slot.name} swaps into {slot.auto_swap_to} by itself"
            yield Automation("auto-swap", text, f"turn auto swap off on {slot.name}")
        if slot.deploys_from:
            text = f"{target}: {slot.deploys_from} deploys to {slot.name} by itself"
            yield Automation("deploy-source", text, f"disconnect or pause it at {slot.deploys_from}")


def in_traffic(target: TargetId, reading: TrafficReading) -> Iterator[Automation]:
    """What a router does by itself."""
    if reading.automatic:
        text = f"{target}: the provider changes the shares by itself"
        yield Automation("ramp-step", text, "take the automatic change out of the rule")


def in_releases(
    target: TargetId, releases: Iterable[Release], guards: Guards, now: float, besides: str = ""
) -> Iterator[Automation]:
    """Other releases on the same target that go on by themselves; not `besides`, which goes back itself."""
    held = any(hold.kind in ("automation", "stop") and covers(hold.scope, target) for hold in guards.active(now))
    for release in releases:
        if release.open and release.id != besides and any(one.whole == target.whole for one in release.targets):
            what = "hotfix" if release.plan.hotfix else "release"
            text = f"{what} {release.id} ({release.plan.title}) of {release.actor} is open on {target.whole}"
            yield Automation("release", text, f"qd release abort {release.id}", held)


def offer(target: TargetId, guards: Guards, now: float) -> tuple[Risk, ...]:
    """How to keep a rollback from being undone by the next release; nothing if that is held already."""
    if target.flag or any(hold.kind == "automation" and covers(hold.scope, target) for hold in guards.active(now)):
        return ()
    text = f"nothing keeps the next release of {target.whole} from undoing this; other systems can't be held from here"
    return (Risk("info", "not-held", text, f"qd hold {target.whole} --for 4h --reason TEXT"),)


def risks_of(found: Iterable[Automation]) -> tuple[Risk, ...]:
    """What a plan that goes back says about them."""
    return tuple(
        Risk(
            "info" if one.held else "warning",
            f"undone-by-{one.code}",
            f"{one.text}: " + ("held" if one.held else "it could undo this"),
            one.remedy,
        )
        for one in found
    )
