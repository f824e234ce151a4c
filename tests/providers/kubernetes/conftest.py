"""The same tests against our own small API server, always, and against a real one where there is one."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.providers.kubernetes.api_server import ApiServer, serving
from tests.providers.kubernetes.lab import Lab
from tests.providers.kubernetes.real_server import RealServer, kube_apiserver

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with kube_apiserver(tmp_path_factory.mktemp("kubernetes")) as server:
        yield server


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[ApiServer]:
    """Our own server, for what a real one does only when it is in trouble."""
    async with serving(tmp_path) as (server, _):
        yield server


@pytest.fixture
async def own_lab(own: ApiServer, tmp_path: Path) -> AsyncIterator[Lab]:
    found = Lab(own.loopback.url, tmp_path / "ca.crt", "shop")
    yield found
    await found.close()


@pytest.fixture(params=["own", "kube-apiserver"])
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lab]:
    """A namespace for one test alone."""
    if request.param == "own":
        async with serving(tmp_path) as (small, authority):
            found = Lab(small.loopback.url, authority, "shop")
            yield found
            await found.close()
        return
    server: RealServer = request.getfixturevalue("real_server")
    found = Lab(server.url, server.authority, server.namespace(f"shop-{next(_numbers)}"))
    yield found
    await found.close()
