"""Faults planted in what carries releases: the decisions, the conductor, gates, approvals, guards, the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tests.simulation.planting import Patch, mutant, replaced

from quarterdeck.release import approving, conducting, hindrance, judging, orders, recovering, watching
from quarterdeck.release.clearance import Clearance, _Lookout
from quarterdeck.release.composing import _Composer
from quarterdeck.release.gate import Evidence, GateSpec, Judgement, Measurement
from quarterdeck.release.moves import Done, Finish, Move, Outside, Recover, Start, Undone
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Refusal
from quarterdeck.release.release_plan import Ask, ReleasePlan, ReleaseStep, Run, Write
from quarterdeck.release.rollout import Order, Release
from quarterdeck.runner import releasing, sampling
from quarterdeck.runner.conductor import Conductor
from quarterdeck.runner.conductors import Conductors
from quarterdeck.runner.engine import Engine
from quarterdeck.runner.outlook import Outlook
from quarterdeck.runner.releasing import Releases
from quarterdeck.store.base import Draft, Request


# --- steps ------------------------------------------------------------------------------------------------------------
@mutant
def start_the_next_step_without_waiting() -> Sequence[Patch]:
    """A write counts as done as soon as its operation has begun."""
    under_way = conducting._under_way

    def hasty(release: Release, step: ReleaseStep, now: float, outside: Outside) -> Move:
        if isinstance(step.work, Write):
            return Done(step.id, "begun")
        return under_way(release, step, now, outside)

    return replaced(conducting, "_under_way", hasty)


@mutant
def believe_that_an_operation_has_succeeded() -> Sequence[Patch]:
    """How it ended isn't looked at."""
    return replaced(conducting, "_operation_ended", lambda step, operation: Done(step.id, "over"))


@mutant
def forget_that_a_step_was_done() -> Sequence[Patch]:
    """What has succeeded is begun again, as after the loss of a line."""

    def again(step: ReleaseStep, operation: Operation) -> Move:
        return Start(step)

    return replaced(conducting, "_operation_ended", again)


@mutant
def begin_again_what_was_left_half_done() -> Sequence[Patch]:
    """Nobody looks what became of an earlier attempt."""
    return replaced(conducting, "_before_writing", lambda release, step, work, outside: None)


@mutant
def ignore_a_pause() -> Sequence[Patch]:
    following = conducting._next

    def on(release: Release, step: ReleaseStep, now: float, outside: Outside) -> Move:
        return following(replace(release, paused=None), step, now, outside)

    return replaced(conducting, "_next", on)


@mutant
def go_on_with_what_was_decided_before() -> Sequence[Patch]:
    """Whoever has planned doesn't look whether the release was aborted or paused meanwhile."""
    return (*replaced(Conductor, "_changed", lambda self, release: False), *_unready(lambda self, release, work: True))


@mutant
def look_at_what_stands_guard_only_before_planning() -> Sequence[Patch]:
    """A freeze, a stopped line or an exposure that comes while a step is planned isn't seen."""
    return _unready(lambda self, release, work: self._is_still(release))


def _unready(ready: Callable[[Any, Release, Write], bool]) -> Sequence[Patch]:
    return replaced(Conductor, "_ready", ready)


@mutant
def run_an_interrupted_program_again() -> Sequence[Patch]:
    under_way = conducting._under_way

    def stubborn(release: Release, step: ReleaseStep, now: float, outside: Outside) -> Move:
        if isinstance(step.work, Run) and step.id not in outside.programs:
            return Start(step)
        return under_way(release, step, now, outside)

    return replaced(conducting, "_under_way", stubborn)


@mutant
def leave_the_releases_of_a_dead_runner() -> Sequence[Patch]:
    """Only its operations are taken over."""
    adopt = Engine.adopt

    def partly(self: Engine) -> None:
        with_nobody = replaced(Conductors, "see_to", lambda self, release_id: None)
        with with_nobody[0]:
            adopt(self)

    return replaced(Engine, "adopt", partly)


@mutant
def lose_the_timer_of_a_dead_runner() -> Sequence[Patch]:
    """What waits to be confirmed is taken over by nobody."""
    see_to, adopt = Conductors.see_to, Engine.adopt

    def forgetful(self: Conductors, release_id: str) -> None:
        release = self._store.release(release_id)
        if release is None or release.confirm_by is None:
            see_to(self, release_id)

    def partly(self: Engine) -> None:
        with replaced(Conductors, "see_to", forgetful)[0]:
            adopt(self)

    return replaced(Engine, "adopt", partly)


@mutant
def start_a_release_again_for_a_second_yes() -> Sequence[Patch]:
    record = Releases._record

    def doubly(self: Releases, request: Request, plan: ReleasePlan, drafts: Sequence[Draft]) -> None:
        record(self, request, plan, drafts or self._beginning(request, plan, {}))

    return replaced(Releases, "_record", doubly)


# --- gates and people -------------------------------------------------------------------------------------------------
@mutant
def ignore_a_failed_sample() -> Sequence[Patch]:
    judged = watching.judged

    def kind(*args: Any) -> Judgement:
        found = judged(*args)
        return replace(found, state="passed") if found.state == "failed" else found

    return replaced(conducting, "judged", kind)


@mutant
def count_no_data_as_a_pass() -> Sequence[Patch]:
    measured = judging.measured

    def hopeful(gate: GateSpec, evidence: Evidence | None, now: float, trouble: str = "") -> Measurement:
        found = measured(gate, evidence, now, trouble)
        return replace(found, verdict="pass") if found.verdict == "no_data" else found

    return replaced(sampling, "measured", hopeful)


@mutant
def take_an_old_value_for_a_new_one() -> Sequence[Patch]:
    measured = judging.measured

    def ageless(gate: GateSpec, evidence: Evidence | None, now: float, trouble: str = "") -> Measurement:
        return measured(gate, evidence and replace(evidence, at=None), now, trouble)

    return replaced(sampling, "measured", ageless)


@mutant
def ignore_the_background() -> Sequence[Patch]:
    return replaced(conducting, "alarm", lambda *about: watching.QUIET)


@mutant
def count_one_approver_twice() -> Sequence[Patch]:
    """Who sits at two machines is two people."""
    return replaced(approving, "person", lambda who: who)


@mutant
def count_the_approval_of_whoever_started_it() -> Sequence[Patch]:
    return replaced(approving, "_counts", lambda rule, who, starter, groups_of: True)


@mutant
def let_a_full_promotion_pass_approvals() -> Sequence[Patch]:
    asking = conducting._asking

    def generous(release: Release, step: ReleaseStep, *rest: Any) -> Move:
        return Done(step.id, "promoted fully", skipped=True) if release.full else asking(release, step, *rest)

    return replaced(conducting, "_asking", generous)


@mutant
def let_anybody_promote_past_an_approval() -> Sequence[Patch]:
    refuse = orders.refuse_order

    def lax(release: Release, order: Order, step: str, now: float) -> Refusal | None:
        at = release.current
        if order == "promote" and at is not None and isinstance(at.work, Ask) and not release.recovery:
            return None
        return refuse(release, order, step, now)

    return replaced(releasing, "refuse_order", lax)


@mutant
def keep_what_nobody_has_confirmed() -> Sequence[Patch]:
    through = conducting._all_through

    def kept(release: Release, now: float) -> Move:
        if release.confirm_by is not None and now >= release.confirm_by:
            return Finish("succeeded", "nobody objected")
        return through(release, now)

    return replaced(conducting, "_all_through", kept)


# --- guards -----------------------------------------------------------------------------------------------------------
@mutant
def forget_claims_at_launch() -> Sequence[Patch]:
    """Two releases may have the same target."""
    return (
        *replaced(_Lookout, "_claims", lambda self: iter(())),
        *replaced(_Composer, "_giving_way", lambda self, targets: ()),
    )


@mutant
def ignore_a_freeze_before_a_step() -> Sequence[Patch]:
    return replaced(Outlook, "_hindrance", lambda self, release, now: ("", None))


@mutant
def ignore_the_exposure_budget() -> Sequence[Patch]:
    return replaced(hindrance, "_over_budget", lambda release, step, releases, rules: "")


@mutant
def let_every_action_begin() -> Sequence[Patch]:
    """What stands guard isn't asked about actions by hand."""
    return replaced(Engine, "_clearance", lambda self, plan, actor, override: Clearance())


@mutant
def ignore_the_conn() -> Sequence[Patch]:
    return replaced(_Lookout, "_conns", lambda self: iter(()))


# --- the way back -----------------------------------------------------------------------------------------------------
def _other_recovery(change: Callable[[Recover], Recover]) -> Sequence[Patch]:
    recovery_of = recovering.recovery_of

    def other(*args: Any) -> Recover:
        return change(recovery_of(*args))

    return (*replaced(conducting, "recovery_of", other), *replaced(releasing, "recovery_of", other))


@mutant
def take_back_in_the_wrong_order() -> Sequence[Patch]:
    return _other_recovery(lambda recover: replace(recover, steps=recover.steps[::-1]))


@mutant
def take_back_only_the_last_step() -> Sequence[Patch]:
    return _other_recovery(lambda recover: replace(recover, steps=recover.steps[:1]))


@mutant
def ignore_an_abort_when_promoted_fully() -> Sequence[Patch]:
    ordered = Releases._ordered

    def deaf(self: Releases, release: Release, order: Order, *rest: Any) -> list[Draft]:
        drafts = ordered(self, release, order, *rest)
        return drafts[:1] if order == "abort" and release.full else drafts

    return replaced(Releases, "_ordered", deaf)


@mutant
def tell_the_end_before_the_undo_is_read_back() -> Sequence[Patch]:
    back = recovering._write_back

    def hasty(release: Release, step: ReleaseStep, work: Write, outside: Outside) -> Move | None:
        if release.standing(step.id).state == "undoing":
            return Undone(step.id, "taken back")
        return back(release, step, work, outside)

    return replaced(recovering, "_write_back", hasty)


@mutant
def call_what_was_changed_failed() -> Sequence[Patch]:
    """A release that fails says that nothing was changed, and takes nothing back."""
    return replaced(conducting, "_go_back", lambda release, why: Finish("failed", f"{why}; nothing was changed"))
