"""From a strategy to the steps of a release, for one service.

A strategy says what it wants ("ring canary", "swap"); which regions there are, what has been swapped already and what
share still goes to the slot with the new version is worked out here, so that each step is one plain thing to do.

- What has been swapped isn't swapped again: that would bring the old version back. A later step takes what is left.
- No new clients go to the slot that a swap comes from while it is prepared or swapped: its instances restart, and after
  a swap it holds the old version. So a share that it has is set to 0 before.
- A swap that is prepared is completed: by a later `swap` or `complete`, else at the end. Of several regions it is
  prepared and completed in one after the other, so that each can be completed or cancelled by itself; a swap that
  isn't prepared is one operation for all of them.
- A ring of 100% of new clients means: swap. Nobody stays on a staging slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from quarterdeck.fleet.readings import Audience
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Ring, Role
from quarterdeck.records import dataclass, field, replace
from quarterdeck.release.action import Deploy, FlagChange, Rollback, Shift, Swap, SwapMode
from quarterdeck.release.filling import fill_word
from quarterdeck.release.flag_steps import flag_words, reach_of
from quarterdeck.release.freshness import length
from quarterdeck.release.gaining import gaining, share_of
from quarterdeck.release.release_plan import Ask, Member, Observe, Pause, ReleaseStep, Run, Work, Write
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    BakeStep,
    DeployStep,
    FlagStep,
    PauseStep,
    RingStep,
    RollingStep,
    RunStep,
    Strategy,
    StrategyStep,
    SwapStep,
    WeightStep,
)
from quarterdeck.release.traffic_gates import TRAFFIC_GATE, points


class Unfit(ValueError):
    """A strategy can't be used for a service. The text says why; `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def unfold(
    strategy: Strategy,
    member: Member,
    *,
    fleet: Fleet,
    rules: Rulebook,
    preparing: int | None = None,
) -> tuple[ReleaseStep, ...]:
    """The steps of a strategy for one service, each needing the one before, with ids from 1 on.

    The approval that the route of the service asks for stands before the first step that changes something.

    Args:
        preparing: how many of the strategy's steps prepare what the others commit; None where that isn't told apart.

    Raises:
        Unfit: it doesn't fit the service, or refers to what isn't there.
    """
    course = _Course(strategy.name, member, fleet, rules, gaining(strategy.steps))
    for number, step in enumerate(strategy.steps):
        if preparing is not None:
            course.phase = "prepare" if number < preparing else "commit"
        course.take(step)
    course.complete()
    return tuple(course.steps)


@dataclass(slots=True)
class _Course:
    """The steps so far, and where they have taken the service.

    Attributes:
        swapped: regions whose users have the new version ("" for a service without regions).
        prepared: by source and destination, the regions in which a swap is prepared.
        gains: what ends with the clients of a service that has no slots.
        ramp: percent of the new clients of what isn't swapped that go to the slot a swap comes from, or to `gains`.
        flagged: the largest percent of users that a flag has let in.
    """

    strategy: str
    member: Member
    fleet: Fleet
    rules: Rulebook
    gains: tuple[str, ...]
    phase: str = ""
    steps: list[ReleaseStep] = field(default_factory=list)
    swapped: set[str] = field(default_factory=set)
    prepared: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    ramp: float = 0
    flagged: float = 0
    ring: str = ""

    # --- the steps of a strategy --------------------------------------------------------------------------------------
    def take(self, step: StrategyStep) -> None:
        match step:
            case DeployStep(slot):
                self._deploy(slot)
            case SwapStep(mode, source, destination):
                self._swap(mode, (source or self.fleet.swap_source, destination or self.fleet.swap_destination))
            case WeightStep(shares, tolerance):
                self._weigh(shares, tolerance)
            case FlagStep(flag, label, enabled, percent, audience):
                reach = reach_of(enabled, percent, audience)
                self._flag(FlagChange(self._flag_target(flag), label, enabled, percent, audience), reach)
            case PauseStep(seconds):
                words = "until somebody promotes" if seconds is None else length(seconds)
                self._add(Pause(seconds), f"pause {words}")
            case BakeStep(seconds, gates):
                self._observe(gates, seconds)
            case AnalysisStep(gates):
                self._observe(gates, 0)
            case ApprovalStep(rule):
                self._ask(rule)
            case RingStep(name):
                self._give(name)
            case RollingStep():
                self._roll(step)
            case RunStep(command, timeout, repeatable, undo):
                run = Run(self._filled(command), timeout, repeatable, self._filled(undo))
                self._add(run, f"run {' '.join(run.command)}"[:80])

    def complete(self) -> None:
        """What is prepared is completed."""
        for pair in [pair for pair, regions in self.prepared.items() if regions]:
            self._swap("complete", pair)

    def _deploy(self, slot: str) -> None:
        self._need("slots", "there is nowhere to deploy to")
        if not self.member.version:
            raise Unfit(f"{self._who} deploys, and no version is named", "say which: --version VERSION")
        if not self._route.artifact:
            text = f"{self._who} deploys, but nothing says what {self._target} is made of"
            raise Unfit(text, "declare `artifact` for the service, with $version in it")
        if self.ramp and slot.lower() in ("", self.fleet.swap_source.lower()):
            self._shift({self.fleet.swap_source: 0.0}, self._left, why=" while it is deployed to")
        where = slot or self.fleet.swap_source
        live = where.lower() == self.fleet.swap_destination.lower()
        if live:
            self.swapped = set(self._regions)
        self._write(Deploy(self._target, self.member.version, slot), f"deploy {self.member.version} to {where}")

    def _weigh(self, named: Mapping[str, float], tolerance: float | None) -> None:
        if len({name or self.fleet.swap_source for name in named}) < len(named):
            raise Unfit(f"{self._who} names {self.fleet.swap_source} twice in one weight step", "name it once")
        if tolerance is not None and self._route.truth is None:
            text = f"{self._who} wants the observed share of {self._target}, and nothing says how to observe it"
            raise Unfit(text, "declare `truth` for the service, or leave the tolerance out")
        shares = {name or self.fleet.swap_source: float(share) for name, share in named.items()}
        wrong = [name for name, share in shares.items() if not isfinite(share) or not 0 <= share <= 100]
        if not shares or wrong or sum(shares.values()) > 100:
            raise Unfit(f"{self._who}: shares are percentages that add up to 100 at most", "correct its weights")
        if not self._has("traffic") and not self._has("slot_traffic"):
            raise Unfit(f"{self._who} divides traffic, and {self._target} has none", "declare `traffic` for it")
        share = self._to_source(shares)
        if share is None:
            if not self._has("slots"):
                self.ramp = share_of(self.gains, shares)
            self._shift(shares, self._regions, tolerance)
            return
        self._need("slot_traffic", "no share of its clients can be sent to a slot")
        left = self._left if share else self._regions
        if not left:
            text = f"{self._who} sends clients to {self.fleet.swap_source} after the swap: the old version is there"
            raise Unfit(text, "put the weight before the swap")
        self._shift(shares, left, tolerance)

    def _give(self, name: str) -> None:
        ring = next((one for one in self.fleet.rings if one.name == name), None)
        if ring is None:
            raise Unfit(f"{self._who} names ring {name}, which isn't there", _offer("rings", self.fleet.rings))
        self.ring = name
        if ring.regions:
            self._give_regions(ring)
        elif ring.flag:
            flag = self._flag_target(ring.flag)
            admit = (Audience(ring.group, 100.0),) if ring.group else ()
            change = FlagChange(flag, admit=admit) if admit else FlagChange(flag, enabled=True, percent=ring.weight)
            self._flag(change, ring.weight)
        elif ring.weight >= 100:
            self._swap("swap", (self.fleet.swap_source, self.fleet.swap_destination))
        else:
            truth = self._route.truth
            self._weigh({"": ring.weight}, truth.tolerance if truth else None)
        self.ring = ""

    def _give_regions(self, ring: Ring) -> None:
        if strange := [region for region in ring.regions if region not in self._regions]:
            known = ", ".join(region for region in self._regions if region)
            hint = f"its regions are {known}" if known else "it has none; use a ring with a weight"
            raise Unfit(f"ring {ring.name} is of {', '.join(strange)}, which {self._target} hasn't", hint)
        pair = (self.fleet.swap_source, self.fleet.swap_destination)
        self._swap("swap", pair, tuple(region for region in ring.regions if region not in self.swapped))

    def _roll(self, step: RollingStep) -> None:
        self._need("slots", "there is nothing to swap")
        regions, pair = self._left, (self.fleet.swap_source, self.fleet.swap_destination)
        if step.drain and (len(self._regions) < 2 or not self._has("traffic")):
            text = (
                f"{self._who} drains a region while it is swapped, and {self._target} has no other to take its clients"
            )
            raise Unfit(text, "leave `drain` out, or declare its regions and the traffic between them")
        for number, region in enumerate(regions):
            if number and (step.seconds or step.gates):
                self._observe(step.gates, step.seconds)
            drained = self._drain(region) if step.drain else ""
            self._swap("swap", pair, (region,))
            if drained:
                back = Write(Rollback(self._target), undoes=drained)
                self._add(back, f"new clients to {region} again")
        if not regions:
            self._swap("swap", pair)  # says that nothing is left

    def _drain(self, region: str) -> str:
        """Endpoints are named after their regions, as the traffic of a service with regions is."""
        self._write(Shift(self._target, {region: 0.0}), f"no new clients to {region}")
        return self.steps[-1].id

    def _swap(self, mode: SwapMode, pair: tuple[str, str], only: tuple[str, ...] | None = None) -> None:
        self._need("slots", "there is nothing to swap")
        live = pair[1].lower() == self.fleet.swap_destination.lower()
        prepared = self.prepared.setdefault(pair, set())
        left = self._left if live else self._regions
        if mode in ("complete", "cancel"):
            left = tuple(region for region in self._regions if region in prepared)
            if not left:
                raise Unfit(f"{self._who} wants to {mode} a swap that no step before it prepares", "preview it first")
        if mode == "preview" and any(prepared for prepared in self.prepared.values()):
            raise Unfit(f"{self._who} prepares a second swap while one is prepared", "complete or cancel that first")
        regions = left if only is None else tuple(region for region in only if region in left)
        if not regions:
            text = f"{self._who} swaps {self._target} a second time: that would bring the old version back"
            raise Unfit(text, "leave the second swap out")
        if live and mode != "cancel" and self.ramp and pair[0].lower() == self.fleet.swap_source.lower():
            why = " while its swap is prepared" if mode == "preview" else ": the swap brings everybody"
            self._shift({pair[0]: 0.0}, self._left, why=why)
        for target, these in self._targets(regions, apart=mode != "swap" or bool(prepared)):
            done: SwapMode = "complete" if mode == "swap" and these <= prepared else mode
            prepared |= these if done == "preview" else set()
            prepared -= these if done != "preview" else set()
            if live and done in ("swap", "complete"):
                self.swapped |= these
            named = {} if live and pair[0] == self.fleet.swap_source else {"source": pair[0], "destination": pair[1]}
            words = _SWAPS[done].format(source=pair[0], destination=pair[1])
            self._write(Swap(target, mode=done, **named), words + (f"@{target.region}" if target.region else ""))

    def _shift(
        self, shares: Mapping[str, float], regions: tuple[str, ...], tolerance: float | None = None, why: str = ""
    ) -> None:
        """`why` says what a share is set back for, so that it doesn't read like a retreat."""
        share = self._to_source(shares)
        if share is not None:
            self.ramp = share
        words = ", ".join(f"{share:g}% to {name}" for name, share in shares.items())
        for target, _ in self._targets(regions):
            there = f"@{target.region}" if target.region else ""
            self._write(Shift(target, dict(shares)), words + there + why, tolerance)
            if tolerance is not None:
                gate = f"{TRAFFIC_GATE}{self._next_id}"
                self._add(Observe((gate,)), f"observed share: {words}{there} within {points(tolerance)}")

    def _to_source(self, shares: Mapping[str, float]) -> float | None:
        """The share that goes to the slot a swap comes from, as far as that is said; None: it stays as it is."""
        by_name = {name.lower(): share for name, share in shares.items()}
        source, destination = self.fleet.swap_source.lower(), self.fleet.swap_destination.lower()
        if source not in by_name and destination in by_name:
            return 100 - by_name[destination]
        return by_name.get(source)

    def _flag(self, change: FlagChange, reach: float) -> None:
        self.flagged = reach
        self._write(change, f"flag {change.target.name}: {flag_words(change)}")

    def _flag_target(self, name: str) -> TargetId:
        environment = self._target.environment
        if not self.fleet.places_of(TargetId(environment, "flags"), "flags"):
            text = f"{self._who} sets flag {name}, and {environment} has no flags"
            raise Unfit(text, f"declare `flags` for {environment}, or use a strategy without them")
        return TargetId(environment, name, flag=True)

    def _observe(self, names: Sequence[str], seconds: float) -> None:
        for name in names:
            if self.rules.gate(name) is None:
                raise Unfit(f"{self._who} names gate {name}, which isn't there", _offer("gates", self.rules.gates))
        under = ", ".join(names)
        bake = f"bake {length(seconds)}" + (f" under {under}" if under else "")
        self._add(Observe(tuple(names), seconds), bake if seconds else f"analysis {under}")

    def _ask(self, name: str) -> None:
        if self.rules.approval(name) is None:
            raise Unfit(f"approval {name} isn't there", _offer("approvals", self.rules.approvals))
        self._add(Ask(name), f"approval {name}")

    def _filled(self, words: Iterable[str]) -> tuple[str, ...]:
        member = self.member
        names = {
            "service": member.target.name,
            "environment": member.target.environment,
            "version": member.version,
            "previous": member.previous,
        }
        try:
            return tuple(fill_word(word, names) for word in words)
        except ValueError as error:
            raise Unfit(f"{self._who} runs a program that can't be: {error}", "correct its words") from error

    # --- what makes a step --------------------------------------------------------------------------------------------
    def _write(self, action: Deploy | Swap | Shift | FlagChange, summary: str, tolerance: float | None = None) -> None:
        expects = self.member.version if isinstance(action, Swap) and action.mode != "cancel" else ""
        self._add(Write(action, tolerance, expects), summary, self._exposure)

    def _add(self, work: Work, summary: str, exposure: float | None = None) -> None:
        approval = self._route.approval
        asked = {step.work.rule for step in self.steps if isinstance(step.work, Ask)}
        changes = (Write, Run)
        if approval and isinstance(work, changes) and not any(isinstance(s.work, changes) for s in self.steps):
            ring, self.ring = self.ring, ""
            if approval not in asked:
                self._ask(approval)
            self.ring = ring
        number = self._next_id
        needs = (self.steps[-1].id,) if self.steps else ()
        words = f"ring {self.ring}: {summary}" if self.ring else summary
        self.steps.append(ReleaseStep(str(number), self._target, work, words, needs, self.ring, self.phase, exposure))

    @property
    def _next_id(self) -> int:
        return len(self.steps) + 1

    @property
    def _exposure(self) -> float:
        """Regions count alike: how many clients each has, nobody knows here."""
        done = len(self.swapped) / len(self._regions) if self._regions else 0.0
        return max(100 * done + (1 - done) * self.ramp, self.flagged)

    # --- what the service has -----------------------------------------------------------------------------------------
    @property
    def _who(self) -> str:
        return f"strategy {self.strategy}" if self.strategy else "this release"

    @property
    def _target(self) -> TargetId:
        return self.member.target

    @property
    def _route(self) -> Route:
        return self.rules.route(self._target)

    @property
    def _regions(self) -> tuple[str, ...]:
        """The regions in which it has slots; ("",) if it has slots and no regions."""
        return tuple(dict.fromkeys(place.target.region for place in self.fleet.places_of(self._target, "slots")))

    @property
    def _left(self) -> tuple[str, ...]:
        return tuple(region for region in self._regions if region not in self.swapped)

    def _targets(self, regions: tuple[str, ...], apart: bool = False) -> tuple[tuple[TargetId, set[str]], ...]:
        """The service as a whole if all its regions are meant, else (or where they are to be kept `apart`) one region
        after the other."""
        if set(regions) == set(self._regions) and not apart:
            return ((self._target, set(regions)),)
        return tuple((replace(self._target, region=region), {region}) for region in regions)

    def _has(self, role: Role) -> bool:
        return bool(self.fleet.places_of(self._target, role))

    def _need(self, role: Role, otherwise: str) -> None:
        if not self._has(role):
            kind = "traffic between slots" if role == "slot_traffic" else role
            raise Unfit(f"{self._who} doesn't fit {self._target}: it has no {kind}, so {otherwise}", "use another")


_SWAPS: Mapping[SwapMode, str] = {
    "swap": "swap {source} into {destination}",
    "preview": "prepare the swap of {source} into {destination}",
    "complete": "complete the swap of {source} into {destination}",
    "cancel": "cancel the swap of {source} into {destination}",
}


def _offer(kind: str, known: Sequence[object]) -> str:
    names = ", ".join(str(getattr(one, "name", one)) for one in known)
    return f"{kind} are {names}" if names else f"the configuration declares no {kind}"
