"""Holds releases against the promises of the design, line by line of the journal, and against the world's own account.

What may begin when (freezes, the line, locks, the conn, claims, the budget), who has said yes, which gates have really
passed, in which order things are taken back, and whether an ending is true: all said here in its own words, without the
engine's decisions. Only what the journal's lines add up to (`rollout.advance`) is taken from the engine, and compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation import truth
from tests.simulation.physics import Send, Site
from tests.simulation.wire import key_of

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release import guards as guarding
from quarterdeck.release.action import Action, FlagChange, Rollback, Shift, Swap
from quarterdeck.release.gate import Evidence, GateSpec, Measurement, Sample
from quarterdeck.release.guards import Guards, Hold
from quarterdeck.release.operation import Operation
from quarterdeck.release.release_plan import Ask, Observe, Pause, ReleaseStep, Run, Write
from quarterdeck.release.rollout import BACKGROUND, Release, advance, begin
from quarterdeck.store.base import Event

if TYPE_CHECKING:
    from tests.simulation.auditor import Account
    from tests.simulation.runners import Runner
    from tests.simulation.simulation import Simulation

ITSELF = "quarterdeck"


@dataclass
class Voyage:
    """What is known of one release. `operations` by id, with the step and whether it takes it back."""

    release: Release
    operations: dict[str, tuple[str, bool]] = field(default_factory=dict)
    lines: Counter[str] = field(default_factory=Counter)
    programs: Counter[str] = field(default_factory=Counter)
    codes: dict[str, int] = field(default_factory=dict)
    promoted: set[str] = field(default_factory=set)
    passed: Counter[str] = field(default_factory=Counter)
    ordered: Counter[str] = field(default_factory=Counter)
    decided: Counter[tuple[str, str]] = field(default_factory=Counter)


class ReleaseAuditor:
    """Calls `wrong` for everything that must not be."""

    def __init__(
        self,
        simulation: Simulation,
        accounts: dict[str, Account],
        confirmed: dict[str, float],
        wrong: Callable[[str], None],
    ) -> None:
        self._simulation = simulation
        self._world = simulation.world
        self._accounts = accounts
        self._confirmed = confirmed
        self._wrong = wrong
        self._voyages: dict[str, Voyage] = {}
        self._guards = Guards()
        self._told: list[tuple[float, str, Evidence]] = []
        self.orders: Counter[tuple[str, str]] = Counter()
        """How often somebody gave an order, by release and order."""
        self.words: Counter[tuple[str, str, str]] = Counter()
        """How often somebody decided, by release, person and verdict."""
        self.last_word = 0.0
        """When the journal last told something of a release but what its gates say."""

    def releases(self) -> list[Release]:
        return [voyage.release for voyage in self._voyages.values()]

    def ended(self) -> list[Release]:
        return [release for release in self.releases() if not release.open]

    # --- what the world's own account says ---------------------------------------------------------------------------
    def evidence(self, gate: str, evidence: Evidence) -> None:
        """A source has really answered so."""
        self._told.append((self._simulation.loop.time(), gate, evidence))

    def program_begins(self, release_id: str, step: str, runner: Runner) -> None:
        self._simulation.tell(f"a program of step {step} of {release_id} begins, by {runner.name}")
        voyage = self._voyages[release_id]
        voyage.programs[step] += 1
        state = voyage.release.standing(step).state
        if state not in ("running", "undoing"):
            self._wrong(f"the program of step {step} of {release_id} begins while the step stands as {state}")
        if voyage.programs[step] > voyage.lines[step]:
            self._wrong(f"the program of step {step} of {release_id} begins without a line of its own in the journal")
        if not voyage.release.open:
            self._wrong(f"the program of step {step} of {release_id} begins after the end")

    def program_ends(self, release_id: str, step: str, code: int) -> None:
        self._voyages[release_id].codes[step] = code

    # --- the journal -------------------------------------------------------------------------------------------------
    def read(self, event: Event) -> None:
        """One line, before operations have been told of it."""
        if event.kind == "operation.started":
            self._operation(event)
        elif event.kind == "release.started":
            self._started(event)
        elif event.kind.startswith(("conn.", "hold.", "debt.", "guard.")):
            self._guards = guarding.advance(self._guards, event.kind, event.actor, event.body, event.at)
        elif event.kind.startswith("release.") and event.operation in self._voyages:
            self._line(event, self._voyages[event.operation])

    def committed(self, events: Sequence[Event], shown: Callable[[str], Release | None]) -> None:
        """All these lines have become durable together."""
        lines = [event for event in events if event.kind.startswith("release.")]
        about = {event.operation for event in lines} & self._voyages.keys()
        if all(event.kind == "release.sampled" for event in lines):
            return
        self.last_word = self._simulation.loop.time()
        # Reading a release back costs more than all else here: now and then is often enough, and always at its end.
        looked_at = about if lines[-1].seq % 4 == 0 or lines[-1].kind == "release.ended" else set()
        for name in sorted(looked_at):
            if shown(name) != self._voyages[name].release:
                self._wrong(f"release {name} is shown as something else than what its journal says")
        self._alone()
        for event in lines:
            back = event.kind == "release.ordered" and event.body["order"] in ("abort", "undo")
            release = self._voyages[event.operation].release if back else None
            if release and release.open and release.recovery is None:
                self._wrong(f"release {release.id} doesn't go back, though it was told to: {event.body['order']}")

    def _alone(self) -> None:
        owners: dict[TargetId, str] = {}
        for release in self.releases():
            for target in {one.whole for one in release.targets} if release.open else ():
                if owners.setdefault(target, release.id) != release.id:
                    self._wrong(f"{target} belongs to two open releases: {owners[target]} and {release.id}")

    # --- what may begin ----------------------------------------------------------------------------------------------
    def _started(self, event: Event) -> None:
        release = begin(event.operation, event.actor, event.body, event.at)
        if release.id in self._voyages:
            self._wrong(f"release {release.id} is started twice")
            return
        self._voyages[release.id] = Voyage(release)
        yes = self._confirmed.get(release.id)
        if yes is None:
            self._wrong(f"release {release.id} is started without anybody's yes")
        elif yes >= release.plan.expires_at and not self._simulation.weather.jumps:
            self._wrong(f"release {release.id} is started by a yes to an expired plan")
        # What is set aside follows in the same record, so it stands in the plan.
        said = release.plan.overrides
        for target in release.targets:
            self._may(f"release {release.id}", target, event, release.id, hotfix=release.plan.wish.hotfix, said=said)
            self._in_control(f"release {release.id}", target, event.actor)

    def _operation(self, event: Event) -> None:
        owner = str(event.body.get("release", ""))
        if not owner:
            self._by_hand(event)
            return
        voyage = self._voyages.get(owner)
        step = voyage.release.plan.step(str(event.body.get("step", ""))) if voyage else None
        if voyage is None or step is None or not isinstance(step.work, Write):
            self._wrong(f"operation {event.operation} belongs to no step of a release: {owner}")
            return
        release = voyage.release
        if release.ending is not None:
            self._wrong(f"operation {event.operation} begins after release {owner} has ended")
        for other, (of_step, _) in voyage.operations.items():
            if self._operation_of(other).open:
                self._wrong(f"operation {event.operation} begins while {other} of step {of_step} is open")
        back = release.recovery is not None
        if back:
            self._taken_back(event, voyage, step)
        else:
            self._forward(event, voyage, step, step.work)
        voyage.operations[event.operation] = (step.id, back)

    def _forward(self, event: Event, voyage: Voyage, step: ReleaseStep, work: Write) -> None:
        release, name = voyage.release, f"operation {event.operation}"
        if release.current != step:
            self._wrong(f"{name} begins out of order: {release.current and release.current.id} comes next")
        if release.standing(step.id).state not in ("waiting", "undone"):
            self._wrong(f"{name} begins though its step stands as {release.standing(step.id).state}")
        if release.paused:
            self._wrong(f"{name} begins while release {release.id} is paused")
        for other, (of_step, back) in voyage.operations.items():
            operation = self._operation_of(other)
            in_effect = any(operation.step(one.id).state == "done" for one in operation.plan.steps)
            again = in_effect and operation.ending != "rolled_back" and not operation.undone_by
            if of_step == step.id and not back and again and release.standing(step.id).state == "waiting":
                self._wrong(f"{name} begins though {other} has done the same, or part of it, and is in effect")
        for gate in self._failed_background(release):
            self._wrong(f"{name} begins though {gate} of the background has failed")
        action = work.action
        if work.undoes or (isinstance(action, FlagChange) and action.enabled is False):
            return
        self._may(name, action.target, event, release.id, hotfix=release.plan.wish.hotfix)
        self._within_budget(name, release, step)

    def _failed_background(self, release: Release) -> Iterator[str]:
        for name in release.plan.background:
            gate, tally = release.plan.gate(name), release.tallies.get(f"{BACKGROUND}/{name}")
            if gate and tally and not gate.shadow and name not in release.already and tally.failed > gate.failure_limit:
                yield name

    def _within_budget(self, name: str, release: Release, step: ReleaseStep) -> None:
        environment = release.plan.environment
        budget = self._simulation.scene.rules.exposure.get(environment)
        others = [
            exposure
            for one in self.releases()
            if one.open and one.id != release.id and one.plan.environment == environment
            if (exposure := _exposure(one)) > 0
        ]
        now, then = _exposure(release), _exposure(release, step)
        if budget is not None and others and then > now and then + sum(others) > budget:
            self._wrong(f"{name} exposes {then:g}%, beside {others}; {environment} allows {budget:g}%")

    def _taken_back(self, event: Event, voyage: Voyage, step: ReleaseStep) -> None:
        release, recovery = voyage.release, voyage.release.recovery
        if recovery is None or step.id not in recovery.steps:
            self._wrong(f"operation {event.operation} takes back what isn't to be taken back")
            return
        if release.standing(step.id).state != "done":
            return  # it was under way, and is to be finished first
        drained = {one.work.undoes for one in release.plan.steps if isinstance(one.work, Write)}
        ids = [one.id for one in release.plan.steps]
        mine = (_urgency(step, drained), -ids.index(step.id))
        for other in recovery.steps:
            one = release.plan.step(other)
            if one is None or not isinstance(one.work, Write) or other == step.id:
                continue
            first = (_urgency(one, drained), -ids.index(other)) < mine
            if first and release.standing(other).state in ("done", "running", "undoing"):
                self._wrong(f"operation {event.operation} takes step {step.id} back before step {other}")

    def _by_hand(self, event: Event) -> None:
        operation = _opened(event)
        action, name = operation.plan.action, f"operation {event.operation}"
        self._in_control(name, action.target, event.actor)
        if isinstance(action, FlagChange) and action.enabled is False:
            return
        for release in self.releases():
            if release.open and action.target.whole in {one.whole for one in release.targets}:
                self._wrong(f"{name} begins on {action.target}, which belongs to release {release.id}")
        if not _goes_back(action):
            self._may(name, action.target, event, event.operation, by_hand=True, said=self.overridden(event))

    def overridden(self, event: Event) -> tuple[str, ...]:
        """What was set aside in the plan of an operation; the lines that say so follow in the same record."""
        made = self._simulation.auditor.lines("plan.made", event.operation)
        return tuple(str(one) for line in made for one in line.body.get("overridden", ()))

    def _may(
        self,
        name: str,
        target: TargetId,
        event: Event,
        about: str,
        *,
        hotfix: bool = False,
        by_hand: bool = False,
        said: Sequence[str] = (),
    ) -> None:
        who = self._voyages[about].release.actor if about in self._voyages else event.actor
        aside = [*said, *(one.what for one in self._guards.overrides if one.about == about)]
        for hold in self._guards.holds:
            over = hold.until is not None and event.at >= hold.until
            own = (hold.release and hold.release == about) or (hold.kind == "lock" and _one(hold.by, who))
            held = hold.kind == "automation" and (hotfix or by_hand)
            if over or own or held or not _covers(hold.scope, target):
                continue
            if not any(_is_about(text, hold) for text in aside):
                self._wrong(f"{name} begins on {target} in spite of the {hold.kind} of {hold.scope} by {hold.by}")
        for window in self._simulation.scene.rules.windows:
            there = not window.environments or target.environment in window.environments
            if there and window.since <= event.at < window.until and not any(window.name in text for text in aside):
                self._wrong(f"{name} begins on {target} within {window.name}")

    def _in_control(self, name: str, target: TargetId, actor: str) -> None:
        conns = [conn for conn in self._guards.conns if _covers(conn.scope, target)]
        closest = max(conns, key=lambda conn: (conn.scope != "*", len(conn.scope)), default=None)
        if closest and not _one(closest.holder, actor):
            self._wrong(f"{name} begins without the leave of {closest.holder}, who has the conn of {closest.scope}")

    # --- a release goes on -------------------------------------------------------------------------------------------
    def _line(self, event: Event, voyage: Voyage) -> None:
        before = voyage.release
        step = before.plan.step(str(event.body.get("step", "")))
        if not before.open:
            self._wrong(f"line {event.seq} ({event.kind}) tells of release {before.id}, which has ended")
        match event.kind:
            case "release.step_started" if step:
                self._step_started(event, voyage, step)
            case "release.step_undoing" if step and isinstance(step.work, Run):
                voyage.lines[step.id] += 1
            case "release.step_done" if step:
                self._step_done(event, voyage, step)
            case "release.step_skipped" if step:
                self._step_skipped(event, voyage, step)
            case "release.step_undone" if step:
                self._step_undone(event, voyage, step)
            case "release.sampled":
                self._sampled(event, voyage)
            case "release.ordered":
                self._ordered(event, voyage)
            case "release.decided":
                self._decided(event, voyage)
            case "release.recovering":
                # A clock that was set back gives nobody more time.
                latest = event.at + self._simulation.set_back
                early = before.confirm_by is not None and latest < before.confirm_by
                if str(event.body["why"]).startswith("not confirmed") and early:
                    self._wrong(f"release {before.id} is taken back before its time to confirm is over")
        voyage.release = advance(before, event.kind, event.actor, event.body, event.at)
        if event.kind == "release.ended":
            self._ended(event, voyage)

    def _step_started(self, event: Event, voyage: Voyage, step: ReleaseStep) -> None:
        release = voyage.release
        voyage.passed[step.id] = 0
        voyage.promoted.discard(step.id)
        if isinstance(step.work, Run):
            voyage.lines[step.id] += 1
            again = release.standing(step.id).state == "running"
            if again and not step.work.repeatable:
                self._wrong(f"the program of step {step.id} of {release.id} is begun again, and isn't repeatable")
            if not release.recovery:
                self._may(
                    f"step {step.id} of {release.id}", step.target, event, release.id, hotfix=release.plan.wish.hotfix
                )
        if release.recovery or release.current != step or (release.paused and not isinstance(step.work, Write)):
            self._wrong(f"line {event.seq}: step {step.id} of {release.id} begins when it isn't its turn")

    def _step_done(self, event: Event, voyage: Voyage, step: ReleaseStep) -> None:
        release, name = voyage.release, f"line {event.seq}: step {step.id} of {event.operation}"
        promoted = step.id in voyage.promoted
        match step.work:
            case Write():
                self._write_done(event, voyage, step, name)
            case Observe(gates, seconds) if not promoted:
                deciding = [gate for one in gates if (gate := release.plan.gate(one)) and not gate.shadow]
                wanted = max((gate.count for gate in deciding), default=0) if not seconds else min(1, len(deciding))
                if voyage.passed[step.id] < wanted:
                    self._wrong(f"{name} is done with {voyage.passed[step.id]} passed samples of {wanted}")
                if release.standing(step.id).since + seconds > event.at + 0.01:
                    self._wrong(f"{name} is done before its {seconds:g} s are over")
            case Pause(seconds) if not promoted:
                if seconds is None:
                    self._wrong(f"{name} is done, and nobody has promoted")
                elif release.standing(step.id).since + seconds > event.at + 0.01:
                    self._wrong(f"{name} is done before its {seconds:g} s are over")
            case Ask(rule):
                self._approved(event, voyage, step, rule)
            case Run() if voyage.codes.get(step.id) != 0:
                self._wrong(f"{name} is done; its program ended with {voyage.codes.get(step.id)}")

    def _write_done(self, event: Event, voyage: Voyage, step: ReleaseStep, name: str) -> None:
        operations = [one for one, (of, back) in voyage.operations.items() if of == step.id and not back]
        standing = voyage.release.standing(step.id)
        if standing.state == "running" or (operations and standing.operation):
            operation = self._operation_of(operations[-1])
            if operation.ending != "succeeded" and "nothing of step" not in str(event.body.get("detail", "")):
                self._wrong(f"{name} is done, it says; operation {operation.id} is {operation.ending}")

    def _approved(self, event: Event, voyage: Voyage, step: ReleaseStep, name: str) -> None:
        release, rule = voyage.release, voyage.release.plan.approval(name)
        last: dict[str, str] = {}
        for word in release.decisions.get(step.id, ()):
            entitled = not rule or not rule.groups or self._groups(word.by) & set(rule.groups)
            own = rule and not rule.self_approval and _one(word.by, release.actor)
            if word.verdict == "reject" and entitled:
                last[word.by.partition("@")[0].casefold()] = "reject"
            elif entitled and not own and word.effective_at <= event.at:
                last.setdefault(word.by.partition("@")[0].casefold(), "approve")
        yes = [who for who, word in last.items() if word == "approve"]
        if rule is None or len(yes) < rule.required:
            self._wrong(f"step {step.id} of {release.id} is approved by {yes} alone; it takes {rule and rule.required}")

    def _groups(self, who: str) -> set[str]:
        short = who.partition("@")[0].casefold()
        return {group for group, people in self._simulation.scene.rules.groups.items() if short in people}

    def _step_skipped(self, event: Event, voyage: Voyage, step: ReleaseStep) -> None:
        release = voyage.release
        waits = isinstance(step.work, Pause | Observe)
        by_itself = (waits and release.full) or (not isinstance(step.work, Write | Run) and release.recovery)
        if not by_itself and (event.actor == ITSELF or not voyage.ordered["skip"]):
            self._wrong(f"line {event.seq}: step {step.id} of {release.id} is skipped, but nobody said so")
        if isinstance(step.work, Ask) and not release.recovery:
            self._wrong(f"line {event.seq}: step {step.id} of {release.id} gets around an approval")

    def _step_undone(self, event: Event, voyage: Voyage, step: ReleaseStep) -> None:
        standing = voyage.release.standing(step.id)
        if isinstance(step.work, Write) and standing.state == "undoing":
            operation = self._accounts[standing.undo].operation if standing.undo in self._accounts else None
            if operation is None or operation.ending != "succeeded":
                self._wrong(
                    f"line {event.seq}: step {step.id} is undone; {standing.undo} is {operation and operation.ending}"
                )

    def _sampled(self, event: Event, voyage: Voyage) -> None:
        from quarterdeck.fleet.codec import from_json

        sample, release = from_json(Sample, event.body["sample"]), voyage.release
        decided = []
        for one in sample.measurements:
            gate = release.plan.gate(one.gate)
            if gate is None:
                continue
            self._honest(event, gate, one)
            excused = (one.verdict == "no_data" and gate.on_no_data == "pass") or (
                one.verdict == "stale" and gate.on_stale == "pass"
            )
            if one.excused and not excused:
                self._wrong(f"line {event.seq}: {one.gate} is excused for {one.verdict}, against its policy")
            if not gate.shadow:
                decided.append(one.verdict == "pass" or excused)
        voyage.passed[str(event.body["step"])] += all(decided)

    def _honest(self, event: Event, gate: GateSpec, one: Measurement) -> None:
        """A pass and a fail must be what the source has really answered."""
        if one.verdict not in ("pass", "fail"):
            return
        since = self._simulation.loop.time() - 2 * gate.interval - 60
        wall = self._simulation.wall() - self._simulation.loop.time()
        for when, name, told in reversed(self._told):
            if when < since:
                break
            fresh = told.at is None or when + wall - told.at <= gate.max_age + 60 or self._simulation.weather.jumps
            if name == gate.name and told.value is not None and told.value == one.value and fresh:
                limit = 0.5 if gate.kind == "metric" else None
                if limit is None or (told.value < limit) == (one.verdict == "pass"):
                    return
        self._wrong(f"line {event.seq}: {one.gate} says {one.verdict} ({one.value}), which nobody has answered")

    def _ordered(self, event: Event, voyage: Voyage) -> None:
        order = str(event.body["order"])
        if event.actor == ITSELF:
            if order != "pause":
                self._wrong(f"line {event.seq}: nobody said {order}")
            return
        voyage.ordered[order] += 1
        if voyage.ordered[order] > self.orders[event.operation, order]:
            self._wrong(f"line {event.seq}: {order} of {event.operation} is counted more often than it was said")
        if order == "promote":
            voyage.promoted.add(str(event.body.get("step", "")))
        conns = [voyage.release.plan.members[0].target] if voyage.release.plan.members else []
        for target in conns:
            self._in_control(f"{order} of {event.operation}", target, event.actor)

    def _decided(self, event: Event, voyage: Voyage) -> None:
        verdict = str(event.body["decision"]["verdict"])
        voyage.decided[event.actor, verdict] += 1
        if voyage.decided[event.actor, verdict] > self.words[event.operation, event.actor, verdict]:
            self._wrong(f"line {event.seq}: {event.actor} never said {verdict}")

    # --- the ending --------------------------------------------------------------------------------------------------
    def _ended(self, event: Event, voyage: Voyage) -> None:
        release = voyage.release
        if release.detail.startswith("internal error"):
            self._wrong(f"release {release.id}: {release.detail}")
        running = [one for one in voyage.operations if self._operation_of(one).ending is None]
        if running:
            self._wrong(f"release {release.id} ends as {release.ending} while {running} run")
        match release.ending:
            case "succeeded":
                self._succeeded(release)
                self._watched(event, voyage)
            case "rolled_back":
                self._rolled_back(voyage)
            case "failed":
                self._unchanged(voyage)
            case "needs_operator":
                pass
            case _:
                self._wrong(f"release {release.id} ends in a fifth way: {release.ending}")

    def _watched(self, event: Event, voyage: Voyage) -> None:
        """Whoever succeeds has had its background asked since its first write."""
        release, names = voyage.release, list(voyage.operations)
        gates = [gate for name in release.plan.background if (gate := release.plan.gate(name))]
        if not names or not gates:
            return
        first = self._operation_of(names[0]).started_at
        longest = max(gate.evaluation_delay for gate in gates) + max(gate.interval for gate in gates)
        asked = any(sample.at >= first for sample in release.samples.get(BACKGROUND, ()))
        if event.at > first + longest + 1 and not asked and not self._simulation.weather.jumps:
            self._wrong(f"release {release.id} succeeded, and nobody has watched its background")

    def _succeeded(self, release: Release) -> None:
        left = [step.id for step in release.plan.steps if release.standing(step.id).state not in ("done", "skipped")]
        if left or release.recovery:
            self._wrong(f"release {release.id} succeeded, it says; steps {left} aren't done")
        if release.plan.confirm_within is not None and not release.confirmed_by:
            self._wrong(f"release {release.id} succeeded, and nobody has confirmed it")

    def _rolled_back(self, voyage: Voyage) -> None:
        """Everything that only this release has touched is as it was before."""
        release = voyage.release
        touched: dict[str, float] = {}
        deployed: set[str] = set()
        for name in voyage.operations:
            account = self._accounts[name]
            steps = [*account.steps()]
            if any(account.operation.step(step.id).state == "skipped" for step in steps):
                return
            if account.operation.ending == "needs_operator":
                return
            for step in steps:
                key = key_of(step.role, step.address)
                touched.setdefault(key, account.at)
                if step.verb == "deploy":
                    deployed.add(key)
        if any(
            one.state == "skipped" and isinstance(_work(release, name), Write) for name, one in release.steps.items()
        ):
            return
        for key, since in touched.items():
            if any(not self._ours(one, voyage) for one in self._world.authors(key, since) if one != "health"):
                continue
            was, now = self._world.at(key, since), self._world.now(key)
            same = truth.alike(was, now)
            if isinstance(was, Site) and isinstance(now, Site) and key in deployed:
                same = same and was.staging == now.staging
            if not same:
                self._wrong(f"release {release.id} rolled back, it says; {key} was {was}, and is {now}")

    def _unchanged(self, voyage: Voyage) -> None:
        for name in voyage.operations:
            account = self._accounts[name]
            for sends in account.sends.values():
                for send in sends:
                    effective = truth.effective(self._world, send) and not truth.excused(self._world, send)
                    if effective and account.operation.ending != "rolled_back" and not account.operation.undone_by:
                        self._wrong(
                            f"release {voyage.release.id} failed and changed nothing, it says; {send} had effect"
                        )

    def _ours(self, author: Send | str, voyage: Voyage) -> bool:
        return isinstance(author, Send) and author.operation in voyage.operations

    # --- at rest -----------------------------------------------------------------------------------------------------
    def at_rest(self) -> None:
        """Whatever is open now waits for a person, or for something that stands in its way."""
        for release in self.releases():
            if release.open and release.ending is None and not self._waits(release):
                step = release.current
                self._wrong(f"release {release.id} waits for nothing at step {step and step.id}: {release}")

    def moving(self) -> bool:
        """Whether a release goes on by itself, as far as can be told."""
        return any(release.ending is None and not self._waits(release, hindered=False) for release in self.releases())

    def _waits(self, release: Release, *, hindered: bool = True) -> bool:
        """Whether it waits for a person, or may be `hindered` before a step that changes something."""
        step = release.current
        if release.recovery:
            return bool(release.recovery.to) and release.paused is not None
        asks = step is not None and isinstance(step.work, Ask) and release.standing(step.id).state == "running"
        if release.paused and not asks:
            return release.plan.pause_limit is None
        if step is None:
            return False
        state = release.standing(step.id).state
        match step.work:
            case Pause(None):
                return state == "running" and release.plan.pause_limit is None
            case Ask(name):
                rule = release.plan.approval(name)
                return state == "running" and rule is not None and rule.expires_after is None
            case Write() | Run():
                return hindered and state == "waiting"
        return False

    def close_books(self) -> None:
        """When everything has come to rest."""
        for release in self.releases():
            if release.open:
                self._wrong(f"release {release.id} never ended: {release.ending} {release.detail}")

    def _operation_of(self, name: str) -> Operation:
        return self._accounts[name].operation


def _opened(event: Event) -> Operation:
    from quarterdeck.release.operation import begin as begin_operation

    return begin_operation(event.operation, event.actor, event.body, event.at)


def _work(release: Release, step_id: str) -> object:
    step = release.plan.step(step_id)
    return step.work if step else None


def _exposure(release: Release, then: ReleaseStep | None = None) -> float:
    """Percent of new clients on the unfinished version of a release, summed over its services."""
    found: defaultdict[TargetId, float] = defaultdict(float)
    for step in release.plan.steps:
        if step.exposure is None:
            continue
        state = "done" if then and step.id == then.id else release.standing(step.id).state
        if state in ("done", "undoing"):
            found[step.target.whole] = step.exposure
        elif state in ("running", "failed"):
            found[step.target.whole] = max(found[step.target.whole], step.exposure)
    return sum(found.values())


def _urgency(step: ReleaseStep, drained: set[str]) -> int:
    """What frees users soonest goes back first: flags, shares (but of regions drained for a swap), the rest."""
    match step.work.action if isinstance(step.work, Write) else None:
        case FlagChange():
            return 0
        case Shift() if step.id not in drained:
            return 1
    return 2


def _goes_back(action: Action) -> bool:
    return isinstance(action, Rollback) or (isinstance(action, Swap) and action.mode == "cancel")


def _covers(scope: str, target: TargetId) -> bool:
    of_service = not target.flag and scope == f"{target.environment}/{target.name}"
    return scope in ("*", target.environment) or of_service


def _one(one: str, other: str) -> bool:
    return one.partition("@")[0].casefold() == other.partition("@")[0].casefold()


def _is_about(text: str, hold: Hold) -> bool:
    words = {"freeze": "frozen", "stop": "stopped", "lock": "locked", "hotfix": "hotfix", "automation": "held"}
    scope = "everything" if hold.scope == "*" else hold.scope
    return words[hold.kind] in text and scope in text
