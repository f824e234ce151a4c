"""The simulated world as one thing."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import partial
from typing import Any

from quarterdeck.sandbox.authorization import Authorization
from quarterdeck.sandbox.world.agenda import Agenda
from quarterdeck.sandbox.world.alerting import Alerting
from quarterdeck.sandbox.world.clients import Clients
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.cloud_services import CloudServices
from quarterdeck.sandbox.world.configuration import ConfigurationStore
from quarterdeck.sandbox.world.container_apps import ContainerApps
from quarterdeck.sandbox.world.document import plant
from quarterdeck.sandbox.world.front_door import FrontDoors
from quarterdeck.sandbox.world.lifecycle import Lifecycle
from quarterdeck.sandbox.world.log import WorldLog
from quarterdeck.sandbox.world.physics import Physics
from quarterdeck.sandbox.world.pipelines import Pipelines
from quarterdeck.sandbox.world.probing import host_of, probe
from quarterdeck.sandbox.world.profiles import Profiles
from quarterdeck.sandbox.world.releases import Releases
from quarterdeck.sandbox.world.sites import Sites
from quarterdeck.sandbox.world.swapping import Swaps
from quarterdeck.sandbox.world.telemetry import Telemetry

SUBSCRIPTION = "5ba1ab1e-0000-4000-8000-00000000c0de"
TENANT = "7e4a4700-0000-4000-8000-00000000c0de"


class World:
    """Everything behind the wire. Services reach each part through the world on every request and never keep
    it: `reset` puts new parts in place.

    Attributes:
        clock: world time; never reset.
        random: the one source of chance, seeded, so that a run can be repeated.
        agenda: effects that are due later.
        log: what really happened.
        authorization: who may do what.
        physics: how long things take.
        sites: App Service; lifecycle and swaps change them.
        clients: what users get; `traffic` is how many per second come through which Traffic Manager name.
        telemetry: what monitoring knows of that; alerting: what it makes of it.
        container_apps: Container Apps; profiles: Traffic Manager; front_doors: Front Door.
        cloud_services: Cloud Services (extended support).
        configuration: App Configuration; pipelines: GitHub Actions
            and Azure Pipelines; releases: classic ones.
    """

    def __init__(
        self,
        clock: WorldClock | None = None,
        document: Mapping[str, Any] | None = None,
        *,
        seed: int | None = None,
    ) -> None:
        """Build the world that a document says; an empty one without.

        Raises:
            ValueError: saying where the document is wrong, and how.
        """
        self.document = document or {}
        self.clock = clock or WorldClock(self.document.get("start"), self.document.get("speed", 1.0))
        self.seed: int = self.document.get("seed", 0) if seed is None else seed
        self.subscription: str = self.document.get("subscription", SUBSCRIPTION)
        self.tenant: str = self.document.get("tenant", TENANT)
        self.reset()

    def reset(self) -> None:
        """Put everything back as the document says; time goes on."""
        self.random = random.Random(self.seed)  # noqa: S311 - repeatable on purpose
        self.agenda = Agenda(self.clock)
        self.log = WorldLog(self.clock)
        self.physics = Physics()
        self.authorization = Authorization()
        self.sites = Sites(self.random)
        self.lifecycle = Lifecycle(self)
        self.swaps = Swaps(self)
        self.profiles = Profiles(
            self.clock, self.random, self.log, partial(probe, self.sites), partial(host_of, self.sites)
        )
        self.container_apps = ContainerApps(self)
        self.front_doors = FrontDoors(self)
        self.cloud_services = CloudServices(self)
        self.configuration = ConfigurationStore(self.clock, self.log)
        self.pipelines = Pipelines(self)
        self.releases = Releases(self)
        self.clients = Clients(self)
        self.telemetry = Telemetry(self)
        self.alerting = Alerting(self)
        self.traffic: dict[str, float] = {}
        plant(self, self.document)
        self.log.begin()

    def settle(self) -> None:
        """Let everything that is due by now happen. Done before every request is answered."""
        self.agenda.settle()

    def advance(self, seconds: float) -> None:
        """Let time pass, with all that happens in it."""
        self.clock.advance(seconds)
        self.settle()
