"""From a wish to the plan of a release, or the reason why not. What the fleet looks like now is told by `Sight`s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.records import dataclass, replace
from quarterdeck.release.action import FlagChange, Shift, Swap, command_line
from quarterdeck.release.exposure import peak
from quarterdeck.release.gaining import gaining
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.guards import Guards
from quarterdeck.release.hotfix import shortest, travelled
from quarterdeck.release.interleaving import Cycle, in_order, interleaved, prepared
from quarterdeck.release.plan import Refusal, Risk
from quarterdeck.release.policy import PLAN_LIFE, name_to_type
from quarterdeck.release.radar import (
    felt_by,
    over_budget,
    overlaps,
    supersessions,
    unpaid,
    unreleased_needs,
    way_back,
)
from quarterdeck.release.release_plan import (
    Ask,
    HotfixPath,
    Member,
    Observe,
    ReleasePlan,
    ReleaseStep,
    Wish,
    Write,
    wish_line,
)
from quarterdeck.release.rollout import Release
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.strategy import DeployStep, FlagStep, RingStep, RollingStep, Strategy, SwapStep, WeightStep
from quarterdeck.release.traffic_gates import traffic_gates
from quarterdeck.release.unfolding import Unfit, unfold

UNKNOWN_VERSION = "unknown"
"""How a version is called that the provider doesn't tell."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of a service, by region: the versions that users get, and those in the slot a swap comes from."""

    target: TargetId
    serving: tuple[str, ...]
    candidate: tuple[str, ...]


class _No(Exception):
    """There will be no plan.

    Attributes:
        refusal: why.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class _Course:
    """One service's part of the release. `idle`: its users have that version already."""

    member: Member
    strategy: Strategy
    steps: tuple[ReleaseStep, ...]
    path: HotfixPath | None = None
    risks: tuple[Risk, ...] = ()
    idle: bool = False


def compose(
    plan_id: str,
    wish: Wish,
    asker: str,
    *,
    fleet: Fleet,
    rules: Rulebook,
    guards: Guards,
    releases: Sequence[Release],
    sights: Mapping[TargetId, Sight],
    now: float,
    notes: Sequence[Risk] = (),
) -> ReleasePlan | Refusal:
    """The plan of a release.

    Args:
        guards: for the debts that are owed; whether it may begin, `release/clearance.py` says.
        releases: the open ones, and those that have ended within the overlap of the rules.
        sights: by service (`ENV/SERVICE`); one that is missing has nothing to be seen.
        notes: what the caller has found: alarms that fire already, rules that were set aside.
    """
    composer = _Composer(plan_id, wish, asker, fleet, rules, guards, releases, sights, now)
    try:
        return composer.plan(tuple(notes))
    except _No as no:
        return no.refusal
    except Unfit as unfit:
        return Refusal("impossible", str(unfit), unfit.hint)
    except Cycle as cycle:
        return Refusal("usage", f"these services need each other in a circle: {cycle}", "mend their `needs`")


@dataclass(frozen=True, slots=True)
class _Composer:
    plan_id: str
    wish: Wish
    asker: str
    fleet: Fleet
    rules: Rulebook
    guards: Guards
    releases: Sequence[Release]
    sights: Mapping[TargetId, Sight]
    now: float

    def plan(self, notes: tuple[Risk, ...]) -> ReleasePlan:
        wish = self.wish
        courses = [self._acting()] if wish.action is not None else self._courses()
        steps = self._steps(courses)
        members = tuple(course.member for course in courses)
        background = self._background(courses)
        supersedes = self._giving_way({*(member.target.whole for member in members), *_flags(steps)})
        older = () if wish.action is not None else supersessions(members)
        self._check_older(older)
        strategies = [course.strategy for course in courses]
        within = [one.confirm_within for one in strategies if one.confirm_within is not None]
        limits = [one.pause_limit for one in strategies if one.pause_limit is not None]
        environment = members[0].target.environment
        return ReleasePlan(
            id=self.plan_id,
            request=self.plan_id,
            wish=wish,
            members=members,
            steps=steps,
            gates=self._gates(steps, background),
            approvals=tuple(rule for name in _asked(steps) if (rule := self.rules.approval(name)) is not None),
            background=background,
            on_failure="pause" if all(one.on_failure == "pause" for one in strategies) else "rollback",
            confirm_within=max(within, default=None) if wish.confirm_within is None else wish.confirm_within,
            pause_limit=min(limits, default=None),
            risks=(*self._risks(courses, steps, supersedes, older), *notes),
            fuse=way_back(steps),
            who_feels_it=felt_by(members, steps),
            exposure=peak(steps),
            hotfix=self._hotfix(courses),
            supersedes=supersedes,
            overrides=older,
            command=wish_line(wish),
            type_to_confirm=name_to_type(self.fleet.environments, environment),
            made_at=self.now,
            expires_at=self.now + PLAN_LIFE,
        )

    # --- the services -------------------------------------------------------------------------------------------------
    def _courses(self) -> list[_Course]:
        targets = in_order(self._targets(), self.rules)
        courses = [self._course(target, several=len(targets) > 1) for target in targets]
        if all(course.idle for course in courses):
            names = ", ".join(f"{course.member.target} serves {course.member.version}" for course in courses)
            raise _No(Refusal("unchanged", f"{names} already; nothing to do"))
        return courses

    def _targets(self) -> tuple[TargetId, ...]:
        targets = tuple(dict.fromkeys(self.wish.targets))
        known = {place.target.whole for place in self.fleet.places if place.role not in ("flags", "pipelines")}
        if not targets:
            raise _No(Refusal("usage", "no service is named", "write for example: qd release start ENV/SERVICE"))
        for target in targets:
            if target.flag or target.region:
                hint = f"name the service: {target.whole}" if target.region else "use qd flag with --confirm-within"
                raise _No(Refusal("usage", f"{target} is not a service as a whole", hint))
            if target not in known:
                there = ", ".join(sorted(map(str, known)))
                raise _No(Refusal("usage", f"the configuration knows no {target}", f"there are: {there}"))
        if len({target.environment for target in targets}) > 1:
            raise _No(Refusal("usage", "a release happens in one environment", "start one for each environment"))
        return targets

    def _course(self, target: TargetId, several: bool) -> _Course:
        strategy, path = self._strategy(target)
        sight = self.sights.get(target, Sight(target, (), ()))
        version, risks = self._version(target, strategy, sight)
        if path:
            path = travelled(path, version, target, self._serving_elsewhere(target))
        member = Member(target, version, ", ".join(dict.fromkeys(_known(sight.serving))), strategy.name)
        idle = bool(version) and _serves(sight, version) and _moves_slots(strategy, self.fleet)
        if idle:
            risks = (*risks, Risk("info", "serving-already", f"{target} serves {version} already"))
        rules = self._without_skipped(target, path)
        if not several:
            return _Course(member, strategy, unfold(strategy, member, fleet=self.fleet, rules=rules), path, risks, idle)
        whole = prepared(strategy)
        steps = unfold(whole.strategy, member, fleet=self.fleet, rules=rules, preparing=whole.steps)
        return _Course(member, strategy, steps, path, risks, idle)

    def _serving_elsewhere(self, target: TargetId) -> Mapping[str, tuple[str, ...]]:
        """What the same service serves in the other environments where it is."""
        seen = [sight for other, sight in self.sights.items() if other.name == target.name and other != target]
        return {sight.target.environment: tuple(_known(sight.serving)) for sight in seen}

    def _strategy(self, target: TargetId) -> tuple[Strategy, HotfixPath | None]:
        route = self.rules.route(target)
        name = self.wish.strategy or (route.hotfix if self.wish.hotfix else "") or route.strategy
        strategy = self.rules.strategy(name) if name else None
        if strategy is None:
            known = ", ".join(one.name for one in self.rules.strategies)
            hint = f"name one: --strategy ({known})" if known else "declare `strategies` in the configuration"
            raise _No(Refusal("usage", f"no strategy {name}" if name else f"{target} has no strategy", hint))
        if not self.wish.hotfix:
            return strategy, None
        taken = route if name == route.hotfix else replace(route, hotfix="")
        return shortest(strategy, taken, self.rules, self.wish.ref, self.rules.groups_of(self.asker), self.fleet)

    def _without_skipped(self, target: TargetId, path: HotfixPath | None) -> Rulebook:
        """The rules without the approval of the route, if the hotfix skips it."""
        route = self.rules.route(target)
        skipped = {one.name for one in path.skipped if one.kind == "approval"} if path else set()
        if route.approval not in skipped:
            return self.rules
        return replace(
            self.rules, routes=(replace(route, approval=""), *(one for one in self.rules.routes if one != route))
        )

    def _version(self, target: TargetId, strategy: Strategy, sight: Sight) -> tuple[str, tuple[Risk, ...]]:
        """What will serve, and what is to be known about that."""
        wanted, source = self.wish.version, self._source(target, strategy)
        found = tuple(dict.fromkeys(_known(sight.candidate)))
        if not _moves_slots(strategy, self.fleet) or _deploys(strategy, self.fleet):
            return wanted, ()
        if not wanted and len(found) > 1:
            text = f"{target}: {source} holds different versions by region: {', '.join(found)}"
            raise _No(Refusal("impossible", text, "deploy the same one everywhere first"))
        if not wanted and not found:
            text = f"{target}: nobody tells which version {source} holds"
            raise _No(Refusal("impossible", text, "name it, if you know: --version VERSION"))
        if wanted and any(one != wanted for one in found):
            if _serves(sight, wanted):
                raise _No(Refusal("unchanged", f"{target} serves {wanted} already; nothing to do"))
            text = f"{target}: {source} holds {', '.join(found)}, not {wanted}"
            hint = f"deploy it there first: qd deploy {target} --version {wanted}, or use a strategy that deploys"
            raise _No(Refusal("impossible", text, hint))
        untold = Risk("danger", "version-untold", f"{target}: {source} doesn't tell its version", "check it yourself")
        partly = not found or len(_known(sight.candidate)) < len(sight.candidate)
        return wanted or found[0], (untold,) if partly else ()

    def _source(self, target: TargetId, strategy: Strategy) -> str:
        """What holds the new version before users get it."""
        slots = self.fleet.places_of(target, "slots")
        return self.fleet.swap_source if slots else ", ".join(gaining(strategy.steps)) or "what clients end on"

    # --- a single action ----------------------------------------------------------------------------------------------
    def _acting(self) -> _Course:
        """A release of one action; people said what they want in so many words, so no approval is asked for."""
        action = self.wish.action
        if action is None:
            raise ValueError("there is no action")
        target = action.target.whole
        sight = self.sights.get(target, Sight(target, (), ()))
        serving, waiting = (", ".join(dict.fromkeys(_known(one))) for one in (sight.serving, sight.candidate))
        swaps = isinstance(action, Swap) and action.mode != "cancel"
        member = Member(target, waiting if swaps else "", serving, "")
        words = command_line(action).removeprefix("qd ")
        expects = waiting if swaps and isinstance(action, Swap) and not action.source and ", " not in waiting else ""
        step = ReleaseStep("1", target, Write(action, expects=expects), words, exposure=self._exposure_of(target))
        return _Course(member, Strategy("", ()), (step,))

    def _exposure_of(self, target: TargetId) -> float | None:
        match self.wish.action:
            case Swap(region_target, _, destination, mode) if mode in ("swap", "complete"):
                live = destination.lower() in ("", self.fleet.swap_destination.lower())
                regions = len({place.target for place in self.fleet.places_of(target, "slots")}) or 1
                return (100.0 / regions if region_target.region else 100.0) if live else None
            case Shift(_, shares):
                by_name = {name.lower(): share for name, share in shares.items()}
                return by_name.get(self.fleet.swap_source.lower())
            case FlagChange(_, _, enabled, percent):
                return 0.0 if enabled is False else 100.0 if percent is None else percent
        return None

    # --- all of it ----------------------------------------------------------------------------------------------------
    def _steps(self, courses: Sequence[_Course]) -> tuple[ReleaseStep, ...]:
        steps = courses[0].steps if len(courses) == 1 else interleaved([one.steps for one in courses], self.rules)
        if not steps:
            raise _No(Refusal("usage", f"strategy {courses[0].strategy.name} has no steps", "declare some"))
        return steps

    def _background(self, courses: Sequence[_Course]) -> tuple[str, ...]:
        names = dict.fromkeys(
            name
            for course in courses
            for name in (*course.strategy.gates, *self.rules.route(course.member.target).health)
        )
        if missing := [name for name in names if self.rules.gate(name) is None]:
            raise _No(Refusal("usage", f"no gate {', '.join(missing)}", "declare it, or don't name it"))
        return tuple(names)

    def _gates(self, steps: Sequence[ReleaseStep], background: Iterable[str]) -> tuple[GateSpec, ...]:
        made_up = {gate.name: gate for gate in traffic_gates(steps)}
        asked = [name for step in steps if isinstance(step.work, Observe) for name in step.work.gates]
        names = dict.fromkeys((*background, *asked))
        return tuple(gate for name in names if (gate := made_up.get(name) or self.rules.gate(name)) is not None)

    def _giving_way(self, targets: set[TargetId]) -> tuple[str, ...]:
        """The open releases of the same targets, if they may be superseded."""
        others = [one for one in self.releases if one.open and {target.whole for target in one.targets} & targets]
        for other in others:
            text = f"release {other.id} ({other.plan.title}) of {other.actor} is open there"
            end = f"end it: qd release abort {other.id}"
            if not other.untouched:
                more = ", and has changed something, so it can't be superseded" if self.wish.supersede else ""
                raise _No(Refusal("locked", text + more, f"wait for it, or {end}"))
            if not self.wish.supersede:
                raise _No(Refusal("locked", text, f"it has changed nothing yet: --supersede, or {end}"))
        return tuple(other.id for other in others)

    def _check_older(self, sentences: Sequence[str]) -> None:
        if sentences and not self.wish.override:
            hint = "an older version over a newer one; if that is meant: --override REASON, or qd rollback"
            raise _No(Refusal("policy", "; ".join(sentences), hint))

    def _risks(
        self,
        courses: Sequence[_Course],
        steps: Sequence[ReleaseStep],
        supersedes: Sequence[str],
        older: Sequence[str],
    ) -> tuple[Risk, ...]:
        members = [course.member for course in courses]
        others = [one for one in self.releases if one.id not in supersedes and one.id != self.plan_id]
        version = members[0].version
        return (
            *(Risk("danger", "supersession", sentence, "make sure that is meant") for sentence in older),
            *(
                Risk("warning", "supersedes", f"release {one} gives way; it has changed nothing yet")
                for one in supersedes
            ),
            *(risk for course in courses for risk in course.risks),
            *unreleased_needs(members, self.rules),
            *overlaps(members, others, self.rules, self.now),
            *over_budget(members[0].target.environment, peak(steps), others, self.rules),
            *(() if self.wish.hotfix else unpaid(members, self.guards, version)),
        )

    def _hotfix(self, courses: Sequence[_Course]) -> HotfixPath | None:
        paths = [course.path for course in courses if course.path is not None]
        if not paths:
            return None
        skipped = tuple(dict.fromkeys(one for path in paths for one in path.skipped))
        return HotfixPath(self.wish.ref, skipped, tuple(dict.fromkeys(text for path in paths for text in path.kept)))


def _asked(steps: Sequence[ReleaseStep]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step.work.rule for step in steps if isinstance(step.work, Ask)))


def _flags(steps: Sequence[ReleaseStep]) -> tuple[TargetId, ...]:
    actions = [step.work.action for step in steps if isinstance(step.work, Write)]
    return tuple(action.target for action in actions if action.target.flag)


def _known(versions: Sequence[str]) -> tuple[str, ...]:
    return tuple(one for one in versions if one and one != UNKNOWN_VERSION)


def _serves(sight: Sight, version: str) -> bool:
    """Whether every region serves a version already."""
    return bool(sight.serving) and all(one == version for one in sight.serving)


def _deploys(strategy: Strategy, fleet: Fleet) -> bool:
    """Whether the strategy itself puts the version into the slot that a swap comes from."""
    return any(
        isinstance(step, DeployStep) and step.slot.lower() in ("", fleet.swap_source.lower()) for step in strategy.steps
    )


def _moves_slots(strategy: Strategy, fleet: Fleet) -> bool:
    """Whether users get what a slot holds; flags alone don't care."""
    flagged = {ring.name for ring in fleet.rings if ring.flag}
    moving = (DeployStep, SwapStep, WeightStep, RollingStep)
    return any(
        isinstance(step, moving) or (isinstance(step, RingStep) and step.ring not in flagged)
        for step in strategy.steps
        if not isinstance(step, FlagStep)
    )
