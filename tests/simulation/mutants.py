"""Faults planted in the engine, to prove that the simulation finds them. Each is one mistake somebody could make."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tests.simulation import wire
from tests.simulation.planting import Patch, mutant, replaced

from quarterdeck.providers.base import ProviderError
from quarterdeck.release import splitting, weighting
from quarterdeck.release.operation import Operation, StepProgress
from quarterdeck.release.plan import Plan, Step
from quarterdeck.release.settlement import Settlement, settle_slots
from quarterdeck.release.weighting import Route
from quarterdeck.runner import engine
from quarterdeck.runner.engine import Engine
from quarterdeck.runner.executor import Executor
from quarterdeck.runner.guard import MARGIN, LeaseGuard
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.planner import Planner
from quarterdeck.runner.stepping import Outcome, Stepper
from quarterdeck.store.base import Draft, LeaseLost, StoreError
from quarterdeck.store.leases import Leases
from quarterdeck.store.sqlite import SqliteStore


@mutant
def skip_the_read_back() -> Sequence[Patch]:
    """What the provider says is done is taken as done."""
    settle = Stepper._settle

    async def believing(self: Stepper, step: Step, said: Any, seconds: float) -> Outcome:
        if said == "finished":
            return Outcome("done", "the provider says so", said)
        return await settle(self, step, said, seconds)

    return replaced(Stepper, "_settle", believing)


@mutant
def report_success_on_acknowledgement() -> Sequence[Patch]:
    """A swap that was accepted counts as swapped."""

    async def follow(self: Stepper, operation: Operation, step: Step, receipt: Any) -> Outcome:
        return Outcome("done", "accepted", "finished")

    return replaced(Stepper, "_follow", follow)


@mutant
def ignore_the_lease_in_the_process() -> Sequence[Patch]:
    """The guard lets everything pass; only the store still looks at the fence."""
    return replaced(LeaseGuard, "require", lambda self: None)


@mutant
def trust_one_clock_alone() -> Sequence[Patch]:
    """The guard asks the clock that stands still while the machine sleeps, and no other."""

    def held(self: LeaseGuard) -> bool:
        return self._lease is not None and self._clock.monotonic() < self._sure_until - self._ttl * MARGIN

    return replaced(LeaseGuard, "held", held)


@mutant
def ignore_the_fencing_token() -> Sequence[Patch]:
    """The store takes lines from whoever once had the lease."""
    return (*replaced(Leases, "require", lambda self, lease: None), *ignore_the_lease_in_the_process())


@mutant
def resend_a_swap_when_in_doubt() -> Sequence[Patch]:
    """Every verb is treated as repeatable: what got no answer and has no effect yet is sent once more."""

    async def doubt(self: Stepper, operation: Operation, step: Step, said: str) -> Outcome:
        await self._insist(operation, "step.in_doubt", step, {"detail": said})
        return await self.take(operation, step)

    return replaced(Stepper, "_doubt", doubt)


@mutant
def send_before_recording() -> Sequence[Patch]:
    """The intent is written down, but after the write has left."""
    send = Stepper._send

    async def late(self: Stepper, operation: Operation, step: Step) -> Outcome:
        outcome = await send(self, operation, step)
        with_intent(self, operation, step)
        return outcome

    def with_intent(self: Stepper, operation: Operation, step: Step) -> None:
        self._journal.write([self._journal.event(operation, "step.intended", {"step": step.id, "attempt": 1})])

    write = Stepper._write

    def silent(self: Stepper, operation: Operation, kind: Any, step: Step, body: Any) -> None:
        if kind != "step.intended":
            write(self, operation, kind, step, body)

    return (*replaced(Stepper, "_send", late), *replaced(Stepper, "_write", silent))


@mutant
def go_on_when_the_intent_cannot_be_written() -> Sequence[Patch]:
    """A full disk doesn't keep anything from being sent."""
    write = Stepper._write

    def careless(self: Stepper, operation: Operation, kind: Any, step: Step, body: Any) -> None:
        try:
            write(self, operation, kind, step, body)
        except LeaseLost:
            raise
        except StoreError:
            pass

    return replaced(Stepper, "_write", careless)


@mutant
def treat_doubt_as_failure() -> Sequence[Patch]:
    """A dropped line means that nothing happened."""

    async def doubt(self: Stepper, operation: Operation, step: Step, said: str) -> Outcome:
        return Outcome("not_done", said, "failed")

    return replaced(Stepper, "_doubt", doubt)


@mutant
def believe_the_first_reading() -> Sequence[Patch]:
    """ "Not done" is believed when read once."""
    settle = Stepper._settle

    async def hasty(self: Stepper, step: Step, said: Any, seconds: float) -> Outcome:
        with suppress(ProviderError):
            settlement = await self.look(step)
            if said == "nothing" and settlement.state in ("not_done", "unclear"):
                return Outcome("not_done", settlement.detail, said)
        return await settle(self, step, said, seconds)

    return replaced(Stepper, "_settle", hasty)


@mutant
def try_again_when_patience_is_over() -> Sequence[Patch]:
    """Nobody is asked whether to send again what is still in doubt."""
    resume = Stepper.resume

    async def stubborn(self: Stepper, operation: Operation, step: Step, *rest: Any) -> Outcome:
        outcome = await resume(self, operation, step, *rest)
        return await self.take(operation, step) if outcome.state == "in_doubt" else outcome

    return replaced(Stepper, "resume", stubborn)


@mutant
def take_silence_for_rest() -> Sequence[Patch]:
    """A provider that doesn't say whether it is at work is taken not to be."""

    def sure(*args: Any) -> Settlement:
        settlement = settle_slots(*args)
        return replace(settlement, state="not_done") if settlement.state == "unclear" else settlement

    return replaced(wire, "settle_slots", sure)


@mutant
def forget_to_lock() -> Sequence[Patch]:
    """Operations start without taking their locks."""
    return replaced(SqliteStore, "_lock", lambda self, locks: None)


@mutant
def forget_to_unlock() -> Sequence[Patch]:
    """An operation that ends keeps its locks."""
    insist = Journal.insist

    async def keeping(self: Journal, drafts: Sequence[Draft], *, unlock: str = "") -> None:
        await insist(self, drafts)

    return replaced(Journal, "insist", keeping)


@mutant
def unlock_while_an_operator_is_asked() -> Sequence[Patch]:
    """Whoever waits for an answer gives up its locks."""
    insist = Journal.insist

    async def generous(self: Journal, drafts: Sequence[Draft], *, unlock: str = "") -> None:
        ended = next((draft.operation for draft in drafts if draft.kind == "operation.ended"), "")
        await insist(self, drafts, unlock=unlock or ended)

    return replaced(Journal, "insist", generous)


@mutant
def adopt_by_sending_again() -> Sequence[Patch]:
    """What a dead runner left is begun anew instead of settled."""

    async def resume(self: Stepper, operation: Operation, step: Step, progress: StepProgress, sealed: str) -> Outcome:
        return await self.take(operation, step)

    return replaced(Stepper, "resume", resume)


@mutant
def adopt_twice() -> Sequence[Patch]:
    """Every orphan gets two tasks."""
    adopt = Engine.adopt

    def doubly(self: Engine) -> None:
        adopt(self)
        operations = self._operations
        for name in sorted(operations.running):
            operations._tasks._tasks[f"{name} again"] = asyncio.create_task(
                operations._carry_out(name, False), name=f"operation {name}"
            )

    return replaced(Engine, "adopt", doubly)


@mutant
def forget_orphans() -> Sequence[Patch]:
    """What a dead runner left is left."""
    return replaced(Engine, "adopt", lambda self: None)


@mutant
def write_a_shift_in_the_wrong_order() -> Sequence[Patch]:
    """What lowers and disables comes first."""
    ordered, unsafe = weighting.ordered_writes, Stepper._unsafe

    async def blind(self: Stepper, step: Step) -> str:
        """The look before each write would find it."""
        return "" if step.verb == "set_destination" else await unsafe(self, step)

    def reversed_(*args: Any, **options: Any) -> Route:
        route = ordered(*args, **options)
        return replace(route, writes=tuple(reversed(route.writes)))

    return (
        *replaced(splitting, "ordered_writes", reversed_),
        *replaced(Stepper, "_unsafe", blind),
    )


async def _never_unsafe(self: Stepper, step: Step) -> str:
    return ""


@mutant
def disable_the_last_destination() -> Sequence[Patch]:
    """Nobody asks what is left, neither in the plan nor before a write."""
    return (
        *replaced(splitting, "_unsafe", lambda where, destinations, then: None),
        *replaced(Stepper, "_unsafe", _never_unsafe),
    )


@mutant
def ignore_what_has_changed_before_sending() -> Sequence[Patch]:
    """The fingerprint of the plan isn't compared once more."""

    async def none(self: Stepper, step: Step) -> Outcome | None:
        with suppress(ProviderError):
            await self._readable(step)
        return None

    return replaced(Stepper, "_obstacle", none)


@mutant
def send_without_looking() -> Sequence[Patch]:
    async def none(self: Stepper, step: Step) -> Outcome | None:
        return None

    return replaced(Stepper, "_obstacle", none)


@mutant
def confirm_anything() -> Sequence[Patch]:
    """Digest, typed name and expiry aren't looked at."""
    return replaced(engine, "refuse_confirmation", lambda plan, digest, typed, now: None)


@mutant
def let_viewers_write_that_may_only_read() -> Sequence[Patch]:
    return replaced(engine, "refuse_writing", lambda read_only: None)


@mutant
def go_on_after_a_failed_step() -> Sequence[Patch]:
    """A step that didn't get done is skipped by itself."""
    stop = Executor._stop

    async def on(self: Executor, operation: Operation, step: Step, outcome: Outcome) -> None:
        if outcome.state == "changed_by_other" or len(operation.plan.steps) < 2:
            await stop(self, operation, step, outcome)
            return
        skipped = self._journal.event(operation, "step.skipped", {"step": step.id, "detail": outcome.detail})
        await self._journal.insist([skipped])
        await self.carry_out(operation.id)

    return replaced(Executor, "_stop", on)


@mutant
def call_half_done_failed() -> Sequence[Patch]:
    """An operation that stops in the middle says that nothing has changed."""
    return replaced(Executor, "_untouched", lambda self, operation, outcome: True)


@mutant
def wait_for_ever() -> Sequence[Patch]:
    """An operation that nobody can see through isn't brought to an end."""

    async def settle(self: Stepper, step: Step, said: Any, seconds: float) -> Outcome:
        while True:
            try:
                if (await self.look(step)).state == "done":
                    return Outcome("done", "", said)
            except ProviderError:
                pass
            await self._clock.sleep(60)

    return replaced(Stepper, "_settle", settle)


@mutant
def roll_back_in_words_only() -> Sequence[Patch]:
    """The choice to undo makes a plan without steps."""
    undo = Planner.undo

    async def empty(self: Planner, operation: Operation) -> Any:
        plan = await undo(self, operation)
        return replace(plan, steps=()) if isinstance(plan, Plan) else plan

    return replaced(Planner, "undo", empty)
