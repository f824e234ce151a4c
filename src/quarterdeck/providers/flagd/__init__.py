"""OpenFeature flagd's definition files as a flag store: each file is a place, in a folder or in a git checkout.

Importing this package imports no parser and no model: only a runner needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

FLAGD = "flagd"


class FlagdProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (FLAGD,)
    lacking = "definition files of flagd: it would write into yours"
    instead = "copy the file, name the copy in a configuration of its own"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.flagd import schema

        return {"connection": schema.FlagdConnection, "flags": schema.FileAddress}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.flagd.session import open_session

        return open_session(connection, context)


provider: Provider = FlagdProvider()
