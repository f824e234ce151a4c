"""The hotfix lane: the shortest legal way of a fix to its users, what it leaves out on whose authority, what it owes.

What writes stays, and so does every gate and approval that nobody here may skip. Bakes and pauses only cost time, so
they are left out; a gate that a bake was for, and that may not be skipped, is still asked, without the time. Shares and
rings before the swap that gives the fix to everybody are covered by it, so they are left out as well. Where nothing
covers them they stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.records import dataclass, field, replace
from quarterdeck.release.freshness import length
from quarterdeck.release.guards import Debt, DebtKind
from quarterdeck.release.release_plan import HotfixPath, Skipped
from quarterdeck.release.rollout import Release
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    BakeStep,
    PauseStep,
    RingStep,
    RollingStep,
    Strategy,
    StrategyStep,
    SwapStep,
    WeightStep,
)

FREE = "anybody: it only takes time"
"""Who may leave out what guards nothing."""
WRITTEN = "the configuration"
"""On whose authority its strategy of hotfixes leaves out what the usual one asks."""


def shortest(
    strategy: Strategy,
    route: Route,
    rules: Rulebook,
    ref: str,
    asker_groups: frozenset[str],
    fleet: Fleet | None = None,
) -> tuple[Strategy, HotfixPath]:
    """The shortest legal form of a service's release, and what it leaves out and keeps.

    Args:
        strategy: the one of hotfixes, if the route names one, else the usual one. The one of hotfixes is taken as it
            is written: whoever wrote it has decided what a hotfix takes. What the usual one asks besides is left out
            on the configuration's authority, and named.
        fleet: says what its rings are; without it no ring is taken for a swap of everybody.
    """
    lane = _Lane(rules, route, asker_groups)
    lane.skip_environments()
    if route.hotfix:
        lane.kept.append(f"strategy {strategy.name}, which is the one of hotfixes, as it is written")
        lane.compare(rules.strategy(route.strategy), strategy)
        return strategy, lane.path(ref)
    if route.approval:
        lane.may_skip_approval(route.approval)
    covered = _covered(strategy.steps, fleet)
    steps = [kept for number, step in enumerate(strategy.steps) for kept in lane.shortened(step, number in covered)]
    background = lane.gates(strategy.gates)
    return replace(strategy, steps=tuple(steps), gates=background), lane.path(ref)


def travelled(path: HotfixPath, version: str, target: TargetId, serving: Mapping[str, Sequence[str]]) -> HotfixPath:
    """The path, told by what the stages before were seen to serve.

    Args:
        serving: the versions that each stage serves in which the service exists; () for one that nobody has read.
    """
    skipped, kept = [], list(path.kept)
    for one in path.skipped:
        versions = set(serving.get(one.name, ()))
        if one.kind != "environment":
            skipped.append(one)
        elif version and versions == {version}:
            kept.append(f"{one.name}, which serves {version} already")
        elif one.name in serving:
            there = f"serves {', '.join(sorted(versions))}" if versions else "hasn't been read"
            text = f"goes to {target.environment} while {one.name} {there}"
            skipped.append(replace(one, text=text))
    return replace(path, skipped=tuple(skipped), kept=tuple(kept))


def debts_of(release: Release) -> tuple[Debt, ...]:
    """What a hotfix leaves to be done: merging it back, and everything that it left out. None for other releases."""
    path = release.plan.hotfix
    if path is None or not release.plan.members:
        return ()
    member, since = release.plan.members[0], release.ended_at or release.started_at
    fix = path.ref or member.version or release.id
    owed = [Debt(f"{release.id}-1", "merge_back", member.target, f"merge {fix} back", release.id, release.actor, since)]
    for one in path.skipped:
        found = _OWED.get(one.kind)
        if found is not None:
            kind, verb = found
            text, name = f"{verb} {one.name} afterwards: {one.text}", f"{release.id}-{len(owed) + 1}"
            owed.append(Debt(name, kind, member.target, text, release.id, release.actor, since))
    return tuple(owed)


_OWED: Mapping[str, tuple[DebtKind, str]] = {
    "gate": ("skipped_gate", "run"),
    "approval": ("skipped_approval", "get"),
    "bake": ("skipped_bake", "look after"),
    "environment": ("skipped_environment", "bring it to"),
}
"""By what was left out, what is owed for it, and what to do."""


@dataclass(slots=True)
class _Lane:
    """What has been left out and kept so far."""

    rules: Rulebook
    route: Route
    asker_groups: frozenset[str]
    skipped: list[Skipped] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def path(self, ref: str) -> HotfixPath:
        return HotfixPath(ref, tuple(dict.fromkeys(self.skipped)), tuple(dict.fromkeys(self.kept)))

    def skip_environments(self) -> None:
        """The stages that a version usually travels through before."""
        here, train = self.route.target.environment, self.rules.train
        for environment in train[: train.index(here)] if here in train else ():
            text = f"goes to {here} without a look at what {environment} serves"
            self.skipped.append(Skipped("environment", environment, (), text))

    def compare(self, usual: Strategy | None, taken: Strategy) -> None:
        """What the usual strategy asks and this one doesn't. A gate in shadow decides nothing, so nothing is owed."""
        if usual is None or usual.name == taken.name:
            return
        asked, known = _asked(usual), _asked(taken)
        for kind, name in (one for one in asked if one not in known):
            gate = self.rules.gate(name) if kind == "gate" else None
            if gate is None or not gate.shadow:
                text = f"{kind} {name}, which {usual.name} asks, is left out on the authority of {WRITTEN}"
                self.skipped.append(Skipped("gate" if kind == "gate" else "approval", name, (WRITTEN,), text))

    def shortened(self, step: StrategyStep, covered: bool) -> tuple[StrategyStep, ...]:
        """What is left of a step."""
        match step:
            case PauseStep(seconds):
                name = "pause" if seconds is None else f"pause {length(seconds)}"
                self.skipped.append(Skipped("pause", name, (FREE,), f"{name} is left out"))
                return ()
            case BakeStep(seconds, gates):
                self.skipped.append(Skipped("bake", f"bake {length(seconds)}", (FREE,), "the time is left out"))
                kept = self.gates(gates)
                return (AnalysisStep(kept),) if kept else ()
            case AnalysisStep(gates):
                kept = self.gates(gates)
                return (AnalysisStep(kept),) if kept else ()
            case ApprovalStep(rule):
                return () if self.may_skip_approval(rule) else (step,)
            case RollingStep(drain, seconds, gates):
                return (self._rolling(drain, seconds, gates),)
            case WeightStep() | RingStep() if covered:
                name = f"ring {step.ring}" if isinstance(step, RingStep) else "a share of traffic"
                self.skipped.append(Skipped("bake", name, (FREE,), f"{name}: the swap gives it to everybody at once"))
                return ()
        return (step,)

    def _rolling(self, drain: bool, seconds: float, gates: Sequence[str]) -> RollingStep:
        if seconds:
            text = "the time between two regions is left out"
            self.skipped.append(Skipped("bake", f"bake {length(seconds)}", (FREE,), text))
        return RollingStep(drain, 0, self.gates(gates))

    def gates(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those that stay."""
        return tuple(name for name in names if not self._may_skip_gate(name))

    def _may_skip_gate(self, name: str) -> bool:
        gate = self.rules.gate(name)
        return gate is not None and self._may_skip("gate", name, gate.skippable_by)

    def may_skip_approval(self, name: str) -> bool:
        """Whether it is left out; says so."""
        rule = self.rules.approval(name)
        return rule is not None and self._may_skip("approval", name, rule.skippable_by)

    def _may_skip(self, kind: str, name: str, allowed: Sequence[str]) -> bool:
        by = tuple(group for group in allowed if group in self.asker_groups)
        if by:
            text = f"{kind} {name} is left out on the authority of {', '.join(by)}"
            self.skipped.append(Skipped("gate" if kind == "gate" else "approval", name, by, text))
            return True
        why = f"only {' or '.join(allowed)} may skip it" if allowed else "nobody may skip it"
        self.kept.append(f"{kind} {name}: {why}")
        return False


def _asked(strategy: Strategy) -> tuple[tuple[str, str], ...]:
    """Its gates and approvals, in their order, each as kind and name."""
    found = [("gate", name) for name in strategy.gates]
    for step in strategy.steps:
        if isinstance(step, BakeStep | AnalysisStep | RollingStep):
            found += [("gate", name) for name in step.gates]
        elif isinstance(step, ApprovalStep):
            found.append(("approval", step.rule))
    return tuple(dict.fromkeys(found))


def _covered(steps: Sequence[StrategyStep], fleet: Fleet | None) -> frozenset[int]:
    """The shares and rings of new clients before the swap that gives the new version to everybody."""
    last = max((number for number, step in enumerate(steps) if _for_everybody(step, fleet)), default=-1)
    return frozenset(
        number
        for number, step in enumerate(steps[: max(last, 0)])
        if isinstance(step, WeightStep) or (isinstance(step, RingStep) and not _of_flag(step, fleet))
    )


def _for_everybody(step: StrategyStep, fleet: Fleet | None) -> bool:
    if isinstance(step, SwapStep):
        return step.mode in ("swap", "complete", "preview") and not step.source and not step.destination
    if isinstance(step, RingStep) and fleet is not None:
        ring = next((one for one in fleet.rings if one.name == step.ring), None)
        return ring is not None and not ring.flag and not ring.regions and ring.weight >= 100
    return isinstance(step, RollingStep)


def _of_flag(step: RingStep, fleet: Fleet | None) -> bool:
    """A flag's audience isn't covered by a swap."""
    ring = next((one for one in fleet.rings if one.name == step.ring), None) if fleet else None
    return ring is None or bool(ring.flag)
