"""Sessions are opened once, with their secrets looked up beforehand, and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.runner.timepiece import ManualClock
from tests.runner.watchpost import CHECKOUT, Post, PostProvider, PostSession, fleet, place, sees

from quarterdeck.fleet.topology import Connection, Fleet
from quarterdeck.providers.base import ProviderError, Refused, Session, SessionContext
from quarterdeck.runner import sessions as sessions_module
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.sessions import Sessions


def made(clock: ManualClock, provider: Any, fleet_: Fleet | None = None) -> Sessions:
    return Sessions(fleet_ or fleet(place(CHECKOUT)), lambda _: provider, clock)


def with_options(options: Mapping[str, str]) -> Fleet:
    declared = fleet(place(CHECKOUT))
    return replace(declared, connections=(Connection("azure", "post", options),))


async def test_a_session_is_opened_once_however_many_need_it(clock: ManualClock) -> None:
    provider = PostProvider({"azure": Post(sees())})
    sessions = made(clock, provider)
    first, second = await asyncio.gather(sessions.open("azure"), sessions.open("azure"))
    assert first is second
    assert len(provider.opened) == 1
    assert sessions.capability("azure", "slots") is provider.posts["azure"]
    assert await sessions.identity("azure") == "ana@contoso.example"
    await sessions.close()
    assert provider.opened[0].closed


async def test_a_role_that_a_provider_does_not_have_is_told(clock: ManualClock) -> None:
    sessions = made(clock, PostProvider({"azure": Post(sees())}))
    await sessions.open("azure")
    with pytest.raises(ProviderError, match="has no traffic"):
        sessions.capability("azure", "traffic")


async def test_a_connection_that_is_not_open_says_why_and_is_tried_again(clock: ManualClock) -> None:
    class Moody(PostProvider):
        broken = True

        def open(self, connection: Connection, context: SessionContext) -> Session:
            if self.broken:
                raise ProviderError("misconfigured", "no such cloud", "check cloud:")
            return super().open(connection, context)

    provider = Moody({"azure": Post(sees())})
    sessions = made(clock, provider)
    with pytest.raises(ProviderError, match="not open"):
        sessions.capability("azure", "slots")
    for _ in range(2):
        with pytest.raises(ProviderError, match="no such cloud"):
            await sessions.open("azure")
    with pytest.raises(ProviderError, match="no such cloud"):
        sessions.capability("azure", "slots")
    provider.broken = False
    await sessions.open("azure")
    assert sessions.capability("azure", "slots")


async def test_a_secret_is_given_to_its_connection_only(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QD_TEST_SECRET", "s3cret")
    monkeypatch.delenv("QD_TEST_MISSING", raising=False)
    provider = PostProvider({"azure": Post(sees())})
    options = {"password": "${env:QD_TEST_SECRET}", "other": "${env:QD_TEST_MISSING}", "plain": "text"}
    sessions = made(clock, provider, with_options(options))
    await sessions.open("azure")
    secret = provider.opened[0].context.secret
    assert secret("${env:QD_TEST_SECRET}") == "s3cret"
    with pytest.raises(ProviderError, match="azure: the environment variable QD_TEST_MISSING is not set") as missing:
        secret("${env:QD_TEST_MISSING}")
    assert missing.value.trouble.code == "misconfigured"
    assert missing.value.trouble.hint
    with pytest.raises(ProviderError, match="not a reference"):
        secret("${env:PATH}")


async def test_a_session_that_hangs_or_fails_at_the_end_is_not_waited_for(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "CLOSING_SECONDS", 0.01)

    class Clingy(PostSession):
        async def close(self) -> None:
            await asyncio.Event().wait()

    class Broken(PostSession):
        async def close(self) -> None:
            raise OSError("already gone")

    class Provider(PostProvider):
        def open(self, connection: Connection, context: SessionContext) -> Session:
            kind = {"azure": Clingy, "flags": Broken}.get(connection.name, PostSession)
            self.opened.append(kind(self.posts[connection.name], context))
            return self.opened[-1]

    names = ("azure", "flags", "metrics")
    provider = Provider(dict.fromkeys(names, Post(sees())))
    sessions = made(clock, provider, fleet(*(place(CHECKOUT, name) for name in names)))
    for name in names:
        await sessions.open(name)
    await asyncio.wait_for(sessions.close(), 1)
    assert provider.opened[2].closed


async def test_a_provider_may_write_only_while_the_lease_is_ours(clock: ManualClock, guard: LeaseGuard) -> None:
    contexts: list[SessionContext] = []

    class Listening(PostProvider):
        def open(self, connection: Connection, context: SessionContext) -> Session:
            contexts.append(context)
            return super().open(connection, context)

    provider = Listening({"azure": Post(sees())})
    await Sessions(fleet(place(CHECKOUT)), lambda _: provider, clock, guard).open("azure")
    await made(clock, provider).open("azure")
    guarded, unguarded = contexts
    guarded.may_write()
    with pytest.raises(Refused):
        unguarded.may_write()
    clock.pass_unnoticed(60)
    with pytest.raises(Refused, match="not sent"):
        guarded.may_write()


async def test_a_connection_that_the_configuration_has_no_more_is_told(clock: ManualClock) -> None:
    sessions = made(clock, PostProvider({"azure": Post(sees())}))
    with pytest.raises(ProviderError, match="no connection metrics"):
        await sessions.open("metrics")
    with pytest.raises(ProviderError, match="no connection metrics"):
        sessions.gates("metrics")
    with pytest.raises(ProviderError, match="no connection metrics"):
        sessions.capability("metrics", "slots")
