"""OpenFeature flagd's definition files as a flag store: each file is a place, in a folder or in a git checkout.

Importing this package imports no parser and no model: only a runner needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

FLAGD = "flagd"


class FlagdProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (FLAGD,)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.flagd import schema

        return {"connection": schema.FlagdConnection, "flags": schema.FileAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.flagd.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """A sandbox must not write into the real file, and an application of the sandbox would read no other.

        Raises:
            ProviderError: misconfigured, always.
        """
        raise ProviderError(
            "misconfigured",
            "the sandbox has no definition files of flagd: it would write into yours",
            "copy the file, name the copy in a configuration of its own, and leave --sandbox out",
        )


provider: Provider = FlagdProvider()
