"""The world as it really is: slots, splits and flags, what happens to them, and who did it.

It knows nothing of our journal, and it keeps every state that each thing was ever in: what the engine says is held
against this.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from quarterdeck.release.plan import Step

STAGING, PRODUCTION = "staging", "production"


@dataclass(frozen=True)
class Site:
    """Two slots, by the builds in them. `swapped` is the provider's record of the last swap: when, from, to."""

    staging: str
    production: str
    preview: str = ""
    swapped: tuple[str, str, str] = ("", "", "")
    busy: str = ""


@dataclass(frozen=True)
class Side:
    """One destination of a split."""

    weight: float
    enabled: bool = True
    healthy: bool = True

    @property
    def serves(self) -> bool:
        return self.enabled and self.weight > 0


@dataclass(frozen=True)
class Split:
    """Destinations by name. `atomic`: its weights are percentages, and written together."""

    sides: Mapping[str, Side]
    atomic: bool

    def healthy(self) -> set[str]:
        return {name for name, side in self.sides.items() if side.serves and side.healthy}


@dataclass(frozen=True)
class Flag:
    """One flag; `version` grows with every write."""

    enabled: bool
    percent: float | None
    audience: tuple[tuple[str, float], ...] = ()
    version: int = 1


State = Site | Split | Flag


@dataclass
class Send:
    """A write that has left a runner."""

    number: int
    key: str
    operation: str
    step: Step
    runner: str
    at: float
    looked_at: float

    def __str__(self) -> str:
        return f"send {self.number} ({self.step.verb}, step {self.step.id} of {self.operation}, by {self.runner})"


Author = Send | str
"""Who changed something: one of our writes, or a word for somebody else."""


class Declined(Exception):
    """The world doesn't do that now."""


@dataclass
class Work:
    """A swap under way. `outcome` is "" while it is."""

    id: str
    ends: float
    outcome: str = ""


@dataclass
class World:
    """`seen` is told every change: key, state before, state after, author."""

    loop: asyncio.AbstractEventLoop
    random: Random
    tell: Callable[[str], None]
    seen: Callable[[str, State, State, Author], None] = lambda key, before, after, author: None
    history: dict[str, list[tuple[float, State, Author]]] = field(default_factory=dict)
    works: dict[str, Work] = field(default_factory=dict)

    def place(self, key: str, state: State) -> None:
        self.history[key] = [(-1.0, state, "the beginning")]

    def now(self, key: str) -> Any:
        return self.history[key][-1][1]

    def at(self, key: str, time: float) -> Any:
        """The state of a thing as it was."""
        moments = self.history[key]
        return moments[max(0, bisect_right(moments, time, key=lambda moment: moment[0]) - 1)][1]

    def since(self, key: str, time: float) -> list[State]:
        """Every state of a thing from a moment until now."""
        return [self.at(key, time), *(state for when, state, _ in self.history[key] if when > time)]

    def authors(self, key: str, time: float) -> list[Author]:
        """Who has changed a thing since."""
        return [author for when, _, author in self.history[key] if when > time]

    def change(self, key: str, state: State, author: Author) -> None:
        before = self.now(key)
        if state == before:
            return
        self.history[key].append((self.loop.time(), state, author))
        self.tell(f"world: {key} is {state} by {author}")
        self.seen(key, before, state, author)

    # --- slots -------------------------------------------------------------------------------------------------------
    def swap(self, key: str, author: Author, seconds: float, fails: bool) -> Work:
        """Begin a swap of staging into production; with a preview pending this completes it."""
        site = self.now(key)
        if site.busy:
            raise Declined("Cannot modify this site because another operation is in progress")
        work = Work(f"work-{len(self.works) + 1}", self.loop.time() + seconds)
        self.works[work.id] = work
        prepared = site.preview
        self.change(key, replace(site, busy=work.id), author)
        phases: list[tuple[float, Callable[[], None]]] = [
            (0.1, lambda: self.change(key, replace(self.now(key), preview=STAGING), author)),
            (self.random.uniform(0.15, 0.9), lambda: None),
        ]
        if fails:
            phases[1] = (phases[1][0], lambda: self._give_up(key, work, prepared, author))
        else:
            phases += [
                (0.95, lambda: self._move(key, author)),
                (1.0, lambda: self._record(key, work, author)),
            ]
        for part, deed in phases[0 if self.random.random() < 0.5 else 1 :]:
            self._later(part * seconds, deed)
        return work

    def _move(self, key: str, author: Author) -> None:
        site = self.now(key)
        self.change(key, replace(site, staging=site.production, production=site.staging), author)

    def _record(self, key: str, work: Work, author: Author) -> None:
        site = self.now(key)
        record = (f"t{self.loop.time():.6f}", STAGING, "Production")
        self.change(key, replace(site, preview="", swapped=record, busy=""), author)
        work.outcome = "finished"

    def _give_up(self, key: str, work: Work, prepared: str, author: Author) -> None:
        self.change(key, replace(self.now(key), preview=prepared, busy=""), author)
        work.outcome = "failed"

    def prepare(self, key: str, preview: str, author: Author) -> None:
        """Start or cancel a preview."""
        site = self.now(key)
        if site.busy:
            raise Declined("Cannot modify this site because another operation is in progress")
        if preview and site.preview:
            raise Declined("The slot cannot be changed because its settings have been prepared for swap")
        self.change(key, replace(site, preview=preview), author)

    def deploy(self, key: str, slot: str, build: str, author: Author) -> None:
        site = self.now(key)
        if site.busy:
            raise Declined("Cannot modify this site because another operation is in progress")
        if site.preview:
            raise Declined("The slot cannot be changed because its settings have been prepared for swap")
        self.change(key, replace(site, staging=build) if slot == STAGING else replace(site, production=build), author)

    def share(self, key: str, slot: str) -> float:
        """Percent of a site's new clients that a slot gets."""
        split = self.now(f"split/{key.partition('/')[2]}") if f"split/{key.partition('/')[2]}" in self.history else None
        return split.sides[slot].weight if split else 100.0 * (slot == PRODUCTION)

    # --- splits and flags --------------------------------------------------------------------------------------------
    def weigh(self, key: str, name: str, weight: float, enabled: bool, author: Author) -> None:
        split = self.now(key)
        side = replace(split.sides[name], weight=weight, enabled=enabled)
        self.change(key, replace(split, sides={**split.sides, name: side}), author)

    def divide(self, key: str, shares: Mapping[str, float], author: Author) -> None:
        split = self.now(key)
        sides = {name: replace(side, weight=shares.get(name, 0.0)) for name, side in split.sides.items()}
        self.change(key, replace(split, sides=sides), author)

    def heal(self, key: str, name: str, healthy: bool) -> None:
        split = self.now(key)
        side = replace(split.sides[name], healthy=healthy)
        self.change(key, replace(split, sides={**split.sides, name: side}), "health")

    def set_flag(self, key: str, flag: Flag, version: int | None, author: Author) -> None:
        """Conditional on the version that was read, unless that is None."""
        now = self.now(key)
        if version not in (None, now.version):
            raise Declined("412 Precondition Failed")
        self.change(key, replace(flag, version=now.version + 1), author)

    def _later(self, seconds: float, deed: Callable[[], None]) -> None:
        """The world goes on whoever dies: its deeds belong to no runner."""
        self.loop.call_later(seconds, deed, context=Context())
