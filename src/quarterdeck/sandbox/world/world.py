"""The simulated world as one thing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from quarterdeck.sandbox.authorization import Authorization
from quarterdeck.sandbox.world.agenda import Agenda
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.lifecycle import Lifecycle
from quarterdeck.sandbox.world.log import WorldLog
from quarterdeck.sandbox.world.physics import Physics
from quarterdeck.sandbox.world.sites import Sites
from quarterdeck.sandbox.world.swapping import Swaps

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.configuration import ConfigurationStore
    from quarterdeck.sandbox.world.profiles import Profiles

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
        profiles: Traffic Manager; configuration: App Configuration.
    """

    profiles: Profiles
    configuration: ConfigurationStore

    def __init__(
        self,
        clock: WorldClock | None = None,
        *,
        seed: int = 0,
        subscription: str = SUBSCRIPTION,
        tenant: str = TENANT,
    ) -> None:
        self.clock = clock or WorldClock()
        self.seed = seed
        self.subscription = subscription
        self.tenant = tenant
        self.physics = Physics()
        self.clear()

    def clear(self) -> None:
        """Empty the world; time goes on."""
        self.random = random.Random(self.seed)  # noqa: S311 - repeatable on purpose
        self.agenda = Agenda(self.clock)
        self.log = WorldLog(self.clock)
        self.authorization = Authorization()
        self.sites = Sites(self.random)
        self.lifecycle = Lifecycle(self)
        self.swaps = Swaps(self)

    def settle(self) -> None:
        """Let everything that is due by now happen. Done before every request is answered."""
        self.agenda.settle()

    def advance(self, seconds: float) -> None:
        """Let time pass, with all that happens in it."""
        self.clock.advance(seconds)
        self.settle()
