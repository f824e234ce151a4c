"""Rollouts of Argo and their ReplicaSets, as the API server has them. Pure.

Field names are those of the CRD `rollouts.argoproj.io` v1alpha1 (Argo Rollouts documentation, "Specification"; its
published examples of canary, blue-green, paused and aborted rollouts). A Rollout names the pods of a version by a hash:
`status.stableRS` is the version that serves, `status.currentPodHash` the one that is wanted; while they differ, an
update is in progress. Its ReplicaSets carry the hash as a label, and hold the image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.fleet.readings import Build, Health
from quarterdeck.fleet.text import clean
from quarterdeck.providers.kubernetes.ownership import gitops_of

GROUP, RESOURCE = "argoproj.io", "rollouts"
HASH = "rollouts-pod-template-hash"
"""The label of the hash."""

INCONCLUSIVE = "InconclusiveAnalysisRun"
"""The reason of a pause that an analysis has asked for."""


@dataclass(frozen=True, slots=True)
class Pods:
    """A ReplicaSet: how many pods it should have, how many of them can take clients, and the image they run."""

    hash: str
    image: str = ""
    wanted: int = 0
    available: int = 0

    @property
    def health(self) -> Health:
        if not self.wanted:
            return "unknown"
        if self.available >= self.wanted:
            return "healthy"
        return "unknown" if self.available else "unhealthy"

    @property
    def build(self) -> Build:
        return Build(version_of(self.image), self.hash)

    @property
    def told(self) -> str:
        """In words: `1.4.2, 3/3 available`."""
        version = version_of(self.image)
        counts = f"{self.available}/{self.wanted} available"
        return f"{version}, {counts}" if version else counts


@dataclass(frozen=True, slots=True)
class Rollout:
    """One Rollout.

    Attributes:
        canary, blue_green: its strategy; the other one is None.
        update, stable, active, preview: hashes; "" for what isn't known.
        pauses: the reasons for which the controller waits; `held` is `spec.paused`, which people set.
        seen: whether the controller has seen the declaration as it is now.
        words: what the controller says about how it goes.
    """

    name: str
    version: str
    uid: str
    replicas: int
    available: int
    canary: Mapping[str, Any] | None
    blue_green: Mapping[str, Any] | None
    update: str
    stable: str
    active: str
    preview: str
    step: int
    aborted: bool
    in_full: bool
    held: bool
    pauses: tuple[str, ...]
    weights: Mapping[str, Any]
    seen: bool
    words: str
    metadata: Mapping[str, Any] = field(repr=False)
    pods: Mapping[str, Pods] = field(default_factory=dict)

    @property
    def updating(self) -> bool:
        """Whether a version is on its way that doesn't serve all clients yet."""
        return bool(self.stable and self.update and self.stable != self.update)

    def of(self, hash_: str) -> Pods:
        """The pods of a version; none, if they aren't there (any more)."""
        return self.pods.get(hash_, Pods(hash_))

    @property
    def gitops(self) -> str:
        return gitops_of(self.metadata)


def rollout_of(document: Mapping[str, Any], sets: Iterable[Mapping[str, Any]] = (), container: str = "") -> Rollout:
    """A Rollout with those of the ReplicaSets that belong to it."""
    metadata, spec, status = (_part(document, key) for key in ("metadata", "spec", "status"))
    strategy = _part(spec, "strategy")
    has = {key: strategy[key] or {} for key in ("canary", "blueGreen") if key in strategy}
    blue_green = _part(status, "blueGreen")
    uid, observed = str(metadata.get("uid") or ""), str(status.get("observedGeneration") or "")
    return Rollout(
        name=clean(str(metadata.get("name") or ""), 253),
        version=str(metadata.get("resourceVersion") or ""),
        uid=uid,
        replicas=_number(spec.get("replicas"), 1),
        available=_number(status.get("availableReplicas")),
        canary=has.get("canary"),
        blue_green=has.get("blueGreen"),
        update=_hash(status.get("currentPodHash")),
        stable=_hash(status.get("stableRS")),
        active=_hash(blue_green.get("activeSelector")),
        preview=_hash(blue_green.get("previewSelector")),
        step=_number(status.get("currentStepIndex")),
        aborted=bool(status.get("abort")),
        in_full=bool(status.get("promoteFull")),
        held=bool(spec.get("paused")),
        pauses=tuple(clean(str(one.get("reason") or "?"), 60) for one in status.get("pauseConditions") or ()),
        weights=_part(_part(status, "canary"), "weights"),
        seen=not observed or observed == str(metadata.get("generation")),
        words=_words(status),
        metadata=metadata,
        pods={pods.hash: pods for pods in (_pods(one, container) for one in _owned(sets, uid))},
    )


def hashes_of(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    """The versions that matter, of several Rollouts: those that serve, wait or are on their way."""
    found: dict[str, None] = {}
    for document in documents:
        status = _part(document, "status")
        blue_green = _part(status, "blueGreen")
        for part, key in ((status, "currentPodHash"), (status, "stableRS"), (blue_green, "activeSelector"),
                          (blue_green, "previewSelector")):  # fmt: skip
            if hash_ := _hash(part.get(key)):
                found[hash_] = None
    return list(found)


def version_of(image: str) -> str:
    """The tag of an image; the beginning of its digest where it has none; "" if it tells neither."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return clean(tag or digest.partition(":")[2][:12], 100)


def _owned(sets: Iterable[Mapping[str, Any]], uid: str) -> list[Mapping[str, Any]]:
    return [
        one
        for one in sets
        if any(str(owner.get("uid")) == uid for owner in _part(one, "metadata").get("ownerReferences") or ())
    ]


def _pods(document: Mapping[str, Any], container: str) -> Pods:
    metadata, spec, status = (_part(document, key) for key in ("metadata", "spec", "status"))
    containers = _part(_part(spec, "template"), "spec").get("containers") or ()
    images = [str(one.get("image") or "") for one in containers if not container or one.get("name") == container]
    return Pods(
        _hash((metadata.get("labels") or {}).get(HASH)),
        images[0] if images else "",
        _number(spec.get("replicas")),
        _number(status.get("availableReplicas")),
    )


def _words(status: Mapping[str, Any]) -> str:
    """The phase, where the controller writes it (since 1.0), and why it isn't further."""
    phase = clean(str(status.get("phase") or ""), 40)
    why = str(status.get("message") or "")
    for condition in status.get("conditions") or ():
        bad = condition.get("type") == "Progressing" and condition.get("status") == "False"
        if bad or (condition.get("type") == "InvalidSpec" and condition.get("status") == "True"):
            why = why or str(condition.get("message") or condition.get("reason") or "")
    return clean(": ".join(one for one in (phase, why) if one), 160)


def _part(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}


def _number(value: Any, otherwise: int = 0) -> int:
    return value if isinstance(value, int) else otherwise


def _hash(value: Any) -> str:
    """A label's value: letters, digits, - _ and dot only, so it can stand in a selector."""
    text = str(value or "")
    return text if text.replace("-", "").replace("_", "").replace(".", "").isalnum() and len(text) <= 63 else ""
