"""A process that lost the right to write while it read and signed in sends nothing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.azure import test_flags as flags
from tests.providers.azure import test_swapping as swapping
from tests.providers.azure import test_traffic_between_slots as ramp
from tests.providers.azure import test_traffic_manager as traffic_manager
from tests.providers.azure.conftest import Azure, Start, secret

from quarterdeck.clock import SystemClock
from quarterdeck.providers.azure import provider
from quarterdeck.providers.base import Refused, SessionContext
from quarterdeck.release.plan import Step


async def a_swap(start: Start) -> tuple[Azure, Step]:
    azure = await start()
    return azure, await swapping.planned(azure, "swap")


async def rules(start: Start) -> tuple[Azure, Step]:
    azure = await start()
    return azure, await ramp.step_to(azure, {"production": 90, "staging": 10})


async def an_endpoint(start: Start) -> tuple[Azure, Step]:
    endpoints = [traffic_manager.endpoint("weu", 300), traffic_manager.endpoint("neu", 100)]
    azure = await start(traffic_manager.world(traffic_manager.profile(*endpoints)))
    return azure, await traffic_manager.step_to(azure, "weu", 200, True)


async def a_flag(start: Start) -> tuple[Azure, Step]:
    azure = await flags.store_with(start, flags.setting("Beta", flags.plain("Beta", enabled=True)))
    return azure, await flags.step_to(azure, "Beta", enabled=False)


@pytest.mark.parametrize("case", [a_swap, rules, an_endpoint, a_flag])
async def test_whoever_may_not_write_any_more_sends_nothing(start: Start, case: Any) -> None:
    azure, step = await case(start)
    azure.sandbox.requests.clear()

    def lost() -> None:
        raise Refused("provider_error", "the lease is lost")

    session = provider.open(azure.connection, SessionContext(SystemClock(), azure.told.append, secret, lost))
    capability = session.capability(step.role)
    assert capability
    try:
        with pytest.raises(Refused, match="the lease is lost"):
            await capability.send(step)
    finally:
        await session.close()

    assert {entry["method"] for entry in azure.requests()} <= {"GET"}
