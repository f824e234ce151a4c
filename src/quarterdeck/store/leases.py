"""The leases of a SQLite store: who may write, and until when. Called within the store's transactions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from quarterdeck.fleet.codec import to_json
from quarterdeck.records import replace
from quarterdeck.store.base import Lease, LeaseLost
from quarterdeck.store.chain import compact


class Leases:
    """The table `leases` of one store."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database

    def held(self, name: str) -> Lease | None:
        """See `Store.lease`."""
        row = self._db.execute(
            "SELECT name, holder, fence, expires_at, info FROM leases WHERE name = ? AND holder <> ''", (name,)
        ).fetchone()
        return None if row is None else Lease(row[0], row[1], row[2], row[3], json.loads(row[4]))

    def require(self, lease: Lease) -> None:
        """Raises LeaseLost unless it is still the one that is held."""
        held = self.held(lease.name)
        if held is None or (held.holder, held.fence) != (lease.holder, lease.fence):
            now = f"{held.holder} has it" if held else "nobody has it"
            raise LeaseLost(f"the lease {lease.name!r} of {lease.holder} is lost: {now}")

    def take(self, name: str, holder: str, now: float, ttl: float, info: Mapping[str, Any]) -> Lease | None:
        """See `Store.take_lease`."""
        held = self.held(name)
        if held and held.holder != holder and held.expires_at > now:
            return None
        (fence,) = self._db.execute(
            """INSERT INTO leases VALUES (?, ?, 1, ?, ?) ON CONFLICT (name) DO UPDATE SET
               holder = excluded.holder, fence = fence + 1, expires_at = excluded.expires_at, info = excluded.info
               RETURNING fence""",
            (name, holder, now + ttl, compact(to_json(info))),
        ).fetchone()
        return Lease(name, holder, fence, now + ttl, info)

    def renew(self, lease: Lease, now: float, ttl: float) -> Lease:
        """See `Store.renew_lease`."""
        self.require(lease)
        self._db.execute("UPDATE leases SET expires_at = ? WHERE name = ?", (now + ttl, lease.name))
        return replace(lease, expires_at=now + ttl)

    def give_up(self, lease: Lease) -> None:
        """See `Store.release_lease`. The row stays, so that the fence goes on growing."""
        self._db.execute(
            "UPDATE leases SET holder = '' WHERE name = ? AND holder = ? AND fence = ?",
            (lease.name, lease.holder, lease.fence),
        )
