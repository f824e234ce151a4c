"""A line of the journal for other programs: as JSON, without what is nobody else's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.store.base import Event

_SEALED = "token"
"""The key of what is needed to go on polling: encrypted, and nobody else's business."""


def document(event: Event) -> Mapping[str, Any]:
    """The line as it stands in `qd history --json`. Without the sealed key its hash can't be computed again from it:
    whoever wants to verify asks the store."""
    return {
        "seq": event.seq,
        "at": event.at,
        "kind": event.kind,
        "actor": event.actor,
        "operation": event.operation or None,
        "target": event.target or None,
        "body": {key: value for key, value in event.body.items() if key != _SEALED},
        "previous": event.previous,
        "hash": event.hash,
    }
