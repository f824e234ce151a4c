"""Writes that meet an Unleash which falls over, is only half there, or is in somebody else's hands at that moment."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from tests.providers.loopback import Asked, Loopback, listening, says
from tests.providers.unleash.server import (
    Unleash,
    needs_unleash,
    path,
    place,
    planned,
    rollout,
    seen,
    unleash,
)
from tests.servers import program

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.base import InDoubt, ProviderError, Refused

pytestmark = needs_unleash


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unleash]:
    with unleash(tmp_path_factory.mktemp("unleash") / "server") as found:
        yield found


@asynccontextmanager
async def in_between(up: Unleash, meddle: Callable[[Asked], bytes | None]) -> AsyncIterator[Loopback]:
    """What stands between us and Unleash: it passes on whatever `meddle` has no answer (None) to."""

    def say(asked: Asked) -> bytes:
        answer = meddle(asked)
        return forward(up, asked) if answer is None else answer

    async with listening(say) as found:
        yield found


def forward(up: Unleash, asked: Asked) -> bytes:
    kept: dict[str, str] = {
        name: asked.headers[name] for name in ("authorization", "content-type") if name in asked.headers
    }
    answer = up.browser.request(asked.method, asked.target, content=asked.body, headers=kept)
    return says(answer.text, answer.status_code)


@contextmanager
def holding(up: Unleash, name: str) -> Iterator[None]:
    """Whoever writes the flag's strategies waits meanwhile."""
    words = [str(program("psql")), "-XAtq", "-d", up.database.url("unleash")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as held:
        assert held.stdin
        assert held.stdout
        held.stdin.write(f"BEGIN; SELECT 1 FROM feature_strategies WHERE feature_name = '{name}' FOR UPDATE;\n")
        held.stdin.flush()
        assert held.stdout.readline() == "1\n"
        yield


async def test_a_server_that_is_killed_while_it_writes_is_read_when_it_is_back(up: Unleash) -> None:
    name = up.flag(rollout(5), on=True)
    step = await planned(up.store(), name, percent=25.0)
    with holding(up, name):
        sent = asyncio.create_task(up.store().send(step))
        until = time.monotonic() + 20
        while up.database.say("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "0":
            assert time.monotonic() < until
            await asyncio.sleep(0.01)
        up.server.kill()
        with pytest.raises(InDoubt):
            await sent
    with pytest.raises(ProviderError) as caught:
        await up.store().settle(step)
    assert caught.value.trouble.code == "unreachable"
    with pytest.raises(Refused) as refused:  # it reads first, so that nothing leaves
        await up.store().send(step)
    assert refused.value.trouble.code == "unreachable"
    up.server.start()
    assert (await up.store().settle(step)).state == "not_done"
    await up.store().send(step)
    assert (await up.store().settle(step)).state == "done"
    assert up.rollouts(name) == ["25"]


@contextmanager
def without(up: Unleash, table: str) -> Iterator[None]:
    """As if the database had lost a table. (When it is gone as a whole, Unleash answers nothing, goes on calling itself
    healthy, ends after a minute, and doesn't come back by itself.)"""
    up.database.say(f"ALTER TABLE {table} RENAME TO lost", "unleash")
    try:
        yield
    finally:
        up.database.say(f"ALTER TABLE lost RENAME TO {table}", "unleash")


async def test_a_server_whose_database_fails_is_a_trouble_until_it_works_again(up: Unleash) -> None:
    name = up.flag(rollout(5))
    step = await planned(up.store(), name, enabled=True)
    with without(up, "feature_strategies"):
        trouble = (await up.store().observe([place()]))[place().subject]
        with pytest.raises(InDoubt):
            await up.store().send(step)
    assert isinstance(trouble, Trouble)
    assert trouble.code == "provider_error"
    assert (await seen(up.store(), name)).percent == 5.0
    assert (await up.store().settle(step)).state == "not_done"


async def test_a_token_that_is_not_found_for_want_of_a_database_may_be_good(up: Unleash) -> None:
    with without(up, "personal_access_tokens"):
        trouble = (await up.store().observe([place()]))[place().subject]
    assert isinstance(trouble, Trouble)
    assert trouble.code == "unauthenticated"
    assert "whether Unleash reaches its database" in trouble.hint


async def test_an_answer_that_is_lost_is_doubt_and_read_back_as_done(up: Unleash) -> None:
    name = up.flag(rollout(5), on=True)
    step = await planned(up.store(), name, percent=25.0)

    def lose(asked: Asked) -> bytes | None:
        if asked.method == "GET":
            return None
        forward(up, asked)
        return b""

    async with in_between(up, lose) as line:
        with pytest.raises(InDoubt):
            await up.store(url=line.url).send(step)
    assert [asked.method for asked in line.asked] == ["GET", "PATCH"]
    assert (await up.store().settle(step)).state == "done"


async def test_what_is_half_done_is_told_as_that(up: Unleash) -> None:
    name = up.flag(rollout(50))
    step = await planned(up.store(), name, enabled=True, percent=5.0)

    def refuse_to_switch(asked: Asked) -> bytes | None:
        return says({"message": "no switching today"}, 403) if asked.path.endswith("/on") else None

    async with in_between(up, refuse_to_switch) as line:
        with pytest.raises(InDoubt, match=r"half done: set everybody 5%, but not the switch: .* no switching today"):
            await up.store(url=line.url).send(step)
    settlement = await up.store().settle(step)
    assert settlement.state == "changed_by_other"
    assert (
        settlement.detail == "half done: everybody 5% as wanted, switch off as before; abandon this and plan the rest"
    )
    assert (up.on(name), up.rollouts(name)) == (False, ["5"])


async def test_somebody_who_is_a_moment_faster_is_not_overwritten(up: Unleash) -> None:
    name = up.flag(rollout(5), on=True)
    step = await planned(up.store(), name, percent=25.0)

    def be_faster(asked: Asked) -> bytes | None:
        if asked.method == "PATCH":
            strategy = up.strategies(name)[0]["id"]
            faster = [{"op": "replace", "path": "/parameters/rollout", "value": "7"}]
            up.ask("PATCH", f"{path(name)}/strategies/{strategy}", faster)
        return None

    async with in_between(up, be_faster) as line:
        with pytest.raises(Refused, match="somebody else changed it in the meantime"):
            await up.store(url=line.url).send(step)
    assert [asked.method for asked in line.asked] == ["GET", "PATCH"]
    assert up.rollouts(name) == ["7"]
