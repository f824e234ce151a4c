"""An open connection to definition files: there is nothing to keep open."""

from __future__ import annotations

import os
import pwd
from collections.abc import AsyncIterator

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.flagd.flags import FlagdFlags
from quarterdeck.providers.flagd.git import Checkout
from quarterdeck.providers.flagd.schema import FlagdConnection
from quarterdeck.providers.http.schema import options_of
from quarterdeck.release.durations import seconds


class FlagdSession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, checkout: Checkout | None, flags: FlagdFlags) -> None:
        self._checkout = checkout
        self._flags = flags

    def capability(self, role: Role) -> Capability | None:
        return self._flags if role == "flags" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """Whom files will belong to, or commits name."""
        return await self._checkout.author() if self._checkout else _user()

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Who writes; of a checkout, whether commits can be made and would be taken."""
        if self._checkout is None:
            yield f"files are written as {_user()}", None
            return
        try:
            author = await self._checkout.author()
            await self._checkout.require_branch()
            await self._checkout.require_newest()
        except ProviderError as error:
            yield f"commits can be made in {clean(self._checkout.folder.name, 60)}", error.trouble
            return
        taken = f", and {self._checkout.remote} has them all" if self._checkout.remote else ", and pushed by nobody"
        yield f"commits are made on {self._checkout.branch} as {author}{taken}", None

    async def close(self) -> None:
        """Nothing is open."""


def open_session(connection: Connection, context: SessionContext) -> FlagdSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    options = options_of(connection, FlagdConnection)
    checkout = None
    if options.repository is not None and options.branch is not None:
        checkout = Checkout(options.repository, options.branch, options.push, seconds(options.timeout))
    return FlagdSession(checkout, FlagdFlags(checkout, context.may_write))


def _user() -> str:
    """Of this process."""
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
