"""A small world behind the capability protocols: slots, a router and flags, with faults and moments to die at.

It keeps its own log of what really happened, so that tests count swaps there and not in our journal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from quarterdeck.clock import Clock
from quarterdeck.fleet.readings import (
    Audience,
    Build,
    Destination,
    FlagReading,
    SlotReading,
    SwapRecord,
    TrafficReading,
)
from quarterdeck.fleet.topology import Address, Place, Role
from quarterdeck.providers.base import (
    Capability,
    InDoubt,
    Observed,
    Progress,
    ProviderError,
    Receipt,
    Refused,
)
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import (
    Settlement,
    settle_destination,
    settle_flag,
    settle_shares,
    settle_slots,
)
from quarterdeck.release.survey import FlagSurvey, Limits, SwapSurvey, TrafficSurvey

SWAP_SECONDS = 60.0


@dataclass
class Pair:
    """A site with two slots. `due` is the moment at which a swap under way takes effect."""

    staging: SlotReading
    production: SlotReading
    due: float | None = None
    failing: str = ""


@dataclass
class World:
    """Faults are taken from `faults` one per write: "" none, or what happens instead."""

    clock: Clock
    sites: dict[str, Pair] = field(default_factory=dict)
    routers: dict[str, TrafficReading] = field(default_factory=dict)
    flags: dict[str, FlagReading] = field(default_factory=dict)
    limits: Limits = field(default_factory=lambda: Limits(units=1000, smallest=1, largest=1000, atomic=False))
    faults: list[str] = field(default_factory=list)
    look_faults: int = 0
    log: list[str] = field(default_factory=list)
    moment: Callable[[str], None] = lambda _: None
    """Called at every boundary of a request; may raise to kill the process there."""
    late: dict[str, list[TrafficReading | FlagReading]] = field(default_factory=dict)
    """What the next looks at a router or a flag are told instead of what is there, by its name: answers that lag."""
    unreadable: bool = False
    tells_when_idle: bool = False
    """Whether this provider can say that nothing is under way (App Service can't)."""

    def swaps(self) -> list[str]:
        return [line for line in self.log if line.startswith("swap ")]

    def happen(self) -> None:
        """Let what is due take effect."""
        for name, site in self.sites.items():
            if site.due is None or self.clock.now() < site.due:
                continue
            site.due = None
            if site.failing:
                self.log.append(f"failed {name}")
                continue
            record = SwapRecord(f"t{self.clock.now():.3f}", "staging", "Production")
            old, new = site.production.build, site.staging.build
            site.production = replace(site.production, build=new, last_swap=record, preview_from="")
            site.staging = replace(site.staging, build=old, last_swap=record)
            self.log.append(f"swap {name}")

    def begin(self, step: Step) -> None:
        """The effect of a write, or its beginning."""
        where = step.address.parts["name"]
        match step.verb:
            case "swap" | "complete":
                self.sites[where].due = self.clock.now() + SWAP_SECONDS
            case "preview" | "cancel":
                site = self.sites[where]
                source = str(step.change["source"]) if step.verb == "preview" else ""
                site.production = replace(site.production, preview_from=source)
                self.log.append(f"{step.verb} {where}")
            case "set_destination":
                name, weight, on = (step.change[key] for key in ("destination", "weight", "enabled"))
                self._write_destination(where, name, weight, on)
            case "set_shares":
                router = self.routers[where]
                shares = step.change["shares"]
                self.routers[where] = replace(
                    router, destinations=tuple(replace(d, share=shares[d.name]) for d in router.destinations)
                )
                self.log.append(f"shares {where}")
            case "set_flag":
                flag = self.flags[where]
                self.flags[where] = replace(
                    flag,
                    enabled=step.change["enabled"],
                    percent=step.change["percent"],
                    audience=tuple(Audience(g, p) for g, p in step.change["audience"].items()),
                    etag=f"{flag.etag}'",
                )
                self.log.append(f"flag {where}")

    def _write_destination(self, where: str, name: str, weight: float, on: bool) -> None:
        router = self.routers[where]
        changed = [replace(d, weight=weight, enabled=on) if d.name == name else d for d in router.destinations]
        total = sum(d.weight for d in changed if d.enabled)
        assert total > 0, "the last destination was switched off"
        assert any(d.enabled and d.health == "healthy" for d in changed) or all(
            d.health != "healthy" for d in router.destinations
        ), "the last healthy destination was switched off"
        assert all(self.limits.smallest <= d.weight <= self.limits.largest for d in changed if d.enabled)
        shared = tuple(replace(d, share=100 * d.weight / total if d.enabled else 0.0) for d in changed)
        self.routers[where] = replace(router, destinations=shared)
        self.log.append(f"destination {where}/{name}")


class Model:
    """All three capabilities of the world."""

    source = "model"

    def __init__(self, world: World) -> None:
        self._world = world

    async def observe(self, places: Sequence[Place]) -> Observed:
        return {}

    async def permitted(self, address: Address) -> bool | None:
        return None

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        site = self._site(address)
        return SwapSurvey(site.staging, site.production, seconds=SWAP_SECONDS)

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        self._read()
        if address.parts["name"] not in self._world.routers:
            raise ProviderError("unreachable", "no route to the router")
        late = self._late(address)
        now = late if isinstance(late, TrafficReading) else self._world.routers[address.parts["name"]]
        return TrafficSurvey(now, self._world.limits)

    async def survey_flag(self, address: Address, name: str, label: str) -> FlagSurvey:
        self._read()
        late = self._late(address)
        return FlagSurvey(late if isinstance(late, FlagReading) else self._world.flags[address.parts["name"]])

    def _late(self, address: Address) -> TrafficReading | FlagReading | None:
        late = self._world.late.get(address.parts["name"])
        return late.pop(0) if late else None

    async def send(self, step: Step) -> Receipt:
        world = self._world
        world.moment("before send")
        fault = world.faults.pop(0) if world.faults else ""
        if fault == "busy":
            raise Refused("provider_error", "Cannot modify this site because another operation is in progress")
        if fault == "dropped before":
            raise InDoubt("unreachable", "connection dropped")
        world.log.append(f"sent {step.verb} {step.address.parts['name']}")
        world.begin(step)
        world.moment("after send")
        if fault == "dropped after":
            raise InDoubt("unreachable", "connection dropped")
        if fault == "504":
            raise InDoubt("timeout", "504 Gateway Timeout")
        if fault == "bug":
            raise RuntimeError("https://signed.example/?s=SECRET")
        if step.verb not in ("swap", "complete"):
            return Receipt("ref")
        self._world.sites[step.address.parts["name"]].failing = fault
        return Receipt("ref", "https://signed.example/?s=SECRET")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        world, name = self._world, step.address.parts["name"]
        world.moment("before poll")
        if world.look_faults:
            world.look_faults -= 1
            raise ProviderError("garbage", "the answer is not JSON")
        world.happen()
        site = world.sites[name]
        world.moment("after poll")
        if site.due is not None:
            return Progress("running", "warming up", 15)
        return Progress("failed", site.failing) if site.failing else Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        if step.role == "slots":
            site = self._site(step.address)
            busy = "op-1" if site.due is not None and self._world.tells_when_idle else ""
            settlement = settle_slots(step, replace(site.staging, operation=busy), site.production)
            if settlement.state == "unclear" and self._world.tells_when_idle:
                return replace(settlement, state="not_done")
            return settlement
        self._read()
        if step.verb == "set_flag":
            return settle_flag(step, self._world.flags[step.address.parts["name"]])
        router = self._world.routers[step.address.parts["name"]]
        return settle_shares(step, router) if step.verb == "set_shares" else settle_destination(step, router)

    def _site(self, address: Address) -> Pair:
        self._read()
        return self._world.sites[address.parts["name"]]

    def _read(self) -> None:
        if self._world.unreadable:
            raise ProviderError("unreachable", "no route to host")
        self._world.happen()


class ModelConnections:
    """The one connection there is."""

    def __init__(self, world: World) -> None:
        self._model = Model(world)

    def capability(self, connection: str, role: Role) -> Capability:
        return self._model

    async def identity(self, connection: str) -> str:
        return "ana@contoso.example"


def site(old: str = "1.0", new: str = "1.1") -> Pair:
    """Production serves `old`, staging holds `new`."""
    return Pair(
        SlotReading("staging", Build(new, f"id-{new}"), health="healthy"),
        SlotReading("production", Build(old, f"id-{old}"), health="healthy"),
    )


def split(*destinations: tuple[str, float, bool, str]) -> TrafficReading:
    """Destinations as name, weight, enabled, health."""
    total = sum(weight for _, weight, on, _ in destinations if on) or 1
    return TrafficReading(
        "Weighted",
        tuple(
            Destination(name, 100 * weight / total if on else 0.0, weight, on, health)  # type: ignore[arg-type]
            for name, weight, on, health in destinations
        ),
    )
