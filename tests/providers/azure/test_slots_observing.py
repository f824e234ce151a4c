"""Slots as they are watched: few requests, one bad place never hurts another, versions that follow the content."""

from __future__ import annotations

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import SlotsReading

from .conftest import slots_place


async def test_a_site_is_read_with_its_slots_production_first_and_the_version_each_runs(start):
    azure = await start()
    place = slots_place()

    observed = await azure.session.capability("slots").observe([place])

    reading = observed[place.subject]
    assert isinstance(reading, SlotsReading), reading
    assert [(slot.name, slot.build.version) for slot in reading.slots] == [
        ("production", "2.14.3"),
        ("staging", "2.15.0"),
    ]
    assert reading.slots[0].running
    assert reading.slots[0].host == "checkout.azurewebsites.net"
