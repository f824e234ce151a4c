"""App Service sites and their slots as things in the world; how they look on the wire is in `web/`."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.sandbox.world.builds import Build, Catalogue
from quarterdeck.sandbox.world.deployments import Deployment
from quarterdeck.sandbox.world.serving import History, Serving

PRODUCTION = "production"


@dataclass(slots=True)
class Content:
    """What a swap moves: the files of a slot and the record of how they came there.

    `deployment_id` is the name of the content's storage; it moves with the content and survives deployments.
    """

    build: Build
    deployment_id: str
    deployments: list[Deployment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SwapRecord:
    """The platform's note of the last finished swap; the same on both sides."""

    time: float
    source: str
    destination: str


@dataclass(slots=True)
class Slot:
    """One slot; the production slot is called "production".

    Attributes:
        config: properties of config/web that were set; everything else has its default.
        preview_from: the slot whose content is prepared for a swap into this one.
        ready_at: world time at which its last start was or will be over.
    """

    name: str
    host: str
    content: Content
    app_settings: dict[str, str] = field(default_factory=dict)
    connection_strings: dict[str, dict[str, str]] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    running: bool = True
    https_only: bool = False
    client_affinity: bool = True
    authentication: bool = False
    preview_from: str | None = None
    last_swap: SwapRecord | None = None
    modified: float = 0.0
    ready_at: float = 0.0

    @property
    def is_production(self) -> bool:
        return self.name == PRODUCTION

    def serving(self, at: float) -> Serving:
        """How it answers its requests at that time."""
        build = self.content.build
        if not self.running:
            return Serving(build.version, 1.0, 0.0, "stopped")
        if not build.starts or at < self.ready_at:
            return Serving(build.version, 1.0, 0.0, "starting")
        return Serving(build.version, build.error_rate, build.latency_ms, "up")


@dataclass(slots=True)
class StickyNames:
    """Names of settings that stay with their slot; they belong to the site."""

    app_settings: list[str] = field(default_factory=list)
    connection_strings: list[str] = field(default_factory=list)
    storage: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Prepared:
    """The settings a source slot had of its own before those of its swap target were applied to it."""

    source: str
    target: str
    app_settings: dict[str, str]
    connection_strings: dict[str, dict[str, str]]


@dataclass(slots=True)
class Site:
    """An app with its slots.

    `operation_id` names the operation that holds the site, "" when none does; `prepared` is set from the first
    phase of a swap (or its preview) until it has ended.
    `rate` is how many requests per second its clients send straight to it.
    `service`, `environment` and `region` are what its owners call it, for the labels of its metrics; "" unknown.
    """

    group: str
    name: str
    location: str
    plan: str
    slots: dict[str, Slot]
    linux: bool = False
    sku: str = "Standard"
    rate: float = 0.0
    service: str = ""
    environment: str = ""
    region: str = ""
    sticky: StickyNames = field(default_factory=StickyNames)
    operation_id: str = ""
    operation_since: float = 0.0
    prepared: Prepared | None = None
    history: History = field(default_factory=History)

    @property
    def production(self) -> Slot:
        return self.slots[PRODUCTION]

    def slot(self, name: str) -> Slot | None:
        """The slot of that name, letter case ignored."""
        return self.slots.get(name.lower())

    def label(self, slot: Slot) -> str:
        """What the world log calls a slot: `checkout`, or `checkout/staging`."""
        return self.name if slot.is_production else f"{self.name}/{slot.name}"

    def weights(self) -> dict[str, float]:
        """The part (0 to 1) of new clients that each slot gets by the ramp-up rules in force.

        A rule aims at a host name; one that names no slot of this site sends its part nowhere, under "".
        """
        experiments = self.production.config.get("experiments") or {}
        hosts = {slot.host.lower(): slot.name for slot in self.slots.values()}
        parts: dict[str, float] = {}
        left = 1.0
        for rule in experiments.get("rampUpRules") or []:
            part = min(left, max(0.0, float(rule.get("reroutePercentage") or 0.0) / 100))
            aim = hosts.get(str(rule.get("actionHostName") or "").lower(), "")
            parts[aim] = parts.get(aim, 0.0) + part
            left -= part
        parts[PRODUCTION] = parts.get(PRODUCTION, 0.0) + left
        return parts

    def note(self, at: float) -> None:
        """Write down who serves what from `at` on; call it after every change that clients could feel."""
        self.history.add(at, self.weights(), {slot.name: slot.serving(at) for slot in self.slots.values()})


class Sites:
    """All sites of the subscription, found by group and name or by name, letter case ignored."""

    def __init__(self, chance: random.Random, suffix: str = "azurewebsites.net") -> None:
        self.suffix = suffix
        self.builds = Catalogue()
        self._chance = chance
        self._groups: dict[str, tuple[str, str]] = {}
        self._sites: dict[str, Site] = {}

    def add_group(self, name: str, location: str) -> None:
        """Create a resource group; an existing one keeps its location."""
        self._groups.setdefault(name.lower(), (name, location))

    def groups(self) -> list[tuple[str, str]]:
        """Name and location of every resource group, by name."""
        return [self._groups[key] for key in sorted(self._groups)]

    def group(self, name: str) -> tuple[str, str] | None:
        """Name and location of one resource group."""
        return self._groups.get(name.lower())

    def add(self, site: Site) -> None:
        """Put a site into the world.

        Raises:
            ValueError: when the name is taken (site names are unique everywhere).
        """
        if site.name.lower() in self._sites:
            raise ValueError(f"the site name {site.name} is taken")
        self.add_group(site.group, site.location)
        self._sites[site.name.lower()] = site

    def remove(self, site: Site) -> None:
        """Delete a site with its slots."""
        del self._sites[site.name.lower()]

    def named(self, name: str) -> Site | None:
        """The site of that name in any group."""
        return self._sites.get(name.lower())

    def find(self, group: str, name: str) -> Site | None:
        """The site of that name in that group."""
        site = self.named(name)
        return site if site and site.group.lower() == group.lower() else None

    def in_group(self, group: str) -> Iterable[Site]:
        """The sites of a group, by name."""
        return [site for site in self if site.group.lower() == group.lower()]

    def host(self, site: str, slot: str = PRODUCTION) -> str:
        """The default host name. (The service cuts long names and adds random characters; names here stay whole.)"""
        name = site if slot == PRODUCTION else f"{site}-{slot}"
        return f"{name}.{self.suffix}".lower()

    def content(self, site: str, slot: str, build: Build) -> Content:
        """Fresh storage for a slot, named as App Service names it: `site`, or `site__` and four hex digits."""
        deployment_id = site if slot == PRODUCTION else f"{site}__{self._chance.getrandbits(16):04x}"
        return Content(build, deployment_id)

    def __iter__(self) -> Iterator[Site]:
        return iter([self._sites[key] for key in sorted(self._sites)])

    def __len__(self) -> int:
        return len(self._sites)
