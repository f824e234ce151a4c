"""One Caddy for each module; each test loads its own config."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.providers.caddy.edge import Caddy, Quay, handler, open_session
from tests.providers.haproxy.balancer import backends


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caddy]:
    found = Caddy(tmp_path_factory.mktemp("caddy"))
    found.server.start()
    yield found
    found.server.stop()


@pytest.fixture
async def quay(caddy: Caddy) -> AsyncIterator[Quay]:
    """`app` with stable at 1 and canary at 0."""
    async with backends("stable", "canary") as behind:
        caddy.load(handler(behind, [1, 0]))
        session = open_session(url=caddy.url)
        yield Quay(caddy, behind, session)
        await session.close()
