"""An App Configuration store: key-values with labels, their revisions, locks and snapshots."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from quarterdeck.sandbox.world.configuration_filter import (
    ANYTHING,
    NULL,
    InvalidFilter,
    TagFilter,
    TextFilter,
    tag_filter,
    text_filter,
)
from quarterdeck.sandbox.world.configuration_snapshots import Composition, SnapshotFilter, Snapshots

CREDENTIAL = "sandbox"
SECRET = base64.b64encode(b"quarterdeck sandbox, loopback only").decode()


class Clock(Protocol):
    """The world's time."""

    def now(self) -> float:
        """UNIX seconds."""
        ...


class Log(Protocol):
    """Where effects are noted; see `world.log.WorldLog`."""

    def add(self, kind: str, subject: str, /, **details: Any) -> None:
        """Note an effect."""
        ...


class PreconditionFailed(Exception):
    """The caller's If-Match or If-None-Match does not hold."""


class Locked(Exception):
    """The key-value is read-only."""


@dataclass(frozen=True, slots=True)
class Condition:
    """ETags that must (`match`) or must not (`none_match`) be current; "" is no condition, "*" is any ETag."""

    match: str = ""
    none_match: str = ""

    def holds(self, etag: str | None) -> bool:
        """Whether it holds for something whose ETag is this, None for something that is not there."""
        if self.match and not (etag is not None and self.match in ("*", etag)):
            return False
        return not (self.none_match and etag is not None and self.none_match in ("*", etag))

    def require(self, etag: str | None) -> None:
        """Let it pass when it holds.

        Raises:
            PreconditionFailed: when it does not.
        """
        if not self.holds(etag):
            raise PreconditionFailed


ALWAYS = Condition()


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One setting, as it was from `modified` (UNIX seconds) on. A label of None is no label."""

    key: str
    label: str | None = None
    value: str | None = None
    content_type: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)
    description: str | None = None
    locked: bool = False
    modified: float = 0.0
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which key-values are wanted; `at` is a moment in the past, None for now."""

    key: TextFilter = ANYTHING
    label: TextFilter = ANYTHING
    tags: TagFilter = field(default_factory=TagFilter)
    at: float | None = None

    def matches(self, item: KeyValue) -> bool:
        """Whether a key-value passes the filters."""
        return self.key.matches(item.key) and self.label.matches(item.label) and self.tags.matches(item.tags)


Name = tuple[str, str | None]


class ConfigurationStore:
    """The whole store.

    Args:
        clock: the world's.
        log: notes each effect as `setting.changed|deleted|locked|unlocked`, `snapshot.<status>`.

    Attributes:
        credentials: access key ids and their base64 secrets.
        sequence: how many writes there have been.
    """

    def __init__(self, clock: Clock, log: Log) -> None:
        self._clock, self._log = clock, log
        self._revisions: dict[Name, list[tuple[float, KeyValue | None]]] = {}
        self.credentials: dict[str, str] = {CREDENTIAL: SECRET}
        self.sequence = 0
        self.snapshots = Snapshots(self, clock, log)

    def now(self) -> float:
        """World time."""
        return self._clock.now()

    def connection_string(self, endpoint: str) -> str:
        """What a client needs to sign its requests."""
        name, secret = next(iter(self.credentials.items()))
        return f"Endpoint={endpoint};Id={name};Secret={secret}"

    def get(self, key: str, label: str | None = None, at: float | None = None) -> KeyValue | None:
        """The key-value as it is, or was `at` that time."""
        for since, item in reversed(self._revisions.get((key, label), [])):
            if at is None or since <= at:
                return item
        return None

    def select(self, selection: Selection) -> list[KeyValue]:
        """Key-values in order of key and label, those without a label first."""
        items = (self.get(key, label, selection.at) for key, label in sorted(self._revisions, key=_order))
        return [item for item in items if item is not None and selection.matches(item)]

    def revisions(self, selection: Selection) -> list[KeyValue]:
        """Past and present states in order of key and label, newest first, deletions left out."""
        return [
            item
            for name in sorted(self._revisions, key=_order)
            for since, item in reversed(self._revisions[name])
            if item is not None and (selection.at is None or since <= selection.at) and selection.matches(item)
        ]

    def compose(self, filters: Iterable[SnapshotFilter], composition: Composition) -> tuple[KeyValue, ...]:
        """What a snapshot of these filters holds; where two filters give the same one, the later wins.

        Raises:
            InvalidFilter: for a malformed filter, or one of several labels when only keys tell items apart.
        """
        chosen: dict[Name, KeyValue] = {}
        for wanted in filters:
            label = text_filter(NULL if wanted.label is None else wanted.label)
            if composition == "key" and not label.is_single:
                raise InvalidFilter("A filter of several labels needs the composition type 'key_label'")
            for item in self.select(Selection(text_filter(wanted.key), label, tag_filter(wanted.tags))):
                chosen[(item.key, item.label if composition == "key_label" else None)] = item
        return tuple(sorted(chosen.values(), key=lambda item: _order((item.key, item.label))))

    def put(self, wanted: KeyValue, condition: Condition = ALWAYS) -> KeyValue:
        """Create or replace; a put that changes nothing is none and keeps the ETag.

        Raises:
            PreconditionFailed: checked before the lock.
            Locked: when it is read-only.
        """
        current = self._writable(wanted.key, wanted.label, condition)
        if current is not None and _content(current) == _content(wanted):
            return current
        return self._write(replace(wanted, locked=False), "setting.changed", value=wanted.value)

    def delete(self, key: str, label: str | None = None, condition: Condition = ALWAYS) -> KeyValue | None:
        """Remove; returns what was there.

        Raises:
            PreconditionFailed: checked before the lock.
            Locked: when it is read-only.
        """
        current = self._writable(key, label, condition)
        if current is not None:
            self.sequence += 1
            self._revisions[(key, label)].append((self.now(), None))
            self._log.add("setting.deleted", _subject(current))
        return current

    def set_lock(self, key: str, label: str | None, locked: bool, condition: Condition = ALWAYS) -> KeyValue | None:
        """Make read-only, or writable again; None when there is no such key-value.

        Raises:
            PreconditionFailed: when the condition does not hold.
        """
        current = self.get(key, label)
        condition.require(current.etag if current else None)
        if current is None or current.locked == locked:
            return current
        return self._write(replace(current, locked=locked), "setting.locked" if locked else "setting.unlocked")

    def load(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Replace everything by key-values as `dump` gives them; only `key` has to be there.

        Raises:
            ValueError: for a document without a key, or with a field that does not exist.
        """
        self._revisions.clear()
        self.snapshots.clear()
        for document in documents:
            try:
                item = KeyValue(**document)
            except TypeError as error:
                raise ValueError(f"not a key-value: {error}") from error
            self._write(item, "setting.changed", value=item.value)

    def dump(self) -> list[dict[str, Any]]:
        """Every current key-value, without what `load` makes anew (time and ETag)."""
        return [
            {name: value for name, value in asdict(item).items() if name not in ("modified", "etag")}
            for item in self.select(Selection())
        ]

    def new_etag(self, *parts: object) -> str:
        """An ETag that was never given out before."""
        return make_etag(*parts, self.sequence)

    def _writable(self, key: str, label: str | None, condition: Condition) -> KeyValue | None:
        current = self.get(key, label)
        condition.require(current.etag if current else None)
        if current is not None and current.locked:
            raise Locked(key)
        return current

    def _write(self, item: KeyValue, kind: str, **details: Any) -> KeyValue:
        self.sequence += 1
        etag = self.new_etag(item.key, item.label or "")
        written = replace(item, modified=self.now(), etag=etag)
        self._revisions.setdefault((item.key, item.label), []).append((written.modified, written))
        self._log.add(kind, _subject(written), **details)
        return written


def make_etag(*parts: object) -> str:
    """An opaque tag that differs when any part does."""
    digest = hashlib.sha256("\n".join(map(str, parts)).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:27]


def _order(name: Name) -> tuple[str, str]:
    return name[0], name[1] or ""


def _content(item: KeyValue) -> tuple[object, ...]:
    return item.value, item.content_type, dict(item.tags), item.description


def _subject(item: KeyValue) -> str:
    return item.key if item.label is None else f"{item.key}@{item.label}"
