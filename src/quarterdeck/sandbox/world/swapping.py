"""Slot swaps, in the order that Microsoft documents ("What happens during a swap").

Phases: 1 the target's sticky settings are applied to the source, which restarts; 2 its instances come up; 3 the
local cache is filled, where it is on; 4 warm-up; 5 the routing is switched; 6 the old content, now in the source
slot, gets the source's sticky settings and restarts. A failure before 5 takes everything back.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from quarterdeck.sandbox.world.conflict import SiteConflict
from quarterdeck.sandbox.world.sites import Prepared, Site, Slot, SwapRecord
from quarterdeck.sandbox.world.stickiness import mixed, moving_config
from quarterdeck.sandbox.world.swaptrouble import Failure, Troubles, failure_of

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World

APPLY, WAIT, LOCAL_CACHE, WARM_UP, SWITCH, RESTART_OLD = 1, 2, 3, 4, 5, 6


@dataclass(slots=True)
class Swap:
    """One swap. `phase` is the one it is in; `failure` is set when it failed, `finished` when it has ended."""

    id: str
    site: Site
    source: Slot
    target: Slot
    durations: dict[int, float]
    phase: int = 0
    failure: Failure | None = None
    finished: float | None = None
    details: dict[str, Any] = field(default_factory=dict)


class Swaps:
    """The swaps of the world, running and past."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._swaps: dict[str, Swap] = {}
        self.troubles = Troubles()

    def find(self, swap_id: str) -> Swap | None:
        """The swap of that id."""
        return self._swaps.get(swap_id.lower())

    def involves(self, swap_id: str, slot: Slot) -> bool:
        """Whether a slot is one side of a swap."""
        swap = self.find(swap_id)
        return swap is not None and (slot is swap.source or slot is swap.target)

    def preview(self, site: Site, source: Slot, target: Slot) -> None:
        """Do phase 1 and stop there. The same preview again changes nothing.

        Raises:
            SiteConflict: another operation or preview is in the way, or authentication is on.
        """
        self._world.lifecycle.require_free(site, "ApplySlotConfig")
        self._require_no_other_preview(site, source, target)
        if source.authentication or target.authentication:
            raise SiteConflict(
                "Swap with preview cannot be used because site authentication is enabled on one of the slots."
            )
        if site.prepared is not None:
            return
        now = self._world.clock.now()
        self._apply(site, source, target, now)
        target.preview_from = source.name
        self._world.lifecycle.begin_restart(site, source, now)
        self._world.log.add("swap.previewed", site.name, source=source.name, target=target.name)

    def cancel(self, site: Site, target: Slot) -> None:
        """Take a preview back; nothing happens when none is pending for that target.

        Raises:
            SiteConflict: another operation is in progress.
        """
        self._world.lifecycle.require_free(site, "ResetSlotConfig")
        prepared = site.prepared
        if prepared is None or prepared.target != target.name:
            return
        source = site.slots[prepared.source.lower()]
        now = self._world.clock.now()
        self._take_back(site, source, target)
        self._world.lifecycle.begin_restart(site, source, now)
        self._world.log.add("swap.cancelled", site.name, source=source.name, target=target.name)

    def begin(self, site: Site, source: Slot, target: Slot, cause: str = "request", at: float | None = None) -> Swap:
        """Begin a swap, or complete the preview of the same pair. It goes on as the world's time passes.

        `at` is the world time at which it began when that is not now.

        Raises:
            SiteConflict: another operation, or the preview of another pair, is in the way.
        """
        self._world.lifecycle.require_free(site, "SwapSiteSlots")
        self._require_no_other_preview(site, source, target)
        now = self._world.clock.now() if at is None else at
        completes = site.prepared is not None
        swap = Swap(str(uuid.UUID(int=self._world.random.getrandbits(128), version=4)), site, source, target, {})
        swap.durations = self._durations(swap, now, completes)
        self._swaps[swap.id] = swap
        site.operation_id, site.operation_since = swap.id, now
        self._world.log.add(
            "swap.started",
            site.name,
            at=now,
            id=swap.id,
            source=source.name,
            target=target.name,
            completes_preview=completes,
            cause=cause,
        )
        if not completes:
            self._apply(site, source, target, now)
            before_ping = sum(swap.durations.values()) - swap.durations[RESTART_OLD]
            self._world.lifecycle.begin_restart(site, source, now, before_ping)
        self._enter(swap, min(swap.durations), now)
        return swap

    def release(self) -> int:
        """Let hung swaps go on; returns how many there were."""
        hung = [swap for swap in self._swaps.values() if swap.details.pop("hung", False)]
        for swap in hung:
            self._world.agenda.at(self._world.clock.now(), partial(self._leave, swap))
        return len(hung)

    def _durations(self, swap: Swap, now: float, completes: bool) -> dict[int, float]:
        physics, source = self._world.physics, swap.source
        cached = source.app_settings.get("WEBSITE_LOCAL_CACHE_OPTION", "").lower() == "always"
        starting = max(0.0, source.ready_at - now) if completes else physics.restart
        return {
            **({} if completes else {APPLY: physics.apply}),
            WAIT: starting,
            **({LOCAL_CACHE: physics.local_cache} if cached else {}),
            WARM_UP: physics.ping if completes else source.content.build.warm_up + physics.ping,
            SWITCH: 0.0,
            RESTART_OLD: physics.restart,
        }

    def _enter(self, swap: Swap, phase: int, at: float) -> None:
        swap.phase = phase
        trouble = self._world.swaps.troubles.strike(swap.site.name, phase)
        if trouble is not None and trouble.hangs:
            swap.details["hung"] = True
            self._world.log.add("swap.hung", swap.site.name, at=at, id=swap.id, phase=phase)
            return
        ordered = trouble is not None
        ends = at + swap.durations[phase]
        self._world.agenda.at(ends, lambda moment: self._leave(swap, moment, ordered))

    def _leave(self, swap: Swap, at: float, ordered_to_fail: bool = False) -> None:
        """A phase is over: what it brought about, then the next."""
        failure = failure_of(swap.site, swap.source, swap.phase, ordered_to_fail)
        if failure is not None:
            self._fail(swap, failure, at)
            return
        if swap.phase == SWITCH:
            self._switch(swap, at)
        if swap.phase == RESTART_OLD:
            self._finish(swap, at)
            return
        self._enter(swap, min(phase for phase in swap.durations if phase > swap.phase), at)

    def _apply(self, site: Site, source: Slot, target: Slot, at: float) -> None:
        site.prepared = Prepared(source.name, target.name, dict(source.app_settings), dict(source.connection_strings))
        names, strings = site.sticky.app_settings, site.sticky.connection_strings
        source.app_settings = mixed(source.app_settings, target.app_settings, names)
        source.connection_strings = mixed(source.connection_strings, target.connection_strings, strings)
        self._world.log.add("swap.settings_applied", site.name, at=at, source=source.name, target=target.name)

    def _switch(self, swap: Swap, at: float) -> None:
        site, source, target = swap.site, swap.source, swap.target
        kept = site.prepared
        assert kept is not None
        names, strings = site.sticky.app_settings, site.sticky.connection_strings
        moved_settings = mixed(target.app_settings, kept.app_settings, names)
        moved_strings = mixed(target.connection_strings, kept.connection_strings, strings)
        target.app_settings, source.app_settings = source.app_settings, moved_settings
        target.connection_strings, source.connection_strings = source.connection_strings, moved_strings
        target.content, source.content = source.content, target.content
        for name in moving_config(site) & (source.config.keys() | target.config.keys()):
            _exchange(source.config, target.config, name)
        target.ready_at = at
        self._world.lifecycle.begin_restart(
            site, source, at, self._world.physics.restart + source.content.build.warm_up
        )
        self._world.log.add(
            "swap.switched",
            site.name,
            at=at,
            id=swap.id,
            source=source.name,
            target=target.name,
            serving=target.content.build.version,
            replaced=source.content.build.version,
        )

    def _finish(self, swap: Swap, at: float) -> None:
        site, source, target = swap.site, swap.source, swap.target
        record = SwapRecord(at, _wire_name(source), _wire_name(target))
        source.last_swap = target.last_swap = record
        self._end(swap, at)
        self._world.log.add("swap.finished", site.name, at=at, id=swap.id, source=source.name, target=target.name)

    def _fail(self, swap: Swap, failure: Failure, at: float) -> None:
        swap.failure = failure
        if swap.phase <= SWITCH:
            self._take_back(swap.site, swap.source, swap.target)
            self._world.lifecycle.begin_restart(swap.site, swap.source, at)
        self._end(swap, at)
        self._world.log.add("swap.failed", swap.site.name, at=at, id=swap.id, phase=swap.phase, message=failure.message)

    def _end(self, swap: Swap, at: float) -> None:
        swap.finished = at
        swap.site.operation_id = ""
        swap.site.prepared = None
        swap.target.preview_from = None

    def _take_back(self, site: Site, source: Slot, target: Slot) -> None:
        kept = site.prepared
        assert kept is not None
        source.app_settings, source.connection_strings = kept.app_settings, kept.connection_strings
        site.prepared = None
        target.preview_from = None

    def _require_no_other_preview(self, site: Site, source: Slot, target: Slot) -> None:
        prepared = site.prepared
        if prepared is not None and (prepared.source, prepared.target) != (source.name, target.name):
            self._world.lifecycle.require_unprepared(site, site.slots[prepared.source.lower()])


def _exchange(one: dict[str, Any], other: dict[str, Any], name: str) -> None:
    absent = object()
    first, second = one.pop(name, absent), other.pop(name, absent)
    if second is not absent:
        one[name] = second
    if first is not absent:
        other[name] = first


def _wire_name(slot: Slot) -> str:
    return "Production" if slot.is_production else slot.name
