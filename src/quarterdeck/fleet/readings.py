"""What a provider said about a place at one moment. Neutral of any provider; weights and shares in percent."""

from __future__ import annotations

from typing import Literal

from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.records import dataclass

Health = Literal["healthy", "unhealthy", "unknown"]


@dataclass(frozen=True, slots=True)
class Build:
    """A version of the software. `id` is the provider's own name for the content and moves with it on a swap; it may
    stay the same when another version is deployed into that content."""

    version: str
    id: str = ""
    deployed_at: float | None = None


@dataclass(frozen=True, slots=True)
class SwapRecord:
    """The provider's own record of the last swap of a slot: when (as the provider wrote it), from, to."""

    at: str
    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class SlotReading:
    """One deployment slot.

    `preview_from` names the slot whose content is prepared for a swap into this one ("" when none is).
    `operation` is the provider's id of an operation in progress here ("" when none is known).
    `deploys_from` names the system that deploys to it by itself, as far as the provider tells ("" when none).
    """

    name: str
    build: Build | None = None
    running: bool = True
    health: Health = "unknown"
    host: str = ""
    preview_from: str = ""
    auto_swap_to: str = ""
    last_swap: SwapRecord | None = None
    operation: str = ""
    deploys_from: str = ""


@dataclass(frozen=True, slots=True)
class SlotsReading:
    """All slots of one site; the live one first. `drift` is a sentence where the system itself lost what was swapped
    ("" as far as is known)."""

    slots: tuple[SlotReading, ...]
    drift: str = ""

    def slot(self, name: str) -> SlotReading | None:
        """The slot of that name, letter case ignored, or None."""
        return next((slot for slot in self.slots if slot.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Destination:
    """A place that traffic can go to.

    `weight` is the provider's own number, `share` the percent of new clients it amounts to as the provider
    reports it, `status` the provider's own word (Online, Degraded, ...).
    """

    name: str
    share: float
    weight: float = 0
    enabled: bool = True
    health: Health = "unknown"
    status: str = ""
    host: str = ""


Keeper = Literal["resolver", "cookie", "edge"]
"""What keeps old clients where they were: the answer that a DNS resolver remembers, a cookie in the client itself, or
an edge of the system that hasn't been told yet."""


@dataclass(frozen=True, slots=True)
class TrafficReading:
    """How new clients are divided. `method` is the provider's word; `lag` the seconds that old clients may stay
    where they were, and `kept_by` what keeps them there; `automatic` whether the provider changes the shares by itself;
    `drift` is a sentence where the system itself lost what was set in it ("" as far as is known)."""

    method: str
    destinations: tuple[Destination, ...]
    lag: float = 0
    status: str = ""
    automatic: bool = False
    drift: str = ""
    kept_by: Keeper = "resolver"


@dataclass(frozen=True, slots=True)
class Audience:
    """A named group of users and the percentage of it that sees the flag on."""

    group: str
    percent: float


@dataclass(frozen=True, slots=True)
class FlagReading:
    """One feature flag under one label.

    `percent` is the share of everybody that sees it on, None when no percentage rule exists.
    `other_rules` names the rules that this program doesn't interpret (kept unchanged on every write).
    """

    name: str
    enabled: bool
    label: str = ""
    percent: float | None = None
    audience: tuple[Audience, ...] = ()
    other_rules: tuple[str, ...] = ()
    locked: bool = False
    description: str = ""
    etag: str = ""
    modified_at: float | None = None


@dataclass(frozen=True, slots=True)
class FlagsReading:
    """All flags of a flag store that an environment uses."""

    flags: tuple[FlagReading, ...]


Reading = SlotsReading | TrafficReading | FlagsReading | RunsReading
