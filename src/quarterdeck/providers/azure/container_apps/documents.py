"""A container app and its revisions as Azure writes them, to our own nouns. Pure.

The shape of the documents: Microsoft.App 2026-07-01, published examples and documentation. `traffic` is a list of
weights, each of a revision by name or of the latest one (`latestRevision`), each with a label or without; a label
stands at one revision at most and has an address of its own, also with a weight of 0. Weights are whole percents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quarterdeck.fleet.readings import Build, Health
from quarterdeck.fleet.text import clean

Document = Mapping[str, Any]

_UNWELL = frozenset({"failed", "degraded", "stopped"})
_SETTLED = frozenset({"", "succeeded", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the split. `revision` is who gets the traffic now, also where `latest` says that it is whichever
    revision is the latest that is ready ("" while there is none)."""

    revision: str
    weight: int = 0
    label: str = ""
    latest: bool = False


@dataclass(frozen=True, slots=True)
class App:
    """One container app.

    Attributes:
        location: as Azure writes it; every write names it.
        multiple: whether several revisions may be active at once.
        state: the service's own word for the last write: Succeeded, InProgress, Failed, ...
        stopped: whether the app as a whole has been stopped.
    """

    name: str
    location: str
    multiple: bool
    entries: tuple[Entry, ...]
    state: str = ""
    stopped: bool = False
    host: str = ""

    @property
    def busy(self) -> bool:
        """Whether a write, ours or another, is still being carried out."""
        return self.state.lower() not in _SETTLED

    def label(self, name: str) -> Entry | None:
        """The line of a label, letter case ignored."""
        return next((entry for entry in self.entries if entry.label.lower() == name.lower()), None)

    @classmethod
    def of(cls, document: Document) -> App:
        """What a document says."""
        about = _inner(document, "properties")
        configuration = _inner(about, "configuration")
        ingress = _inner(configuration, "ingress")
        latest = str(about.get("latestReadyRevisionName") or about.get("latestRevisionName") or "")
        lines = (line for line in ingress.get("traffic") or () if isinstance(line, Mapping))
        return cls(
            name=clean(str(document.get("name") or "")),
            location=str(document.get("location") or ""),
            multiple=str(configuration.get("activeRevisionsMode") or "").lower() == "multiple",
            entries=tuple(_entry(line, latest) for line in lines),
            state=clean(str(about.get("provisioningState") or "")),
            stopped=str(about.get("runningStatus") or "").lower() == "stopped",
            host=clean(str(ingress.get("fqdn") or "")),
        )


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision. `version` is the tag of its image, which never changes; `status` the service's own words."""

    name: str
    active: bool = True
    health: Health = "unknown"
    status: str = ""
    version: str = ""
    created: float | None = None

    @property
    def build(self) -> Build:
        """Its content, which moves from label to label."""
        return Build(self.version, self.name, self.created)

    @classmethod
    def of(cls, document: Document) -> Revision:
        """What a document says."""
        about = _inner(document, "properties")
        active = bool(about.get("active"))
        running = str(about.get("runningState") or "")
        provisioning = str(about.get("provisioningState") or "")
        return cls(
            name=clean(str(document.get("name") or "")),
            active=active,
            health=_health(active, str(about.get("healthState") or ""), running, provisioning),
            status=clean(_status(active, str(about.get("healthState") or ""), running or provisioning)),
            version=clean(_version(_inner(about, "template"))),
            created=_seconds(about.get("createdTime")),
        )


Known = Mapping[str, Revision]
"""Revisions by name."""


def known(revisions: Iterable[Revision]) -> Known:
    """Revisions by name."""
    return {revision.name: revision for revision in revisions}


def found(revisions: Known, name: str) -> Revision:
    """The revision of that name; one of which nothing but the name is known, if nobody has looked."""
    return revisions.get(name) or Revision(name)


def written(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Lines as the service takes them."""
    lines: list[dict[str, Any]] = []
    for entry in entries:
        aim = {"latestRevision": True} if entry.latest else {"revisionName": entry.revision}
        lines.append({**aim, "weight": entry.weight, **({"label": entry.label} if entry.label else {})})
    return lines


def _entry(line: Mapping[str, Any], latest: str) -> Entry:
    follows = bool(line.get("latestRevision"))
    return Entry(
        revision=clean(latest if follows else str(line.get("revisionName") or "")),
        weight=int(line.get("weight") or 0),
        label=clean(str(line.get("label") or "")),
        latest=follows,
    )


def _health(active: bool, health: str, running: str, provisioning: str) -> Health:
    """What the service's own probes and its bookkeeping say; a revision scaled to zero has nobody to probe."""
    lowered = health.lower()
    if not active or lowered == "unhealthy" or running.lower() in _UNWELL or provisioning.lower() == "failed":
        return "unhealthy"
    return "healthy" if lowered == "healthy" else "unknown"


def _status(active: bool, health: str, state: str) -> str:
    if not active:
        return "deactivated"
    return ", ".join(word for word in (state, health if health.lower() == "unhealthy" else "") if word)


def _version(template: Mapping[str, Any]) -> str:
    """The tag of the first container's image, or the beginning of its digest."""
    containers = template.get("containers")
    first = containers[0] if isinstance(containers, list) and containers else {}
    image = str(first.get("image") or "") if isinstance(first, Mapping) else ""
    if "@" in image:
        return image.partition("@")[2].removeprefix("sha256:")[:12]
    tag = image.rpartition("/")[2].partition(":")[2]
    return tag or ("latest" if image else "")


def _seconds(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


def _inner(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = holder.get(name)
    return inner if isinstance(inner, Mapping) else {}
