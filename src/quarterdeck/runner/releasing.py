"""Deals with requests about releases: propose, launch, order, decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.clock import Clock
from quarterdeck.fleet.codec import from_json, to_json
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.approval import Decision
from quarterdeck.release.approving import refuse_decision
from quarterdeck.release.clearance import Clearance, Kind, Undertaking, clear
from quarterdeck.release.conducting import recovery_of, refuse_order
from quarterdeck.release.guards import Hold
from quarterdeck.release.plan import Refusal
from quarterdeck.release.policy import refuse_confirmation, refuse_late, refuse_writing
from quarterdeck.release.release_plan import Ask, ReleasePlan, ReleaseStep, Wish
from quarterdeck.release.rollout import ORDERS, Order, Release, begin, opening
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.wishing import understood
from quarterdeck.runner.conductors import Conductors
from quarterdeck.runner.identities import identities
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.ports import Connections
from quarterdeck.runner.proposing import Proposer
from quarterdeck.runner.release_lines import closing, line, subject
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, Request, Store

LONGEST_DEFERRAL = 366 * 86_400.0
"""Seconds; a decision that takes effect later than that is a slip of the keyboard."""

NEVER_TOO_LATE: tuple[Order, ...] = ("abort", "pause")
"""Orders that make things safer: a runner that comes back must not go on with what somebody wanted stopped."""


@dataclass(frozen=True, slots=True)
class Office:
    """What the requests are dealt with."""

    fleet: Fleet
    rules: Rulebook
    store: Store
    journal: Journal
    connections: Connections
    proposer: Proposer
    conductors: Conductors
    clock: Clock


class Releases:
    """Each method answers its request, or returns why not; a refusal is left to the caller to record.

    What a yes was said to is checked again at the last moment: nothing is awaited from there to the record.
    """

    def __init__(self, office: Office) -> None:
        self._fleet = office.fleet
        self._rules = office.rules
        self._store = office.store
        self._journal = office.journal
        self._connections = office.connections
        self._proposer = office.proposer
        self._conductors = office.conductors
        self._clock = office.clock

    # --- propose -----------------------------------------------------------------------------------------------------
    async def propose(self, request: Request) -> Refusal | None:
        """Work a wish out. Nothing is written but a line that says so."""
        try:
            wish = from_json(Wish, request.body.get("wish"))
        except ValueError as error:
            return Refusal("usage", f"that is not a wish: {clean(str(error))}")
        wish = understood(wish)
        if isinstance(wish, Refusal):
            return wish
        plan = await self._proposer.propose(request.id, wish, request.actor)
        if isinstance(plan, Refusal):
            return plan
        body = {"plan": plan.id, "digest": plan.digest, "command": plan.command, "reason": request.reason}
        planned = Draft("release.planned", request.actor, plan.id, subject(plan), {**body, "via": request.via})
        self._journal.write([planned], answer=Answer(request.id, self._clock.now(), proposal=plan))
        return None

    # --- launch ------------------------------------------------------------------------------------------------------
    async def launch(self, request: Request) -> Refusal | None:
        """Start a release exactly as it was proposed."""
        plan = self._proposed(request)
        if isinstance(plan, Refusal):
            return plan
        digest, typed = str(request.body.get("digest", "")), str(request.body.get("typed", ""))
        if digest == plan.digest and self._store.release(plan.id):
            self._record(request, plan, [])
            return None
        if refusal := refuse_writing(request.read_only) or refuse_confirmation(plan, digest, typed, self._clock.now()):
            return refusal
        sights = await self._proposer.sights(plan.wish)
        if isinstance(sights, Refusal):
            return sights
        services = {member.target for member in plan.members} | {step.target.whole for step in plan.steps}
        places = (place for target in sorted(services) for place in self._fleet.places_of(target))
        known = await identities(self._connections, (place.address.connection for place in places))
        if isinstance(known, Refusal):
            return known
        if self._store.release(plan.id):
            self._record(request, plan, [])
            return None
        fresh = self._proposer.composed(plan.id, plan.wish, request.actor, sights)
        if isinstance(fresh, Refusal):
            return fresh
        if refusal := _differs(plan, fresh) or refuse_confirmation(plan, digest, typed, self._clock.now()):
            return refusal
        self._record(request, plan, self._beginning(request, plan, known))
        return None

    def _proposed(self, request: Request) -> ReleasePlan | Refusal:
        plan_id = str(request.body.get("plan", ""))
        answer = self._store.answer(plan_id)
        if answer is None or answer.proposal is None:
            return Refusal("stale", f"there is no proposal {clean(plan_id)}", "propose it again")
        return answer.proposal

    def _beginning(self, request: Request, plan: ReleasePlan, known: Mapping[str, str]) -> list[Draft]:
        """All that is true from the same moment on: it runs, what it overrides, what it holds, who gives way."""
        now, about = self._clock.now(), subject(plan)
        body = opening(plan, request.reason, known)
        drafts = [Draft("release.started", request.actor, plan.id, about, body)]
        drafts += overriding(request.actor, plan.id, about, plan.overrides, plan.wish.override)
        for name in plan.supersedes:
            if (other := self._store.release(name)) and other.open:
                told = f"superseded by {plan.id} ({plan.title}) of {request.actor}"
                drafts += closing(other, "failed", told, (), self._store.guards(), request.actor)
        if plan.wish.hotfix:
            drafts += [
                Draft("hold.placed", request.actor, plan.id, about, {"hold": to_json(hold)})
                for hold in _hotfix_holds(begin(plan.id, request.actor, body, now))
            ]
        return drafts

    def _record(self, request: Request, plan: ReleasePlan, drafts: Sequence[Draft]) -> None:
        self._conductors.see_to(plan.id)
        self._journal.write(drafts, answer=Answer(request.id, self._clock.now(), release=plan.id))

    # --- order -------------------------------------------------------------------------------------------------------
    def order(self, request: Request) -> Refusal | None:
        """Tell a release something. Nothing is awaited: what was checked is what is written."""
        now = self._clock.now()
        release = self._store.release(str(request.body.get("release", "")))
        if release is None:
            return Refusal("usage", f"there is no release {clean(str(request.body.get('release', '')))}")
        order = next((one for one in ORDERS if one == request.body.get("order")), None)
        if order is None:
            return Refusal("usage", f"a release takes no such order; it takes: {', '.join(ORDERS)}")
        late = None if order in NEVER_TOO_LATE else refuse_late(request.at, now)
        if refusal := refuse_writing(request.read_only) or late:
            return refusal
        step_id = str(request.body.get("step", "") or "")
        if refusal := refuse_order(release, order, step_id, now) or self._still_at_work(release, order):
            return refusal
        override = clean(str(request.body.get("override", "") or ""), 500)
        told = self._clearance(release, request.actor, "order")
        aside = self._clearance(release, request.actor, "release", override) if override else told
        if refusal := told.refusal or aside.refusal:
            return refusal
        drafts = [
            *overriding(request.actor, release.id, subject(release.plan), aside.overridden, override),
            *self._ordered(release, order, step_id, request, now),
        ]
        self._conductors.see_to(release.id)
        self._journal.write(drafts, answer=Answer(request.id, now, release=release.id))
        return None

    def _clearance(self, release: Release, actor: str, kind: Kind, override: str = "") -> Clearance:
        """Whether what stands guard lets somebody tell a release something, or (`release`) lets it go on."""
        what = Undertaking(release.targets, actor, kind, release.id, hotfix=release.plan.wish.hotfix)
        guards, releases = self._store.guards(), self._store.releases(open_only=True)
        now = self._clock.now()
        return clear(what, guards=guards, rules=self._rules, releases=releases, now=now, override=override)

    def _still_at_work(self, release: Release, order: Order) -> Refusal | None:
        """What runs of a release isn't left alone, nor begun a second time beside itself: a program, an operation whose
        operator said retry meanwhile."""
        if order in ("retry", "skip", "abandon") and (steps := self._conductors.programs_of(release.id)):
            text = f"the program of step {', '.join(sorted(steps))} of release {release.id} runs"
            return Refusal("impossible", text, "wait for its end")
        if order != "abandon":
            return None
        names = {name for one in release.steps.values() for name in (one.operation, one.undo) if name}
        for name in sorted(names):
            operation = self._store.operation(name)
            if operation is not None and operation.ending is None:
                return Refusal("impossible", f"operation {name} of release {release.id} runs", "wait for its end")
        return None

    def _ordered(self, release: Release, order: Order, step_id: str, request: Request, now: float) -> list[Draft]:
        """The line of the order, and of all that follows from it at once."""
        step = concerned(release, order, step_id)
        named = step_id if order == "undo" else step.id if step else ""
        reason = clean(request.reason, 500)
        who = request.actor + (f": {reason}" if reason else "")
        ordered = line(release, "release.ordered", {"order": order, "step": named, "reason": reason}, request.actor)
        match order:
            case "promote" if step and release.standing(step.id).state == "running":
                body = {"step": step.id, "detail": f"promoted by {who}"}
                return [ordered, line(release, "release.step_done", body, request.actor)]
            case "skip" if step:
                body = {"step": step.id, "detail": f"skipped by {who}"}
                return [ordered, line(release, "release.step_skipped", body, request.actor)]
            case "abort" | "undo":
                to = step_id if order == "undo" else ""
                recover = recovery_of(release, f"{order} by {who}", to)
                back = {"why": recover.why, "steps": list(recover.steps), "to": recover.to}
                return [ordered, line(release, "release.recovering", back, request.actor)]
            case "abandon":
                return [ordered, *self._abandoned(release, who, request.actor)]
        return [ordered]

    def _abandoned(self, release: Release, who: str, actor: str) -> list[Draft]:
        """It ends as it stands, and says how that is."""
        guards = self._store.guards()
        if release.untouched:
            return closing(release, "failed", f"abandoned by {who}; nothing was changed", (), guards, actor)
        states = ", ".join(
            f"{step.id} ({step.summary}) {release.standing(step.id).state}"
            for step in release.plan.steps
            if release.standing(step.id).state != "waiting"
        )
        return closing(release, "needs_operator", f"abandoned by {who}; as it stands: {states}", (), guards, actor)

    # --- decide ------------------------------------------------------------------------------------------------------
    def decide(self, request: Request) -> Refusal | None:
        """Write down somebody's yes or no to what a release waits for."""
        now = self._clock.now()
        release = self._store.release(str(request.body.get("release", "")))
        if release is None:
            return Refusal("usage", f"there is no release {clean(str(request.body.get('release', '')))}")
        verdict = request.body.get("verdict")
        late = None if verdict == "reject" else refuse_late(request.at, now)
        if refusal := refuse_writing(request.read_only) or late:
            return refusal
        if verdict not in ("approve", "reject"):
            return Refusal("usage", f"{clean(str(verdict))!r} is no decision", "approve or reject")
        step = _asking(release, str(request.body.get("step", "") or ""))
        if isinstance(step, Refusal):
            return step
        rule = release.plan.approval(step.work.rule) if isinstance(step.work, Ask) else None
        if rule is None:
            return Refusal("impossible", f"step {step.id} asks for an approval that the plan doesn't hold", "abort it")
        effective = request.body.get("effective_at") or 0
        if isinstance(effective, bool) or not isinstance(effective, int | float):
            return Refusal("usage", f"{clean(str(effective))!r} is not a time")
        if not 0 <= effective <= now + LONGEST_DEFERRAL:
            hint = "name a time within a year, or approve when it has come"
            return Refusal("usage", f"{clean(str(effective), 40)} is no time for a decision to take effect", hint)
        decision = Decision(request.actor, now, verdict, clean(request.reason, 500), float(effective))
        said = release.decisions.get(step.id, ())
        groups_of = self._rules.groups_of
        if refusal := refuse_decision(rule, said, decision, starter=release.actor, groups_of=groups_of):
            return refusal
        body = {"step": step.id, "decision": to_json(decision)}
        self._conductors.see_to(release.id)
        self._journal.write(
            [line(release, "release.decided", body, request.actor)],
            answer=Answer(request.id, now, release=release.id),
        )
        return None


def overriding(actor: str, about: str, target: str, sentences: Sequence[str], reason: str) -> list[Draft]:
    """What somebody sets aside, for ever on record."""
    return [
        Draft("guard.overridden", actor, about, target, {"what": one, "reason": reason, "about": about})
        for one in sentences
    ]


def concerned(release: Release, order: Order, step_id: str) -> ReleaseStep | None:
    """The step that an order is about: the one that is named, else the one that the release stands at, on its way
    back the one that is being taken back."""
    if step_id:
        return release.plan.step(step_id)
    if release.recovery is None:
        return release.current
    steps = [step for name in release.recovery.steps if (step := release.plan.step(name))]
    left = [step for step in steps if release.standing(step.id).state not in ("undone", "skipped")]
    # What is under way has to end before anything can be taken back.
    urgency = {"running": 0, "undoing": 1}
    left.sort(key=lambda step: urgency.get(release.standing(step.id).state, 2))
    return next(iter(left), None)


def _asking(release: Release, step_id: str) -> ReleaseStep | Refusal:
    """The step that waits for people now."""
    step = release.current
    if release.ending is not None or release.recovery or step is None or not isinstance(step.work, Ask):
        return Refusal("impossible", f"release {release.id} waits for no approval now", f"qd release show {release.id}")
    if step_id not in ("", step.id):
        return Refusal("stale", f"release {release.id} waits at step {step.id} now", "look again")
    if release.standing(step.id).state != "running":
        return Refusal("impossible", f"step {step.id} doesn't ask yet", "try again in a moment")
    return step


def _differs(shown: ReleasePlan, fresh: ReleasePlan) -> Refusal | None:
    """Whether what was shown is what would be done now."""

    def heart(plan: ReleasePlan) -> object:
        rules = (plan.gates, plan.approvals, plan.background, plan.on_failure, plan.confirm_within, plan.pause_limit)
        return plan.members, plan.steps, plan.supersedes, plan.hotfix, rules

    if heart(shown) != heart(fresh):
        was = ", ".join(f"{one.target} {one.previous} -> {one.version}" for one in shown.members)
        now = ", ".join(f"{one.target} {one.previous} -> {one.version}" for one in fresh.members)
        found = f"it was {was}, it would be {now}" if was != now else "its steps or rules are others now"
        return Refusal("stale", f"something has changed since this was proposed: {found}", "propose it again")
    dangers = [risk.text for risk in fresh.risks if risk.severity == "danger" and risk not in shown.risks]
    if news := [*(one for one in fresh.overrides if one not in shown.overrides), *dangers]:
        return Refusal("stale", f"since this was proposed: {'; '.join(news)}", "propose it again")
    return None


def _hotfix_holds(release: Release) -> list[Hold]:
    """The regular train waits for a hotfix on its targets."""
    ref = release.plan.wish.ref
    why = f"hotfix {ref}" if ref else f"hotfix {release.plan.title}"
    return [
        Hold(
            id=f"{release.id}-{number}",
            kind="hotfix",
            scope=str(one.target),
            by=release.actor,
            reason=why,
            since=release.started_at,
            release=release.id,
        )
        for number, one in enumerate(release.plan.members, 1)
    ]
