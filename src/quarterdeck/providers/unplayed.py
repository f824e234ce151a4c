"""What providers have in common whose system the sandbox doesn't play: a real one is there in seconds, or a pretended
one would prove nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import ProviderError


class Unplayed:
    """The part of a `Provider` that says so."""

    lacking: ClassVar[str]
    """What the sandbox has not: `Caddy`."""

    instead: ClassVar[str]
    """How it can be tried without: `start a Caddy of your own`."""

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """See `quarterdeck.providers.base.Provider`.

        Raises:
            ProviderError: misconfigured, always.
        """
        hint = f"{self.instead}, and leave --sandbox out"
        raise ProviderError("misconfigured", f"the sandbox has no {self.lacking}", hint)
