"""One PowerDNS for each module; each test has the zone anew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.providers.powerdns.harbour import CANARY, STABLE, Harbour, PowerDNS, lua, open_session


@pytest.fixture(scope="module")
def powerdns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PowerDNS]:
    found = PowerDNS(tmp_path_factory.mktemp("powerdns"))
    found.server.start()
    yield found
    found.server.stop()


@pytest.fixture
async def harbour(powerdns: PowerDNS) -> AsyncIterator[Harbour]:
    """`app` with stable at 100 and canary at 0."""
    powerdns.make("lab.test.")
    powerdns.put("lab.test.", "app.lab.test.", lua({STABLE: 100, CANARY: 0}))
    session = open_session(powerdns, dns=powerdns.dns)
    yield Harbour(powerdns, session)
    await session.close()
