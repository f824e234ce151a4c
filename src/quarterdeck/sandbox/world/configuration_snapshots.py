"""Snapshots of a store: named, immutable sets of key-values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.configuration import Clock, Condition, ConfigurationStore, KeyValue, Log

Status = Literal["provisioning", "ready", "archived", "failed"]
Composition = Literal["key", "key_label"]
DEFAULT_RETENTION = 30 * 24 * 3600


class SnapshotExists(Exception):
    """A snapshot of that name is there already."""


class InvalidState(Exception):
    """Not possible in the state the snapshot is in."""


@dataclass(frozen=True, slots=True)
class SnapshotFilter:
    """Which key-values go in, in App Configuration's filter language; a label of None is no label."""

    key: str
    label: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot. Times are UNIX seconds; `expires` is None unless it is archived."""

    name: str
    filters: tuple[SnapshotFilter, ...]
    composition: Composition = "key"
    retention: int = DEFAULT_RETENTION
    tags: Mapping[str, str | None] = field(default_factory=dict)
    description: str | None = None
    items: tuple[KeyValue, ...] = ()
    status: Status = "provisioning"
    created: float = 0.0
    expires: float | None = None
    etag: str = ""

    @property
    def size(self) -> int:
        """Bytes of its keys, labels and values."""
        texts = (text for item in self.items for text in (item.key, item.label, item.value) if text)
        return sum(len(text.encode()) for text in texts)


class Snapshots:
    """The snapshots of a store.

    `provisioning` is how many seconds of world time a new one takes to become ready; at least the answer to its
    creation says "provisioning".
    """

    def __init__(self, store: ConfigurationStore, clock: Clock, log: Log, provisioning: float = 0.0) -> None:
        self._store, self._clock, self._log = store, clock, log
        self._snapshots: dict[str, Snapshot] = {}
        self.provisioning = provisioning

    def __iter__(self) -> Iterator[Snapshot]:
        return iter([item for name in sorted(self._snapshots) if (item := self.get(name))])

    def get(self, name: str) -> Snapshot | None:
        """The snapshot as it is now; None when there is none, or it has expired."""
        snapshot = self._snapshots.get(name)
        if snapshot is None:
            return None
        now = self._clock.now()
        if snapshot.expires is not None and snapshot.expires <= now:
            del self._snapshots[name]
            return None
        if snapshot.status == "provisioning" and snapshot.created + self.provisioning <= now:
            snapshot = self._keep(replace(snapshot, status="ready"))
        return snapshot

    def create(self, wanted: Snapshot, items: tuple[KeyValue, ...]) -> Snapshot:
        """Begin a snapshot of these key-values.

        Raises:
            SnapshotExists: when the name is taken.
        """
        if self.get(wanted.name) is not None:
            raise SnapshotExists(wanted.name)
        return self._keep(replace(wanted, items=items, status="provisioning", created=self._clock.now()))

    def set_status(self, name: str, status: str, condition: Condition) -> Snapshot | None:
        """Archive or recover; None when there is no such snapshot.

        Raises:
            PreconditionFailed: when the condition does not hold.
            InvalidState: when it is neither ready nor archived, or that is not what is asked for.
        """
        snapshot = self.get(name)
        condition.require(snapshot.etag if snapshot else None)
        if snapshot is None or snapshot.status == status:
            return snapshot
        if status == "archived" and snapshot.status == "ready":
            return self._keep(replace(snapshot, status="archived", expires=self._clock.now() + snapshot.retention))
        if status == "ready" and snapshot.status == "archived":
            return self._keep(replace(snapshot, status="ready", expires=None))
        raise InvalidState(name)

    def clear(self) -> None:
        """Forget all."""
        self._snapshots.clear()

    def _keep(self, snapshot: Snapshot) -> Snapshot:
        self._store.sequence += 1
        etag = self._store.new_etag("snapshot", snapshot.name)
        kept = self._snapshots[snapshot.name] = replace(snapshot, etag=etag)
        details: dict[str, Any] = {"items": len(kept.items)}
        self._log.add(f"snapshot.{kept.status}", kept.name, **details)
        return kept
