"""Azure's capabilities pass the kit that every provider's must, planned by the real planner, over real HTTP."""

from __future__ import annotations

from tests.providers.azure.conftest import Azure, Start, slots_place
from tests.providers.azure.test_deploying import containers
from tests.providers.azure.test_flags import RICH, plain, setting, store_with
from tests.providers.azure.test_flags import place as flags_place
from tests.providers.azure.test_traffic_manager import endpoint, profile, world
from tests.providers.azure.test_traffic_manager import place as profile_place

from quarterdeck.testing.conformance import PassTime, check_deploy, check_flag, check_observing, check_shift, check_swap


def time_of(azure: Azure) -> PassTime:
    async def pass_time(seconds: float) -> None:
        azure.world.advance(seconds)

    return pass_time


async def test_slots(start: Start) -> None:
    azure = await start()

    await check_observing(azure.slots, [slots_place()], slots_place("ghost"))
    await check_swap(azure.slots, slots_place(), "staging", "production", time_of(azure))


async def test_images(start: Start) -> None:
    azure = await start(containers())

    await check_deploy(
        azure.builds, slots_place(), "staging", "2.16.0", "shop.azurecr.io/checkout:2.16.0", time_of(azure)
    )


async def test_packages(start: Start) -> None:
    azure = await start()

    await check_deploy(
        azure.builds, slots_place(), "staging", "9.9.9", "https://shop.example/9.9.9.zip", time_of(azure)
    )


async def test_traffic_between_slots(start: Start) -> None:
    azure = await start()
    place = slots_place(role="slot_traffic")

    await check_observing(azure.ramp, [place], slots_place("ghost", role="slot_traffic"))
    await check_shift(azure.ramp, place, {"staging": 12.5})


async def test_weighted_traffic(start: Start) -> None:
    azure = await start(world(profile(endpoint("weu", 1, alwaysServe="Enabled"), endpoint("neu", 3))))

    await check_observing(azure.traffic, [profile_place()], profile_place("ghost"))
    await check_shift(azure.traffic, profile_place(), {"weu": 62.5, "neu": 37.5})


async def test_priority_traffic(start: Start) -> None:
    azure = await start(world(profile(endpoint("main"), endpoint("spare"), method="Priority")))

    await check_shift(azure.traffic, profile_place(), {"main": 0, "spare": 100})


async def test_flags(start: Start) -> None:
    azure = await store_with(start, setting("Beta", RICH), setting("New", plain("New")))

    await check_observing(azure.flags, [flags_place()])
    await check_flag(azure.flags, flags_place(), "Beta", "production")
    await check_flag(azure.flags, flags_place(), "New", "production")
