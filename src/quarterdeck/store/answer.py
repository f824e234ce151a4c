"""What the runner made of a request. Apart from the store, because plans of releases take time to load."""

from __future__ import annotations

from quarterdeck.records import dataclass
from quarterdeck.release.plan import Plan, Refusal
from quarterdeck.release.release_plan import ReleasePlan


@dataclass(frozen=True, slots=True)
class Answer:
    """What the runner made of a request; None fields don't apply.

    `plan` for a plan request, `operation` (an id) for a confirmation, `proposal` for a wish, `release` (an id) for a
    launch, an order or a decision, `refusal` when it is turned down, `said` for what else there is to say in one line.
    """

    request: str
    at: float
    plan: Plan | None = None
    operation: str = ""
    refusal: Refusal | None = None
    proposal: ReleasePlan | None = None
    release: str = ""
    said: str = ""
