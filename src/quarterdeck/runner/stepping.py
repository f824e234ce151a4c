"""Takes one step: reads, writes down what is intended, sends once, follows, and believes only what it reads back.

What is sent and not known to have failed is never sent again, with one exception: a step that is `repeatable` and
that, by reading, has had no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from quarterdeck.clock import Clock
from quarterdeck.providers import errand
from quarterdeck.providers.base import Capability, InDoubt, Progress, ProviderError, Receipt, Refused, TrafficRouter
from quarterdeck.release.operation import EventKind, Operation, StepProgress
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement
from quarterdeck.release.splitting import would_be_unsafe
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.patience import Patience, back_off
from quarterdeck.runner.ports import Connections, Guard, Seal
from quarterdeck.store.base import LeaseLost, StoreError

LONGEST_LOOK = 60.0
"""Seconds between looks at a system that doesn't answer."""


Said = Literal["unasked", "nothing", "finished", "failed"]
"""What the provider said about a write: it never got one, it didn't answer, it is done, it failed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step, and what the provider itself said about it.

    Unless it was `unasked`, a write of this step may have reached the provider, and `changed_by_other` may be our own
    doing.
    """

    state: Literal["done", "not_done", "in_doubt", "changed_by_other"]
    detail: str
    said: Said


class Stepper:
    """Performs and settles steps of operations. Raises LeaseLost as soon as this process may not write any more."""

    def __init__(
        self, connections: Connections, journal: Journal, guard: Guard, seal: Seal, clock: Clock, patience: Patience
    ) -> None:
        self._connections = connections
        self._journal = journal
        self._guard = guard
        self._seal = seal
        self._clock = clock
        self._patience = patience

    async def take(self, operation: Operation, step: Step) -> Outcome:
        """Perform a step that was never sent, or that is known to have had no effect."""
        answer = ""
        for attempt in range(1, self._patience.sends + 1):
            if obstacle := await self._obstacle(step):
                return obstacle if attempt == 1 else _sent_before(obstacle)
            try:
                self._write(operation, "step.intended", step, {"attempt": attempt})
            except LeaseLost:
                raise
            except StoreError as error:
                return Outcome("not_done", f"nothing was sent: the journal can't be written: {error}", "unasked")
            outcome = await self._send(operation, step)
            if not (step.repeatable and outcome.state == "not_done" and outcome.said == "nothing"):
                return outcome
            answer = outcome.detail.removeprefix(_IN_VAIN)
        return Outcome("not_done", f"sent {self._patience.sends} times, without effect{answer}", "nothing")

    async def resume(self, operation: Operation, step: Step, progress: StepProgress, sealed: str) -> Outcome:
        """Settle a step that another process, or this one before an operator was asked, has (perhaps) sent.

        `sealed` is what `step.accepted` stored for polling, "" if nothing.
        """
        try:
            token = self._seal.unseal(sealed) if sealed else ""
        except ValueError:
            token = ""
        if token:
            return await self._follow(operation, step, Receipt(progress.reference, token))
        outcome = await self._settle(step, "nothing", self._patience.for_verb(step.verb))
        if step.repeatable and outcome.state == "not_done":
            return _sent_before(await self.take(operation, step))
        return outcome

    async def retry(self, operation: Operation, step: Step) -> Outcome:
        """Send again what is still in doubt after all patience, because an operator says so. Reads first."""
        with suppress(ProviderError):
            if (await self._readable(step)).state == "running":
                return await self._settle(step, "nothing", self._patience.for_verb(step.verb))
        outcome = await self.take(operation, step)
        # Nothing was sent this time; what was sent before is as doubtful as it was.
        return replace(outcome, state="in_doubt") if _still_open(outcome) else outcome

    async def look(self, step: Step) -> Settlement:
        """Read once. Raises ProviderError."""
        self._guard.require()
        return await self._capability(step).settle(step)

    async def _obstacle(self, step: Step) -> Outcome | None:
        """Why the step must not, or need not, be sent now."""
        try:
            settlement = await self._readable(step)
            unsafe = await self._unsafe(step)
        except ProviderError as error:
            return Outcome("not_done", f"nothing was sent: {error}", "unasked")
        match settlement.state:
            case "done":
                return Outcome("done", f"nothing to do: {settlement.detail}", "unasked")
            case "running":
                return Outcome("not_done", f"nothing was sent: {settlement.detail}", "unasked")
            case "changed_by_other":
                return Outcome("changed_by_other", f"nothing was sent: {settlement.detail}", "unasked")
        return Outcome("not_done", f"nothing was sent: {unsafe}", "unasked") if unsafe else None

    async def _unsafe(self, step: Step) -> str:
        """Health may have changed since the plan: whether this write would switch off the last healthy destination."""
        router = self._capability(step)
        if step.verb not in ("set_destination", "set_shares") or not isinstance(router, TrafficRouter):
            return ""
        return would_be_unsafe(step, (await router.survey_traffic(step.address)).reading)

    async def _readable(self, step: Step) -> Settlement:
        until = self._clock.monotonic() + self._patience.unreadable
        for pause in back_off(LONGEST_LOOK):
            try:
                return await self.look(step)
            except ProviderError:
                if self._clock.monotonic() + pause > until:
                    raise
            await self._clock.sleep(pause)
        raise AssertionError("unreachable")

    async def _send(self, operation: Operation, step: Step) -> Outcome:
        self._guard.require()
        try:
            with errand.on(errand.Errand(operation.actor, operation.reason, operation.id)):
                receipt = await self._capability(step).send(step)
        except Refused as error:
            return await self._refused(step, str(error))
        except InDoubt as error:
            return await self._doubt(operation, step, str(error))
        except Exception as error:
            # Whatever else a provider may raise, the write may have left before.
            return await self._doubt(operation, step, f"unexpected {type(error).__name__} while sending")
        accepted = {"reference": receipt.reference, "token": self._seal.seal(receipt.token) if receipt.token else ""}
        await self._insist(operation, "step.accepted", step, accepted)
        if not receipt.token:
            return await self._settle(step, "finished", self._patience.verify)
        return await self._follow(operation, step, receipt)

    async def _refused(self, step: Step, said: str) -> Outcome:
        """A refusal is final, but of a repeated write: the first may have had its effect."""
        try:
            settlement = await self.look(step)
        except ProviderError:
            return Outcome("not_done", said, "failed")
        if settlement.state == "done":
            return Outcome("done", f"{settlement.detail} (the provider refused to do it again: {said})", "failed")
        return Outcome("not_done", said, "failed")

    async def _doubt(self, operation: Operation, step: Step, said: str) -> Outcome:
        await self._insist(operation, "step.in_doubt", step, {"detail": said})
        outcome = await self._settle(step, "nothing", self._patience.for_verb(step.verb))
        return replace(outcome, detail=f"{outcome.detail}: {said}") if outcome.state == "not_done" else outcome

    async def _follow(self, operation: Operation, step: Step, receipt: Receipt) -> Outcome:
        """Look at a write under way until it ends. A look that fails says nothing about the write."""
        until = self._clock.monotonic() + self._patience.for_verb(step.verb)
        pauses = back_off(LONGEST_LOOK)
        told, said = "", _NOTHING
        while self._clock.monotonic() < until:
            self._guard.require()
            try:
                progress = await self._capability(step).poll(step, receipt)
            except Exception as error:
                if await self._is_done(step):
                    break
                progress = Progress("running", f"can't look: {_reason(error)}", next(pauses))
            else:
                pauses = back_off(LONGEST_LOOK)
            if progress.state == "failed":
                outcome = await self._settle(step, "failed", self._patience.verify)
                return Outcome(outcome.state, _both(progress.detail, outcome), "failed")
            if progress.state == "finished":
                said = "finished"
                break
            if progress.detail and progress.detail != told:
                told = progress.detail
                await self._insist(operation, "step.progress", step, {"detail": told})
            await self._clock.sleep(progress.wait)
        return await self._settle(step, said, self._patience.verify)

    async def _is_done(self, step: Step) -> bool:
        try:
            return (await self.look(step)).state == "done"
        except ProviderError:
            return False

    async def _settle(self, step: Step, said: Said, seconds: float) -> Outcome:
        """Read until it is certain what became of a step that was sent, for so many seconds.

        A reading of two places isn't atomic, and a write that got no answer may still arrive: so `not_done` and
        `changed_by_other` are believed only when read twice in a row.
        """
        until = self._clock.monotonic() + seconds
        pauses = back_off(LONGEST_LOOK)
        state = before = last = ""
        while True:
            try:
                settlement = await self.look(step)
                state, last = settlement.state, settlement.detail
            except ProviderError as error:
                state, last = "unreadable", f"can't be read: {error}"
            if state == "done":
                return Outcome("done", last, said)
            if state == before == "changed_by_other":
                return Outcome("changed_by_other", last, said)
            if state == before and state in _without_effect(step, said):
                return Outcome("not_done", _IN_VAIN, said)
            before = state
            left = until - self._clock.monotonic()
            if left <= 0:
                return Outcome("in_doubt", _undecided(said, last, seconds), said)
            await self._clock.sleep(min(next(pauses), left))

    def _write(self, operation: Operation, kind: EventKind, step: Step, body: Mapping[str, Any]) -> None:
        self._journal.write([self._journal.event(operation, kind, {"step": step.id, **body})])

    async def _insist(self, operation: Operation, kind: EventKind, step: Step, body: Mapping[str, Any]) -> None:
        await self._journal.insist([self._journal.event(operation, kind, {"step": step.id, **body})])

    def _capability(self, step: Step) -> Capability:
        return self._connections.capability(step.address.connection, step.role)


_NOTHING: Said = "nothing"
_IN_VAIN = "sent, without effect"


def _without_effect(step: Step, said: Said) -> frozenset[str]:
    """The readings that mean "no effect". None does where the provider says that it is done.

    That it might still be at work matters only where sending again would do harm.
    """
    if said == "finished":
        return frozenset()
    if said == "failed" or step.repeatable:
        return frozenset({"not_done", "unclear"})
    return frozenset({"not_done"})


def _still_open(outcome: Outcome) -> bool:
    return outcome.state == "not_done" and outcome.said == "unasked"


def _sent_before(outcome: Outcome) -> Outcome:
    """Nothing was sent this time, but something was before."""
    return replace(outcome, said="nothing") if outcome.said == "unasked" else outcome


def _undecided(said: Said, last: str, seconds: float) -> str:
    heard: dict[Said, str] = {
        "nothing": "the provider didn't say how it ended",
        "finished": "the provider says it is done",
        "failed": "the provider says it failed",
    }
    return f"{heard[said]}, but after {seconds:.0f} s of reading it isn't certain: {last}"


def _both(said: str, outcome: Outcome) -> str:
    return f"{said or 'the provider says it failed'} ({outcome.detail})"


def _reason(error: Exception) -> str:
    """Only a provider's own errors are made for people, and free of secrets."""
    return str(error) if isinstance(error, ProviderError) else type(error).__name__
