"""The open sessions of a fleet: one per connection, opened when first needed, closed together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from quarterdeck.clock import Clock
from quarterdeck.config import secrets
from quarterdeck.config.references import secret as secret_reference
from quarterdeck.config.secrets import SecretUnavailable
from quarterdeck.fleet.topology import Connection, Fleet, Role
from quarterdeck.providers.base import Capability, GateSource, Provider, ProviderError, Refused, Session, SessionContext
from quarterdeck.runner.mistakes import without_text
from quarterdeck.runner.ports import Guard
from quarterdeck.store.base import LeaseLost

log = logging.getLogger(__name__)

CLOSING_SECONDS = 2.0
"""How long a session may take to say goodbye."""


class Sessions:
    """See `ports.Connections`. A connection that can't be opened is tried again by the next `open`."""

    def __init__(
        self, fleet: Fleet, providers: Callable[[str], Provider], clock: Clock, guard: Guard | None = None
    ) -> None:
        """`providers` finds a provider by the value of `provider:`; it raises ProviderError.

        Without a guard (`qd check`) nothing is ever written.
        """
        self._connections: Mapping[str, Connection] = {one.name: one for one in fleet.connections}
        self._providers = providers
        self._clock = clock
        self._guard = guard
        self._sessions: dict[str, Session] = {}
        self._errors: dict[str, ProviderError] = {}
        self._prompts: dict[str, str] = {}
        self._opening: dict[str, asyncio.Lock] = {}

    async def open(self, connection: str) -> Session:
        """The session of a connection. Raises ProviderError."""
        async with self._opening.setdefault(connection, asyncio.Lock()):
            if connection not in self._sessions:
                try:
                    self._sessions[connection] = await self._opened(self._known(connection))
                except ProviderError as error:
                    self._errors[connection] = error
                    raise
        return self._sessions[connection]

    def capability(self, connection: str, role: Role) -> Capability:
        """See `ports.Connections.capability`."""
        found = self._session(connection).capability(role)
        if found is None:
            provider = self._connections[connection].provider
            raise ProviderError("misconfigured", f"the provider {provider} of {connection} has no {role}")
        return found

    def gates(self, connection: str) -> GateSource:
        """See `sampling.Sources.gates`."""
        found = self._session(connection).gates()
        if found is None:
            provider = self._connections[connection].provider
            raise ProviderError("misconfigured", f"the provider {provider} of {connection} answers for no gates")
        return found

    async def identity(self, connection: str) -> str:
        """See `ports.Connections.identity`."""
        return await (await self.open(connection)).identity()

    def prompt(self, connection: str) -> str:
        """What a person has to do before this connection can be used ("" for nothing): a device code to enter."""
        return self._prompts.get(connection, "")

    def settled(self, connection: str) -> None:
        """A look has ended: whatever a person was asked for has been done, or it is too late for it."""
        self._prompts.pop(connection, None)

    async def close(self) -> None:
        """Close every session; one that hangs isn't waited for."""
        sessions, self._sessions = self._sessions, {}
        await asyncio.gather(*(self._close(name, session) for name, session in sessions.items()))

    def _known(self, connection: str) -> Connection:
        """What began under an earlier configuration may ask for a connection that this one has no more."""
        if connection in self._connections:
            return self._connections[connection]
        hint = "declare it again, as long as anything needs it"
        raise ProviderError("misconfigured", f"the configuration has no connection {connection}", hint)

    def _session(self, connection: str) -> Session:
        if connection in self._sessions:
            return self._sessions[connection]
        self._known(connection)
        raise self._errors.get(connection) or ProviderError(
            "misconfigured", f"the connection {connection} is not open", "try again in a moment"
        )

    async def _opened(self, connection: Connection) -> Session:
        provider = self._providers(connection.provider)
        known = await _resolved(connection)

        def secret(reference: str) -> str:
            found = known.get(reference)
            if found is None:
                raise ProviderError("misconfigured", f"{connection.name}: not a reference to a secret")
            if isinstance(found, ProviderError):
                raise found
            return found

        def tell(line: str) -> None:
            log.info("%s asks for a person: it waits for a sign-in", connection.name)
            self._prompts[connection.name] = line

        try:
            return provider.open(connection, SessionContext(self._clock, tell, secret, self._may_write))
        except ProviderError:
            raise
        except Exception as error:  # a provider from elsewhere may raise anything
            log.error("opening %s failed: %s", connection.name, without_text(error))
            message = f"the provider {connection.provider} failed: {type(error).__name__}"
            raise ProviderError("misconfigured", message, "ask whoever makes that provider") from None

    def _may_write(self) -> None:
        try:
            if self._guard is None:
                raise LeaseLost("whoever holds no lease may only read")
            self._guard.require()
        except LeaseLost as error:
            raise Refused("provider_error", f"not sent: {error}") from None

    async def _close(self, name: str, session: Session) -> None:
        with suppress(TimeoutError):
            try:
                await asyncio.wait_for(session.close(), CLOSING_SECONDS)
            except (ProviderError, OSError, RuntimeError) as error:
                log.warning("closing %s: %s", name, type(error).__name__)


async def _resolved(connection: Connection) -> Mapping[str, str | ProviderError]:
    """The secrets that a connection's options refer to, looked up beforehand: a vault answers over the network."""
    references = [text for text in connection.options.values() if secret_reference(text)]
    found = await asyncio.gather(*(asyncio.to_thread(_resolve, connection, text) for text in references))
    return dict(zip(references, found, strict=True))


def _resolve(connection: Connection, reference: str) -> str | ProviderError:
    try:
        return secrets.resolve(reference)
    except SecretUnavailable as error:
        trouble = error.trouble
        return ProviderError(trouble.code, f"{connection.name}: {trouble.message}", trouble.hint)
