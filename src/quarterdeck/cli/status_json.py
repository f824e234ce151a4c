"""The picture as JSON for programs, schema 1. Times are UNIX seconds (UTC), shares are percent of new clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quarterdeck.records import asdict
from quarterdeck.release.freshness import Knowledge
from quarterdeck.release.inbox import NEEDS_A_PERSON
from quarterdeck.release.picture import Cell, EnvironmentView, FlagCell, OperationView, Picture, Region, Split
from quarterdeck.release.standing_view import GuardsView, InboxItem

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseView


def picture_json(picture: Picture) -> Mapping[str, Any]:
    """`environments` with their `services` and `flags`, what needs `attention`, the open `operations` and `releases`,
    what waits in the `inbox`, and the `guards`."""
    return {
        "at": picture.at,
        "fleet": picture.fleet,
        "runner": {"alive": picture.runner.alive, "holder": picture.runner.holder},
        "environments": [_environment(picture, index, view) for index, view in enumerate(picture.environments)],
        "attention": [
            {"state": item.state, "where": item.where, "text": item.text, "operation": item.operation or None}
            for item in picture.attention
        ],
        "operations": [operation_json(view) for view in picture.operations if view.open],
        "releases": [release_summary(view) for view in picture.releases if view.open],
        "inbox": [item_json(item) for item in picture.inbox],
        "guards": guards_json(picture.guards),
    }


def release_summary(view: ReleaseView) -> Mapping[str, Any]:
    """One release in short; `qd release show ID --json` has all of it."""
    return {
        "id": view.id,
        "title": view.title,
        "environment": view.environment,
        "targets": [str(target) for target in view.targets],
        "state": view.state,
        "waits": view.waits,
        "steps_done": view.done,
        "steps": len(view.steps),
        "current": view.current.id if view.current else None,
        "exposed": view.exposed,
        "hotfix": view.hotfix,
        "actor": view.actor,
        "reason": view.reason,
        "command": view.command,
        "started_at": view.started_at,
    }


def item_json(item: InboxItem) -> Mapping[str, Any]:
    """One thing that waits; `needs_a_person` tells what only people can end, `command` answers it. Ages and times left
    are for reading: `qd gates --json` has the times themselves."""
    return {
        "kind": item.kind,
        "needs_a_person": item.kind in NEEDS_A_PERSON,
        "title": item.title,
        "waits": item.waits,
        "target": None if item.target is None else str(item.target),
        "release": item.release or None,
        "step": item.step or None,
        "run": item.run or None,
        "age": item.age,
        "expires": item.expires or None,
        "next_in": item.next_in or None,
        "blocks": item.blocks,
        "who": item.who,
        "so_far": item.so_far or None,
        "evidence": list(item.evidence),
        "warnings": list(item.warnings),
        "command": item.twin,
        "link": item.link or None,
    }


def guards_json(guards: GuardsView) -> Mapping[str, Any]:
    """Who has the conn of what, what is held or closed (or closes soon), what hotfixes left to be done."""
    return {
        "conns": [
            {
                "scope": one.scope,
                "holder": one.holder,
                "since": one.since,
                "reason": one.reason,
                "offered_to": one.offered_to or None,
            }
            for one in guards.conns
        ],
        "holds": [
            {
                "id": one.id,
                "kind": one.kind,
                "scope": one.scope,
                "by": one.by,
                "reason": one.reason,
                "left": one.left or None,
            }
            for one in guards.holds
        ],
        "closures": [asdict(one) for one in guards.closures],
        "debts": [
            {"id": one.id, "kind": one.kind, "target": str(one.target), "text": one.text, "release": one.release}
            for one in guards.debts
        ],
    }


def operation_json(view: OperationView) -> Mapping[str, Any]:
    """One operation. `ended_at` is null while it runs; `choices` are what an operator may answer."""
    return {
        "id": view.id,
        "target": str(view.target),
        "verb": view.verb,
        "state": view.state,
        "open": view.open,
        "steps_done": view.done,
        "steps": view.total,
        "detail": view.step,
        "actor": view.actor,
        "reason": view.reason,
        "command": view.command,
        "started_at": view.started_at,
        "ended_at": view.ended_at,
        "choices": list(view.choices),
        "undone_by": view.undone_by or None,
    }


def flag_json(flag: FlagCell) -> Mapping[str, Any]:
    """One flag under one label. `percent` is null where no percentage rule exists."""
    return {
        "name": flag.target.name,
        "label": flag.label,
        "enabled": flag.enabled,
        "percent": flag.percent,
        "audience": {ring.group: ring.percent for ring in flag.audience},
        "other_rules": list(flag.other_rules),
        "locked": flag.locked,
        "description": flag.description,
        "operation": flag.operation.id if flag.operation else None,
        **_known(flag.known),
    }


def _environment(picture: Picture, index: int, view: EnvironmentView) -> Mapping[str, Any]:
    cells = [(row.service, row.cells[index]) for row in picture.rows]
    return {
        "name": view.name,
        "protected": view.protected,
        "services": [_service(name, cell) for name, cell in cells if cell is not None],
        "flags": [flag_json(flag) for row in picture.flags for flag in row.cells[index]],
    }


def _service(name: str, cell: Cell) -> Mapping[str, Any]:
    return {
        "name": name,
        "target": str(cell.target),
        "state": cell.state,
        "versions": list(cell.versions),
        "drift": cell.drift,
        "operation": cell.operation.id if cell.operation else None,
        "regions": [_region(region) for region in cell.regions],
        "traffic": [_split(split) for split in cell.splits],
        **_known(cell.known),
    }


def _region(region: Region) -> Mapping[str, Any]:
    slots = [
        {
            "name": slot.name,
            "live": slot.live,
            "version": slot.version,
            "build": slot.build,
            "running": slot.running,
            "health": slot.health,
            "host": slot.host,
            "preview_from": slot.preview_from or None,
            "auto_swap_to": slot.auto_swap_to or None,
        }
        for slot in region.slots
    ]
    return {"name": region.name, "target": str(region.target), "slots": slots, **_known(region.known)}


def _split(split: Split) -> Mapping[str, Any]:
    return {
        "target": str(split.target),
        "between": split.between,
        "method": split.method,
        "status": split.status,
        "lag_seconds": split.lag,
        "shares": [asdict(share) for share in split.shares],
        **_known(split.known),
    }


def _known(known: Knowledge) -> Mapping[str, Any]:
    trouble = known.trouble and {
        "code": known.trouble.code,
        "message": known.trouble.message,
        "hint": known.trouble.hint,
        "since": known.trouble_since,
    }
    return {"freshness": known.state, "observed_at": known.observed_at, "source": known.source, "trouble": trouble}
