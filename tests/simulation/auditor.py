"""Holds what the engine does and says against the promises of the design, after every single event.

It sees three things: every write at the moment it leaves a runner, every change of the world, and every line of the
journal as soon as it is durable. The first two are the world's own account; the journal is what is being judged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.simulation import truth
from tests.simulation.physics import Author, Send, Split, State
from tests.simulation.release_auditor import ReleaseAuditor
from tests.simulation.wire import key_of

from quarterdeck.release.operation import Operation, advance, begin
from quarterdeck.release.plan import Step
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Event
from quarterdeck.store.chain import Head, compact, line_hash
from quarterdeck.store.lifeline import RUNNER_LEASE

if TYPE_CHECKING:
    from tests.simulation.runners import Runner
    from tests.simulation.simulation import Simulation


@dataclass
class Account:
    """What is known of one operation."""

    operation: Operation
    at: float
    intents: Counter[str] = field(default_factory=Counter)
    sends: defaultdict[str, list[Send]] = field(default_factory=lambda: defaultdict(list))
    effects: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)
    chosen: Counter[str] = field(default_factory=Counter)
    disowned: dict[int, str] = field(default_factory=dict)
    """Sends that the journal says had no effect, by number, with the line that says so."""
    terms: int = 1

    def steps(self) -> tuple[Step, ...]:
        undoing = self.operation.undoing
        return (*self.operation.plan.steps, *(undoing.steps if undoing else ()))


class Auditor:
    """Calls `wrong` for everything that must not be."""

    def __init__(self, simulation: Simulation, wrong: Callable[[str], None]) -> None:
        self._simulation = simulation
        self._store = simulation.open_store()
        self._wrong = wrong
        self._world = simulation.world
        self._head = Head(0, "")
        self.accounts: dict[str, Account] = {}
        self.confirmed: dict[str, float] = {}
        """Plans that somebody properly said yes to, with the wall time of the first yes."""
        self.choices: Counter[tuple[str, str]] = Counter()
        """How often somebody asked for a choice, by operation and choice."""
        self.log = ReleaseAuditor(simulation, self.accounts, self.confirmed, wrong)
        self._made: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
        self._flying: dict[str, list[Send]] = defaultdict(list)
        self._owners: dict[str, str] = {}
        self._numbers = 0

    def close(self) -> None:
        self._store.close()

    # --- a write leaves ----------------------------------------------------------------------------------------------
    def leaves(self, key: str, operation: str, step: Step, runner: Runner, looked_at: float, read: str) -> Send:
        """A runner sends; `read` is what its last reading of this place said, taken at `looked_at`."""
        self._numbers += 1
        send = Send(self._numbers, key, operation, step, runner.name, self._simulation.loop.time(), looked_at)
        self._simulation.tell(f"{send} leaves for {key}")
        account = self.accounts.get(operation)
        if account is None:
            self._wrong(f"{send} belongs to no operation in the journal")
            return send
        self._rightful(send, runner)
        self._intended(send, account)
        self._alone(send)
        self._looked(send, read)
        account.sends[step.id].append(send)
        self._flying[key].append(send)
        self._owners[_resource(step)] = operation
        return send

    def arrives(self, send: Send) -> None:
        """The world has dealt with it."""
        if send in self._flying[send.key]:
            self._flying[send.key].remove(send)

    def _rightful(self, send: Send, runner: Runner) -> None:
        lease = self._store.lease(RUNNER_LEASE)
        if lease is None or lease.holder != runner.name:
            self._wrong(f"{send} by a runner whose lease {lease.holder if lease else 'nobody'} has now")
        elif self._simulation.wall() >= lease.expires_at:
            self._wrong(f"{send} by a runner whose lease has run out")

    def _intended(self, send: Send, account: Account) -> None:
        step, operation = send.step, account.operation
        if operation.ending is not None:
            self._wrong(f"{send} after the end ({operation.ending})")
        if step not in account.steps():
            self._wrong(f"{send} is no step of the confirmed plan")
        if operation.step(step.id).state != "intended":
            self._wrong(f"{send} though its step stands as {operation.step(step.id).state}")
        sends = len(account.sends[step.id]) + 1
        if sends > account.intents[step.id]:
            self._wrong(f"{send} without a durable intent of its own")
        allowed = 1 + account.retries[step.id]
        if not step.repeatable and sends > allowed:
            self._wrong(f"{send} is number {sends}; {allowed} were asked for")
        if sends > 3 * (allowed + account.terms):
            self._wrong(f"{send} is number {sends}: it is sent for ever")
        for earlier in (operation.undoing or operation.plan).steps:
            if earlier.id == step.id:
                break
            if operation.step(earlier.id).state not in ("done", "skipped"):
                self._wrong(f"{send} before step {earlier.id} is settled")

    def _alone(self, send: Send) -> None:
        resource = _resource(send.step)
        lock = next((lock for lock in self._store.locks() if lock.resource == resource), None)
        if lock is None or lock.operation != send.operation:
            self._wrong(f"{send} without the lock, which {lock.operation if lock else 'nobody'} has")
        owner = self._owners.get(resource, send.operation)
        if owner != send.operation and self.accounts[owner].operation.open:
            self._wrong(f"{send} while operation {owner} is in flight on {resource}")
        if self._flying[send.key]:
            self._wrong(f"{send} while {self._flying[send.key][0]} is under way")

    def _looked(self, send: Send, read: str) -> None:
        """The place must have been read since the last write, and must have been as it was planned for."""
        if read not in ("not_done", "unclear"):
            self._wrong(f"{send} although reading it said {read}")
        elif not any(truth.holds(send.step, state, "before") for state in self._world.since(send.key, send.looked_at)):
            self._wrong(f"{send} onto a state that wasn't the planned one: {self._world.at(send.key, send.looked_at)}")

    # --- the world changes -------------------------------------------------------------------------------------------
    def changed(self, key: str, before: State, after: State, author: Author) -> None:
        """Something in the world is different now."""
        if not isinstance(author, Send):
            return
        if isinstance(before, Split) and isinstance(after, Split):
            self._safe(author, before, after)
        if not truth.is_effect(author.step, before, after):
            return
        account = self.accounts.get(author.operation)
        if account is None:
            return
        account.effects[author.step.id] += 1
        allowed = len(account.sends[author.step.id]) if author.step.repeatable else 1 + account.retries[author.step.id]
        if account.effects[author.step.id] > allowed:
            self._wrong(f"{author} takes effect, which is effect {account.effects[author.step.id]} of {allowed}")
        if author.number in account.disowned and not truth.excused(self._world, author):
            self._wrong(f"{author} takes effect after all; the journal says: {account.disowned[author.number]}")

    def _safe(self, send: Send, before: Split, after: Split) -> None:
        limits = self._simulation.scene.limits[send.key]
        serving = [side for side in after.sides.values() if side.serves]
        whole = sum(side.weight for side in serving)
        if not serving or (after.atomic and abs(whole - 100) > 0.01):
            self._wrong(f"{send} leaves weights that are invalid: {after}")
        if any(not limits.smallest <= side.weight <= limits.largest for side in serving):
            self._wrong(f"{send} writes a weight out of range: {after}")
        meanwhile = [one for one in self._world.authors(send.key, send.looked_at) if not isinstance(one, Send)]
        if before.healthy() and not after.healthy() and not meanwhile:
            self._wrong(f"{send} switches off the last healthy destination: {after}")

    # --- the journal grows -------------------------------------------------------------------------------------------
    def committed(self, runner: Runner, answer: Answer | None) -> None:
        """Something has just become durable."""
        lease = self._store.lease(RUNNER_LEASE)
        if lease is None or lease.holder != runner.name:
            self._wrong(f"{runner.name} writes while {lease.holder if lease else 'nobody'} has the lease")
        events = self._store.events(after=self._head.seq, limit=100)
        for event in events:
            self._simulation.tell(f"journal {event.seq}: {event.kind} {event.operation} {_brief(event)}")
            self._chained(event)
            self._made[event.kind, event.operation].append(event)
            self.log.read(event)
            self._read(event)
        self.log.committed(events, self._store.release)
        for key in {event.operation for event in events} & self.accounts.keys():
            if self._store.operation(key) != self.accounts[key].operation:
                self._wrong(f"operation {key} is shown as something else than what its journal says")
        self._locked()
        if answer:
            refusal = answer.refusal
            if refusal and refusal.message.startswith("internal error"):
                self._wrong(f"request {answer.request}: {refusal.message}")
            self._simulation.answered(answer)

    def lines(self, kind: str, about: str) -> list[Event]:
        """All lines of a kind about an operation, a plan or a release."""
        return self._made[kind, about]

    def _chained(self, event: Event) -> None:
        digest = line_hash(
            event.seq, event.at, event.kind, event.actor, event.operation, event.target, compact(dict(event.body)),
            event.previous,
        )  # fmt: skip
        before = self._head.hash or event.previous  # whether the first line follows from the store, `verify` tells
        if (event.seq, event.previous, event.hash) != (self._head.seq + 1, before, digest):
            self._wrong(f"line {event.seq} breaks the chain")
        self._head = Head(event.seq, event.hash)

    def _read(self, event: Event) -> None:
        if event.kind == "operation.started":
            self._started(event)
        account = self.accounts.get(event.operation)
        if account is None:
            return
        if event.kind != "operation.started":
            account.operation = advance(account.operation, event.kind, event.body, event.at)
        step_id = str(event.body.get("step", ""))
        match event.kind:
            case "step.intended":
                account.intents[step_id] += 1
            case "operation.adopted":
                account.terms += 1
            case "operator.chose":
                self._chose(event, account)
            case "step.skipped":
                if account.chosen["skip"] < sum(p.state == "skipped" for p in account.operation.steps.values()):
                    self._wrong(f"step {step_id} of {event.operation} is skipped, but nobody chose to")
            case "step.done":
                self._done(event, account, step_id)
            case "step.not_done":
                self._not_done(event, account, step_id)
            case "operation.ended":
                self._ended(event, account)

    def _started(self, event: Event) -> None:
        operation = begin(event.operation, event.actor, event.body, event.at)
        if event.operation in self.accounts:
            self._wrong(f"operation {event.operation} is started twice")
        yes = self.confirmed.get(event.operation)
        if event.body.get("release"):
            pass  # a release was said yes to as a whole
        elif yes is None:
            self._wrong(f"operation {event.operation} is started without anybody's yes")
        elif yes >= operation.plan.expires_at and not self._simulation.weather.jumps:
            self._wrong(f"operation {event.operation} is started by a yes to an expired plan")
        self.accounts[event.operation] = Account(operation, self._simulation.loop.time())

    def _chose(self, event: Event, account: Account) -> None:
        choice = str(event.body["choice"])
        account.chosen[choice] += 1
        if choice == "retry":
            account.retries[str(event.body["step"])] += 1
        if account.chosen[choice] > self.choices[event.operation, choice]:
            self._wrong(f"operation {event.operation} goes on by a choice that nobody made: {choice}")

    def _done(self, event: Event, account: Account, step_id: str) -> None:
        step = next(step for step in account.steps() if step.id == step_id)
        key = key_of(step.role, step.address)
        if not truth.happened(self._world, key, step, account.at):
            self._wrong(f"line {event.seq} says that step {step_id} of {event.operation} is done; it never was")

    def _not_done(self, event: Event, account: Account, step_id: str) -> None:
        for send in account.sends[step_id]:
            account.disowned[send.number] = f"{event.kind} {event.body.get('detail', '')}"
            effects = [one for one in self._world.authors(send.key, send.at) if one is send]
            if effects and truth.effective(self._world, send) and not truth.excused(self._world, send):
                self._wrong(f"line {event.seq} says that step {step_id} had no effect; {send} had")

    def _ended(self, event: Event, account: Account) -> None:
        operation = account.operation
        detail = str(event.body.get("detail", ""))
        if detail.startswith("internal error"):
            self._wrong(f"operation {event.operation}: {detail}")
        states = {step.id: operation.step(step.id).state for step in (operation.undoing or operation.plan).steps}
        match operation.ending:
            case "succeeded" | "rolled_back":
                if left := {step: state for step, state in states.items() if state not in ("done", "skipped")}:
                    self._wrong(f"operation {event.operation} {operation.ending} with {left}")
                if operation.ending == "rolled_back" and "skipped" not in states.values():
                    self._back(event, account)
            case "failed":
                for sends in account.sends.values():
                    for send in sends:
                        account.disowned[send.number] = f"operation.ended failed {detail}"
                        if truth.effective(self._world, send) and not truth.excused(self._world, send):
                            self._wrong(f"operation {event.operation} failed, it says; but {send} took effect")

    def _back(self, event: Event, account: Account) -> None:
        """After a rollback everything that only we have touched is as it was before."""
        for step in account.operation.plan.steps:
            key = key_of(step.role, step.address)
            mine = {send.number for sends in account.sends.values() for send in sends}
            strangers = [
                one
                for one in self._world.authors(key, account.at)
                if not (isinstance(one, Send) and one.number in mine) and one != "health"
            ]
            was, now = self._world.at(key, account.at), self._world.now(key)
            if not strangers and not truth.alike(was, now):
                self._wrong(f"operation {event.operation} rolled back, it says; {key} was {was}, and is {now}")

    def _locked(self) -> None:
        """Whatever is open has all of its locks; whatever is closed has none. What is shown is what is folded."""
        held: dict[str, set[str]] = defaultdict(set)
        for lock in self._store.locks():
            held[lock.operation].add(lock.resource)
        for key, account in self.accounts.items():
            wanted = set(account.operation.plan.locks) if account.operation.open else set()
            if held.pop(key, set()) != wanted:
                self._wrong(f"operation {key} ({account.operation.ending}) doesn't hold exactly {wanted}")
        if held:
            self._wrong(f"locks of nobody: {dict(held)}")

    # --- the end -----------------------------------------------------------------------------------------------------
    def close_books(self) -> None:
        """When everything has come to rest."""
        self.log.close_books()
        if faults := self._store.verify():
            self._wrong(f"the journal doesn't verify: {faults}")
        for key, account in self.accounts.items():
            operation = account.operation
            if operation.open:
                self._wrong(f"operation {key} never ended: {operation.ending} {operation.detail}")
        if waiting := [request.id for request in self._store.pending()]:
            self._wrong(f"requests without an answer: {waiting}")


def _resource(step: Step) -> str:
    """What nobody else may touch meanwhile: a site with its slots and their traffic, a router, one flag."""
    return f"{step.address.key}/{step.target.name}" if step.role == "flags" else step.address.key


def _brief(event: Event) -> Any:
    return {key: value for key, value in event.body.items() if key not in ("plan", "undoing", "identities")}
