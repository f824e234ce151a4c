"""A large synthetic fleet in a store, and a stand-in for its runner: whoever looks finds one alive."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import Build, SlotReading, SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place
from quarterdeck.store.base import Lease
from quarterdeck.store.lifeline import RUNNER_LEASE, lifeline
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore

ENVIRONMENT = "production"
LEASE_SECONDS = 1e9


def service(number: int) -> str:
    """The name of a service; numbers count from 0."""
    return f"svc-{number:05d}"


@contextmanager
def stocked(folder: Path, services: int) -> Iterator[tuple[SqliteStore, Lease]]:
    """A store with so many services, all read just now, in charge of this process while the block runs."""
    path = folder / "store.db"
    with closing(open_store(path, create=True)) as store, lifeline(path, "benchmark") as life:
        now = time.time()
        lease = store.take_lease(RUNNER_LEASE, "benchmark", now, LEASE_SECONDS, life)
        assert lease is not None
        numbers = range(services)
        store.put_fleet(_fleet(numbers), lease)
        store.observe([seen(number, "1.0.0", now) for number in numbers], lease)
        yield store, lease


def seen(number: int, version: str, at: float) -> Observation:
    """What a look at a service found."""
    host = f"{service(number)}.azurewebsites.net"
    slots = (
        SlotReading("production", Build(version, f"b{version}", at - 3600), health="healthy", host=host),
        SlotReading("staging", Build("2.0.0", "b2.0.0", at - 7200), health="healthy", host=f"staging-{host}"),
    )
    return Observation(_place(number).subject, SlotsReading(slots), "benchmark", at, at)


def _fleet(numbers: Sequence[int]) -> Fleet:
    return Fleet(
        name="large",
        environments=(Environment(ENVIRONMENT),),
        services=tuple(map(service, numbers)),
        places=tuple(map(_place, numbers)),
    )


def _place(number: int) -> Place:
    address = Address("azure", {"resource_group": "large", "site": service(number)})
    return Place("slots", TargetId(ENVIRONMENT, service(number)), address)
