"""AWS as one connection reaches it: boto3's clients, and how often they may be asked.

boto3 blocks, so every request runs in a thread of its own: one that hangs holds up nobody else. Reads are repeated by
botocore where that can help (its standard mode), writes are sent once. Watching stands back for people: a few requests
at once, and none for a while after AWS has said "too fast" or hasn't answered.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.aws.documents import Document
from quarterdeck.providers.aws.faults import clean, reading, writing
from quarterdeck.providers.aws.schema import AwsConnection
from quarterdeck.providers.aws.threads import in_a_thread
from quarterdeck.providers.base import ProviderError, SessionContext
from quarterdeck.release.durations import seconds

WATCHING_AT_ONCE = 4
"""Requests of watching side by side; people needn't queue."""

LINES_KEPT = 8
"""Connections of a client that are kept open."""

READ_ATTEMPTS = 2
"""Of botocore, the first one counted in."""

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds for which a service that said "too fast", or nothing, isn't watched; they double."""

ANYWHERE = "us-east-1"
"""The region to sign in at, and of services that have none, where nobody names one."""

_STANDS_BACK_AFTER = frozenset({"throttled", "unreachable", "timeout"})


class Account:
    """One set of credentials, and what is asked with them."""

    def __init__(self, options: AwsConnection, context: SessionContext) -> None:
        self._options = options
        self._context = context
        self._making = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._lines = asyncio.Semaphore(WATCHING_AT_ONCE)
        self._pauses: dict[tuple[str, str], float] = {}
        self._quiet: dict[tuple[str, str], tuple[float, Trouble]] = {}
        self.clock = context.clock

    async def read(
        self, service: str, operation: str, *, region: str = "", watching: bool = False, **parameters: Any
    ) -> Document:
        """The answer of an operation that changes nothing.

        Args:
            service, operation: by botocore's names, `elbv2` and `describe_rules` for instance.
            watching: nobody waits for it, so that it stands back.

        Raises:
            ProviderError: whatever went wrong.
        """
        where = (service, region)
        ask = partial(self._ask, where, operation, parameters)
        async with self._line(where) if watching else _no_line():
            try:
                answer = await in_a_thread(ask)
            except ProviderError as error:
                self._note(where, error.trouble)
                raise
        self._pauses.pop(where, None)
        self._quiet.pop(where, None)
        return answer

    async def write(self, service: str, operation: str, *, region: str = "", **parameters: Any) -> Document:
        """Send an operation that changes something, once.

        Raises:
            Refused: it had no effect.
            InDoubt: nobody knows.
        """
        try:
            await in_a_thread(partial(self._ready, (service, region)))
        except ProviderError as error:
            raise error.before_sending() from None
        return await in_a_thread(partial(self._change, (service, region), operation, parameters))

    async def identity(self) -> str:
        """Who the credentials say we are, as an ARN. Raises ProviderError."""
        answer = await self.read("sts", "get_caller_identity")
        with reading("sts"):
            return clean(str(answer["Arn"]))

    async def close(self) -> None:
        """Close what is open. A request under way ends by itself, within its time-out."""
        for client in self._clients.values():
            client.close()

    def _ask(self, where: tuple[str, str], operation: str, parameters: Document) -> Document:
        with reading(where[0]):
            answer = getattr(self._client(*where, writes=False), operation)(**parameters)
            return dict(answer)

    def _change(self, where: tuple[str, str], operation: str, parameters: Document) -> Document:
        with writing(where[0]):
            answer = getattr(self._client(*where, writes=True), operation)(**parameters)
            return dict(answer)

    def _ready(self, where: tuple[str, str]) -> None:
        """Have a client, and credentials that are good for a while yet. Raises ProviderError."""
        with reading("sts"):
            self._client(*where, writes=True)
            credentials = self._boto().get_credentials()
            if credentials is None:
                from botocore.exceptions import NoCredentialsError  # type: ignore[import-untyped]

                raise NoCredentialsError
            credentials.get_frozen_credentials()

    def _client(self, service: str, region: str, *, writes: bool) -> Any:
        key = (service, region, writes)
        with self._making:
            if key not in self._clients:
                self._clients[key] = client = self._made(
                    self._boto_made(), service, region, 1 if writes else READ_ATTEMPTS
                )
                if writes:
                    client.meta.events.register("before-send", self._last_before_sending)
            return self._clients[key]

    def _boto(self) -> Any:
        with self._making:
            return self._boto_made()

    def _boto_made(self) -> Any:
        """The session of boto3; to be called with the lock."""
        if self._session is None:
            import boto3  # type: ignore[import-untyped]

            options = self._options
            session = boto3.session.Session(
                profile_name=options.profile, region_name=options.region, botocore_session=_core()
            )
            self._session = self._assuming(session, options.role_arn) if options.role_arn else session
        return self._session

    def _assuming(self, session: Any, role_arn: str) -> Any:
        """A session with the credentials of a role, renewed by themselves before they run out."""
        import boto3
        from botocore.credentials import (  # type: ignore[import-untyped]
            AssumeRoleCredentialFetcher,
            DeferredRefreshableCredentials,
        )
        from botocore.exceptions import NoCredentialsError

        own = session.get_credentials()
        if own is None:
            raise NoCredentialsError
        more = {"ExternalId": self._options.external_id} if self._options.external_id else {}

        def sts(service: str, **keys: Any) -> Any:
            return self._made(session, service, "", READ_ATTEMPTS, **keys)

        fetcher = AssumeRoleCredentialFetcher(
            client_creator=sts,
            source_credentials=own,
            role_arn=role_arn,
            extra_args={"RoleSessionName": "quarterdeck", **more},
        )
        inner = _core()
        inner._credentials = DeferredRefreshableCredentials(
            method="assume-role", refresh_using=fetcher.fetch_credentials
        )
        return boto3.session.Session(botocore_session=inner, region_name=session.region_name)

    def _made(self, session: Any, service: str, region: str, attempts: int, **keys: Any) -> Any:
        from botocore.config import Config  # type: ignore[import-untyped]

        options = self._options
        limit = seconds(options.timeout)
        config = Config(
            connect_timeout=limit,
            read_timeout=limit,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=LINES_KEPT,
            user_agent_appid="quarterdeck",
        )
        return session.client(
            service,
            region_name=region or session.region_name or ANYWHERE,
            endpoint_url=options.endpoint_url,
            verify=str(options.ca_file) if options.ca_file else None,
            config=config,
            **keys,
        )

    def _last_before_sending(self, **_: Any) -> None:
        """botocore calls it when a request is signed and nothing is left but to send it."""
        self._context.may_write()

    def _note(self, where: tuple[str, str], trouble: Trouble) -> None:
        if trouble.code not in _STANDS_BACK_AFTER:
            return
        pause = min(max(2 * self._pauses.get(where, 0.0), FIRST_PAUSE), LONGEST_PAUSE)
        apart = random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret hangs on it
        self._pauses[where] = pause
        self._quiet[where] = (self.clock.monotonic() + apart * pause, trouble)

    @asynccontextmanager
    async def _line(self, where: tuple[str, str]) -> AsyncIterator[None]:
        self._require_leave_to_watch(where)
        async with self._lines:
            # Whoever waited in the queue may find that the first one met a closed door.
            self._require_leave_to_watch(where)
            yield

    def _require_leave_to_watch(self, where: tuple[str, str]) -> None:
        until, trouble = self._quiet.get(where, (0.0, None))
        if trouble is not None and self.clock.monotonic() < until:
            raise ProviderError(trouble.code, trouble.message, trouble.hint)


def _core() -> Any:
    """A session of botocore that knows nobody yet."""
    from botocore.session import get_session  # type: ignore[import-untyped]

    session = get_session()
    session.register_component("data_loader", _descriptions())
    return session


@cache
def _descriptions() -> Any:
    """What describes AWS's services and regions, read once for all connections: it takes a tenth of a second."""
    from botocore.loaders import create_loader  # type: ignore[import-untyped]

    return create_loader()


@asynccontextmanager
async def _no_line() -> AsyncIterator[None]:
    yield
