"""Has a step happened? Decided from what is read, never from what was answered.

The facts of a step, by verb. They are the contract between planning (which writes them), providers (which send
`change` and read back) and settling (which compares `before` and `after` with the readings):

==================  ===============================================  ============================================
verb                change                                           before, after
==================  ===============================================  ============================================
swap, preview,      source, destination (slot names), and            source_build, destination_build (`Build.id`),
complete, cancel    whatever `SwapSurvey.facts` holds                source_version, destination_version,
                                                                     last_swap (`SwapRecord.at`), preview_from;
                                                                     "" for what is not known or not there
set_shares          shares: percent by destination, all of them      shares
set_destination     destination, weight, enabled                     destination, weight, enabled
set_flag            name, label, enabled, percent (None: no          enabled, percent, audience; before also etag,
                    percentage rule), audience (percent by group)    which makes the write conditional
deploy              slot, artifact, version, and whatever            artifact, version; before also build
                    `DeploySurvey.facts` holds                       (`Build.id`) and record (the provider's name of
                                                                     the deployment that is in force)
==================  ===============================================  ============================================

All values are absolute. `after["last_swap"]` is missing: it is any value but the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from quarterdeck.fleet.readings import Destination, FlagReading, SlotReading, TrafficReading
from quarterdeck.records import dataclass, field
from quarterdeck.release.plan import Facts, Step

TOLERANCE = 0.01
"""Percent; shares that differ by less are the same."""


_VERSIONS = ("source_version", "destination_version")


@dataclass(frozen=True, slots=True)
class Settlement:
    """What reading back says about a step.

    - `done`: the `after` of the step holds.
    - `not_done`: the `before` still holds, and nothing is under way that would change it.
    - `running`: the provider is still at it.
    - `unclear`: the `before` still holds, but the provider doesn't say whether something is under way.
    - `changed_by_other`: neither `before` nor `after` holds.
    """

    state: Literal["done", "not_done", "running", "unclear", "changed_by_other"]
    detail: str = ""
    evidence: Facts = field(default_factory=dict)


def slot_facts(source: SlotReading, destination: SlotReading) -> dict[str, Any]:
    """What identifies the state of a pair of slots."""
    return {
        "source_build": source.build.id if source.build else "",
        "destination_build": destination.build.id if destination.build else "",
        "source_version": source.build.version if source.build else "",
        "destination_version": destination.build.version if destination.build else "",
        "last_swap": destination.last_swap.at if destination.last_swap else "",
        "preview_from": destination.preview_from.lower(),
    }


def share_facts(reading: TrafficReading) -> dict[str, Any]:
    """What identifies a split that is written in one go."""
    return {"shares": {destination.name: destination.share for destination in reading.destinations}}


def destination_facts(destination: Destination) -> dict[str, Any]:
    """What identifies the state of one destination of a split."""
    return {"destination": destination.name, "weight": destination.weight, "enabled": destination.enabled}


def flag_facts(flag: FlagReading) -> dict[str, Any]:
    """What identifies the state of a flag, as far as this program writes it."""
    return {
        "enabled": flag.enabled,
        "percent": flag.percent,
        "audience": {audience.group: audience.percent for audience in flag.audience},
    }


def settle_slots(step: Step, source: SlotReading, destination: SlotReading) -> Settlement:
    """Settle swap, preview, complete or cancel.

    The provider's record of the last swap decides together with the builds, because each of them alone lies: two
    swaps in a row leave the builds as they were, and the record doesn't say which content is where. Nor does content
    always get another name when something else is deployed into it: so what is to be swapped must have the same
    version, too, as far as versions are known.
    """
    now = slot_facts(source, destination)
    before, wanted = step.before, step.after
    busy = source.operation or destination.operation
    swapped = now["last_swap"] != before["last_swap"]
    if step.verb in ("swap", "complete"):
        in_place = _known_equal(now["destination_build"], wanted["destination_build"])
        if swapped and in_place and not now["preview_from"] and _names(step, destination):
            return Settlement("done", f"swapped at {now['last_swap']}", now)
        if swapped:
            return Settlement("changed_by_other", f"another swap, at {now['last_swap']}", now)
        if now["preview_from"] == str(step.change["source"]).lower() != before["preview_from"]:
            return Settlement("running", "settings of the destination are applied to the source", now)
        if _same_builds(now, before) and now["preview_from"] == before["preview_from"]:
            return _still_before(busy, now, before)
        if in_place and not _known_equal(now["destination_build"], before["destination_build"]):
            return Settlement("running", "builds have moved, the provider hasn't recorded the swap yet", now)
        return Settlement("changed_by_other", _difference(now, before), now)
    if swapped or not _same_builds(now, before):
        return Settlement("changed_by_other", _difference(now, before), now)
    if now["preview_from"] == wanted["preview_from"]:
        return Settlement("done", "preview pending" if wanted["preview_from"] else "no preview pending", now)
    if now["preview_from"] == before["preview_from"]:
        return _still_before(busy, now, before)
    return Settlement("changed_by_other", _difference(now, before), now)


def settle_shares(step: Step, reading: TrafficReading) -> Settlement:
    """Settle set_shares."""
    now = share_facts(reading)
    if _same_shares(now["shares"], step.after["shares"]):
        return Settlement("done", "shares are as wanted", now)
    if _same_shares(now["shares"], step.before["shares"]):
        return Settlement("not_done", "shares are as before", now)
    return Settlement("changed_by_other", "shares are neither as before nor as wanted", now)


def settle_destination(step: Step, reading: TrafficReading) -> Settlement:
    """Settle set_destination."""
    name = step.change["destination"]
    found = next((d for d in reading.destinations if d.name == name), None)
    if found is None:
        return Settlement("changed_by_other", f"{name} is gone")
    now = destination_facts(found)
    if _same_destination(now, step.after):
        return Settlement("done", "weight and status are as wanted", now)
    if _same_destination(now, step.before):
        return Settlement("not_done", "weight and status are as before", now)
    return Settlement("changed_by_other", _difference(now, step.before), now)


def settle_flag(step: Step, reading: FlagReading) -> Settlement:
    """Settle set_flag. The ETag tells a flag that nobody touched from one that somebody changed and changed back."""
    now = flag_facts(reading)
    if now == dict(step.after):
        return Settlement("done", "the flag is as wanted", now)
    now["etag"] = reading.etag
    if now == dict(step.before):
        return Settlement("not_done", "the flag is as before", now)
    return Settlement("changed_by_other", _difference(now, step.before), now)


def deploy_facts(slot: SlotReading, artifact: str, record: str) -> dict[str, Any]:
    """What identifies the content of a slot; "" for what the provider doesn't tell."""
    return {"artifact": artifact, "version": slot.build.version if slot.build else "", "record": record}


def settle_deploy(step: Step, slot: SlotReading, artifact: str, record: str) -> Settlement:
    """Settle deploy.

    Where the provider names the artifact, that decides. Where it keeps only records of deployments, a new record in
    force decides, unless it is known to be of another version.

    Args:
        artifact, record: as they are read now; "" for what the provider doesn't tell.
    """
    now = deploy_facts(slot, artifact, record)
    before, wanted = step.before, step.after
    if artifact:
        in_place, as_before = artifact == wanted["artifact"], artifact == before["artifact"]
    else:
        as_before = record == before.get("record", "")
        in_place = not as_before and _known_equal(now["version"], wanted["version"])
    if in_place and not slot.operation:
        return Settlement("done", f"{slot.name} holds {wanted['version']}", now)
    if slot.operation and (in_place or as_before):
        return Settlement("running", f"operation {slot.operation} is in progress", now)
    if not as_before:
        return Settlement("changed_by_other", _difference(now, before), now)
    if artifact:
        return Settlement("not_done", f"{slot.name} holds what it held before", now)
    return Settlement("unclear", "nothing has changed yet; the provider doesn't say whether it is at work", now)


def _still_before(busy: str, now: Facts, before: Facts) -> Settlement:
    if busy:
        return Settlement("running", f"operation {busy} is in progress", now)
    if not all(_known_equal(now[side], before.get(side, "")) for side in _VERSIONS):
        return Settlement("changed_by_other", _difference(now, before), now)
    return Settlement("unclear", "nothing has changed yet; the provider doesn't say whether it is at work", now)


def _names(step: Step, destination: SlotReading) -> bool:
    record = destination.last_swap
    wanted = (str(step.change["source"]).lower(), str(step.change["destination"]).lower())
    return record is not None and (record.source.lower(), record.destination.lower()) == wanted


def _known_equal(one: str, other: str) -> bool:
    """Equal as far as both are known."""
    return not one or not other or one == other


def _same_builds(now: Facts, before: Facts) -> bool:
    return all(_known_equal(now[side], before[side]) for side in ("source_build", "destination_build"))


def _same_shares(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(abs(one.get(name, 0) - other.get(name, 0)) < TOLERANCE for name in {*one, *other})


def _same_destination(one: Facts, other: Facts) -> bool:
    return bool(one["enabled"] == other["enabled"] and abs(one["weight"] - other["weight"]) < TOLERANCE)


def _difference(now: Facts, before: Facts) -> str:
    """One line: what differs from the state that the plan was made for."""
    known = {key: was for key, was in before.items() if key not in _VERSIONS or now.get(key)}
    parts = [f"{key} is {now.get(key)!r}, was {was!r}" for key, was in known.items() if now.get(key) != was]
    return "; ".join(parts) or "changed and changed back"
