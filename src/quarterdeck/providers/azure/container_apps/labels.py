"""Labels of a container app as slots. Pure.

A label keeps its address and its weight; a swap lets two labels trade the revisions that they are at. Who follows
Microsoft's other custom, where the labels blue and green stay at their revisions and the weights change hands, shifts
the traffic between labels instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from quarterdeck.fleet.readings import SlotReading, SlotsReading
from quarterdeck.providers.azure.container_apps.documents import App, Entry, Known, found
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.plan import Risk
from quarterdeck.release.survey import FORBIDS_PREVIEW


def slots_reading(app: App, revisions: Known) -> SlotsReading:
    """All labels, the one with most of the traffic first.

    Raises:
        ProviderError: misconfigured, if there is none.
    """
    labelled = sorted((entry for entry in app.entries if entry.label), key=lambda one: (-one.weight, one.label.lower()))
    if not labelled:
        raise no_label(app, "")
    return SlotsReading(tuple(slot_reading(app, entry, revisions) for entry in labelled))


def slot_reading(app: App, entry: Entry, revisions: Known) -> SlotReading:
    """One label, with the revision that it is at."""
    there = found(revisions, entry.revision)
    return SlotReading(
        name=entry.label,
        build=there.build,
        running=there.active and not app.stopped,
        health=there.health,
        host=_host(app, entry.label),
        operation=app.state if app.busy else "",
    )


def traded(app: App, source: str, destination: str) -> tuple[Entry, ...]:
    """The whole list after two labels have traded revisions. Both are pinned: a label that follows the latest revision
    would lose what it got with the next deployment.

    Raises:
        ProviderError: not_found, if one of them isn't there.
    """
    one, other = labelled(app, source), labelled(app, destination)
    trade = {one.label: other.revision, other.label: one.revision}
    return tuple(
        replace(entry, revision=trade[entry.label], latest=False) if entry.label in trade else entry
        for entry in app.entries
    )


def labelled(app: App, name: str) -> Entry:
    """The line of a label. Raises ProviderError (not_found) if there is none."""
    entry = app.label(name)
    if entry is None:
        raise no_label(app, name)
    return entry


def no_label(app: App, name: str) -> ProviderError:
    """What to say where a label is missing."""
    known = ", ".join(entry.label for entry in app.entries if entry.label)
    how = f"az containerapp revision label add --label {name or 'staging'} --revision REVISION -n {app.name} -g GROUP"
    if not name:
        return ProviderError("misconfigured", f"{app.name} has no labels, which are its slots", how)
    return ProviderError("not_found", f"{app.name} has no label {name}", f"there are: {known}" if known else how)


def risks(app: App, source: Entry, destination: Entry) -> Iterator[Risk]:
    """What to know before a swap, and what forbids it."""
    text = f"no preview: a revision takes its settings along, so nothing of {destination.label} could be applied to it"
    yield Risk("info", FORBIDS_PREVIEW, text, f"{source.label} has an address of its own: {_host(app, source.label)}")
    if not destination.weight:
        text = f"{destination.label} gets no traffic: the swap changes only what its own address answers"
        yield Risk("warning", "no-traffic", text)
    if others := [entry for entry in app.entries if entry.weight and entry not in (source, destination)]:
        told = ", ".join(f"{entry.label or entry.revision} {entry.weight}%" for entry in others)
        yield Risk("warning", "others-serve", f"others serve users too, and go on with that: {told}")
    for entry in (source, destination):
        if entry.latest:
            text = f"{entry.label} follows the latest revision; the swap pins it"
            yield Risk("info", "follows-latest", text, "label the next revision yourself when it has been deployed")


def _host(app: App, label: str) -> str:
    """The address of a label: `APP---LABEL.` and the domain of the environment (Microsoft's documentation)."""
    name, dot, domain = app.host.partition(".")
    return f"{name}---{label}.{domain}" if dot else ""
