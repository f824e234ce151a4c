"""Connections to systems that a sandbox doesn't play: they cost their own rows, and lead nowhere at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers import registry
from quarterdeck.providers.base import Provider, ProviderError, SessionContext

UNPLAYED = "(none in the sandbox)"
"""The provider of such a connection. No package can offer one of that name and no configuration can ask for it: whoever
looks it up anywhere but here finds that there is none, and opens nothing."""

_CODE, _MESSAGE, _HINT = "code", "message", "hint"


def unplayed(connection: Connection, trouble: Trouble) -> Connection:
    """The connection of that name with nothing left in it but why it can't be used: no address and no secret."""
    return Connection(connection.name, UNPLAYED, {_CODE: trouble.code, _MESSAGE: trouble.message, _HINT: trouble.hint})


def provider_in_sandbox(name: str) -> Provider:
    """The provider of a connection of a sandboxed fleet. Raises ProviderError."""
    return _PROVIDER if name == UNPLAYED else registry.load(name)


class _UnplayedProvider:
    """Opens nothing."""

    names: Sequence[str] = ()

    def schema(self, name: str) -> Mapping[str, type]:
        return {}

    def open(self, connection: Connection, context: SessionContext) -> NoReturn:
        """Raises ProviderError, always: what the provider said of the sandbox."""
        options: Mapping[str, Any] = connection.options
        raise ProviderError(options[_CODE], options[_MESSAGE], options[_HINT])

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        return connection


_PROVIDER: Provider = _UnplayedProvider()
