"""What planning needs to know of a pipeline and of a run of it, read afresh."""

from __future__ import annotations

from quarterdeck.fleet.pipelines import PipelineRun
from quarterdeck.records import dataclass, field
from quarterdeck.release.plan import Facts, Risk
from quarterdeck.release.run_action import Decision


@dataclass(frozen=True, slots=True)
class Review:
    """A decision that somebody has made about a run. `wait` is the `PendingApproval.id` that it was about."""

    wait: str
    decision: Decision
    environment: str = ""
    by: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class RunSurvey:
    """A run with all it waits for. `reviews` are all decisions so far, oldest first; `others` the newest runs of its
    pipeline, itself among them; `facts` what the provider needs in the step."""

    run: PipelineRun
    reviews: tuple[Review, ...] = ()
    others: tuple[PipelineRun, ...] = ()
    facts: Facts = field(default_factory=dict)


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
    """

    ref: str
    newest: str = ""
    runs: tuple[PipelineRun, ...] = ()
    correlation: str = ""
    facts: Facts = field(default_factory=dict)
    risks: tuple[Risk, ...] = ()
