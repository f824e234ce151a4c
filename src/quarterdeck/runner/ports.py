"""What planning and executing need from the process around them."""

from __future__ import annotations

from typing import Protocol

from quarterdeck.fleet.topology import Role
from quarterdeck.providers.base import Capability
from quarterdeck.store.base import Lease


class Guard(Protocol):
    """Watches over the right to write."""

    @property
    def lease(self) -> Lease:
        """The lease, as last renewed."""
        ...

    def require(self) -> None:
        """Pass only while the lease is surely ours.

        Raises:
            LeaseLost: it isn't; write nothing more, neither to the store nor to the world.
        """
        ...


class Seal(Protocol):
    """Makes secrets that have to be stored unreadable for everybody else."""

    def seal(self, text: str) -> str:
        """The text, unreadable without the key."""
        ...

    def unseal(self, sealed: str) -> str:
        """The text again.

        Raises:
            ValueError: it was sealed with another key, or is damaged.
        """
        ...


class Connections(Protocol):
    """The open sessions, by the connection's name."""

    def capability(self, connection: str, role: Role) -> Capability:
        """The capability that plays a role over a connection.

        Raises:
            ProviderError: code misconfigured, there is none.
        """
        ...

    async def identity(self, connection: str) -> str:
        """Who the connection's credential says we are.

        Raises:
            ProviderError: not signed in.
        """
        ...
