"""The traffic of a container app as a split, between revisions or between labels. Pure.

Between labels, a label's name stands for whatever revision it is at; a revision without one goes by its own name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from quarterdeck.fleet.readings import Destination, TrafficReading
from quarterdeck.providers.azure.container_apps.documents import App, Entry, Known, found
from quarterdeck.providers.base import Limits, ProviderError
from quarterdeck.release.plan import Risk
from quarterdeck.release.settlement import TOLERANCE

LIMITS = Limits(units=100, smallest=0, largest=100, atomic=True)
"""Whole percents that add up to 100, all in one write (Microsoft's documentation of traffic splitting)."""

Between = Literal["revisions", "labels"]

_METHODS: Mapping[Between, str] = {"revisions": "revision weights", "labels": "label weights"}


def traffic_reading(app: App, revisions: Known, between: Between) -> TrafficReading:
    """The split: whoever stands in it, then the other active revisions, newest first."""
    lines: dict[str, list[Entry]] = {}
    for entry in app.entries:
        lines.setdefault(_name(entry, between), []).append(entry)
    destinations = [_destination(app, name, its, revisions, between) for name, its in lines.items()]
    standing = {entry.revision for entry in app.entries}
    idle = [one for one in revisions.values() if one.active and one.name not in standing]
    idle.sort(key=lambda one: one.created or 0.0, reverse=True)
    if between == "revisions":
        destinations += [_destination(app, one.name, [Entry(one.name)], revisions, between) for one in idle]
    return TrafficReading(_METHODS[between], tuple(destinations), status=_status(app))


def wanted_entries(app: App, shares: Mapping[str, float], between: Between) -> tuple[Entry, ...]:
    """The whole list that gives everybody their share.

    Labels stay where they are, with a weight of 0 if need be. A line that follows the latest revision is pinned to the
    one it led to when its weight changes: else the next deployment would get what was meant for this one.

    Raises:
        ValueError: the shares can't be expressed.
    """
    for name, share in shares.items():
        if not 0 <= share <= 100 or abs(share - round(share)) > TOLERANCE:
            raise ValueError(f"{name}: {share:g} is no whole percentage")
    left = {name: round(share) for name, share in shares.items()}
    entries: list[Entry] = []
    for entry in app.entries:
        name = _name(entry, between)
        weight = left.pop(name, 0) if name in shares else entry.weight
        if weight or entry.label:
            entries.append(entry if weight == entry.weight else replace(entry, weight=weight, latest=False))
    entries += [Entry(name, weight) for name, weight in left.items() if weight]
    if (total := sum(entry.weight for entry in entries)) != 100:
        raise ValueError(f"the weights add up to {total}, not to 100")
    return tuple(entries)


def require_divisible(app: App) -> None:
    """Raises ProviderError (misconfigured) where weights can't divide the clients."""
    if not app.multiple:
        raise ProviderError(
            "misconfigured",
            f"{app.name} is in single revision mode: all traffic goes to its latest revision",
            f"az containerapp revision set-mode --mode multiple -n {app.name} -g GROUP",
        )
    if not app.entries:
        raise ProviderError("misconfigured", f"{app.name} has no ingress traffic to divide", "enable its ingress")


def unfit(app: App, entries: Sequence[Entry], revisions: Known) -> str:
    """Why these lines must not be written: more traffic for a revision that is gone, deactivated or failed; "" if they
    may. To take traffic from such a one is always right. Asked only with revisions just read."""
    before, after = _weights(app.entries), _weights(entries)
    for name, weight in after.items():
        if weight <= before.get(name, 0):
            continue
        there = revisions.get(name)
        if there is None:
            return f"there is no revision {name}" if name else "no revision is ready"
        if not there.active:
            return f"{there.name} is deactivated: activate it first"
        if there.health == "unhealthy":
            return f"{there.name} can't serve: {there.status or 'unhealthy'}"
    return ""


def risks(app: App, revisions: Known) -> Iterator[Risk]:
    """What to know before traffic is moved."""
    if app.stopped:
        yield Risk("danger", "app-stopped", f"{app.name} is stopped: no revision serves", "start the app first")
    if app.busy:
        text = f"{app.name}: another operation is under way ({app.state}); the service refuses a second one"
        yield Risk("danger", "in-progress", text, "wait until it has ended, then plan again")
    for entry in app.entries:
        if entry.latest and entry.weight:
            text = (
                f"{entry.weight}% goes to the latest revision, whichever that is: the next deployment gets it at once"
            )
            yield Risk(
                "warning", "follows-latest", text, "giving it another share pins it to the revision it is at now"
            )
        there = found(revisions, entry.revision)
        if entry.weight and there.health == "unhealthy":
            text = f"{there.name} gets {entry.weight}% and can't serve ({there.status})"
            yield Risk("danger", "not-serving", text, f"give its share to another, then mend {there.name}")


def _weights(entries: Sequence[Entry]) -> dict[str, int]:
    weights: dict[str, int] = {}
    for entry in entries:
        weights[entry.revision] = weights.get(entry.revision, 0) + entry.weight
    return weights


def _name(entry: Entry, between: Between) -> str:
    return entry.label if between == "labels" and entry.label else entry.revision


def _destination(app: App, name: str, lines: Sequence[Entry], revisions: Known, between: Between) -> Destination:
    there, weight = found(revisions, lines[0].revision), sum(line.weight for line in lines)
    others = [there.name] if there.name != name else [line.label for line in lines if line.label]
    if any(line.latest for line in lines):
        others.append("follows the latest")
    return Destination(
        name=name,
        share=float(weight),
        weight=float(weight),
        enabled=there.active,
        health="unhealthy" if app.stopped else there.health,
        status=", ".join((*others, *([there.status] if there.status else []))),
    )


def _status(app: App) -> str:
    if app.stopped:
        return "app stopped"
    if not app.multiple:
        return "single revision mode"
    return "" if app.state.lower() in ("", "succeeded") else app.state
