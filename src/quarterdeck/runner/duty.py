"""One term of duty: what a runner does from taking the lease until it leaves or loses it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from typing import Literal

from quarterdeck import __version__
from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.hooks import Hook
from quarterdeck.release.rules import Rulebook
from quarterdeck.runner.chronicle import Chronicle
from quarterdeck.runner.courier import Courier, Rehearsed
from quarterdeck.runner.engine import Engine, Household
from quarterdeck.runner.gauging import Gauge, gauges
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.hearing import listening
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.leftovers import end_leftovers
from quarterdeck.runner.lookout import Lookout, Pace
from quarterdeck.runner.measuring import Samples
from quarterdeck.runner.notifier import Notifier, notifiers
from quarterdeck.runner.ports import Seal
from quarterdeck.runner.racing import first_of
from quarterdeck.runner.reception import RETRY_SECONDS, Reception
from quarterdeck.runner.running import Starts, run
from quarterdeck.runner.sessions import Sessions
from quarterdeck.runner.settings import RunnerSettings
from quarterdeck.store.base import Draft, LeaseLost, Store, StoreError
from quarterdeck.store.presence import anybody_watches

log = logging.getLogger(__name__)

Outcome = Literal["left", "lost", "outdated"]
"""How a term ended: of its own will, because the lease was lost, or because the configuration has changed."""

LOOK_ROUND_SECONDS = 1.0
"""Between two looks at whether anybody still needs the runner."""

OPENING_SECONDS = 15.0
"""How long one connection's secrets may keep the others' operations waiting."""


class Duty:
    """Serves one fleet under one lease."""

    def __init__(
        self,
        settings: RunnerSettings,
        *,
        store: Store,
        guard: LeaseGuard,
        fleet: Fleet,
        rules: Rulebook,
        sessions: Sessions,
        samples: Samples,
        seal: Seal,
        clock: Clock,
        over: Callable[[], Outcome | None],
        starts: Starts = run,
        hooks: Sequence[Hook] = (),
        courier: Courier | None = None,
    ) -> None:
        """`over` says whether something outside ends the term, and how; asked once a second. An outdated
        configuration waits until nothing runs, for its operations end with the one they began with. It doesn't wait
        for releases: each goes by the rules in its plan, and between two of its steps any runner can go on.
        `courier` carries what the `hooks` are told; without one nothing is carried."""
        self._settings = settings
        self._store = store
        self._guard = guard
        self._fleet = fleet
        self._rules = rules
        self._sessions = sessions
        self._samples = samples
        self._clock = clock
        self._over = over
        self._asked_to_leave = False
        self._engine = Engine(
            fleet=fleet,
            store=store,
            guard=guard,
            connections=sessions,
            seal=seal,
            clock=clock,
            household=Household(refresh=self.refresh, leave=self._leave, written=self._tell),
            rules=rules,
            samples=samples,
            starts=starts,
        )
        self._reception = Reception(store, guard, self._engine.answer, clock)
        self._lookouts: list[Lookout] = []
        self._gauges: list[Gauge] = []
        self._hooks = hooks
        self._courier = courier or Rehearsed()
        self._notifiers: list[Notifier] = []

    def refresh(self, target: str) -> None:
        """Look at a target soon, or at everything for ""."""
        places = self._fleet.places_of(TargetId.parse(target)) if target else self._fleet.places
        for lookout in self._lookouts:
            if any(lookout.watches(place) for place in places):
                lookout.look_soon()

    async def serve(self, told_to_stop: asyncio.Event) -> Outcome:
        """Serve until told to stop, until nobody needs us, or until the lease is lost. The lease must be held.

        Raises:
            StoreError: the store takes nothing, from the beginning.
        """
        outcome: Outcome = "lost"
        try:
            self._begin()
            async with asyncio.TaskGroup() as tasks:
                with listening(self._settings.store, self._reception.wake):
                    receiving = tasks.create_task(self._receive())
                    others = [tasks.create_task(one.keep_looking()) for one in self._lookouts]
                    others += [tasks.create_task(one.keep_measuring()) for one in self._gauges]
                    others += [tasks.create_task(one.keep_telling()) for one in self._notifiers]
                    others.append(tasks.create_task(self._keep_lease()))
                    outcome = await self._until_nobody_needs_us(told_to_stop)
                    receiving.cancel()
                    await first_of(self._clock, self._settings.grace, asyncio.ensure_future(self._engine.wind_down()))
                    for task in others:
                        task.cancel()
            await self._engine.close()
            self._say_goodbye()
        except* LeaseLost as lost:
            log.warning("no longer in charge: %s", lost.exceptions[0])
            outcome = "lost"
        finally:
            await self._engine.close()
            await self._sessions.close()
        return outcome

    def _begin(self) -> None:
        self._guard.require()
        lease = self._guard.lease
        body = {"version": __version__, "pid": os.getpid(), "config": str(self._settings.config)}
        self._store.record([Draft("runner.started", lease.holder, body=body)], lease, self._clock.now())
        self._store.put_fleet(self._fleet, lease)
        self._store.put_rules(self._rules, lease)
        self._reception.turn_away_stale_stops()
        known = self._store.observations()
        pace = Pace(self._settings.interval, self._settings.timeout)
        self._lookouts = [
            Lookout(places, self._sessions, known, self._report, self._clock, pace)
            for places in batches(self._fleet.places)
        ]
        chronicle = Chronicle(self._store, self._guard, self._clock)
        self._gauges = gauges(
            self._fleet, self._rules, self._samples, self._store.observations, chronicle.add, self._clock
        )

        self._notifiers = notifiers(
            self._fleet.name,
            self._hooks,
            store=self._store,
            journal=Journal(self._store, self._guard, self._clock),
            clock=self._clock,
            courier=self._courier,
            report=self._report,
        )

    def _tell(self) -> None:
        for one in self._notifiers:
            one.wake()

    def _say_goodbye(self) -> None:
        try:
            self._guard.require()
            lease = self._guard.lease
            self._store.record([Draft("runner.stopped", lease.holder)], lease, self._clock.now())
        except LeaseLost:
            raise
        except StoreError as error:
            log.warning("leaving without a line in the journal: %s", error)

    async def _receive(self) -> None:
        """Open what operations need, end and take over what an earlier runner left, then take requests."""
        await asyncio.gather(*(self._open(one.name) for one in self._fleet.connections))
        while True:
            try:
                await end_leftovers(self._store.releases(open_only=True))
                self._engine.adopt()
                break
            except LeaseLost:
                raise
            except StoreError as error:
                log.warning("operations and releases can't be taken over yet: %s", error)
                await self._clock.sleep(RETRY_SECONDS)
        await self._reception.receive()

    async def _open(self, connection: str) -> None:
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                await self._sessions.open(connection)
        except (ProviderError, TimeoutError) as error:
            log.warning("connection %s: %s", connection, error)

    async def _keep_lease(self) -> None:
        """Renew the lease three times in its life. Raises LeaseLost."""
        while True:
            await self._clock.sleep(self._settings.lease_ttl / 3)
            try:
                self._guard.renew()
            except LeaseLost:
                raise
            except StoreError as error:
                log.warning("the lease can't be renewed yet: %s", error)

    async def _until_nobody_needs_us(self, told_to_stop: asyncio.Event) -> Outcome:
        needed_at = self._clock.monotonic()
        while not told_to_stop.is_set():
            await first_of(self._clock, LOOK_ROUND_SECONDS, told_to_stop)
            working = bool(self._engine.running) or self._reception.busy
            busy = working or bool(self._engine.conducting)
            tells = any(one.busy for one in self._notifiers)
            if busy or tells or anybody_watches(self._settings.store):
                needed_at = self._clock.monotonic()
            if not busy and self._asked_to_leave:
                break
            if (outcome := self._over()) and (outcome != "outdated" or not working):
                return outcome
            if self._clock.monotonic() - needed_at >= self._settings.idle_after:
                break
        return "left"

    def _report(self, observations: Sequence[Observation]) -> None:
        """Publish what a lookout saw. Raises LeaseLost."""
        self._guard.require()
        try:
            self._store.observe(observations, self._guard.lease)
        except LeaseLost:
            raise
        except StoreError as error:
            log.warning("what was seen can't be stored: %s", error)

    def _leave(self) -> None:
        self._asked_to_leave = True


def batches(places: Sequence[Place]) -> list[list[Place]]:
    """Places that can be read together: those of one connection and one role. In the order of the fleet."""
    found: dict[tuple[str, str], list[Place]] = {}
    for place in places:
        found.setdefault((place.address.connection, place.role), []).append(place)
    return list(found.values())
