"""What planning needs to know of a pipeline and of a run of it, read afresh."""

from __future__ import annotations

from quarterdeck.fleet.pipelines import PipelineRun
from quarterdeck.records import dataclass, field
from quarterdeck.release.plan import Facts, Risk
from quarterdeck.release.run_action import Decision, RunOrder


@dataclass(frozen=True, slots=True)
class Review:
    """A decision that somebody has made about a run. `wait` is the `PendingApproval.id` that it was about."""

    wait: str
    decision: Decision
    environment: str = ""
    by: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What a host can do about a run, where hosts differ.

    Attributes:
        orders: those that it has.
        instead: what does the same where it lacks one, in words.
        rejecting: what a no does to the run.
        ends_all: whether a no ends everything that the run is doing, and not just what waits.
        keeps_comments: whether what is said about a decision can be read there afterwards.
    """

    orders: tuple[RunOrder, ...] = ("cancel", "rerun", "rerun_failed")
    instead: str = ""
    rejecting: str = "rejected: it fails"
    ends_all: bool = False
    keeps_comments: bool = True


@dataclass(frozen=True, slots=True)
class StartLimits:
    """What can be said to a new run, where hosts differ.

    Attributes:
        refs: whether it can be told what to run on.
        inputs: the names that it takes; None if the host doesn't tell.
        marks: whether a pipeline can be declared with an input that carries a mark of ours.
    """

    refs: bool = True
    inputs: tuple[str, ...] | None = None
    marks: bool = True


@dataclass(frozen=True, slots=True)
class RunSurvey:
    """A run with all it waits for. `reviews` are all decisions so far, oldest first; `others` the newest runs of its
    pipeline, itself among them; `facts` what the provider needs in the step."""

    run: PipelineRun
    reviews: tuple[Review, ...] = ()
    others: tuple[PipelineRun, ...] = ()
    facts: Facts = field(default_factory=dict)
    limits: RunLimits = RunLimits()


@dataclass(frozen=True, slots=True)
class PipelineSurvey:
    """A pipeline that a run is to be started of.

    Attributes:
        ref: what it runs on if nothing else is named.
        newest: the id of its newest run ("" if there is none): runs after it are known by that.
        runs: its newest runs.
        correlation: the name of the input that carries a mark of ours, "" if it has none.
        facts: what the provider needs in the step.
        risks: what the provider has to say about it.
        limits: what the host can't be told.
    """

    ref: str
    newest: str = ""
    runs: tuple[PipelineRun, ...] = ()
    correlation: str = ""
    facts: Facts = field(default_factory=dict)
    risks: tuple[Risk, ...] = ()
    limits: StartLimits = StartLimits()
