"""How long things take in the world, and how its clients behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Physics:
    """Durations in world seconds.

    Attributes:
        apply: writing settings at the start of a swap.
        restart: stopping and starting the processes of a slot, before its build warms up.
        local_cache: filling the local cache during a swap, where it is on.
        ping: one warm-up ping that an already warm slot answers.
        deploy: copying a build into a slot.
        provision: carrying out a change of a container app, of an origin, or of the addresses of cloud services.
        edges: until every edge of Front Door has a change.
        cookie: how long a client stays with the slot it was routed to.
        returning: part (0 to 1) of the requests that come from clients with a routing cookie.
        poll_after: the Retry-After of a running swap's 202; None sends none, as the recordings have it.
    """

    apply: float = 1.0
    restart: float = 3.0
    local_cache: float = 3.0
    ping: float = 0.5
    deploy: float = 3.0
    provision: float = 2.0
    edges: float = 60.0
    cookie: float = 3600.0
    returning: float = 0.5
    poll_after: int | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Physics:
        """Read a world file's physics.

        Raises:
            ValueError: naming what is unknown or negative.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(document) - known)
        if unknown:
            raise ValueError(f"physics has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        for name, value in document.items():
            if value is not None and (not isinstance(value, int | float) or value < 0):
                raise ValueError(f"physics: {name} is a number of 0 or more, not {value!r}")
        return cls(**document)
