"""A process that lost the right to write while it read and signed in sends nothing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.azure import test_cloud_services as cloud_services
from tests.providers.azure import test_container_apps as container_apps
from tests.providers.azure import test_flags as flags
from tests.providers.azure import test_front_door as front_door
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


async def labels(start: Start) -> tuple[Azure, Step]:
    azure = await start(container_apps.world())
    return azure, await container_apps.swap(azure)


async def weights_of_labels(start: Start) -> tuple[Azure, Step]:
    azure = await start(container_apps.world())
    return azure, await container_apps.shift(azure, {"staging": 5})


async def an_origin(start: Start) -> tuple[Azure, Step]:
    azure = await start(front_door.world())
    return azure, await front_door.first_step(azure, {"neu": 0})


async def a_vip_swap(start: Start) -> tuple[Azure, Step]:
    azure = await start(cloud_services.world())
    return azure, await cloud_services.planned(azure)


WRITES = [a_swap, rules, an_endpoint, a_flag, labels, weights_of_labels, an_origin, a_vip_swap]


@pytest.mark.parametrize("case", WRITES)
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
