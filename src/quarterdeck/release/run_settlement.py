"""Whether a step about a pipeline's run has happened, by what is read; the facts of these verbs:

===========  =====================================================  =========================================
verb         change                                                 before, after
===========  =====================================================  =========================================
decide_run   run, attempt, wait (`PendingApproval.id`),             before: reviews (how many decisions there
             environment, decision, comment                         were about this wait); after: decision
start_run    ref, inputs, mark (what `correlation` carries, "")     before: newest (id of a run); after: {}
cancel_run   run, attempt                                           before: attempt; after: state
rerun_run    run, attempt, failed_only                              before: attempt; after: attempt
===========  =====================================================  =========================================

Hosts keep no idempotency key for any of these, so each is known by what only it can have changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.pipelines import PipelineRun
from quarterdeck.fleet.text import clean
from quarterdeck.release.plan import Step
from quarterdeck.release.run_survey import Review
from quarterdeck.release.settlement import Settlement

_PAST = {"approve": "approved", "reject": "rejected"}


def settle_decision(step: Step, run: PipelineRun, reviews: Sequence[Review]) -> Settlement:
    """Settle decide_run. A decision counts whoever made it: what was wanted is so, and who did it is told."""
    wait, wanted = str(step.change["wait"]), str(step.change["decision"])
    about = [review for review in reviews if review.wait == wait]
    new = about[int(step.before["reviews"]) :]
    evidence = {"reviews": len(about), "state": run.state}
    if new:
        last = new[-1]
        said = f"{_PAST[last.decision]} by {clean(last.by, 60) or 'somebody'}"
        said += f": {clean(last.comment, 120)}" if last.comment else ""
        if last.decision == wanted:
            return Settlement("done", said, evidence)
        return Settlement("changed_by_other", said, evidence)
    if run.attempt != int(step.change["attempt"]):
        return Settlement("changed_by_other", f"the run was started again: attempt {run.attempt}", evidence)
    if any(one.id == wait for one in run.waits):
        return Settlement("not_done", "it still waits for the decision", evidence)
    return Settlement("changed_by_other", f"it waits no more, and nobody decided: {_standing(run)}", evidence)


def settle_start(step: Step, runs: Sequence[PipelineRun], me: str) -> Settlement:
    """Settle start_run.

    With a mark, the run that shows it is ours. Without, a run is taken for ours that is newer than the newest one that
    was known, by the same account, on the same ref: starting another would be worse than crediting ourselves with a
    colleague's.

    Args:
        runs: those that were started by hand or by an interface, newest first.
        me: the account of our credential ("" if it has none that runs are attributed to).
    """
    mark, ref, newest = str(step.change["mark"]), str(step.change["ref"]), str(step.before["newest"])
    later = [run for run in runs if _after(run.id, newest)]
    if mark:
        ours = [run for run in later if mark in run.title]
        sure = ""
    else:
        ours = [run for run in later if run.ref in ("", _short(ref)) and (not me or run.actor == me)]
        sure = "; it is taken for ours, because nothing tells runs apart that one account starts"
    if ours:
        run = ours[-1]
        return Settlement("done", f"run {run.number or run.id}: {_standing(run)}{sure}", {"run": run.id})
    return Settlement("unclear", "no such run is there yet", {"newest": newest})


def settle_cancel(step: Step, run: PipelineRun) -> Settlement:
    """Settle cancel_run."""
    evidence = {"state": run.state, "attempt": run.attempt}
    if run.attempt != int(step.before["attempt"]):
        return Settlement("changed_by_other", f"the run was started again: attempt {run.attempt}", evidence)
    if run.state == "cancelled":
        return Settlement("done", "the run is cancelled", evidence)
    if run.open:
        return Settlement("not_done", _standing(run), evidence)
    return Settlement("changed_by_other", f"it had ended before: {_standing(run)}", evidence)


def settle_rerun(step: Step, run: PipelineRun) -> Settlement:
    """Settle rerun_run."""
    before, evidence = int(step.before["attempt"]), {"state": run.state, "attempt": run.attempt}
    if run.attempt == before + 1:
        return Settlement("done", f"attempt {run.attempt}: {_standing(run)}", evidence)
    if run.attempt > before:
        return Settlement("changed_by_other", f"it is at attempt {run.attempt} already", evidence)
    return Settlement("unclear", f"still attempt {before}: {_standing(run)}", evidence)


def _standing(run: PipelineRun) -> str:
    if run.open:
        return f"the run is {run.state}"
    return f"the run was {run.state}" if run.state in ("cancelled", "skipped") else f"the run {run.state}"


def _after(run: str, newest: str) -> bool:
    """Whether a run is newer. Hosts count ids upwards; where they are no numbers, any other one may be."""
    if run.isdecimal() and newest.isdecimal():
        return int(run) > int(newest)
    return run != newest


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
